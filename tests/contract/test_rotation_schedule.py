"""RotationSchedule as Pulumi's engine drives it: the real provider process, spoken to over gRPC.

The look at the application's secrets goes to the emulated Entra and Microsoft Graph.
"""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.core.server import EmulatorServer
from pulumi_unifiedto.client_secret.schedule import RotationScheduleProvider
from tests.contract.dynamic_provider import (
    UNKNOWN,
    Created,
    DynamicProvider,
    DynamicProviderProcess,
    serialised,
)
from tests.emulator.test_entra.situations import Entra, Graph, Registered

START = "2026-11-23T11:25:31Z"
NEXT_DAY = "2026-11-24T11:25:31Z"
DUE = "2027-02-21T11:25:31Z"
"""Ninety days after the start."""

A_YEAR_LATER = "2027-11-23T11:25:31Z"

OBSERVED = ("label", "now", "registrations", "slots_in_state")
"""Inputs that tell the schedule about the world."""

FIRST: Mapping[str, Any] = {
    "generation": 0,
    "period": "P90D",
    "force_tokens": ["", ""],
    "rotates_at": DUE,
    "expires_at": "2027-05-22T11:25:31Z",
    "application_object_id": "",
    "secrets": {
        "blue": {
            "generation": 0,
            "starts_at": START,
            "ends_at": "2027-05-22T11:25:31Z",
            "display_name": "unifiedto login blue #0 until 2027-05-22",
        },
    },
}
"""The schedule of a stack that has just been created."""

SECOND: Mapping[str, Any] = {
    **FIRST,
    "generation": 1,
    "rotates_at": "2027-05-22T11:25:31Z",
    "expires_at": "2027-08-20T11:25:31Z",
    "secrets": {
        **FIRST["secrets"],
        "green": {
            "generation": 1,
            "starts_at": DUE,
            "ends_at": "2027-08-20T11:25:31Z",
            "display_name": "unifiedto login green #1 until 2027-08-20",
        },
    },
}
"""The same stack after its first rotation: blue stays as it was."""


def program(now: str = START, **changes: Any) -> dict[str, Any]:
    """What a program registers; None takes an input away."""
    inputs = {
        "label": "unifiedto login",
        "period": "P90D",
        "force_tokens": ["", ""],
        "now": now,
        "registrations": [],
        "slots_in_state": {},
        "application_object_id": "",
        **changes,
    }
    return {key: value for key, value in inputs.items() if value is not None}


def on_record(generation: float, key_id: str = "") -> list[dict[str, Any]]:
    """One registration as the stack's state holds it, with the secret that it accepted last."""
    return [{"name": "login-Production-microsoft_ad", "generation": generation, "key_id": key_id}]


def in_state(
    schedule: Mapping[str, Any], key_ids: Mapping[str, str] | None = None, *, application: str = ""
) -> dict[str, dict[str, Any]]:
    """The secrets of a schedule as the stack's state holds them once they were created."""
    return {
        slot: {
            **secret,
            "key_id": (key_ids or {}).get(slot, f"key of {slot}"),
            "application_object_id": application,
        }
        for slot, secret in schedule["secrets"].items()
    }


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorServer]:
    with tempfile.TemporaryDirectory() as state_dir, EmulatorServer(Path(state_dir)) as running:
        yield running


@pytest.fixture(scope="module")
def process(emulator: EmulatorServer) -> Iterator[DynamicProviderProcess]:
    with DynamicProviderProcess(emulator.env()) as running:
        running.configure({})
        yield running
        assert emulator.env()["ARM_CLIENT_SECRET"] not in running.printed()


@pytest.fixture
def schedule(process: DynamicProviderProcess) -> DynamicProvider:
    return process.provider(RotationScheduleProvider())


def up(schedule: DynamicProvider, before: Created | None, inputs: Mapping[str, Any]) -> Created:
    """What an engine does: check, then create, or diff and the update that it asks for."""
    checked = schedule.check(before.outputs if before else {}, inputs)
    assert checked.failures == []
    if before is None:
        return schedule.create(checked.inputs)
    answer = schedule.diff(before.id, before.outputs, checked.inputs)
    assert answer.replaces == []
    if not answer.changes:
        return before
    return Created(before.id, schedule.update(before.id, before.outputs, checked.inputs))


@pytest.fixture
def created(schedule: DynamicProvider) -> Created:
    return up(schedule, None, program())


def settled(outputs: Mapping[str, Any], now: str, **changes: Any) -> dict[str, Any]:
    """A program's inputs where the last run ended well: everything exists, and is registered."""
    return program(now, registrations=on_record(outputs["generation"]), slots_in_state=in_state(outputs), **changes)


# --- what a preview shows is what an update does ---------------------------------------------------------------------


def test_the_inputs_of_record_are_the_whole_schedule_and_what_create_returns(schedule: DynamicProvider) -> None:
    checked = schedule.check({}, program())
    assert checked.inputs == FIRST
    created = schedule.create(checked.inputs)
    assert created.outputs == FIRST
    assert created.id


def test_nothing_observed_is_stored(schedule: DynamicProvider) -> None:
    observed = program(registrations=on_record(0), slots_in_state=in_state(FIRST), application_object_id="")
    checked = schedule.check(FIRST, observed)
    assert not set(OBSERVED) & set(checked.inputs)
    assert not set(OBSERVED) & set(schedule.create({**checked.inputs, **observed}).outputs)
    assert not set(OBSERVED) & set(schedule.update("id", FIRST, {**checked.inputs, **observed}))


def test_the_check_of_a_preview_and_that_of_its_update_agree(schedule: DynamicProvider, created: Created) -> None:
    inputs = settled(created.outputs, DUE)
    assert schedule.check(created.outputs, inputs) == schedule.check(created.outputs, inputs)


def test_a_run_before_the_period_is_over_changes_nothing(schedule: DynamicProvider, created: Created) -> None:
    for now in (START, "2026-11-23T11:25:32Z", "2027-02-21T11:25:30Z"):
        checked = schedule.check(created.outputs, settled(created.outputs, now))
        assert schedule.diff(created.id, created.outputs, checked.inputs).changes is False


def test_the_preview_of_a_rotation_names_one_slot_and_leaves_the_other_alone(
    schedule: DynamicProvider, created: Created
) -> None:
    checked = schedule.check(created.outputs, settled(created.outputs, DUE))
    assert checked.inputs == SECOND
    answer = schedule.diff(created.id, created.outputs, checked.inputs)
    assert answer.changes is True
    assert answer.replaces == []
    assert checked.inputs["secrets"]["blue"] == FIRST["secrets"]["blue"]


def test_an_update_returns_every_output_and_the_next_preview_is_empty(
    schedule: DynamicProvider, created: Created
) -> None:
    rotated = up(schedule, created, settled(created.outputs, DUE))
    assert rotated.outputs == SECOND
    checked = schedule.check(rotated.outputs, settled(rotated.outputs, DUE))
    assert schedule.diff(rotated.id, rotated.outputs, checked.inputs).changes is False


@pytest.mark.parametrize("now", [DUE, "2027-05-22T11:25:31Z", A_YEAR_LATER, "2041-11-23T11:25:31Z"])
def test_however_late_a_run_is_it_makes_exactly_one_step(schedule: DynamicProvider, created: Created, now: str) -> None:
    rotated = up(schedule, created, settled(created.outputs, now))
    assert rotated.outputs["generation"] == 1
    assert rotated.outputs["secrets"]["green"]["starts_at"] == now
    assert up(schedule, rotated, settled(rotated.outputs, now)) == rotated


def test_numbers_that_come_back_as_floats_change_nothing(schedule: DynamicProvider) -> None:
    stored = json.loads(json.dumps(SECOND), parse_int=float)
    slots = {slot: {**held, "generation": float(held["generation"])} for slot, held in in_state(SECOND).items()}
    inputs = program(DUE, registrations=on_record(1.0), slots_in_state=slots)
    checked = schedule.check(stored, inputs)
    assert checked.inputs == SECOND
    assert schedule.diff("id", stored, checked.inputs).changes is False
    assert "1.0" not in repr([value for value in checked.inputs.values() if isinstance(value, str)])


@pytest.mark.parametrize("tokens", [["leak 1", ""], ["", "leak 1"], ["leak 1", "leak 1"]])
def test_a_forced_rotation_is_one_step_and_only_one(
    tokens: list[str], schedule: DynamicProvider, created: Created
) -> None:
    forced = up(schedule, created, settled(created.outputs, NEXT_DAY, force_tokens=tokens))
    assert (forced.outputs["generation"], forced.outputs["force_tokens"]) == (1, tokens)
    assert up(schedule, forced, settled(forced.outputs, NEXT_DAY, force_tokens=tokens)) == forced
    assert up(schedule, forced, settled(forced.outputs, NEXT_DAY)) == forced, "taking it back asks for nothing"


def test_a_changed_period_is_an_update_that_replaces_no_secret(schedule: DynamicProvider, created: Created) -> None:
    changed = up(schedule, created, settled(created.outputs, NEXT_DAY, period="P30D"))
    differing = {key for key in FIRST if changed.outputs[key] != FIRST[key]}
    assert differing == {"period", "rotates_at"}


def test_a_schedule_that_lost_its_state_goes_on_from_the_secrets_that_exist(schedule: DynamicProvider) -> None:
    """On a replacement, or after the resource was deleted from the state, check meets empty old inputs."""
    checked = schedule.check({}, program(DUE, slots_in_state=in_state(SECOND), registrations=on_record(1)))
    assert checked.failures == []
    assert checked.inputs == SECOND


def test_a_previous_secret_that_was_removed_in_the_portal_is_not_made_again(schedule: DynamicProvider) -> None:
    left = {slot: held for slot, held in in_state(SECOND).items() if slot == "green"}
    checked = schedule.check(SECOND, program(NEXT_DAY, slots_in_state=left, registrations=on_record(1)))
    assert checked.inputs["secrets"] == {"green": SECOND["secrets"]["green"]}


# --- unknown values: only in previews --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "unknown",
    [
        {"application_object_id": UNKNOWN},
        {"registrations": UNKNOWN},
        {"registrations": [UNKNOWN]},
        {"registrations": on_record(UNKNOWN)},  # type: ignore[arg-type]
        {"slots_in_state": UNKNOWN},
        {"slots_in_state": None, "registrations": None, "application_object_id": None},
    ],
    ids=["application", "registrations", "one registration", "its secret", "slots", "absent"],
)
def test_what_is_not_known_about_the_world_does_not_change_the_preview(
    unknown: dict[str, Any], schedule: DynamicProvider
) -> None:
    checked = schedule.check({}, program(**unknown))
    assert checked.failures == []
    assert checked.inputs == FIRST


@pytest.mark.parametrize("key", list(FIRST))
def test_diff_never_asks_for_a_replacement_whatever_is_unknown_or_different(
    key: str, schedule: DynamicProvider
) -> None:
    for value in (UNKNOWN, "another"):
        answer = schedule.diff("id", FIRST, {**FIRST, key: value})
        assert answer.changes is True
        assert answer.replaces == []


# --- refusals: check failures in the catalogue's words, without a property name --------------------------------------


def refused(schedule: DynamicProvider, olds: Mapping[str, Any], inputs: Mapping[str, Any]) -> str:
    """The words of the one failure. With a property's name Pulumi would print its value, secret or not."""
    checked = schedule.check(olds, inputs)
    assert [name for name, _reason in checked.failures] == [""]
    return checked.reasons


@pytest.mark.parametrize("period", ["90 days", "", "PT1M", "P2Y", 90, "P1.5M", "P0.5Y", "P1000000Y", "P99999999999D"])
def test_an_unusable_period_is_refused_in_words(period: Any, schedule: DynamicProvider) -> None:
    words = refused(schedule, {}, program(period=period))
    assert words.startswith("UNI113 The input rotateEvery is not usable")
    assert "next: Set rotateEvery to a duration such as P90D" in words


def test_forcing_twice_while_the_registration_failed_is_refused_with_advice(schedule: DynamicProvider) -> None:
    after_first_force = {**SECOND, "force_tokens": ["leak 1", ""]}
    inputs = program(
        "2027-02-22T11:25:31Z",
        force_tokens=["leak 2", ""],
        registrations=on_record(0),
        slots_in_state=in_state(after_first_force),
    )
    words = refused(schedule, after_first_force, inputs)
    assert words.startswith('UNI211 The forced rotation "leak 2" was not carried out')
    assert "Unified.to still uses the secret of generation 0" in words
    assert "pulumi config rm unifiedto:forceRotation" in words


# --- the look before a secret is created -----------------------------------------------------------------------------


@pytest.fixture
def graph(emulator: EmulatorServer) -> Iterator[Graph]:
    """The deploying identity at an Entra as new."""
    emulator.control.reset()
    with httpx.Client(base_url=emulator.base_url, verify=emulator.ssl_context, trust_env=False) as http:
        entra = Entra(emulator, http)
        with entra.graph_client(emulator.ssl_context) as client:
            yield Graph(client)


@pytest.fixture
def app(graph: Graph, emulator: EmulatorServer) -> Registered:
    registered = graph.register(secrets=0)
    emulator.world.journal.clear()
    return registered


def of(app: Registered, schedule: Mapping[str, Any]) -> dict[str, Any]:
    """The schedule of secrets that the application holds."""
    return {**schedule, "application_object_id": app.id}


def asked(emulator: EmulatorServer) -> list[str]:
    """Requests to Entra and Graph, without the metadata."""
    entries = emulator.world.journal.entries()
    return [f"{entry['method']} {entry['service']}" for entry in entries if "metadata" not in entry["path"]]


def test_an_application_with_room_is_looked_at_with_one_get_and_never_written_to(
    schedule: DynamicProvider, app: Registered, emulator: EmulatorServer
) -> None:
    assert schedule.check({}, program(application_object_id=app.id)).inputs == of(app, FIRST)
    calls = asked(emulator)
    assert [call for call in calls if call.endswith("graph")] == ["GET graph"]
    assert len([call for call in calls if call.startswith("POST")]) == 1


def test_an_application_at_its_limit_is_refused_before_anything_is_changed(
    schedule: DynamicProvider, graph: Graph, app: Registered
) -> None:
    graph.secret(app, displayName="made by hand", endDateTime="2027-03-01T00:00:00Z")
    graph.secret(app, displayName="old laptop", endDateTime="2026-12-31T00:00:00Z")
    words = refused(schedule, {}, program(application_object_id=app.id))
    assert words.startswith(f"UNI209 Entra has no room for another client secret of the application {app.id}")
    for secret, name, key_id in zip(app.secrets, ("made by hand", "old laptop"), app.key_ids, strict=True):
        assert f'"{name}"; key id {key_id}; value begins with {secret[:3]}; valid from ' in words
        assert secret not in words
    assert "Nothing was changed." in words


def test_a_rotation_that_makes_room_for_itself_is_not_refused(
    schedule: DynamicProvider, graph: Graph, app: Registered
) -> None:
    for slot in ("blue", "green"):
        graph.secret(app, displayName=SECOND["secrets"][slot]["display_name"])
    slots = in_state(SECOND, dict(zip(("blue", "green"), app.key_ids, strict=True)))
    inputs = program(
        "2027-05-22T11:25:31Z", application_object_id=app.id, registrations=on_record(1), slots_in_state=slots
    )
    checked = schedule.check(SECOND, inputs)
    assert checked.failures == []
    assert checked.inputs["generation"] == 2


def test_a_rotation_is_refused_when_a_secret_made_by_hand_took_the_second_place(
    schedule: DynamicProvider, graph: Graph, app: Registered
) -> None:
    graph.secret(app, displayName=FIRST["secrets"]["blue"]["display_name"])
    graph.secret(app, displayName="made by hand")
    slots = in_state(FIRST, {"blue": app.key_ids[0]})
    words = refused(
        schedule,
        FIRST,
        program(DUE, application_object_id=app.id, registrations=on_record(0), slots_in_state=slots),
    )
    assert "UNI209" in words
    assert "made by hand" in words


def facts_without_a_verdict(words: str, app: Registered, in_state: str, registered: str | None) -> bool:
    """Whether the words give the facts about each secret, and leave it to a person which one is removed.

    in_state: the one key id that the state holds. registered: the key id that the registration is on record with.
    """
    assert words.startswith("UNI209 ")
    for key_id in app.key_ids:
        [line] = [line for line in words.splitlines() if key_id in line]
        assert ("; in this stack's state; " in line) == (key_id == in_state)
        assert line.endswith(
            f"; on record with {'login-Production-microsoft_ad' if key_id == registered else 'no registration'}"
        )
    assert "--id <object id> --key-id <key id>" in words
    return words.count("--key-id") == 1 and "unused" not in words


def test_a_secret_whose_value_was_lost_is_listed_without_a_verdict(
    schedule: DynamicProvider, graph: Graph, app: Registered
) -> None:
    """The answer to the creation of green's secret was lost: Entra holds it, the state does not."""
    graph.secret(app, displayName=FIRST["secrets"]["blue"]["display_name"])
    graph.secret(app, displayName=SECOND["secrets"]["green"]["display_name"])
    blue, _green = app.key_ids
    words = refused(
        schedule,
        SECOND,
        program(
            DUE,
            application_object_id=app.id,
            registrations=on_record(0, blue),
            slots_in_state=in_state(FIRST, {"blue": blue}),
        ),
    )
    assert facts_without_a_verdict(words, app, in_state=blue, registered=blue)


def test_a_caller_without_the_right_is_told_so_in_words(
    schedule: DynamicProvider, app: Registered, emulator: EmulatorServer
) -> None:
    emulator.world.settings.update({"caller_roles": ["User.Read.All"]})
    words = refused(schedule, {}, program(application_object_id=app.id))
    assert words.startswith("UNI208 The deploying identity ")
    assert "Application.ReadWrite.OwnedBy" in words


@pytest.mark.parametrize("slots", [None, UNKNOWN], ids=["renamed, or not to be read", "not known yet"])
def test_where_the_state_cannot_be_read_nothing_is_replaced_and_nobody_is_asked(
    slots: Any, schedule: DynamicProvider, app: Registered, emulator: EmulatorServer
) -> None:
    inputs = program(A_YEAR_LATER, application_object_id=app.id, slots_in_state=slots, force_tokens=["leak 1", ""])
    assert schedule.check(of(app, SECOND), inputs).inputs == of(app, SECOND)
    assert emulator.world.journal.entries() == []


def test_a_secret_in_use_that_the_state_lost_is_left_and_the_run_is_refused_with_the_facts(
    schedule: DynamicProvider, graph: Graph, app: Registered
) -> None:
    """A refresh that met a passing 404 dropped the live secret from the state."""
    for slot in ("blue", "green"):
        graph.secret(app, displayName=SECOND["secrets"][slot]["display_name"])
    blue, green = app.key_ids
    slots = in_state(SECOND, {"blue": blue})
    del slots["green"]
    inputs = program(DUE, application_object_id=app.id, registrations=on_record(1, green), slots_in_state=slots)
    words = refused(schedule, of(app, SECOND), inputs)
    assert facts_without_a_verdict(words, app, in_state=blue, registered=green)


def test_a_state_older_than_entra_is_refused_with_the_facts(
    schedule: DynamicProvider, graph: Graph, app: Registered
) -> None:
    for slot in ("blue", "green"):
        graph.secret(app, displayName=SECOND["secrets"][slot]["display_name"])
    blue, _green = app.key_ids
    slots = in_state(FIRST, {"blue": blue})
    inputs = program(DUE, application_object_id=app.id, registrations=on_record(0, blue), slots_in_state=slots)
    words = refused(schedule, of(app, FIRST), inputs)
    assert facts_without_a_verdict(words, app, in_state=blue, registered=blue)


def test_in_another_application_the_secrets_begin_anew_and_the_old_ones_go_last(
    schedule: DynamicProvider, app: Registered
) -> None:
    old = {**SECOND, "application_object_id": "another"}
    inputs = program(
        NEXT_DAY,
        application_object_id=app.id,
        registrations=on_record(1),
        slots_in_state=in_state(SECOND, application="another"),
    )
    moved = schedule.check(old, inputs).inputs
    assert moved["generation"] == 2
    assert [(slot, secret["starts_at"]) for slot, secret in moved["secrets"].items()] == [("blue", NEXT_DAY)]


def test_a_move_to_another_application_waits_until_the_state_can_be_read(
    schedule: DynamicProvider, app: Registered
) -> None:
    old = {**SECOND, "application_object_id": "another"}
    words = refused(schedule, old, program(NEXT_DAY, application_object_id=app.id, slots_in_state=None))
    assert words.startswith("UNI313 ")
    assert "Nothing was changed" in words


def test_a_move_back_is_refused_while_the_state_holds_secrets_of_both(
    schedule: DynamicProvider, app: Registered
) -> None:
    """The registration with the new application's secret failed."""
    both = {
        "blue": in_state(FIRST, application=app.id)["blue"],
        "green": in_state(SECOND, application="new")["green"],
    }
    words = refused(
        schedule,
        {**SECOND, "application_object_id": "new"},
        program(NEXT_DAY, application_object_id=app.id, registrations=on_record(1), slots_in_state=both),
    )
    assert words.startswith(f"UNI313 The client secrets cannot move from the application new to {app.id}: an earlier ")
    assert "change to new has not finished" in words


def test_a_settled_stack_asks_nobody(schedule: DynamicProvider, app: Registered, emulator: EmulatorServer) -> None:
    assert schedule.check(of(app, FIRST), settled(FIRST, NEXT_DAY, application_object_id=app.id)).inputs == of(
        app, FIRST
    )
    assert emulator.world.journal.entries() == []


@pytest.mark.parametrize("break_it", ["refuse", "status"])
def test_a_look_that_fails_lets_the_run_go_on_and_says_so(
    break_it: str, process: DynamicProviderProcess, schedule: DynamicProvider, app: Registered, emulator: EmulatorServer
) -> None:
    rules: Mapping[str, Callable[[], dict[str, Any]]] = {
        "refuse": lambda: {"kind": "refuse"},
        "status": lambda: {"kind": "status", "status": 503},
    }
    emulator.world.faults.add({"action": rules[break_it](), "path": "/v1.0/applications/", "times": 50})
    before = len(process.printed())
    try:
        assert schedule.check({}, program(application_object_id=app.id)).inputs == of(app, FIRST)
    finally:
        emulator.world.faults.clear()
    assert process.has_printed("The client secrets of the application could not be listed", since=before)


# --- what the state holds of the provider ----------------------------------------------------------------------------


def test_the_state_holds_the_provider_s_name_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Regression: an edited provider shows as a change of every resource
    (https://github.com/pulumi/pulumi/issues/12401)."""
    before = serialised(RotationScheduleProvider())
    stored = base64.b64decode(before)
    assert b"pulumi_unifiedto.client_secret.schedule" in stored
    assert b"RotationScheduleProvider" in stored
    assert len(stored) < 100

    monkeypatch.setattr(RotationScheduleProvider, "update", lambda *_arguments: None)
    monkeypatch.setattr(RotationScheduleProvider, "_edited", "today", raising=False)
    assert serialised(RotationScheduleProvider()) == before
