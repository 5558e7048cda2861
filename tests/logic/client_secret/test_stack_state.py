"""What the stack's last state says about secrets and registrations."""

from __future__ import annotations

from typing import Any

import pytest

from pulumi_unifiedto.client_secret.rotation import NEVER
from pulumi_unifiedto.client_secret.stack_state import (
    PASSWORD_TYPE,
    PROOF_TYPE,
    REGISTRATION_TYPE,
    SCHEDULE_TYPE,
    proven_generation,
    registered_generations,
    slots_in_state,
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


def test_each_registration_in_the_state_gives_the_generation_it_accepted_last() -> None:
    state = {**registration("a", 3.0), **registration("b", 2.0), **registration("other stack's", 1.0)}
    assert registered_generations(state, ["a", "b"]) == [3, 2]


def test_a_registration_that_is_not_in_the_state_may_hold_any_secret() -> None:
    """Its creation may have failed after Unified.to had carried it out."""
    assert registered_generations(registration("a", 3.0), ["a", "new"]) == [3, NEVER]
    assert registered_generations({}, ["a"]) == [NEVER]


def test_a_registration_that_names_no_generation_holds_nothing_back() -> None:
    assert registered_generations(registration("a", None), ["a"]) == []


def test_another_resource_of_the_same_name_is_not_a_registration() -> None:
    state = {
        urn("command:local:Command", "a"): {"type": "command:local:Command", "outputs": {"secret_generation": 9.0}}
    }
    assert registered_generations(state, ["a"]) == [NEVER]


def test_a_name_that_ends_alike_is_another_resource() -> None:
    assert registered_generations(registration("my-a", 3.0), ["a"]) == [NEVER]


def test_a_registration_is_found_under_whichever_parent() -> None:
    moved = {
        urn(REGISTRATION_TYPE, "a", "acme:index:Product$unifiedto:index:MicrosoftIntegration"): {
            "type": REGISTRATION_TYPE,
            "outputs": {"secret_generation": 4.0},
        }
    }
    assert registered_generations(moved, ["a"]) == [4]


def test_a_state_that_cannot_be_read_gives_the_cautious_answer() -> None:
    assert registered_generations(None, ["a"]) == [NEVER]
    assert slots_in_state(None, NAMES, "login-schedule") is None


def test_the_slots_in_the_state_are_what_the_provider_stored() -> None:
    state = {**password(NAMES["blue"], "2"), **password(NAMES["green"], "1")}
    assert slots_in_state(state, NAMES, "login-schedule") == {
        "blue": {
            "generation": 2,
            "key_id": "key 2",
            "display_name": "login #2",
            "starts_at": "2026-11-23T11:25:31Z",
            "ends_at": "2027-05-22T11:25:31Z",
            "application_object_id": "app",
        },
        "green": {
            "generation": 1,
            "key_id": "key 1",
            "display_name": "login #1",
            "starts_at": "2026-11-23T11:25:31Z",
            "ends_at": "2027-05-22T11:25:31Z",
            "application_object_id": "app",
        },
    }


SCHEDULE = {urn(SCHEDULE_TYPE, "login-schedule"): {"type": SCHEDULE_TYPE, "outputs": {"generation": 0.0}}}


def test_a_state_with_the_schedule_and_no_secret_holds_no_slot() -> None:
    assert slots_in_state(SCHEDULE, NAMES, "login-schedule") == {}


def test_a_state_that_knows_neither_schedule_nor_secret_by_these_names_says_nothing() -> None:
    """A renamed component: its resources are found under their old names later, and must not be taken for missing."""
    assert slots_in_state({}, NAMES, "login-schedule") is None
    assert slots_in_state(SCHEDULE, NAMES, "renamed-schedule") is None


def test_a_password_without_a_generation_is_none_of_ours() -> None:
    by_hand = password(NAMES["blue"], "0", rotateWhenChanged=None)
    assert slots_in_state({**SCHEDULE, **by_hand}, NAMES, "login-schedule") == {}


def test_no_secret_value_is_taken_over_from_the_state() -> None:
    state = password(NAMES["blue"], "0", value="Zq8~canary")
    assert "canary" not in str(slots_in_state(state, NAMES, "login-schedule"))


def proof(**environment: str) -> dict[str, Any]:
    return {urn(PROOF_TYPE, "login-proof"): {"type": PROOF_TYPE, "outputs": {"environment": environment}}}


@pytest.mark.parametrize(
    ("state", "name", "proven"),
    [
        (proof(UNIFIEDTO_PROOF_GENERATION="3"), "login-proof", 3),
        ({}, "login-proof", NEVER),
        (proof(OTHER="3"), "login-proof", None),
        (None, "login-proof", None),
        (proof(UNIFIEDTO_PROOF_GENERATION="3"), None, None),
    ],
    ids=["proven", "nothing yet", "another command", "not to be read", "no proof"],
)
def test_the_proof_in_the_state_tells_which_secret_was_proven_last(
    state: dict[str, Any] | None, name: str | None, proven: int | None
) -> None:
    assert proven_generation(state, name) == proven
