"""Carries a registration out: list, merge, write, read back, look at the authorization URL. Observes it, and withdraws.

Decides nothing that could be decided without the network: see `registration`. A registration whose row exists costs one
list, one PUT, one list to read back and one authorization URL; more only where something fails or is slow to show.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from .errors import (
    AuthKeysWouldBeLost,
    ManualStepNeeded,
    NotVerified,
    ReadBackDiffers,
    RegistrationMissing,
    RegistrationRefused,
    SecretText,
    UnifiedtoError,
    UnknownEnvironment,
    UnknownIntegrationType,
    WorkspaceNotFound,
)
from .registration import (
    VERIFIED,
    Body,
    Desired,
    Identity,
    OnDelete,
    Row,
    Target,
    activation_after_removal,
    choose_row,
    fields_changed_meanwhile,
    merged_body,
    new_body,
    row_differences,
    same_client,
    status_without_target,
    target_differences,
)
from .unified_api import UncertainWrite, UnifiedApi

_FIRST_LOOK_AGAIN_S: Final = 0.25
_LONGEST_LOOK_AGAIN_S: Final = 4.0


@dataclass(frozen=True)
class Registered:
    """A registration as Unified.to uses it.

    `client_id` and `redirect_uri` come from the authorization URL and are empty where there is none (see `status`).
    `found_active`: the activation before this stack, None if not known. `row_id` is empty in manual mode.
    """

    row_id: str
    client_id: str
    redirect_uri: str
    is_active: bool
    found_active: bool | None
    status: str


@dataclass(frozen=True)
class Observed:
    """A registration as it was found. `row`: None in manual mode. `target`: None where there can be none."""

    row: Row | None
    target: Target | None
    status: str


class _RowGone(Exception):
    """The row that was to be written does not exist any more."""


class Registrar:
    """Registrations at one API address."""

    def __init__(self, api: UnifiedApi, say: Callable[[str], None]) -> None:
        """say: tells the user a line that is no failure."""
        self._api = api
        self._say = say

    # --- writing -----------------------------------------------------------------------------------------------------

    def register(
        self, identity: Identity, desired: Desired, *, create_if_missing: bool, found_active: bool | None = None
    ) -> Registered:
        """Adopts the row, writes what is declared, and verifies it.

        found_active: the activation that an earlier run found, None on the first. Raises errors of the catalogue; after
        one that comes later than the write, the registration is written, and the next run does it again.
        """
        row = choose_row(self._rows(identity), identity)
        was_active = row is not None and row.is_active
        try:
            if row is not None:
                self._mention_vault(identity, row)
                body, row = self._put(identity, row, desired)
            elif create_if_missing:
                body, row = self._create(identity, desired)
            else:
                raise _RowGone
        except _RowGone:
            raise self._explain_missing(identity) from None
        after, target = self._verify(identity, desired, body)
        changed = fields_changed_meanwhile(body, after)
        if changed:
            self._say(
                f"{_name(identity)}: these fields are not as they were found: {', '.join(changed)}. "
                "Somebody else wrote at the same moment, or Unified.to does not keep them."
            )
        return Registered(
            row_id=after.id,
            client_id=(target and target.client_id) or "",
            redirect_uri=(target and target.redirect_uri) or "",
            is_active=after.is_active,
            found_active=was_active if found_active is None else found_active,
            status=_status(identity, after, target),
        )

    def _rows(self, identity: Identity) -> list[Row]:
        return self._api.rows(identity.environment, identity.integration_type)

    def _mention_vault(self, identity: Identity, row: Row) -> None:
        if row.is_in_vault:
            self._say(
                f"{_name(identity)} points to a secrets manager, and goes on pointing there. Should Unified.to use the "
                "vault's client id, the check of the authorization URL says so."
            )

    def _put(self, identity: Identity, row: Row, desired: Desired) -> tuple[Body, Row]:
        """Writes the merged body, and again after looking where the fate of a write is unknown.

        What was sent, and the row it went to. Raises _RowGone.
        """
        body = merged_body(row, identity, desired)
        attempt = 0
        while True:
            attempt += 1
            try:
                self._api.update(identity, row.id, body)
            except UncertainWrite as uncertain:
                again = self._look(identity, uncertain, attempt, known_id=row.id)
                if again is None:
                    raise _RowGone from None
                # What somebody else wrote meanwhile stays; what a half-done write lost comes back.
                body, row = merged_body(again, identity, desired, earlier=body), again
                continue
            except RegistrationRefused as refused:
                if refused.remote_code == "404":
                    raise _RowGone from None
                raise
            return body, row

    def _create(self, identity: Identity, desired: Desired) -> tuple[Body, Row]:
        """POST of a new row, listing before every repetition (U1); what was sent, and the row that came of it."""
        body = new_body(identity, desired)
        attempt = 0
        while True:
            attempt += 1
            try:
                self._api.create(identity, body)
            except UncertainWrite as uncertain:
                row = self._look(identity, uncertain, attempt)
                if row is not None:
                    return self._put(identity, row, desired)
                continue
            except RegistrationRefused as refused:
                if refused.remote_code in ("404", "405"):
                    raise self._explain_missing(identity, creation_refused=refused) from None
                raise
            break
        for _look in self._looks():
            row = choose_row(self._rows(identity), identity)
            if row is not None:
                return body, row
        raise NotVerified(
            integration_type=identity.integration_type,
            environment=identity.environment,
            reason="it was created, and does not show in the list",
        )

    def _look(
        self, identity: Identity, uncertain: UncertainWrite, attempt: int, *, known_id: str | None = None
    ) -> Row | None:
        """The row after a write of unknown fate; raises the write's error when it is not to be repeated any more."""
        policy, timing = self._api.settings.policy, self._api.timing
        if not uncertain.may_repeat or attempt > policy.retries:
            raise uncertain.error(attempts=attempt) from None
        timing.sleep(max(uncertain.wait_s, policy.wait_s(attempt, None, timing.chance())))
        try:
            return choose_row(self._rows(identity), identity, known_id=known_id)
        except UnifiedtoError as error:
            raise uncertain.error(attempts=attempt, and_then=f"looking failed too: {error.what}") from None

    # --- verifying ---------------------------------------------------------------------------------------------------

    def _verify(self, identity: Identity, desired: Desired, body: Body) -> tuple[Row, Target | None]:
        """The row and the authorization target once both agree with what was written (U6, U11, U12).

        Raises ReadBackDiffers with the differences, or NotVerified when nothing could be compared.
        """
        row: Row | None = None
        target: Target | None = None
        differences: list[str] = []
        for _look in self._looks():
            row, target = choose_row(self._rows(identity), identity), None
            if row is None:
                differences = ["it does not show in the list"]
                continue
            differences = row_differences(row, desired, is_active=bool(body.fields["is_active"]))
            if differences:
                continue
            if identity.is_mocked:
                return row, None
            target = self._api.authorization_target(identity)
            differences = target_differences(target, desired)
            if not differences and (target.problem is None or status_without_target(identity, row)):
                return row, target
            if differences and target.client_id and same_client(target.client_id, desired.client_id):
                break  # The new client is in use; waiting does not change where Unified.to sends the browser.
        if differences:
            raise _differs(identity, desired, differences, row, target)
        raise NotVerified(
            integration_type=identity.integration_type,
            environment=identity.environment,
            reason=(target and target.problem) or "nothing could be compared",
            remote_code=target.remote_code if target else None,
            request_id=target.request_id if target else None,
        )

    def _looks(self) -> Iterator[None]:
        """Once at once, then at growing distances until the time for changes to show is over."""
        timing, visibility_s = self._api.timing, self._api.settings.visibility_s
        deadline = timing.monotonic() + visibility_s
        wait_s = _FIRST_LOOK_AGAIN_S
        yield
        while (left_s := deadline - timing.monotonic()) > 0:
            timing.sleep(min(wait_s, left_s))
            wait_s = min(2 * wait_s, _LONGEST_LOOK_AGAIN_S)
            yield

    # --- by hand -----------------------------------------------------------------------------------------------------

    def confirm_manual(self, identity: Identity, desired: Desired, *, confirmation: str | None) -> Registered:
        """Verifies what a person entered in the dashboard, by the routes that need no key; writes nothing.

        confirmation: when given, the secret has changed since the client id was seen, and nothing that can be seen
        tells whether the new one was entered; the text that the person is to put into the configuration then.
        Raises ManualStepNeeded with the exact steps.
        """
        if identity.is_mocked:
            self._say(f"{_name(identity)} has to be entered by hand, and Sandbox lets nothing be verified.")
            return Registered("", "", "", True, None, _status(identity, None, None))
        target = self._api.authorization_target(identity)
        found = f"client id {target.client_id}" if target.client_id else f"no client id to be seen ({target.problem})"
        matches = target.client_id is not None and same_client(target.client_id, desired.client_id)
        if not matches or confirmation is not None:
            raise self._manual_step(identity, desired, target, found, confirmation)
        differences = target_differences(target, desired)
        if differences:
            raise _differs(identity, desired, differences, None, target)
        return Registered(
            row_id="",
            client_id=target.client_id or "",
            redirect_uri=target.redirect_uri or "",
            is_active=True,
            found_active=None,
            status=_status(identity, None, target),
        )

    def _manual_step(
        self, identity: Identity, desired: Desired, target: Target, found: str, confirmation: str | None
    ) -> ManualStepNeeded:
        steps = [
            f"Open {self._api.dashboard_url}/integrations/{identity.integration_type}.",
            f'Choose environment "{identity.environment}".',
            f"Enter {desired.client_id} as client id.",
            "Enter the client secret: pulumi stack output client_secret --show-secrets prints it.",
            "Save, and activate the integration.",
        ]
        if confirmation:
            steps.append(
                f'Set enteredSecret of this registration to "{confirmation}" in the stack\'s configuration: it tells '
                "the new secret from the old one, which nothing that can be seen does."
            )
        steps.append("Run pulumi up again: it verifies what was entered.")
        return ManualStepNeeded(
            integration_type=identity.integration_type,
            environment=identity.environment,
            client_id=desired.client_id,
            dashboard_url=self._api.dashboard_url,
            found=found,
            steps=steps,
            remote_code=target.remote_code,
            request_id=target.request_id,
        )

    # --- observing ---------------------------------------------------------------------------------------------------

    def observe(self, identity: Identity, row_id: str) -> Observed | None:
        """The registration as it is now, for a refresh; None when the row that the state knows is gone.

        Costs a share in one list for all registrations of the environment, and one authorization URL.
        """
        row = choose_row(self._api.shared_rows(identity), identity, known_id=row_id)
        if row is None or row.id != row_id:
            # A row that was removed and made anew has other credentials; it is adopted like any other that exists.
            return None
        target = None if identity.is_mocked else self._api.authorization_target(identity)
        return Observed(row, target, _status(identity, row, target))

    def observe_manual(self, identity: Identity) -> Observed:
        """What can be seen without a key."""
        target = None if identity.is_mocked else self._api.authorization_target(identity)
        return Observed(None, target, _status(identity, None, target))

    # --- withdrawing -------------------------------------------------------------------------------------------------

    def withdraw(
        self, identity: Identity, desired: Desired, *, on_delete: OnDelete, found_active: bool | None, row_id: str
    ) -> None:
        """Lets go of a registration as `on_delete` says; one that is gone is a success.

        desired: what the stack registered last. Leaves a row alone in which somebody else has registered a client.
        """
        if on_delete == "keep":
            self._say(f"{_name(identity)} stays registered with client id {desired.client_id}, as onDelete says.")
            return
        row = choose_row(self._rows(identity), identity, known_id=row_id)
        if row is None:
            self._say(f"{_name(identity)} is not registered any more; nothing to withdraw.")
            return
        is_active = activation_after_removal(on_delete, found_active=found_active, is_active=row.is_active)
        stays = f"stays {'active' if row.is_active else 'inactive'}"
        if on_delete != "clear" and row.is_active == is_active:
            self._say(
                f"{_name(identity)} {stays}, as it was found, and keeps client id {desired.client_id}: "
                "sign-ins through it "
                "fail once its application or secret is gone."
            )
            return
        target = None if identity.is_mocked else self._api.authorization_target(identity)
        if target and target.client_id and not same_client(target.client_id, desired.client_id):
            self._say(f"{_name(identity)} uses client id {target.client_id}, not ours, and {stays}: it is left alone.")
            return
        removal = replace(desired, is_active=is_active, permissions=None, scope_overrides=None)
        if on_delete == "clear":
            nothing = SecretText("")
            removal = replace(
                removal,
                client_id="",
                client_secret=nothing,
                auth_extras=dict.fromkeys(desired.auth_extras, nothing),
            )
        try:
            self._put(identity, row, removal)
        except _RowGone:
            return
        except AuthKeysWouldBeLost as error:
            if on_delete != "restore":
                raise
            self._say(f"{_name(identity)} {stays}: {error.what}")
            return
        self._verify_withdrawn(identity, desired, is_active=is_active, is_cleared=on_delete == "clear", row_id=row_id)
        done = "holds no credentials any more" if on_delete == "clear" else f"keeps client id {desired.client_id}"
        self._say(f"{_name(identity)} is now {'active' if is_active else 'inactive'} and {done}.")

    def _verify_withdrawn(
        self, identity: Identity, desired: Desired, *, is_active: bool, is_cleared: bool, row_id: str
    ) -> None:
        problem = ""
        for _look in self._looks():
            row = choose_row(self._rows(identity), identity, known_id=row_id)
            if row is None:
                return
            if row.is_active != is_active:
                problem = f"it is still {'active' if row.is_active else 'inactive'}"
                continue
            if not is_cleared or identity.is_mocked:
                return
            target = self._api.authorization_target(identity)
            if target.client_id is None or not same_client(target.client_id, desired.client_id):
                return
            problem = f"the authorization URL still uses client_id {target.client_id}"
        raise NotVerified(integration_type=identity.integration_type, environment=identity.environment, reason=problem)

    # --- explaining --------------------------------------------------------------------------------------------------

    def _explain_missing(
        self, identity: Identity, *, creation_refused: RegistrationRefused | None = None
    ) -> UnifiedtoError:
        """Why there is no row: asks for the names of environments and types, as a run that goes well does not."""
        self._api.forget_names()
        return (
            self.unknown_name(identity, environment=True, integration_type=True)
            or self._unknown_workspace(identity)
            or RegistrationMissing(
                integration_type=identity.integration_type,
                environment=identity.environment,
                dashboard_url=self._api.dashboard_url,
                creation_refused=creation_refused.remote_code if creation_refused else None,
                request_id=creation_refused.request_id if creation_refused else None,
            )
        )

    def unknown_name(self, identity: Identity, *, environment: bool, integration_type: bool) -> UnifiedtoError | None:
        """The error for an environment or integration type that does not exist; None when both do, or it cannot be
        found out."""
        if environment:
            known = _asked(lambda: self._api.environments(identity))
            if known and identity.environment not in known:
                return UnknownEnvironment(
                    name=identity.environment, known=known, suggestion=_nearest(identity.environment, known)
                )
        if integration_type:
            known = _asked(lambda: self._api.integration_types(identity))
            if known and identity.integration_type not in known:
                return UnknownIntegrationType(
                    name=identity.integration_type,
                    known=known,
                    suggestion=_nearest(identity.integration_type, known),
                )
        return None

    def _unknown_workspace(self, identity: Identity) -> UnifiedtoError | None:
        try:
            self._api.require_workspace(identity.workspace_id)
        except WorkspaceNotFound as error:
            return error
        except UnifiedtoError:
            return None
        return None


def _asked(names: Callable[[], list[str]]) -> list[str]:
    """Names for an explanation; none when they cannot be had, because the explanation must not hide what it "
    "explains."""
    try:
        return names()
    except UnifiedtoError:
        return []


def _nearest(name: str, known: list[str]) -> str | None:
    lowered = {candidate.lower(): candidate for candidate in known}
    near = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.6)
    return lowered[near[0]] if near else None


def _name(identity: Identity) -> str:
    return f'"{identity.integration_type}" in environment "{identity.environment}"'


def _status(identity: Identity, row: Row | None, target: Target | None) -> str:
    """The `status` output: "verified", or why not."""
    if target is not None and target.problem is None:
        return VERIFIED if target.redirect_uri else "not verified: the authorization URL names no redirect URI"
    excuse = status_without_target(identity, row)
    return excuse or f"not verified: {target.problem if target else 'nothing could be compared'}"


def _differs(
    identity: Identity, desired: Desired, differences: list[str], row: Row | None, target: Target | None
) -> ReadBackDiffers:
    why = next_step = None
    if target and target.client_id and same_client(target.client_id, desired.client_id):
        why = (
            "Unified.to sends the browser back to another address than the stack declares: the workspace has "
            "a custom API "
            "domain, or use_unified_redirect is set on the integration."
        )
        next_step = f"Add {target.redirect_uri} to redirectUris, so that Entra accepts it, and run again."
    elif row is not None and row.is_in_vault:
        why = "The registration points to a secrets manager, and Unified.to uses the credentials found there."
        next_step = "Store the new client id and secret in the vault, or remove the reference to it in the dashboard."
    return ReadBackDiffers(
        integration_type=identity.integration_type,
        environment=identity.environment,
        differences=differences,
        why=why,
        next_step=next_step,
    )
