"""RotatingClientSecret: two slots, one schedule, and the value that is current, run after run."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, cast

import pulumi
import pulumi_azuread as azuread
import pytest

from pulumi_unifiedto import RotatingClientSecret, RotatingClientSecretArgs
from pulumi_unifiedto.client_secret.rotation import NEVER
from pulumi_unifiedto.client_secret.stack_state import PASSWORD_TYPE
from pulumi_unifiedto.entra.provider_errors import ADVICE_HOOK
from tests.component.conftest import Rehearse
from tests.component.recorded_program import SCHEDULE_TYPE, UNKNOWN, Run, Secret, holds_secret, reveal

START = "2026-11-23T11:25:31Z"
DUE = "2027-02-21T11:25:31Z"
"""Ninety days later."""

DUE_AGAIN = "2027-05-22T11:25:31Z"
A_YEAR_LATER = "2027-11-23T11:25:31Z"
OUTPUTS = ("value", "key_id", "generation", "slots", "rotates_at", "expires_at", "days_left")


def declaring(**changes: Any) -> Callable[[], None]:
    args = {"application_id": "/applications/app", "application_object_id": "app", **changes}

    def program() -> None:
        made = RotatingClientSecret("secret", cast(RotatingClientSecretArgs, args))
        for output in OUTPUTS:
            pulumi.export(output, getattr(made, output))

    return program


@pytest.fixture
def first(rehearse: Rehearse) -> Run:
    run = rehearse(declaring())
    assert run.error is None
    return run


@pytest.fixture
def second(first: Run, rehearse: Rehearse) -> Run:
    run = rehearse(declaring(), last=first, now=DUE)
    assert run.error is None
    return run


def slots(run: Run) -> list[str]:
    return sorted(run.of_type(PASSWORD_TYPE))


# --- what is registered ----------------------------------------------------------------------------------------------


def test_a_new_application_starts_with_one_secret_and_the_green_slot_is_not_declared(first: Run) -> None:
    assert first.custom == ["secret-schedule", "secret-blue"]
    assert first["secret-blue"].inputs == {
        "applicationId": "/applications/app",
        "displayName": "crm/prod secret blue #0 until 2027-05-22",
        "endDate": "2027-05-22T11:25:31Z",
        "rotateWhenChanged": {"generation": "0"},
    }


def test_a_slot_is_emptied_before_it_is_filled_again_because_there_is_no_third_place(second: Run) -> None:
    assert slots(second) == ["secret-blue", "secret-green"]
    for slot in slots(second):
        request = second[slot].request
        assert request.deleteBeforeReplaceDefined
        assert request.deleteBeforeReplace


def test_a_slot_s_options_are_those_that_a_secret_needs(second: Run) -> None:
    for slot in slots(second):
        resource = second[slot]
        assert resource.parent == "secret"
        assert set(resource.request.additionalSecretOutputs) == {"value"}
        assert resource.depends_on == {"secret-schedule"}
        assert resource.error_hooks == [ADVICE_HOOK]
    assert list(second.error_hooks) == [ADVICE_HOOK]


def test_no_option_hides_a_change_of_the_secret(second: Run) -> None:
    """Regression: ignore_changes on a secret hid its rotation (peer: the Cognito module's pull request 371)."""
    for resource in second.resources.values():
        assert not resource.request.ignoreChanges
        assert not resource.request.protect


def test_the_schedule_is_told_the_clock_and_the_settings_and_stores_its_provider_by_name(first: Run) -> None:
    schedule = first["secret-schedule"]
    assert schedule.type == SCHEDULE_TYPE
    assert schedule.parent == "secret"
    inputs = dict(schedule.inputs)
    provider = inputs.pop("__provider")
    assert not inputs.pop("slots_in_state", None), "there are none yet"
    assert inputs == {
        "label": "crm/prod secret",
        "period": "P90D",
        "force_token": "",
        "now": START,
        "registered_generations": [],
        "application_object_id": "app",
        "used_key_ids": [],
    }
    stored = base64.b64decode(reveal(provider))
    assert b"pulumi_unifiedto.client_secret.schedule" in stored
    assert len(stored) < 100


def test_given_settings_reach_the_schedule(rehearse: Rehearse) -> None:
    run = rehearse(declaring(rotate_every="P30D", force_token="leak 1", label="sign-in"))
    inputs = run["secret-schedule"].inputs
    assert (inputs["period"], inputs["force_token"], inputs["label"]) == ("P30D", "leak 1", "sign-in")
    assert run["secret-blue"].inputs["displayName"] == "sign-in blue #0 until 2027-01-22"


@pytest.mark.parametrize("absent", ["", None])
def test_an_empty_setting_counts_as_absent(absent: str | None, rehearse: Rehearse) -> None:
    run = rehearse(declaring(rotate_every=absent, force_token=absent, label=absent, consumers=absent))
    inputs = run["secret-schedule"].inputs
    assert (inputs["period"], inputs["force_token"], inputs["label"]) == ("P90D", "", "crm/prod secret")


def test_settings_that_other_resources_give_are_taken(rehearse: Rehearse) -> None:
    def program() -> None:
        declaring(
            rotate_every=pulumi.Output.from_input("P30D"),
            force_token=pulumi.Output.from_input("leak 1"),
            label=pulumi.Output.from_input("sign-in"),
        )()

    run = rehearse(program)
    assert run.error is None
    assert run["secret-blue"].inputs["endDate"] == "2027-01-22T11:25:31Z"


# --- run after run ---------------------------------------------------------------------------------------------------


def test_a_run_before_the_period_is_over_changes_nothing(first: Run, rehearse: Rehearse) -> None:
    for now in (START, "2027-02-21T11:25:30Z"):
        assert rehearse(declaring(), last=first, now=now, preview=True).changed_since(first) == set()


def test_the_preview_of_a_rotation_names_one_slot_and_the_next_preview_is_empty(first: Run, rehearse: Rehearse) -> None:
    preview = rehearse(declaring(), last=first, now=DUE, preview=True)
    assert preview.changed_since(first) == {"secret-schedule", "secret-green"}
    up = rehearse(declaring(), last=first, now=DUE)
    assert preview["secret-green"].inputs == up["secret-green"].inputs, "the preview shows the true values"
    assert rehearse(declaring(), last=up, now=DUE, preview=True).changed_since(up) == set()


def test_after_a_rotation_the_previous_secret_stays_as_it_was(first: Run, second: Run) -> None:
    assert second["secret-blue"].checked == first["secret-blue"].checked
    assert second["secret-blue"].outputs == first["secret-blue"].outputs
    assert second["secret-green"].inputs == {
        "applicationId": "/applications/app",
        "displayName": "crm/prod secret green #1 until 2027-08-20",
        "endDate": "2027-08-20T11:25:31Z",
        "rotateWhenChanged": {"generation": "1"},
    }


def test_the_current_value_follows_the_generation(first: Run, second: Run, rehearse: Rehearse) -> None:
    third = rehearse(declaring(), last=second, now=DUE_AGAIN)
    assert third.changed_since(second) == {"secret-schedule", "secret-blue"}
    expected = [("secret-blue", 0), ("secret-green", 1), ("secret-blue", 2)]
    for run, (slot, generation) in zip((first, second, third), expected, strict=True):
        assert run.exports["value"] == Secret(f"canary~{slot}~{generation}")
        assert run.exports["key_id"] == f"key of {slot} #{generation}"
        assert run.exports["generation"] == generation


@pytest.mark.parametrize("now", [DUE_AGAIN, A_YEAR_LATER, "2036-01-01T00:00:00Z"])
def test_however_late_a_run_is_one_secret_is_made(now: str, first: Run, rehearse: Rehearse) -> None:
    late = rehearse(declaring(), last=first, now=now)
    assert late.error is None
    assert late.changed_since(first) == {"secret-schedule", "secret-green"}
    assert late.exports["generation"] == 1


def test_a_new_force_token_rotates_at_once(first: Run, rehearse: Rehearse) -> None:
    forced = rehearse(declaring(force_token="leak 1"), last=first, now="2026-11-24T11:25:31Z")
    assert forced.exports["value"] == Secret("canary~secret-green~1")
    again = rehearse(declaring(force_token="leak 1"), last=forced, now="2026-11-24T11:25:31Z", preview=True)
    assert again.changed_since(forced) == set()


def test_a_secret_removed_in_the_portal_is_the_only_one_renewed(second: Run, rehearse: Rehearse) -> None:
    """Regression: a secret removed or made outside (https://github.com/hashicorp/terraform-provider-azuread/issues/671).
    A refresh has taken the current one out of the state."""
    del second.resources["secret-green"]
    run = rehearse(declaring(), last=second, now="2027-03-01T00:00:00Z")
    assert run.changed_since(second) == {"secret-schedule", "secret-green"}
    assert run["secret-green"].checked["rotateWhenChanged"] == {"generation": "1"}
    assert run["secret-green"].checked["endDate"] == "2027-08-28T00:00:00Z", "it lives two whole periods from now"
    assert rehearse(declaring(), last=run, now="2027-03-01T00:00:00Z", preview=True).changed_since(run) == set()


def test_a_previous_secret_removed_in_the_portal_is_not_made_again(second: Run, rehearse: Rehearse) -> None:
    del second.resources["secret-blue"]
    run = rehearse(declaring(), last=second, now=DUE)
    assert slots(run) == ["secret-green"]
    assert run.exports["value"] == Secret("canary~secret-green~1")


def test_a_schedule_that_was_lost_from_the_state_goes_on_where_it_was(second: Run, rehearse: Rehearse) -> None:
    del second.resources["secret-schedule"]
    run = rehearse(declaring(), last=second, now=DUE)
    assert run["secret-blue"].checked == second["secret-blue"].checked
    assert run["secret-green"].checked == second["secret-green"].checked


# --- what the state of the last run says -----------------------------------------------------------------------------


def test_the_schedule_learns_from_the_state_which_secrets_exist(second: Run, rehearse: Rehearse) -> None:
    run = rehearse(declaring(), last=second, now=DUE)
    told = run["secret-schedule"].inputs["slots_in_state"]
    assert {slot: (held["generation"], held["key_id"]) for slot, held in told.items()} == {
        "blue": (0, "key of secret-blue #0"),
        "green": (1, "key of secret-green #1"),
    }
    assert not holds_secret(told)
    assert "canary" not in repr(told)


def test_a_state_that_cannot_be_read_is_said_and_counts_as_the_cautious_answer(second: Run, rehearse: Rehearse) -> None:
    run = rehearse(declaring(consumers=["a", "b"]), last=second, now=DUE, state_is_readable=False)
    assert run.error is None
    assert any("a forced rotation waits until the previous secret has ended" in line for line in run.logged)
    assert run["secret-schedule"].inputs["registered_generations"] == [NEVER]
    assert run.changed_since(second) == set()


# --- outputs ---------------------------------------------------------------------------------------------------------


def test_the_value_is_secret_and_nothing_else_is(second: Run) -> None:
    assert {name for name, value in second.exports.items() if holds_secret(value)} == {"value"}
    assert {name for name, value in second.component_outputs["secret"].items() if holds_secret(value)} == {"value"}
    assert second["secret"].inputs == {}


def test_the_slots_tell_a_person_which_is_which_and_until_when(first: Run, second: Run) -> None:
    empty = {"generation": NEVER, "key_id": "", "display_name": "", "starts_at": "", "ends_at": "", "state": "empty"}
    assert first.exports["slots"]["green"] == empty
    assert first.exports["slots"]["blue"]["state"] == "current"
    assert second.exports["slots"] == {
        "blue": {
            "generation": 0,
            "key_id": "key of secret-blue #0",
            "display_name": "crm/prod secret blue #0 until 2027-05-22",
            "starts_at": START,
            "ends_at": "2027-05-22T11:25:31Z",
            "state": "previous, still valid",
        },
        "green": {
            "generation": 1,
            "key_id": "key of secret-green #1",
            "display_name": "crm/prod secret green #1 until 2027-08-20",
            "starts_at": DUE,
            "ends_at": "2027-08-20T11:25:31Z",
            "state": "current",
        },
    }


def test_a_previous_secret_that_has_ended_is_called_expired(first: Run, rehearse: Rehearse) -> None:
    late = rehearse(declaring(), last=first, now=A_YEAR_LATER)
    assert late.exports["slots"]["blue"]["state"] == "expired"


@pytest.mark.parametrize(
    ("now", "days"), [(START, 180), ("2026-11-23T23:00:00Z", 180), ("2026-11-24T11:25:31Z", 179), (DUE_AGAIN, 180)]
)
def test_days_left_count_begun_days_whole(now: str, days: int, first: Run, rehearse: Rehearse) -> None:
    assert rehearse(declaring(), last=first, now=now).exports["days_left"] == days


def test_when_it_rotates_and_expires_is_an_output(first: Run) -> None:
    assert first.exports["rotates_at"] == DUE
    assert first.exports["expires_at"] == "2027-05-22T11:25:31Z"


# --- previews --------------------------------------------------------------------------------------------------------


def test_the_first_preview_declares_the_secret_of_an_application_that_does_not_exist_yet(rehearse: Rehearse) -> None:
    def program() -> None:
        app = azuread.Application("app", display_name="Example CRM")
        declaring(application_id=app.id, application_object_id=app.object_id)()

    preview = rehearse(program, preview=True)
    assert preview.error is None
    assert slots(preview) == ["secret-blue"]
    assert preview["secret-blue"].inputs == {
        "applicationId": UNKNOWN,
        "displayName": "crm/prod secret blue #0 until 2027-05-22",
        "endDate": "2027-05-22T11:25:31Z",
        "rotateWhenChanged": {"generation": "0"},
    }
    assert preview.exports["value"] == Secret(UNKNOWN)
    assert preview.exports["generation"] == 0
    assert preview.exports["days_left"] == 180


def test_the_preview_of_a_rotation_does_not_know_the_new_value_and_keeps_it_secret(
    first: Run, rehearse: Rehearse
) -> None:
    preview = rehearse(declaring(), last=first, now=DUE, preview=True)
    assert preview.exports["value"] == Secret(UNKNOWN)
    assert preview.exports["generation"] == 1


def test_an_unusable_period_stops_the_run_before_a_secret_is_declared(rehearse: Rehearse) -> None:
    run = rehearse(declaring(rotate_every="90 days"))
    assert run.error is not None
    assert slots(run) == []
