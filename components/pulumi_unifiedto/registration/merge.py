"""What a registration is and what follows from it: pure decisions, no network.

Unified.to calls the object a *workspace integration*: one row for each workspace, environment and integration type,
which holds the OAuth client. What is not known about its API carries a number, U1 to U15 (docs/unknowns.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..errors import AmbiguousRegistration, AuthKeysWouldBeLost, WorkspaceMismatch
from ..secret_text import SecretText
from ..unified.rows import OWN_AUTH_KEYS, Body, Identity, Row, Target, same_client

VERIFIED: Final = "verified"
WAITING: Final = "waiting for a person: it has to be entered by hand, as the run that said so explains (UNI215)"
CHANGED: Final = "not verified: changed since the last up"
"""Values of the `status` output, the last one followed by what has changed. Others begin with "not verified"."""

HINT_LENGTH: Final = 3
"""Characters at the beginning of a client secret that Entra shows to everybody who may see the application
(documented: https://learn.microsoft.com/graph/api/resources/passwordcredential)."""
_READ_ONLY: Final = frozenset({"created_at", "updated_at"})
_DERIVED: Final = frozenset({"categories"})
"""Follow from the permissions (documented), so a change of theirs means nothing."""


@dataclass(frozen=True)
class Desired:
    """What a registration shall hold. None means: as found."""

    client_id: str
    client_secret: SecretText
    redirect_uris: tuple[str, ...]
    is_active: bool | None = None
    permissions: tuple[str, ...] | None = None
    scope_overrides: Mapping[str, str] | None = None


# --- choosing the row ------------------------------------------------------------------------------------------------


def choose_row(rows: Iterable[Row], identity: Identity, *, known_id: str | None = None) -> Row | None:
    """The registration among all rows listed; None when there is none (U1, U9).

    known_id: the row that the state knows; it is chosen before others (U2).
    Raises AmbiguousRegistration for several, WorkspaceMismatch when the key opens another workspace.
    """
    found = {row.id: row for row in rows if row.is_of(identity)}
    for row in found.values():
        if row.workspace_id not in (None, identity.workspace_id):
            raise WorkspaceMismatch(declared=identity.workspace_id, found=row.workspace_id or "")
    if known_id in found:
        return found[known_id]
    if len(found) > 1:
        raise AmbiguousRegistration(**identity.names, row_ids=sorted(found))
    return next(iter(found.values()), None)


# --- what is written -------------------------------------------------------------------------------------------------


def merged_body(row: Row, identity: Identity, desired: Desired) -> Body:
    """The whole body of a PUT: the row as found, then what is declared (U4, U5, U10).

    Raises AuthKeysWouldBeLost where the row holds other credentials.
    """
    require_no_loss(row, identity)
    kept = {name: value for name, value in row.fields.items() if value is not None and name not in _READ_ONLY}
    declared: dict[str, Any] = {
        "integration_type": identity.integration_type,
        "environment": identity.environment,
        "is_active": row.is_active if desired.is_active is None else desired.is_active,
    }
    if desired.permissions is not None:
        declared["permissions"] = list(desired.permissions)
    if desired.scope_overrides is not None:
        declared["overriden_scopes"] = dict(desired.scope_overrides)
    auth = {"client_id": SecretText(desired.client_id), "client_secret": desired.client_secret}
    return Body({**kept, **declared}, auth)


def require_no_loss(row: Row, identity: Identity) -> None:
    """Raises AuthKeysWouldBeLost where the row holds credentials besides id and secret: they cannot be read, so they
    could not be sent back (U5)."""
    endangered = sorted(row.auth_keys - OWN_AUTH_KEYS)
    if endangered:
        raise AuthKeysWouldBeLost(**identity.names, keys=endangered)


# --- what was found afterwards ---------------------------------------------------------------------------------------


def differences(desired: Desired, row: Row | None, target: Target | None) -> dict[str, Any]:
    """The options that Unified.to uses or shows otherwise than declared, with its value.

    What is masked (U5), not declared or not to be seen does not differ. target: what an authorization would use (U11,
    U15); its client id comes before that of the row.
    """
    found: dict[str, Any] = {}
    client_id = seen_client_id(row, target)
    if client_id and not same_client(client_id, desired.client_id):
        found["client_id"] = client_id.lower()
    if target is not None and target.redirect_uri and target.redirect_uri not in desired.redirect_uris:
        found["redirect_uris"] = [target.redirect_uri]
    if row is not None:
        if desired.is_active not in (None, row.is_active):
            found["is_active"] = row.is_active
        if desired.permissions is not None and set(desired.permissions) != set(row.permissions):
            found["permissions"] = row.permissions
        if desired.scope_overrides is not None and dict(desired.scope_overrides) != row.scope_overrides:
            found["scope_overrides"] = row.scope_overrides
    return found


def seen_client_id(row: Row | None, target: Target | None) -> str | None:
    """The client id that Unified.to uses, as far as it can be seen."""
    if target is not None and target.client_id:
        return target.client_id
    return row.visible_client_id if row is not None else None


def in_words(found: Mapping[str, Any], desired: Desired) -> list[str]:
    """What `differences` has found, for a message."""
    return [f"{name} is {value} instead of {_shown(getattr(desired, name))}" for name, value in found.items()]


def _shown(wanted: Any) -> Any:
    return list(wanted) if isinstance(wanted, tuple) else wanted


def fields_changed_meanwhile(sent: Body, row: Row) -> list[str]:
    """Names of the fields that were sent back as found, and that the row now shows otherwise (U14): somebody else wrote
    at the same moment, or Unified.to does not keep them."""
    shown = {**row.fields, "environment": row.environment}
    return sorted(
        name for name, value in sent.fields.items() if name not in _DERIVED and not _same(value, shown.get(name))
    )


def _same(sent: Any, shown: Any) -> bool:
    if isinstance(sent, list) and isinstance(shown, list):
        return sorted(map(repr, sent)) == sorted(map(repr, shown))
    # What is empty may come back as missing.
    return bool(sent == shown) or (not sent and not shown)


def status_of(identity: Identity, row: Row | None, target: Target | None) -> str:
    """The `status` output: "verified", or why not."""
    if target is not None and target.problem is None:
        return VERIFIED if target.redirect_uri else "not verified: the authorization URL names no redirect URI"
    excuse = status_without_target(identity, row)
    return excuse or f"not verified: {target.problem if target else 'nothing could be compared'}"


def status_without_target(identity: Identity, row: Row | None) -> str | None:
    """Why a registration cannot be verified by its authorization URL; None where it can.

    The URL of an inactive integration says nothing about our client: Unified.to may give its own, or none (U11).
    """
    if identity.is_mocked:
        return "not verified: Sandbox mocks credentials and gives no authorization URL"
    if row is not None and not row.is_active:
        return "not verified: not active (isActive)"
    return None


def secret_unseen(updated_at: str) -> str:
    """The status after a new secret that was accepted while the time of the row's last change stayed the same."""
    return f"{VERIFIED}, except for the secret: Unified.to notes no change since {updated_at}"
