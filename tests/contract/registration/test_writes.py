"""U4 to U8: merging or replacing, masks, answers, errors, rights."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.dynamic_provider import Created
from tests.contract.registration.stage import CLIENT_ID, OTHER_ID, SECOND_SECRET, SECRET, Stage

# --- U4: merging or replacing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("auth_semantics", ["merge", "replace"])
@pytest.mark.parametrize("put_semantics", ["merge", "replace"])
def test_u4_nothing_is_lost_whether_a_put_merges_or_replaces(
    stage: Stage, put_semantics: str, auth_semantics: str
) -> None:
    stage.switch(put_semantics=put_semantics, auth_semantics=auth_semantics)
    before = stage.row().fields
    created = stage.create()
    updated = stage.up(created, client_secret=SECOND_SECRET)
    row = stage.row()
    assert (row.client_id, row.client_secret) == (CLIENT_ID, SECOND_SECRET)
    stage.provider.delete(created.id, updated.outputs)
    after = stage.row().fields
    assert {name for name in before if before[name] != after.get(name)} <= {"updated_at"}
    assert stage.row().client_secret == SECOND_SECRET


# --- U5: masks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mask", ["full", "partial", "absent", "null", "clear"])
def test_u5_no_mask_is_ever_sent_back_and_none_causes_a_diff(stage: Stage, mask: str) -> None:
    stage.switch(mask=mask)
    stage.by_hand(auth={"client_id": OTHER_ID, "client_secret": "made by hand"})
    created = stage.create()
    assert stage.is_settled(created)
    updated = stage.up(created, client_secret=SECOND_SECRET)
    assert stage.row().auth == {"client_id": CLIENT_ID, "client_secret": SECOND_SECRET}
    assert stage.is_settled(updated, client_secret=SECOND_SECRET)
    queries = [entry["query"] for entry in stage.emulator.world.journal.entries(service="unifiedto")]
    assert not any(query.get("include_credentials") == "true" for query in queries)


SAML = {"client_id": OTHER_ID, "client_secret": "x", "saml_idp_url": "https://idp.example.com/canary"}


@pytest.mark.parametrize("mask", ["full", "partial", "clear"])
def test_u5_other_credentials_stop_the_write_and_manual_mode_is_advised(stage: Stage, mask: str) -> None:
    stage.switch(mask=mask, auth_semantics="replace")
    stage.by_hand(auth=SAML)
    words = stage.create_fails()
    assert words.startswith(
        'UNI111 Nothing was written: "microsoft_ad" in environment "Production" also holds "saml_idp_url"'
    )
    assert "idp.example.com" not in words
    assert stage.row().auth == SAML
    assert 'Set the registration\'s mode to "manual"' in words


def test_u5_a_destroy_that_would_lose_other_credentials_asks_for_a_deactivation_by_hand(stage: Stage) -> None:
    created = stage.create()
    stage.by_hand(auth={"client_id": CLIENT_ID, "client_secret": SECRET, "saml_pem": "theirs"})
    unseen = Created(created.id, {**created.outputs, "own_updated_at": ""})
    words = stage.delete_fails(unseen)
    assert words.startswith("UNI111")
    assert "Deactivate the integration in the dashboard by hand, and run again." in words
    assert stage.row().is_active
    stage.by_hand(is_active=False)
    stage.provider.delete(unseen.id, unseen.outputs)


# --- U6, U7, U8: answers, errors, rights -----------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["object", "empty", "no_content"])
def test_u6_whatever_a_put_answers_the_list_tells_the_truth(stage: Stage, answer: str) -> None:
    stage.switch(put_answer=answer)
    assert stage.create().outputs["status"] == "verified"


def test_u6_an_answer_that_is_a_page_is_not_the_truth_either(stage: Stage) -> None:
    stage.fault("not_json", method="PUT")
    assert stage.create().outputs["status"] == "verified"


@pytest.mark.parametrize("form", ["json", "text", "html", "empty"])
@pytest.mark.parametrize("quotes", [False, True])
def test_u7_a_refusal_is_explained_in_every_form_and_never_quotes_the_secret(
    stage: Stage, form: str, quotes: bool
) -> None:
    stage.switch(error_format=form, errors_quote_request=quotes, unknown_fields="refused")
    words = stage.create_fails()
    assert words.startswith("UNI217 Unified.to refused PUT /unified/workspaceintegration/")
    assert ("giving no reason" in words) == (form == "empty")
    assert words.endswith("(remote code 400)")


@pytest.mark.parametrize(
    ("switches", "code", "words"),
    [
        ({"key_may_list": False}, "UNI203", "GET /unified/workspaceintegration"),
        ({"key_may_write": False}, "UNI203", 'set the registration\'s mode to "manual"'),
        ({"key_may_write": False, "key_refusal_status": 401}, "UNI202", "/settings/api"),
        ({"ip_allowed": False}, "UNI203", "IP"),
        ({"plan_allows_own_credentials": False}, "UNI204", "plan"),
        ({"plan_allows_own_credentials": False, "plan_refusal_status": 403}, "UNI204", "plan"),
    ],
)
def test_u8_a_key_or_plan_without_the_right_is_named_with_the_way_out(
    stage: Stage, switches: dict[str, Any], code: str, words: str
) -> None:
    stage.switch(**switches)
    said = stage.create_fails()
    assert said.startswith(code)
    assert words in said
    assert stage.row().client_id == ""
