"""Stand-ins as servers of Pulumi's ResourceProvider protocol, attached to a CLI through PULUMI_DEBUG_PROVIDERS.

Source of the protocol: documented in ``proto/pulumi/provider.proto`` of pulumi/pulumi; that an attached plugin is sent
Handshake and Attach before all else was observed with CLI 3.274.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from importlib import metadata
from typing import Any, TypeVar

import grpc
from google.protobuf import any_pb2, empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from rehearsal.plugins.contract import (
    CheckFailure,
    PartialFailureError,
    Provider,
    ProviderError,
    Target,
)
from rehearsal.plugins.values import UnmodelledValueError, from_struct, to_struct

_THREADS = 32
_MOST_BYTES = 400 * 1024 * 1024
"""Of one message, as the SDK has it."""
_OPTIONS = [("grpc.max_receive_message_length", _MOST_BYTES), ("grpc.so_reuseport", 0)]
_KINDS = {
    ("add", False): provider_pb2.PropertyDiff.ADD,
    ("add", True): provider_pb2.PropertyDiff.ADD_REPLACE,
    ("delete", False): provider_pb2.PropertyDiff.DELETE,
    ("delete", True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    ("update", False): provider_pb2.PropertyDiff.UPDATE,
    ("update", True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}

_T = TypeVar("_T")


@contextmanager
def attached(providers: Mapping[str, Provider]) -> Iterator[str]:
    """Serves stand-ins by package; yields the value of PULUMI_DEBUG_PROVIDERS that attaches them."""
    with ExitStack() as servers:
        ports = {name: servers.enter_context(served(provider)) for name, provider in providers.items()}
        yield ",".join(f"{name}:{port}" for name, port in ports.items())


@contextmanager
def served(provider: Provider) -> Iterator[int]:
    """Serves one stand-in on loopback; yields its port."""
    server = grpc.server(ThreadPoolExecutor(_THREADS, thread_name_prefix="plugin"), options=_OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(_Servicer(provider), server)
    port = int(server.add_insecure_port("127.0.0.1:0"))
    server.start()
    try:
        yield port
    finally:
        server.stop(grace=None).wait()
        provider.close()


class _Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """From the wire to a provider and back."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._configured: str | None = None

    # --- the plugin

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=self._provider.accepts_secrets)

    def Attach(self, request: Any, context: grpc.ServicerContext) -> Any:
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        return plugin_pb2.PluginInfo(version=metadata.version(f"pulumi-{self._provider.package}"))

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        self._provider.cancel()
        return empty_pb2.Empty()

    # --- its configuration

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        changes = provider_pb2.DiffResponse.DIFF_NONE
        if request.old_inputs != request.news:
            changes = provider_pb2.DiffResponse.DIFF_SOME
        return provider_pb2.DiffResponse(changes=changes)

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:
        name = request.urn.rpartition("::")[2]
        configured = "default" if name.startswith("default_") else name
        if self._configured not in (None, configured):
            context.abort(
                grpc.StatusCode.UNKNOWN,
                f"The program uses two configurations of the {self._provider.package} provider, {self._configured} and "
                f"{configured}, and the stand-in for its plugin can have one. Next: give all resources the same "
                "provider, or install the real plugins and run with PLUGINS=real.",
            )
        self._configured = configured
        _told(context, lambda: self._provider.configure(from_struct(request.args)))
        return provider_pb2.ConfigureResponse(acceptSecrets=self._provider.accepts_secrets, supportsPreview=True)

    # --- resources

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:
        result = _told(context, lambda: self._provider.check(Target(request.urn), from_struct(request.news)))
        return provider_pb2.CheckResponse(inputs=to_struct(result.inputs), failures=map(_failure, result.failures))

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:
        result = _told(
            context,
            lambda: self._provider.diff(
                Target(request.urn),
                from_struct(request.old_inputs),
                from_struct(request.olds),
                from_struct(request.news),
            ),
        )
        some = provider_pb2.DiffResponse.DIFF_SOME
        return provider_pb2.DiffResponse(
            changes=some if result.changes else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=sorted({_top(path) for path in result.changes}),
            replaces=sorted(map(_top, result.replaces)),
            detailedDiff={
                path: provider_pb2.PropertyDiff(kind=_KINDS[change, path in result.replaces])
                for path, change in result.changes.items()
            },
            hasDetailedDiff=True,
        )

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:
        inputs = from_struct(request.properties)
        resource_id, outputs = _told(
            context, lambda: self._provider.create(Target(request.urn), inputs, preview=request.preview)
        )
        return provider_pb2.CreateResponse(id=resource_id, properties=to_struct(outputs))

    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:
        result = _told(
            context,
            lambda: self._provider.read(
                Target(request.urn), request.id, from_struct(request.inputs), from_struct(request.properties)
            ),
        )
        return provider_pb2.ReadResponse(
            id=result.id, properties=to_struct(result.outputs), inputs=to_struct(result.inputs)
        )

    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:
        outputs = _told(
            context,
            lambda: self._provider.update(
                Target(request.urn),
                request.id,
                from_struct(request.olds),
                from_struct(request.news),
                preview=request.preview,
            ),
        )
        return provider_pb2.UpdateResponse(properties=to_struct(outputs))

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        _told(context, lambda: self._provider.delete(Target(request.urn), request.id, from_struct(request.properties)))
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:
        result = _told(context, lambda: self._provider.invoke(request.tok, from_struct(request.args)))
        return provider_pb2.InvokeResponse(**{"return": to_struct(result)})


def _told(context: grpc.ServicerContext, call: Callable[[], _T]) -> _T:
    """What a call gives; its failure is passed on in the protocol's form."""
    try:
        return call()
    except PartialFailureError as failure:
        detail = provider_pb2.ErrorResourceInitFailed(
            id=failure.resource_id, properties=to_struct(failure.outputs), reasons=[str(failure)]
        )
        packed = any_pb2.Any()
        packed.Pack(detail)
        code = grpc.StatusCode.UNKNOWN
        status = status_pb2.Status(code=code.value[0], message=str(failure), details=[packed])
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(code, str(failure))
    except (ProviderError, UnmodelledValueError) as failure:
        context.abort(grpc.StatusCode.UNKNOWN, str(failure))
    raise AssertionError("abort raises")


def _failure(failure: CheckFailure) -> Any:
    return provider_pb2.CheckFailure(property=failure.property, reason=failure.reason)


def _top(path: str) -> str:
    """``web`` of ``web.redirectUris[0]``."""
    return path.partition(".")[0].partition("[")[0]
