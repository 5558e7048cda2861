"""Requests that fail."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.contract.dynamic_provider import Created
from tests.contract.registration.stage import CLIENT_ID, KIND, LIST, OTHER_ID, SECOND_SECRET, SECRET, Stage


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "half_body"])
def test_a_put_of_unknown_fate_is_looked_after_and_written_again(stage: Stage, kind: str) -> None:
    stage.fault(kind, method="PUT")
    assert stage.create().outputs["status"] == "verified"
    writes_and_lists = [method for method, path in stage.calls() if path == LIST]
    assert writes_and_lists == ["GET", "PUT", "GET", "PUT", "GET"]


@pytest.mark.parametrize("status", [409, 500, 502, 503, 504])
@pytest.mark.parametrize("kind", ["status", "status_after"])
def test_a_put_answered_with_a_server_error_is_looked_after(stage: Stage, kind: str, status: int) -> None:
    stage.fault(kind, method="PUT", status=status)
    assert stage.create().outputs["status"] == "verified"
    assert [method for method, path in stage.calls() if path == LIST] == ["GET", "PUT", "GET", "PUT", "GET"]


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "0"}])
def test_a_rate_limit_is_waited_out(stage: Stage, headers: dict[str, str]) -> None:
    stage.fault("status", status=429, times=2, headers=headers)
    assert stage.create().outputs["status"] == "verified"


def test_a_write_that_stays_uncertain_says_so_and_the_next_run_goes_on(stage: Stage) -> None:
    stage.fault("reset_before", method="PUT", times=3)
    words = stage.create_fails()
    assert words.startswith("UNI307 It is not known whether Unified.to carried out PUT /unified/workspaceintegration/")
    assert "after 3 attempts" in words
    assert stage.create().outputs["status"] == "verified"


def test_a_look_that_fails_too_says_both(stage: Stage) -> None:
    stage.fault("reset_after", method="PUT")
    stage.fault("status", method="GET", path=LIST, status=401, skip=1)
    words = stage.create_fails()
    assert words.startswith("UNI307")
    assert "reading it failed too" in words


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        ({"kind": "status", "status": 503}, "UNI302", "3 times with a server error"),
        ({"kind": "status", "status": 429}, "UNI303", "refused after 3 attempts"),
        ({"kind": "status", "status": 429, "headers": {"Retry-After": "3600"}}, "UNI303", "Wait at least 3600 s"),
        ({"kind": "not_json"}, "UNI304", "it is HTML and not JSON"),
        ({"kind": "half_body"}, "UNI301", "was reached at https://localhost:"),
        ({"kind": "reset_before"}, "UNI301", "tried 3 times"),
    ],
)
def test_a_list_that_fails_for_good_is_explained_and_nothing_is_written(
    stage: Stage, fault: dict[str, Any], code: str, words: str
) -> None:
    stage.fault(method="GET", path=LIST, times=10, **fault)
    said = stage.create_fails()
    stage.emulator.world.faults.clear()
    assert said.startswith(code)
    assert words in said
    assert stage.row().client_id == ""


@pytest.mark.parametrize("body", ['[{"id": "wi_1"}]', '{"data": []}', "[1]", '[{"id": "wi'])
def test_a_partial_answer_is_explained(stage: Stage, body: str) -> None:
    stage.fault("status", method="GET", path=LIST, status=200, body=body, times=10)
    said = stage.create_fails()
    stage.emulator.world.faults.clear()
    assert said.startswith("UNI304")


def test_a_stale_read_back_is_read_again(stage: Stage) -> None:
    stage.fault("stale_read", method="GET", path=LIST, skip=1)
    assert stage.create().outputs["status"] == "verified"


def test_an_answer_that_disagrees_with_what_was_written_fails_with_the_difference(stage: Stage) -> None:
    """Somebody else writes at the same moment, and wins."""

    def somebody_else(entry: Any) -> None:
        if entry["method"] == "PUT":
            stage.by_hand(auth={"client_id": OTHER_ID, "client_secret": "theirs"})

    stop = stage.emulator.world.journal.listen(somebody_else)
    try:
        words = stage.create_fails()
    finally:
        stop()
    assert words.startswith("UNI305")
    assert f"client_id is {OTHER_ID} instead of {CLIENT_ID}" in words


def test_a_write_that_is_answered_and_not_carried_out_fails_with_the_difference(stage: Stage) -> None:
    """Regression: the platform answers 200 and ignores the change
    (https://github.com/DataDog/terraform-provider-datadog/issues/2483)."""
    stage.by_hand(is_active=True, auth={"client_id": OTHER_ID, "client_secret": "x"})
    stage.fault("status", method="PUT", status=200)
    words = stage.create_fails()
    assert words.startswith("UNI306")
    assert f"client_id is {OTHER_ID} instead of {CLIENT_ID}" in words


def test_a_failed_update_keeps_the_old_state_and_the_next_up_goes_on(stage: Stage) -> None:
    created = stage.create()
    stage.fault("reset_before", method="PUT", times=3)
    assert "UNI307" in stage.update_fails(created, client_secret=SECOND_SECRET)
    updated = stage.up(created, client_secret=SECOND_SECRET)
    assert stage.row().client_secret == SECOND_SECRET
    assert stage.is_settled(updated, client_secret=SECOND_SECRET)


def test_a_refresh_that_cannot_read_fails_and_forgets_nothing(stage: Stage) -> None:
    created = stage.create()
    stage.fault("status", method="GET", status=500, times=10)
    assert stage.read_fails(created).startswith("UNI302")
    stage.emulator.world.faults.clear()
    assert stage.is_settled(created)


def test_an_unreachable_api_is_named(stage: Stage) -> None:
    created = stage.create()
    elsewhere = {**created.outputs, "api_url": "https://localhost:1"}
    words = stage.read_fails(Created(created.id, elsewhere))
    assert words.startswith("UNI301 Unified.to cannot be reached at https://localhost:1: ")
    assert "Connection refused" in words


def test_four_threads_register_at_once(stage: Stage) -> None:
    kinds = [row.integration_type for row in stage.workspace.rows() if row.environment == "Production"][:8]
    with ThreadPoolExecutor(4) as threads:
        created = list(threads.map(lambda kind: stage.create(integration_type=kind), kinds))
    assert {each.outputs["status"] for each in created} == {"verified"}
    assert all(stage.row(kind=kind).client_secret == SECRET for kind in kinds)


def test_a_put_that_is_answered_404_is_a_refusal_and_the_next_run_goes_on(stage: Stage) -> None:
    stage.fault("status", method="PUT", path=LIST, status=404)
    words = stage.create_fails()
    assert words.startswith("UNI217 Unified.to refused PUT /unified/workspaceintegration/")
    assert 'Run again. If the error stays, set the registration\'s mode to "manual".' in words
    assert stage.create().outputs["status"] == "verified"


def test_a_row_that_goes_before_the_put_is_called_missing_by_the_next_run(stage: Stage) -> None:
    def remove(entry: Any) -> None:
        if entry["path"] == LIST:
            stage.workspace.remove_by_hand("Production", KIND)

    stop = stage.emulator.world.journal.listen(remove)
    try:
        assert stage.create_fails().startswith("UNI217")
    finally:
        stop()
    assert stage.create_fails().startswith("UNI205")


def test_a_row_that_goes_while_a_put_is_uncertain_is_not_written(stage: Stage) -> None:
    stage.fault("reset_before", method="PUT")

    def remove(entry: Any) -> None:
        if entry["method"] == "PUT":
            stage.workspace.remove_by_hand("Production", KIND)

    stop = stage.emulator.world.journal.listen(remove)
    try:
        words = stage.create_fails()
    finally:
        stop()
    assert words.startswith("UNI307")
    assert "the list does not show it any more" in words
    assert stage.create_fails().startswith("UNI205")


def test_a_put_that_is_answered_500_is_not_called_a_broken_connection(stage: Stage) -> None:
    stage.fault("status", method="PUT", status=500, times=1000)
    words = stage.create_fails()
    assert words.startswith("UNI307")
    assert "it answered 500." in words
    assert "connection" not in words
