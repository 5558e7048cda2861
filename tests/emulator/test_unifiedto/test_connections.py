"""Connections that are brought in or changed; those of sign-ins are in test_sign_in."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.test_unifiedto.conftest import CLIENT_SECRET, Api, Json

PATH = "/unified/connection"
BODY: Json = {"integration_type": "microsoftoutlook", "categories": ["messaging"], "permissions": []}


def _bring_in(api: Api, **more: Any) -> Json:
    answer = api.http.post(PATH, json=BODY | more, headers=api.key)
    assert answer.status_code == 200, answer.text
    made: Json = answer.json()
    return made


def test_a_connection_is_brought_in_without_its_tokens(api: Api) -> None:
    auth = {"access_token": CLIENT_SECRET, "client_secret": CLIENT_SECRET, "name": "Ada", "emails": ["ada@example.com"]}
    made = _bring_in(api, auth=auth, environment="Staging", external_xref="customer-7")
    assert made["auth"] == {"user_id": None, "name": "Ada", "emails": ["ada@example.com"]}
    assert api.http.get(f"{PATH}/{made['id']}", headers=api.key).json() == made
    [listed] = api.http.get(PATH, params={"external_xref": "customer-7"}, headers=api.key).json()
    assert (listed, listed["environment"]) == (made, "Staging")


def test_bringing_a_connection_in_changes_no_registration(api: Api) -> None:
    before = api.list()
    _bring_in(api, auth={"client_id": "x", "client_secret": "y"})
    assert api.list() == before


def test_a_connection_is_changed_as_a_whole_or_in_part(api: Api) -> None:
    made = _bring_in(api)
    path = f"{PATH}/{made['id']}"
    patched = api.http.patch(path, json={"is_paused": True}, headers=api.key).json()
    assert {name for name in made if patched[name] != made[name]} <= {"is_paused", "updated_at"}
    put = api.http.put(path, json=BODY | {"external_xref": "customer-8"}, headers=api.key).json()
    assert (put["external_xref"], put["is_paused"], put["id"]) == ("customer-8", True, made["id"])
    assert api.http.put(path, json={"is_paused": False}, headers=api.key).status_code == 400


@pytest.mark.parametrize(
    "change",
    [
        {"integration_type": None},
        {"integration_type": "nowhere"},
        {"environment": "Nowhere"},
        {"categories": "messaging"},
        {"permissions": [1]},
        {"is_paused": "no"},
        {"auth": "secret"},
        {"auth": {"emails": "ada@example.com"}},
    ],
    ids=str,
)
def test_a_connection_that_cannot_be_is_refused(api: Api, change: Json) -> None:
    assert api.http.post(PATH, json=BODY | change, headers=api.key).status_code == 400
    assert api.workspace.connections.all() == []


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_connection_that_is_not_there_is_not_made(api: Api, method: str) -> None:
    assert api.http.request(method, f"{PATH}/unknown", json=BODY, headers=api.key).status_code == 404
    assert api.http.request(method, f"{PATH}/unknown", json=BODY).status_code == 401
