"""Applications, service principals and owners, as the provider creates, reads, changes and deletes them."""

from __future__ import annotations

import ssl
from typing import Any

import httpx
import pytest

from emulator.core.server import EmulatorServer
from emulator.entra import ids

from .situations import REDIRECT_URI, Entra, Graph, application_body, graph_error

PERSONAL = "AzureADandPersonalMicrosoftAccount"
ORGANISATIONS = "AzureADMultipleOrgs"


def owner_url(graph: Graph, object_id: str) -> str:
    return f"{graph.http.base_url}/v1.0/directoryObjects/{object_id}"


def _many_permissions(count: int) -> list[dict[str, Any]]:
    """Permissions of as many APIs as it takes: each may have 30."""
    access = [{"id": ids.derived(str(n)), "type": "Scope"} for n in range(count)]
    return [
        {"resourceAppId": ids.derived("api", str(first)), "resourceAccess": access[first : first + 30]}
        for first in range(0, count, 30)
    ]


def test_what_was_written_is_echoed_with_the_defaults_of_the_rest(graph: Graph) -> None:
    created = graph.application(notes="for the team", tags=["pulumi"]).json()
    read = graph.http.get(f"/v1.0/applications/{created['id']}").json()
    assert read["signInAudience"] == PERSONAL
    assert read["api"]["requestedAccessTokenVersion"] == 2
    assert read["web"] == {
        "homePageUrl": None,
        "logoutUrl": None,
        "redirectUris": [REDIRECT_URI],
        "implicitGrantSettings": {"enableAccessTokenIssuance": False, "enableIdTokenIssuance": False},
    }
    assert (read["notes"], read["tags"], read["passwordCredentials"]) == ("for the team", ["pulumi"], [])
    assert ids.is_uuid(read["id"])
    assert ids.is_uuid(read["appId"])


def test_a_patch_merges_nested_objects_replaces_arrays_and_clears_with_null(graph: Graph) -> None:
    app = graph.register(secrets=0, notes="first")
    change = {
        "web": {"homePageUrl": "https://example.com"},
        "notes": None,
        "tags": ["a"],
        "@odata.type": "x",
        "id": "x",
    }
    answer = graph.change(app, **change)
    assert (answer.status_code, answer.content) == (204, b"")
    read = graph.read(app)
    assert read["web"]["redirectUris"] == [REDIRECT_URI]
    assert read["web"]["homePageUrl"] == "https://example.com"
    assert (read["notes"], read["tags"], read["id"]) == (None, ["a"], app.id)


def test_the_whole_create_sequence_of_the_provider_is_accepted(graph: Graph) -> None:
    body = application_body(**{"owners@odata.bind": [owner_url(graph, ids.DEPLOYER_SERVICE_PRINCIPAL_ID)]})
    app = graph.http.post("/v1.0/applications", json=body).json()
    path = f"/v1.0/applications/{app['id']}"
    for name in ("TERRAFORM_UPDATE_1", "Example"):
        assert graph.http.patch(path, json={"displayName": name}).status_code == 204
    assert graph.http.get(path).json()["displayName"] == "Example"
    beta = graph.http.get(f"/beta/applications/{app['id']}", params={"$select": "oauth2RequirePostResponse"}).json()
    assert beta["oauth2RequirePostResponse"] is False
    owners = graph.http.get(f"{path}/owners").json()["value"]
    assert [owner["id"] for owner in owners] == [ids.DEPLOYER_SERVICE_PRINCIPAL_ID]


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"displayName": ""}, "Request_BadRequest"),
        ({"displayName": "n" * 91}, "Request_BadRequest"),
        ({"displayName": "n" * 121, "signInAudience": ORGANISATIONS}, "Request_BadRequest"),
        ({"signInAudience": "Everybody"}, "Request_BadRequest"),
        ({"api": {"requestedAccessTokenVersion": 1}}, "InvalidAccessTokenVersion"),
        ({"api": {}}, "InvalidAccessTokenVersion"),
        ({"requiredResourceAccess": [{"resourceAppId": "graph", "resourceAccess": []}]}, "Request_BadRequest"),
        (
            {
                "requiredResourceAccess": [
                    {
                        "resourceAppId": ids.GRAPH_APP_ID,
                        "resourceAccess": [{"id": ids.derived(str(n)), "type": "Scope"} for n in range(31)],
                    }
                ]
            },
            "Request_BadRequest",
        ),
        ({"notes": "n" * 1025}, "Request_BadRequest"),
        ({"passwordCredentials": [{"displayName": "x"}]}, "Request_BadRequest"),
        ({"requiredResourceAccess": _many_permissions(201)}, "Request_BadRequest"),
        ({"colour": "blue"}, "Request_BadRequest"),
        ({"web": {"colour": "blue"}}, "Request_BadRequest"),
        ({"appId": ids.TENANT_ID}, "Request_BadRequest"),
    ],
)
def test_an_application_that_breaks_a_rule_of_its_audience_is_refused(
    graph: Graph, properties: dict[str, Any], code: str
) -> None:
    assert graph_error(graph.application(**properties)) == (400, code)


@pytest.mark.parametrize(
    ("properties", "path"),
    [
        ({"appRoles": [{"id": ids.TENANT_ID, "value": "Reader"}]}, "appRoles"),
        ({"identifierUris": ["api://example"]}, "identifierUris"),
        ({"optionalClaims": {"idToken": [{"name": "email"}]}}, "optionalClaims"),
        ({"publicClient": {"redirectUris": ["http://localhost"]}}, "publicClient.redirectUris"),
        ({"spa": {"redirectUris": ["https://example.com"]}}, "spa.redirectUris"),
    ],
    ids=str,
)
def test_a_property_that_nothing_here_would_follow_is_refused_unless_it_is_empty(
    graph: Graph, properties: dict[str, Any], path: str
) -> None:
    app = graph.register(secrets=0)
    assert f"does not model '{path}'" in graph.change(app, **properties).json()["error"]["message"]
    empty = {name: {"redirectUris": []} if "." in path else type(value)() for name, value in properties.items()}
    assert graph.change(app, **empty).status_code == 204


def test_two_hundred_permissions_are_the_limit_with_personal_accounts(graph: Graph) -> None:
    assert graph.application(requiredResourceAccess=_many_permissions(200)).status_code == 201
    body = {"signInAudience": ORGANISATIONS, "requiredResourceAccess": _many_permissions(201)}
    assert graph.application(**body).status_code == 201


@pytest.mark.parametrize(
    "properties",
    [
        {"api": "x"},
        {"api": {"acceptMappedClaims": "x"}},
        {"api": {"requestedAccessTokenVersion": True}},
        {"api": {"requestedAccessTokenVersion": "2"}},
        {"description": 5},
        {"displayName": 5},
        {"groupMembershipClaims": ["All"]},
        {"info": {"logoUrl": 5}},
        {"isFallbackPublicClient": "true"},
        {"notes": 5},
        {"owners@odata.bind": [5]},
        {"requiredResourceAccess": ["x"]},
        {"requiredResourceAccess": [{"resourceAppId": ids.GRAPH_APP_ID, "resourceAccess": ["x"]}]},
        {"signInAudience": ["AzureADMyOrg"]},
        {"tags": [None]},
        {"web": {"homePageUrl": 5}},
        {"web": {"implicitGrantSettings": {"enableIdTokenIssuance": 1}}},
        {"web": {"redirectUris": [5]}},
    ],
    ids=str,
)
def test_a_property_of_the_wrong_type_is_refused_and_nothing_changes(graph: Graph, properties: dict[str, Any]) -> None:
    app = graph.register(secrets=0, signInAudience="AzureADMyOrg")
    before = graph.read(app)
    assert graph.application(**{"signInAudience": "AzureADMyOrg", **properties}).status_code == 400
    assert graph.change(app, **properties).status_code == 400
    assert graph.read(app) == before


@pytest.mark.parametrize("version", ["v1.0", "beta"])
def test_no_change_of_an_application_takes_its_secrets_away(graph: Graph, version: str) -> None:
    app = graph.register(secrets=2)
    path, before = f"/{version}/applications/{app.id}", graph.read(app)["passwordCredentials"]
    for credentials in ([], None, before[:1], [*before, {"displayName": "mine"}], "x"):
        refused = graph.http.patch(path, json={"passwordCredentials": credentials, "notes": "not this either"})
        assert graph_error(refused) == (400, "Request_BadRequest")
    assert graph.http.patch(path, json={"passwordCredentials": before, "notes": "echoed"}).status_code == 204
    read = graph.read(app)
    assert (read["passwordCredentials"], read["notes"]) == (before, "echoed")


@pytest.mark.parametrize("nothing", [[], None])
def test_an_application_without_secrets_may_be_written_without_any(graph: Graph, nothing: list[Any] | None) -> None:
    app = graph.register(secrets=0, passwordCredentials=nothing)
    assert graph.change(app, passwordCredentials=nothing).status_code == 204


def test_longer_names_and_more_permissions_are_fine_without_personal_accounts(graph: Graph) -> None:
    answer = graph.application(
        signInAudience=ORGANISATIONS, displayName="n" * 120, api={"requestedAccessTokenVersion": 1}
    )
    assert answer.status_code == 201


@pytest.mark.parametrize(
    "uri",
    [
        "http://api.example.com/oauth/code",
        "https://api.example.com/oauth/code#top",
        "https://api.example.com/oauth/code?tenant=1",
        "https://*.example.com/oauth/code",
        "https://api.example.com/" + "x" * 256,
        "http://[::1]/oauth/code",
        "/oauth/code",
        "https:///oauth/code",
        "http://evil.example/code",
        "javascript://x/%0aalert",
        "data:text/html,x",
        "file:///etc",
        "https://user:password@api.example.com/oauth/code",
        "https://user@api.example.com/oauth/code",
        *(f"https://api.example.com/a{mark}b" for mark in "!$'(),; \\\"<>`\n\t\x00"),
    ],
)
def test_a_redirect_uri_that_entra_would_refuse_is_refused(graph: Graph, uri: str) -> None:
    answer = graph.application(web={"redirectUris": [uri]})
    assert graph_error(answer) == (400, "Request_BadRequest")


@pytest.mark.parametrize("uri", ["http://localhost:8080/code", "http://127.0.0.1/code", "https://API.example.com/Code"])
def test_loopback_http_and_https_redirect_uris_are_fine(graph: Graph, uri: str) -> None:
    assert graph.application(web={"redirectUris": [uri]}).status_code == 201


def test_a_hundred_redirect_uris_are_the_limit_with_personal_accounts(graph: Graph) -> None:
    uris = [f"https://api.example.com/{n}" for n in range(101)]
    assert graph.application(web={"redirectUris": uris[:100]}).status_code == 201
    assert graph.application(web={"redirectUris": uris}).status_code == 400
    assert graph.application(signInAudience=ORGANISATIONS, web={"redirectUris": uris}).status_code == 201


def test_lists_filter_by_app_id_and_name(graph: Graph) -> None:
    apps = [graph.application(displayName=name).json() for name in ("Ann's", "Bob's", "Cid's")]
    found = graph.http.get("/v1.0/applications", params={"$filter": f"appId eq '{apps[1]['appId']}'"}).json()["value"]
    assert [app["id"] for app in found] == [apps[1]["id"]]
    found = graph.http.get("/v1.0/applications", params={"$filter": "displayName eq 'ANN''S'"}).json()["value"]
    assert [app["id"] for app in found] == [apps[0]["id"]]


@pytest.mark.parametrize(
    "query",
    [
        {"$filter": "notes eq 'x'"},
        {"$filter": "startswith(displayName,'x')"},
        {"$orderby": "id"},
        {"$top": "5"},
    ],
)
def test_a_query_outside_the_model_is_refused_and_not_ignored(graph: Graph, query: dict[str, str]) -> None:
    assert graph_error(graph.http.get("/v1.0/applications", params=query)) == (400, "Request_UnsupportedQuery")


def test_the_personal_side_conflicts_as_often_as_the_switch_says(graph: Graph, emulator: EmulatorServer) -> None:
    emulator.world.settings.update({"msa_conflicts": 2})
    app = graph.register(secrets=0)
    answers = [graph.change(app, notes="x") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [409, 409, 204]
    assert answers[0].json()["error"]["code"] == "Error_MsaAppDoesNotExist"
    organisational = graph.register(secrets=0, signInAudience=ORGANISATIONS)
    assert graph.change(organisational, notes="x").status_code == 204


def test_a_deleted_application_takes_its_service_principal_along(graph: Graph) -> None:
    app = graph.register(secrets=0)
    path = f"/v1.0/applications/{app.id}"
    assert graph.http.delete(path).status_code == 204
    for gone in (path, f"/v1.0/servicePrincipals/{app.principal_id}"):
        assert graph_error(graph.http.get(gone)) == (404, "Request_ResourceNotFound")
    early = graph.http.post("/v1.0/servicePrincipals", json={"appId": app.app_id})
    assert early.json()["error"]["message"].endswith("does not reference a valid application object.")


@pytest.mark.parametrize("kind", ["applications", "servicePrincipals"])
def test_owners_are_listed_added_once_and_removed(graph: Graph, kind: str) -> None:
    app, other = graph.register(secrets=0), graph.register(secrets=0)
    owners = f"/v1.0/{kind}/{app.id if kind == 'applications' else app.principal_id}/owners"
    reference = {"@odata.id": owner_url(graph, other.principal_id)}
    assert graph.http.post(f"{owners}/$ref", json=reference).status_code == 204
    again = graph.http.post(f"{owners}/$ref", json=reference)
    assert graph_error(again) == (400, "Request_BadRequest")
    assert again.json()["error"]["message"] == (
        "One or more added object references already exist for the following modified properties: 'owners'."
    )
    unknown = {"@odata.id": owner_url(graph, ids.derived("nobody"))}
    assert graph_error(graph.http.post(f"{owners}/$ref", json=unknown)) == (404, "Request_ResourceNotFound")
    listed = [owner["id"] for owner in graph.http.get(owners).json()["value"]]
    assert listed == [ids.DEPLOYER_SERVICE_PRINCIPAL_ID, other.principal_id]
    filtered = graph.http.get(owners, params={"$filter": f"id eq '{other.principal_id}'"}).json()["value"]
    assert [owner["id"] for owner in filtered] == [other.principal_id]
    assert graph.http.delete(f"{owners}/{other.principal_id}/$ref").status_code == 204
    again = graph.http.delete(f"{owners}/{other.principal_id}/$ref")
    assert graph_error(again) == (404, "Request_ResourceNotFound")


@pytest.mark.parametrize("kind", ["applications", "servicePrincipals"])
def test_up_to_twenty_owners_that_exist_are_named_at_creation(graph: Graph, kind: str) -> None:
    app = graph.register(secrets=0)
    principals = [app.principal_id, *(graph.register(secrets=0).principal_id for _ in range(20))]

    def create(*owners: str) -> httpx.Response:
        body: dict[str, Any] = {"owners@odata.bind": [owner_url(graph, owner) for owner in owners]}
        if kind == "applications":
            return graph.application(**body)
        graph.http.delete(f"/v1.0/servicePrincipals/{app.principal_id}")
        return graph.http.post("/v1.0/servicePrincipals", json={"appId": app.app_id, **body})

    assert graph_error(create(*principals)) == (400, "Request_BadRequest")
    assert graph_error(create(ids.derived("nobody"))) == (404, "Request_ResourceNotFound")
    made = create(*principals[1:])
    assert made.status_code == 201
    owners = graph.http.get(f"/v1.0/{kind}/{made.json()['id']}/owners").json()["value"]
    assert [owner["id"] for owner in owners] == principals[1:]


def test_a_caller_with_owned_by_reads_everything_but_changes_only_what_it_owns(
    graph: Graph, entra: Entra, emulator: EmulatorServer, trust: ssl.SSLContext
) -> None:
    emulator.world.settings.update({"caller_roles": ["Application.ReadWrite.All"]})
    with entra.graph_client(trust) as administrator:
        foreign = Graph(administrator).register(secrets=1)
    assert graph.read(foreign)["appId"] == foreign.app_id
    refused = (403, "Authorization_RequestDenied")
    assert graph_error(graph.change(foreign, notes="mine now")) == refused
    assert graph_error(graph.add_password(foreign)) == refused
    assert graph_error(graph.remove_password(foreign, foreign.key_ids[0])) == refused
    assert graph_error(graph.http.delete(f"/v1.0/applications/{foreign.id}")) == refused
    assert graph_error(graph.http.delete(f"/v1.0/servicePrincipals/{foreign.principal_id}")) == refused
    assert graph.change(graph.register(secrets=0), notes="mine").status_code == 204


def test_a_caller_that_removes_itself_from_the_owners_is_refused_from_then_on(graph: Graph) -> None:
    app = graph.register(secrets=0)
    own = f"/v1.0/applications/{app.id}/owners/{ids.DEPLOYER_SERVICE_PRINCIPAL_ID}/$ref"
    assert graph.http.delete(own).status_code == 204
    assert graph.change(app, notes="x").status_code == 403


@pytest.mark.parametrize(
    ("roles", "read", "create"),
    [
        (["Application.Read.All"], 200, 403),
        (["Directory.ReadWrite.All"], 200, 201),
        (["Mail.Read"], 403, 403),
        ([], 403, 403),
    ],
)
def test_a_caller_needs_the_right_application_role(
    entra: Entra, emulator: EmulatorServer, trust: ssl.SSLContext, roles: list[str], read: int, create: int
) -> None:
    emulator.world.settings.update({"caller_roles": roles})
    with entra.graph_client(trust) as client:
        assert client.get("/v1.0/applications").status_code == read
        assert client.post("/v1.0/applications", json=application_body()).status_code == create


def test_graph_wants_a_valid_token_for_itself(graph: Graph, entra: Entra) -> None:
    refused = (401, "InvalidAuthenticationToken")
    assert graph_error(entra.http.get("/v1.0/applications")) == refused
    token = graph.http.headers["authorization"]
    assert (
        graph_error(entra.http.get("/v1.0/applications", headers={"Authorization": token[:-9] + "AAAAAAAAA"}))
        == refused
    )
    app = graph.register()
    other = entra.client_credentials(app.app_id, app.secrets[0], scope=f"{app.app_id}/.default").json()["access_token"]
    assert graph_error(entra.http.get("/v1.0/applications", headers={"Authorization": f"Bearer {other}"})) == refused


def test_a_service_principal_is_made_once_and_shows_its_application(graph: Graph) -> None:
    app = graph.register(secrets=0)
    again = graph.http.post("/v1.0/servicePrincipals", json={"appId": app.app_id})
    assert graph_error(again) == (409, "Request_MultipleObjectsWithSameKeyValue")
    unknown = graph.http.post("/v1.0/servicePrincipals", json={"appId": ids.TENANT_ID})
    assert graph_error(unknown) == (400, "Request_BadRequest")
    change = {"accountEnabled": True, "description": "d", "tags": ["t"], "appRoleAssignmentRequired": False}
    assert graph.http.patch(f"/v1.0/servicePrincipals/{app.principal_id}", json=change).status_code == 204
    read = graph.http.get(f"/v1.0/servicePrincipals/{app.principal_id}").json()
    assert (read["displayName"], read["description"], read["replyUrls"]) == ("Example", "d", [REDIRECT_URI])
    assert (read["servicePrincipalNames"], read["signInAudience"]) == ([app.app_id], PERSONAL)
    beta = graph.http.get(f"/beta/servicePrincipals/{app.principal_id}", params={"$select": "samlMetadataUrl"}).json()
    assert beta["samlMetadataUrl"] is None
    assert graph.http.delete(f"/v1.0/servicePrincipals/{app.principal_id}").status_code == 204
    assert graph.http.get(f"/v1.0/servicePrincipals/{app.principal_id}").status_code == 404


def test_microsoft_graphs_permissions_are_found_by_name_and_its_principal_cannot_be_deleted(graph: Graph) -> None:
    found = graph.http.get("/v1.0/servicePrincipals", params={"$filter": f"appId eq '{ids.GRAPH_APP_ID}'"}).json()
    (principal,) = found["value"]
    scopes = {scope["value"]: scope["id"] for scope in principal["oauth2PermissionScopes"]}
    roles = {role["value"]: role["id"] for role in principal["appRoles"]}
    assert scopes["User.Read"] == "e1fe6dd8-ba31-4d61-89e7-88639da4683d"
    assert scopes["Mail.Read"] == "570282fd-fa5c-430d-a7fd-fc8dc98a9dca"
    assert roles["Application.ReadWrite.OwnedBy"] == "18a4783c-866b-4cc7-a460-3d5e5662c884"
    assert len(set(scopes.values())) == len(principal["oauth2PermissionScopes"])
    assert graph.http.delete(f"/v1.0/servicePrincipals/{principal['id']}").status_code == 403


def test_an_unknown_route_answers_in_graphs_own_error_format_and_is_journalled_as_unknown(
    graph: Graph, emulator: EmulatorServer
) -> None:
    before = emulator.world.journal.last_seq
    assert graph_error(graph.http.get("/v1.0/groups")) == (501, "NotImplemented")
    assert graph.http.put("/v1.0/applications", json={}).status_code == 501
    unknown = emulator.world.journal.unknown(before)
    assert [(entry["method"], entry["path"], entry["service"]) for entry in unknown] == [
        ("GET", "/v1.0/groups", "graph"),
        ("PUT", "/v1.0/applications", "graph"),
    ]


@pytest.mark.parametrize(
    "path",
    [
        "applications/$count",
        "applications/delta",
        "servicePrincipals/$count",
        "servicePrincipals/delta",
        f"applications(appId='{ids.TENANT_ID}')",
        "directory/deletedItems/microsoft.graph.application",
        "applications/7e570000/owners",
        f"applications/{ids.TENANT_ID}/owners/delta",
    ],
)
def test_a_function_of_a_collection_is_not_taken_for_an_object(graph: Graph, path: str) -> None:
    assert graph_error(graph.http.get(f"/v1.0/{path}")) == (501, "NotImplemented")


def test_an_object_id_is_taken_in_any_case(graph: Graph) -> None:
    app = graph.register(secrets=0)
    assert graph.http.get(f"/v1.0/applications/{app.id.upper()}").json()["id"] == app.id
