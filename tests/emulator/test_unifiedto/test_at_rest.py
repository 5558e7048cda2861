"""No file of the emulator holds a secret, however a client sends it and whatever the answer is."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable

import httpx
import pytest

from tests.emulator.test_unifiedto.conftest import CLIENT_SECRET, CREDENTIALS, Api, Entra, Json

ROWS = "/unified/workspaceintegration"
UNLUCKY = {"integration_type": "microsoft_ad", "auth": CREDENTIALS}
"""Lacks `is_active`: a 400 that may quote it."""


def assert_in_no_file(api: Api, secret: str) -> None:
    for file in api.emulator.world.state_dir.rglob("*"):
        assert not file.is_file() or secret.encode() not in file.read_bytes(), file


def _quoted(api: Api, form: str) -> None:
    api.switch(errors_quote_request=True, error_format=form)
    assert CLIENT_SECRET in api.put(api.row()["id"], UNLUCKY).text


def _quoted_half(api: Api) -> None:
    api.switch(errors_quote_request=True)
    half = json.dumps(UNLUCKY)[:-4]
    assert CLIENT_SECRET[:-4] in api.http.put(f"{ROWS}/any", content=half, headers=api.key).text


@pytest.mark.parametrize(
    "send",
    [
        pytest.param(lambda api: api.http.patch(f"{ROWS}/x", json=UNLUCKY), id="unknown method"),
        pytest.param(lambda api: api.http.post("/t/oauth2/token", data=CREDENTIALS), id="unknown route of Entra"),
        pytest.param(lambda api: api.http.post("/nowhere", json=CREDENTIALS), id="unknown service"),
        pytest.param(lambda api: api.http.get(ROWS, params=CREDENTIALS), id="query"),
        pytest.param(
            lambda api: api.http.put(f"{ROWS}/x", content=json.dumps(UNLUCKY)[:-2], headers=api.key), id="half"
        ),
        pytest.param(_quoted_half, id="half, quoted"),
        pytest.param(lambda api: _quoted(api, "json"), id="quoted as JSON"),
        pytest.param(lambda api: _quoted(api, "text"), id="quoted as text"),
        pytest.param(lambda api: _quoted(api, "html"), id="quoted as HTML"),
    ],
)
def test_a_request_that_goes_wrong_leaves_no_secret_behind(api: Api, send: Callable[[Api], object]) -> None:
    send(api)
    assert_in_no_file(api, CLIENT_SECRET[:-4])


@pytest.mark.parametrize("name", ["client_secret", "consumer_secret", "dev_api_key", "key", "pem", "saml_pem"])
def test_every_credential_that_a_registration_can_hold_is_hidden(api: Api, name: str) -> None:
    api.switch(mask="clear")
    api.register(auth={name: CLIENT_SECRET})
    assert api.row()["auth"] == {name: CLIENT_SECRET}
    assert_in_no_file(api, CLIENT_SECRET)


def test_a_credential_in_a_field_that_no_model_names_is_hidden_and_kept(api: Api) -> None:
    odd: Json = {"client_secret": CLIENT_SECRET, "more": {"pem": CLIENT_SECRET}}
    api.register(**odd)
    assert {name: api.row()[name] for name in odd} == odd
    assert_in_no_file(api, CLIENT_SECRET)


def test_an_authorization_code_that_nobody_redeemed_is_hidden(api: Api, entra: Entra) -> None:
    app = entra.create_app()
    api.register(auth={"client_id": app.client_id, "client_secret": "wrong"})
    url = api.authorization_url().text
    chosen = {"prompt": "none", "login_hint": "ada@rehearsal.example.com"}
    callback = str(api.http.get(url, params={**_query(url), **chosen}).headers["location"])
    code = _query(callback)["code"]
    assert "error=" in api.http.get(callback).headers["location"]
    assert_in_no_file(api, code)


def _query(url: str) -> dict[str, str]:
    return dict(httpx.URL(url).params)


def test_the_database_and_the_keys_are_for_their_owner_only(api: Api) -> None:
    api.http.get("/common/discovery/v2.0/keys")
    state_dir = api.emulator.world.state_dir
    for name in ("state.sqlite3", "state.sqlite3-wal", "tls/ca-key.pem", "tls/leaf-key.pem"):
        assert stat.S_IMODE((state_dir / name).stat().st_mode) == 0o600, name
