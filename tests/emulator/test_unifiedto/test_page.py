"""The page: what a newcomer sees, and that no secret and nothing from elsewhere is on it."""

from __future__ import annotations

import base64
import hashlib
import re
from html import unescape

import httpx
import pytest

from emulator.portal.advice import advice_for
from emulator.unifiedto.seed import WORKSPACE_ID
from tests.emulator.test_unifiedto.conftest import Api, Entra


def _page(api: Api, path: str = "/", **query: str) -> str:
    answer = api.http.get(path, params=query)
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "text/html")
    return answer.text


def test_an_empty_emulator_says_what_to_do_first(api: Api) -> None:
    page = _page(api)
    assert "make up" in page
    assert "Sign in with Microsoft" not in page


def test_the_page_shows_apps_secrets_registrations_and_requests_but_no_value(api: Api, entra: Entra) -> None:
    app = entra.create_app(name="Example product")
    blue = entra.add_secret(app, displayName="blue slot")
    green = entra.add_secret(app, displayName="green slot", endDateTime="2999-01-01T00:00:00Z")
    api.register(auth={"client_id": app.client_id, "client_secret": green["secretText"]})
    page = _page(api)
    for shown in ("Example product", app.client_id, "blue slot", blue["keyId"], green["hint"], "01 Jan 2999", "works"):
        assert shown in page
    assert page.count("Production / microsoft_ad") == 1
    assert "/unified/workspaceintegration" in page
    assert blue["secretText"] not in page
    assert green["secretText"] not in page


def test_the_page_tells_which_secrets_do_not_work(api: Api, entra: Entra) -> None:
    api.emulator.world.clock.change(scale=0)
    app = entra.create_app()
    old = entra.add_secret(app)
    api.register(auth={"client_id": app.client_id, "client_secret": old["secretText"]})
    api.emulator.world.clock.change(advance_s=3 * 365 * 86400)
    api.switch(secret_propagation_s=30)
    entra.add_secret(app)
    page = _page(api)
    assert "expired" in page
    assert "not usable yet" in page
    assert "the client secret has expired" in page


def test_looking_at_the_page_changes_nothing(api: Api, entra: Entra) -> None:
    api.switch(visible_after_reads=2)
    entra.create_app()
    store = api.emulator.world.store
    entra_state = store.list("entra.applications")
    row = api.row()
    api.put(row["id"], {"integration_type": "microsoft_ad", "is_active": True})
    _page(api)
    assert [api.row()["is_active"] for _ in range(3)] == [False, False, True]
    assert store.list("entra.applications") == entra_state


def test_the_page_loads_nothing_from_elsewhere_and_is_well_formed_for_screen_readers(api: Api) -> None:
    api.register()
    page = _page(api)
    assert re.findall(r'(?:src|href)="(?!/|#|data:,)[^"]*"', page) == []
    assert '<html lang="en">' in page
    assert page.count("<h1>") == page.count("<main") == 1
    for heading in re.findall(r'aria-labelledby="([^"]+)"', page):
        assert f'id="{heading}"' in page


@pytest.mark.parametrize("path", ["/", "/signed-in"])
def test_the_page_runs_its_own_script_and_style_only_and_stands_in_no_frame(api: Api, path: str) -> None:
    answer = api.http.get(path)
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert answer.headers["x-frame-options"] == "DENY"
    assert (policy["default-src"], policy["frame-ancestors"], policy["connect-src"]) == ("'none'", "'none'", "'self'")
    for element, directive in (("style", "style-src"), ("script", "script-src")):
        for content in re.findall(f"<{element}>(.*?)</{element}>", answer.text, re.DOTALL):
            digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
            assert policy[directive] == f"'sha256-{digest}'"
    assert " style=" not in answer.text
    assert not re.search(r" on\w+=", answer.text)


def test_the_page_says_that_the_journal_shows_secrets(api: Api) -> None:
    page = _page(api)
    assert "this page shows no secret" in page
    assert re.search(r"secrets in it included[^<]*<a href='/_emulator/journal'", page)


def test_names_from_outside_cannot_change_the_page(api: Api, entra: Entra) -> None:
    entra.create_app(name="<script>alert(1)</script>")
    api.http.get("/unified/<b>bold</b>", headers=api.key)
    page = _page(api)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    assert "<b>bold" not in page


def test_names_from_outside_cannot_change_the_pages_of_a_sign_in(api: Api, entra: Entra) -> None:
    script = "<script>alert('\"')</script>"
    app = entra.create_app(name=script)
    api.register(auth={"client_id": app.client_id, "client_secret": entra.add_secret(app)["secretText"]})
    link = f"/unified/integration/auth/{WORKSPACE_ID}/microsoft_ad"
    authorize = httpx.URL(api.http.get(link, params={"redirect": "1"}).headers["location"])
    api.switch(error_format="html")
    pages = {
        "account picker": api.http.get(authorize.copy_merge_params({"nonce": script})),
        "refused sign-in": api.http.get(authorize.copy_merge_params({"redirect_uri": f"https://elsewhere/{script}"})),
        "end of a sign-in": api.http.get("/signed-in", params={"error": script, "state": script}),
        "refusal of Unified.to": api.http.get(link, params={"env": script}),
    }
    for name, page in pages.items():
        assert page.headers["content-type"].startswith("text/html"), name
        assert "&lt;script&gt;alert(" in page.text, name
        assert "<script>alert" not in page.text, name


def test_the_sign_in_link_leads_through_entra_to_a_page_that_says_who_signed_in(api: Api, entra: Entra) -> None:
    app = entra.create_app()
    api.register(auth={"client_id": app.client_id, "client_secret": entra.add_secret(app)["secretText"]})
    [link] = re.findall(r'href="(/unified/integration/auth/[^"]+)"', _page(api))
    authorize = api.http.get(unescape(link)).headers["location"]
    picker = api.http.get(authorize).text
    form = {
        name: unescape(value) for name, value in re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', picker)
    }
    [action] = re.findall(r'action="([^"]+)"', picker)
    chosen = api.http.post(unescape(action), data=form | {"account": "grace@rehearsal.example.com"})
    page = api.http.get(chosen.headers["location"], follow_redirects=True).text
    assert "Grace Member signed in through Microsoft AD / Entra ID in Production" in page
    assert "grace@rehearsal.example.com" in page
    assert "Grace Member" in _page(api)


def test_a_failed_sign_in_says_why_and_what_to_do(api: Api) -> None:
    error = "invalid_client: AADSTS7000222: The provided client secret keys are expired <now>."
    page = _page(api, "/signed-in", error=error, state="Microsoft in Production")
    assert "Nobody signed in through Microsoft in Production" in page
    assert "keys are expired &lt;now&gt;." in page
    assert advice_for(error) in page


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("invalid_client: AADSTS7000215: Invalid client secret provided.", "proves the secret"),
        ("AADSTS50011: The redirect URI is not registered.", "redirectUris"),
        ("access_denied", "declined"),
        ("server_error: Entra could not be reached (ReadError)", "Try again"),
        ("something_new: nobody knows", "Compare the client id"),
    ],
)
def test_every_reason_has_advice(reason: str, word: str) -> None:
    assert word in advice_for(reason)


def test_the_last_page_survives_being_opened_alone(api: Api) -> None:
    assert "No sign-in here" in _page(api, "/signed-in")
    assert "connection not found" in _page(api, "/signed-in", id="000000000000000000000000")


def test_the_page_refreshes_only_after_requests_of_other_services(api: Api) -> None:
    first, second = (re.search(r'data-seq="(\d+)"', _page(api)) for _ in range(2))
    assert first is not None
    assert second is not None
    answer = api.http.get("/_emulator/journal", params={"since": first.group(1)}).json()
    assert {entry["service"] for entry in answer["entries"]} == {"portal"}


def test_a_browser_that_asks_for_an_icon_leaves_no_unknown_request(api: Api) -> None:
    assert api.http.get("/favicon.ico").status_code == 204
    assert api.emulator.world.journal.unknown() == []
