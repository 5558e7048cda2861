"""A registration that is taken away."""

from __future__ import annotations

from typing import Any

import pytest

from pulumi_unifiedto.registration.workspace_integration import WorkspaceIntegrationProvider
from tests.contract.dynamic_provider import DynamicProviderProcess
from tests.contract.registration.stage import CLIENT_ID, KIND, LIST, OTHER_ID, SECOND_SECRET, Stage

NOW = '"microsoft_ad" in environment "Production" is now'
STAYS = '"microsoft_ad" in environment "Production" stays'


@pytest.mark.parametrize(
    ("on_delete", "found_active", "active", "said"),
    [
        (None, False, False, f"{NOW} inactive and keeps client id {CLIENT_ID}."),
        (None, True, False, f"{NOW} inactive and keeps client id {CLIENT_ID}."),
        ("deactivate", True, False, f"{NOW} inactive and keeps client id {CLIENT_ID}."),
        ("keep", False, True, f"{STAYS} registered with client id {CLIENT_ID}, as onDelete says."),
    ],
)
def test_a_destroy_leaves_the_row_as_on_delete_says_and_says_so(
    stage: Stage, on_delete: str | None, found_active: bool, active: bool, said: str
) -> None:
    stage.by_hand(is_active=found_active)
    created = stage.create(on_delete=on_delete)
    stage.provider.delete(created.id, created.outputs)
    row = stage.row()
    assert (row.is_active, row.client_id) == (active, CLIENT_ID)
    assert stage.has_printed(said)
    stage.provider.delete(created.id, created.outputs)


def test_a_destroy_keeps_the_fields_that_nobody_declared(stage: Stage) -> None:
    before = stage.row().fields
    created = stage.create()
    stage.provider.delete(created.id, created.outputs)
    after = stage.row().fields
    assert {name for name in before if before[name] != after.get(name)} <= {"updated_at"}


def test_keeping_costs_no_call(stage: Stage) -> None:
    created = stage.create(on_delete="keep")
    stage.forget_calls()
    stage.provider.delete(created.id, created.outputs)
    assert stage.calls() == []


def test_a_row_that_is_gone_needs_no_destroying(stage: Stage) -> None:
    created = stage.create()
    stage.workspace.remove_by_hand("Production", KIND)
    stage.provider.delete(created.id, created.outputs)
    assert stage.has_printed("is not registered any more")


def test_a_row_that_goes_during_the_destroy_fails_it_and_the_next_one_succeeds(stage: Stage) -> None:
    created = stage.create()

    def remove(entry: Any) -> None:
        if "/auth/" in entry["path"]:
            stage.workspace.remove_by_hand("Production", KIND)

    stop = stage.emulator.world.journal.listen(remove)
    try:
        words = stage.delete_fails(created)
    finally:
        stop()
    assert words.startswith("UNI217")
    assert "next: Run again." in words
    stage.provider.delete(created.id, created.outputs)
    assert stage.has_printed("is not registered any more")


def test_an_inactive_row_is_left_as_it_is(stage: Stage) -> None:
    created = stage.create()
    stage.by_hand(is_active=False)
    stage.forget_calls()
    stage.provider.delete(created.id, created.outputs)
    assert stage.calls() == [("GET", LIST)]
    assert stage.has_printed("is not active. It stays so")


def test_a_destroy_leaves_somebody_elses_client_alone(stage: Stage) -> None:
    created = stage.create()
    stage.by_hand(auth={"client_id": OTHER_ID, "client_secret": "theirs"})
    stage.provider.delete(created.id, created.outputs)
    assert (stage.row().client_id, stage.row().is_active) == (OTHER_ID, True)


def test_a_destroy_leaves_somebody_elses_client_alone_where_no_url_shows_it(stage: Stage) -> None:
    stage.switch(mask="clear")
    created = stage.create(environment="Sandbox")
    theirs = {"client_id": OTHER_ID, "client_secret": "theirs"}
    stage.by_hand("Sandbox", auth=theirs)
    stage.provider.delete(created.id, {**created.outputs, "own_updated_at": ""})
    assert (stage.row("Sandbox").auth, stage.row("Sandbox").is_active) == (theirs, True)


def test_a_renamed_resource_does_not_undo_its_successor(stage: Stage) -> None:
    old = stage.create()
    stage.create()
    stage.provider.delete(old.id, old.outputs)
    assert stage.row().is_active


@pytest.mark.parametrize("refreshes", [False, True])
@pytest.mark.parametrize("stage_with", [{}], indirect=True)
def test_a_renamed_resource_does_not_undo_its_successor_in_a_later_run_either(
    stage_with: Stage, refreshes: bool
) -> None:
    """The run that made the successor failed elsewhere, so that the old resource is deleted by another process."""
    old = stage_with.create()
    stage_with.emulator.world.clock.change(advance_s=60)
    stage_with.create(client_secret=SECOND_SECRET)
    if refreshes:
        old = stage_with.refresh(old)
    with DynamicProviderProcess(stage_with.environment) as later:
        later.configure({})
        later.provider(WorkspaceIntegrationProvider()).delete(old.id, old.outputs)
    assert (stage_with.row().is_active, stage_with.row().client_secret) == (True, SECOND_SECRET)


@pytest.mark.parametrize("environment", ["Production", "Sandbox"])
def test_a_deactivation_is_verified(stage: Stage, environment: str) -> None:
    created = stage.create(environment=environment)
    stage.fault("status", method="PUT", status=200)
    words = stage.delete_fails(created)
    assert words.startswith("UNI306")
    assert "it is still active" in words
