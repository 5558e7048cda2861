"""What a refresh finds of a registration, and how that differs from what the state says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..unified.rows import Row, Target
from .merge import (
    CHANGED,
    VERIFIED,
    Desired,
    differences,
    secret_unseen,
    seen_client_id,
    status_of,
    status_without_target,
)
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


def drift_in(desired: Desired, status: str, observed: Observed) -> dict[str, Any]:
    """The inputs whose observed value differs from the state's, with the observed value; empty without drift.

    A client id that was verified (`status`) and cannot be seen any more is drift to an empty one: the credentials were
    probably removed, and writing them again does no harm.
    """
    drift = differences(desired, observed.row, observed.target)
    can_be_seen = observed.target is None or seen_client_id(observed.row, observed.target)
    if not can_be_seen and status.startswith(VERIFIED):
        drift["client_id"] = ""
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
