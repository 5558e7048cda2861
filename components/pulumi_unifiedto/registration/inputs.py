"""The inputs of a registration: normalised, judged, and as typed values. No network.

Unknown values (of a preview) are passed on untouched and not judged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from pulumi.runtime.rpc import contains_unknowns

from ..entra.redirect_uris import validate_redirect_uris
from ..errors import InvalidChoice, InvalidInput, InvalidWorkspaceId, UnifiedtoError
from ..program.arguments import is_known, spelling
from ..secret_text import SecretText
from ..unified.addresses import REGIONS, normal_api_url, redirect_uri_for
from ..unified.rows import DEFAULT_ENVIRONMENT, MOCKED_ENVIRONMENT, Identity, is_guid
from .merge import HINT_LENGTH, MODES, ON_DELETE, Desired

IDENTITY_KEYS: Final[tuple[str, ...]] = ("workspace_id", "environment", "integration_type")
"""A change of one of these is another registration: the resource is replaced."""

REMOTE_KEYS: Final[tuple[str, ...]] = (
    "api_url",
    "client_id",
    "client_secret",
    "redirect_uris",
    "is_active",
    "permissions",
    "scope_overrides",
    "auth_extras",
)
"""A change of one of these is written to Unified.to, and verified."""

LOCAL_KEYS: Final[tuple[str, ...]] = (
    "secret_generation",
    "secret_key_id",
    "on_delete",
    "mode",
    "create_if_missing",
    "drop_unknown_fields",
    "entered_secret",
)
"""A change of one of these is only remembered."""

INPUT_KEYS: Final[tuple[str, ...]] = (*IDENTITY_KEYS, *REMOTE_KEYS, *LOCAL_KEYS)

ORIGINAL_ENVIRONMENTS: Final = frozenset({DEFAULT_ENVIRONMENT, MOCKED_ENVIRONMENT})
"""Exist in every workspace from the start (documented: https://unified.to/blog
`set_environments_for_your_unified_workspace`)."""

WELL_KNOWN_TYPES: Final = frozenset(
    {
        "microsoft",
        "microsoft_ad",
        "microsoftsharepoint",
        "microsoftonedrive",
        "microsoftoutlook",
        "microsoftplanner",
        "microsoftteamsbot",
        "microsofttodo",
        "microsoftbookings",
        "microsoftonenote",
        "microsoftteamsmeetingbot",
    }
)
"""Microsoft's integration types (documented: https://docs.unified.to/integrations/<type>). No limit: any other name is
looked up in Unified.to's catalogue before it is used; for these that call is saved."""

_WORKSPACE_ID: Final = re.compile(r"[0-9A-Za-z_-]{4,64}")
"""Workspace ids seen in Unified.to's documentation are 24 hexadecimal digits; no format is documented, so only what
could never be one is refused (assumed)."""

_TYPE: Final = re.compile(r"[0-9a-z_-]{2,64}")
_DEFAULTS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "api_url": REGIONS["us"],
        "environment": DEFAULT_ENVIRONMENT,
        "on_delete": "restore",
        "mode": "api",
        "create_if_missing": False,
        "drop_unknown_fields": False,
    }
)
_REQUIRED: Final = ("workspace_id", "integration_type", "client_id", "client_secret")


def normalise(news: Mapping[str, Any]) -> tuple[dict[str, Any], list[UnifiedtoError]]:
    """The inputs as they are stored and compared, and what is wrong with them.

    Defaults are filled in, GUIDs are in lower case, whole numbers are int, absent values are left out.
    """
    inputs: dict[str, Any] = {key: news[key] for key in INPUT_KEYS if news.get(key) is not None}
    for key, default in _DEFAULTS.items():
        inputs.setdefault(key, default)
    faults: list[UnifiedtoError] = [
        InvalidInput(name=spelling(key), reason="it is missing") for key in _REQUIRED if key not in inputs
    ]
    for key, judge in _JUDGES.items():
        if key not in inputs or contains_unknowns(inputs[key]):
            continue
        try:
            inputs[key] = judge(inputs[key])
        except UnifiedtoError as fault:
            faults.append(fault)
    if "redirect_uris" not in inputs and isinstance(inputs["api_url"], str) and not faults:
        inputs["redirect_uris"] = [redirect_uri_for(inputs["api_url"])]
    return inputs, faults


def judge_known(inputs: Mapping[str, Any]) -> None:
    """Raises the error for the first input that is at fault, as far as inputs are there and known already.

    For a program that has not declared anything yet; `normalise` says the same once Pulumi knows all values.
    """
    for key, judge in _JUDGES.items():
        if key in inputs and is_known(inputs[key]):
            judge(inputs[key])


def identity_of(properties: Mapping[str, Any]) -> Identity | None:
    """The identity in inputs or outputs; None where a part of it is not known."""
    parts = [properties.get(key) for key in ("api_url", *IDENTITY_KEYS)]
    if not all(isinstance(part, str) and part for part in parts):
        return None
    return Identity(*(str(part) for part in parts))


def is_confirmed(properties: Mapping[str, Any]) -> bool:
    """Manual mode: whether a person has said that the client secret of these inputs is the one that was entered."""
    return properties.get("entered_secret") == str(properties["client_secret"])[:HINT_LENGTH]


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
        auth_extras={key: SecretText(value) for key, value in (properties.get("auth_extras") or {}).items()},
        drop_unknown_fields=bool(properties.get("drop_unknown_fields")),
    )


# --- one judge for each input: the normal value, or an error ----------------------------------------------------------


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(name=name, reason="it is empty or not a text")
    return value


def valid_workspace_id(value: Any) -> str:
    """The id without white space around it; raises InvalidWorkspaceId for what cannot be one, such as a URL."""
    text = value.strip() if isinstance(value, str) else ""
    if not _WORKSPACE_ID.fullmatch(text):
        raise InvalidWorkspaceId(
            workspace_id=text, reason="an id has 4 to 64 letters, digits, hyphens or underscores and nothing else"
        )
    return text


def _integration_type(value: Any) -> str:
    text = _text("integrationType", value).strip()
    if not _TYPE.fullmatch(text):
        raise InvalidInput(
            name="integrationType",
            reason="it holds other characters than small letters, digits and underscores",
            next_step="Use the last part of the integration's address in the dashboard, such as microsoft_ad.",
        )
    return text


def _client_id(value: Any) -> str:
    text = _text("clientId", value).strip().lower()
    if not is_guid(text):
        raise InvalidInput(
            name="clientId",
            reason="it is not a GUID",
            next_step="Use the Application (client) ID that Entra shows on the app registration's overview page.",
        )
    return text


def _client_secret(value: Any) -> str:
    text = _text("clientSecret", value)
    if text != text.strip():
        raise InvalidInput(name="clientSecret", reason="it begins or ends with white space")
    if is_guid(text):
        raise InvalidInput(
            name="clientSecret",
            reason="it is a GUID, so it is the secret's ID and not its value",
            next_step="Use the column Value of Certificates & secrets; Entra shows it only when the secret is made.",
        )
    return text


def _redirect_uris(value: Any) -> list[str]:
    uris = _texts("redirectUris", value)
    validate_redirect_uris(uris)
    return uris


def _texts(name: str, value: Any) -> list[str]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) and item for item in value):
        raise InvalidInput(name=name, reason="it is not a list of texts")
    return list(value)


def _text_map(name: str, value: Any, *, may_be_empty: bool) -> dict[str, str]:
    if not isinstance(value, dict) or not all(
        isinstance(key, str) and isinstance(item, str) and (item or may_be_empty) for key, item in value.items()
    ):
        raise InvalidInput(name=name, reason="it does not map names to texts")
    return dict(value)


def _auth_extras(value: Any) -> dict[str, str]:
    extras = _text_map("authExtras", value, may_be_empty=True)
    for key in ("client_id", "client_secret"):
        if key in extras:
            raise InvalidInput(name="authExtras", reason=f"it holds {key}, which is an input of its own")
    return extras


def _entered_secret(value: Any) -> str:
    text = _text("enteredSecret", value).strip()
    if len(text) != HINT_LENGTH:
        raise InvalidInput(
            name="enteredSecret",
            reason=f"it has {len(text)} characters instead of {HINT_LENGTH}",
            next_step=f"Give the first {HINT_LENGTH} characters of the client secret that was entered, and no more.",
        )
    return text


def _flag(name: str) -> Callable[[Any], bool]:
    def judge(value: Any) -> bool:
        if not isinstance(value, bool):
            raise InvalidInput(name=name, reason="it is neither true nor false")
        return value

    return judge


def _choice(name: str, allowed: tuple[str, ...]) -> Callable[[Any], str]:
    def judge(value: Any) -> str:
        if value not in allowed:
            raise InvalidChoice(name=name, value=str(value)[:40], allowed=allowed)
        return str(value)

    return judge


def _generation(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value):
        raise InvalidInput(name="secretGeneration", reason="it is not a whole number")
    return int(value)


_JUDGES: Final[Mapping[str, Callable[[Any], Any]]] = MappingProxyType(
    {
        "api_url": lambda value: normal_api_url(_text("apiUrl", value)),
        "workspace_id": valid_workspace_id,
        "environment": lambda value: _text("environment", value).strip(),
        "integration_type": _integration_type,
        "client_id": _client_id,
        "client_secret": _client_secret,
        "redirect_uris": _redirect_uris,
        "is_active": _flag("isActive"),
        "permissions": lambda value: _texts("permissions", value),
        "scope_overrides": lambda value: _text_map("scopeOverrides", value, may_be_empty=False),
        "auth_extras": _auth_extras,
        "secret_generation": _generation,
        "secret_key_id": lambda value: _text("secretKeyId", value),
        "on_delete": _choice("onDelete", ON_DELETE),
        "mode": _choice("mode", MODES),
        "create_if_missing": _flag("createIfMissing"),
        "drop_unknown_fields": _flag("dropUnknownFields"),
        "entered_secret": _entered_secret,
    }
)
