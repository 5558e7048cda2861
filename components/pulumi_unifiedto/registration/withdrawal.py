"""Deactivates a registration that the program does not declare any more."""

from __future__ import annotations

from dataclasses import replace

from ..errors import AuthKeysWouldBeLost, NotVerified
from ..unified.rows import Row, same_client
from .merge import Desired
from .remote_registration import RemoteRegistration


def withdraw(remote: RemoteRegistration, desired: Desired, *, row_id: str, own_updated_at: str) -> None:
    """Deactivates the integration, and verifies that; one that is gone is a success.

    desired: what the stack registered last, at `own_updated_at` as Unified.to noted it (empty if not known). A row that
    was written since is left alone: it may serve somebody else, or another resource, with another secret.
    """
    row = remote.find(row_id)
    if row is None:
        remote.say("is not registered any more; nothing has to be deactivated.")
        return
    if not row.is_active:
        remote.say("is not active. It stays so, and keeps the credentials it has.")
        return
    if reason := _somebody_elses(remote, desired, row, own_updated_at):
        remote.say(f"{reason}. It stays active and is not changed; if nobody needs it, deactivate it in the dashboard.")
        return
    try:
        remote.put(row, replace(desired, is_active=False, permissions=None, scope_overrides=None))
    except AuthKeysWouldBeLost as error:
        error.next_step = "Deactivate the integration in the dashboard by hand, and run again."
        raise
    for _is_last in remote.attempts():
        now = remote.find(row_id)
        if now is None or not now.is_active:
            remote.say(f"is now inactive and keeps client id {desired.client_id}.")
            return
    raise NotVerified(**remote.identity.names, reason="it is still active")


def _somebody_elses(remote: RemoteRegistration, desired: Desired, row: Row, own_updated_at: str) -> str:
    """What shows that the row is not ours any more, empty if nothing does."""
    if row.is_changed_since(own_updated_at):
        return "was changed after this resource had registered it"
    client_id = row.visible_client_id
    if client_id is None and not remote.identity.is_mocked:
        client_id = remote.target().client_id
    if client_id and not same_client(client_id, desired.client_id):
        return f"uses client id {client_id}, not ours"
    return ""
