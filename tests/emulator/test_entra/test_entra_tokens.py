"""The token endpoint, discovery and keys, with plain HTTP and with MSAL for Python."""

from __future__ import annotations

from typing import Any

import httpx
import jwt
import msal
import pytest

from emulator.core.server import EmulatorServer
from emulator.entra import grants, ids
from emulator.entra.tokens import Signer

from .situations import (
    CHALLENGE,
    REDIRECT_URI,
    VERIFIER,
    Entra,
    Graph,
    aadsts,
    application_body,
    landing,
)

ADA = "ada@rehearsal.example.com"
PIET = "piet@partner.example.com"


@pytest.fixture(autouse=True)
def trusted_as_the_environment_says(emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """MSAL takes its roots from where ``python -m emulator serve`` tells a shell to put them."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", emulator.env()["REQUESTS_CA_BUNDLE"])


def msal_application(emulator: EmulatorServer, client_id: str, secret: str, tenant: str) -> Any:
    return msal.ConfidentialClientApplication(
        client_id,
        authority=f"{emulator.base_url}/{tenant}",
        client_credential=secret,
        instance_discovery=False,
    )


def test_msal_gets_a_client_credentials_token_with_a_registered_secret(graph: Graph, emulator: EmulatorServer) -> None:
    app = graph.register()
    client = msal_application(emulator, app.app_id, app.secrets[0], ids.TENANT_ID)
    answer = client.acquire_token_for_client([f"{emulator.base_url}/.default"])
    assert answer["token_type"] == "Bearer"
    claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
    assert (claims["appid"], claims["tid"], claims["oid"]) == (app.app_id, ids.TENANT_ID, app.principal_id)


def test_msal_hears_the_aadsts_number_of_a_wrong_secret(graph: Graph, emulator: EmulatorServer) -> None:
    app = graph.register()
    client = msal_application(emulator, app.app_id, "wrong", ids.TENANT_ID)
    answer = client.acquire_token_for_client([f"{emulator.base_url}/.default"])
    assert answer["error"] == "invalid_client"
    assert answer["error_codes"] == [7000215]


@pytest.mark.parametrize("account", [ADA, PIET, "pat@personal.example.com"])
def test_msal_completes_a_sign_in_with_pkce_and_refreshes_it(
    graph: Graph, entra: Entra, emulator: EmulatorServer, account: str
) -> None:
    app = graph.register()
    client = msal_application(emulator, app.app_id, app.secrets[0], "common")
    flow = client.initiate_auth_code_flow(["User.Read"], redirect_uri=REDIRECT_URI, response_mode="form_post")
    parameters = dict(httpx.URL(flow["auth_uri"]).params)
    parameters["response_mode"] = "query"
    back = landing(entra.http.post("/common/oauth2/v2.0/authorize", data={**parameters, "account": account}))
    answer = client.acquire_token_by_auth_code_flow(flow, back)
    assert "error" not in answer, answer
    assert answer["id_token_claims"]["preferred_username"] == account
    (cached,) = client.get_accounts()
    refreshed = client.acquire_token_silent_with_error(["User.Read"], cached, force_refresh=True)
    assert refreshed is not None
    assert "access_token" in refreshed, refreshed


def test_a_token_is_signed_with_a_published_key_and_issued_by_the_discovered_issuer(
    graph: Graph, entra: Entra, emulator: EmulatorServer
) -> None:
    app = graph.register()
    document = entra.http.get(f"/{ids.TENANT_ID}/v2.0/.well-known/openid-configuration").json()
    answer = entra.redeem(app.app_id, app.secrets[0], entra.code(app.app_id, ADA, nonce="n-1")).json()
    (key,) = entra.http.get(document["jwks_uri"]).json()["keys"]
    claims = jwt.decode(
        answer["id_token"], jwt.PyJWK(key).key, algorithms=["RS256"], audience=app.app_id, issuer=document["issuer"]
    )
    assert (claims["nonce"], claims["tid"], claims["name"]) == ("n-1", ids.TENANT_ID, "Ada Admin")
    assert jwt.get_unverified_header(answer["id_token"])["kid"] == key["kid"]


@pytest.mark.parametrize("tenant", ["7e570000-0000-4000-8000-00000000dead", "not!a!tenant"])
def test_discovery_refuses_an_unknown_tenant(entra: Entra, tenant: str) -> None:
    answer = entra.http.get(f"/{tenant}/v2.0/.well-known/openid-configuration")
    assert aadsts(answer) == (400, "invalid_request", 90002)


def test_the_provider_metadata_points_everything_at_the_emulator(entra: Entra, emulator: EmulatorServer) -> None:
    answer = entra.http.get("/metadata/endpoints", params={"api-version": "2022-09-01"}).json()
    assert answer["resourceManager"] == answer["microsoftGraphResourceId"] == emulator.base_url
    assert answer["authentication"]["loginEndpoint"] == emulator.base_url


def test_the_deployers_token_carries_its_object_id_and_the_roles_of_the_switch(
    entra: Entra, emulator: EmulatorServer
) -> None:
    emulator.world.settings.update({"caller_roles": ["Application.ReadWrite.All"]})
    answer = entra.client_credentials(ids.DEPLOYER_APP_ID, ids.DEPLOYER_SECRET).json()
    claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
    assert claims["oid"] == ids.DEPLOYER_SERVICE_PRINCIPAL_ID
    assert claims["roles"] == ["Application.ReadWrite.All"]
    assert (claims["aud"], answer["expires_in"]) == (emulator.base_url, 3599)


CLIENT_CREDENTIALS = {"grant_type": "client_credentials"}


@pytest.mark.parametrize(
    ("tenant", "change", "expected"),
    [
        (ids.TENANT_ID, {"client_secret": "wrong"}, (401, "invalid_client", 7000215)),
        (ids.TENANT_ID, {"client_secret": None}, (401, "invalid_client", 7000216)),
        (ids.TENANT_ID, {"client_id": ids.TENANT_ID}, (400, "unauthorized_client", 700016)),
        (ids.PARTNER_TENANT_ID, {}, (400, "unauthorized_client", 700016)),
        ("7e570000-0000-4000-8000-00000000dead", {}, (400, "invalid_request", 90002)),
        ("no tenant", {}, (400, "invalid_request", 90002)),
        ("common", {}, (400, "invalid_request", 9001023)),
        ("consumers", {}, (400, "invalid_request", 9001023)),
        ("organizations", {}, (400, "invalid_request", 9001023)),
        (ids.TENANT_ID, {"grant_type": None}, (400, "invalid_request", 900144)),
        (ids.TENANT_ID, {"client_id": None}, (400, "invalid_request", 900144)),
        (ids.TENANT_ID, {"scope": None}, (400, "invalid_request", 900144)),
        (ids.TENANT_ID, {"grant_type": "password"}, (400, "unsupported_grant_type", 70003)),
        (ids.TENANT_ID, {"scope": "User.Read"}, (400, "invalid_scope", 1002012)),
        (ids.TENANT_ID, {"scope": "https://elsewhere.example.com/.default"}, (400, "invalid_resource", 500011)),
        (ids.TENANT_ID, {"client_assertion": "x"}, (400, "invalid_request", 9002313)),
    ],
)
def test_client_credentials_are_refused_with_the_right_number(
    graph: Graph, entra: Entra, tenant: str, change: dict[str, str | None], expected: tuple[int, str, int]
) -> None:
    app = graph.register()
    form = {"client_id": app.app_id, "client_secret": app.secrets[0], "scope": entra.graph_scope, **CLIENT_CREDENTIALS}
    form = {name: value for name, value in {**form, **change}.items() if value is not None}
    assert aadsts(entra.token(tenant, **form)) == expected


def test_an_application_without_a_service_principal_or_with_a_disabled_one_gets_no_token(
    graph: Graph, entra: Entra
) -> None:
    app = graph.register()
    principal = f"/v1.0/servicePrincipals/{app.principal_id}"
    graph.http.patch(principal, json={"accountEnabled": False})
    assert aadsts(entra.client_credentials(app.app_id, app.secrets[0])) == (400, "unauthorized_client", 7000112)
    graph.http.delete(principal)
    assert aadsts(entra.client_credentials(app.app_id, app.secrets[0])) == (400, "unauthorized_client", 700016)


def test_a_client_secret_appears_in_no_journal_entry(graph: Graph, entra: Entra, emulator: EmulatorServer) -> None:
    app = graph.register(secrets=0)
    secret = graph.secret(app)
    before = emulator.world.journal.last_seq
    entra.client_credentials(app.app_id, secret)
    (entry,) = emulator.world.journal.entries(before)
    assert secret not in str(entry)
    assert entry["request_body"] is not None
    assert "client_secret=sha256" in entry["request_body"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/common/oauth2/v2.0/token"),
        ("POST", f"/{ids.TENANT_ID}/oauth2/token"),
        ("GET", "/common/oauth2/v2.0/logout"),
        ("POST", "/rehearsal.example.com/oauth2/v2.0/devicecode"),
        ("GET", "/common/discovery/instance"),
        ("GET", "/common/v2.0/.well-known/jwks"),
        ("GET", "/oidc/userinfo"),
    ],
)
def test_a_sign_in_route_that_does_not_exist_is_refused_and_journalled_as_entras(
    entra: Entra, emulator: EmulatorServer, method: str, path: str
) -> None:
    assert aadsts(entra.http.request(method, path)) == (501, "invalid_request", 9002313)
    (entry,) = emulator.world.journal.entries()
    assert (entry["service"], entry["route"], entry["acted"]) == ("entra", None, False)


def test_codes_are_for_one_use_one_client_one_redirect_uri_and_one_verifier(graph: Graph, entra: Entra) -> None:
    other_uri = "https://api.example.com/other"
    app = graph.register(web={"redirectUris": [REDIRECT_URI, other_uri]})
    stranger = graph.register()
    code = entra.code(app.app_id, ADA, code_challenge=CHALLENGE, code_challenge_method="S256")
    secret = app.secrets[0]
    invalid = (400, "invalid_grant")
    assert aadsts(entra.redeem(stranger.app_id, stranger.secrets[0], code)) == (*invalid, 70000)
    assert aadsts(entra.redeem(app.app_id, secret, "0.made-up")) == (*invalid, 70000)
    assert aadsts(entra.redeem(app.app_id, secret, code, redirect_uri=other_uri)) == (*invalid, 500112)
    assert aadsts(entra.redeem(app.app_id, secret, code)) == (*invalid, 501481)
    assert aadsts(entra.redeem(app.app_id, secret, code, code_verifier="w" * 50)) == (*invalid, 501481)
    assert entra.redeem(app.app_id, secret, code, code_verifier=VERIFIER).status_code == 200
    assert aadsts(entra.redeem(app.app_id, secret, code, code_verifier=VERIFIER)) == (*invalid, 54005)


def test_an_old_code_has_expired(graph: Graph, entra: Entra, monkeypatch: pytest.MonkeyPatch) -> None:
    app = graph.register()
    monkeypatch.setattr(grants, "_CODE_LIFETIME_S", 0)
    code = entra.code(app.app_id, ADA)
    assert aadsts(entra.redeem(app.app_id, app.secrets[0], code)) == (400, "invalid_grant", 70008)


def test_a_client_must_send_its_secret(graph: Graph, entra: Entra) -> None:
    web = graph.register()
    assert aadsts(entra.redeem(web.app_id, None, entra.code(web.app_id, ADA))) == (401, "invalid_client", 7000218)
    assert aadsts(entra.redeem(web.app_id, "", entra.code(web.app_id, ADA))) == (401, "invalid_client", 7000218)


def test_a_refresh_token_keeps_working_while_the_secret_does(graph: Graph, entra: Entra) -> None:
    app = graph.register()
    answer = entra.redeem(app.app_id, app.secrets[0], entra.code(app.app_id, ADA)).json()

    def refresh(secret: str, token: str = answer["refresh_token"], **form: str) -> httpx.Response:
        values = {"client_id": app.app_id, "client_secret": secret, "refresh_token": token, **form}
        return entra.token("common", grant_type="refresh_token", **values)

    assert refresh(app.secrets[0]).json()["refresh_token"] != answer["refresh_token"]
    assert refresh(app.secrets[0]).status_code == 200
    assert aadsts(refresh("wrong")) == (401, "invalid_client", 7000215)
    assert aadsts(refresh(app.secrets[0], "1.made-up")) == (400, "invalid_grant", 70000)
    graph.http.delete(f"/v1.0/applications/{app.id}")
    assert aadsts(refresh(app.secrets[0])) == (400, "unauthorized_client", 700016)


def test_without_offline_access_there_is_no_refresh_token_and_without_openid_no_id_token(
    graph: Graph, entra: Entra
) -> None:
    app = graph.register()
    answer = entra.redeem(app.app_id, app.secrets[0], entra.code(app.app_id, ADA, scope="User.Read")).json()
    assert "refresh_token" not in answer
    assert "id_token" not in answer
    assert answer["scope"] == "User.Read"


@pytest.mark.parametrize("asked", ["User.Read openid offline_access", "offline_access User.Read"])
def test_what_the_user_was_not_asked_for_is_not_to_be_had_at_the_redemption(
    graph: Graph, entra: Entra, asked: str
) -> None:
    app = graph.register()
    code = entra.code(app.app_id, ADA, scope="User.Read")
    answer = entra.redeem(app.app_id, app.secrets[0], code, scope=asked).json()
    assert answer["scope"] == "User.Read"
    assert not {"refresh_token", "id_token"} & answer.keys()


def test_every_token_is_of_the_version_that_its_issuer_names(graph: Graph, entra: Entra) -> None:
    app = graph.register()
    own = entra.client_credentials(app.app_id, app.secrets[0]).json()
    users = entra.redeem(app.app_id, app.secrets[0], entra.code(app.app_id, ADA)).json()
    for token in (own["access_token"], users["access_token"], users["id_token"]):
        claims = jwt.decode(token, options={"verify_signature": False})
        assert (claims["iss"].rsplit("/", 1)[1], claims["ver"]) == ("v2.0", "2.0")


@pytest.mark.parametrize(
    ("tenant", "issuer"),
    [
        ("common", "{tenantid}"),
        ("organizations", "{tenantid}"),
        ("consumers", ids.CONSUMER_TENANT_ID),
        (ids.TENANT_ID, ids.TENANT_ID),
    ],
)
def test_discovery_names_the_issuer_of_each_authority(
    entra: Entra, emulator: EmulatorServer, tenant: str, issuer: str
) -> None:
    document = entra.http.get(f"/{tenant}/v2.0/.well-known/openid-configuration").json()
    assert document["issuer"] == f"{emulator.base_url}/{issuer}/v2.0"
    assert document["token_endpoint"] == f"{emulator.base_url}/{tenant}/oauth2/v2.0/token"
    assert entra.http.get(document["jwks_uri"]).json()["keys"][0]["issuer"] == document["issuer"]


@pytest.mark.parametrize(
    ("account", "tenant"),
    [(ADA, ids.TENANT_ID), (PIET, ids.PARTNER_TENANT_ID), ("pat@personal.example.com", ids.CONSUMER_TENANT_ID)],
)
def test_an_id_token_is_issued_by_the_account_s_own_tenant(
    graph: Graph, entra: Entra, emulator: EmulatorServer, account: str, tenant: str
) -> None:
    app = graph.register()
    answer = entra.redeem(app.app_id, app.secrets[0], entra.code(app.app_id, account)).json()
    claims = jwt.decode(answer["id_token"], options={"verify_signature": False})
    assert (claims["iss"], claims["tid"]) == (f"{emulator.base_url}/{tenant}/v2.0", tenant)


def test_a_signed_in_user_may_not_read_app_registrations(graph: Graph, entra: Entra) -> None:
    app = graph.register()
    token = entra.redeem(app.app_id, app.secrets[0], entra.code(app.app_id, PIET)).json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    assert entra.http.get("/v1.0/applications", headers=bearer).status_code == 403


def test_default_scope_stands_for_the_declared_permissions(graph: Graph, entra: Entra) -> None:
    access = [
        {
            "resourceAppId": ids.GRAPH_APP_ID,
            "resourceAccess": [{"id": "570282fd-fa5c-430d-a7fd-fc8dc98a9dca", "type": "Scope"}],
        }
    ]
    app = graph.http.post("/v1.0/applications", json=application_body(requiredResourceAccess=access)).json()
    code = entra.code(app["appId"], ADA, scope=f"{entra.graph_scope} openid")
    secret = graph.http.post(f"/v1.0/applications/{app['id']}/addPassword", json={}).json()["secretText"]
    assert entra.redeem(app["appId"], secret, code).json()["scope"] == "Mail.Read openid"


def test_a_token_that_has_expired_or_is_for_another_resource_is_refused() -> None:
    signer = Signer()
    with pytest.raises(jwt.ExpiredSignatureError):
        signer.verify(signer.sign({"exp": 1, "aud": "here"}), ["here"])
    with pytest.raises(jwt.InvalidAudienceError):
        signer.verify(signer.sign({"exp": 4_000_000_000, "aud": "elsewhere"}), ["here"])
