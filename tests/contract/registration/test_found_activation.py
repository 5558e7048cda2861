"""The activation that was found."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.dynamic_provider import Created
from tests.contract.registration.stage import KIND, LIST, MANUAL, Stage


def activation_after_destroy(stage: Stage, created: Created) -> bool:
    stage.provider.delete(created.id, created.outputs)
    return stage.row().is_active


def test_a_first_run_that_failed_after_its_write_leaves_the_activation_as_it_was_found(stage: Stage) -> None:
    stage.switch(custom_domain="https://auth.example.com")
    assert "UNI305" in stage.create_fails()
    assert not stage.row().is_active
    created = stage.create(redirect_uris=["https://auth.example.com/oauth/code"])
    assert activation_after_destroy(stage, created) is False


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"kind": "not_json"}, "UNI304"),
        ({"kind": "status", "status": 401}, "UNI202"),
        ({"kind": "status", "status": 403}, "UNI203"),
        ({"kind": "status", "status": 503}, "UNI302"),
    ],
)
def test_the_activation_is_taken_back_though_nothing_can_be_listed_any_more(
    stage: Stage, fault: dict[str, Any], code: str
) -> None:
    stage.fault(method="GET", path=LIST, skip=1, times=1000, **fault)
    assert code in stage.create_fails()
    assert not stage.row().is_active
    stage.emulator.control.clear_faults()
    assert activation_after_destroy(stage, stage.create()) is False


@pytest.mark.parametrize(("status", "words"), [(403, "UNI203"), (400, "UNI217")])
def test_a_first_write_that_was_refused_needs_no_taking_back(stage: Stage, status: int, words: str) -> None:
    stage.fault("status", method="PUT", status=status, times=1000)
    assert words in stage.create_fails()
    assert [method for method, _path in stage.calls() if method == "PUT"] == ["PUT"]


@pytest.mark.parametrize("stage_with", [{"UNIFIED_API_RETRIES": "0"}], indirect=True)
def test_the_activation_of_a_row_that_may_have_been_created_is_taken_back(stage_with: Stage) -> None:
    stage_with.switch(post="present")
    stage_with.workspace.remove_by_hand("Production", KIND)
    stage_with.fault("reset_after", method="POST", path=LIST)
    assert "UNI307" in stage_with.create_fails(create_if_missing=True)
    assert not stage_with.row().is_active


def test_the_activation_of_a_row_that_showed_too_late_is_taken_back(stage: Stage) -> None:
    stage.switch(post="present")
    stage.workspace.remove_by_hand("Production", KIND)
    journal = stage.emulator.world.journal
    stage.fault("status", method="GET", path=LIST, status=200, body="[]", times=1000)

    def show_after_the_wait(entry: Any) -> None:
        if entry["path"] == LIST and seen() > 3:
            stage.emulator.world.faults.clear()

    def seen() -> int:
        return stage.calls().count(("GET", LIST))

    stop = journal.listen(show_after_the_wait)
    try:
        assert "UNI306" in stage.create_fails(create_if_missing=True)
    finally:
        stop()
    assert not stage.row().is_active


def test_an_activation_that_cannot_be_taken_back_is_mentioned(stage: Stage) -> None:
    stage.switch(custom_domain="https://auth.example.com")
    stage.fault("status", method="PUT", status=403, skip=1)
    stage.create_fails()
    assert stage.has_printed("was not active before, and could not be deactivated again")


def test_a_row_that_is_active_with_our_own_client_is_left_active(stage: Stage) -> None:
    stage.switch(mask="clear")
    stage.create()
    again = stage.create()
    assert "found_active" not in again.outputs
    assert activation_after_destroy(stage, again) is True


def test_the_activation_that_was_found_is_remembered_in_manual_mode_too(stage: Stage) -> None:
    created = stage.create()
    by_hand = stage.up(created, **MANUAL)
    assert activation_after_destroy(stage, stage.up(by_hand)) is False
