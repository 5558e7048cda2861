"""An integration row of the emulated workspace, and what its body may hold.

Field names and types: published model (unified-react-integrations-directory ``src/models``, Unified-python-sdk
0.61.5). The model page announces 23 fields of which 21 are known, so a row carries whatever else it was given.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.unifiedto.errors import invalid

JsonObject = dict[str, Any]

_STRINGS = frozenset(
    {
        "api_url",
        "authorize_url",
        "base_url",
        "environment",
        "integration_type",
        "refresh_url",
        "secretsmanager_id",
        "secretsmanager_key",
        "token_url",
    }
)
_BOOLEANS = frozenset({"is_active", "prompt_region", "use_unified_redirect"})
_STRING_LISTS = frozenset({"categories", "permissions"})
_AUTH_TYPES = ("oauth2", "other", "token")

SERVER_FIELDS = frozenset({"id", "workspace_id", "created_at", "updated_at"})
"""Fields that the server sets. A body may name the row's own ``id`` and ``workspace_id``, but not other ones."""

KNOWN_FIELDS = _STRINGS | _BOOLEANS | _STRING_LISTS | SERVER_FIELDS | {"auth", "auth_type", "overriden_scopes"}

AUTH_KEYS = frozenset(
    {
        "client_id",
        "client_secret",
        "consumer_key",
        "consumer_secret",
        "dev_api_key",
        "key",
        "pem",
        "saml_idp_entity_id",
        "saml_idp_url",
        "saml_pem",
    }
)


def new_id() -> str:
    """A fresh 24-digit hexadecimal id, the form that workspace ids have."""
    return secrets.token_hex(12)


@dataclass(frozen=True)
class Row:
    """One workspace integration. ``fields``: all but ``auth``, unknown ones included; ``auth`` in clear, None when
    there is none.

    Its ``repr`` shows no credential.
    """

    fields: JsonObject
    auth: JsonObject | None = field(default=None, repr=False)

    @property
    def id(self) -> str:
        return str(self.fields["id"])

    @property
    def integration_type(self) -> str:
        return str(self.fields["integration_type"])

    @property
    def environment(self) -> str:
        return str(self.fields.get("environment") or "Production")

    @property
    def is_active(self) -> bool:
        return self.fields.get("is_active") is True

    @property
    def client_id(self) -> str:
        """The registered application (client) id, empty when there is none."""
        return str((self.auth or {}).get("client_id") or "")

    @property
    def client_secret(self) -> str:
        return str((self.auth or {}).get("client_secret") or "")


def check_body(body: object) -> JsonObject:
    """The body of a POST or PUT as an object of the published model.

    Raises ``UnifiedRefusal`` 400 when ``integration_type`` or ``is_active`` is missing (documented as required,
    status assumed) or when a known field has the wrong type. Messages name fields, never values.
    """
    if not isinstance(body, dict):
        raise invalid("body must be a JSON object")
    for required in ("integration_type", "is_active"):
        if body.get(required) is None:
            raise invalid(f"{required} is required")
    for name, value in body.items():
        problem = _problem_with_field(name, value)
        if problem:
            raise invalid(f"{name} {problem}")
    return body


def check_edit(changes: JsonObject) -> JsonObject:
    """Fields that a person sets by hand. Raises ``UnifiedRefusal`` 400 for those that only the server sets, and for
    values of the wrong type."""
    for name, value in changes.items():
        problem = "cannot be changed" if name in SERVER_FIELDS else _problem_with_field(name, value)
        if problem:
            raise invalid(f"{name} {problem}")
    return changes


def _problem_with_field(name: str, value: object) -> str | None:
    if value is None:
        return None
    if name in _STRINGS and not isinstance(value, str):
        return "must be a string"
    if name in _BOOLEANS and not isinstance(value, bool):
        return "must be a boolean"
    if name in _STRING_LISTS and not _is_string_list(value):
        return "must be an array of strings"
    if name == "overriden_scopes" and not _is_string_map(value):
        return "must map permissions to scope strings"
    if name == "auth_type" and value not in _AUTH_TYPES:
        return "must be one of: " + ", ".join(_AUTH_TYPES)
    if name == "refresh_url" and value and not str(value).startswith(("https://", "http://")):
        return "must be a URI"
    if name == "auth":
        if not isinstance(value, dict):
            return "must be an object"
        if not all(item is None or isinstance(item, str) for key, item in value.items() if key in AUTH_KEYS):
            return "must hold strings"
    return None


def _is_string_list(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_string_map(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(k, str) and isinstance(v, str) for k, v in value.items())
