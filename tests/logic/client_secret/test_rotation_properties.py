"""Whatever happens in whatever order: properties of the rotation that always hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pulumi_unifiedto.client_secret.rotation import (
    NEVER,
    Period,
    PlannedSecret,
    Schedule,
    SlotInState,
    advance,
    format_instant,
    from_properties,
    to_properties,
)
from pulumi_unifiedto.entra.listed_secret import ListedSecret
from pulumi_unifiedto.errors import (
    ForcedRotationRefused,
    MoveNeedsState,
    OrphanedSecret,
    SecretLimitReached,
    StateOlderThanEntra,
)

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
LABEL = "crm/prod login"
MOST_SECRETS = 2

FAILURES = st.sampled_from(
    [
        None,
        "removal",
        "answer to the removal",
        "creation",
        "answer to the creation",
        "proof",
        "first registration",
        "answer to the first registration",
        "second registration",
        "answer to the second registration",
    ]
)


@dataclass(frozen=True)
class Secret:
    """A client secret as Entra holds it."""

    key_id: str
    application: str
    generation: int
    display_name: str
    starts_at: datetime
    ends_at: datetime


class Rotation(RuleBasedStateMachine):
    """A world with two applications, two registrations and a stack that runs, or fails half-way, at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.period = "P90D"
        self.token = ""
        self.application = "first app"
        self.schedule: Schedule | None = None
        self.entra: dict[str, Secret] = {}
        """Key id to what Entra holds."""
        self.slots: dict[str, Secret] = {}
        """What the stack's state holds."""
        self.leaving: list[Secret] = []
        """What is to be deleted at the end of a run that succeeds."""
        self.registered: dict[str, str] = {}
        """Registration to the key id of the secret that Unified.to holds."""
        self.on_record: dict[str, int] = {}
        """What the stack's state says that Unified.to holds: older, or nothing, where the answer to a write was
        lost."""
        self.keys_on_record: dict[str, str] = {}
        self.proven_key = ""
        self.proven = NEVER
        """What the stack's state says that was proven last."""
        self.is_readable = True
        self.secrets_made = 0

    @rule(hours=st.integers(min_value=0, max_value=24 * 120))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule()
    def nobody_runs_it_for_a_year(self) -> None:
        self.now += timedelta(days=366)

    @rule(period=st.sampled_from(["P90D", "P30D", "P1D", "P6M", "P1Y"]))
    def the_period_is_changed(self, period: str) -> None:
        self.period = period

    @rule(token=st.sampled_from(["", "leak 1", "leak 2", "leak 3"]))
    def the_force_token_is_set(self, token: str) -> None:
        self.token = token

    @rule(slot=st.sampled_from(["blue", "green"]))
    def a_secret_that_nothing_uses_is_removed_in_the_portal_and_refreshed(self, slot: str) -> None:
        if slot in self.slots and self.slots[slot].key_id not in self.registered.values():
            self.entra.pop(self.slots.pop(slot).key_id, None)

    @rule(slot=st.sampled_from(["blue", "green"]))
    def a_refresh_meets_a_passing_404_and_drops_a_secret_from_the_state(self, slot: str) -> None:
        self.slots.pop(slot, None)

    @rule()
    def the_program_adopts_another_application(self) -> None:
        self.application = "second app" if self.application == "first app" else "first app"

    @rule(failure=FAILURES, is_readable=st.sampled_from([True, True, True, False]))
    def the_stack_runs(self, failure: str | None, is_readable: bool) -> None:
        self._run(failure, is_readable)

    def _run(self, failure: str | None, is_readable: bool) -> bool:
        """One run, and what a person does who reads how it ended; False where nothing more can be done by the book."""
        before = self.schedule
        self.is_readable = is_readable
        try:
            schedule, reported = self._advance(is_readable)
        except ForcedRotationRefused:
            assert before is not None
            assert self.token not in ("", before.force_token)
            if any(secret.application != self.application for secret in self.slots.values()):
                return True  # the secrets are on their way to another application
            threatened = before.previous
            assert threatened is not None
            assert threatened.is_alive(self.now), "nothing that works would be lost"
            assert min(self._on_record(is_readable)) < before.generation, "all registrations have the current secret"
            return True
        except MoveNeedsState:
            assert not is_readable
            return True
        except OrphanedSecret as in_the_way:
            self._remove(in_the_way)
            return True
        except (SecretLimitReached, StateOlderThanEntra):
            # Two secrets that may both be in use, of which the state has lost one, or never knew it.
            assert len(self._listed(self.application)) == MOST_SECRETS
            return False
        assert (schedule, [str(orphan) for orphan in reported]) == (
            self._advance(is_readable)[0],
            [str(orphan) for orphan in self._advance(is_readable)[1]],
        ), "not deterministic"
        grown = schedule.generation - (before.generation if before else NEVER)
        assert grown in (0, 1) or (grown < 0 and schedule.application != before.application)  # type: ignore[union-attr]
        for orphan in reported:
            self._remove(orphan)
        self.schedule = schedule
        self._carry_out(schedule, failure)
        return True

    def _working(self) -> set[str]:
        """Key ids that Unified.to holds and Entra accepts."""
        return {key for key in self.registered.values() if key in self.entra and self.entra[key].ends_at > self.now}

    def _remove(self, orphan: OrphanedSecret) -> None:
        """A person carries the printed command out, whatever it names."""
        self._delete(orphan.key_id)

    def _delete(self, key_id: str) -> None:
        assert key_id not in self._working(), "a secret that works and that Unified.to holds is removed"
        self.entra.pop(key_id, None)

    def _refresh(self) -> None:
        self.slots = {slot: secret for slot, secret in self.slots.items() if secret.key_id in self.entra}

    def _on_record(self, is_readable: bool) -> list[int]:
        if not is_readable:
            return [NEVER]
        return [self.on_record.get(name, NEVER) for name in ("first", "second")]

    def _advance(self, is_readable: bool) -> tuple[Schedule, list[OrphanedSecret]]:
        stored = from_properties(to_properties(self.schedule)) if self.schedule else None
        assert stored == self.schedule
        in_state = {
            slot: SlotInState(
                generation=secret.generation,
                key_id=secret.key_id,
                display_name=secret.display_name,
                starts_at=format_instant(secret.starts_at),
                ends_at=format_instant(secret.ends_at),
                application_object_id=secret.application,
            )
            for slot, secret in self.slots.items()
        }
        return advance(
            stored,
            label=LABEL,
            period=Period(self.period),
            force_token=self.token,
            now=self.now,
            registered_generations=self._on_record(is_readable),
            slots=in_state if is_readable else None,
            application=self.application,
            proven=self.proven if is_readable else None,
            used_key_ids=sorted({self.proven_key, *self.keys_on_record.values()}) if is_readable else [],
            look=self._listed,
        )

    def _listed(self, application: str) -> list[ListedSecret]:
        return [
            ListedSecret(secret.key_id, secret.display_name, "abc", format_instant(secret.ends_at))
            for secret in self.entra.values()
            if secret.application == application
        ]

    def _carry_out(self, schedule: Schedule, failure: str | None) -> None:
        """Slots, proof, registrations, what is left over, in this order; stops where it fails."""
        for planned in (schedule.previous, schedule.current):
            if planned is not None and not self._fill(planned, schedule, failure):
                return
        if failure == "proof":
            return
        current = self.slots[schedule.current.slot]
        self.proven, self.proven_key = schedule.generation, current.key_id
        for name in ("first", "second"):
            if failure == f"{name} registration":
                return
            self.registered[name] = current.key_id
            if failure == f"answer to the {name} registration":
                return
            self.on_record[name] = schedule.generation
            self.keys_on_record[name] = current.key_id
        undeclared = [slot for slot in self.slots if schedule.secret_in(slot) is None]  # type: ignore[arg-type]
        for secret in [*self.leaving, *(self.slots.pop(slot) for slot in undeclared)]:
            self._delete(secret.key_id)
        self.leaving = []

    def _fill(self, planned: PlannedSecret, schedule: Schedule, failure: str | None) -> bool:
        """What the engine and the azuread provider do with a slot; False where that failed."""
        held = self.slots.get(planned.slot)
        is_of_this_app = held is not None and held.application == schedule.application
        if held is not None and is_of_this_app and held.generation == planned.generation:
            return True
        if held is not None and schedule.deletes_first:
            if held.key_id not in self.entra:
                self._refresh()  # the azuread provider stumbles over it, and its error says to refresh
                return False
            if failure == "removal":
                return False
            self._delete(held.key_id)
            if failure == "answer to the removal":
                return False
            del self.slots[planned.slot]
        if failure == "creation":
            return False
        others = [secret for secret in self.entra.values() if secret.application == schedule.application]
        if len(others) >= MOST_SECRETS:
            return False  # Entra refuses a third
        if planned.ends_at <= self.now:
            # Microsoft Graph refuses it. That happens only to a run that cannot see what the state has lost.
            assert not self.is_readable
            return False
        self.secrets_made += 1
        secret = Secret(
            f"key {self.secrets_made}",
            schedule.application,
            planned.generation,
            planned.display_name,
            self.now,
            planned.ends_at,
        )
        self.entra[secret.key_id] = secret
        if failure == "answer to the creation":
            return False
        if planned.slot in self.slots:
            self.leaving.append(self.slots[planned.slot])
        self.slots[planned.slot] = secret
        return True

    @invariant()
    def entra_never_holds_a_third_secret(self) -> None:
        for application in ("first app", "second app"):
            assert len(self._listed(application)) <= MOST_SECRETS

    @invariant()
    def the_current_secret_always_outlasts_its_period(self) -> None:
        if self.schedule is not None:
            current = self.schedule.current
            assert current.starts_at < self.schedule.rotates_at <= current.ends_at
            assert current.ends_at > current.starts_at + timedelta(hours=1)

    def teardown(self) -> None:
        """However it came: a person who runs it until it succeeds, and does what is printed, is through."""
        self.token = self.schedule.force_token if self.schedule else ""
        self._refresh()
        ended_well = [self._run(None, True) for _time in range(6)]
        if all(ended_well):
            assert self.schedule is not None
            assert set(self.on_record.values()) == {self.schedule.generation}
            assert self._working() == set(self.registered.values()), "Unified.to holds a secret that does not work"


TestRotation = Rotation.TestCase
TestRotation.settings = settings(max_examples=400, stateful_step_count=40, deadline=None)
