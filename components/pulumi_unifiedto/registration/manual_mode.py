"""Manual mode: says what to enter in the dashboard, and verifies it by the routes that need no API key."""

from __future__ import annotations

from ..errors import ManualStepNeeded
from ..unified.rows import Target, same_client
from .merge import HINT_LENGTH, VERIFIED, WAITING, Desired, differences, in_words, status_of
from .observation import Observed, seen_target
from .registrar import Registered, redirect_differs
from .remote_registration import RemoteRegistration


def confirm(remote: RemoteRegistration, desired: Desired, *, is_confirmed: bool) -> Registered:
    """Verifies what a person entered in the dashboard; writes nothing.

    is_confirmed: a person has said that it is this secret, which nothing that can be seen tells. Where it is not, or
    another client id is in use, the exact steps are printed, and the status is `WAITING`. Raises ReadBackDiffers.
    """
    target = None if remote.identity.is_mocked or desired.is_active is False else remote.target()
    is_client = target is None or same_client(target.client_id or "", desired.client_id)
    is_waiting = not (is_client and is_confirmed)
    if is_waiting:
        remote.tell(str(_step(remote, desired, target)))
    elif target and (differing := differences(desired, None, target)):
        raise redirect_differs(remote, in_words(differing, desired), target)
    return Registered(
        registration_id="",
        registered_client_id=(target and target.client_id) or "",
        registered_redirect_uri=(target and target.redirect_uri) or "",
        active=desired.is_active is not False,
        status=WAITING if is_waiting else _status(remote, desired, target),
    )


def observe(remote: RemoteRegistration, desired: Desired) -> Observed:
    """What can be seen without a key."""
    target = None if desired.is_active is False else seen_target(remote, None)
    return Observed(None, target, _status(remote, desired, target))


def _step(remote: RemoteRegistration, desired: Desired, target: Target | None) -> ManualStepNeeded:
    found = "what is in use cannot be seen"
    if target is not None and target.client_id is not None:
        found = f"Unified.to uses client id {target.client_id}"
    elif target is not None:
        found = f"Unified.to uses no client id to be seen ({target.problem})"
    steps = []
    if desired.permissions is not None:
        steps.append(f"Choose exactly these permissions: {', '.join(desired.permissions) or 'none'}.")
    if desired.scope_overrides is not None:
        overrides = (f"{name} as {scopes}" for name, scopes in sorted(desired.scope_overrides.items()))
        steps.append(f"Override these scopes: {'; '.join(overrides) or 'none'}.")
    steps.append(f"Save, and {'deactivate' if desired.is_active is False else 'activate'} the integration.")
    step = ManualStepNeeded(
        **remote.identity.names,
        client_id=desired.client_id,
        dashboard_url=remote.api.dashboard_url,
        found=found,
        further_steps=steps,
        hint_length=HINT_LENGTH,
    )
    return step.answered(target.remote_code, target.request_id) if target else step


def _status(remote: RemoteRegistration, desired: Desired, target: Target | None) -> str:
    """The `status` output, which says what else a person entered that cannot be seen without a key."""
    if desired.is_active is False:
        return "not verified: not active (isActive)"
    status = status_of(remote.identity, None, target)
    unseen = [
        name
        for name, value in (("permissions", desired.permissions), ("scopeOverrides", desired.scope_overrides))
        if value is not None
    ]
    return f"{status}, except for {', '.join(unseen)}" if status == VERIFIED and unseen else status
