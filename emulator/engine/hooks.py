"""Resource hooks and error hooks: called through the callback server that the SDK runs beside the program.

Source: observed in ``pkg/resource/deploy/resource_hooks.go``, ``retries.go`` and ``deployment.go`` of pulumi/pulumi
3.260.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import grpc
from google.protobuf import struct_pb2
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc, resource_pb2

from emulator.engine.providers.base import ProviderError
from emulator.engine.state import ResourceState
from emulator.engine.values import Props, to_struct

MAX_ATTEMPTS = 100
"""How often an operation is tried in all when an error hook keeps asking for it."""

HOOK_FIELDS = {
    "before_create": "BeforeCreate",
    "after_create": "AfterCreate",
    "before_update": "BeforeUpdate",
    "after_update": "AfterUpdate",
    "before_delete": "BeforeDelete",
    "after_delete": "AfterDelete",
    "on_error": "OnError",
}
"""Fields of a registration → the names under which the state keeps them."""

_T = TypeVar("_T")


class Hooks:
    """The hooks that the running program has registered; a preview runs only those that ask for it."""

    def __init__(self, *, dry_run: bool, report: Callable[[str, str], None]) -> None:
        self._dry_run = dry_run
        self._report = report
        self._resource_hooks: dict[str, Any] = {}
        self._error_hooks: dict[str, Any] = {}
        self._channels: dict[str, grpc.Channel] = {}
        self._lock = threading.Lock()
        self._is_closed = False

    def register_resource_hook(self, request: Any) -> None:
        """Remember a hook; raises ValueError for a name that is taken."""
        self._register(self._resource_hooks, request)

    def register_error_hook(self, request: Any) -> None:
        """Remember an error hook; raises ValueError for a name that is taken."""
        self._register(self._error_hooks, request)

    def _register(self, hooks: dict[str, Any], request: Any) -> None:
        with self._lock:
            if not request.name:
                raise ValueError("resource hook name cannot be empty")
            if request.name in self._resource_hooks or request.name in self._error_hooks:
                raise ValueError(f'resource hook already registered for name "{request.name}"')
            hooks[request.name] = request

    def close(self) -> None:
        """Disconnect from the callback servers, also in the middle of a call; a hook that is still to run fails."""
        with self._lock:
            self._is_closed = True
            channels = list(self._channels.values())
        for channel in channels:
            channel.close()

    def _invoke(self, callback: Any, request: Any) -> bytes:
        with self._lock:
            if self._is_closed:
                raise ProviderError("the operation was interrupted, and its hooks cannot be run any more")
            channel = self._channels.get(callback.target)
            if channel is None:
                channel = grpc.insecure_channel(callback.target, options=[("grpc.enable_http_proxy", 0)])
                self._channels[callback.target] = channel
        stub = callback_pb2_grpc.CallbacksStub(channel)
        answer = stub.Invoke(
            callback_pb2.CallbackInvokeRequest(token=callback.token, request=request.SerializeToString())
        )
        return bytes(answer.response)

    def run(self, kind: str, names: Sequence[str], new: ResourceState | None, old: ResourceState | None) -> None:
        """Run the hooks of one kind (``BeforeCreate``, …) in order; raises ProviderError if one fails."""
        subject = new if new is not None else old
        assert subject is not None
        for name in names:
            hook = self._resource_hooks.get(name)
            if hook is None:
                raise ProviderError(f'hook "{name}" was not registered')
            if self._dry_run and not hook.on_dry_run:
                continue
            is_after = kind.startswith("After")
            request = resource_pb2.ResourceHookRequest(
                urn=subject.urn,
                id=subject.id,
                name=subject.name,
                type=subject.type,
                new_inputs=_struct(new.inputs if new is not None else None),
                old_inputs=_struct(old.inputs if old is not None else None),
                new_outputs=_struct(new.outputs if new is not None and is_after else None),
                old_outputs=_struct(old.outputs if old is not None else None),
            )
            error = self._outcome(hook, request)
            if not error:
                continue
            if hook.ignore_errors:
                self._report("warning", f'{kind} hook "{name}" failed: {error}')
                continue
            raise ProviderError(f'{"after" if is_after else "before"} hook "{name}" failed: {error}')

    def _outcome(self, hook: Any, request: Any) -> str:
        try:
            answer = resource_pb2.ResourceHookResponse.FromString(self._invoke(hook.callback, request))
        except grpc.RpcError as error:
            return error.details() if isinstance(error, grpc.Call) else str(error)
        return str(answer.error)

    def attempt(
        self,
        operation: str,
        names: Sequence[str],
        new: ResourceState | None,
        old: ResourceState | None,
        call: Callable[[], _T],
    ) -> _T:
        """Call, and call again as long as a hook answers a failure with True, at most :data:`MAX_ATTEMPTS` times in
        all.

        ``operation``: ``create``, ``update`` or ``delete``. The last error is raised as it is. A hook that fails, or
        that nobody registered (``destroy`` does not run the program), hides it in the first two.
        """
        failures: list[str] = []
        while True:
            try:
                return call()
            except ProviderError as error:
                failures.insert(0, str(error))
                if not names:
                    raise
                if len(failures) >= MAX_ATTEMPTS:
                    self._report("warning", f"maximum number of error hook retries ({MAX_ATTEMPTS}) reached")
                    raise ProviderError("maximum number of error hook retries reached") from None
                try:
                    is_wanted = self._asks_for_retry(operation, names, new, old, failures)
                except ProviderError:
                    if operation == "delete":
                        raise error from None  # Pulumi then reports the provider's own error (its ``DeleteStep``)
                    raise
                if not is_wanted:
                    raise
                self._report(
                    "warning", f"retrying {operation} due to on-error hook request ({len(failures)}/{MAX_ATTEMPTS})"
                )

    def _asks_for_retry(
        self,
        operation: str,
        names: Sequence[str],
        new: ResourceState | None,
        old: ResourceState | None,
        failures: Sequence[str],
    ) -> bool:
        subject = new if new is not None else old
        assert subject is not None
        asked = False
        for name in names:
            hook = self._error_hooks.get(name)
            if hook is None:
                raise ProviderError(f'error hooks execution failed: error hook "{name}" was not registered')
            request = resource_pb2.ErrorHookRequest(
                urn=subject.urn,
                id=subject.id,
                name=subject.name,
                type=subject.type,
                new_inputs=_struct(new.inputs if new is not None else None),
                old_inputs=_struct(old.inputs if old is not None else None),
                old_outputs=_struct(old.outputs if old is not None else None),
                failed_operation=operation,
                errors=failures,
            )
            try:
                answer = resource_pb2.ErrorHookResponse.FromString(self._invoke(hook.callback, request))
            except grpc.RpcError as error:
                details = error.details() if isinstance(error, grpc.Call) else str(error)
                raise ProviderError(f'error hooks execution failed: error hook "{name}" failed: {details}') from None
            if answer.error:
                raise ProviderError(f'error hooks execution failed: error hook "{name}" failed: {answer.error}')
            asked = asked or bool(answer.retry)
        return asked


def _struct(props: Props | None) -> struct_pb2.Struct | None:
    return None if props is None else to_struct(props)
