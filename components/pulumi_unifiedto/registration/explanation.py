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
    remote.api.forget_names()
    return (
        _unknown_environment(remote)
        or _unknown_integration_type(remote)
        or _unknown_workspace(remote)
        or RegistrationMissing(**remote.identity.names, dashboard_url=remote.api.dashboard_url)
    )


def _unknown_environment(remote: RemoteRegistration) -> UnifiedtoError | None:
    name, known = remote.identity.environment, _asked(lambda: remote.api.environments(remote.identity))
    if not known or name in known:
        return None
    return UnknownEnvironment(name=name, known=known, suggestion=_nearest(name, known))


def _unknown_integration_type(remote: RemoteRegistration) -> UnifiedtoError | None:
    name, known = remote.identity.integration_type, _asked(lambda: remote.api.integration_types(remote.identity))
    if not known or name in known:
        return None
    return UnknownIntegrationType(name=name, known=known, suggestion=_nearest(name, known))


def _unknown_workspace(remote: RemoteRegistration) -> UnifiedtoError | None:
    try:
        remote.api.require_workspace(remote.identity.workspace_id)
    except WorkspaceNotFound as error:
        return error
    except UnifiedtoError:
        return None
    return None


def _asked(names: Callable[[], list[str]]) -> list[str]:
    """Names for an explanation; none when they cannot be had: the explanation must not hide what it explains."""
    try:
        return names()
    except UnifiedtoError:
        return []


def _nearest(name: str, known: list[str]) -> str | None:
    lowered = {candidate.lower(): candidate for candidate in known}
    near = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.6)
    return lowered[near[0]] if near else None
