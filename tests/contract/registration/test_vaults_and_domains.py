"""U13 to U15: vaults, others who write, redirect URIs."""

from __future__ import annotations

from typing import Any

from emulator.unifiedto.seed import VAULT_CLIENT_ID
from tests.contract.registration.stage import SECOND_SECRET, Stage


def test_u13_a_row_in_a_vault_keeps_its_reference_and_is_mentioned(stage: Stage) -> None:
    stage.by_hand(secretsmanager_id="sm_1", secretsmanager_key="microsoft/client")
    created = stage.create()
    fields = stage.row().fields
    assert (fields["secretsmanager_id"], fields["secretsmanager_key"]) == ("sm_1", "microsoft/client")
    assert stage.has_printed("points to a secrets manager")
    assert created.outputs["status"] == "verified"


def test_u13_a_vault_that_wins_is_noticed_by_the_client_id(stage: Stage) -> None:
    stage.switch(vault="wins")
    stage.by_hand(secretsmanager_id="sm_1")
    words = stage.create_fails()
    assert words.startswith("UNI305")
    assert f"client_id is {VAULT_CLIENT_ID} instead of" in words
    assert "Store the new client id and secret in the vault" in words


def test_u14_a_field_that_somebody_else_wrote_at_the_same_moment_is_named(stage: Stage) -> None:
    journal = stage.emulator.world.journal

    def somebody_else(entry: Any) -> None:
        if entry["method"] == "PUT":
            stage.by_hand(base_url="https://theirs.example.com")

    stage.by_hand(base_url="https://ours.example.com")
    stop = journal.listen(somebody_else)
    try:
        stage.create()
    finally:
        stop()
    assert stage.has_printed("has other values than before in these fields: base_url.")
    assert "theirs.example.com" not in stage.process.printed()


def test_u14_the_row_is_read_right_before_it_is_written(stage: Stage) -> None:
    created = stage.create()
    stage.by_hand(base_url="https://theirs.example.com")
    stage.up(created, client_secret=SECOND_SECRET)
    assert stage.row().fields["base_url"] == "https://theirs.example.com"


def test_u15_a_custom_domain_that_the_stack_does_not_know_is_explained(stage: Stage) -> None:
    stage.switch(custom_domain="https://auth.example.com")
    words = stage.create_fails()
    assert "redirect_uris is ['https://auth.example.com/oauth/code'] instead of" in words
    assert "Add https://auth.example.com/oauth/code to redirectUris, so that Entra accepts it" in words


def test_u15_a_custom_domain_among_the_redirect_uris_is_verified(stage: Stage) -> None:
    stage.switch(custom_domain="https://auth.example.com")
    uris = ["https://auth.example.com/oauth/code"]
    created = stage.create(redirect_uris=uris)
    assert created.outputs["registered_redirect_uri"] == "https://auth.example.com/oauth/code"
    assert stage.is_settled(created, redirect_uris=uris)


def test_u15_an_integration_that_insists_on_unifieds_redirect_is_verified_as_such(stage: Stage) -> None:
    stage.switch(custom_domain="https://auth.example.com")
    stage.by_hand(use_unified_redirect=True)
    assert stage.create().outputs["registered_redirect_uri"] == stage.callback
