"""Carries a registration out: list, merge, write, read back, look at the authorization URL. Observes it, and withdraws.

Decides nothing that could be decided without the network: see `registration`. A registration whose row exists costs one
list, one PUT, one list to read back and one authorization URL; more only where something fails or is slow to show.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Final

from ..errors import (
    AuthKeysWouldBeLost,
    ManualStepNeeded,
    NotVerified,
    ReadBackDiffers,
    RegistrationMissing,
    RegistrationRefused,
    UnifiedtoError,
    UnknownEnvironment,
    UnknownIntegrationType,
    WorkspaceNotFound,
)
from ..secret_text import SecretText
from ..unified.client import UncertainWrite, UnifiedApi
from ..unified.rows import Body, Identity, Row, Target, same_client
from .merge import (
    HINT_LENGTH,
    VERIFIED,
    WAITING,
    Desired,
    OnDelete,
    activation_after_removal,
    admitting,
    choose_row,
    fields_changed_meanwhile,
    merged_body,
    new_body,
    require_no_loss,
    row_differences,
    secret_unseen,
    status_without_target,
    target_differences,
)

_FIRST_LOOK_AGAIN_S: Final = 0.25
_LONGEST_LOOK_AGAIN_S: Final = 4.0


@dataclass(frozen=True)
class Registered:
    """A registration as Unified.to uses it.

    `client_id` and `redirect_uri` come from the authorization URL and are empty where there is none (see `status`).
    `found_active`: the activation before this stack, None if not known. `row_id` is empty in manual mode. `updated_at`:
    when Unified.to noted our own write, empty if not known.
    """

    row_id: str
    client_id: str
    redirect_uri: str
    is_active: bool
    found_active: bool | None
    status: str
    updated_at: str = ""


@dataclass(frozen=True)
class Observed:
    """A registration as it was found. `row`: None in manual mode. `target`: None where there can be none."""

    row: Row | None
    target: Target | None
    status: str


class _RowGone(Exception):
    """The row that was to be written does not exist any more."""


class Registrar:
    """One step of one registration: make another for the next."""

    def __init__(self, api: UnifiedApi, say: Callable[[str], None]) -> None:
        """say: tells the user a line that is no failure."""
        self._api = api
        self._say = say
        self._sent: tuple[str, Body] | None = None
        """The last write that Unified.to may have carried out: row id, empty where it is not known, and body."""

    # --- writing -----------------------------------------------------------------------------------------------------

    def adopt(self, identity: Identity, desired: Desired, *, create_if_missing: bool) -> Registered:
        """Registers for the first time. Raises as `register`.

        Whatever fails once the activation may have been changed, it is changed back: a later try could not tell any
        more what was found. A row that is active with our own client tells nothing: an earlier run may have done
        it.
        """
        row = choose_row(self._rows(identity), identity)
        was_active = row is not None and row.is_active
        is_ours = row is not None and same_client(row.visible_client_id or "", desired.client_id)
        found_active = None if was_active and is_ours else was_active
        try:
            return self._register(
                identity,
                desired,
                row,
                create_if_missing=create_if_missing,
                found_active=found_active,
                may_look_alike=is_ours,
            )
        except UnifiedtoError:
            if self._sent is not None and not was_active and desired.is_active:
                self._deactivate(identity, *self._sent)
            raise

    def register(
        self,
        identity: Identity,
        desired: Desired,
        *,
        create_if_missing: bool,
        found_active: bool | None,
        may_look_alike: bool,
    ) -> Registered:
        """Writes what is declared into the row, and verifies it.

        found_active: the activation that the first run found, None if not known. may_look_alike: what can be compared
        may be the same before the write, as where only a secret is new, so that the time of the last change tells.
        Raises errors of the catalogue; after one that comes later than the write, the registration is written, and the
        next run does it again.
        """
        row = choose_row(self._rows(identity), identity)
        return self._register(
            identity,
            desired,
            row,
            create_if_missing=create_if_missing,
            found_active=found_active,
            may_look_alike=may_look_alike,
        )

    def _register(
        self,
        identity: Identity,
        desired: Desired,
        row: Row | None,
        *,
        create_if_missing: bool,
        found_active: bool | None,
        may_look_alike: bool,
    ) -> Registered:
        found = row
        if row is not None:
            self._mention_vault(identity, row)
        body, row = self._write(identity, desired, row, create_if_missing=create_if_missing)
        unwritten = row.updated_at if found is not None else ""
        waits_for_trace = may_look_alike and bool(unwritten) and not identity.is_mocked
        after, target = self._verify(identity, desired, body, unwritten, waits_for_trace=waits_for_trace)
        is_unseen = wrote_twice = waits_for_trace and after.updated_at == unwritten
        if wrote_twice:
            body, _row = self._write(identity, desired, after, create_if_missing=False)
            after, target = self._verify(identity, desired, body, unwritten, waits_for_trace=True)
            is_unseen = after.updated_at == unwritten
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
            found_active=found_active,
            status=self._status_unseen(identity, after, target) if is_unseen else _status(identity, after, target),
            # A list that lags shows the time of an earlier write, perhaps of the first of two; it says nothing.
            updated_at="" if wrote_twice or (found and after.updated_at == found.updated_at) else after.updated_at,
        )

    def _write(
        self, identity: Identity, desired: Desired, row: Row | None, *, create_if_missing: bool
    ) -> tuple[Body, Row]:
        """What was sent, and the row it went to as it was before."""
        try:
            if row is not None:
                return self._put(identity, row, desired)
            if create_if_missing:
                return self._create(identity, desired)
        except _RowGone:
            pass
        raise self._explain_missing(identity) from None

    def _deactivate(self, identity: Identity, row_id: str, body: Body) -> None:
        """Takes an activation back by the body that was sent, if that can be done at the first try: there is another
        failure to tell of, which may be that nothing can be listed."""
        try:
            if not row_id:
                row = choose_row(self._rows(identity), identity)
                if row is None:
                    return
                row_id = row.id
            self._api.update(identity, row_id, replace(body, fields={**body.fields, "is_active": False}))
        except (UnifiedtoError, UncertainWrite):
            self._say(f"{_name(identity)} was not active before, and could not be deactivated again.")

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
                self._sent = row.id, body
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
            self._sent = row.id, body
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
                self._sent = "", body
                row = self._look(identity, uncertain, attempt)
                if row is not None:
                    return self._put(identity, row, desired)
                continue
            except RegistrationRefused as refused:
                if refused.remote_code in ("404", "405"):
                    raise self._explain_missing(identity, creation_refused=refused) from None
                raise
            break
        self._sent = "", body
        for _look in self._looks():
            row = choose_row(self._rows(identity), identity)
            if row is not None:
                self._sent = row.id, body
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

    def _verify(
        self, identity: Identity, desired: Desired, body: Body, unwritten: str, *, waits_for_trace: bool
    ) -> tuple[Row, Target | None]:
        """The row and the authorization target once both agree with what was written (U6, U11, U12).

        unwritten: the time of the last change before the write, empty if not known. waits_for_trace: until there is
        another time, also where all else agrees; the last look does without. Raises
        ReadBackDiffers with the differences, or NotVerified when the write does not show or nothing could be compared.
        """
        row: Row | None = None
        target: Target | None = None
        differences: list[str] = []
        for is_last_look in self._looks():
            row, target = choose_row(self._rows(identity), identity), None
            if row is None:
                differences = ["it does not show in the list"]
                continue
            differences = row_differences(row, desired, is_active=bool(body.fields["is_active"]))
            if differences:
                continue
            if waits_for_trace and row.updated_at == unwritten and not is_last_look:
                continue
            if identity.is_mocked:
                return row, None
            target = self._api.authorization_target(identity)
            differences = target_differences(target, desired)
            if not differences and (target.problem is None or status_without_target(identity, row)):
                return row, target
            if differences and target.client_id and same_client(target.client_id, desired.client_id):
                break  # The new client is in use; waiting does not change where Unified.to sends the browser.
        is_used = target is not None and same_client(target.client_id or "", desired.client_id)
        is_untouched = row is not None and row.updated_at == unwritten != "" and not row.is_in_vault and not is_used
        if differences and is_untouched:
            raise NotVerified(
                integration_type=identity.integration_type,
                environment=identity.environment,
                reason=f"it shows no change since {unwritten}, before the write: {'; '.join(differences)}",
                why="Unified.to accepted the write, and shows it late or has not carried it out.",
            )
        if differences:
            raise _differs(identity, desired, differences, row, target)
        unseen = NotVerified(
            integration_type=identity.integration_type,
            environment=identity.environment,
            reason=(target and target.problem) or "nothing could be compared",
        )
        raise unseen.answered(target.remote_code, target.request_id) if target else unseen

    def _looks(self) -> Iterator[bool]:
        """Once at once, then at growing distances until the time for changes to show is over: whether it is the last
        look."""
        timing = self._api.timing
        deadline = timing.monotonic() + self._api.settings.visibility_s
        wait_s = _FIRST_LOOK_AGAIN_S
        while (left_s := deadline - timing.monotonic()) > 0:
            yield False
            left_s = max(deadline - timing.monotonic(), 0)
            timing.sleep(min(wait_s, left_s))
            wait_s = min(2 * wait_s, _LONGEST_LOOK_AGAIN_S)
        yield True

    def _status_unseen(self, identity: Identity, row: Row, target: Target | None) -> str:
        """As `_status`, and says that nothing tells whether the new secret was taken."""
        status = _status(identity, row, target)
        self._say(
            f"{_name(identity)}: Unified.to accepted the new client secret twice, and notes no change of the "
            f"registration since {row.updated_at}, before it was sent. Nothing else can tell whether it is in use. To "
            f"be sure, enter it by hand at {self._api.dashboard_url} before the previous secret ends, and force no "
            "rotation until then. It is the stack's output client_secret (pulumi stack output --show-secrets)."
        )
        return secret_unseen(row.updated_at) if status == VERIFIED else status

    # --- by hand -----------------------------------------------------------------------------------------------------

    def confirm_manual(self, identity: Identity, desired: Desired, *, is_confirmed: bool) -> Registered:
        """Verifies what a person entered in the dashboard, by the routes that need no key; writes nothing.

        is_confirmed: a person has said that it is this secret, which nothing that can be seen tells. Where it is not,
        or another client id is in use, the exact steps are printed, and the status is `WAITING`. Raises
        ReadBackDiffers.
        """
        target = None if identity.is_mocked or desired.is_active is False else self._api.authorization_target(identity)
        is_client = target is None or (
            target.client_id is not None and same_client(target.client_id, desired.client_id)
        )
        is_waiting = not (is_client and is_confirmed)
        if is_waiting:
            self._say(str(self._manual_step(identity, desired, target)))
        elif differences := target_differences(target or Target(), desired):
            raise _differs(identity, desired, differences, None, target)
        return Registered(
            row_id="",
            client_id=(target and target.client_id) or "",
            redirect_uri=(target and target.redirect_uri) or "",
            is_active=desired.is_active is not False,
            found_active=None,
            status=WAITING if is_waiting else _manual_status(identity, desired, target),
        )

    def _manual_step(self, identity: Identity, desired: Desired, target: Target | None) -> ManualStepNeeded:
        found = "what is in use cannot be seen"
        if target is not None and target.client_id is not None:
            found = f"Unified.to uses client id {target.client_id}"
        elif target is not None:
            found = f"Unified.to uses no client id to be seen ({target.problem})"
        steps = []
        if desired.auth_extras:
            steps.append(f"Enter the other credentials of authExtras: {', '.join(sorted(desired.auth_extras))}.")
        if desired.permissions is not None:
            steps.append(f"Choose exactly these permissions: {', '.join(desired.permissions) or 'none'}.")
        if desired.scope_overrides is not None:
            overrides = (f"{name} as {scopes}" for name, scopes in sorted(desired.scope_overrides.items()))
            steps.append(f"Override these scopes: {'; '.join(overrides) or 'none'}.")
        steps.append(f"Save, and {'deactivate' if desired.is_active is False else 'activate'} the integration.")
        step = ManualStepNeeded(
            integration_type=identity.integration_type,
            environment=identity.environment,
            client_id=desired.client_id,
            dashboard_url=self._api.dashboard_url,
            found=found,
            further_steps=steps,
            hint_length=HINT_LENGTH,
        )
        return step.answered(target.remote_code, target.request_id) if target else step

    # --- observing ---------------------------------------------------------------------------------------------------

    def observe(self, identity: Identity, row_id: str) -> Observed | None:
        """The registration as it is now, for a refresh; None when the row that the state knows is gone.

        Costs a share in one list for all registrations of the environment, and one authorization URL.
        """
        row = choose_row(self._api.shared_rows(identity), identity, known_id=row_id)
        if row is None:
            # What is missing is forgotten, so a list that fails to show it is not believed at once.
            row = choose_row(self._rows(identity), identity, known_id=row_id)
        if row is None or row.id != row_id:
            # A row that was removed and made anew has other credentials; it is adopted like any other that exists.
            return None
        target = self._seen_target(identity)
        return Observed(row, target, _status(identity, row, target))

    def _seen_target(self, identity: Identity) -> Target | None:
        """Where an authorization leads now. A refusal is asked for twice: it would pass for removed credentials."""
        if identity.is_mocked:
            return None
        target = self._api.authorization_target(identity)
        return self._api.authorization_target(identity) if target.problem else target

    def observe_manual(self, identity: Identity, desired: Desired) -> Observed:
        """What can be seen without a key."""
        target = None if desired.is_active is False else self._seen_target(identity)
        return Observed(None, target, _manual_status(identity, desired, target))

    # --- looking ahead -----------------------------------------------------------------------------------------------

    def look_ahead(self, identity: Identity, supplied_keys: AbstractSet[str], *, create_if_missing: bool) -> None:
        """Raises what a first registration would meet and can be known before its client exists: a refused key, an API
        that cannot be reached, no row, several, another workspace's, other credentials that would be lost.

        Costs a share in one list for all registrations of the environment.
        """
        row = choose_row(self._api.shared_rows(identity), identity)
        if row is not None:
            require_no_loss(row, identity, supplied_keys)
        elif not create_if_missing:
            raise self._explain_missing(identity)

    # --- withdrawing -------------------------------------------------------------------------------------------------

    def withdraw(
        self,
        identity: Identity,
        desired: Desired,
        *,
        on_delete: OnDelete,
        found_active: bool | None,
        row_id: str,
        updated_at: str,
    ) -> None:
        """Lets go of a registration as `on_delete` says; one that is gone is a success.

        desired: what the stack registered last, at `updated_at` as Unified.to noted it (empty if not known). A row that
        was written since is left alone: it may serve somebody else, or another resource, with another secret.
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
                f"{_name(identity)} {stays}, and keeps the credentials it has: sign-ins through it fail once their "
                "application or secret is gone."
            )
            return
        if others := self._somebody_elses(identity, desired, row, updated_at):
            self._say(
                f"{_name(identity)} {others}. It is left alone and {stays}; if nobody needs it, deactivate it in the "
                "dashboard."
            )
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
                raise AuthKeysWouldBeLost(
                    integration_type=identity.integration_type,
                    environment=identity.environment,
                    keys=error.keys,
                    next_step="Do it by hand in the dashboard. Then take the registration out of the state with pulumi "
                    "state delete, or set its onDelete to keep, run pulumi up, and remove it after that.",
                ) from None
            self._say(f"{_name(identity)} {stays}: {error.what}")
            return
        self._verify_withdrawn(identity, desired, is_active=is_active, is_cleared=on_delete == "clear", row_id=row_id)
        done = "holds no credentials any more" if on_delete == "clear" else f"keeps client id {desired.client_id}"
        self._say(f"{_name(identity)} is now {'active' if is_active else 'inactive'} and {done}.")

    def _somebody_elses(self, identity: Identity, desired: Desired, row: Row, updated_at: str) -> str:
        """What shows that the row is not ours any more, empty if nothing does."""
        if row.is_changed_since(updated_at):
            return "was changed after this resource had registered it"
        client_id = row.visible_client_id
        if client_id is None and not identity.is_mocked:
            client_id = self._api.authorization_target(identity).client_id
        if client_id and not same_client(client_id, desired.client_id):
            return f"uses client id {client_id}, not ours"
        return ""

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
            if not is_cleared:
                return
            if row.holds_credentials:
                problem = "it still shows credentials"
                continue
            if identity.is_mocked:
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
            ).answered(
                creation_refused.remote_code if creation_refused else None,
                creation_refused.request_id if creation_refused else None,
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


def _manual_status(identity: Identity, desired: Desired, target: Target | None) -> str:
    """As `_status`, and what a person entered besides that cannot be seen without a key."""
    if desired.is_active is False:
        return "not verified: the integration is not to be active, and gives no authorization URL"
    status = _status(identity, None, target)
    unseen = [
        name
        for name, value in (
            ("authExtras", desired.auth_extras or None),
            ("permissions", desired.permissions),
            ("scopeOverrides", desired.scope_overrides),
        )
        if value is not None
    ]
    return f"{status}, except for {', '.join(unseen)}" if status == VERIFIED and unseen else status


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
        next_step = (
            f"{admitting(target.redirect_uri or '', identity, desired)}, so that Entra accepts it, and run again."
        )
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
