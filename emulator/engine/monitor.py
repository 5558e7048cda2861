"""The resource monitor and engine that the SDK speaks to, as objects in the same process instead of gRPC services."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NoReturn

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, resource_pb2

from emulator.engine.goal import UnmodelledError, goal_of
from emulator.engine.hooks import Hooks
from emulator.engine.interface import EngineError
from emulator.engine.operation import Operation, OperationStoppedError
from emulator.engine.providers.base import ProviderError
from emulator.engine.state import ResourceState
from emulator.engine.urns import package_of
from emulator.engine.values import Props, UnmodelledValueError, from_struct, to_struct

_FEATURES = [
    resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
]
_FEATURE_NAMES = frozenset(
    ["secrets", "resourceReferences", "aliasSpecs", "deletedWith", "resourceHooks", "errorHooks"]
)
_SEVERITIES = {
    engine_pb2.DEBUG: "debug",
    engine_pb2.INFO: "info",
    engine_pb2.WARNING: "warning",
    engine_pb2.ERROR: "error",
}


class MonitorError(grpc.RpcError):  # type: ignore[misc]  # grpc has no types
    """An error in the shape in which the SDK expects the monitor's errors."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        super().__init__(details)
        self._code = code
        self._details = details

    def code(self) -> grpc.StatusCode:
        """The gRPC status."""
        return self._code

    def details(self) -> str:
        """The message."""
        return self._details


def _stopped() -> NoReturn:
    raise MonitorError(grpc.StatusCode.UNAVAILABLE, "the operation has failed")


class ResourceMonitor:
    """Answers the SDK's calls, which come from several threads. Method names are those of the gRPC service."""

    def __init__(
        self,
        operation: Operation,
        hooks: Hooks,
        previous: list[ResourceState],
        qualified_stack: str,
        verify_passphrase: Callable[[], None],
    ) -> None:
        self._verify_passphrase = verify_passphrase
        self._operation = operation
        self._hooks = hooks
        self._previous = {state.urn: _resource_outputs(state) for state in previous if not state.delete}
        self._qualified_stack = qualified_stack

    def _guarded(self, call: Callable[[], Any]) -> Any:
        try:
            # Here and not before the program starts: the key is derived while the program's modules are imported.
            self._verify_passphrase()
            return call()
        except EngineError as error:
            self._operation.refuse(str(error))
            _stopped()
        except OperationStoppedError:
            _stopped()
        except (UnmodelledError, UnmodelledValueError, ValueError) as error:
            raise MonitorError(grpc.StatusCode.UNIMPLEMENTED, str(error)) from None

    def RegisterResource(self, request: Any) -> Any:
        """Register a resource and wait until it is as it should be."""
        state = self._guarded(lambda: self._operation.register(goal_of(request)))
        # A component's outputs come later; the ones on record may refer to resources that are not registered yet.
        outputs = to_struct(state.outputs if state.custom else {})
        return resource_pb2.RegisterResourceResponse(urn=state.urn, id=state.id, object=outputs)

    def RegisterResourceOutputs(self, request: Any) -> Any:
        """Take the outputs of a component or the stack."""
        self._guarded(lambda: self._operation.register_outputs(request.urn, from_struct(request.outputs)))
        return empty_pb2.Empty()

    def Invoke(self, request: Any) -> Any:
        """Call a function of a package, or one that is built in."""
        arguments = self._guarded(lambda: from_struct(request.args))
        try:
            outputs = self._guarded(lambda: self._function(request, arguments))
        except ProviderError as error:
            raise MonitorError(grpc.StatusCode.UNKNOWN, str(error)) from None
        return resource_pb2.ResourceInvokeResponse(**{"return": to_struct(outputs)})

    def _function(self, request: Any, arguments: Props) -> Props:
        if request.tok == "pulumi:pulumi:readStackResourceOutputs":
            return self._read_stack_resource_outputs(arguments)
        if request.tok == "pulumi:pulumi:getResource":
            return self._get_resource(arguments)
        if request.provider:
            raise UnmodelledError("An explicit provider resource")
        reference = self._operation.default_provider(package_of(request.tok), request.version)
        return self._operation.client(reference).invoke(request.tok, arguments)

    def _read_stack_resource_outputs(self, arguments: Props) -> Props:
        """Every resource of this stack as it was before this operation, secrets included."""
        name = arguments["stackName"]
        if name not in (self._qualified_stack, self._qualified_stack.rsplit("/", 1)[-1]):
            raise ProviderError(f'unknown stack "{name}"')
        return {"name": name, "outputs": self._previous}

    def _get_resource(self, arguments: Props) -> Props:
        state = self._operation.new_state(arguments["urn"])
        if state is None:
            raise ProviderError(f"unknown resource {arguments['urn']}")
        return {"urn": state.urn, "id": state.id, "provider": state.provider, "state": state.outputs}

    def RegisterResourceHook(self, request: Any) -> Any:
        """Remember a hook."""
        self._guarded(lambda: self._hooks.register_resource_hook(request))
        return empty_pb2.Empty()

    def RegisterErrorHook(self, request: Any) -> Any:
        """Remember an error hook."""
        self._guarded(lambda: self._hooks.register_error_hook(request))
        return empty_pb2.Empty()

    def GetDeploymentInfo(self, request: Any) -> Any:
        """The features of this monitor."""
        del request
        return resource_pb2.DeploymentInfo(supportedFeatures=_FEATURES)

    def SupportsFeature(self, request: Any) -> Any:
        """The same, one by one, for older SDKs."""
        return SimpleNamespace(hasSupport=request.id in _FEATURE_NAMES)

    def SignalAndWaitForShutdown(self, request: Any) -> Any:
        """The program ended well: deletions happen now, while its hooks can still be called."""
        del request
        self._operation.delete_unregistered()
        return empty_pb2.Empty()

    def __getattr__(self, name: str) -> Callable[[Any], Any]:
        # Every other method of the service exists in Pulumi and not here.
        def refuse(request: Any) -> NoReturn:
            del request
            raise MonitorError(grpc.StatusCode.UNIMPLEMENTED, str(UnmodelledError(f"The engine call {name}")))

        if name.startswith("_"):
            raise AttributeError(name)
        return refuse


class LogSink:
    """The part of the engine service that programs use: messages for the user."""

    def __init__(self, report: Callable[[str, str], None]) -> None:
        self._report = report

    def Log(self, request: Any) -> Any:
        """Pass a message on."""
        self._report(_SEVERITIES.get(request.severity, "info"), request.message)
        return empty_pb2.Empty()

    def RequirePulumiVersion(self, request: Any) -> Any:
        """Any version is taken: the embedded engine models one."""
        del request
        return SimpleNamespace()


def _resource_outputs(state: ResourceState) -> Props:
    return {"type": state.type, "outputs": state.outputs}
