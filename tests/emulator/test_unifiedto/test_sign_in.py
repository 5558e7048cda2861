"""Signing in through a registered integration truly succeeds, or truly fails, for Entra's reasons."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from emulator.unifiedto.catalogue import GRAPH_SCOPES
from emulator.unifiedto.holding import Holding, holding_of
from emulator.unifiedto.model import Row
from tests.emulator.test_unifiedto.conftest import Api, App, Entra, Json

AFTER = {"success_redirect": "https://example.com/done?page=1", "failure_redirect": "https://example.com/failed"}


@pytest.fixture
def app(entra: Entra) -> App:
    return entra.create_app()


@pytest.fixture
def registered(api: Api, entra: Entra, app: App) -> Json:
    """The app's one secret, registered for microsoft_ad in Production."""
    secret = entra.add_secret(app)
    _register(api, app, secret["secretText"])
    return secret


def _register(api: Api, app: App, secret: str) -> None:
    api.register(auth={"client_id": app.client_id, "client_secret": secret})


def _sign_in(api: Api, **body: str) -> Json:
    answer = api.http.post("/_emulator/sign-in", json={"integration_type": "microsoft_ad"} | body)
    assert answer.status_code == 200, answer.text
    result: Json = answer.json()
    return result


def _holding(api: Api) -> Holding:
    row = api.workspace.find("Production", "microsoft_ad")
    assert isinstance(row, Row)
    holding = holding_of(api.emulator.world, row)
    assert holding is not None
    return holding


def _query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


# -- success ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("registered")
def test_a_user_signs_in_and_unified_keeps_a_connection(api: Api, app: App) -> None:
    result = _sign_in(api)
    assert result["signed_in"] is True
    assert result["client_id"] == app.client_id
    [connection] = api.http.get("/unified/connection", headers=api.key).json()
    assert connection["id"] == result["connection_id"]
    assert connection["auth"]["emails"] == [result["user"]["email"]]
    assert connection["environment"] == "Production"
    assert not {"access_token", "refresh_token", "client_secret"} & connection["auth"].keys()


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize(
    "account", ["grace@rehearsal.example.com", "piet@partner.example.com", "pat@personal.example.com"]
)
def test_accounts_of_any_organisation_and_personal_ones_sign_in(api: Api, account: str) -> None:
    result = _sign_in(api, account=account)
    assert (result["signed_in"], result["user"]["email"]) == (True, account)


@pytest.mark.usefixtures("registered")
def test_a_sign_in_costs_entra_one_authorize_and_one_token_request(api: Api) -> None:
    seen = api.emulator.world.journal.last_seq
    _sign_in(api)
    assert [(entry["method"], entry["path"]) for entry in api.emulator.world.journal.entries(seen)] == [
        ("GET", "/common/oauth2/v2.0/authorize"),
        ("POST", "/common/oauth2/v2.0/token"),
    ]


def test_each_environment_signs_in_with_its_own_client(api: Api, entra: Entra, app: App, registered: Json) -> None:
    other = entra.create_app(name="Staging product")
    auth = {"client_id": other.client_id, "client_secret": entra.add_secret(other)["secretText"]}
    api.register(environment="Staging", auth=auth)
    assert registered["keyId"] == _holding(api).key_id
    assert _sign_in(api)["client_id"] == app.client_id
    assert _sign_in(api, environment="Staging")["client_id"] == other.client_id


@pytest.mark.parametrize("permission", sorted(GRAPH_SCOPES))
def test_entra_knows_the_scope_of_every_permission(api: Api, registered: Json, app: App, permission: str) -> None:
    auth = {"client_id": app.client_id, "client_secret": registered["secretText"]}
    api.register("microsoftoutlook", auth=auth, permissions=[permission])
    assert _sign_in(api, integration_type="microsoftoutlook").get("error") is None


def test_a_sign_in_through_a_custom_domain_needs_its_redirect_uri(api: Api, entra: Entra) -> None:
    api.switch(custom_domain="https://auth.example.com")
    app = entra.create_app("https://auth.example.com/oauth/code")
    _register(api, app, entra.add_secret(app)["secretText"])
    assert _sign_in(api)["signed_in"] is True
    api.switch(custom_domain=None)
    assert "AADSTS50011" in _sign_in(api)["error"]


def test_a_change_of_secret_between_authorize_and_callback_does_no_harm(
    api: Api, entra: Entra, app: App, registered: Json
) -> None:
    callback = _callback_of(api)
    _register(api, app, entra.add_secret(app)["secretText"])
    assert "id" in _query(api.http.get(callback).headers["location"])


# -- failure ---------------------------------------------------------------------------------------


def test_an_expired_secret_fails_with_entras_reason(api: Api, registered: Json) -> None:
    api.emulator.world.clock.change(advance_s=3 * 365 * 86400)
    result = _sign_in(api)
    assert result["signed_in"] is False
    assert result["error"].startswith("invalid_client: AADSTS7000222")
    assert _holding(api) == Holding(result["client_id"], registered["keyId"], False, "the client secret has expired")


def test_a_removed_secret_fails_at_once(api: Api, entra: Entra, app: App, registered: Json) -> None:
    entra.remove_secret(app, registered["keyId"])
    assert _sign_in(api)["error"].startswith("invalid_client: AADSTS7000215")
    assert _holding(api).problem == "the client secret is wrong or was removed"


def test_a_young_secret_fails_until_it_has_spread(api: Api, entra: Entra, app: App) -> None:
    api.switch(secret_propagation_s=10)
    api.emulator.world.clock.change(scale=0)
    _register(api, app, entra.add_secret(app)["secretText"])
    assert "AADSTS7000215" in _sign_in(api)["error"]
    assert _holding(api).problem == "the client secret does not work yet"
    api.emulator.world.clock.change(advance_s=10)
    assert _sign_in(api)["signed_in"] is True
    assert _holding(api).is_accepted


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("mask", ["full", "partial"])
def test_a_client_that_sends_a_mask_back_breaks_the_sign_in(api: Api, mask: str) -> None:
    api.switch(mask=mask)
    row = api.row()
    api.put(row["id"], row)
    assert _sign_in(api)["signed_in"] is False
    assert not _holding(api).is_accepted


def test_an_unregistered_redirect_uri_fails_on_entras_page(api: Api, entra: Entra) -> None:
    app = entra.create_app("https://elsewhere.example.com/oauth/code")
    _register(api, app, entra.add_secret(app)["secretText"])
    result = _sign_in(api)
    assert (result["signed_in"], result["client_id"]) == (False, app.client_id)
    assert result["error"].startswith("AADSTS50011")


def test_an_unknown_client_id_fails_on_entras_page(api: Api) -> None:
    api.register()
    assert "AADSTS700016" in _sign_in(api)["error"]


def test_a_registration_without_secret_fails_at_the_token_endpoint(api: Api, app: App) -> None:
    api.register(auth={"client_id": app.client_id})
    assert "AADSTS7000218" in _sign_in(api)["error"]
    assert _holding(api).problem == "no client secret"


def test_nobody_signs_in_where_there_is_no_authorization_url(api: Api) -> None:
    assert _sign_in(api) == {
        "signed_in": False,
        "client_id": "",
        "error": "integration microsoft_ad is not active in Production",
    }
    api.switch(no_credentials="page", inactive="answered")
    assert _sign_in(api)["error"] == "the integration has no OAuth credentials"


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("path", ["/authorize$", "/token$"])
def test_a_broken_connection_to_entra_fails_the_sign_in_and_nothing_else(api: Api, path: str) -> None:
    api.emulator.world.faults.add({"service": "entra", "path": path, "action": "reset_before"})
    assert _sign_in(api)["error"].startswith("server_error: Entra could not be reached")
    assert _sign_in(api)["signed_in"] is True


@pytest.mark.parametrize("body", [{}, {"integration_type": 1}, {"integration_type": "microsoft", "more": True}])
def test_a_sign_in_that_is_not_understood_is_refused(api: Api, body: Json) -> None:
    assert api.http.post("/_emulator/sign-in", json=body).status_code == 400


# -- callback --------------------------------------------------------------------------------------


def _callback_of(api: Api) -> str:
    """The address that Entra sends the browser back to, with a code."""
    url = api.authorization_url(state="mine", **AFTER).text
    answer = api.http.get(f"{url}&prompt=none&login_hint=ada%40rehearsal.example.com")
    assert answer.status_code == 302, answer.text
    return str(answer.headers["location"])


@pytest.mark.usefixtures("registered")
def test_the_callback_sends_the_browser_on_with_connection_and_state(api: Api) -> None:
    answer = api.http.get(_callback_of(api))
    assert answer.status_code == 302
    location = answer.headers["location"]
    assert location.startswith("https://example.com/done?page=1&")
    [connection] = api.workspace.connections.all()
    assert _query(location) == {"page": "1", "id": connection["id"], "state": "mine"}


@pytest.mark.usefixtures("registered")
def test_a_code_works_once(api: Api) -> None:
    callback = _callback_of(api)
    api.http.get(callback)
    location = api.http.get(callback).headers["location"]
    assert location.startswith("https://example.com/failed?")
    assert "AADSTS54005" in _query(location)["error"]
    assert len(api.workspace.connections.all()) == 1


@pytest.mark.usefixtures("registered")
def test_a_user_who_declines_comes_back_with_the_error(api: Api) -> None:
    state = _query(api.authorization_url(state="mine", **AFTER).text)["state"]
    query = {"state": state, "error": "access_denied", "error_description": "AADSTS65004: User declined. Trace ID: 1"}
    location = api.http.get("/oauth/code", params=query).headers["location"]
    assert _query(location) == {"error": "access_denied: AADSTS65004: User declined.", "state": "mine"}


@pytest.mark.usefixtures("registered")
def test_an_integration_that_was_deactivated_meanwhile_takes_nobody_in(api: Api) -> None:
    callback = _callback_of(api)
    api.workspace.edit_by_hand("Production", "microsoft_ad", {"is_active": False})
    assert _query(api.http.get(callback).headers["location"])["error"].startswith("integration_inactive")


@pytest.mark.parametrize("state", ["", "forged", "gAAAAABforged", "ünicode"])
def test_a_state_that_unified_did_not_give_out_is_refused(api: Api, state: str) -> None:
    answer = api.http.get("/oauth/code", params={"state": state, "code": "code"})
    assert (answer.status_code, "state" in answer.text) == (400, True)


# -- secrets ---------------------------------------------------------------------------------------


def test_the_secret_reaches_no_other_host_and_no_answer(api: Api, registered: Json) -> None:
    _sign_in(api)
    canary = registered["secretText"]
    for entry in api.emulator.world.journal.entries():
        sent = canary in (entry["request_body"] or "")
        assert sent is (entry["service"] == "unifiedto" and entry["method"] == "PUT"), entry["path"]
        answered = canary in (entry["response_body"] or "")
        assert answered is (entry["path"].endswith("/addPassword")), entry["path"]
    assert canary not in repr(api.workspace.rows())
