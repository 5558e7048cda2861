"""A refresh finds drift."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.dynamic_provider import Created
from tests.contract.registration.stage import CLIENT_ID, KIND, LIST, OTHER_ID, SECRET, Stage


def test_a_client_id_changed_by_hand_shows_in_a_refresh_and_the_next_up_repairs_it(stage: Stage) -> None:
    """Regression: a correction by hand that nobody saw was overwritten (Contio-AI Nango provider, CON-6127)."""
    created = stage.create()
    stage.by_hand(auth={"client_id": OTHER_ID, "client_secret": "something else"})
    read = stage.provider.read(created.id, created.outputs)
    assert read.inputs is not None
    assert read.inputs["client_id"] == read.outputs["client_id"] == OTHER_ID
    assert read.outputs["registered_client_id"] == OTHER_ID
    assert read.outputs["status"] == "not verified: changed since the last up: client_id"
    assert stage.row().client_id == OTHER_ID, "nothing is written before the next up"
    repaired = stage.up(Created(read.id, read.outputs))
    assert (stage.row().client_id, stage.row().client_secret) == (CLIENT_ID, SECRET)
    assert repaired.outputs["status"] == "verified"
    assert stage.is_settled(repaired)


@pytest.mark.parametrize(
    "change",
    [
        {"auth": {"client_id": OTHER_ID, "client_secret": "x"}},
        {"is_active": False},
        {"permissions": ["hris_group_read"]},
    ],
    ids=["client", "activation", "permissions"],
)
def test_drift_that_nobody_has_repaired_stays_drift_however_often_it_is_looked_at(
    stage: Stage, change: dict[str, Any]
) -> None:
    declared = {"permissions": ["hris_employee_read"]}
    created = stage.create(**declared)
    stage.by_hand(**change)
    once = stage.refresh(created)
    twice = stage.refresh(once)
    assert once.outputs["status"].startswith("not verified: changed since the last up")
    assert twice.outputs == once.outputs
    assert stage.up(twice, **declared).outputs["status"] == "verified"


def test_a_client_id_that_came_back_does_not_prove_the_secret(stage: Stage) -> None:
    created = stage.create()
    stage.by_hand(auth={"client_id": OTHER_ID, "client_secret": "something else"})
    drifted = stage.refresh(created)
    stage.by_hand(auth={"client_id": CLIENT_ID, "client_secret": "still something else"})
    back = stage.refresh(drifted)
    stage.up(back)
    assert stage.row().client_secret == SECRET


def test_removed_credentials_are_drift(stage: Stage) -> None:
    created = stage.create()
    stage.by_hand(auth=None)
    drifted = stage.refresh(created)
    assert drifted.outputs["client_id"] == ""
    stage.up(drifted)
    assert stage.row().client_secret == SECRET


def test_a_changed_activation_and_permissions_are_drift_and_repaired(stage: Stage) -> None:
    declared = {"permissions": ["auth_login"]}
    created = stage.create(**declared)
    stage.by_hand(is_active=False, permissions=[])
    drifted = stage.refresh(created)
    assert drifted.outputs["status"] == "not verified: changed since the last up: is_active, permissions"
    repaired = stage.up(drifted, **declared)
    assert stage.row().is_active
    assert stage.row().fields["permissions"] == ["auth_login"]
    assert stage.is_settled(repaired, **declared)


def test_a_changed_redirect_uri_is_drift(stage: Stage) -> None:
    created = stage.create()
    stage.switch(custom_domain="https://auth.example.com")
    drifted = stage.refresh(created)
    assert drifted.outputs["redirect_uris"] == ["https://auth.example.com/oauth/code"]
    assert "https://auth.example.com/oauth/code" in stage.update_fails(drifted)


def test_a_row_that_is_gone_is_dropped_from_the_state(stage: Stage) -> None:
    created = stage.create()
    stage.workspace.remove_by_hand("Production", KIND)
    assert stage.provider.read(created.id, created.outputs).id == ""


def test_a_list_that_is_empty_once_does_not_make_a_registration_forgotten(stage: Stage) -> None:
    created = stage.create()
    stage.fault("status", method="GET", path=LIST, status=200, body=[])
    assert stage.refresh(created) == created


def test_an_authorization_url_that_is_refused_once_is_no_drift(stage: Stage) -> None:
    created = stage.create()
    stage.fault("status", method="GET", path="/unified/integration/auth/", status=403)
    assert stage.refresh(created) == created


def test_a_row_that_was_made_anew_is_adopted_again(stage: Stage) -> None:
    created = stage.create()
    stage.workspace.remove_by_hand("Production", KIND)
    stage.workspace.add_by_hand("Production", KIND)
    assert stage.provider.read(created.id, created.outputs).id == ""
    assert stage.create().outputs["status"] == "verified"
