"""What a user must never meet."""

from __future__ import annotations

import json

from tests.contract.dynamic_provider import Created
from tests.contract.registration.stage import SECRET, Stage, assert_no_canary


def test_a_state_that_is_not_ours_is_explained(stage: Stage) -> None:
    words = stage.read_fails(Created("wi_1", {"environment": "Production"}))
    assert words.startswith("UNI113")
    assert "adopted" in words


def test_a_fault_of_our_own_shows_its_place_and_no_value(stage: Stage) -> None:
    created = stage.create()
    words = stage.read_fails(Created(created.id, {**created.outputs, "scope_overrides": [SECRET]}))
    assert words.startswith("UNI399 pulumi_unifiedto failed with ValueError in options.py, line ")


def test_the_secret_is_stored_in_no_other_output(stage: Stage) -> None:
    outputs = dict(stage.create().outputs)
    assert outputs.pop("client_secret") == SECRET
    assert_no_canary(json.dumps(outputs))


def test_the_secret_reaches_nobody_but_the_registration(stage: Stage) -> None:
    stage.create()
    for entry in stage.emulator.world.journal.entries():
        if (entry["method"], entry["service"]) != ("PUT", "unifiedto"):
            assert_no_canary(json.dumps(entry))
