"""A registration that is taken away."""

from __future__ import annotations

import pytest

from pulumi_unifiedto.registration.workspace_integration import WorkspaceIntegrationProvider
from tests.contract.dynamic_provider import DynamicProviderProcess
from tests.contract.registration.stage import CLIENT_ID, KIND, OTHER_ID, SECOND_SECRET, Stage

NOW = '"microsoft_ad" in environment "Production" is now'
STAYS = '"microsoft_ad" in environment "Production" stays'


@pytest.mark.parametrize(
    ("on_delete", "found_active", "active", "client_id", "said"),
    [
        (None, False, False, CLIENT_ID, f"{NOW} inactive and keeps client id {CLIENT_ID}."),
        (None, True, True, CLIENT_ID, f"{STAYS} active, and keeps the credentials it has: sign-ins through it fail"),
        ("restore", False, False, CLIENT_ID, f"{NOW} inactive and keeps client id {CLIENT_ID}."),
        ("deactivate", True, False, CLIENT_ID, f"{NOW} inactive and keeps client id {CLIENT_ID}."),
        ("keep", False, True, CLIENT_ID, f"{STAYS} registered with client id {CLIENT_ID}, as onDelete says."),
        ("clear", True, True, "", f"{NOW} active and holds no credentials any more."),
        ("clear", False, False, "", f"{NOW} inactive and holds no credentials any more."),
    ],
)
def test_a_destroy_leaves_the_row_as_on_delete_says_and_says_so(
    stage: Stage, on_delete: str | None, found_active: bool, active: bool, client_id: str, said: str
) -> None:
    stage.by_hand(is_active=found_active)
    created = stage.create(on_delete=on_delete)
    printed = len(stage.process.printed())
    stage.provider.delete(created.id, created.outputs)
    row = stage.row()
    assert (row.is_active, row.client_id) == (active, client_id)
    assert stage.has_printed(said, since=printed)
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


@pytest.mark.parametrize("on_delete", ["restore", "deactivate", "clear"])
def test_a_row_that_is_gone_needs_no_destroying(stage: Stage, on_delete: str) -> None:
    created = stage.create(on_delete=on_delete)
    stage.workspace.remove_by_hand("Production", KIND)
    stage.provider.delete(created.id, created.outputs)


def test_a_row_that_goes_during_the_destroy_is_no_failure(stage: Stage) -> None:
    created = stage.create()
    stage.fault("status", method="PUT", status=404)
    stage.provider.delete(created.id, created.outputs)


def test_a_destroy_leaves_somebody_elses_client_alone(stage: Stage) -> None:
    created = stage.create(on_delete="clear")
    stage.by_hand(auth={"client_id": OTHER_ID, "client_secret": "theirs"})
    stage.provider.delete(created.id, created.outputs)
    assert (stage.row().client_id, stage.row().is_active) == (OTHER_ID, True)


def test_a_destroy_leaves_somebody_elses_client_alone_where_no_url_shows_it(stage: Stage) -> None:
    stage.switch(mask="clear")
    created = stage.create(environment="Sandbox", on_delete="clear")
    theirs = {"client_id": OTHER_ID, "client_secret": "theirs"}
    stage.by_hand("Sandbox", auth=theirs)
    stage.provider.delete(created.id, {**created.outputs, "updated_at": ""})
    assert stage.row("Sandbox").auth == theirs


def test_a_renamed_resource_does_not_undo_its_successor(stage: Stage) -> None:
    old = stage.create()
    stage.create()
    stage.provider.delete(old.id, old.outputs)
    assert stage.row().is_active


@pytest.mark.parametrize("on_delete", ["restore", "deactivate", "clear"])
@pytest.mark.parametrize("stage_with", [{}], indirect=True)
def test_a_renamed_resource_does_not_undo_its_successor_in_a_later_run_either(
    stage_with: Stage, on_delete: str
) -> None:
    """The run that made the successor failed elsewhere, so that the old resource is deleted by another process."""
    old = stage_with.create(on_delete=on_delete)
    stage_with.emulator.world.clock.advance(60)
    stage_with.create(client_secret=SECOND_SECRET)
    with DynamicProviderProcess(stage_with.environment) as later:
        later.configure({})
        later.provider(WorkspaceIntegrationProvider()).delete(old.id, old.outputs)
    assert (stage_with.row().is_active, stage_with.row().client_secret) == (True, SECOND_SECRET)


@pytest.mark.parametrize("environment", ["Production", "Sandbox"])
def test_clearing_is_verified(stage: Stage, environment: str) -> None:
    stage.by_hand(environment, is_active=False)
    created = stage.create(environment=environment, on_delete="clear", is_active=None)
    stage.fault("status", method="PUT", status=200)
    assert "it still shows credentials" in stage.delete_fails(created)
