"""Runs a program against a monitor that records what is registered, and answers as Pulumi's engine would.

No engine, no plugin, no network: the azuread and command resources get made-up outputs, the two dynamic resources are
checked by their own code. Runs follow each other as they do in a stack: give the last one as `last`, and the state that
a program can read, the schedule's old values and the old outputs are those of that run.

Values are plain Python, with two exceptions: `Secret` around what is marked as secret, and `UNKNOWN` for what a preview
does not know.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

import pulumi
from google.protobuf import empty_pb2, struct_pb2
from pulumi.output import Unknown
from pulumi.resource_hooks import ResourceHookArgs
from pulumi.runtime import mocks, rpc, settings
from pulumi.runtime.proto import provider_pb2, resource_pb2

from pulumi_unifiedto.client_secret.schedule import RotationScheduleProvider
from pulumi_unifiedto.client_secret.stack_state import PASSWORD_TYPE, REGISTRATION_TYPE
from pulumi_unifiedto.registration.options import normalise

UNKNOWN: Final = rpc.UNKNOWN
STACK: Final = "prod"
PROJECT: Final = "crm"
CALLER: Final = "11111111-1111-1111-1111-111111111111"
TENANT_ID: Final = "66666666-6666-6666-6666-666666666666"
GRAPH_SCOPES: Final[Mapping[str, str]] = {
    "User.Read": "e1fe6dd8-ba31-4d61-89e7-88639da4683d",
    "openid": "37f7f235-527c-4136-accd-4a02d197296e",
    "profile": "14dad69e-099b-42c9-810b-d002981feec1",
    "email": "64a6cdd6-aab1-4aaf-94b8-3cc8405e90d0",
    "offline_access": "7427e0e9-2fba-42fe-b0c0-848c9e6a8182",
    "Mail.Read": "570282fd-fa5c-430d-a7fd-fc8dc98a9dca",
}

APPLICATION_TYPE: Final = "azuread:index/application:Application"
SERVICE_PRINCIPAL_TYPE: Final = "azuread:index/servicePrincipal:ServicePrincipal"
SCHEDULE_TYPE: Final = "pulumi-python:dynamic/unifiedto:RotationSchedule"
COMMAND_TYPE: Final = "command:local:Command"
PROVEN_AT: Final = "2026-11-23T11:25:40.000001+00:00"

_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"
_READ_STATE: Final = "pulumi:pulumi:readStackResourceOutputs"


@dataclass(frozen=True)
class Secret:
    """A value that is marked as secret."""

    value: Any


@dataclass
class Registered:
    """One resource as the program registered it.

    `inputs` are the program's, `checked` the plain inputs of record, `outputs` what the program was answered.
    """

    urn: str
    type: str
    name: str
    parent: str
    inputs: dict[str, Any]
    request: Any
    checked: dict[str, Any] = field(default_factory=dict)
    id: str = ""
    outputs: dict[str, Any] = field(default_factory=dict)

    @property
    def depends_on(self) -> set[str]:
        """Names of the resources that come first, for whatever reason."""
        return {urn.rsplit("::", 1)[1] for urn in self.request.dependencies}

    def needs(self, key: str) -> set[str]:
        """Names of the resources that one input is made of."""
        return {urn.rsplit("::", 1)[1] for urn in self.request.propertyDependencies[key].urns}

    @property
    def error_hooks(self) -> list[str]:
        return list(self.request.hooks.on_error)

    @property
    def creation_hooks(self) -> list[str]:
        return list(self.request.hooks.before_create)


@dataclass
class Situation:
    """What a run meets besides the last run's state."""

    now: str = "2026-11-23T11:25:31Z"
    preview: bool = False
    config: Mapping[str, str] = field(default_factory=dict)
    application: Mapping[str, Any] = field(default_factory=dict)
    """Of the app registration that an adoption finds."""
    failing_calls: Mapping[str, str] = field(default_factory=dict)
    """A function's name, such as ``getApplication`` or ``getApplication by clientId``, to the words with which it
    fails."""
    state_is_readable: bool = True
    left_out: Sequence[str] = ()
    """Names of the resources that a person left out of the run (``--exclude``)."""
    replaced: Sequence[str] = ()
    """Names of the resources that a person asked to replace (``--replace``)."""


@dataclass
class Run:
    """What a program did."""

    situation: Situation
    resources: dict[str, Registered] = field(default_factory=dict)
    component_outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    exports: dict[str, Any] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)
    error_hooks: dict[str, Any] = field(default_factory=dict)
    resource_hooks: dict[str, Any] = field(default_factory=dict)
    error: BaseException | None = None

    def __getitem__(self, name: str) -> Registered:
        return self.resources[name]

    def of_type(self, type_token: str) -> list[str]:
        """Names in the order of registration."""
        return [resource.name for resource in self.resources.values() if resource.type == type_token]

    def changed_since(self, last: Run) -> set[str]:
        """Names of the resources that an engine would create, update, replace or delete after the last run."""
        kept = {name for name in self.custom if name in last.custom and self[name].checked == last[name].checked}
        return (set(self.custom) | set(last.custom)) - kept

    @property
    def custom(self) -> list[str]:
        """Names of everything that a provider makes."""
        return [resource.name for resource in self.resources.values() if resource.request.custom]


def run_program(program: Callable[[], Any], situation: Situation, last: Run | None = None) -> Run:
    """One run of a program. What it exports is in `exports`, why it failed in `error`."""
    run = Run(situation)
    return contextvars.copy_context().run(_run, program, run, last)


def _run(program: Callable[[], Any], run: Run, last: Run | None) -> Run:
    pulumi.runtime.set_all_config(dict(run.situation.config), [])
    settings.ROOT.set(None)
    settings.configure(
        settings.Settings(
            project=PROJECT,
            stack=STACK,
            monitor=_Monitor(run, last),
            engine=_Log(run),
            parallel=8,
            dry_run=run.situation.preview,
            organization="organization",
        )
    )
    settings.SETTINGS.callbacks = _Hooks(run)
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda _loop, _context: None)
    executor = ThreadPoolExecutor(max_workers=16)
    loop.set_default_executor(executor)
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(program))
    except Exception as fault:
        run.error = fault
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        executor.shutdown(wait=True)
        asyncio.set_event_loop(None)
        loop.close()
    return run


# --- values on the wire ----------------------------------------------------------------------------------------------


def decode(value: Any) -> Any:
    """A protobuf value as plain Python, secrets marked where they stand."""
    if isinstance(value, struct_pb2.Struct):
        plain = {key: decode(item) for key, item in value.items()}
        return Secret(plain["value"]) if plain.get(_SIGNATURE) == _SECRET else plain
    if isinstance(value, struct_pb2.ListValue):
        return [decode(item) for item in value]
    return value


def _encode(value: Any) -> Any:
    if isinstance(value, Secret):
        return {_SIGNATURE: _SECRET, "value": _encode(value.value)}
    if isinstance(value, Mapping):
        return {key: _encode(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_encode(item) for item in value]
    return value


def reveal(value: Any) -> Any:
    """A value without its marks, as a provider that accepts no secrets is given it."""
    if isinstance(value, Secret):
        return reveal(value.value)
    if isinstance(value, Mapping):
        return {key: reveal(item) for key, item in value.items()}
    return [reveal(item) for item in value] if isinstance(value, list) else value


def holds_secret(value: Any) -> bool:
    """Whether a mark stands anywhere in it."""
    if isinstance(value, Mapping):
        return any(map(holds_secret, value.values()))
    return isinstance(value, Secret) or (isinstance(value, list) and any(map(holds_secret, value)))


def _with_unknowns(value: Any) -> Any:
    """As the dynamic providers' shim passes values on: an object for what is not known."""
    if isinstance(value, Mapping):
        return {key: _with_unknowns(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_unknowns(item) for item in value]
    return Unknown() if value == UNKNOWN else value  # type: ignore[no-untyped-call]


def _without_unknowns(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_unknowns(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_unknowns(item) for item in value]
    return UNKNOWN if isinstance(value, Unknown) else value


# --- the engine's side -----------------------------------------------------------------------------------------------


class _Unasking(RotationScheduleProvider):
    """Decides as the real one, and asks nobody about the application's secrets."""

    def _list_secrets(self, application_object_id: str) -> None:
        return None


class _NoMocks(mocks.Mocks):
    """The monitor below answers itself."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        raise NotImplementedError(args.typ)

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise NotImplementedError(args.token)


class _Log:
    def __init__(self, run: Run) -> None:
        self._run = run

    def Log(self, request: Any) -> empty_pb2.Empty:
        if request.severity > 0:  # debug messages are left out
            self._run.logged.append(request.message)
        return empty_pb2.Empty()


class _Hooks:
    """In place of the SDK's callback server, which does not survive a second event loop in one process."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def register_error_hook(self, hook: Any) -> None:
        assert hook.name not in self._run.error_hooks, f"two hooks are named {hook.name}"
        self._run.error_hooks[hook.name] = hook

    def register_resource_hook(self, hook: Any) -> None:
        assert hook.name not in self._run.resource_hooks, f"two hooks are named {hook.name}"
        self._run.resource_hooks[hook.name] = hook


class _Monitor(mocks.MockMonitor):
    def __init__(self, run: Run, last: Run | None) -> None:
        super().__init__(_NoMocks())
        self._run = run
        self._last = last.resources if last is not None else {}
        self._lock = threading.Lock()

    # --- what the program asks ---------------------------------------------------------------------------------------

    def Invoke(self, request: Any) -> Any:
        arguments = decode(request.args)
        with self._lock:
            self._run.calls.append((request.tok, arguments))
        function = request.tok.rsplit(":", 1)[1]
        names = (function, *(f"{function} by {key}" for key in arguments))
        reason = next((words for name, words in self._run.situation.failing_calls.items() if name in names), None)
        if request.tok == _READ_STATE and not self._run.situation.state_is_readable:
            reason = "no backend client is available"
        if reason is not None:
            return resource_pb2.ResourceInvokeResponse(failures=[provider_pb2.CheckFailure(reason=reason)])
        answer = struct_pb2.Struct()
        answer.update(_encode(self._answer(request.tok, arguments)))
        return resource_pb2.ResourceInvokeResponse(**{"return": answer})

    def _answer(self, token: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        if token == _READ_STATE:
            assert arguments == {"stackName": f"organization/{PROJECT}/{STACK}"}
            resources = {
                resource.urn: {"type": resource.type, "outputs": resource.outputs} for resource in self._last.values()
            }
            return {"name": arguments["stackName"], "outputs": resources}
        if token == "azuread:index/getClientConfig:getClientConfig":
            return {"objectId": CALLER, "tenantId": TENANT_ID, "clientId": "deployer", "id": "x"}
        if token == "azuread:index/getServicePrincipal:getServicePrincipal":
            scopes = dict(GRAPH_SCOPES)
            return {
                **arguments,
                "objectId": f"principal of {arguments['clientId']}",
                "oauth2PermissionScopeIds": scopes,
            }
        if token == "azuread:index/getApplication:getApplication":
            return {**arguments, **self._run.situation.application}
        raise NotImplementedError(token)

    def RegisterResourceOutputs(self, request: Any) -> Any:
        outputs = decode(request.outputs)
        with self._lock:
            if "pulumi:pulumi:Stack" in request.urn:
                self._run.exports = outputs
            else:
                self._run.component_outputs[request.urn.rsplit("::", 1)[1]] = outputs
        return empty_pb2.Empty()

    def RegisterResource(self, request: Any) -> Any:
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == "pulumi:pulumi:Stack":
            return resource_pb2.RegisterResourceResponse(urn=urn)
        parent = request.parent.rsplit("::", 1)[-1] if "pulumi:pulumi:Stack" not in request.parent else ""
        resource = Registered(urn, request.type, request.name, parent, decode(request.object), request)
        with self._lock:
            taken = {known.urn for known in self._run.resources.values()}
            assert urn not in taken, f"two resources have the URN {urn}"
            assert request.name not in self._run.resources, f"two resources are named {request.name}"
            self._run.resources[request.name] = resource
        if request.custom:
            self._deploy(resource)
        answer = struct_pb2.Struct()
        answer.update(_encode(resource.outputs))
        return resource_pb2.RegisterResourceResponse(urn=urn, id=resource.id, object=answer)

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        chain = parent.split("::")[2] if parent else ""
        if chain and chain != "pulumi:pulumi:Stack":
            type_ = f"{chain}${type_}"
        return f"urn:pulumi:{STACK}::{PROJECT}::{type_}::{name}"

    # --- what the providers answer -----------------------------------------------------------------------------------

    def _deploy(self, resource: Registered) -> None:
        """Gives a resource its id and outputs; in a preview those that would be known."""
        last = self._last.get(resource.name)
        resource.checked = inputs = self._checked(resource, last)
        situation = self._run.situation
        if last is not None and resource.name in situation.left_out:
            resource.checked = inputs = last.checked
        if last is not None and last.checked == inputs and resource.name not in situation.replaced:
            resource.id, resource.outputs = last.id, last.outputs
            return
        if last is None or resource.type == PASSWORD_TYPE:
            self._run_creation_hooks(resource)
        if self._run.situation.preview:
            is_updated = last is not None and resource.type != PASSWORD_TYPE  # a password is replaced
            resource.id = last.id if last is not None and is_updated else ""
            # A bridged provider plans an update, and knows what stays; a dynamic one has its inputs alone.
            planned = reveal(last.outputs) if last and is_updated and resource.type.startswith("azuread:") else {}
            outputs = {**planned, **inputs}
        else:
            outputs = {**inputs, **_made_by_provider(resource, inputs)}
            resource.id = str(outputs.get("id") or f"id of {resource.name}")
        resource.outputs = self._marked(resource, outputs)

    def _run_creation_hooks(self, resource: Registered) -> None:
        for name in resource.creation_hooks:
            hook = self._run.resource_hooks[name]
            if hook.opts.on_dry_run or not self._run.situation.preview:
                args = ResourceHookArgs(
                    urn=resource.urn,
                    id="",
                    name=resource.name,
                    type=resource.type,
                    new_inputs=_with_unknowns(resource.checked),
                )
                hook.callback(args)

    def _checked(self, resource: Registered, last: Registered | None) -> dict[str, Any]:
        inputs: dict[str, Any] = reveal(resource.inputs)
        inputs.pop("__provider", None)
        if resource.type == SCHEDULE_TYPE:
            checked = _Unasking().check(dict(last.checked) if last else {}, _with_unknowns(inputs))
            if checked.failures:
                raise RuntimeError(checked.failures[0].reason)
            return _as_on_the_wire(checked.inputs)
        if resource.type == REGISTRATION_TYPE:
            normal, faults = normalise(_with_unknowns(inputs))
            if faults:
                raise RuntimeError(str(faults[0]))
            return _as_on_the_wire(normal)
        return inputs

    def _marked(self, resource: Registered, outputs: Mapping[str, Any]) -> dict[str, Any]:
        """Marked as the engine does it: results whose input holds a secret, and those that are named as secret."""
        named = set(resource.request.additionalSecretOutputs)
        named |= {key for key, value in resource.inputs.items() if holds_secret(value)}
        return {key: Secret(value) if key in named else value for key, value in outputs.items()}


def _as_on_the_wire(values: Mapping[str, Any]) -> dict[str, Any]:
    struct = struct_pb2.Struct()
    struct.update(_encode(_without_unknowns(values)))
    decoded: dict[str, Any] = decode(struct)
    return decoded


def _made_by_provider(resource: Registered, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs that only the provider can tell."""
    name = resource.name
    if resource.type == APPLICATION_TYPE:
        return {
            "id": f"/applications/object of {name}",
            "objectId": f"object of {name}",
            "clientId": "22222222-2222-2222-2222-2222222222ab",
        }
    if resource.type == SERVICE_PRINCIPAL_TYPE:
        return {"objectId": f"object of {name}"}
    if resource.type == PASSWORD_TYPE:
        generation = inputs["rotateWhenChanged"]["generation"]
        return {
            "keyId": f"key of {name} #{generation}",
            "value": f"canary~{name}~{generation}",
            "startDate": inputs["endDate"],
        }
    if resource.type == COMMAND_TYPE:
        return {"stdout": f"Entra accepted the client secret at {PROVEN_AT}"}
    if resource.type == REGISTRATION_TYPE:
        return {
            "registration_id": f"row of {name}",
            "registered_client_id": inputs["client_id"],
            "registered_redirect_uri": inputs["redirect_uris"][0],
            "active": True,
            "status": "verified",
            "secret_fingerprint": "f",
            "registered_at": "2026-11-23T11:25:31Z",
        }
    return {}
