"""Carries a registration out: list, merge, write, read back, compare the authorization URL.

Decides nothing that could be decided without the network: see `merge`. A registration whose row exists costs one list,
one PUT, one list to read back and one authorization URL; more only where something fails or is slow to show.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import NotVerified, ReadBackDiffers, WrittenSince
from ..unified.rows import Body, Row, Target, same_client
from .explanation import explain_missing, mention_inactive
from .merge import (
    VERIFIED,
    Desired,
    fields_changed_meanwhile,
    row_differences,
    secret_unseen,
    status_of,
    status_without_target,
    target_differences,
)
from .remote_registration import RemoteRegistration


@dataclass(frozen=True)
class Registered:
    """A registration as Unified.to uses it.

    `client_id` and `redirect_uri` come from the authorization URL and are empty where there is none (see `status`).
    `row_id` is empty in manual mode. `updated_at`: when Unified.to noted our own write, empty if not known.
    """

    row_id: str
    client_id: str
    redirect_uri: str
    is_active: bool
    status: str
    updated_at: str = ""


class Registrar:
    """One step of one registration: make another for the next."""

    def __init__(self, remote: RemoteRegistration, desired: Desired) -> None:
        self._remote = remote
        self._identity = remote.identity
        self._desired = desired

    def register(self, *, secret_changed: bool, expected_updated_at: str) -> Registered:
        """Writes what is declared into the row, and verifies it.

        secret_changed: the secret is not known to be registered already, and the time of the row's last change is all
        that can tell whether it was taken. expected_updated_at: the time of the last change that the state knows; empty
        where the write may follow any change.
        Raises errors of the catalogue; after one that comes later than the write, the registration is written.
        """
        found = self._remote.find()
        if found is None:
            raise explain_missing(self._remote)
        if found.is_changed_since(expected_updated_at):
            raise WrittenSince(**self._identity.names, known=expected_updated_at, found=found.updated_at)
        if found.is_in_vault:
            self._remote.say(
                "points to a secrets manager, and its reference is kept. If Unified.to uses the vault's client id, the "
                "check of the authorization URL says so."
            )
        mention_inactive(self._remote, found, self._desired.is_active)
        body, before = self._remote.put(found, self._desired)
        awaits_newer_updated_at = secret_changed and bool(before.updated_at) and not self._identity.is_mocked
        after, target = self._verify(body, before.updated_at, awaits_newer_updated_at=awaits_newer_updated_at)
        if changed := fields_changed_meanwhile(body, after):
            self._remote.say(
                f"has other values than before in these fields: {', '.join(changed)}. Somebody else wrote at the same "
                "moment, or Unified.to does not keep them."
            )
        # A list that lags shows the time of an earlier change; it says nothing about ours.
        is_unseen = after.updated_at == before.updated_at
        status = status_of(self._identity, after, target)
        if awaits_newer_updated_at and is_unseen:
            status = self._status_unseen(after, status)
        return Registered(
            row_id=after.id,
            client_id=(target and target.client_id) or "",
            redirect_uri=(target and target.redirect_uri) or "",
            is_active=after.is_active,
            status=status,
            updated_at="" if is_unseen else after.updated_at,
        )

    def _verify(self, body: Body, updated_before: str, *, awaits_newer_updated_at: bool) -> tuple[Row, Target | None]:
        """The row and the authorization target once both agree with what was written (U6, U11, U12).

        updated_before: the time of the last change before the write, empty if not known. awaits_newer_updated_at: reads
        until there is another time, also where all else agrees; the last attempt does without.
        Raises ReadBackDiffers with the differences, or NotVerified when the write does not show or nothing could be
        compared.
        """
        row: Row | None = None
        target: Target | None = None
        differences: list[str] = []
        for is_last in self._remote.attempts():
            row, target = self._remote.find(), None
            if row is None:
                differences = ["it does not show in the list"]
                continue
            differences = row_differences(row, self._desired, is_active=bool(body.fields["is_active"]))
            if differences or (awaits_newer_updated_at and row.updated_at == updated_before and not is_last):
                continue
            if status_without_target(self._identity, row):
                return row, None
            target = self._remote.target()
            differences = target_differences(target, self._desired)
            if not differences and target.problem is None:
                return row, target
            if differences and self._is_used_by(target):
                break  # The new client is in use; waiting does not change where Unified.to sends the browser.
        shows_no_change = row is not None and row.updated_at == updated_before != "" and not row.is_in_vault
        if differences and not (shows_no_change and not self._is_used_by(target)):
            raise self._differs(differences, row, target)
        unverified = NotVerified(
            **self._identity.names,
            reason=f"it shows no change since {updated_before}, before the write: {'; '.join(differences)}"
            if differences
            else (target and target.problem) or "nothing could be compared",
            why="Unified.to accepted the write, and shows it late or has not carried it out." if differences else None,
        )
        raise unverified.answered(target.remote_code, target.request_id) if target else unverified

    def _is_used_by(self, target: Target | None) -> bool:
        return target is not None and same_client(target.client_id or "", self._desired.client_id)

    def _differs(self, differences: list[str], row: Row | None, target: Target | None) -> ReadBackDiffers:
        if self._is_used_by(target):
            return redirect_differs(self._remote, differences, target)
        if row is None or not row.is_in_vault:
            return ReadBackDiffers(**self._identity.names, differences=differences)
        return ReadBackDiffers(
            **self._identity.names,
            differences=differences,
            why="The registration points to a secrets manager, and Unified.to uses the credentials found there.",
            next_step="Store the new client id and secret in the vault, or remove that reference in the dashboard.",
        )

    def _status_unseen(self, row: Row, status: str) -> str:
        """The status where nothing tells whether the new secret was taken; says so."""
        self._remote.say(
            f"shows no change since {row.updated_at}, though Unified.to accepted the new client secret after that. "
            "Nothing else can tell whether the secret is in use. To be sure, enter it by hand at "
            f"{self._remote.api.dashboard_url} before the previous secret ends, and force no rotation until then. It "
            "is the stack's output client_secret (pulumi stack output --show-secrets)."
        )
        return secret_unseen(row.updated_at) if status == VERIFIED else status


def redirect_differs(remote: RemoteRegistration, differences: list[str], target: Target | None) -> ReadBackDiffers:
    """The error for our own client with a redirect URI that the stack does not declare."""
    uri = target.redirect_uri if target else ""
    return ReadBackDiffers(
        **remote.identity.names,
        differences=differences,
        why="Unified.to sends the browser back to another address than the stack declares: the workspace has a custom "
        "API domain, or use_unified_redirect is set on the integration.",
        next_step=f"Add {uri} to redirectUris, so that Entra accepts it, and run pulumi up --refresh.",
    )
