"""Delegated permission grants, as the provider makes them, and what they are worth at a sign-in."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from emulator.core.server import EmulatorServer
from emulator.entra import ids
from emulator.entra.tenants import account_named

from .situations import Entra, Graph, Registered, graph_error, landing

GRACE = "grace@rehearsal.example.com"
GRANTS = "/v1.0/oauth2PermissionGrants"
BAD = (400, "Request_BadRequest")


@pytest.fixture
def administrator(entra: Entra, emulator: EmulatorServer, trust: ssl.SSLContext) -> Iterator[httpx.Client]:
    emulator.world.settings.update({"caller_roles": ["Directory.ReadWrite.All"]})
    with entra.graph_client(trust) as client:
        yield client


@pytest.fixture
def app(graph: Graph) -> Registered:
    return graph.register(secrets=0)


def body(app: Registered, **more: Any) -> dict[str, Any]:
    return {
        "clientId": app.principal_id,
        "consentType": "AllPrincipals",
        "resourceId": ids.GRAPH_SERVICE_PRINCIPAL_ID,
        "scope": "openid User.Read.All",
        **more,
    }


def test_a_grant_is_made_once_read_changed_and_taken_back(administrator: httpx.Client, app: Registered) -> None:
    made = administrator.post(GRANTS, json=body(app))
    assert made.status_code == 201
    path = f"{GRANTS}/{made.json()['id']}"
    expected = {**body(app), "principalId": None, "id": made.json()["id"]}
    assert expected.items() <= administrator.get(path).json().items()
    again = administrator.post(GRANTS, json=body(app, scope="openid"))
    assert graph_error(again) == (409, "Request_MultipleObjectsWithSameKeyValue")
    assert administrator.patch(path, json={"scope": "openid"}).status_code == 204
    assert administrator.get(path).json()["scope"] == "openid"
    assert administrator.delete(path).status_code == 204
    for method in ("GET", "DELETE"):
        assert graph_error(administrator.request(method, path)) == (404, "Request_ResourceNotFound")


def test_a_grant_may_be_for_one_user(administrator: httpx.Client, app: Registered) -> None:
    user = account_named(GRACE)
    assert user is not None
    one = body(app, consentType="Principal", principalId=user.object_id)
    assert administrator.post(GRANTS, json=one).status_code == 201
    unknown = administrator.post(GRANTS, json={**one, "principalId": ids.derived("nobody")})
    assert graph_error(unknown) == (404, "Request_ResourceNotFound")


@pytest.mark.parametrize(
    "change",
    [
        {"clientId": "x"},
        {"resourceId": None},
        {"consentType": "Everybody"},
        {"consentType": ["AllPrincipals"]},
        {"consentType": "Principal"},
        {"principalId": ids.TENANT_ID},
        {"scope": ["openid"]},
        {"colour": "blue"},
    ],
    ids=str,
)
def test_a_grant_of_the_wrong_shape_is_refused(
    administrator: httpx.Client, app: Registered, change: dict[str, Any]
) -> None:
    assert graph_error(administrator.post(GRANTS, json=body(app, **change))) == BAD


def test_nothing_but_the_scope_of_a_grant_can_change(administrator: httpx.Client, app: Registered) -> None:
    path = f"{GRANTS}/{administrator.post(GRANTS, json=body(app)).json()['id']}"
    for change in ({}, {"scope": 1}, {"consentType": "Principal"}, {"scope": "openid", "clientId": app.principal_id}):
        assert graph_error(administrator.patch(path, json=change)) == BAD


def test_a_grant_waits_for_its_service_principals(
    administrator: httpx.Client, graph: Graph, emulator: EmulatorServer
) -> None:
    emulator.world.settings.update({"principal_visible_after_reads": 1})
    young = graph.register(secrets=0)
    assert [administrator.post(GRANTS, json=body(young)).status_code for _ in range(2)] == [404, 201]


def test_a_caller_that_may_only_change_its_own_applications_grants_nothing(graph: Graph, app: Registered) -> None:
    refused = (403, "Authorization_RequestDenied")
    assert graph_error(graph.http.post(GRANTS, json=body(app))) == refused
    assert graph_error(graph.http.patch(f"{GRANTS}/x", json={"scope": "openid"})) == refused
    assert graph_error(graph.http.delete(f"{GRANTS}/x")) == refused


def test_what_is_granted_for_everybody_needs_no_administrator_at_the_sign_in(
    administrator: httpx.Client, entra: Entra, app: Registered
) -> None:
    def sign_in(account: str = GRACE) -> httpx.Response:
        return entra.authorize(app.app_id, account, scope="openid User.Read.All")

    assert "AADSTS90094" in sign_in().text
    path = f"{GRANTS}/{administrator.post(GRANTS, json=body(app)).json()['id']}"
    assert "code" in landing(sign_in())
    assert "AADSTS90094" in sign_in("piet@partner.example.com").text
    administrator.delete(path)
    assert "AADSTS90094" in sign_in().text
