"""Unified.to's workspace integrations as its API shows and takes them. No network."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from ..secret_text import SecretText

DEFAULT_ENVIRONMENT: Final = "Production"
MOCKED_ENVIRONMENT: Final = "Sandbox"
"""Its data and credentials are mocked (documented: https://docs.unified.to/concepts/sandbox); it gives no authorization
URL (assumed), so nothing can be verified there."""

_GUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

OWN_AUTH_KEYS: Final = frozenset({"client_id", "client_secret"})


def is_guid(text: str) -> bool:
    """Whether a text is a GUID, in any case."""
    return _GUID.fullmatch(text.lower()) is not None


def same_client(one: str, other: str) -> bool:
    """Whether two application (client) ids are the same: GUIDs count in any case."""
    return one.lower() == other.lower()


@dataclass(frozen=True)
class Identity:
    """What makes a registration this one and no other, and the API address at which it is reached.

    Another address of the same workspace (a custom domain) leads to the same registration.
    """

    api_url: str
    workspace_id: str
    environment: str
    integration_type: str

    def __str__(self) -> str:
        return f'"{self.integration_type}" in environment "{self.environment}"'

    @property
    def key(self) -> str:
        return "/".join((self.workspace_id, self.environment, self.integration_type))

    @property
    def names(self) -> dict[str, str]:
        """Type and environment, as the errors of the catalogue take them."""
        return {"integration_type": self.integration_type, "environment": self.environment}

    @property
    def is_mocked(self) -> bool:
        return self.environment == MOCKED_ENVIRONMENT

    def fingerprint(self, secret: SecretText) -> str:
        """A keyed hash that tells two secrets apart without giving either away; differs between registrations.

        HMAC-SHA256, 32 hexadecimal digits. A secret made by Entra has 40 random characters, so it cannot be guessed
        from its hash.
        """
        return hmac.new(self.key.encode(), secret.reveal().encode(), hashlib.sha256).hexdigest()[:32]


@dataclass(frozen=True)
class Row:
    """A workspace integration as a list shows it, without its credentials.

    `fields`: everything but `auth`, as shown. `updated_at`: when it was written last, in Unified.to's own words; empty
    where that is not shown. `auth_keys`: names of the keys of `auth` that are not empty. `visible_client_id`: the
    client id where it is shown unmasked, else None.
    """

    fields: Mapping[str, Any]
    id: str
    workspace_id: str | None
    integration_type: str
    environment: str
    is_active: bool
    updated_at: str
    permissions: list[str]
    scope_overrides: dict[str, str]
    is_in_vault: bool
    auth_keys: frozenset[str]
    visible_client_id: str | None

    @classmethod
    def parse(cls, shown: Any) -> Row:
        """Raises ValueError, in words, for what is no row."""
        if not isinstance(shown, dict):
            raise ValueError("it holds something else than objects")
        for name in ("id", "integration_type"):
            if not isinstance(shown.get(name), str) or not shown[name]:
                raise ValueError(f"a row has no {name}")
        auth = shown.get("auth")
        held = {key: value for key, value in auth.items() if value} if isinstance(auth, dict) else {}
        client_id = held.get("client_id")
        return cls(
            fields=MappingProxyType({name: value for name, value in shown.items() if name != "auth"}),
            id=shown["id"],
            workspace_id=_text(shown, "workspace_id") or None,
            integration_type=shown["integration_type"],
            environment=_text(shown, "environment") or DEFAULT_ENVIRONMENT,
            is_active=shown.get("is_active") is True,
            updated_at=_text(shown, "updated_at"),
            permissions=list(shown.get("permissions") or ()),
            scope_overrides=dict(shown.get("overriden_scopes") or {}),
            is_in_vault=bool(shown.get("secretsmanager_id") or shown.get("secretsmanager_key")),
            auth_keys=frozenset(held),
            visible_client_id=client_id if isinstance(client_id, str) and is_guid(client_id) else None,
        )

    def is_changed_since(self, noted: str) -> bool:
        """Whether it was written after a time that Unified.to noted before; false where either is not known."""
        return bool(noted and self.updated_at) and self.updated_at != noted

    def is_of(self, identity: Identity) -> bool:
        return self.environment == identity.environment and self.integration_type == identity.integration_type


def _text(shown: Mapping[str, Any], name: str) -> str:
    value = shown.get(name)
    return value if isinstance(value, str) else ""


@dataclass(frozen=True)
class Body:
    """The body of a PUT: `fields` in clear, `auth` as secrets until the moment of sending."""

    fields: Mapping[str, Any]
    auth: Mapping[str, SecretText]

    def to_json(self) -> dict[str, Any]:
        """The body with its secrets in clear, for the one place that sends it."""
        return {**self.fields, "auth": {key: value.reveal() for key, value in self.auth.items()}}


@dataclass(frozen=True)
class Target:
    """Where an authorization would send a user's browser. `problem`: why there is no such place to compare, else None.

    `client_id` and `redirect_uri` are None where the URL does not name them.
    """

    client_id: str | None = None
    redirect_uri: str | None = None
    problem: str | None = None
    remote_code: str | None = None
    request_id: str | None = None
