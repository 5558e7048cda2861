"""The authorize page: who may sign in, what is redirected, and what is only shown."""

from __future__ import annotations

import html
import re

import httpx
import pytest

from emulator.entra import ids

from .situations import REDIRECT_URI, Entra, Graph, landing

ADA, GRACE = "ada@rehearsal.example.com", "grace@rehearsal.example.com"
PIET, PAT = "piet@partner.example.com", "pat@personal.example.com"


def shown(answer: httpx.Response) -> int:
    """The AADSTS number on an error page, which is never a redirect."""
    assert "location" not in answer.headers
    assert answer.headers["content-type"].startswith("text/html")
    match = re.search(r"AADSTS(\d+)", answer.text)
    assert match is not None, answer.text
    return int(match[1])


def test_the_page_offers_every_account_that_may_sign_in_and_its_form_signs_in(graph: Graph, entra: Entra) -> None:
    app = graph.register(displayName="Example <&> Co")
    query = {
        "client_id": app.app_id,
        "response_type": "code",
        "redirect_uri": REDIRECT_URI,
        "scope": "openid",
        "state": '"><script>',
    }
    page = entra.http.get("/common/oauth2/v2.0/authorize", params=query)
    assert page.status_code == 200
    assert "Example &lt;&amp;&gt; Co" in page.text
    assert "<script>" not in page.text
    for account in (ADA, GRACE, PIET, PAT):
        assert account in page.text
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.text)
    form = {name: html.unescape(value) for name, value in hidden}
    back = landing(entra.http.post("/common/oauth2/v2.0/authorize", data={**form, "account": PAT}))
    assert back["state"] == '"><script>'
    assert back["code"]


@pytest.mark.parametrize(
    ("audience", "authority", "account", "number"),
    [
        ("AzureADandPersonalMicrosoftAccount", "common", PAT, None),
        ("AzureADandPersonalMicrosoftAccount", "consumers", PAT, None),
        ("AzureADandPersonalMicrosoftAccount", ids.CONSUMER_TENANT_ID, PAT, None),
        ("AzureADandPersonalMicrosoftAccount", "organizations", PIET, None),
        ("AzureADandPersonalMicrosoftAccount", "organizations", PAT, 50020),
        ("AzureADandPersonalMicrosoftAccount", "consumers", ADA, 50020),
        ("AzureADandPersonalMicrosoftAccount", ids.TENANT_ID, PIET, 50020),
        ("AzureADMultipleOrgs", "common", PIET, None),
        ("AzureADMultipleOrgs", "common", PAT, 50020),
        ("AzureADMultipleOrgs", "consumers", PAT, 9002332),
        ("AzureADMyOrg", "common", ADA, 50194),
        ("AzureADMyOrg", "organizations", ADA, 50194),
        ("AzureADMyOrg", ids.TENANT_ID, ADA, None),
        ("AzureADMyOrg", ids.TENANT_ID, PIET, 50020),
        ("AzureADMyOrg", ids.PARTNER_TENANT_ID, PIET, 700016),
    ],
)
def test_audience_authority_and_account_must_fit(
    graph: Graph, entra: Entra, audience: str, authority: str, account: str, number: int | None
) -> None:
    app = graph.register(secrets=0, signInAudience=audience)
    answer = entra.authorize(app.app_id, account, authority)
    if number is None:
        assert "code" in landing(answer)
    else:
        assert shown(answer) == number


@pytest.mark.parametrize(
    ("uri", "number"),
    [
        ("", 900971),
        ("https://api.example.com/oauth/code/", 50011),
        ("https://api.example.com/oauth/CODE", 50011),
        ("https://api.example.com:8443/oauth/code", 50011),
        ("https://evil.example.com/oauth/code", 50011),
    ],
)
def test_an_unregistered_redirect_uri_gets_a_page_and_never_a_redirect(
    graph: Graph, entra: Entra, uri: str, number: int
) -> None:
    app = graph.register(secrets=0)
    assert shown(entra.authorize(app.app_id, ADA, redirect_uri=uri)) == number


def test_the_port_of_a_loopback_redirect_uri_does_not_count(graph: Graph, entra: Entra) -> None:
    app = graph.register(secrets=0, web={"redirectUris": ["http://localhost:1000/code"]})
    answer = entra.authorize(app.app_id, ADA, redirect_uri="http://localhost:2000/code")
    assert answer.headers["location"].startswith("http://localhost:2000/code?code=")


def test_the_port_of_127_0_0_1_does_not_count_either(graph: Graph, entra: Entra) -> None:
    app = graph.register(secrets=0, web={"redirectUris": ["http://127.0.0.1/code"]})
    answer = entra.authorize(app.app_id, ADA, redirect_uri="http://127.0.0.1:2000/code")
    assert answer.headers["location"].startswith("http://127.0.0.1:2000/code?code=")
    assert shown(entra.authorize(app.app_id, ADA, redirect_uri="http://localhost:2000/code")) == 50011


def test_a_deleted_or_unknown_application_and_an_unknown_account_get_a_page(graph: Graph, entra: Entra) -> None:
    app = graph.register(secrets=0)
    assert shown(entra.authorize(app.app_id, "nobody@example.com")) == 50034
    graph.http.delete(f"/v1.0/applications/{app.id}")
    assert shown(entra.authorize(app.app_id, ADA)) == 700016
    assert shown(entra.http.get("/common/oauth2/v2.0/authorize")) == 900144
    assert shown(entra.authorize(app.app_id, ADA, "nowhere")) == 90002


def test_declining_and_bad_parameters_go_back_with_an_error_and_the_state(graph: Graph, entra: Entra) -> None:
    app = graph.register(secrets=0)
    declined = landing(entra.authorize(app.app_id, None, action="cancel"))
    assert (declined["error"], declined["state"]) == ("access_denied", "state-1")
    assert declined["error_description"].startswith("AADSTS65004")
    for parameters, error in (
        ({"scope": "Mail.Reed"}, "invalid_scope"),
        ({"scope": ""}, "invalid_request"),
        ({"response_type": "token"}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"code_challenge": "c" * 43, "code_challenge_method": "plain"}, "invalid_request"),
    ):
        assert landing(entra.authorize(app.app_id, ADA, **parameters))["error"] == error, parameters


def test_prompt_none_signs_a_hinted_account_in_silently(graph: Graph, entra: Entra) -> None:
    app = graph.register(secrets=0)
    query = {"client_id": app.app_id, "response_type": "code", "redirect_uri": REDIRECT_URI, "scope": "openid"}
    path = "/common/oauth2/v2.0/authorize"
    assert landing(entra.http.get(path, params={**query, "prompt": "none"}))["error"] == "login_required"
    assert "code" in landing(entra.http.get(path, params={**query, "prompt": "none", "login_hint": GRACE}))


def test_permissions_for_administrators_need_one_and_then_hold_for_the_tenant(graph: Graph, entra: Entra) -> None:
    app = graph.register(secrets=0)
    scope = "openid User.Read.All"
    assert shown(entra.authorize(app.app_id, GRACE, scope=scope)) == 90094
    assert "code" in landing(entra.authorize(app.app_id, ADA, scope=scope))
    assert "code" in landing(entra.authorize(app.app_id, GRACE, scope=scope))
    assert shown(entra.authorize(app.app_id, PIET, scope=scope)) == 90094


def test_a_disabled_application_signs_nobody_in(graph: Graph, entra: Entra) -> None:
    app = graph.register(secrets=0)
    graph.http.patch(f"/v1.0/servicePrincipals/{app.principal_id}", json={"accountEnabled": False})
    assert shown(entra.authorize(app.app_id, ADA)) == 7000112
