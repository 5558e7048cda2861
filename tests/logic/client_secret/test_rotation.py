"""The rotation's state machine: one step a run, two slots, never the secret in use."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any, Final

import pytest

from pulumi_unifiedto.client_secret.in_state import RegistrationInState, SlotInState
from pulumi_unifiedto.client_secret.period import Period, format_instant, parse_instant
from pulumi_unifiedto.client_secret.rotation import (
    NEVER,
    Circumstances,
    Schedule,
    advance,
    as_in_state,
    decide,
    from_properties,
    recover,
    slot_of,
    to_properties,
)
from pulumi_unifiedto.entra.listed_secret import ListedSecret
from pulumi_unifiedto.errors import (
    ApplicationChangeRefused,
    ForcedRotationRefused,
    InvalidInput,
    SecretLimitReached,
)

START = datetime(2026, 11, 23, 11, 25, 31, tzinfo=timezone.utc)
NINETY_DAYS = Period("P90D")
DAY = timedelta(days=1)


AS_PLANNED: Final = "as planned"
"""The state holds what the last run planned."""


def circumstances(
    before: Schedule | None,
    now: datetime,
    *,
    force: str = "",
    configured: str = "",
    period: Period = NINETY_DAYS,
    application: str = "",
    registered: tuple[int, ...] | None = None,
    slots: dict[str, SlotInState] | str | None = AS_PLANNED,
) -> Circumstances:
    """By default the state holds what was planned, and everything is registered with the current generation."""
    if registered is None:
        registered = (before.generation,) if before else ()
    return Circumstances(
        label="unifiedto demo",
        period=period,
        now=now,
        force_tokens=(force, configured),
        application=application,
        slots=(in_state(before) if before else {}) if isinstance(slots, str) else slots,
        registrations=[
            RegistrationInState(name=f"registration {index}", generation=generation, key_id=f"key {generation}")
            for index, generation in enumerate(registered)
        ],
    )


def run(before: Schedule | None, now: datetime, **known: Any) -> Schedule:
    """One run; see `circumstances`."""
    return decide(before, circumstances(before, now, **known))


def in_state(schedule: Schedule, application: str = "") -> dict[str, SlotInState]:
    secrets = [secret for secret in (schedule.current, schedule.previous) if secret]
    return {
        secret.slot: SlotInState(
            generation=secret.generation,
            key_id=f"key {secret.generation}",
            display_name=secret.display_name,
            starts_at=format_instant(secret.starts_at),
            ends_at=format_instant(secret.ends_at),
            application_object_id=application,
        )
        for secret in secrets
    }


@pytest.fixture
def first() -> Schedule:
    return run(None, START)


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
    assert decision == first


def test_the_period_over_the_next_generation_goes_to_the_other_slot(first: Schedule) -> None:
    decision = run(first, START + 90 * DAY)
    assert decision.generation == 1
    assert decision.current.slot == "green"
    assert decision.previous == first.current


@pytest.mark.parametrize("periods_late", [1, 2, 3, 40])
def test_however_late_a_run_is_it_makes_exactly_one_step(first: Schedule, periods_late: int) -> None:
    late = START + 90 * DAY * periods_late
    decision = run(first, late)
    assert decision.generation == 1
    assert decision.current.starts_at == late
    assert run(decision, late, registered=(1,)) == decision


def test_a_new_force_token_rotates_at_once_and_only_once(first: Schedule) -> None:
    forced = run(first, START + DAY, force="leak 1")
    assert (forced.generation, forced.force_tokens) == (1, ("leak 1", ""))
    assert run(forced, START + DAY, force="leak 1") == forced


def test_a_force_token_at_the_first_run_asks_for_nothing() -> None:
    created = run(None, START, force="initial")
    assert run(created, START, force="initial") == created


def test_taking_a_force_token_away_asks_for_nothing_and_the_old_one_stays_obeyed(first: Schedule) -> None:
    forced = run(first, START + DAY, force="leak 1")
    without = run(forced, START + 2 * DAY, force="")
    assert without == forced
    assert run(without, START + 2 * DAY, force="leak 1") == forced


@pytest.mark.parametrize(
    ("last", "now"),
    [
        ({}, {"force": "leak 1"}),
        ({}, {"configured": "leak 1"}),
        ({"force": "leak 1"}, {"force": "leak 2"}),
        ({"configured": "leak 1"}, {"configured": "leak 2"}),
        ({"force": "leak 1"}, {"force": "leak 1", "configured": "leak 1"}),
        ({"configured": "leak 1"}, {"force": "leak 1", "configured": "leak 1"}),
        ({"force": "leak 1"}, {"configured": "leak 1"}),
        ({"force": "a", "configured": "b"}, {"force": "b", "configured": "a"}),
    ],
)
def test_argument_and_configuration_each_rotate_once_when_they_change(
    last: dict[str, str], now: dict[str, str]
) -> None:
    before = run(None, START, **last)
    forced = run(before, START + DAY, **now)
    assert forced.generation == 1
    assert run(forced, START + DAY, **now) == forced


@pytest.mark.parametrize("left", [{"force": "a"}, {"configured": "b"}, {}])
def test_taking_one_or_both_tokens_away_asks_for_nothing(left: dict[str, str]) -> None:
    before = run(None, START, force="a", configured="b")
    without = run(before, START + DAY, **left)
    assert without == before
    assert run(without, START + 2 * DAY, force="a", configured="b") == before


def test_a_refused_rotation_names_every_token_that_is_set(first: Schedule) -> None:
    forced = run(first, START + DAY, force="leak 1")
    with pytest.raises(ForcedRotationRefused, match='"leak 2 and leak 3"'):
        run(forced, START + 2 * DAY, force="leak 2", configured="leak 3", registered=(0,))


def test_forcing_twice_while_the_registration_failed_is_refused_with_advice(first: Schedule) -> None:
    forced = run(first, START + DAY, force="leak 1")
    with pytest.raises(ForcedRotationRefused) as refused:
        run(forced, START + 2 * DAY, force="leak 2", registered=(0,))
    message = str(refused.value)
    assert "Unified.to still uses the secret of generation 0" in message
    assert "pulumi config rm unifiedto:forceRotation" in message


def test_a_registration_that_may_hold_the_secret_in_danger_is_enough_to_refuse(first: Schedule) -> None:
    """Its last write failed, perhaps after Unified.to had carried it out: on record is the one before."""
    second = run(first, START + DAY, force="leak 1")
    third = run(second, START + 2 * DAY, force="leak 2")
    with pytest.raises(ForcedRotationRefused) as refused:
        run(third, START + 3 * DAY, force="leak 3", registered=(0,))
    assert "Unified.to may use the secret of generation 1" in str(refused.value)


def test_one_lagging_registration_of_several_is_enough_to_refuse(first: Schedule) -> None:
    forced = run(first, START + DAY, force="leak 1")
    with pytest.raises(ForcedRotationRefused):
        run(forced, START + 2 * DAY, force="leak 2", registered=(1, 1, 0))


def test_a_registration_that_is_not_on_record_counts_as_lagging(first: Schedule) -> None:
    forced = run(first, START + DAY, force="leak 1")
    with pytest.raises(ForcedRotationRefused):
        run(forced, START + 2 * DAY, force="leak 2", registered=(NEVER,))


def test_forcing_again_after_the_registration_succeeded_removes_the_leaked_secret_at_once(first: Schedule) -> None:
    forced = run(first, START + DAY, force="leak 1")
    again = run(forced, START + DAY, force="leak 1, for good")
    assert again.generation == 2
    assert first.current not in (again.current, again.previous)


def test_time_waits_for_a_registration_that_still_uses_the_previous_secret(first: Schedule) -> None:
    rotated = run(first, START + 90 * DAY)
    shorter = Period("P1D")
    held = run(rotated, START + 100 * DAY, period=shorter, registered=(0,))
    assert held.secrets == rotated.secrets
    assert run(held, START + 100 * DAY, period=shorter, registered=(1,)).generation == 2


def test_time_goes_on_once_the_previous_secret_has_ended(first: Schedule) -> None:
    rotated = run(first, START + 90 * DAY)
    assert run(rotated, START + 180 * DAY, registered=(0,)).generation == 2


def test_a_shorter_period_counts_from_the_current_secret_and_keeps_its_end(first: Schedule) -> None:
    decision = run(first, START + 10 * DAY, period=Period("P30D"))
    assert decision.rotates_at == START + 30 * DAY
    assert decision.current == first.current


def test_a_longer_period_never_outlives_the_current_secret(first: Schedule) -> None:
    decision = run(first, START + 10 * DAY, period=Period("P366D"))
    assert decision.rotates_at == START + 90 * DAY


def test_months_follow_the_calendar() -> None:
    schedule = run(None, datetime(2027, 1, 31, tzinfo=timezone.utc), period=Period("P1M"))
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
    with pytest.raises(InvalidInput, match=reason):
        Period(text)


def test_the_clock_is_cut_to_whole_seconds_in_utc() -> None:
    berlin = timezone(timedelta(hours=1))
    schedule = run(None, datetime(2026, 11, 23, 12, 25, 31, 987654, tzinfo=berlin))
    assert format_instant(schedule.current.starts_at) == "2026-11-23T11:25:31Z"


@pytest.mark.parametrize("text", ["2026-11-23T11:25:31Z", "2026-11-23T12:25:31+01:00", "2026-11-23T11:25:31.000Z"])
def test_every_spelling_of_an_instant_is_read_alike(text: str) -> None:
    assert parse_instant(text) == START


def test_an_instant_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        parse_instant("2026-11-23T11:25:31")


def test_the_schedule_survives_its_way_through_the_state(first: Schedule) -> None:
    rotated = run(first, START + 90 * DAY)
    for schedule in (first, rotated):
        as_stored = json.loads(json.dumps(to_properties(schedule)), parse_int=float)
        assert from_properties(as_stored) == schedule


def test_no_property_is_ever_none_because_a_preview_would_not_know_it(first: Schedule) -> None:
    assert None not in to_properties(first).values()
    assert list(to_properties(first)["secrets"]) == ["blue"]


def test_a_lost_schedule_is_recovered_from_the_secrets_in_the_state(first: Schedule) -> None:
    rotated = run(first, START + 90 * DAY)
    assert recover(circumstances(rotated, START + 90 * DAY)) == rotated
    assert recover(circumstances(None, START, slots={})) is None
    assert recover(circumstances(None, START, slots=None)) is None


def test_a_previous_secret_that_was_removed_by_hand_is_not_created_again(first: Schedule) -> None:
    rotated = run(first, START + 90 * DAY)
    left = {slot: secret for slot, secret in in_state(rotated).items() if slot == "green"}
    assert as_in_state(rotated, left).previous is None
    assert as_in_state(rotated, in_state(rotated)) == rotated


def test_a_current_secret_that_was_never_created_is_planned_anew_with_the_period_of_today(first: Schedule) -> None:
    later = START + 5 * DAY
    decision = run(first, later, period=Period("P30D"), registered=(), slots={})
    assert decision.generation == 0
    assert decision.current.starts_at == later
    assert decision.current.ends_at == later + 60 * DAY


def test_a_current_secret_that_was_removed_by_hand_is_renewed_and_the_previous_one_stays(first: Schedule) -> None:
    rotated = run(first, START + 90 * DAY)
    left = {slot: secret for slot, secret in in_state(rotated).items() if slot == "blue"}
    decision = run(rotated, START + 100 * DAY, slots=left)
    assert decision.generation == 1
    assert decision.current.starts_at == START + 100 * DAY
    assert decision.previous == first.current


def test_a_forced_rotation_is_answered_by_the_creation_of_a_secret_that_is_missing(first: Schedule) -> None:
    forced = run(first, START + DAY, force="leak 1")
    still_blue = {slot: secret for slot, secret in in_state(first).items() if slot == "blue"}
    again = run(forced, START + 2 * DAY, force="leak 2", registered=(0,), slots=still_blue)
    assert again.generation == 1
    assert again.current.starts_at == START + 2 * DAY
    assert again.force_tokens == ("leak 2", "")


@pytest.mark.parametrize("days", [1, 90, 400])
@pytest.mark.parametrize("force", ["", "leak 1"])
def test_a_state_that_cannot_be_read_keeps_everything(days: int, force: str, first: Schedule) -> None:
    rotated = run(first, START + 90 * DAY)
    for before in (first, rotated):
        decision = run(before, START + (90 + days) * DAY, force=force, slots=None)
        assert decision == before, "also the token, so that the next run obeys it"


def test_a_token_that_met_a_state_that_could_not_be_read_is_obeyed_by_the_next_run(first: Schedule) -> None:
    unread = run(first, START + DAY, force="leak 1", slots=None)
    assert run(unread, START + DAY, force="leak 1").generation == 1


def test_even_generations_live_in_blue_and_odd_ones_in_green() -> None:
    assert [slot_of(generation) for generation in range(4)] == ["blue", "green", "blue", "green"]


# --- another application ---------------------------------------------------------------------------------------------


@pytest.fixture
def in_old() -> Schedule:
    """A stack after its first rotation, in the application "old"."""
    first = run(None, START, application="old")
    return run(first, START + 90 * DAY, application="old", slots=in_state(first, "old"))


def test_in_another_application_the_next_generation_begins_alone(in_old: Schedule) -> None:
    now = START + 91 * DAY
    moved = run(in_old, now, application="new", slots=in_state(in_old, "old"))
    assert moved.generation == 2
    assert moved.current.starts_at == now
    assert moved.previous is None
    assert moved.application == "new"


def test_an_application_that_is_not_known_yet_is_the_last_one(in_old: Schedule) -> None:
    kept = run(in_old, START + 91 * DAY, slots=in_state(in_old, "old"))
    assert kept == in_old


def test_a_change_of_the_application_waits_until_the_state_can_be_read(in_old: Schedule) -> None:
    with pytest.raises(ApplicationChangeRefused, match="from the application old to new: the stack's state could not"):
        run(in_old, START + 91 * DAY, application="new", slots=None)


def test_a_change_of_the_application_is_refused_while_the_state_holds_secrets_of_both(in_old: Schedule) -> None:
    """The registration of the new one failed, and the old one is asked for again."""
    moved = run(in_old, START + 91 * DAY, application="new", slots=in_state(in_old, "old"))
    both = {**in_state(in_old, "old"), **in_state(moved, "new")}
    assert {slot: secret["application_object_id"] for slot, secret in both.items()} == {"blue": "new", "green": "old"}
    with pytest.raises(ApplicationChangeRefused) as refused:
        run(moved, START + 92 * DAY, application="old", registered=(1,), slots=both)
    message = str(refused.value)
    assert "from the application new to old: an earlier change to new has not finished" in message
    assert "Nothing was changed." in message


def test_no_rotation_replaces_a_secret_of_the_application_before_while_that_may_be_in_use(in_old: Schedule) -> None:
    moved = run(in_old, START + 91 * DAY, application="new", slots=in_state(in_old, "old"))
    both = {**in_state(in_old, "old"), **in_state(moved, "new")}
    due = run(moved, START + 181 * DAY, application="new", registered=(1,), slots=both)
    assert due.secrets == moved.secrets
    with pytest.raises(ForcedRotationRefused):
        run(moved, START + 92 * DAY, application="new", force="leak 1", registered=(1,), slots=both)


# --- when the secrets are listed -------------------------------------------------------------------------------------


class Entra:
    """Lists two secrets that nobody expects, and notes for which application it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def list_secrets(self, application_object_id: str) -> list[ListedSecret]:
        self.asked.append(application_object_id)
        return [
            ListedSecret(key_id=key_id, display_name="", hint="", starts_at="", ends_at="") for key_id in ("a", "b")
        ]


def test_no_secret_is_listed_while_everything_is_registered_and_nothing_is_due(first: Schedule) -> None:
    entra = Entra()
    assert advance(first, circumstances(first, START + DAY), entra.list_secrets) == first
    assert entra.asked == []


def test_the_secrets_are_listed_before_one_is_created_and_the_refusal_comes_first(first: Schedule) -> None:
    entra = Entra()
    with pytest.raises(SecretLimitReached):
        advance(first, circumstances(first, START + 90 * DAY, application="app"), entra.list_secrets)
    assert entra.asked == ["app"]


def test_after_a_run_that_did_not_end_well_the_secrets_are_listed_and_what_exists_needs_no_room(
    first: Schedule,
) -> None:
    entra = Entra()
    run_after = circumstances(first, START + DAY, registered=(NEVER,))
    assert advance(first, run_after, entra.list_secrets) == first
    assert entra.asked == [""]


def test_nothing_is_listed_where_the_state_cannot_be_read(first: Schedule) -> None:
    entra = Entra()
    assert advance(first, circumstances(first, START + 90 * DAY, slots=None), entra.list_secrets) == first
    assert entra.asked == []


def test_secrets_that_cannot_be_listed_let_the_run_go_on(first: Schedule) -> None:
    due = advance(first, circumstances(first, START + 90 * DAY), lambda _application: None)
    assert due.generation == 1
