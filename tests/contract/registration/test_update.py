"""A registration that exists."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.dynamic_provider import UNKNOWN, Created
from tests.contract.registration.stage import SECOND_SECRET, Stage


def test_a_new_secret_is_sent(stage: Stage) -> None:
    """Regression: a rotated secret that never reached the platform
    (https://github.com/fivetran/terraform-provider-fivetran/issues/390)."""
    created = stage.create(secret_generation=0)
    updated = stage.up(created, client_secret=SECOND_SECRET, secret_generation=1)
    assert stage.row().client_secret == SECOND_SECRET
    assert updated.outputs["secret_generation"] == 1
    assert updated.outputs["secret_fingerprint"] != created.outputs["secret_fingerprint"]
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


# --- nothing is written that was not proven, unless nobody wrote since -----------------------------------------------

PROVEN = {"secret_proven_at": "2027-01-01T00:00:00Z"}
PROVEN_ANEW = {"secret_proven_at": "2027-04-01T00:00:00Z"}


def restored_from_before_a_rotation(stage: Stage, **declared: Any) -> Created:
    """A state that holds an older secret than the registration."""
    old = stage.create(**declared)
    stage.up(old, **declared, client_secret=SECOND_SECRET)
    assert stage.row().client_secret == SECOND_SECRET
    return old


@pytest.mark.parametrize("declared", [{}, PROVEN], ids=["a secret from elsewhere", "a secret that is proven"])
def test_a_secret_of_a_restored_state_is_not_written_until_a_refresh_has_looked(
    stage: Stage, declared: dict[str, Any]
) -> None:
    old = restored_from_before_a_rotation(stage, **declared)
    words = stage.update_fails(old, **declared, permissions=["auth_login"])
    found, known = stage.row().fields["updated_at"], old.outputs["updated_at"]
    assert words.startswith('UNI221 Nothing was written: "microsoft_ad" in environment "Production" was changed at ')
    assert f"was changed at {found}, and the last change that this stack's state knows is of {known}." in words
    assert "next: Run pulumi refresh" in words
    assert stage.row().client_secret == SECOND_SECRET

    refreshed = stage.refresh(old)
    assert (refreshed.outputs["updated_at"], refreshed.outputs["own_updated_at"]) == (found, known)
    changed = stage.up(refreshed, **declared, permissions=["auth_login"])
    assert stage.row().fields["permissions"] == ["auth_login"]
    assert stage.is_settled(changed, **declared, permissions=["auth_login"])


def test_a_secret_that_was_proven_in_this_run_is_written_whoever_wrote_since(stage: Stage) -> None:
    old = restored_from_before_a_rotation(stage, **PROVEN)
    third = {"client_secret": "Xo6~canary.third__of-forty.characters~40", **PROVEN_ANEW}
    changed = stage.up(old, **third, permissions=["auth_login"])
    assert stage.row().client_secret == third["client_secret"]
    assert stage.is_settled(changed, **third, permissions=["auth_login"])


def test_a_secret_that_the_program_gives_anew_is_written_whoever_wrote_since(stage: Stage) -> None:
    old = restored_from_before_a_rotation(stage)
    third = {"client_secret": "Xo6~canary.third__of-forty.characters~40"}
    stage.up(old, **third)
    assert stage.row().client_secret == third["client_secret"]


def test_a_secret_that_changed_without_a_proof_in_this_run_is_not_written_over_another_s_write(stage: Stage) -> None:
    old = restored_from_before_a_rotation(stage, **PROVEN)
    assert stage.update_fails(old, **PROVEN, client_secret="Xo6~third").startswith("UNI221")


def test_another_proof_of_the_same_secret_is_only_remembered(stage: Stage) -> None:
    created = stage.create(**PROVEN)
    stage.forget_calls()
    proven = stage.up(created, **PROVEN_ANEW)
    assert stage.calls() == []
    assert stage.is_settled(proven, **PROVEN_ANEW)


def test_what_was_written_and_not_verified_is_written_again_after_a_refresh(stage: Stage) -> None:
    created = stage.create()
    stage.fault("status", method="GET", path="/unified/integration/auth/", status=403, times=1000)
    assert stage.update_fails(created, permissions=["auth_login"]).startswith("UNI306")
    stage.emulator.world.faults.clear()
    assert stage.update_fails(created, permissions=["auth_login"]).startswith("UNI221")
    changed = stage.up(stage.refresh(created), permissions=["auth_login"])
    assert stage.is_settled(changed, permissions=["auth_login"])


def test_where_no_time_of_a_change_is_shown_nothing_is_refused(stage: Stage) -> None:
    old = restored_from_before_a_rotation(stage)
    unknown = Created(old.id, {**old.outputs, "updated_at": ""})
    assert stage.up(unknown, permissions=["auth_login"]).outputs["status"] == "verified"
