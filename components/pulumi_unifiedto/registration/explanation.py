"""What a registration will meet, and why there is none: words for a user, from what Unified.to shows."""

from __future__ import annotations

import difflib
from collections.abc import Callable

from ..errors import (
    RegistrationMissing,
    UnifiedtoError,
    UnknownEnvironment,
    UnknownIntegrationType,
    WorkspaceNotFound,
)
from ..unified.rows import Row
from .merge import require_no_loss
from .remote_registration import RemoteRegistration


def look_ahead(remote: RemoteRegistration, *, is_active: bool | None) -> None:
    """Raises what a first registration would meet and can be known before its client exists: a refused key, an API
    that cannot be reached, no row, several, another workspace's, other credentials that would be lost.

    is_active: as declared. Costs a share in one list for all registrations of the environment.
    """
    row = remote.find_shared()
    if row is None:
        raise explain_missing(remote)
    require_no_loss(row, remote.identity)
    mention_inactive(remote, row, is_active)


def mention_inactive(remote: RemoteRegistration, row: Row, declared: bool | None) -> None:
    """Says that an integration which is not active stays so unless the program declares otherwise."""
    if declared is None and not row.is_active:
        remote.say(
            "is not active at Unified.to and stays so, so nobody can sign in through it: set isActive: true on this "
            "registration to activate it."
        )


def explain_missing(remote: RemoteRegistration) -> UnifiedtoError:
    """Why there is no row: asks for the names of environments and types, as a run that goes well does not."""
    api, identity = remote.api, remote.identity
    questions: tuple[Callable[[], None], ...] = (
        lambda: _require(identity.environment, api.environments(), UnknownEnvironment),
        lambda: _require(identity.integration_type, api.integration_types(), UnknownIntegrationType),
        lambda: api.require_workspace(identity.workspace_id),
    )
    for ask in questions:
        try:
            ask()
        except (UnknownEnvironment, UnknownIntegrationType, WorkspaceNotFound) as unknown:
            return unknown
        except UnifiedtoError:
            continue  # where the names cannot be had, the explanation must not hide what it explains
    return RegistrationMissing(**identity.names, dashboard_url=api.dashboard_url)


def _require(name: str, known: list[str], error: type[UnknownEnvironment | UnknownIntegrationType]) -> None:
    """Raises the error for a name that is not among those that are known, if any are."""
    if known and name not in known:
        lowered = {candidate.lower(): candidate for candidate in known}
        near = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.6)
        raise error(name=name, known=known, suggestion=lowered[near[0]] if near else None)
