"""The rotation's state machine: one step a run, two slots, never the secret in use."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from pulumi_unifiedto.client_secret.rotation import (
    NEVER,
    Decision,
    Period,
    Schedule,
    SlotInState,
    Step,
    decide,
    forget_removed,
    format_instant,
    from_properties,
    parse_instant,
    recover,
    slot_of,
    to_properties,
)
from pulumi_unifiedto.errors import ForcedRotationRefused, InvalidRotationPeriod

START = datetime(2026, 11, 23, 11, 25, 31, tzinfo=timezone.utc)
NINETY_DAYS = Period("P90D")
DAY = timedelta(days=1)


def run(
    before: Schedule | None,
    now: datetime,
    *,
    force: str = "",
    period: Period = NINETY_DAYS,
    registered: tuple[int, ...] | None = None,
    slots: dict[str, SlotInState] | None = None,
) -> Decision:
    """One run; by default everything is registered with the generation that was current."""
    if registered is None:
        registered = (before.generation,) if before else ()
    return decide(
        before,
        label="unifiedto demo",
        period=period,
        force_token=force,
        now=now,
        registered_generations=registered,
        slots=slots,
    )


@pytest.fixture
def first() -> Schedule:
    return run(None, START).schedule


def test_a_new_application_starts_with_one_secret_in_blue(first: Schedule) -> None:
    assert first.generation == 0
    assert first.current.slot == "blue"
    assert first.previous is None
    assert first.current.ends_at == START + 180 * DAY
    assert first.rotates_at == START + 90 * DAY


def test_the_display_name_tells_slot_generation_and_end(first: Schedule) -> None:
    assert first.current.display_name == "unifiedto demo blue #0 until 2027-05-22"


def test_nothing_happens_until_the_period_is_over(first: Schedule) -> None:
    decision = run(first, START + 90 * DAY - timedelta(seconds=1))
    assert decision.step is Step.KEEP
    assert decision.schedule == first


def test_the_period_over_the_next_generation_goes_to_the_other_slot(first: Schedule) -> None:
    decision = run(first, START + 90 * DAY)
    assert decision.step is Step.ROTATE_DUE
    assert decision.schedule.generation == 1
    assert decision.schedule.current.slot == "green"
    assert decision.schedule.previous == first.current


@pytest.mark.parametrize("periods_late", [1, 2, 3, 40])
def test_however_late_a_run_is_it_makes_exactly_one_step(first: Schedule, periods_late: int) -> None:
    late = START + 90 * DAY * periods_late
    decision = run(first, late)
    assert decision.schedule.generation == 1
    assert decision.schedule.current.starts_at == late
    assert run(decision.schedule, late, registered=(1,)).step is Step.KEEP


def test_a_new_force_token_rotates_at_once_and_only_once(first: Schedule) -> None:
    forced = run(first, START + DAY, force="leak 1")
    assert forced.step is Step.ROTATE_FORCED
    assert run(forced.schedule, START + DAY, force="leak 1").step is Step.KEEP


def test_a_force_token_at_the_first_run_asks_for_nothing() -> None:
    created = run(None, START, force="initial").schedule
    assert run(created, START, force="initial").step is Step.KEEP


def test_taking_a_force_token_away_asks_for_nothing_and_the_old_one_stays_obeyed(first: Schedule) -> None:
    forced = run(first, START + DAY, force="leak 1").schedule
    without = run(forced, START + 2 * DAY, force="")
    assert without.step is Step.KEEP
    assert run(without.schedule, START + 2 * DAY, force="leak 1").step is Step.KEEP


def test_forcing_twice_while_the_registration_failed_is_refused_with_advice(first: Schedule) -> None:
    forced = run(first, START + DAY, force="leak 1").schedule
    with pytest.raises(ForcedRotationRefused) as refused:
        run(forced, START + 2 * DAY, force="leak 2", registered=(0,))
    message = str(refused.value)
    assert "Unified.to still uses the secret of generation 0" in message
    assert "pulumi config rm unifiedto:forceRotation" in message


def test_a_registration_that_may_hold_the_secret_in_danger_is_enough_to_refuse(first: Schedule) -> None:
    """Its last write failed, perhaps after Unified.to had carried it out: on record is the one before."""
    second = run(first, START + DAY, force="leak 1").schedule
    third = run(second, START + 2 * DAY, force="leak 2").schedule
    with pytest.raises(ForcedRotationRefused) as refused:
        run(third, START + 3 * DAY, force="leak 3", registered=(0,))
    assert "Unified.to may use the secret of generation 1" in str(refused.value)


def test_one_lagging_registration_of_several_is_enough_to_refuse(first: Schedule) -> None:
    forced = run(first, START + DAY, force="leak 1").schedule
    with pytest.raises(ForcedRotationRefused):
        run(forced, START + 2 * DAY, force="leak 2", registered=(1, 1, 0))


def test_an_unreadable_state_counts_as_lagging(first: Schedule) -> None:
    forced = run(first, START + DAY, force="leak 1").schedule
    with pytest.raises(ForcedRotationRefused):
        run(forced, START + 2 * DAY, force="leak 2", registered=(NEVER,))


def test_forcing_again_after_the_registration_succeeded_removes_the_leaked_secret_at_once(first: Schedule) -> None:
    forced = run(first, START + DAY, force="leak 1").schedule
    again = run(forced, START + DAY, force="leak 1, for good").schedule
    assert again.generation == 2
    assert first.current not in (again.current, again.previous)


def test_time_waits_for_a_registration_that_still_uses_the_previous_secret(first: Schedule) -> None:
    rotated = run(first, START + 90 * DAY).schedule
    shorter = Period("P1D")
    held = run(rotated, START + 100 * DAY, period=shorter, registered=(0,))
    assert held.step is Step.HOLD
    assert held.schedule.current == rotated.current
    assert run(held.schedule, START + 100 * DAY, period=shorter, registered=(1,)).step is Step.ROTATE_DUE


def test_time_goes_on_once_the_previous_secret_has_ended(first: Schedule) -> None:
    rotated = run(first, START + 90 * DAY).schedule
    assert run(rotated, START + 180 * DAY, registered=(0,)).step is Step.ROTATE_DUE


def test_a_shorter_period_counts_from_the_current_secret_and_keeps_its_end(first: Schedule) -> None:
    decision = run(first, START + 10 * DAY, period=Period("P30D"))
    assert decision.step is Step.KEEP
    assert decision.schedule.rotates_at == START + 30 * DAY
    assert decision.schedule.current == first.current


def test_a_longer_period_never_outlives_the_current_secret(first: Schedule) -> None:
    decision = run(first, START + 10 * DAY, period=Period("P366D"))
    assert decision.schedule.rotates_at == START + 90 * DAY


def test_months_follow_the_calendar() -> None:
    schedule = run(None, datetime(2027, 1, 31, tzinfo=timezone.utc), period=Period("P1M")).schedule
    assert format_instant(schedule.current.ends_at) == "2027-03-28T00:00:00Z"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("90 days", "not an ISO 8601 duration"),
        ("", "not an ISO 8601 duration"),
        ("90", "not an ISO 8601 duration"),
        ("PT59M", "shorter than one hour"),
        ("P0D", "shorter than one hour"),
        ("-P1D", "shorter than one hour"),
        ("P2Y", "longer than one year"),
    ],
)
def test_an_unusable_period_is_refused_in_words(text: str, reason: str) -> None:
    with pytest.raises(InvalidRotationPeriod, match=reason):
        Period(text)


def test_the_clock_is_cut_to_whole_seconds_in_utc() -> None:
    berlin = timezone(timedelta(hours=1))
    schedule = run(None, datetime(2026, 11, 23, 12, 25, 31, 987654, tzinfo=berlin)).schedule
    assert format_instant(schedule.current.starts_at) == "2026-11-23T11:25:31Z"


@pytest.mark.parametrize("text", ["2026-11-23T11:25:31Z", "2026-11-23T12:25:31+01:00", "2026-11-23T11:25:31.000Z"])
def test_every_spelling_of_an_instant_is_read_alike(text: str) -> None:
    assert parse_instant(text) == START


def test_an_instant_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        parse_instant("2026-11-23T11:25:31")


def test_the_schedule_survives_its_way_through_the_state(first: Schedule) -> None:
    rotated = run(first, START + 90 * DAY).schedule
    for schedule in (first, rotated):
        as_stored = {
            key: float(value) if isinstance(value, int) else value for key, value in to_properties(schedule).items()
        }
        assert from_properties(as_stored) == schedule


def test_no_property_is_ever_none_because_a_preview_would_not_know_it(first: Schedule) -> None:
    assert None not in to_properties(first).values()
    assert to_properties(first)["green_generation"] == NEVER


def in_state(schedule: Schedule) -> dict[str, SlotInState]:
    secrets = [secret for secret in (schedule.current, schedule.previous) if secret]
    return {
        secret.slot: SlotInState(
            generation=secret.generation,
            key_id=f"key {secret.generation}",
            display_name=secret.display_name,
            starts_at=format_instant(secret.starts_at),
            ends_at=format_instant(secret.ends_at),
        )
        for secret in secrets
    }


def test_a_lost_schedule_is_recovered_from_the_secrets_in_the_state(first: Schedule) -> None:
    rotated = run(first, START + 90 * DAY).schedule
    assert recover(in_state(rotated), period=NINETY_DAYS, force_token="") == rotated
    assert recover({}, period=NINETY_DAYS, force_token="") is None


def test_a_previous_secret_that_was_removed_by_hand_is_not_created_again(first: Schedule) -> None:
    rotated = run(first, START + 90 * DAY).schedule
    left = {slot: secret for slot, secret in in_state(rotated).items() if slot == "green"}
    assert forget_removed(rotated, left).previous is None
    assert forget_removed(rotated, in_state(rotated)) == rotated


def test_a_current_secret_that_was_never_created_is_planned_anew_with_the_period_of_today(first: Schedule) -> None:
    later = START + 5 * DAY
    decision = run(first, later, period=Period("P30D"), registered=(), slots={})
    assert decision.step is Step.RENEW
    assert decision.schedule.generation == 0
    assert decision.schedule.current.ends_at == later + 60 * DAY


def test_a_current_secret_that_was_removed_by_hand_is_renewed_and_the_previous_one_stays(first: Schedule) -> None:
    rotated = run(first, START + 90 * DAY).schedule
    left = {slot: secret for slot, secret in in_state(rotated).items() if slot == "blue"}
    decision = run(rotated, START + 100 * DAY, slots=left)
    assert decision.step is Step.RENEW
    assert decision.schedule.generation == 1
    assert decision.schedule.previous == first.current


def test_a_forced_rotation_is_answered_by_the_creation_of_a_secret_that_is_missing(first: Schedule) -> None:
    forced = run(first, START + DAY, force="leak 1").schedule
    still_blue = {slot: secret for slot, secret in in_state(first).items() if slot == "blue"}
    again = run(forced, START + 2 * DAY, force="leak 2", registered=(0,), slots=still_blue)
    assert again.step is Step.RENEW
    assert again.schedule.generation == 1
    assert again.schedule.force_token == "leak 2"


def test_a_state_that_cannot_be_read_renews_nothing(first: Schedule) -> None:
    assert run(first, START + DAY, slots=None).schedule == first


def test_even_generations_live_in_blue_and_odd_ones_in_green() -> None:
    assert [slot_of(generation) for generation in range(4)] == ["blue", "green", "blue", "green"]
