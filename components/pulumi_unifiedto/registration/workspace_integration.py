"""WorkspaceIntegration: the registration of an OAuth client at Unified.to, as a Pulumi resource.

The provider class translates between Pulumi's protocol and the steps of a registration. It lives in this importable
module and has no state of its own, so that Pulumi stores its name only: module and class name are persistent
identifiers in users' states. The API key comes from the environment variable UNIFIED_API_KEY, else from the secret
config value ``unifiedto:apiKey``. No resource's state holds it; Pulumi keeps an encrypted copy of the configuration,
because a value that is not a secret is refused.
"""

from __future__ import annotations

import functools
import os
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)
from pulumi.runtime.rpc import contains_unknowns

from ..errors import (
    ApiKeyMissing,
    ApiKeyNotSecret,
    DuplicateRegistration,
    InvalidInput,
    UnexpectedFault,
    UnifiedtoError,
)
from ..program.arguments import is_known, validated
from ..program.once_in_a_run import once
from ..unified.rows import Identity
from ..unified.settings import ApiSettings, api_key_from
from . import manual_mode
from .explanation import look_ahead
from .merge import CHANGED, WAITING, Desired
from .observation import drift_in, observe, seen_outputs
from .options import (
    IDENTITY_KEYS,
    OPTIONS,
    REMOTE_KEYS,
    WorkspaceIntegrationArgs,
    changed,
    desired_of,
    identity_of,
    is_confirmed,
    normalise,
)
from .registrar import Registered, register
from .remote_registration import RemoteRegistration
from .withdrawal import withdraw

if TYPE_CHECKING:
    from ..unified.client import UnifiedApi

_NO_GENERATION: Final = -1
"""`secret_generation` while a person has yet to enter the first secret: older than every generation."""

_UNKNOWN_SECRET: Final = ""
"""The fingerprint where it is not known which secret is registered: somebody else has changed the client, or a person
has yet to enter it. The next run writes, or asks, even where the client id has come back meanwhile."""

Method = TypeVar("Method", bound=Callable[..., Any])


class WorkspaceIntegration(pulumi.dynamic.Resource, module="unifiedto", name="WorkspaceIntegration"):
    """An OAuth client registered for one integration type in one environment of a Unified.to workspace."""

    api_url: pulumi.Output[str]
    workspace_id: pulumi.Output[str]
    environment: pulumi.Output[str]
    integration_type: pulumi.Output[str]
    client_id: pulumi.Output[str]
    client_secret: pulumi.Output[str]
    secret_generation: pulumi.Output[int | None]
    secret_key_id: pulumi.Output[str | None]
    redirect_uris: pulumi.Output[list[str]]
    registration_id: pulumi.Output[str]
    """Unified.to's id of the row."""
    registered_client_id: pulumi.Output[str]
    """What the authorization URL really uses; empty where that cannot be seen."""
    registered_redirect_uri: pulumi.Output[str]
    """As `registered_client_id`."""
    active: pulumi.Output[bool]
    """Whether the integration is active."""
    status: pulumi.Output[str]
    """`verified`, `verified, except for the secret: …`, `not verified: …` or `waiting for a person: …`."""
    secret_fingerprint: pulumi.Output[str]
    """A keyed hash of the registered secret; a secret."""
    registered_at: pulumi.Output[str]
    """When this stack registered last (UTC, ISO 8601)."""
    updated_at: pulumi.Output[str]
    """Unified.to's time of the row's last change that this stack knows: its own write, or one that a refresh found.
    Empty where it is not known."""
    own_updated_at: pulumi.Output[str]
    """Unified.to's time of this stack's own last write; empty where it is not known."""

    def __init__(self, name: str, args: WorkspaceIntegrationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        args = validated(WorkspaceIntegrationArgs, args)
        declare_once(name, args)
        require_secret_api_key()
        properties: dict[str, Any] = {**dict.fromkeys((*OPTIONS, *OUTPUT_KEYS)), **args}
        properties["client_secret"] = pulumi.Output.secret(properties["client_secret"])
        marked = pulumi.ResourceOptions(additional_secret_outputs=["client_secret", "secret_fingerprint"])
        super().__init__(WorkspaceIntegrationProvider(), name, properties, pulumi.ResourceOptions.merge(marked, opts))


OUTPUT_KEYS: Final = tuple(key for key in WorkspaceIntegration.__annotations__ if key not in OPTIONS)


def declare_once(name: str, args: Mapping[str, Any]) -> None:
    """Notes that the resource `name` declares the registration that `args` (of a `WorkspaceIntegration`) describe.

    Two resources for one registration would undo each other's work in every run. Pulumi does not notice: they have
    different names.

    Raises DuplicateRegistration, naming both, when another resource of this run does. Nothing is noted where the
    identity is not known before the run, nor without an engine.
    """
    normal, _faults = normalise({key: value for key, value in args.items() if is_known(value)})
    identity = identity_of(normal)
    if identity is None:
        return
    first = once(f"registration {identity.key}", lambda: name)
    if first != name:
        raise DuplicateRegistration(
            environment=identity.environment, integration_type=identity.integration_type, resources=(first, name)
        )


def require_secret_api_key() -> None:
    """Raises ApiKeyNotSecret for an API key that stands in clear in the stack's configuration."""
    name = "unifiedto:apiKey"
    if not pulumi.runtime.is_config_secret(name) and pulumi.runtime.get_config(name):
        raise ApiKeyNotSecret()


def as_catalogue_error(method: Method) -> Method:
    """What leaves the provider is an error of the catalogue, and a short one: Pulumi shows the user a traceback.

    The message of any other exception is dropped, because it may hold a secret.
    """

    @functools.wraps(method)
    def translated(*arguments: Any, **named: Any) -> Any:
        failure: UnifiedtoError
        try:
            return method(*arguments, **named)
        except UnifiedtoError as error:
            failure = error
        except Exception as fault:
            last = traceback.extract_tb(fault.__traceback__)[-1]
            failure = UnexpectedFault(
                fault=type(fault).__name__, place=f"{Path(last.filename).name}, line {last.lineno}"
            )
        failure.__context__ = None
        raise failure.with_traceback(None) from None

    return translated  # type: ignore[return-value]


class WorkspaceIntegrationProvider(ResourceProvider):
    """Translates Pulumi's calls; up to four threads share one object."""

    @as_catalogue_error
    def configure(self, req: ConfigureRequest) -> None:
        self._api_key = api_key_from(os.environ, req.config.get("unifiedto:apiKey"))
        self._settings = ApiSettings.from_environment()
        self._lock = threading.Lock()
        self._apis: dict[str, UnifiedApi] = {}
        self._written_at: dict[str, str] = {}

    # --- what Pulumi calls -------------------------------------------------------------------------------------------

    @as_catalogue_error
    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        inputs, faults = normalise(news)
        if not faults and inputs["mode"] == "api":
            try:
                self._foresee(_olds, inputs)
            except UnifiedtoError as fault:
                faults.append(fault)
        # No property name: Pulumi would print the property's value beside the reason, secret or not.
        return CheckResult(inputs, [CheckFailure("", str(fault)) for fault in faults])

    @as_catalogue_error
    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        differing = changed(_olds, _news)
        replaces = [key for key in IDENTITY_KEYS if key in differing and not contains_unknowns(_news.get(key))]
        needs_write = bool(differing) or _olds.get("secret_fingerprint") == _UNKNOWN_SECRET
        return DiffResult(changes=needs_write, replaces=replaces, stables=[], delete_before_replace=False)

    @as_catalogue_error
    def create(self, props: dict[str, Any]) -> CreateResult:
        identity, desired = _known(props)
        remote = self._remote(identity, needs_key=not _is_manual(props))
        if _is_manual(props):
            registered = manual_mode.confirm(remote, desired, is_confirmed=is_confirmed(props))
        else:
            registered = register(remote, desired, secret_changed=True, expected_updated_at="")
        resource_id = registered.registration_id or f"manual:{identity.environment}/{identity.integration_type}"
        return CreateResult(resource_id, self._outputs({}, props, identity, desired, registered))

    @as_catalogue_error
    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        identity, desired = _known(_news)
        is_manual = _is_manual(_news)
        secret_changed = _olds.get("secret_fingerprint") != identity.fingerprint(desired.client_secret)
        if not secret_changed and _is_manual(_olds) == is_manual and not changed(_olds, _news, REMOTE_KEYS):
            kept = {key: _olds[key] for key in OUTPUT_KEYS if key in _olds}
            return UpdateResult({**_inputs_in(_news), **kept})
        remote = self._remote(identity, needs_key=not is_manual)
        if is_manual:
            confirmed = not secret_changed or is_confirmed(_news)
            registered = manual_mode.confirm(remote, desired, is_confirmed=confirmed)
        else:
            is_proven = _is_proven(_olds, _news, secret_changed=secret_changed)
            registered = register(
                remote,
                desired,
                secret_changed=secret_changed,
                expected_updated_at="" if is_proven else str(_olds.get("updated_at") or ""),
            )
        return UpdateResult(self._outputs(_olds, _news, identity, desired, registered))

    @as_catalogue_error
    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        identity, desired = _known(props)
        outputs = {key: value for key, value in props.items() if key != "__provider"}
        if outputs.get("status") == WAITING:
            return ReadResult(id_, outputs)  # nothing is registered yet that could be compared
        remote = self._remote(identity, needs_key=not _is_manual(props))
        if _is_manual(props):
            observed = manual_mode.observe(remote, desired)
        elif (found := observe(remote, str(props.get("registration_id") or id_))) is not None:
            observed = found
        else:
            return ReadResult("", {})
        drift, seen = drift_in(desired, str(outputs.get("status")), observed), seen_outputs(outputs, observed)
        if not drift:
            if "updated_at" in seen:
                remote.say(
                    "was changed by somebody else after this stack had registered it. All that can be seen is as "
                    "declared; the client secret cannot be seen. Where sign-ins fail, force a rotation: it writes a "
                    "new one."
                )
            return ReadResult(id_, outputs | seen)
        for key in sorted(drift):
            remote.say(f"has another {key}: it was {outputs.get(key)}, and is {drift[key]}.")
        outputs |= {**seen, **drift, "status": f"{CHANGED}: {', '.join(sorted(drift))}"}
        if "client_id" in drift:
            outputs["secret_fingerprint"] = _UNKNOWN_SECRET
        return ReadResult(id_, outputs, _inputs_in(outputs))

    @as_catalogue_error
    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        identity, desired = _known(_props)
        keeps = _props.get("on_delete") == "keep"
        remote = self._remote(identity, needs_key=not (keeps or _is_manual(_props)))
        if _is_manual(_props):
            remote.say("was entered by hand, and stays as it is: remove it in the dashboard if nobody needs it.")
        elif self._written_at.get(identity.key, "") > str(_props.get("registered_at") or ""):
            remote.say("belongs to another resource of this stack now, and stays as that one registered it.")
        elif keeps:
            remote.say(f"stays registered with client id {desired.client_id}, as onDelete says.")
        else:
            row_id, own_updated_at = _props.get("registration_id") or _id, _props.get("own_updated_at") or ""
            withdraw(remote, desired, row_id=str(row_id), own_updated_at=str(own_updated_at))

    # --- inside ------------------------------------------------------------------------------------------------------

    def _remote(self, identity: Identity, *, needs_key: bool = True) -> RemoteRegistration:
        """Raises ApiKeyMissing where a key is needed and there is none."""
        from ..unified.client import UnifiedApi  # noqa: PLC0415 - loads the HTTP client, which many runs do not need

        if needs_key and self._api_key is None:
            raise ApiKeyMissing()
        with self._lock:
            api = self._apis.get(identity.api_url)
            if api is None:
                api = UnifiedApi(identity.api_url, self._api_key, settings=self._settings)
                self._apis[identity.api_url] = api
        return RemoteRegistration(api, identity, _tell)

    def _foresee(self, olds: Mapping[str, Any], inputs: Mapping[str, Any]) -> None:
        """Raises what a registration will fail with, as far as it can be known before anything is created: no API key,
        and in the preview of a new one what Unified.to shows. Once the client is known, the registration itself looks.
        """
        if self._api_key is None:
            raise ApiKeyMissing()
        identity = identity_of(inputs)
        client_is_unknown = contains_unknowns([inputs["client_id"], inputs["client_secret"]])
        if identity is not None and "workspace_id" not in olds and client_is_unknown:
            look_ahead(self._remote(identity), is_active=inputs.get("is_active"))

    def _outputs(
        self,
        olds: Mapping[str, Any],
        inputs: Mapping[str, Any],
        identity: Identity,
        desired: Desired,
        registered: Registered,
    ) -> dict[str, Any]:
        now = datetime.now(timezone.utc).isoformat(timespec="microseconds")
        with self._lock:
            self._written_at[identity.key] = now
        outputs = {
            **_inputs_in(inputs),
            **asdict(registered),
            "secret_fingerprint": identity.fingerprint(desired.client_secret),
            "registered_at": now,
            "own_updated_at": registered.updated_at,
        }
        if registered.status == WAITING:
            outputs["secret_fingerprint"] = _UNKNOWN_SECRET
            if "secret_generation" in inputs:
                outputs["secret_generation"] = olds.get("secret_generation", _NO_GENERATION)
            if "secret_key_id" in inputs:
                outputs["secret_key_id"] = olds.get("secret_key_id", "none yet")
        return outputs


# --- pure helpers ----------------------------------------------------------------------------------------------------


def _is_proven(olds: Mapping[str, Any], news: Mapping[str, Any], *, secret_changed: bool) -> bool:
    """Whether the client secret was proven in this run, or is a new one from elsewhere that the program stands for."""
    if "secret_proven_at" in news:
        return bool(news["secret_proven_at"] != olds.get("secret_proven_at"))
    return secret_changed


def _known(properties: Mapping[str, Any]) -> tuple[Identity, Desired]:
    identity = identity_of(properties)
    if identity is None or "client_secret" not in properties or "client_id" not in properties:
        raise InvalidInput(
            name="id",
            reason="the state does not hold a registration made by this package",
            next_step="Declare the registration without id or import: one that exists at Unified.to is adopted.",
        )
    return identity, desired_of(properties)


def _inputs_in(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {key: properties[key] for key in OPTIONS if properties.get(key) is not None}


def _is_manual(properties: Mapping[str, Any]) -> bool:
    return properties.get("mode") == "manual"


def _tell(line: str) -> None:
    """A line for the user: Pulumi shows what the provider process prints."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
