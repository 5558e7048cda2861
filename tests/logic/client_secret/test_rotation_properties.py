"""Whatever happens in whatever order: properties of the rotation that always hold."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pulumi_unifiedto.client_secret.in_state import RegistrationInState, SlotInState
from pulumi_unifiedto.client_secret.period import Period, format_instant
from pulumi_unifiedto.client_secret.rotation import (
    NEVER,
    Circumstances,
    PlannedSecret,
    Schedule,
    advance,
    from_properties,
    to_properties,
)
from pulumi_unifiedto.client_secret.slots import require_generation
from pulumi_unifiedto.client_secret.stack_state import SecretRecord
from pulumi_unifiedto.entra.listed_secret import ListedSecret
from pulumi_unifiedto.errors import (
    ApplicationChangeRefused,
    ForcedRotationRefused,
    SecretLimitReached,
    SecretOfAnotherGeneration,
)

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
LABEL = "crm/prod login"
MOST_SECRETS = 2
REGISTRATIONS = ("first", "second")

FAILURES = (
    None,
    "removal",
    "answer to the removal",
    "creation",
    "answer to the creation",
    "proof",
    *(f"{prefix}{name} registration" for name in REGISTRATIONS for prefix in ("", "answer to the ")),
)


_NOTHING_KNOWN = [RegistrationInState(name=name, generation=NEVER, key_id="") for name in REGISTRATIONS]


@dataclass(frozen=True)
class Secret:
    """A client secret as Entra holds it."""

    key_id: str
    application: str
    generation: int
    display_name: str
    starts_at: datetime
    ends_at: datetime


@dataclass
class State:
    """What the stack's state holds; a copy of it can be restored later.

    leaving: what is to be deleted at the end of a run that succeeds. on_record: registration to generation, key id and
    number of the write that the state knows of. proven: key id of the secret that was proven last. drifted:
    registrations that a refresh found with another client id.
    """

    schedule: Schedule | None = None
    slots: dict[str, Secret] = field(default_factory=dict)
    leaving: list[Secret] = field(default_factory=list)
    on_record: dict[str, tuple[int, str, int]] = field(default_factory=dict)
    proven: str = ""
    drifted: set[str] = field(default_factory=set)


class World:
    """Two applications, two registrations, and a stack that runs, or fails half-way, at any time.

    The person in it does what the texts say, and nothing else.
    """

    def __init__(self) -> None:
        self.now = START
        self.period = "P90D"
        self.tokens: tuple[str, ...] = ("", "")
        self.application = "first app"
        self.state = State()
        self.saved = State()
        self.entra: dict[str, Secret] = {}
        """Key id to what Entra holds."""
        self.registered: dict[str, tuple[str, int]] = {}
        """Registration to the key id that Unified.to holds, and the number of its last write."""
        self.applications: dict[str, str] = {}
        """Key id to application, of every secret that there ever was."""
        self.writes = 0
        self.was_restored = False
        self.is_readable = True

    # --- what happens around the stack -------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Takes over what is gone from Entra, and the number of each registration's last write."""
        state = self.state
        state.slots = {slot: secret for slot, secret in state.slots.items() if secret.key_id in self.entra}
        state.leaving = [secret for secret in state.leaving if secret.key_id in self.entra]
        for name, (generation, key_id, _write) in state.on_record.items():
            held, write = self.registered[name]
            if self.applications[held] != self.applications[key_id]:
                state.drifted.add(name)  # the client id differs, which can be seen; of two secrets, nothing can
            state.on_record[name] = (generation, key_id, write)

    def refresh_meets_a_passing_404(self, slot: str) -> None:
        self.state.slots.pop(slot, None)

    def save(self) -> None:
        self.saved = copy.deepcopy(self.state)

    def restore(self) -> None:
        self.was_restored = True
        self.state = copy.deepcopy(self.saved)

    def in_use(self) -> set[str]:
        """What a sign-in through each registration tells: the key ids in use, as far as Entra accepts them."""
        return {
            key for key, _write in self.registered.values() if key in self.entra and self.entra[key].ends_at > self.now
        }

    # --- a run -------------------------------------------------------------------------------------------------------

    def run(
        self,
        failure: str | None = None,
        *,
        is_readable: bool = True,
        leaves_slots_out: bool = False,
        writes_anyway: bool = False,
        pick: Callable[[list[str]], str] = min,
    ) -> None:
        """One run, and what a person does who reads how it ended.

        leaves_slots_out: as ``--exclude`` does. writes_anyway: something besides the secret changed in each
        registration. pick: which of the secrets that no sign-in uses the person removes.
        """
        before = self.state.schedule
        self.is_readable = is_readable
        try:
            schedule = self._advance(is_readable)
        except ForcedRotationRefused:
            assert before is not None
            if any(secret.application != self.application for secret in self.state.slots.values()):
                return  # the secrets are on their way to another application
            threatened = before.previous
            assert threatened is not None
            assert threatened.is_alive(self.now), "nothing that works would be lost"
            assert any(entry["generation"] < before.generation for entry in self._on_record())
            return
        except ApplicationChangeRefused:
            assert not is_readable or self.application in {secret.application for secret in self.state.slots.values()}
            return
        except SecretLimitReached as full:
            self._make_room(str(full), pick)
            return
        assert schedule == self._advance(is_readable), "not deterministic"
        known = [NEVER, *(secret.generation for secret in self.state.slots.values())] if is_readable else [NEVER]
        if before is not None:
            grown = schedule.generation - max(before.generation, *known)
            assert grown in (0, 1) or (grown == 2 and not before.current.is_alive(self.now))
        self.state.schedule = schedule
        self._carry_out(schedule, failure, leaves_slots_out=leaves_slots_out, writes_anyway=writes_anyway)

    def _advance(self, is_readable: bool) -> Schedule:
        stored = from_properties(to_properties(self.state.schedule)) if self.state.schedule else None
        assert stored == self.state.schedule
        in_state = self._in_state()
        run = Circumstances(
            label=LABEL,
            period=Period(self.period),
            now=self.now,
            force_tokens=self.tokens,
            application=self.application,
            slots=in_state if is_readable and (in_state or stored) else None,
            registrations=self._on_record() if is_readable else _NOTHING_KNOWN,
        )
        return advance(stored, run, self._listed)

    def _in_state(self) -> dict[str, SlotInState]:
        return {
            slot: SlotInState(
                generation=secret.generation,
                key_id=secret.key_id,
                display_name=secret.display_name,
                starts_at=format_instant(secret.starts_at),
                ends_at=format_instant(secret.ends_at),
                application_object_id=secret.application,
            )
            for slot, secret in self.state.slots.items()
        }

    def _on_record(self) -> list[RegistrationInState]:
        records = {name: self.state.on_record.get(name, (NEVER, "", 0)) for name in REGISTRATIONS}
        return [
            RegistrationInState(name=name, generation=generation, key_id=key_id)
            for name, (generation, key_id, _write) in records.items()
        ]

    def _listed(self, application: str) -> list[ListedSecret]:
        return [
            ListedSecret(
                secret.key_id,
                secret.display_name,
                "abc",
                format_instant(secret.starts_at),
                format_instant(secret.ends_at),
            )
            for secret in self.entra.values()
            if secret.application == application
        ]

    def _make_room(self, text: str, pick: Callable[[list[str]], str]) -> None:
        """The person signs in through each registration, and removes one of the other secrets that the text lists."""
        listed = [secret.key_id for secret in self._listed(self.application)]
        assert len(listed) == MOST_SECRETS
        assert all(f"key id {key_id};" in text for key_id in listed)
        assert "unused" not in text
        assert not any(f"--key-id {key_id}" in text for key_id in listed)
        free = sorted(set(listed) - self.in_use())
        if not free:
            # Each registration has one of the two: in the dashboard the person gives all the one that lasts longer.
            kept = max(listed, key=lambda key_id: self.entra[key_id].ends_at)
            for name in self.registered:
                self.writes += 1
                self.registered[name] = (kept, self.writes)
            free = sorted(set(listed) - self.in_use())
        self._delete(pick(free))
        self.refresh()

    def _delete(self, key_id: str) -> None:
        assert key_id not in self.in_use(), "a secret that works and that Unified.to holds is removed"
        self.entra.pop(key_id, None)

    def _carry_out(
        self, schedule: Schedule, failure: str | None, *, leaves_slots_out: bool, writes_anyway: bool
    ) -> None:
        """Slots, proof, registrations, what is left over, in this order; stops where it fails."""
        state = self.state
        record = SecretRecord(
            slots=self._in_state() if self.is_readable else None,
            registrations=self._on_record() if self.is_readable else _NOTHING_KNOWN,
        )
        if not leaves_slots_out:
            for planned in (schedule.previous, schedule.current):
                if planned is not None and not self._fill(planned, schedule, failure):
                    return
        current = state.slots.get(schedule.current.slot)
        try:
            require_generation(schedule.generation, {"generation": str(current.generation)} if current else None)
        except SecretOfAnotherGeneration:
            assert leaves_slots_out
            return
        assert current is not None
        proves = state.proven != current.key_id or record.awaits_registration(REGISTRATIONS)
        if proves and (failure == "proof" or current.key_id not in self.entra or current.ends_at <= self.now):
            return
        state.proven = current.key_id
        for name in REGISTRATIONS:
            if not self._register(name, current, schedule, failure, was_proven=proves, writes_anyway=writes_anyway):
                return
        undeclared = [slot for slot in state.slots if slot not in schedule.secrets]
        for secret in [*state.leaving, *(state.slots.pop(slot) for slot in undeclared)]:
            self._delete(secret.key_id)
        state.leaving = []

    def _register(
        self,
        name: str,
        current: Secret,
        schedule: Schedule,
        failure: str | None,
        *,
        was_proven: bool,
        writes_anyway: bool,
    ) -> bool:
        """One registration's turn; False where it failed or was refused."""
        on_record = self.state.on_record.get(name)
        is_settled = on_record is not None and on_record[1] == current.key_id and name not in self.state.drifted
        if is_settled and not writes_anyway:
            return True
        wrote_since = on_record is not None and self.registered[name][1] != on_record[2]
        if wrote_since and not was_proven:
            self.refresh()  # as the error says; the next run writes
            return False
        if failure == f"{name} registration":
            return False
        self.writes += 1
        self.registered[name] = (current.key_id, self.writes)
        if failure == f"answer to the {name} registration":
            return False
        self.state.on_record[name] = (schedule.generation, current.key_id, self.writes)
        self.state.drifted.discard(name)
        return True

    def _fill(self, planned: PlannedSecret, schedule: Schedule, failure: str | None) -> bool:
        """What the engine and the azuread provider do with a slot; False where that failed."""
        slots = self.state.slots
        held = slots.get(planned.slot)
        is_of_this_app = held is not None and held.application == schedule.application
        if held is not None and is_of_this_app and held.display_name == planned.display_name:
            return True
        # Of the same generation, or where the state could not be read, Pulumi creates the new secret first.
        if held is not None and is_of_this_app and held.generation != planned.generation and self.is_readable:
            if held.key_id not in self.entra:
                self.refresh()  # the azuread provider fails, and its error says to refresh
                return False
            if failure == "removal":
                return False
            self._delete(held.key_id)
            if failure == "answer to the removal":
                return False
            del slots[planned.slot]
        if failure == "creation":
            return False
        others = [secret for secret in self.entra.values() if secret.application == schedule.application]
        if len(others) >= MOST_SECRETS or planned.ends_at <= self.now:
            return False  # Entra refuses a third secret, and one that has ended
        secret = Secret(
            f"key-{len(self.applications) + 1}",
            schedule.application,
            planned.generation,
            planned.display_name,
            self.now,
            planned.ends_at,
        )
        self.entra[secret.key_id] = secret
        self.applications[secret.key_id] = secret.application
        if failure == "answer to the creation":
            return False
        if planned.slot in slots:
            self.state.leaving.append(slots[planned.slot])
        slots[planned.slot] = secret
        return True

    # --- promises ----------------------------------------------------------------------------------------------------

    def assert_promises(self) -> None:
        for application in ("first app", "second app"):
            assert len(self._listed(application)) <= MOST_SECRETS
        schedule = self.state.schedule
        if schedule is not None:
            current = schedule.current
            assert current.starts_at < schedule.rotates_at <= current.ends_at
            assert current.ends_at > current.starts_at + timedelta(hours=1)

    def settle(self) -> None:
        """A person runs it until it succeeds, and does what is printed; then each registration works."""
        self.tokens = self.state.schedule.force_tokens if self.state.schedule else ("", "")
        if self.state.schedule and self.state.schedule.application:
            self.application = self.state.schedule.application  # a change that has begun is finished first
        self.refresh()
        for _time in range(8):
            self.run()
        assert self.state.schedule is not None
        registered = {key for key, _write in self.registered.values()}
        if not self.was_restored:
            assert {key for _generation, key, _write in self.state.on_record.values()} == registered
        assert self.in_use() == registered, "Unified.to holds a secret that does not work"


class Rotation(RuleBasedStateMachine):
    """Random sequences of what can happen to a `World`."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()

    @rule(hours=st.integers(min_value=0, max_value=24 * 120))
    def time_passes(self, hours: int) -> None:
        self.world.now += timedelta(hours=hours)

    @rule()
    def nobody_runs_it_for_a_year(self) -> None:
        self.world.now += timedelta(days=366)

    @rule(period=st.sampled_from(["P90D", "P30D", "P1D", "P6M", "P1Y"]))
    def the_period_is_changed(self, period: str) -> None:
        self.world.period = period

    @rule(argument=st.sampled_from(["", "leak 1", "leak 2"]), configured=st.sampled_from(["", "leak 3", "leak 4"]))
    def the_force_tokens_are_set(self, argument: str, configured: str) -> None:
        self.world.tokens = (argument, configured)

    @rule(slot=st.sampled_from(["blue", "green"]))
    def a_secret_that_no_sign_in_uses_is_removed_in_the_portal_and_refreshed(self, slot: str) -> None:
        world = self.world
        if slot in world.state.slots and world.state.slots[slot].key_id not in world.in_use():
            world.entra.pop(world.state.slots[slot].key_id, None)
            world.refresh()

    @rule(slot=st.sampled_from(["blue", "green"]))
    def a_secret_is_dropped_from_the_state(self, slot: str) -> None:
        """A refresh meets a passing 404, or a person runs ``pulumi state delete``."""
        self.world.refresh_meets_a_passing_404(slot)

    @rule(what=st.sampled_from(["schedule", "proof", *REGISTRATIONS]))
    def another_resource_is_dropped_from_the_state(self, what: str) -> None:
        state = self.world.state
        if what == "schedule":
            state.schedule = None
        elif what == "proof":
            state.proven = ""
        else:
            state.on_record.pop(what, None)

    @rule()
    def the_state_is_saved(self) -> None:
        self.world.save()

    @rule()
    def the_state_is_restored(self) -> None:
        self.world.restore()

    @rule()
    def the_state_is_refreshed(self) -> None:
        self.world.refresh()

    @rule()
    def the_program_adopts_another_application(self) -> None:
        self.world.application = "second app" if self.world.application == "first app" else "first app"

    @rule(
        failure=st.sampled_from(FAILURES),
        is_readable=st.sampled_from([True, True, True, False]),
        leaves_slots_out=st.sampled_from([False, False, False, True]),
        writes_anyway=st.booleans(),
        pick=st.sampled_from([min, max]),
    )
    def the_stack_runs(
        self,
        failure: str | None,
        is_readable: bool,
        leaves_slots_out: bool,
        writes_anyway: bool,
        pick: Callable[[list[str]], str],
    ) -> None:
        self.world.run(
            failure,
            is_readable=is_readable,
            leaves_slots_out=leaves_slots_out,
            writes_anyway=writes_anyway,
            pick=pick,
        )

    @invariant()
    def promises_are_kept(self) -> None:
        self.world.assert_promises()

    def teardown(self) -> None:
        self.world.settle()


TestRotation = Rotation.TestCase
TestRotation.settings = settings(max_examples=400, stateful_step_count=40, deadline=None)


# --- sequences that once locked customers out ------------------------------------------------------------------------


@pytest.fixture
def world() -> World:
    return World()


def test_a_secret_that_one_registration_took_and_the_state_lost_is_never_named_for_removal(world: World) -> None:
    world.run("answer to the second registration")
    world.refresh_meets_a_passing_404("blue")
    world.run("second registration", is_readable=False)
    assert len(world.in_use()) == 2, "each registration signs in with a secret of its own"
    for _time in range(3):
        world.run()
        world.now += timedelta(days=91)
    world.settle()


def test_a_live_secret_deleted_from_the_state_is_not_named_for_removal(world: World) -> None:
    world.run()
    world.now += timedelta(days=91)
    world.run()
    [live] = world.in_use()
    world.state.slots = {slot: secret for slot, secret in world.state.slots.items() if secret.key_id != live}
    with pytest.raises(SecretLimitReached) as full:
        world._advance(is_readable=True)
    assert f"key id {live}; value begins with abc;" in str(full.value)
    assert "not in this stack's state; on record with first, second" in str(full.value)
    world.settle()


def test_a_restored_state_does_not_register_a_dead_secret(world: World) -> None:
    world.run()
    world.save()
    for token in ("leak 1", "leak 2"):
        world.tokens = (token, "")
        world.run()
    before = dict(world.registered)
    world.restore()
    world.tokens = ("", "")
    assert not {secret.key_id for secret in world.state.slots.values()} & set(world.entra), "the old secret is gone"
    world.run(writes_anyway=True)
    assert world.registered == before, "nothing is sent to a row that somebody wrote since"
    world.settle()


def test_a_run_that_leaves_the_slots_out_registers_nothing(world: World) -> None:
    world.run()
    world.now += timedelta(days=91)
    world.run()
    before = dict(world.registered)
    world.tokens = ("leak", "")
    world.run(leaves_slots_out=True)
    assert world.registered == before
    world.settle()


def test_a_current_secret_that_ends_before_the_registered_previous_one_is_renewed_in_its_own_slot(world: World) -> None:
    world.run()
    world.period = "P1D"
    world.now += timedelta(days=1)
    world.run("second registration")
    world.now += timedelta(days=2)
    world.settle()


def test_a_schedule_that_differs_from_the_secrets_in_the_state_takes_their_dates(world: World) -> None:
    world.run()
    world.now += timedelta(days=366)
    world.state.schedule = None
    world.run(is_readable=False, leaves_slots_out=True)
    world.now += timedelta(days=366)
    world.settle()


def test_a_schedule_that_started_again_follows_the_secrets_in_the_state(world: World) -> None:
    world.run()
    world.tokens = ("leak", "")
    world.run()
    world.state.schedule = None
    world.run(is_readable=False, leaves_slots_out=True)
    world.run()
    assert world.state.schedule is not None
    assert world.state.schedule.generation == 1
    world.settle()
