"""The catalogue and the keyless authorization URL."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from emulator.unifiedto.catalogue import scopes_for
from emulator.unifiedto.seed import SHARED_CLIENT_ID, WORKSPACE_ID
from tests.emulator.test_unifiedto.conftest import CLIENT_ID, CREDENTIALS, Api, Json


def _catalogue(api: Api, **query: str) -> list[Json]:
    answer = api.http.get("/unified/integration", params=query, headers=api.key)
    assert answer.status_code == 200
    entries: list[Json] = answer.json()
    return entries


def _parameters(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


# -- catalogue -------------------------------------------------------------------------------------


def test_the_catalogue_holds_more_than_microsoft(api: Api) -> None:
    types = {entry["type"] for entry in _catalogue(api)}
    assert {"microsoft", "microsoft_ad", "microsoftonenote", "slack", "googledrive"} <= types


def test_the_catalogue_filters_by_type_category_and_activity(api: Api) -> None:
    api.register("microsoftonenote")
    assert [entry["name"] for entry in _catalogue(api, type="microsoft_ad")] == ["Microsoft AD / Entra ID"]
    assert _catalogue(api, type="microsft_ad") == []
    assert {entry["type"] for entry in _catalogue(api, categories="repo")} == {"github"}
    assert [entry["type"] for entry in _catalogue(api, active="true")] == ["microsoftonenote"]
    assert _catalogue(api, active="true", env="Staging") == []


def test_the_catalogue_never_shows_a_client(api: Api) -> None:
    api.register()
    api.switch(mask="clear")
    answer = api.http.get(f"/unified/integration/workspace/{WORKSPACE_ID}")
    assert answer.status_code == 200
    assert CLIENT_ID not in answer.text


def test_a_summary_is_shorter_than_the_whole_entry(api: Api) -> None:
    assert _catalogue(api, summary="true")[0].keys() < _catalogue(api)[0].keys()


def test_the_catalogue_can_be_cut_down(api: Api) -> None:
    api.switch(catalogue=["microsoft", "slack"])
    assert [entry["type"] for entry in _catalogue(api)] == ["microsoft", "slack"]
    assert api.authorization_url("microsoft_ad").status_code == 404


def test_another_workspace_is_not_found(api: Api) -> None:
    elsewhere = "000000000000000000000000"
    assert api.http.get(f"/unified/integration/workspace/{elsewhere}").status_code == 404
    assert api.http.get(f"/unified/integration/auth/{elsewhere}/microsoft_ad").status_code == 404


# -- authorization URL -----------------------------------------------------------------------------


def test_the_authorization_url_shows_the_registered_client_and_the_redirect_uri(api: Api) -> None:
    api.register()
    answer = api.authorization_url(state="mine", success_redirect="https://example.com/done")
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "text/plain")
    assert answer.text.startswith(f"{api.emulator.base_url}/common/oauth2/v2.0/authorize?")
    parameters = _parameters(answer.text)
    assert parameters["client_id"] == CLIENT_ID
    assert parameters["redirect_uri"] == f"{api.emulator.base_url}/oauth/code"
    assert parameters["response_type"] == "code"
    assert "mine" not in parameters["state"]
    assert "example.com" not in answer.text


def test_the_authorization_url_needs_no_key_and_can_redirect(api: Api) -> None:
    api.register()
    answer = api.authorization_url(redirect="1")
    assert answer.status_code == 302
    assert _parameters(answer.headers["location"])["client_id"] == CLIENT_ID


@pytest.mark.parametrize(
    ("query", "status", "word"),
    [
        ({"env": "Sandbox"}, 400, "Sandbox"),
        ({"env": "Nowhere"}, 404, "Nowhere"),
        ({"env": "Staging"}, 400, "not active"),
        ({"connection_id": "1", "reauth_token": "2"}, 501, "re-authorize"),
    ],
)
def test_there_is_no_authorization_url_where_nobody_could_sign_in(
    api: Api, query: dict[str, str], status: int, word: str
) -> None:
    api.register()
    api.register(environment="Sandbox")
    answer = api.authorization_url(**query)
    assert (answer.status_code, word in answer.text) == (status, True)


def test_an_unknown_type_and_a_type_that_was_never_set_up_are_not_found(api: Api) -> None:
    assert api.authorization_url("microsft").status_code == 404
    assert api.authorization_url("slack").status_code == 404


def test_an_integration_of_another_vendor_does_not_sign_in_at_microsoft(api: Api) -> None:
    api.workspace.add_by_hand("Production", "slack")
    api.register("slack")
    answer = api.authorization_url("slack")
    assert (answer.status_code, "Slack" in answer.text) == (501, True)


def test_an_inactive_integration_may_answer_all_the_same(api: Api) -> None:
    api.register(is_active=False)
    assert api.authorization_url().status_code == 400
    api.switch(inactive="answered")
    assert _parameters(api.authorization_url().text)["client_id"] == CLIENT_ID


def test_without_credentials_the_answer_is_an_error_a_page_or_a_client_of_unifieds_own(api: Api) -> None:
    api.register(auth=None)
    assert api.authorization_url().status_code == 400
    api.switch(no_credentials="page")
    page = api.authorization_url()
    assert (page.status_code, page.headers["content-type"].split(";")[0]) == (200, "text/html")
    api.switch(no_credentials="shared_client")
    assert _parameters(api.authorization_url().text)["client_id"] == SHARED_CLIENT_ID


def test_a_custom_domain_changes_the_redirect_uri_unless_the_row_keeps_unifieds(api: Api) -> None:
    row = api.register()
    api.switch(custom_domain="https://auth.example.com")
    assert _parameters(api.authorization_url().text)["redirect_uri"] == "https://auth.example.com/oauth/code"
    body = {"integration_type": "microsoft_ad", "is_active": True, "use_unified_redirect": True}
    api.put(row["id"], body)
    assert _parameters(api.authorization_url().text)["redirect_uri"] == f"{api.emulator.base_url}/oauth/code"


@pytest.mark.parametrize(
    "scopes", [["calendar_event_read,messaging_message_read"], ["calendar_event_read", "messaging_message_read"]]
)
def test_scopes_may_be_repeated_or_joined(api: Api, scopes: list[str]) -> None:
    api.register("microsoftoutlook")
    asked = _parameters(api.authorization_url("microsoftoutlook", scopes=scopes).text)["scope"].split()
    assert asked == ["openid", "email", "profile", "User.Read", "Calendars.Read", "Mail.Read", "offline_access"]


def test_without_scopes_the_permissions_of_the_row_are_asked_for(api: Api) -> None:
    api.register(permissions=["hris_group_read"], overriden_scopes={"hris_group_read": "GroupMember.Read.All"})
    assert "GroupMember.Read.All" in _parameters(api.authorization_url().text)["scope"].split()


def test_signing_in_alone_asks_for_no_refresh_token() -> None:
    assert scopes_for([]) == ["openid", "email", "profile", "User.Read"]


# -- by hand ---------------------------------------------------------------------------------------


def test_an_edit_by_hand_shows_at_once_and_its_route_never_shows_the_secret(api: Api) -> None:
    api.switch(visible_after_reads=3)
    edit = {"environment": "Production", "integration_type": "microsoft_ad", "is_active": True, "auth": CREDENTIALS}
    answer = api.http.patch("/_emulator/unifiedto/integrations", json=edit)
    assert (answer.status_code, answer.text) == (204, "")
    row = api.row()
    assert (row["is_active"], row["auth"]["client_id"][-4:]) == (True, CLIENT_ID[-4:])


@pytest.mark.parametrize(
    "change",
    [
        {"auth": "x"},
        {"auth": {"client_id": 5}},
        {"permissions": 5},
        {"permissions": [5]},
        {"is_active": "yes"},
        {"overriden_scopes": []},
        {"id": "another"},
        {"workspace_id": "another"},
        {"created_at": "2001-01-01T00:00:00Z"},
    ],
    ids=str,
)
def test_an_edit_by_hand_that_the_dashboard_could_not_make_is_refused(api: Api, change: Json) -> None:
    api.register()
    before = api.list()
    edit = {"environment": "Production", "integration_type": "microsoft_ad", **change}
    answer = api.http.patch("/_emulator/unifiedto/integrations", json=edit)
    assert (answer.status_code, next(iter(change)) in answer.json()["error"]) == (400, True)
    assert api.list() == before
    assert api.http.get("/").status_code == 200


def test_integrations_are_set_up_and_taken_away_by_hand(api: Api) -> None:
    api.workspace.add_by_hand("Staging", "slack")
    assert api.row("slack", "Staging")["is_active"] is False
    api.workspace.remove_by_hand("Staging", "slack")
    assert api.list(env="Staging", integration_type="slack") == []
    edit = {"environment": "Staging", "integration_type": "slack"}
    assert api.http.patch("/_emulator/unifiedto/integrations", json=edit).status_code == 400
