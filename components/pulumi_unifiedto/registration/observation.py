"""What a refresh finds of a registration, and how that differs from what the state says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..unified.rows import Row, Target, same_client
from .merge import CHANGED, VERIFIED, secret_unseen, status_of, status_without_target
from .remote_registration import RemoteRegistration


@dataclass(frozen=True)
class Observed:
    """A registration as it was found. `row`: None in manual mode. `target`: None where there can be none."""

    row: Row | None
    target: Target | None
    status: str


def observe(remote: RemoteRegistration, row_id: str) -> Observed | None:
    """The registration as it is now, for a refresh; None when the row that the state knows is gone.

    Costs a share in one list for all registrations of the environment, and one authorization URL.
    """
    # A missing row is removed from the state, so a list that fails to show it is not believed at once.
    row = remote.find_shared(row_id) or remote.find(row_id)
    if row is None or row.id != row_id:
        # A row that was removed and made anew has other credentials; it is adopted like any other that exists.
        return None
    target = seen_target(remote, row)
    return Observed(row, target, status_of(remote.identity, row, target))


def seen_target(remote: RemoteRegistration, row: Row | None) -> Target | None:
    """Where an authorization leads now, None where that says nothing. A refusal is asked for twice: it would pass for
    removed credentials."""
    if status_without_target(remote.identity, row):
        return None
    target = remote.target()
    return remote.target() if target.problem else target


def drift_in(outputs: Mapping[str, Any], observed: Observed) -> dict[str, Any]:
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
    elif target is not None and str(outputs.get("status")).startswith(VERIFIED):
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


def seen_outputs(outputs: Mapping[str, Any], observed: Observed) -> dict[str, Any]:
    """The outputs that say what Unified.to uses, as observed.

    Those that cannot be observed stay as they were, and so does the word of a change that no `up` has repaired yet.
    """
    status = str(outputs.get("status"))
    lasts = status.startswith(CHANGED)
    seen: dict[str, Any] = {}
    if observed.row is not None:
        lasts = lasts or (observed.status == VERIFIED and status == secret_unseen(observed.row.updated_at))
        seen["active"] = observed.row.is_active
        if observed.row.is_changed_since(str(outputs.get("updated_at") or "")):
            seen["updated_at"] = observed.row.updated_at
    if observed.target is not None:
        seen["registered_client_id"] = observed.target.client_id or ""
        seen["registered_redirect_uri"] = observed.target.redirect_uri or ""
    return {**seen, "status": status if lasts else observed.status}
