"""The API key, and the settings of the client."""

from __future__ import annotations

import json

import pytest

from emulator.unifiedto.seed import API_KEY
from tests.contract.dynamic_provider import (
    Created,
    ProviderFailure,
)
from tests.contract.registration.stage import API_KEY_CANARY, Stage, words_of


@pytest.mark.parametrize("stage_with", [{"UNIFIED_API_KEY": None}], indirect=True)
def test_a_missing_key_is_noticed_in_the_preview(stage_with: Stage) -> None:
    words = stage_with.refused().reasons
    assert words.startswith("UNI201 There is no API key for Unified.to.")
    assert "pulumi config set --secret unifiedto:apiKey" in words
    assert stage_with.calls() == []


@pytest.mark.parametrize("stage_with", [{"UNIFIED_API_KEY": None}], indirect=True)
def test_a_missing_key_is_noticed_for_a_known_registration_too_and_by_a_destroy(
    stage_with: Stage,
) -> None:
    known = {**stage_with.program(), "environment": "Production"}
    assert stage_with.provider.check(known, stage_with.program()).reasons.startswith("UNI201")
    assert stage_with.delete_fails(Created("wi_1", known)).startswith("UNI201")


@pytest.mark.parametrize("stage_with", [{"UNIFIED_API_KEY": None}], indirect=True)
def test_manual_mode_and_keeping_need_no_key(stage_with: Stage) -> None:
    assert stage_with.provider.check({}, stage_with.program(mode="manual")).failures == []
    known = {**stage_with.program(), "environment": "Production"}
    for changes in ({"mode": "manual"}, {"on_delete": "keep"}):
        stage_with.provider.delete("wi_1", {**known, **changes})
    assert stage_with.calls() == []


@pytest.mark.parametrize(
    "stage_with",
    [{"UNIFIED_API_KEY": None, "config": {"unifiedto:apiKey": "rehearsal-workspace-api-key"}}],
    indirect=True,
)
def test_the_key_may_come_from_the_configuration(stage_with: Stage) -> None:
    created = stage_with.create()
    assert created.outputs["status"] == "verified"
    assert API_KEY not in json.dumps(created.outputs)


@pytest.mark.parametrize(
    "stage_with", [{"config": {"unifiedto:apiKey": API_KEY_CANARY}}, {"UNIFIED_API_KEY": API_KEY_CANARY}], indirect=True
)
def test_the_key_of_the_environment_comes_first_and_a_refused_one_is_not_shown(stage_with: Stage) -> None:
    if stage_with.environment["UNIFIED_API_KEY"] == API_KEY_CANARY:
        words = stage_with.create_fails()
        assert words.startswith("UNI202 Unified.to refused the API key (GET /unified/workspaceintegration at https://")
    else:
        assert stage_with.create().outputs["status"] == "verified"


@pytest.mark.parametrize("stage_with", [{"UNIFIED_API_RETRIES": "many"}], indirect=True)
def test_a_setting_that_is_no_number_is_named(stage_with: Stage) -> None:
    with pytest.raises(ProviderFailure) as failed:
        stage_with.provider.check({}, stage_with.program())
    assert words_of(failed.value).startswith("UNI113 The input UNIFIED_API_RETRIES is not usable")


@pytest.mark.parametrize("stage_with", [{"UNIFIED_API_TIMEOUT_S": "0.2"}], indirect=True)
def test_time_outs_are_looked_after_like_other_lost_answers(stage_with: Stage) -> None:
    stage_with.fault("timeout", method="PUT", seconds=0.5)
    stage_with.fault("timeout", method="GET", seconds=0.5)
    assert stage_with.create().outputs["status"] == "verified"


@pytest.mark.parametrize("stage_with", [{"SSL_CERT_FILE": None, "REQUESTS_CA_BUNDLE": None}], indirect=True)
def test_a_certificate_that_is_not_trusted_is_named_at_once(stage_with: Stage) -> None:
    words = stage_with.create_fails()
    assert words.startswith("UNI301")
    assert "its certificate is not trusted" in words
    assert "tried" not in words
