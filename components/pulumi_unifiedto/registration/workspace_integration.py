"""WorkspaceIntegration: the registration of an OAuth client at Unified.to, as a Pulumi resource.

The provider class only translates between Pulumi's protocol and `registrar`. It lives in this importable module and has
no state of its own, so that what Pulumi stores of it is its name: `pulumi_unifiedto.workspace_integration` and
`WorkspaceIntegrationProvider` are persistent identifiers in users' state. The API key comes from the environment
variable
UNIFIED_API_KEY, else from the secret config value ``unifiedto:apiKey``. No resource's state holds it; of the
configuration Pulumi keeps a copy in the state, encrypted, because a value that is not a secret is refused.
"""

from __future__ import annotations

import functools
import os
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypedDict, TypeVar

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
from typing_extensions import NotRequired

from ..errors import ApiKeyMissing, ApiKeyNotSecret, InvalidInput, UnexpectedFault, UnifiedtoError
from ..program.arguments import validated
from ..unified.client import UnifiedApi
from ..unified.rows import Identity, same_client
from ..unified.settings import ApiSettings, api_key_from
from .declared_once import declare_once
from .inputs import (
    IDENTITY_KEYS,
    INPUT_KEYS,
    ORIGINAL_ENVIRONMENTS,
    REMOTE_KEYS,
    WELL_KNOWN_TYPES,
    desired_of,
    identity_of,
    is_confirmed,
    normalise,
)
from .merge import CHANGED, VERIFIED, WAITING, Desired, OnDelete, secret_unseen, status_without_target
from .registrar import Observed, Registered, Registrar

OUTPUT_KEYS: Final[tuple[str, ...]] = (
    "registration_id",
    "registered_client_id",
    "registered_redirect_uri",
    "active",
    "found_active",
    "status",
    "secret_fingerprint",
    "registered_at",
    "updated_at",
)

_NO_GENERATION: Final = -1
"""`secret_generation` while a person has yet to enter the first secret: older than every generation."""

_UNKNOWN_SECRET: Final = ""
"""The fingerprint where it is not known which secret is registered: somebody else has changed the client, or a person
has yet to enter it. The next run writes, or asks, even where the client id has come back meanwhile."""

Method = TypeVar("Method", bound=Callable[..., Any])


class WorkspaceIntegrationArgs(TypedDict):
    """Arguments of `WorkspaceIntegration`.

    workspace_id: of the Unified.to workspace.
    integration_type: such as ``microsoft_ad``.
    client_id, client_secret: of the OAuth client, and what a sign-in will use.
    api_url: base URL of Unified.to's API; default: the US region's.
    environment: default ``Production``.
    redirect_uris: one of them must be what Unified.to sends to Entra; default: the API address's own.
    secret_generation, secret_key_id: come back as outputs once the secret was accepted.
    is_active, permissions, scope_overrides: left as found when absent.
    on_delete: ``restore`` (default) the activation that was found, ``deactivate``, ``keep`` as it is, or ``clear`` the
        credentials.
    mode: ``api`` (default), or ``manual``: a person enters the client in the dashboard, and the stack verifies it.
    entered_secret: manual mode: the first three characters of the secret that was entered.
    auth_extras: other credentials of the registration, such as ``saml_idp_url``; secret. An empty text clears one.
    create_if_missing: try to create a registration that does not exist; Unified.to publishes no way to. Default false.
    drop_unknown_fields: leave out what Unified.to shows and does not document when writing. Default false.
    """

    workspace_id: pulumi.Input[str]
    integration_type: pulumi.Input[str]
    client_id: pulumi.Input[str]
    client_secret: pulumi.Input[str]
    api_url: NotRequired[pulumi.Input[str]]
    environment: NotRequired[pulumi.Input[str]]
    redirect_uris: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    secret_generation: NotRequired[pulumi.Input[int]]
    secret_key_id: NotRequired[pulumi.Input[str]]
    is_active: NotRequired[pulumi.Input[bool]]
    permissions: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    scope_overrides: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    on_delete: NotRequired[pulumi.Input[str]]
    mode: NotRequired[pulumi.Input[str]]
    entered_secret: NotRequired[pulumi.Input[str]]
    auth_extras: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    create_if_missing: NotRequired[pulumi.Input[bool]]
    drop_unknown_fields: NotRequired[pulumi.Input[bool]]


class WorkspaceIntegration(pulumi.dynamic.Resource, module="unifiedto", name="WorkspaceIntegration"):
    """An OAuth client registered for one integration type in one environment of a Unified.to workspace.

    Outputs besides the inputs: `registration_id`, `registered_client_id` and `registered_redirect_uri` (what the
    authorization URL really uses; empty where it cannot be seen), `active`, `found_active` (before this stack),
    `status` (``verified``, ``verified, except for the secret: …``, ``not verified: …`` or ``waiting for a person: …``),
    `secret_fingerprint` (a keyed hash; secret), `registered_at` (UTC, ISO 8601) and `updated_at` (when Unified.to noted
    the write; empty where it is not known).
    """

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
    registered_client_id: pulumi.Output[str]
    registered_redirect_uri: pulumi.Output[str]
    active: pulumi.Output[bool]
    found_active: pulumi.Output[bool | None]
    status: pulumi.Output[str]
    secret_fingerprint: pulumi.Output[str]
    registered_at: pulumi.Output[str]
    updated_at: pulumi.Output[str]

    def __init__(self, name: str, args: WorkspaceIntegrationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        args = validated(WorkspaceIntegrationArgs, args)
        declare_once(name, args)
        require_secret_api_key()
        properties: dict[str, Any] = {**dict.fromkeys((*INPUT_KEYS, *OUTPUT_KEYS)), **args}
        for key in _SECRET_KEYS:
            if properties[key] is not None:
                properties[key] = pulumi.Output.secret(properties[key])
        marked = pulumi.ResourceOptions(additional_secret_outputs=[*_SECRET_KEYS, "secret_fingerprint"])
        super().__init__(WorkspaceIntegrationProvider(), name, properties, pulumi.ResourceOptions.merge(marked, opts))


_SECRET_KEYS: Final = ("client_secret", "auth_extras")


def require_secret_api_key() -> None:
    """Raises ApiKeyNotSecret for an API key that stands in clear in the stack's configuration."""
    name = "unifiedto:apiKey"
    if pulumi.runtime.is_config_secret(name):
        return
    if pulumi.runtime.get_config(name):
        raise ApiKeyNotSecret()


def _in_words(method: Method) -> Method:
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

    @_in_words
    def configure(self, req: ConfigureRequest) -> None:
        self._api_key = api_key_from(os.environ, req.config.get("unifiedto:apiKey"))
        self._settings = ApiSettings.from_environment()
        self._lock = threading.Lock()
        self._apis: dict[str, UnifiedApi] = {}
        self._written_at: dict[str, str] = {}

    # --- what Pulumi calls -------------------------------------------------------------------------------------------

    @_in_words
    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        inputs, faults = normalise(news)
        if not faults and inputs["mode"] == "api" and _changed(_olds, inputs, INPUT_KEYS):
            if self._api_key is None:
                faults.append(ApiKeyMissing())
            elif fault := self._foreseen(_olds, inputs):
                faults.append(fault)
        # No property name: Pulumi would print the property's value beside the reason, secret or not.
        return CheckResult(inputs, [CheckFailure("", str(fault)) for fault in faults])

    @_in_words
    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        changed = _changed(_olds, _news, INPUT_KEYS)
        replaces = [key for key in IDENTITY_KEYS if key in changed and not contains_unknowns(_news.get(key))]
        needs_write = bool(changed) or _olds.get("secret_fingerprint") == _UNKNOWN_SECRET
        return DiffResult(changes=needs_write, replaces=replaces, stables=[], delete_before_replace=False)

    @_in_words
    def create(self, props: dict[str, Any]) -> CreateResult:
        identity, desired = _known(props)
        registrar = self._registrar(identity, needs_key=not _is_manual(props))
        if _is_manual(props):
            registered = registrar.confirm_manual(identity, desired, is_confirmed=is_confirmed(props))
        else:
            registered = registrar.adopt(identity, desired, create_if_missing=bool(props.get("create_if_missing")))
        resource_id = registered.row_id or f"manual:{identity.environment}/{identity.integration_type}"
        return CreateResult(resource_id, self._outputs({}, props, identity, desired, registered))

    @_in_words
    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        identity, desired = _known(_news)
        was_manual, is_manual = _is_manual(_olds), _is_manual(_news)
        known_secret = _olds.get("secret_fingerprint") == identity.fingerprint(desired.client_secret)
        if known_secret and was_manual == is_manual and not _changed(_olds, _news, REMOTE_KEYS):
            kept = {key: _olds[key] for key in OUTPUT_KEYS if key in _olds}
            return UpdateResult({**_inputs_in(_news), **kept})
        registrar = self._registrar(identity, needs_key=not is_manual)
        if is_manual:
            registered = registrar.confirm_manual(identity, desired, is_confirmed=known_secret or is_confirmed(_news))
        else:
            registered = registrar.register(
                identity,
                desired,
                create_if_missing=bool(_news.get("create_if_missing")),
                found_active=_olds.get("found_active"),
                may_look_alike=_olds.get("client_id") == desired.client_id
                and (not known_secret or "auth_extras" in _changed(_olds, _news, REMOTE_KEYS)),
            )
        return UpdateResult(self._outputs(_olds, _news, identity, desired, registered))

    @_in_words
    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        identity, desired = _known(props)
        outputs = _without_provider(props)
        if outputs.get("status") == WAITING:
            return ReadResult(id_, outputs)  # nothing is registered yet that could be compared
        registrar = self._registrar(identity, needs_key=not _is_manual(props))
        if _is_manual(props):
            observed: Observed | None = registrar.observe_manual(identity, desired)
        else:
            observed = registrar.observe(identity, str(props.get("registration_id") or id_))
        if observed is None:
            return ReadResult("", {})
        drift = drift_in(outputs, identity, observed)
        outputs |= _seen(outputs, observed)
        where = f"{identity.integration_type} in {identity.environment}"
        if not drift:
            if observed.row is not None and observed.row.is_changed_since(str(outputs.get("updated_at") or "")):
                _say(
                    f"{where}: somebody else changed it after this stack had registered it. All that can be seen is as "
                    "declared; the client secret cannot be seen. Where sign-ins fail, force a rotation: it writes a "
                    "new one."
                )
            return ReadResult(id_, outputs)
        for key in sorted(drift):
            _say(f"{where}: {key} was {outputs.get(key)}, is {drift[key]}.")
        outputs |= drift
        outputs["status"] = f"{CHANGED}: {', '.join(sorted(drift))}"
        if "client_id" in drift:
            outputs["secret_fingerprint"] = _UNKNOWN_SECRET
        return ReadResult(id_, outputs, _inputs_in(outputs))

    @_in_words
    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        identity, desired = _known(_props)
        name = f'"{identity.integration_type}" in environment "{identity.environment}"'
        if _is_manual(_props):
            _say(f"{name} was entered by hand, and stays as it is: remove it in the dashboard if nobody needs it.")
            return
        with self._lock:
            taken_over = self._written_at.get(identity.key, "") > str(_props.get("registered_at") or "")
        if taken_over:
            _say(f"{name} belongs to another resource of this stack now, and stays as that one registered it.")
            return
        on_delete: OnDelete = _props.get("on_delete") or "restore"
        self._registrar(identity, needs_key=on_delete != "keep").withdraw(
            identity,
            desired,
            on_delete=on_delete,
            found_active=_props.get("found_active"),
            row_id=str(_props.get("registration_id") or _id),
            updated_at=str(_props.get("updated_at") or ""),
        )

    # --- inside ------------------------------------------------------------------------------------------------------

    def _registrar(self, identity: Identity, *, needs_key: bool) -> Registrar:
        """Raises ApiKeyMissing where a key is needed and there is none."""
        if needs_key and self._api_key is None:
            raise ApiKeyMissing()
        with self._lock:
            api = self._apis.get(identity.api_url)
            if api is None:
                api = self._apis[identity.api_url] = UnifiedApi(
                    identity.api_url, self._api_key, settings=self._settings
                )
        return Registrar(api, _say)

    def _foreseen(self, olds: Mapping[str, Any], inputs: Mapping[str, Any]) -> UnifiedtoError | None:
        """What a registration that is not in the state will fail with, as far as it can be known before its client is
        created; for a known one, the error for a new name that does not exist.

        The first costs a share in a list, in a preview: once the client is known, the registration itself looks. The
        second asks only about names that are not well known, so that the usual run costs no call.
        """
        identity = identity_of(inputs)
        if identity is None:
            return None
        registrar = self._registrar(identity, needs_key=True)
        is_new = "workspace_id" not in olds
        if is_new and (contains_unknowns(inputs.get("client_id")) or contains_unknowns(inputs.get("client_secret"))):
            extras = inputs.get("auth_extras")
            try:
                if not contains_unknowns(extras):
                    registrar.look_ahead(
                        identity, (extras or {}).keys(), create_if_missing=bool(inputs.get("create_if_missing"))
                    )
            except UnifiedtoError as error:
                return error
            return None
        odd_environment = identity.environment not in ORIGINAL_ENVIRONMENTS
        odd_type = identity.integration_type not in WELL_KNOWN_TYPES
        return registrar.unknown_name(
            identity,
            environment=odd_environment and olds.get("environment") != identity.environment,
            integration_type=odd_type and olds.get("integration_type") != identity.integration_type,
        )

    def _outputs(
        self,
        olds: Mapping[str, Any],
        inputs: Mapping[str, Any],
        identity: Identity,
        desired: Desired,
        registered: Registered,
    ) -> dict[str, Any]:
        with self._lock:
            now = self._apis[identity.api_url].timing.now().isoformat(timespec="microseconds")
            self._written_at[identity.key] = now
        outputs = {
            **_inputs_in(inputs),
            "registration_id": registered.row_id,
            "registered_client_id": registered.client_id,
            "registered_redirect_uri": registered.redirect_uri,
            "active": registered.is_active,
            "status": registered.status,
            "secret_fingerprint": identity.fingerprint(desired.client_secret),
            "registered_at": now,
            "updated_at": registered.updated_at,
        }
        found_active = olds.get("found_active") if registered.found_active is None else registered.found_active
        if found_active is not None:
            outputs["found_active"] = found_active
        if registered.status == WAITING:
            outputs["secret_fingerprint"] = _UNKNOWN_SECRET
            if "secret_generation" in inputs:
                outputs["secret_generation"] = olds.get("secret_generation", _NO_GENERATION)
            if "secret_key_id" in inputs:
                outputs["secret_key_id"] = olds.get("secret_key_id", "none yet")
        return outputs


# --- pure helpers ----------------------------------------------------------------------------------------------------


def drift_in(outputs: Mapping[str, Any], identity: Identity, observed: Observed) -> dict[str, Any]:
    """The inputs whose observed value differs from the state's, with the observed value; empty without drift.

    What is masked, or was not declared, is never drift. A client id that was verified and cannot be seen any more is
    drift to an empty one: the credentials were probably removed, and writing them again does no harm.
    """
    drift: dict[str, Any] = {}
    row, target = observed.row, observed.target
    seen_client_id = (target and target.client_id) or (row and row.visible_client_id)
    if seen_client_id:
        if not same_client(seen_client_id, str(outputs.get("client_id"))):
            drift["client_id"] = seen_client_id.lower()
    elif (
        target is not None
        and status_without_target(identity, row) is None
        and str(outputs.get("status")).startswith(VERIFIED)
    ):
        drift["client_id"] = ""
    if target is not None and target.redirect_uri and target.redirect_uri not in outputs.get("redirect_uris", ()):
        drift["redirect_uris"] = [target.redirect_uri]
    if row is not None:
        if outputs.get("is_active") is not None and outputs["is_active"] != row.is_active:
            drift["is_active"] = row.is_active
        declared = outputs.get("permissions")
        if declared is not None and set(declared) != set(row.permissions):
            drift["permissions"] = row.permissions
        if outputs.get("scope_overrides") is not None and dict(outputs["scope_overrides"]) != row.scope_overrides:
            drift["scope_overrides"] = row.scope_overrides
    return drift


def _seen(outputs: Mapping[str, Any], observed: Observed) -> dict[str, Any]:
    """The outputs that say what Unified.to uses, as observed; those that cannot be observed stay as they were, and so
    does the word of a change that no `up` has mended yet."""
    status = str(outputs.get("status"))
    lasts = status.startswith(CHANGED)
    if observed.row is not None and observed.status == VERIFIED:
        lasts = lasts or status == secret_unseen(observed.row.updated_at)
    seen: dict[str, Any] = {"status": status if lasts else observed.status}
    if observed.row is not None:
        seen["active"] = observed.row.is_active
    if observed.target is not None:
        seen["registered_client_id"] = observed.target.client_id or ""
        seen["registered_redirect_uri"] = observed.target.redirect_uri or ""
    return seen


def _changed(olds: Mapping[str, Any], news: Mapping[str, Any], keys: Sequence[str]) -> list[str]:
    """The keys whose value differs or is not known yet."""
    return [key for key in keys if contains_unknowns(news.get(key)) or _differ(key, olds.get(key), news.get(key))]


def _differ(key: str, old: Any, new: Any) -> bool:
    if key in _SETS and old is not None and new is not None:
        return set(old) != set(new)
    return bool(old != new)


_SETS: Final = frozenset({"permissions", "redirect_uris"})
"""Lists in which the order says nothing."""


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
    return {key: properties[key] for key in INPUT_KEYS if properties.get(key) is not None}


def _without_provider(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in properties.items() if key != "__provider"}


def _is_manual(properties: Mapping[str, Any]) -> bool:
    return properties.get("mode") == "manual"


def _say(line: str) -> None:
    """A line for the user: Pulumi shows what the provider process prints."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
