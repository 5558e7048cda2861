"""An integration row of the emulated workspace, and what its body may hold.

Field names and types: published model (unified-react-integrations-directory ``src/models``, Unified-python-sdk
0.61.5). The model page announces 23 fields of which 21 are known, so a row carries whatever else it was given.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from pydantic import BaseModel, ConfigDict, ValidationError

from emulator.core.schemas import words_of
from emulator.unifiedto.errors import invalid

JsonObject = dict[str, Any]


class Auth(BaseModel):
    """The credentials of a row."""

    model_config = ConfigDict(strict=True, extra="allow")

    client_id: str | None = None
    client_secret: str | None = None
    consumer_key: str | None = None
    consumer_secret: str | None = None
    dev_api_key: str | None = None
    key: str | None = None
    pem: str | None = None
    saml_idp_entity_id: str | None = None
    saml_idp_url: str | None = None
    saml_pem: str | None = None


class Fields(BaseModel):
    """What a person may set by hand, and any field that no model names."""

    model_config = ConfigDict(strict=True, extra="allow")

    api_url: str | None = None
    auth: Auth | None = None
    auth_type: Literal["oauth2", "other", "token"] | None = None
    authorize_url: str | None = None
    base_url: str | None = None
    categories: list[str] | None = None
    environment: str | None = None
    integration_type: str | None = None
    is_active: bool | None = None
    overriden_scopes: dict[str, str] | None = None
    permissions: list[str] | None = None
    prompt_region: bool | None = None
    refresh_url: str | None = None
    secretsmanager_id: str | None = None
    secretsmanager_key: str | None = None
    token_url: str | None = None
    use_unified_redirect: bool | None = None


class Body(Fields):
    """The body of a PUT (required fields: documented)."""

    integration_type: str
    is_active: bool


SERVER_FIELDS = frozenset({"id", "workspace_id", "created_at", "updated_at"})
"""Fields that the server sets. A body may name the row's own ``id`` and ``workspace_id``, but not other ones."""

KNOWN_FIELDS = SERVER_FIELDS | set(Fields.model_fields)


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
    """The body of a PUT as an object of the published model. Raises ``UnifiedRefusal`` 400 (assumed)."""
    return _checked(Body, body)


def check_edit(changes: JsonObject) -> JsonObject:
    """Fields that a person sets by hand. Raises ``UnifiedRefusal`` 400 for those that only the server sets, and for
    values of the wrong type."""
    fixed = sorted(changes.keys() & SERVER_FIELDS)
    if fixed:
        raise invalid(f"{', '.join(fixed)} cannot be changed")
    return _checked(Fields, changes)


def _checked(model: type[BaseModel], values: object) -> JsonObject:
    """``values`` themselves, if they fit the model. Messages name fields, never values."""
    try:
        model.model_validate(values)
    except ValidationError as error:
        raise invalid(words_of(error)) from None
    return cast("JsonObject", values)
