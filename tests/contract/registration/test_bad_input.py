"""Inputs that are refused."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.unifiedto.seed import WORKSPACE_ID
from tests.contract.dynamic_provider import UNKNOWN
from tests.contract.registration.stage import CLIENT_ID, KIND, LIST, Stage


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"workspace_id": "my workspace"}, "UNI113"),
        ({"redirect_uris": ["http://api.unified.to/oauth/code"]}, "UNI113"),
        ({"client_secret": CLIENT_ID}, "it is the secret's ID and not its value"),
        ({"api_url": "http://api.unified.to"}, "UNI113"),
    ],
)
def test_a_bad_input_is_refused_in_the_preview(stage: Stage, changes: dict[str, Any], words: str) -> None:
    assert words in stage.refused(**changes).reasons
    assert not any(method in ("PUT", "POST") for method, _path in stage.calls())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"integration_type": "microsft_ad"}, 'UNI101 Unified.to has no integration type "microsft_ad".'),
        ({"integration_type": "microsft_ad"}, 'Did you mean "microsoft_ad"?'),
        ({"environment": "Stagin"}, 'UNI102 The workspace has no environment "Stagin"; it has "Production", "Sandbox"'),
        ({"environment": "production"}, 'Did you mean "Production"?'),
    ],
)
def test_a_name_that_does_not_exist_is_explained_in_the_preview_and_where_that_could_not_look(
    stage: Stage, changes: dict[str, Any], words: str
) -> None:
    unborn = {"client_id": UNKNOWN, "client_secret": UNKNOWN}
    assert words in stage.refused(**changes, **unborn).reasons
    assert words in stage.create_fails(**changes)
    assert ("PUT", LIST) not in stage.calls()


def test_a_type_taken_off_the_catalogue_is_explained(stage: Stage) -> None:
    stage.switch(catalogue=["microsoft", "microsoftoutlook"])
    stage.workspace.remove_by_hand("Production", KIND)
    assert stage.create_fails().startswith('UNI101 Unified.to has no integration type "microsoft_ad"')


def test_an_explanation_that_cannot_be_had_does_not_hide_what_it_explains(stage: Stage) -> None:
    stage.workspace.remove_by_hand("Production", KIND)
    stage.fault("status", path="/unified/(environment|integration)", status=500, times=50)
    words = stage.create_fails()
    stage.emulator.world.faults.clear()
    assert words.startswith("UNI205")


def test_a_question_that_is_not_answered_does_not_keep_the_next_one_from_being_asked(stage: Stage) -> None:
    stage.switch(catalogue=["microsoft", "microsoftoutlook"])
    stage.workspace.remove_by_hand("Production", KIND)
    stage.fault("status", path="/unified/environment", status=403, times=50)
    words = stage.create_fails()
    stage.emulator.world.faults.clear()
    assert words.startswith('UNI101 Unified.to has no integration type "microsoft_ad"')


def test_a_workspace_that_is_not_the_keys_own_is_noticed_before_the_write(stage: Stage) -> None:
    words = stage.create_fails(workspace_id="0000000000000000000000ff")
    assert words.startswith(f'UNI218 The API key opens workspace "{WORKSPACE_ID}"')
    assert stage.row().client_id == ""


def test_a_workspace_of_another_region_is_explained(stage: Stage) -> None:
    stage.workspace.remove_by_hand("Production", KIND)
    words = stage.create_fails(workspace_id="0000000000000000000000ff")
    assert words.startswith("UNI207")
    assert "another region" in words
