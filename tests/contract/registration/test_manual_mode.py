"""Manual mode."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.dynamic_provider import Created
from tests.contract.registration.stage import (
    CLIENT_ID,
    CONFIRMED,
    MANUAL,
    OTHER_ID,
    SECOND_SECRET,
    SECRET,
    Stage,
)


def enter_by_hand(stage: Stage, secret: str = SECRET) -> None:
    stage.by_hand(is_active=True, auth={"client_id": CLIENT_ID, "client_secret": secret})


def is_waiting(created: Created) -> bool:
    return str(created.outputs["status"]).startswith("waiting for a person")


@pytest.mark.parametrize("stage_with", [{"UNIFIED_API_KEY": None}], indirect=True)
def test_manual_mode_gives_the_steps_and_verifies_what_was_entered_without_a_key(stage_with: Stage) -> None:
    declared = {"permissions": ["hris_employee_read"], "scope_overrides": {"hris_employee_read": "User.Read.All"}}
    waiting = stage_with.create(secret_generation=0, **declared, **MANUAL)
    assert is_waiting(waiting)
    assert waiting.outputs["secret_generation"] == -1
    for step in (
        'UNI215 "microsoft_ad" in environment "Production" has to be registered by hand',
        f"1. Open {stage_with.emulator.base_url}/integrations/microsoft_ad.",
        '2. Choose environment "Production".',
        f"3. Enter {CLIENT_ID} as client id.",
        "4. Enter the client secret: once this run is over, pulumi stack output client_secret --show-secrets prints",
        "5. Choose exactly these permissions: hris_employee_read.",
        "6. Override these scopes: hris_employee_read as User.Read.All.",
        "7. Save, and activate the integration.",
        "8. Set enteredSecret of this registration to the first 3 characters of the secret that you entered",
        "9. Run pulumi up again",
    ):
        assert stage_with.has_printed(step), step
    enter_by_hand(stage_with)
    confirmed = {"secret_generation": 0, **declared, **CONFIRMED}
    created = stage_with.up(waiting, **confirmed)
    assert created.outputs["status"] == "verified, except for permissions, scopeOverrides"
    assert created.outputs["secret_generation"] == 0
    assert stage_with.is_settled(created, **confirmed)
    stage_with.provider.delete(created.id, created.outputs)
    assert stage_with.row().client_secret == SECRET
    assert {path.split("/")[-2] for _method, path in stage_with.calls()} == {"auth"}


def test_manual_mode_waits_on_and_tells_so_in_every_run_and_no_refresh_changes_it(stage: Stage) -> None:
    waiting = stage.create(**MANUAL)
    assert stage.refresh(waiting) == waiting
    printed = len(stage.process.printed())
    assert is_waiting(stage.up(waiting, **MANUAL))
    assert stage.has_printed("UNI215", since=printed)


def test_manual_mode_does_not_trust_a_wrong_client_id(stage: Stage) -> None:
    stage.by_hand(is_active=True, auth={"client_id": OTHER_ID, "client_secret": "x"})
    assert is_waiting(stage.create(**CONFIRMED))
    assert stage.has_printed(f"Unified.to uses client id {OTHER_ID}")


def test_manual_mode_does_not_trust_the_right_client_id_with_a_secret_that_nobody_confirmed(stage: Stage) -> None:
    enter_by_hand(stage, "made by hand long ago")
    assert is_waiting(stage.create(**MANUAL))


def test_manual_mode_explains_a_redirect_uri_that_differs(stage: Stage) -> None:
    enter_by_hand(stage)
    stage.switch(custom_domain="https://auth.example.com")
    assert "Add https://auth.example.com/oauth/code to redirectUris" in stage.create_fails(**CONFIRMED)


def test_manual_mode_asks_for_a_new_secret_until_a_person_confirms_it(stage: Stage) -> None:
    enter_by_hand(stage)
    created = stage.create(secret_generation=0, **CONFIRMED)
    rotated = {"client_secret": SECOND_SECRET, "secret_generation": 1}
    waiting = stage.up(created, **rotated, **CONFIRMED)
    assert is_waiting(waiting)
    assert waiting.outputs["secret_generation"] == 0, "what Unified.to is known to hold"
    assert is_waiting(stage.up(waiting, **rotated, **CONFIRMED))
    rotated["entered_secret"] = SECOND_SECRET[:3]
    updated = stage.up(waiting, **rotated, **MANUAL)
    assert updated.outputs["status"] == "verified"
    assert updated.outputs["secret_generation"] == 1
    assert stage.is_settled(updated, **rotated, **MANUAL)


def test_manual_mode_sees_drift(stage: Stage) -> None:
    enter_by_hand(stage)
    created = stage.create(**CONFIRMED)
    stage.by_hand(auth={"client_id": OTHER_ID, "client_secret": "x"})
    drifted = stage.refresh(created)
    assert drifted.outputs["client_id"] == OTHER_ID
    assert is_waiting(stage.up(drifted, **CONFIRMED))


def test_a_registration_moves_from_manual_mode_to_the_api_and_is_written(stage: Stage) -> None:
    enter_by_hand(stage, "a secret with a typing error")
    created = stage.create(**CONFIRMED)
    updated = stage.up(created)
    assert stage.row().client_secret == SECRET
    assert updated.outputs["registration_id"] == stage.row().id
    assert stage.is_settled(updated)


def test_a_secret_that_the_api_registered_needs_no_confirmation_in_manual_mode(stage: Stage) -> None:
    assert stage.up(stage.create(), **MANUAL).outputs["status"] == "verified"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"environment": "Sandbox"}, "not verified: Sandbox"),
        ({"is_active": False}, "not verified: not active"),
    ],
)
def test_manual_mode_says_where_nothing_can_be_verified(stage: Stage, changes: dict[str, Any], status: str) -> None:
    assert is_waiting(stage.create(**changes, **MANUAL))
    created = stage.create(**changes, **CONFIRMED)
    assert created.outputs["status"].startswith(status)
    assert created.outputs["active"] is changes.get("is_active", True)
