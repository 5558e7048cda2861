"""What can be known before the client exists."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.contract.dynamic_provider import (
    UNKNOWN,
    Checked,
)
from tests.contract.registration.stage import KIND, LIST, Stage


def unborn(stage: Stage, **changes: Any) -> Checked:
    """The check of a registration in a preview, before its client is created."""
    return stage.provider.check({}, stage.program(client_id=UNKNOWN, client_secret=UNKNOWN, **changes))


def test_a_preview_of_a_new_registration_costs_one_list_and_passes_unknown_values_on(stage: Stage) -> None:
    checked = unborn(stage, secret_generation=UNKNOWN)
    assert checked.failures == []
    assert checked.inputs["client_secret"] == UNKNOWN
    assert set(stage.calls()) == {("GET", LIST)}
    assert len(stage.calls()) <= 2


def test_a_preview_of_a_rotation_calls_nobody(stage: Stage) -> None:
    created = stage.create()
    stage.forget_calls()
    checked = stage.provider.check(created.outputs, stage.program(client_secret=UNKNOWN))
    assert checked.failures == []
    assert stage.calls() == []


def test_previews_of_many_new_registrations_share_the_list_of_their_environment(stage: Stage) -> None:
    kinds = sorted({row.integration_type for row in stage.workspace.rows() if row.environment == "Production"})[:8]
    assert len(kinds) == 8
    with ThreadPoolExecutor(4) as engine:
        assert all(checked.failures == [] for checked in engine.map(lambda k: unborn(stage, integration_type=k), kinds))
    assert len(stage.calls()) <= 2


@pytest.mark.parametrize(
    ("happening", "code"),
    [
        pytest.param(lambda stage: stage.fault("status", status=401), "UNI202", id="key refused"),
        pytest.param(lambda stage: stage.fault("status", status=403), "UNI203", id="key without the right"),
        pytest.param(lambda stage: stage.fault("status", status=402), "UNI204", id="plan"),
        pytest.param(lambda stage: stage.workspace.remove_by_hand("Production", KIND), "UNI205", id="not activated"),
        pytest.param(lambda stage: stage.workspace.add_by_hand("Production", KIND), "UNI206", id="two rows"),
        pytest.param(lambda stage: stage.by_hand(auth={"saml_pem": "theirs"}), "UNI111", id="other credentials"),
        pytest.param(lambda stage: stage.fault("reset_before", times=1000), "UNI301", id="unreachable"),
    ],
)
def test_a_preview_names_what_a_first_registration_will_meet(stage: Stage, happening: Any, code: str) -> None:
    happening(stage)
    checked = unborn(stage)
    assert [name for name, _reason in checked.failures] == [""]
    assert checked.reasons.startswith(code)


def test_a_preview_names_a_workspace_that_is_not_the_keys_own(stage: Stage) -> None:
    assert unborn(stage, workspace_id="another").reasons.startswith("UNI218")


@pytest.mark.parametrize(
    ("found_active", "declared", "said"), [(False, None, True), (False, True, False), (True, None, False)]
)
def test_a_preview_says_that_an_inactive_integration_stays_so_unless_it_is_declared_active(
    stage: Stage, found_active: bool, declared: bool | None, said: bool
) -> None:
    stage.by_hand(is_active=found_active)
    assert unborn(stage, is_active=declared).failures == []
    assert stage.has_printed("set isActive: true on this registration", within_s=5.0 if said else 0) is said
