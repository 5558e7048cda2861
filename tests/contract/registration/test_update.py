"""A registration that exists."""

from __future__ import annotations

import pytest

from tests.contract.dynamic_provider import UNKNOWN
from tests.contract.registration.stage import SECOND_SECRET, Stage


def test_a_new_secret_is_sent(stage: Stage) -> None:
    """Regression: a rotated secret that never reached the platform
    (https://github.com/fivetran/terraform-provider-fivetran/issues/390)."""
    created = stage.create(secret_generation=0)
    updated = stage.up(created, client_secret=SECOND_SECRET, secret_generation=1)
    assert stage.row().client_secret == SECOND_SECRET
    assert updated.outputs["secret_generation"] == 1
    assert updated.outputs["secret_fingerprint"] != created.outputs["secret_fingerprint"]
    assert updated.outputs["found_active"] is False
    assert stage.is_settled(updated, client_secret=SECOND_SECRET, secret_generation=1)


def test_a_change_that_is_only_remembered_costs_nothing(stage: Stage) -> None:
    created = stage.create(secret_generation=0)
    stage.forget_calls()
    updated = stage.up(created, on_delete="keep", secret_generation=1)
    assert stage.calls() == []
    assert (updated.outputs["on_delete"], updated.outputs["secret_generation"]) == ("keep", 1)
    assert stage.is_settled(updated, on_delete="keep", secret_generation=1)


@pytest.mark.parametrize("key", ["workspace_id", "environment", "integration_type"])
def test_another_identity_is_another_registration(stage: Stage, key: str) -> None:
    created = stage.create()
    changed = {"workspace_id": "another", "environment": "Staging"}
    inputs = {**stage.checked(), key: changed.get(key, "microsoftoutlook")}
    answer = stage.provider.diff(created.id, created.outputs, inputs)
    assert (answer.changes, answer.replaces) == (True, [key])


def test_another_address_of_the_same_workspace_is_the_same_registration(stage: Stage) -> None:
    """A custom domain: a replacement would create what exists, and then take it away."""
    created = stage.create()
    other_address = {"api_url": stage.emulator.base_url.replace("localhost", "127.0.0.1")}
    moved = stage.up(created, redirect_uris=[stage.callback], **other_address)
    assert moved.id == created.id
    assert stage.row().is_active
    assert stage.is_settled(moved, redirect_uris=[stage.callback], **other_address)


def test_the_order_of_permissions_says_nothing(stage: Stage) -> None:
    created = stage.create(permissions=["hris_employee_read", "hris_group_read"])
    assert stage.is_settled(created, permissions=["hris_group_read", "hris_employee_read"])


@pytest.mark.parametrize("key", ["api_url", "workspace_id", "client_id", "client_secret", "redirect_uris"])
def test_an_unknown_value_is_a_change_and_never_a_replacement(stage: Stage, key: str) -> None:
    created = stage.create()
    inputs = {**created.outputs, key: UNKNOWN}
    answer = stage.provider.diff(created.id, created.outputs, inputs)
    assert (answer.changes, answer.replaces) == (True, [])
