"""The options of a registration: the one place where each is declared. No network.

To add one: its annotation and description in an argument class, and its line in `OPTIONS`. The configuration, the
provider's checks and comparisons, and the README's table follow.
"""

# The analyzer that describes components to other languages reads annotations at run time, so they stay plain here.
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypedDict

import pulumi
from pulumi.runtime.rpc import contains_unknowns
from typing_extensions import NotRequired

from ..entra.limits import normal_client_id
from ..entra.redirect_uris import validate_redirect_uris
from ..errors import InvalidInput, UnifiedtoError
from ..program.arguments import is_known, spelling, why_unfit
from ..secret_text import SecretText
from ..unified.addresses import REGIONS, normal_api_url, redirect_uri_for
from ..unified.rows import DEFAULT_ENVIRONMENT, Identity, is_guid
from .merge import HINT_LENGTH, Desired


class RegistrationArgs(TypedDict):
    """One integration in one environment of the Unified.to workspace."""

    integration_type: str
    """Unified.to's name of the integration, such as `microsoft_ad` or `microsoftoutlook`."""

    environment: NotRequired[str]
    """Environment of the workspace."""

    is_active: NotRequired[pulumi.Input[bool]]
    """Whether the integration is active; left as found when absent."""

    permissions: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Unified.to's permissions that an authorization asks for; left as found when absent."""

    scope_overrides: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """Microsoft scopes for each Unified.to permission; left as found when absent."""

    on_delete: NotRequired[pulumi.Input[str]]
    """What a removal does with the integration: `deactivate` it, or `keep` it as it is."""

    mode: NotRequired[pulumi.Input[str]]
    """`api`, or `manual`: the stack says what to enter in the dashboard, and verifies the result."""

    entered_secret: NotRequired[pulumi.Input[str]]
    """Manual mode: the first three characters of the client secret that was entered."""


class WorkspaceIntegrationArgs(RegistrationArgs):
    """Arguments of `WorkspaceIntegration`."""

    workspace_id: pulumi.Input[str]
    """Id of the Unified.to workspace."""

    client_id: pulumi.Input[str]
    """Application (client) id of the OAuth client."""

    client_secret: pulumi.Input[str]
    """Client secret that Unified.to uses at a sign-in."""

    api_url: NotRequired[pulumi.Input[str]]
    """Base URL of Unified.to's API."""

    redirect_uris: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Redirect URIs of the app registration besides the API address's own; Unified.to has to use one of them."""

    secret_generation: NotRequired[pulumi.Input[int]]
    """Number of the client secret; an output once the secret is registered."""

    secret_key_id: NotRequired[pulumi.Input[str]]
    """Key id of the client secret in Entra; an output once the secret is registered."""

    secret_proven_at: NotRequired[pulumi.Input[str]]
    """When Entra accepted the client secret, UTC: another time than before says that it was proven in this run."""


@dataclass(frozen=True)
class Option:
    """How an option is checked, and what a change of it does.

    validate: takes the name that a user knows and the value; returns the normal value, or raises an error of the
    catalogue. change: `replace` makes it another registration, `write` writes to Unified.to and verifies, `remember`
    only changes the state. default: None for none. is_set: the order of its values says nothing.
    """

    validate: Callable[[str, Any], Any]
    change: Literal["replace", "write", "remember"]
    default: Any = None
    is_set: bool = False


# --- validators: the normal value, or an error ------------------------------------------------------------------------

_WORKSPACE_ID: Final = re.compile(r"[0-9A-Za-z_-]{4,64}")
"""Workspace ids seen in Unified.to's documentation are 24 hexadecimal digits; no format is documented, so only what
could never be one is refused (assumed)."""

_TYPE: Final = re.compile(r"[0-9a-z_-]{2,64}")


def _of_type(declared: Any) -> Callable[[str, Any], Any]:
    def validate(name: str, value: Any) -> Any:
        if reason := why_unfit(value, declared):
            raise InvalidInput(name=name, reason=reason)
        return int(value) if declared is int else value

    return validate


_strings: Final = _of_type(Sequence[str])


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(name=name, reason="it must be a string that is not empty")
    return value.strip()


def _workspace_id(name: str, value: Any) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if not _WORKSPACE_ID.fullmatch(text):
        raise InvalidInput(
            name=name,
            value=text if len(text) <= 16 else f"{text[:6]}...",  # a key may have been pasted by mistake
            reason="an id has 4 to 64 letters, digits, hyphens or underscores and nothing else",
            next_step="Copy the workspace id from the dashboard, Settings, API: pulumi config set workspaceId <id>.",
        )
    return text


def _integration_type(name: str, value: Any) -> str:
    text = _text(name, value)
    if not _TYPE.fullmatch(text):
        raise InvalidInput(
            name=name,
            reason="it must consist of small letters, digits, hyphens and underscores",
            next_step="Use the last part of the integration's address in the dashboard, such as microsoft_ad.",
        )
    return text


def _client_secret(name: str, value: Any) -> str:
    if value != (text := _text(name, value)):
        raise InvalidInput(name=name, reason="it begins or ends with white space")
    if is_guid(text):
        raise InvalidInput(
            name=name,
            reason="it is a GUID, so it is the secret's ID and not its value",
            next_step="Use the column Value of Certificates & secrets; Entra shows it only when the secret is made.",
        )
    return text


def _redirect_uris(name: str, value: Any) -> list[str]:
    uris: list[str] = _strings(name, value)
    if uris:
        validate_redirect_uris(uris)
    return uris


def _entered_secret(name: str, value: Any) -> str:
    text = _text(name, value)
    if len(text) != HINT_LENGTH:
        raise InvalidInput(
            name=name,
            reason=f"it has {len(text)} characters instead of {HINT_LENGTH}",
            next_step=f"Give the first {HINT_LENGTH} characters of the client secret that was entered, and no more.",
        )
    return text


def _one_of(*allowed: str) -> Callable[[str, Any], str]:
    def validate(name: str, value: Any) -> str:
        if value not in allowed:
            raise InvalidInput(name=name, value=str(value), reason=f"it is not one of {', '.join(allowed)}")
        return str(value)

    return validate


# --- the table --------------------------------------------------------------------------------------------------------

OPTIONS: Final[Mapping[str, Option]] = {
    "api_url": Option(lambda name, value: normal_api_url(_text(name, value)), "write", default=REGIONS["us"]),
    "workspace_id": Option(_workspace_id, "replace"),
    "environment": Option(_text, "replace", default=DEFAULT_ENVIRONMENT),
    "integration_type": Option(_integration_type, "replace"),
    "client_id": Option(lambda name, value: normal_client_id(_text(name, value)), "write"),
    "client_secret": Option(_client_secret, "write"),
    "redirect_uris": Option(_redirect_uris, "write", default=(), is_set=True),
    "is_active": Option(_of_type(bool), "write"),
    "permissions": Option(_strings, "write", is_set=True),
    "scope_overrides": Option(_of_type(Mapping[str, str]), "write"),
    "on_delete": Option(_one_of("deactivate", "keep"), "remember", default="deactivate"),
    "mode": Option(_one_of("api", "manual"), "remember", default="api"),
    "entered_secret": Option(_entered_secret, "remember"),
    "secret_generation": Option(_of_type(int), "remember"),
    "secret_key_id": Option(_text, "remember"),
    "secret_proven_at": Option(_text, "remember"),
}
"""Option by name. An address of the API is no part of the identity: a custom API domain leads to the same workspace."""

IDENTITY_KEYS: Final = tuple(name for name, option in OPTIONS.items() if option.change == "replace")
REMOTE_KEYS: Final = tuple(name for name, option in OPTIONS.items() if option.change == "write")

_REQUIRED: Final = ("workspace_id", "integration_type", "client_id", "client_secret")


# --- inputs -----------------------------------------------------------------------------------------------------------


def normalise(news: Mapping[str, Any]) -> tuple[dict[str, Any], list[UnifiedtoError]]:
    """The inputs as they are stored and compared, and what is wrong with them.

    Defaults are filled in, GUIDs are in lower case, whole numbers are int, absent values are left out, and the API
    address's own redirect URI comes first. Unknown values (of a preview) are passed on unchecked.
    """
    inputs: dict[str, Any] = {}
    faults: list[UnifiedtoError] = []
    for name, option in OPTIONS.items():
        value = option.default if news.get(name) is None else news[name]
        if value is None:
            if name in _REQUIRED:
                faults.append(InvalidInput(name=spelling(name), reason="it is missing"))
            continue
        inputs[name] = value
        if contains_unknowns(value):
            continue
        try:
            inputs[name] = option.validate(spelling(name), value)
        except UnifiedtoError as fault:
            faults.append(fault)
    if not faults and not contains_unknowns([inputs["api_url"], inputs["redirect_uris"]]):
        own = redirect_uri_for(inputs["api_url"])
        inputs["redirect_uris"] = list(dict.fromkeys([own, *inputs["redirect_uris"]]))
    return inputs, faults


def require_valid(inputs: Mapping[str, Any]) -> None:
    """Raises the error for the first input that is at fault, as far as inputs are there and known already.

    For a program that has not declared anything yet; `normalise` says the same once Pulumi knows all values.
    """
    for name, option in OPTIONS.items():
        if name in inputs and is_known(inputs[name]):
            option.validate(spelling(name), inputs[name])


def changed(olds: Mapping[str, Any], news: Mapping[str, Any], names: Sequence[str] = tuple(OPTIONS)) -> list[str]:
    """The options whose value differs or is not known yet."""
    return [
        name for name in names if contains_unknowns(news.get(name)) or _differ(name, olds.get(name), news.get(name))
    ]


def _differ(name: str, old: Any, new: Any) -> bool:
    if OPTIONS[name].is_set and old is not None and new is not None:
        return set(old) != set(new)
    return bool(old != new)


def identity_of(properties: Mapping[str, Any]) -> Identity | None:
    """The identity in inputs or outputs; None where a part of it is not known."""
    parts = [properties.get(key) for key in ("api_url", *IDENTITY_KEYS)]
    if not all(isinstance(part, str) and part for part in parts):
        return None
    return Identity(*(str(part) for part in parts))


def desired_of(properties: Mapping[str, Any]) -> Desired:
    """What the registration shall hold, from inputs or outputs that are all known."""
    permissions, overrides = properties.get("permissions"), properties.get("scope_overrides")
    return Desired(
        client_id=str(properties["client_id"]),
        client_secret=SecretText(str(properties["client_secret"])),
        redirect_uris=tuple(properties.get("redirect_uris") or ()),
        is_active=properties.get("is_active"),
        permissions=None if permissions is None else tuple(permissions),
        scope_overrides=None if overrides is None else dict(overrides),
    )


def is_confirmed(properties: Mapping[str, Any]) -> bool:
    """Manual mode: whether a person has said that the client secret of these inputs is the one that was entered."""
    return properties.get("entered_secret") == str(properties["client_secret"])[:HINT_LENGTH]
