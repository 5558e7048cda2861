"""Carries a registration out: list, merge, write, read back, compare the authorization URL.

Decides nothing that could be decided without the network: see `merge`. A registration whose row exists costs one list,
one PUT, one list to read back and one authorization URL; more only where something fails or is slow to show.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..errors import NotVerified, ReadBackDiffers, WrittenSince
from ..unified.rows import Row, Target, same_client
from .explanation import explain_missing, mention_inactive
from .merge import (
    VERIFIED,
    Desired,
    differences,
    fields_changed_meanwhile,
    in_words,
    secret_unseen,
    status_of,
    status_without_target,
)
from .remote_registration import RemoteRegistration


@dataclass(frozen=True)
class Registered:
    """A registration as Unified.to uses it.

    The fields are outputs. `registered_client_id` and `registered_redirect_uri` come from the authorization URL and are
    empty where there is none (see `status`). `registration_id` is empty in manual mode. `updated_at`: when Unified.to
    noted our own write, empty if not known.
    """

    registration_id: str
    registered_client_id: str
    registered_redirect_uri: str
    active: bool
    status: str
    updated_at: str = ""


def register(
    remote: RemoteRegistration, desired: Desired, *, secret_changed: bool, expected_updated_at: str
) -> Registered:
    """Writes what is declared into the row, and verifies it.

    secret_changed: the secret is not known to be registered already, and the time of the row's last change is all that
    can tell whether it was taken. expected_updated_at: the time of the last change that the state knows; empty where
    the write may follow any change.
    Raises errors of the catalogue; after one that comes later than the write, the registration is written.
    """
    found = remote.find()
    if found is None:
        raise explain_missing(remote)
    if found.is_changed_since(expected_updated_at):
        raise WrittenSince(**remote.identity.names, known=expected_updated_at, found=found.updated_at)
    if found.is_in_vault:
        remote.say(
            "points to a secrets manager, and its reference is kept. If Unified.to uses the vault's client id, the "
            "check of the authorization URL says so."
        )
    mention_inactive(remote, found, desired.is_active)
    body, before = remote.put(found, desired)
    written = replace(desired, is_active=bool(body.fields["is_active"]))
    awaits_newer_updated_at = secret_changed and bool(before.updated_at) and not remote.identity.is_mocked
    after, target = _verify(remote, written, before.updated_at, awaits_newer_updated_at=awaits_newer_updated_at)
    if changed := fields_changed_meanwhile(body, after):
        remote.say(
            f"has other values than before in these fields: {', '.join(changed)}. Somebody else wrote at the same "
            "moment, or Unified.to does not keep them."
        )
    # A list that lags shows the time of an earlier change; it says nothing about ours.
    is_unseen = after.updated_at == before.updated_at
    status = status_of(remote.identity, after, target)
    if awaits_newer_updated_at and is_unseen:
        status = _status_unseen(remote, after, status)
    return Registered(
        registration_id=after.id,
        registered_client_id=(target and target.client_id) or "",
        registered_redirect_uri=(target and target.redirect_uri) or "",
        active=after.is_active,
        status=status,
        updated_at="" if is_unseen else after.updated_at,
    )


def _verify(
    remote: RemoteRegistration, written: Desired, updated_before: str, *, awaits_newer_updated_at: bool
) -> tuple[Row, Target | None]:
    """The row and the authorization target once both agree with what was written (U6, U11, U12).

    updated_before: the time of the last change before the write, empty if not known. awaits_newer_updated_at: reads
    until there is another time, also where all else agrees; the last attempt does without.
    Raises ReadBackDiffers with the differences, or NotVerified when the write does not show or no authorization URL can
    be compared.
    """
    row: Row | None = None
    target: Target | None = None
    differing: list[str] = []
    for is_last in remote.attempts():
        row, target = remote.find(), None
        if row is None:
            differing = ["it does not show in the list"]
            continue
        differing = in_words(differences(written, row, None), written)
        if differing or (awaits_newer_updated_at and row.updated_at == updated_before and not is_last):
            continue
        if status_without_target(remote.identity, row):
            return row, None
        target = remote.target()
        differing = in_words(differences(written, row, target), written)
        if not differing and target.problem is None:
            return row, target
        if differing and same_client(target.client_id or "", written.client_id):
            # The new client is in use; waiting does not change where Unified.to sends the browser.
            raise redirect_differs(remote, differing, target)
    if target is not None and target.problem is not None:
        unverified = NotVerified(**remote.identity.names, reason=target.problem)
        raise unverified.answered(target.remote_code, target.request_id)
    if row is not None and row.updated_at == updated_before != "" and not row.is_in_vault:
        raise NotVerified(
            **remote.identity.names,
            reason=f"it shows no change since {updated_before}, before the write: {'; '.join(differing)}",
            why="Unified.to accepted the write, and shows it late or has not carried it out.",
        )
    raise _differs(remote, differing, row)


def _differs(remote: RemoteRegistration, differing: list[str], row: Row | None) -> ReadBackDiffers:
    if row is None or not row.is_in_vault:
        return ReadBackDiffers(**remote.identity.names, differences=differing)
    return ReadBackDiffers(
        **remote.identity.names,
        differences=differing,
        why="The registration points to a secrets manager, and Unified.to uses the credentials found there.",
        next_step="Store the new client id and secret in the vault, or remove that reference in the dashboard.",
    )


def _status_unseen(remote: RemoteRegistration, row: Row, status: str) -> str:
    """The status where nothing tells whether the new secret was taken; says so."""
    remote.say(
        f"shows no change since {row.updated_at}, though Unified.to accepted the new client secret after that. "
        "Nothing else can tell whether the secret is in use. To be sure, enter it by hand at "
        f"{remote.api.dashboard_url} before the previous secret ends, and force no rotation until then. It is the "
        "stack's output client_secret (pulumi stack output --show-secrets)."
    )
    return secret_unseen(row.updated_at) if status == VERIFIED else status


def redirect_differs(remote: RemoteRegistration, differing: list[str], target: Target) -> ReadBackDiffers:
    """The error for our own client with a redirect URI that the stack does not declare."""
    return ReadBackDiffers(
        **remote.identity.names,
        differences=differing,
        why="Unified.to sends the browser back to another address than the stack declares: the workspace has a custom "
        "API domain, or use_unified_redirect is set on the integration.",
        next_step=f"Add {target.redirect_uri} to redirectUris, so that Entra accepts it, and run pulumi up --refresh.",
    )
