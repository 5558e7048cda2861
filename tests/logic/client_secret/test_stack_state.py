"""What the stack's last state says about secrets and registrations."""

from __future__ import annotations

from typing import Any

import pytest

from pulumi_unifiedto.client_secret.in_state import RegistrationInState, SlotInState
from pulumi_unifiedto.client_secret.rotation import NEVER
from pulumi_unifiedto.client_secret.stack_state import (
    PASSWORD_TYPE,
    PROOF_TYPE,
    REGISTRATION_TYPE,
    SCHEDULE_TYPE,
    ProofInState,
    SecretRecord,
    proof_in_state,
    secret_record,
)

NAMES = {"blue": "login-secret-blue", "green": "login-secret-green"}


def urn(kind: str, name: str, parents: str = "unifiedto:index:MicrosoftIntegration") -> str:
    return f"urn:pulumi:prod::crm::{parents}${kind}::{name}"


def registration(name: str, generation: float | None, **outputs: Any) -> dict[str, Any]:
    if generation is not None:
        outputs["secret_generation"] = generation
    return {urn(REGISTRATION_TYPE, name): {"type": REGISTRATION_TYPE, "outputs": outputs}}


def password(name: str, generation: str, **outputs: Any) -> dict[str, Any]:
    return {
        urn(PASSWORD_TYPE, name): {
            "type": PASSWORD_TYPE,
            "outputs": {
                "applicationId": "/applications/app",
                "keyId": f"key {generation}",
                "displayName": f"login #{generation}",
                "startDate": "2026-11-23T11:25:31Z",
                "endDate": "2027-05-22T11:25:31Z",
                "rotateWhenChanged": {"generation": generation},
                **outputs,
            },
        }
    }


def record(state: dict[str, Any] | None, *registrations: str, schedule: str = "login-schedule") -> SecretRecord:
    return secret_record(state, slots=NAMES, schedule=schedule, registrations=registrations)


def generations(state: dict[str, Any] | None, *names: str) -> list[int]:
    found = record(state, *names).registrations
    assert [entry["name"] for entry in found] == list(names)
    return [entry["generation"] for entry in found]


def test_each_registration_in_the_state_gives_the_secret_it_accepted_last() -> None:
    state = {
        **registration("a", 3.0, secret_key_id="key 3"),
        **registration("b", 2.0, secret_key_id="key 2"),
        **registration("other stack's", 1.0),
    }
    assert record(state, "a", "b").registrations == [
        RegistrationInState(name="a", generation=3, key_id="key 3"),
        RegistrationInState(name="b", generation=2, key_id="key 2"),
    ]


def test_a_registration_that_is_not_in_the_state_may_hold_any_secret() -> None:
    """Its creation may have failed after Unified.to had carried it out."""
    assert generations(registration("a", 3.0), "a", "new") == [3, NEVER]
    assert record({}, "a").registrations == [RegistrationInState(name="a", generation=NEVER, key_id="")]


def test_a_registration_that_names_no_generation_may_hold_any_secret() -> None:
    assert generations(registration("a", None), "a") == [NEVER]


def test_another_resource_of_the_same_name_is_not_a_registration() -> None:
    state = {
        urn("command:local:Command", "a"): {"type": "command:local:Command", "outputs": {"secret_generation": 9.0}}
    }
    assert generations(state, "a") == [NEVER]


def test_a_name_that_ends_alike_is_another_resource() -> None:
    assert generations(registration("my-a", 3.0), "a") == [NEVER]


def test_a_registration_is_found_under_whichever_parent() -> None:
    moved = {
        urn(REGISTRATION_TYPE, "a", "acme:index:Product$unifiedto:index:MicrosoftIntegration"): {
            "type": REGISTRATION_TYPE,
            "outputs": {"secret_generation": 4.0},
        }
    }
    assert generations(moved, "a") == [4]


def test_a_state_that_cannot_be_read_gives_the_cautious_answer() -> None:
    unread = record(None, "a")
    assert unread.slots is None
    assert unread.registrations == [RegistrationInState(name="a", generation=NEVER, key_id="")]
    assert unread.awaits_registration(["a"])


def in_slot(generation: int) -> SlotInState:
    return SlotInState(
        generation=generation,
        key_id=f"key {generation}",
        display_name=f"login #{generation}",
        starts_at="2026-11-23T11:25:31Z",
        ends_at="2027-05-22T11:25:31Z",
        application_object_id="app",
    )


def test_the_slots_in_the_state_are_what_the_provider_stored() -> None:
    state = {**password(NAMES["blue"], "2"), **password(NAMES["green"], "1")}
    assert record(state).slots == {"blue": in_slot(2), "green": in_slot(1)}


SCHEDULE = {urn(SCHEDULE_TYPE, "login-schedule"): {"type": SCHEDULE_TYPE, "outputs": {"generation": 0.0}}}


def test_a_state_with_the_schedule_and_no_secret_holds_no_slot() -> None:
    assert record(SCHEDULE).slots == {}


def test_a_state_that_knows_neither_schedule_nor_secret_by_these_names_says_nothing() -> None:
    """A renamed component: its resources are found under their old names later, and must not be taken for missing."""
    assert record({}).slots is None
    assert record(SCHEDULE, schedule="renamed-schedule").slots is None


def test_a_password_without_a_generation_is_none_of_ours() -> None:
    by_hand = password(NAMES["blue"], "0", rotateWhenChanged=None)
    assert record({**SCHEDULE, **by_hand}).slots == {}


def test_no_secret_value_is_taken_over_from_the_state() -> None:
    state = password(NAMES["blue"], "0", value="Zq8~canary")
    assert "canary" not in str(record(state))


# --- which registrations wait for the newest secret ------------------------------------------------------------------

TWO_SECRETS = {**password(NAMES["blue"], "2"), **password(NAMES["green"], "1")}


@pytest.mark.parametrize(
    ("state", "awaits"),
    [
        pytest.param(registration("a", 2.0, secret_key_id="key 2"), False, id="holds the newest"),
        pytest.param(registration("a", 1.0, secret_key_id="key 1"), True, id="holds the previous one"),
        pytest.param(registration("a", 2.0, secret_key_id="key of a twin"), True, id="holds one of that generation"),
        pytest.param({}, True, id="not in the state"),
    ],
)
def test_a_registration_awaits_the_newest_secret_until_it_is_on_record_with_it(
    state: dict[str, Any], awaits: bool
) -> None:
    assert record({**TWO_SECRETS, **state}, "a").awaits_registration(["a"]) is awaits


def test_only_the_registrations_that_are_asked_for_count() -> None:
    state = {
        **TWO_SECRETS,
        **registration("a", 2.0, secret_key_id="key 2"),
        **registration("by hand", 1.0, secret_key_id="key 1"),
    }
    assert not record(state, "a", "by hand").awaits_registration(["a"])
    assert record(state, "a", "by hand").awaits_registration(["a", "by hand"])
    assert not record(state, "a", "by hand").awaits_registration([])


# --- the proof on record ---------------------------------------------------------------------------------------------


def proof(**outputs: Any) -> dict[str, Any]:
    return {urn(PROOF_TYPE, "login-proof"): {"type": PROOF_TYPE, "outputs": outputs}}


def test_the_proof_on_record_is_the_command_that_proved_the_last_secret() -> None:
    state = proof(
        create="prove", interpreter=["/venv/bin/python", "-m", "proof"], environment={"UNIFIEDTO_PROOF_GENERATION": "3"}
    )
    assert proof_in_state(state, "login-proof") == ProofInState(
        create="prove",
        interpreter=("/venv/bin/python", "-m", "proof"),
        environment={"UNIFIEDTO_PROOF_GENERATION": "3"},
    )


@pytest.mark.parametrize("state", [None, {}, proof()], ids=["not to be read", "nothing yet", "another name"])
def test_without_a_proof_of_that_name_nothing_is_on_record(state: dict[str, Any] | None) -> None:
    assert proof_in_state(state, "other-proof") is None


def test_the_proof_on_record_prints_no_secret() -> None:
    state = proof(create="prove", environment={"UNIFIEDTO_PROOF_CLIENT_SECRET": "Zq8~canary"})
    assert "canary" not in repr(proof_in_state(state, "login-proof"))
