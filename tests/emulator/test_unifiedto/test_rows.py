"""Listing and updating workspace integrations, with every switch in each of its positions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulator.core.schemas import Invalid
from emulator.unifiedto.seed import API_KEY, ENVIRONMENTS, FIELDS_OUTSIDE_THE_MODEL, WORKSPACE_ID
from emulator.unifiedto.switches import UnifiedSwitches
from tests.emulator.test_unifiedto.conftest import CLIENT_ID, CLIENT_SECRET, CREDENTIALS, Api

MINIMAL = {"integration_type": "microsoft_ad", "is_active": True}


def test_a_new_workspace_has_every_microsoft_type_in_every_environment_inactive_and_without_credentials(
    api: Api,
) -> None:
    for environment in ENVIRONMENTS:
        rows = api.list(env=environment)
        assert {"microsoft", "microsoft_ad", "microsoftoutlook"} <= {row["integration_type"] for row in rows}
        assert {row["is_active"] for row in rows} == {False}
        assert {row["workspace_id"] for row in rows} == {WORKSPACE_ID}
        assert [row["auth"] for row in rows] == [None] * len(rows)


def test_rows_carry_fields_that_no_model_names(api: Api) -> None:
    assert set(FIELDS_OUTSIDE_THE_MODEL) <= api.row().keys()


def test_without_env_a_list_shows_production(api: Api) -> None:
    assert {row["environment"] for row in api.list()} == {"Production"}


# -- keys and rights -------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER ", "Bearer  ", ""])
def test_the_key_is_taken_with_any_spelling_of_bearer_and_bare(api: Api, scheme: str) -> None:
    answer = api.http.get("/unified/environment", headers={"authorization": f"{scheme}{API_KEY}"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({}, "Missing API key"),
        ({"authorization": "Bearer"}, "Missing API key"),
        ({"authorization": "Bearer another-key"}, "Invalid API key"),
        ({"authorization": f"Basic {API_KEY}"}, "Invalid API key"),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/unified/workspaceintegration"),
        ("PUT", "/unified/workspaceintegration/any"),
        ("GET", "/unified/integration"),
        ("GET", "/unified/environment"),
        ("GET", "/unified/connection"),
    ],
)
def test_a_call_without_the_key_of_the_workspace_is_refused_with_401(
    api: Api, method: str, path: str, headers: dict[str, str], message: str
) -> None:
    answer = api.http.request(method, path, headers=headers)
    assert (answer.status_code, answer.json()["message"]) == (401, message)


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_without_the_right_to_list_is_refused(api: Api, status: int) -> None:
    api.switch(key_may_list=False, key_refusal_status=status)
    assert api.http.get("/unified/workspaceintegration", headers=api.key).status_code == status
    assert api.http.get("/unified/environment", headers=api.key).status_code == 200


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_without_the_right_to_write_is_refused_and_nothing_changes(api: Api, status: int) -> None:
    row = api.row()
    api.switch(key_may_write=False, key_refusal_status=status)
    assert api.put(row["id"], MINIMAL | {"auth": CREDENTIALS}).status_code == status
    assert api.row() == row


def test_a_caller_outside_the_allowed_addresses_is_refused_even_with_the_key(api: Api) -> None:
    api.switch(ip_allowed=False)
    answer = api.http.get("/unified/environment", headers=api.key)
    assert (answer.status_code, "IP" in answer.text) == (403, True)


@pytest.mark.parametrize("status", [402, 403])
def test_a_plan_without_own_credentials_refuses_them_but_not_other_changes(api: Api, status: int) -> None:
    row = api.row()
    api.switch(plan_allows_own_credentials=False, plan_refusal_status=status)
    assert api.put(row["id"], MINIMAL | {"auth": CREDENTIALS}).status_code == status
    assert api.row()["auth"] is None
    assert api.put(row["id"], MINIMAL).status_code == 200


# -- masks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mask", "shown"),
    [
        ("full", {"auth": {"client_id": "********", "client_secret": "********"}}),
        ("partial", {"auth": {"client_id": "****5555", "client_secret": "********"}}),
        ("absent", {}),
        ("null", {"auth": None}),
        ("clear", {"auth": CREDENTIALS}),
    ],
)
def test_credentials_are_shown_as_the_mask_says(api: Api, mask: str, shown: dict[str, Any]) -> None:
    api.register()
    api.switch(mask=mask)
    row = api.row()
    assert {name: value for name, value in row.items() if name == "auth"} == shown
    assert (CLIENT_SECRET in json.dumps(row)) is (mask == "clear")


def test_clear_credentials_are_for_an_admin_key_only(api: Api) -> None:
    api.register()
    query = {"include_credentials": "true", "integration_type": "microsoft_ad"}
    refused = api.http.get("/unified/workspaceintegration", params=query, headers=api.key)
    assert refused.status_code == 403
    assert CLIENT_SECRET not in refused.text
    [masked] = api.list(include_credentials="false", integration_type="microsoft_ad")
    assert masked["auth"]["client_secret"] == "********"


@pytest.mark.parametrize("mask", ["full", "partial"])
def test_a_mask_that_is_sent_back_replaces_the_credential(api: Api, mask: str) -> None:
    api.switch(mask=mask)
    api.register()
    row = api.row()
    assert api.put(row["id"], row).status_code == 200
    held = api.workspace.find("Production", "microsoft_ad")
    assert held is not None
    assert held.client_secret == "********"
    assert held.client_id != CLIENT_ID


# -- updates ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["integration_type", "is_active"])
def test_an_update_without_a_required_field_is_refused(api: Api, missing: str) -> None:
    row = api.row()
    body = {name: value for name, value in MINIMAL.items() if name != missing}
    for incomplete in (body, body | {missing: None}):
        answer = api.put(row["id"], incomplete)
        assert (answer.status_code, missing in answer.text) == (400, True)
    assert api.row() == row


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("is_active", "true"),
        ("environment", 1),
        ("permissions", "hris_employee_read"),
        ("permissions", [1]),
        ("overriden_scopes", ["User.Read"]),
        ("auth", "secret"),
        ("auth", {"client_id": 1}),
        ("auth_type", "magic"),
        ("integration_type", "microsoft"),
        ("environment", "Sandbox"),
        ("id", "another"),
        ("workspace_id", "another"),
    ],
)
def test_a_field_that_the_model_forbids_is_named_and_refused(api: Api, field: str, value: object) -> None:
    answer = api.put(api.row()["id"], MINIMAL | {field: value})
    assert (answer.status_code, field in answer.json()["message"]) == (400, True)


@pytest.mark.parametrize("body", ["[]", "null", "not json", "", "[" * 100_000])
def test_a_body_that_is_no_object_is_refused(api: Api, body: str) -> None:
    row_id = api.row()["id"]
    answer = api.http.put(f"/unified/workspaceintegration/{row_id}", content=body, headers=api.key)
    assert answer.status_code == 400


def test_an_unknown_id_is_not_found(api: Api) -> None:
    assert api.put("000000000000000000000000", MINIMAL).status_code == 404


def test_a_merging_update_keeps_what_the_body_leaves_out(api: Api) -> None:
    before = api.row()
    assert api.put(before["id"], MINIMAL | {"api_url": "https://example.com"}).status_code == 200
    after = api.row()
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"is_active", "api_url", "updated_at"}


def test_a_replacing_update_loses_what_the_body_leaves_out(api: Api) -> None:
    api.register(permissions=["hris_employee_read"])
    api.switch(put_semantics="replace")
    before = api.row()
    assert api.put(before["id"], MINIMAL).status_code == 200
    after = api.row()
    assert after.keys().isdisjoint(FIELDS_OUTSIDE_THE_MODEL)
    assert "permissions" not in after
    assert after["auth"] is None
    assert (after["id"], after["created_at"]) == (before["id"], before["created_at"])


def test_a_replacing_update_keeps_what_the_body_echoes(api: Api) -> None:
    api.switch(put_semantics="replace")
    before = api.row()
    assert api.put(before["id"], before | {"is_active": True, "auth": CREDENTIALS}).status_code == 200
    after = api.row()
    assert {name for name in before if after[name] != before[name]} == {"is_active", "auth", "updated_at"}


def test_a_replacing_update_without_environment_means_production(api: Api) -> None:
    api.switch(put_semantics="replace")
    staging = api.row(environment="Staging")
    answer = api.put(staging["id"], MINIMAL)
    assert (answer.status_code, "environment" in answer.text) == (400, True)
    assert api.put(staging["id"], MINIMAL | {"environment": "Staging"}).status_code == 200


@pytest.mark.parametrize(
    ("semantics", "kept"),
    [("merge", {"saml_pem": "pem", "client_id": "x", "client_secret": "y"}), ("replace", CREDENTIALS)],
)
def test_credentials_are_merged_or_replaced(api: Api, semantics: str, kept: dict[str, str]) -> None:
    api.switch(auth_semantics=semantics)
    row = api.row()
    api.put(row["id"], MINIMAL | {"auth": {"saml_pem": "pem", "client_id": "x", "client_secret": "y"}})
    api.put(row["id"], MINIMAL | {"auth": {} if semantics == "merge" else CREDENTIALS})
    held = api.workspace.find("Production", "microsoft_ad")
    assert held is not None
    assert held.auth == kept


@pytest.mark.parametrize("semantics", ["merge", "replace"])
def test_null_clears_the_credentials(api: Api, semantics: str) -> None:
    row = api.register()
    api.switch(auth_semantics=semantics)
    assert api.put(row["id"], MINIMAL | {"auth": None}).status_code == 200
    held = api.workspace.find("Production", "microsoft_ad")
    assert held is not None
    assert held.auth is None


def test_the_environments_of_one_type_have_their_own_credentials(api: Api) -> None:
    api.register(environment="Production")
    assert api.row(environment="Staging")["auth"] is None


@pytest.mark.parametrize(
    ("answer", "status", "has_body"), [("object", 200, True), ("empty", 200, False), ("no_content", 204, False)]
)
def test_an_update_answers_as_the_switch_says(api: Api, answer: str, status: int, has_body: bool) -> None:
    api.switch(put_answer=answer)
    response = api.put(api.row()["id"], MINIMAL | {"auth": CREDENTIALS})
    assert (response.status_code, bool(response.content)) == (status, has_body)
    assert CLIENT_SECRET not in response.text
    if has_body:
        assert response.json() == api.row()


@pytest.mark.parametrize(
    ("switch", "field"),
    [("unknown_fields", "display_order"), ("read_only_fields", "updated_at"), ("null_fields", "api_url")],
)
def test_odd_fields_are_taken_or_refused_by_name(api: Api, switch: str, field: str) -> None:
    row = api.row()
    body = MINIMAL | {field: None if switch == "null_fields" else row[field]}
    assert api.put(row["id"], body).status_code == 200
    api.switch(**{switch: "refused"})
    answer = api.put(row["id"], body)
    assert (answer.status_code, field in answer.text) == (400, True)


def test_two_changes_never_have_one_time_though_the_clock_stands_still(api: Api) -> None:
    api.emulator.world.clock.change(scale=0)
    times = []
    for _ in range(3):
        assert api.put(api.row()["id"], MINIMAL).is_success
        times.append(api.row()["updated_at"])
    assert times == sorted(set(times))


def test_read_only_fields_do_not_change_a_row(api: Api) -> None:
    row = api.row()
    assert api.put(
        row["id"], MINIMAL | {"created_at": "2001-01-01T00:00:00Z", "updated_at": "2001-01-01T00:00:00Z"}
    ).is_success
    after = api.row()
    assert after["created_at"] == row["created_at"]
    assert after["updated_at"] > row["updated_at"]


def test_categories_follow_the_permissions(api: Api) -> None:
    api.put(api.row()["id"], MINIMAL | {"permissions": ["hris_employee_read"], "categories": ["crm"]})
    assert api.row()["categories"] == ["hris", "auth", "saml", "passthrough"]


# -- creating --------------------------------------------------------------------------------------


def test_no_route_creates_a_row(api: Api) -> None:
    answer = api.http.post("/unified/workspaceintegration", json=MINIMAL, headers=api.key)
    assert answer.status_code == 501


# -- lists -----------------------------------------------------------------------------------------


def test_filters_are_honoured_or_ignored(api: Api) -> None:
    assert len(api.list(env="Staging", integration_type="microsoft_ad")) == 1
    api.switch(filters="ignored")
    rows = api.list(env="Staging", integration_type="microsoft_ad", limit=1000)
    assert {row["environment"] for row in rows} == set(ENVIRONMENTS)


@pytest.mark.parametrize("name", ["categories", "categories[]"])
def test_categories_filter_a_list(api: Api, name: str) -> None:
    types = {row["integration_type"] for row in api.list(**{name: ["storage", "kms"]})}
    assert types == {"microsoftsharepoint", "microsoftonedrive", "microsoftonenote"}


def test_a_page_is_never_longer_than_the_server_wants(api: Api) -> None:
    everything = [row["id"] for row in api.list(env="Production")]
    api.switch(page_size=5)
    pages = [[row["id"] for row in api.list(env="Production", limit=100, offset=offset)] for offset in (0, 5, 10, 15)]
    assert [len(page) for page in pages] == [5, 5, 2, 0]
    assert [row_id for page in pages for row_id in page] == everything


def test_a_server_that_ignores_offset_answers_the_first_page_again(api: Api) -> None:
    api.switch(page_size=5, paging="ignored")
    assert api.list(env="Production", offset=5) == api.list(env="Production")


def test_limits_may_come_as_the_sdk_sends_them(api: Api) -> None:
    assert len(api.list(limit="2.0", offset="1.0")) == 2


@pytest.mark.parametrize("limit", ["many", "-1", "1.5", "nan", "inf"])
def test_a_limit_that_is_no_count_is_refused(api: Api, limit: str) -> None:
    answer = api.http.get("/unified/workspaceintegration", params={"limit": limit}, headers=api.key)
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "query", [{"order": "asc"}, {"sort": "name"}, {"updated_gte": "2026-01-01T00:00:00Z"}], ids=str
)
@pytest.mark.parametrize("path", ["workspaceintegration", "connection", "integration"])
def test_what_a_list_cannot_do_is_refused(api: Api, path: str, query: dict[str, str]) -> None:
    assert api.http.get(f"/unified/{path}", params=query, headers=api.key).status_code == 501


def test_rows_of_production_may_lack_their_environment(api: Api) -> None:
    api.switch(row_without_environment=True)
    assert "environment" not in api.row()
    assert api.row(environment="Staging")["environment"] == "Staging"


def test_two_rows_of_one_kind_are_both_listed(api: Api) -> None:
    api.workspace.add_by_hand("Production", "microsoft_ad")
    assert len(api.list(integration_type="microsoft_ad")) == 2


# -- delay -----------------------------------------------------------------------------------------


def test_a_change_stays_invisible_for_as_many_reads_as_the_switch_says(api: Api) -> None:
    api.register()
    api.switch(visible_after_reads=2)
    row = api.row()
    api.put(row["id"], MINIMAL | {"is_active": False})
    assert [api.row()["is_active"] for _ in range(3)] == [True, True, False]


def test_the_authorization_url_counts_as_a_read(api: Api) -> None:
    api.register()
    api.switch(visible_after_reads=1)
    other = CLIENT_ID.replace("5", "6")
    api.put(api.row()["id"], MINIMAL | {"auth": CREDENTIALS | {"client_id": other}})
    assert [other in api.authorization_url().text for _ in range(2)] == [False, True]


def test_reading_other_rows_does_not_count(api: Api) -> None:
    api.switch(visible_after_reads=1)
    api.put(api.row()["id"], MINIMAL)
    api.row(environment="Staging")
    assert [api.row()["is_active"] for _ in range(2)] == [False, True]


# -- errors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "media_type", "begins"),
    [
        ("json", "application/json", '{"statusCode":404'),
        ("text", "text/plain", "workspace integration not"),
        ("html", "text/html", "<!DOCTYPE"),
        ("empty", "", ""),
    ],
)
def test_an_error_has_the_form_that_the_switch_says(api: Api, form: str, media_type: str, begins: str) -> None:
    api.switch(error_format=form)
    answer = api.put("000000000000000000000000", MINIMAL)
    assert answer.status_code == 404
    assert answer.headers.get("content-type", "").split(";")[0] == media_type
    assert answer.text.startswith(begins)
    assert bool(answer.text) is (form != "empty")


@pytest.mark.parametrize("quotes", [False, True])
def test_a_validation_error_may_quote_the_secret(api: Api, quotes: bool) -> None:
    api.switch(errors_quote_request=quotes)
    answer = api.put(api.row()["id"], {"integration_type": "microsoft_ad", "auth": CREDENTIALS})
    assert answer.status_code == 400
    assert (CLIENT_SECRET in answer.text) is quotes


def test_a_scripted_fault_answers_in_the_same_form(api: Api) -> None:
    api.switch(error_format="text")
    api.emulator.world.faults.add({"service": "unifiedto", "action": {"kind": "status", "status": 503}})
    answer = api.http.get("/unified/environment", headers=api.key)
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (503, "text/plain")


@pytest.mark.parametrize(("kind", "written"), [("status", False), ("status_after", True)])
def test_a_scripted_503_comes_before_or_after_the_write(api: Api, kind: str, written: bool) -> None:
    row = api.row()
    action = {"kind": kind, "status": 503, "headers": {"Retry-After": "1"}}
    api.emulator.world.faults.add({"service": "unifiedto", "method": "PUT", "action": action})
    answer = api.put(row["id"], MINIMAL)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert api.row()["is_active"] is written


def test_a_stale_read_shows_the_row_as_it_was_before_the_write(api: Api) -> None:
    api.put(api.row()["id"], MINIMAL)
    api.emulator.world.faults.add({"service": "unifiedto", "method": "GET", "action": "stale_read"})
    assert [api.row()["is_active"] for _ in range(2)] == [False, True]


def test_a_path_that_does_not_exist_is_refused_loudly(api: Api) -> None:
    assert api.http.get("/unified/workspaceintegration/some-id", headers=api.key).status_code == 501


# -- switches --------------------------------------------------------------------------------------


@pytest.mark.parametrize("switch", UnifiedSwitches.model_fields)
def test_a_switch_refuses_a_value_that_it_does_not_know(api: Api, switch: str) -> None:
    with pytest.raises(Invalid, match=switch):
        api.switch(**{switch: "no such value"})


# -- at rest ---------------------------------------------------------------------------------------


def test_secrets_lie_in_no_file_of_the_emulator(api: Api, running_emulator: Any) -> None:
    api.register()
    api.switch(mask="clear")
    api.row()
    for file in running_emulator.world.state_dir.rglob("*"):
        assert not file.is_file() or CLIENT_SECRET.encode() not in file.read_bytes(), file
