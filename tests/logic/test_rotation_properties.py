"""Whatever happens in whatever order: properties of the rotation that always hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pulumi_unifiedto.errors import ForcedRotationRefused
from pulumi_unifiedto.rotation import (
    NEVER,
    Period,
    Schedule,
    SlotInState,
    decide,
    format_instant,
    from_properties,
    to_properties,
)

START = datetime(2026, 1, 1, tzinfo=timezone.utc)

FAILURES = st.sampled_from(
    [
        None,
        "removal",
        "creation",
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

    generation: int
    display_name: str
    starts_at: datetime
    ends_at: datetime


class Rotation(RuleBasedStateMachine):
    """A world with one application, two registrations and a stack that runs, or fails half-way, at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.period = "P90D"
        self.token = ""
        self.schedule: Schedule | None = None
        self.slots: dict[str, Secret] = {}
        self.registered: dict[str, int] = {}
        """What Unified.to holds."""
        self.on_record: dict[str, int] = {}
        """What the stack's state says that Unified.to holds: older, or nothing, where the answer to a write was
        lost."""

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
        if slot in self.slots and self.slots[slot].generation not in self.registered.values():
            del self.slots[slot]

    @rule(failure=FAILURES)
    def the_stack_runs(self, failure: str | None) -> None:
        before = self.schedule
        in_state = {
            slot: SlotInState(
                generation=secret.generation,
                key_id=str(secret.generation),
                display_name=secret.display_name,
                starts_at=format_instant(secret.starts_at),
                ends_at=format_instant(secret.ends_at),
            )
            for slot, secret in self.slots.items()
        }
        working = {
            generation
            for generation in self.registered.values()
            if any(s.generation == generation and s.ends_at > self.now for s in self.slots.values())
        }
        try:
            schedule = self._decide(before, in_state)
        except ForcedRotationRefused:
            assert before is not None
            assert self.token not in ("", before.force_token)
            threatened = before.previous
            assert threatened is not None
            assert threatened.is_alive(self.now), "nothing that works would be lost"
            assert min(self._on_record()) < before.generation, "all registrations have the current secret"
            return
        assert schedule == self._decide(before, in_state), "not deterministic"
        assert schedule.generation - (before.generation if before else -1) in ((0, 1) if before else (1,))
        self.schedule = schedule

        self._carry_out(schedule, failure)

        still_there = {secret.generation for secret in self.slots.values()}
        assert working <= still_there, "a secret that works and that Unified.to holds was replaced"

    def _decide(self, before: Schedule | None, in_state: dict[str, SlotInState]) -> Schedule:
        stored = from_properties(to_properties(before)) if before else None
        assert stored == before
        return decide(
            stored,
            label="test",
            period=Period(self.period),
            force_token=self.token,
            now=self.now,
            registered_generations=self._on_record(),
            slots=in_state,
        ).schedule

    def _on_record(self) -> list[int]:
        return [self.on_record.get(name, NEVER) for name in ("first", "second")]

    def _carry_out(self, schedule: Schedule, failure: str | None) -> None:
        """Slots, proof, registrations, in this order; stops where it fails."""
        for planned in (schedule.previous, schedule.current):
            if planned is None:
                continue
            held = self.slots.get(planned.slot)
            if held is not None and held.generation == planned.generation:
                continue
            if failure == "removal":
                return
            self.slots.pop(planned.slot, None)
            if failure == "creation":
                return
            assert planned.ends_at > self.now, "Microsoft Graph refuses an end date in the past"
            self.slots[planned.slot] = Secret(planned.generation, planned.display_name, self.now, planned.ends_at)
        for slot in [slot for slot in self.slots if schedule.secret_in(slot) is None]:  # type: ignore[arg-type]
            del self.slots[slot]
        if failure == "proof":
            return
        for name in ("first", "second"):
            if failure == f"{name} registration":
                return
            self.registered[name] = schedule.generation
            if failure == f"answer to the {name} registration":
                return
            self.on_record[name] = schedule.generation

    @invariant()
    def entra_never_holds_a_third_secret(self) -> None:
        assert len(self.slots) <= 2

    @invariant()
    def the_current_secret_always_outlasts_its_period(self) -> None:
        if self.schedule is not None:
            current = self.schedule.current
            assert current.starts_at < self.schedule.rotates_at <= current.ends_at
            assert current.ends_at > current.starts_at + timedelta(hours=1)


TestRotation = Rotation.TestCase
TestRotation.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
