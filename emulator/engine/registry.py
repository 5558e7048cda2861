"""Starts providers when they are first needed and speaks to them as Pulumi's plugin layer does.

Secrets are taken off what a provider that does not know them receives, and put back on what it returns under the same
name. Source: observed in ``pkg/resource/plugin/provider_plugin.go`` of pulumi/pulumi 3.260.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from emulator.engine.paths import parse_path, reset
from emulator.engine.providers.base import (
    CheckResult,
    DiffResult,
    PartialFailureError,
    Provider,
    ProviderError,
    ProviderFactory,
    ReadResult,
    Surroundings,
    Target,
)
from emulator.engine.values import (
    Props,
    Secret,
    UnmodelledValueError,
    changed_keys,
    contains_secret,
    copy,
    unwrap,
)

OnBoundary = Callable[[str], None]
_T = TypeVar("_T")


class ProviderClient:
    """One provider, called the way the engine calls a plugin."""

    def __init__(self, provider: Provider, on_boundary: OnBoundary | None) -> None:
        self._provider = provider
        self._on_boundary = on_boundary

    def _call(self, name: str, target: Target, call: Callable[[], _T]) -> _T:
        boundary = self._on_boundary
        try:
            if boundary is None:
                return call()
            boundary(f"before:{name} {target.type} {target.name}")
            answer = call()
            boundary(f"after:{name} {target.type} {target.name}")
            return answer
        except UnmodelledValueError as error:
            raise ProviderError(str(error)) from None

    def _sent(self, props: Props) -> Props:
        if self._provider.accepts_secrets:
            return props
        sent: Props = unwrap(props)
        return sent

    def _received(self, outputs: Props, inputs: Props) -> Props:
        return outputs if self._provider.accepts_secrets else mark_like(outputs, inputs)

    def check(self, urn: str, old_inputs: Props, new_inputs: Props) -> CheckResult:
        """Checked inputs; secret where the program's were."""
        target = Target(urn)
        result = self._call(
            "check", target, lambda: self._provider.check(target, self._sent(old_inputs), self._sent(new_inputs))
        )
        return CheckResult(self._received(result.inputs, new_inputs), result.failures)

    def diff(
        self,
        urn: str,
        resource_id: str,
        old_inputs: Props,
        old_outputs: Props,
        new_inputs: Props,
        ignore_changes: list[str],
    ) -> DiffResult:
        """What changed; where the provider cannot tell, the inputs are compared."""
        target = Target(urn)
        sent = (self._sent(old_inputs), self._sent(old_outputs), self._sent(new_inputs))
        diff = self._call("diff", target, lambda: self._provider.diff(target, resource_id, *sent))
        if diff.changes is not None:
            return diff
        keys = changed_keys(old_inputs, without_ignored(new_inputs, old_inputs, ignore_changes))
        return DiffResult(bool(keys), diff.replaces, keys, diff.delete_before_replace)

    def create(self, urn: str, inputs: Props, *, preview: bool) -> tuple[str, Props]:
        """The new resource's id and outputs."""
        target = Target(urn)
        if preview and not self._provider.supports_preview:
            return "", dict(inputs)
        resource_id, outputs = self._guarded(
            "create", target, inputs, lambda: self._provider.create(target, self._sent(inputs), preview=preview)
        )
        if not resource_id and not preview:
            raise ProviderError("provider did not return an ID from Create")
        return resource_id, self._received(outputs, inputs)

    def update(
        self, urn: str, resource_id: str, old_inputs: Props, old_outputs: Props, new_inputs: Props, *, preview: bool
    ) -> Props:
        """The changed resource's outputs."""
        target = Target(urn)
        if preview and not self._provider.supports_preview:
            return dict(new_inputs)
        sent = (self._sent(old_inputs), self._sent(old_outputs), self._sent(new_inputs))
        outputs = self._guarded(
            "update", target, new_inputs, lambda: self._provider.update(target, resource_id, *sent, preview=preview)
        )
        return self._received(outputs, new_inputs)

    def _guarded(self, name: str, target: Target, inputs: Props, call: Callable[[], _T]) -> _T:
        try:
            return self._call(name, target, call)
        except PartialFailureError as error:
            error.outputs = self._received(error.outputs, inputs)
            raise

    def read(self, urn: str, resource_id: str, inputs: Props, outputs: Props) -> ReadResult:
        """The live resource; secret where the state was."""
        target = Target(urn)
        result = self._call(
            "read",
            target,
            lambda: self._provider.read(target, resource_id, self._sent(inputs), self._sent(outputs)),
        )
        live_inputs = None if result.inputs is None else self._received(result.inputs, inputs)
        return ReadResult(result.id, self._received(result.outputs, outputs), live_inputs)

    def delete(self, urn: str, resource_id: str, inputs: Props, outputs: Props) -> None:
        """Delete the resource."""
        target = Target(urn)
        self._call(
            "delete",
            target,
            lambda: self._provider.delete(target, resource_id, self._sent(inputs), self._sent(outputs)),
        )

    def invoke(self, token: str, args: Props) -> Props:
        """Call a function."""
        try:
            return self._provider.invoke(token, self._sent(args))
        except UnmodelledValueError as error:
            raise ProviderError(str(error)) from None

    def close(self) -> None:
        """Release the provider."""
        self._provider.close()


def mark_like(outputs: Props, inputs: Props) -> Props:
    """Outputs with a secret marker on each property whose same-named input holds a secret; objects are gone into."""
    marked = dict(outputs)
    for key, sent in inputs.items():
        if key not in marked:
            continue
        received = marked[key]
        if isinstance(received, dict) and isinstance(sent, dict):
            marked[key] = mark_like(received, sent)
        elif not isinstance(received, Secret) and contains_secret(sent):
            marked[key] = Secret(unwrap(received))
    return marked


def without_ignored(new_inputs: Props, old_inputs: Props, ignore_changes: list[str]) -> Props:
    """The new inputs with every ignored path set back to what it was."""
    if not ignore_changes:
        return new_inputs
    kept: Props = copy(new_inputs)
    for text in ignore_changes:
        path = parse_path(text)
        if path is not None:
            reset(path, old_inputs, kept)
    return kept


class ProviderRegistry:
    """Providers by reference (``<urn>::<id>``), each started once for an operation."""

    def __init__(
        self,
        factories: Mapping[str, ProviderFactory],
        surroundings: Callable[[Props], Surroundings],
        on_boundary: OnBoundary | None,
    ) -> None:
        self._factories = factories
        self._surroundings = surroundings
        self._on_boundary = on_boundary
        self._clients: dict[str, ProviderClient] = {}
        self._lock = threading.Lock()

    def get(self, reference: str, package: str, inputs: Props) -> ProviderClient:
        """The provider of a reference, started with the inputs of its provider resource.

        Raises ProviderError for a package that the engine does not model.
        """
        with self._lock:
            client = self._clients.get(reference)
            if client is None:
                factory = self._factories.get(package)
                if factory is None:
                    known = ", ".join(sorted(self._factories))
                    raise ProviderError(
                        f"the package {package} is not modelled by the embedded engine, which knows {known}; "
                        "use Pulumi itself for a program that needs it"
                    )
                config: dict[str, Any] = {
                    key: value for key, value in inputs.items() if key not in ("version", "__internal")
                }
                client = ProviderClient(factory(self._surroundings(config)), self._on_boundary)
                self._clients[reference] = client
            return client

    def close(self) -> None:
        """Release every provider that was started."""
        with self._lock:
            clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            client.close()
