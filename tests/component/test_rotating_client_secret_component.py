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
from pulumi_unifiedto.client_secret.slots import require_generation
from pulumi_unifiedto.client_secret.stack_state import PASSWORD_TYPE
from pulumi_unifiedto.entra.provider_errors import ADVICE_HOOK
from pulumi_unifiedto.errors import InvalidInput, SecretOfAnotherGeneration
from tests.component.conftest import Rehearse
from tests.component.recorded_program import SCHEDULE_TYPE, UNKNOWN, Run, Secret, holds_secret, reveal

START = "2026-11-23T11:25:31Z"
DUE = "2027-02-21T11:25:31Z"
"""Ninety days later."""

NEXT_DAY = "2026-11-24T11:25:31Z"
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


def test_a_slot_is_emptied_before_it_is_filled_again_because_there_is_no_third_place(
    second: Run, rehearse: Rehearse
) -> None:
    assert deletes_first(rehearse(declaring(), last=second, now=DUE_AGAIN)) == {"secret-blue"}


def test_a_secret_that_the_plan_does_not_replace_is_never_deleted_first(
    first: Run, second: Run, rehearse: Rehearse
) -> None:
    for run in (first, second, rehearse(declaring(), last=second, now=DUE)):
        assert deletes_first(run) == set()


def test_a_slot_that_holds_a_secret_of_another_application_is_emptied_last(second: Run, rehearse: Rehearse) -> None:
    moving = declaring(application_id="/applications/another", application_object_id="another")
    moved = rehearse(moving, last=second, now=DUE)
    assert moved.error is None
    assert moved["secret-blue"].checked["rotateWhenChanged"] == {"generation": "2"}
    assert deletes_first(moved) == set()


def deletes_first(run: Run) -> set[str]:
    """The slots whose secret Pulumi deletes before it creates the next; the option is set on each of them."""
    for slot in slots(run):
        assert run[slot].request.deleteBeforeReplaceDefined
    return {slot for slot in slots(run) if run[slot].request.deleteBeforeReplace}


def test_a_slot_s_options_are_those_that_a_secret_needs(second: Run) -> None:
    for slot in slots(second):
        resource = second[slot]
        assert resource.parent == "secret"
        assert set(resource.request.additionalSecretOutputs) == {"value"}
        assert resource.depends_on == {"secret-schedule"}
        assert resource.error_hooks == [ADVICE_HOOK]
        assert resource.creation_hooks == [f"pulumi-unifiedto-planned-{slot}"]
    assert list(second.error_hooks) == [ADVICE_HOOK]


def test_a_slot_inherits_neither_protection_nor_retention_which_would_stop_the_rotation(rehearse: Rehearse) -> None:
    """Regression: the first rotation worked, from the second on each run failed ("marked for protection")."""

    def program() -> None:
        args = cast(RotatingClientSecretArgs, {"application_id": "/applications/app", "application_object_id": "app"})
        RotatingClientSecret("secret", args, pulumi.ResourceOptions(protect=True, retain_on_delete=True))

    run = rehearse(program)
    assert run.error is None
    request = run["secret-blue"].request
    assert request.HasField("protect")
    assert request.HasField("retainOnDelete")
    assert not request.protect
    assert not request.retainOnDelete
    assert run["secret"].request.protect, "what the user protects stays protected"


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
        "force_tokens": ["", ""],
        "now": START,
        "registrations": [],
        "application_object_id": "app",
    }
    stored = base64.b64decode(reveal(provider))
    assert b"pulumi_unifiedto.client_secret.schedule" in stored
    assert len(stored) < 100


def test_given_settings_reach_the_schedule(rehearse: Rehearse) -> None:
    run = rehearse(declaring(rotate_every="P30D", force_rotation="leak 1", label="sign-in"))
    inputs = run["secret-schedule"].inputs
    assert (inputs["period"], inputs["force_tokens"], inputs["label"]) == ("P30D", ["leak 1", ""], "sign-in")
    assert run["secret-blue"].inputs["displayName"] == "sign-in blue #0 until 2027-01-22"


@pytest.mark.parametrize("absent", ["", None])
def test_an_empty_setting_counts_as_absent(absent: str | None, rehearse: Rehearse) -> None:
    run = rehearse(declaring(rotate_every=absent, force_rotation=absent, label=absent, consumers=absent))
    inputs = run["secret-schedule"].inputs
    assert (inputs["period"], inputs["force_tokens"], inputs["label"]) == ("P90D", ["", ""], "crm/prod secret")


@pytest.mark.parametrize(
    ("argument", "name"),
    [("rotate_every", "rotateEvery"), ("force_rotation", "forceRotation"), ("label", "label")],
)
def test_a_setting_that_another_resource_gives_is_refused(argument: str, name: str, rehearse: Rehearse) -> None:
    def program() -> None:
        declaring(**{argument: pulumi.Output.from_input("P30D")})()

    run = rehearse(program)
    assert isinstance(run.error, InvalidInput)
    assert f"{name} is not usable: it comes from a resource, but must be known before the run" in str(run.error)
    assert run.custom == []


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


@pytest.mark.parametrize(
    ("changes", "config"),
    [({"force_rotation": "leak 1"}, {}), ({}, {"unifiedto:forceRotation": "leak 1"})],
    ids=["argument", "configuration"],
)
def test_a_new_force_token_rotates_at_once(
    changes: dict[str, str], config: dict[str, str], first: Run, rehearse: Rehearse
) -> None:
    forced = rehearse(declaring(**changes), last=first, now=NEXT_DAY, config=config)
    assert forced.exports["value"] == Secret("canary~secret-green~1")
    again = rehearse(declaring(**changes), last=forced, now=NEXT_DAY, config=config, preview=True)
    assert again.changed_since(forced) == set()
    taken_back = rehearse(declaring(), last=forced, now=NEXT_DAY, preview=True)
    assert taken_back.changed_since(forced) == set()


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


def test_the_schedule_learns_from_the_state_which_secret_each_consumer_accepted(
    second: Run, rehearse: Rehearse
) -> None:
    run = rehearse(declaring(consumers=["a", "b"]), last=second, now=DUE)
    assert run["secret-schedule"].inputs["registrations"] == [
        {"name": "a", "generation": NEVER, "key_id": ""},
        {"name": "b", "generation": NEVER, "key_id": ""},
    ]


@pytest.mark.parametrize("now", [DUE, DUE_AGAIN, A_YEAR_LATER])
def test_a_state_that_cannot_be_read_is_said_and_nothing_is_rotated(now: str, second: Run, rehearse: Rehearse) -> None:
    declared = declaring(consumers=["a", "b"], force_rotation="leak 1")
    run = rehearse(declared, last=second, now=now, state_is_readable=False)
    assert run.error is None
    [line] = run.logged
    assert line.startswith("The stack's last state could not be read (Exception)")
    assert line.endswith("No secret is rotated in this run. Run pulumi up again.")
    assert run.changed_since(second) == set()


# --- what a person asks of Pulumi outside the rotation ---------------------------------------------------------------


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
@pytest.mark.parametrize(("slot", "generation"), [("secret-green", 1), ("secret-blue", 0)])
def test_a_replacement_that_the_rotation_does_not_plan_is_refused_before_anything_is_created(
    slot: str, generation: int, preview: bool, second: Run, rehearse: Rehearse
) -> None:
    run = rehearse(declaring(), last=second, now=DUE, replaced=[slot], preview=preview)
    assert f"UNI223 The client secret of generation {generation} ({slot})" in str(run.error)
    assert not run[slot].request.deleteBeforeReplace


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
def test_a_replacement_that_the_rotation_plans_passes(preview: bool, second: Run, rehearse: Rehearse) -> None:
    run = rehearse(declaring(), last=second, now=DUE_AGAIN, replaced=["secret-blue"], preview=preview)
    assert run.error is None
    assert run.changed_since(second) == {"secret-schedule", "secret-blue"}


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
def test_the_secrets_of_an_application_that_is_replaced_are_replaced_with_it(preview: bool, rehearse: Rehearse) -> None:
    """The preview does not know the new application, so that the schedule stays as it is in it."""

    def program() -> None:
        app = azuread.Application("app", display_name="Example CRM")
        declaring(application_id=app.id, application_object_id=app.object_id)()

    last = rehearse(program)
    del last.resources["app"]
    for slot in slots(last):
        last[slot].checked["applicationId"] = "/applications/the one before"
        last[slot].outputs["applicationId"] = "/applications/the one before"
    last["secret-schedule"].checked["application_object_id"] = "the one before"
    run = rehearse(program, last=last, now=NEXT_DAY, preview=preview)
    assert run.error is None
    assert run["secret-blue" if preview else "secret-green"].checked["applicationId"] == (
        UNKNOWN if preview else "/applications/object of app"
    )


def test_a_run_that_leaves_the_secret_out_gives_no_older_one_as_the_new_one(second: Run, rehearse: Rehearse) -> None:
    """Regression: with --exclude, the previous secret was registered as the new generation."""
    run = rehearse(declaring(), last=second, now=DUE_AGAIN, left_out=["secret-blue"])
    assert isinstance(run.error, SecretOfAnotherGeneration)
    assert "The schedule is at generation 2, and its slot holds the client secret of generation 0." in str(run.error)


@pytest.mark.parametrize("held", [None, {}, {"generation": "1"}, {"generation": ""}])
def test_only_the_secret_of_the_schedule_s_own_generation_is_given_out(held: dict[str, str] | None) -> None:
    assert require_generation(3, {"generation": "3"}) == 3
    with pytest.raises(SecretOfAnotherGeneration):
        require_generation(3, held)


# --- outputs ---------------------------------------------------------------------------------------------------------


def test_the_value_is_secret_and_nothing_else_is(second: Run) -> None:
    assert {name for name, value in second.exports.items() if holds_secret(value)} == {"value"}
    assert {name for name, value in second.component_outputs["secret"].items() if holds_secret(value)} == {"value"}
    assert second["secret"].inputs == {}


def test_the_slots_tell_a_person_which_is_which_and_until_when(first: Run, second: Run) -> None:
    assert list(first.exports["slots"]) == ["blue"]
    assert second.exports["slots"] == {
        "blue": {
            "generation": 0,
            "key_id": "key of secret-blue #0",
            "display_name": "crm/prod secret blue #0 until 2027-05-22",
            "starts_at": START,
            "ends_at": "2027-05-22T11:25:31Z",
        },
        "green": {
            "generation": 1,
            "key_id": "key of secret-green #1",
            "display_name": "crm/prod secret green #1 until 2027-08-20",
            "starts_at": DUE,
            "ends_at": "2027-08-20T11:25:31Z",
        },
    }


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
