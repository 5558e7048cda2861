"""The stand-in for the azuread plugin against the emulated Graph: requests, plans, retries, words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.core.server import EmulatorServer
from emulator.entra.ids import DEPLOYER_SERVICE_PRINCIPAL_ID
from tests.engine.fake_cloud import Stack, item

_CALLER = DEPLOYER_SERVICE_PRINCIPAL_ID
_APPLICATION = "azuread:index/application:Application"
_PASSWORD = "azuread:index/applicationPassword:ApplicationPassword"
_PRINCIPAL = "azuread:index/servicePrincipal:ServicePrincipal"
_GRAPH = "00000003-0000-0000-c000-000000000000"
_USER_READ = "e1fe6dd8-ba31-4d61-89e7-88639da4683d"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorServer]:
    with EmulatorServer(tmp_path_factory.mktemp("emulator")) as server:
        yield server


@pytest.fixture
def emulator(running: EmulatorServer) -> EmulatorServer:
    running.control.reset()
    running.control.clear_journal()
    return running


@pytest.fixture
def entra(emulator: EmulatorServer, tmp_path: Path) -> Stack:
    return Stack(tmp_path / "state", env=emulator.env())


def _application(**props: Any) -> dict[str, Any]:
    """One that the caller owns, as its permission to write only what it owns wants it."""
    declared = item("app", None, **{"displayName": "Example", "owners": [_CALLER], **props})
    return {**declared, "type": _APPLICATION, "made": ["clientId", "objectId"]}


def _password(**props: Any) -> dict[str, Any]:
    props = {"applicationId": {"from": "app.id"}, "displayName": "one", **props}
    return {"name": "password", "type": _PASSWORD, "props": props, "made": ["value", "keyId"]}


def _principal(**props: Any) -> dict[str, Any]:
    props = {"clientId": {"from": "app.clientId"}, "owners": [_CALLER], **props}
    return {"name": "principal", "type": _PRINCIPAL, "props": props, "made": ["objectId"]}


def _requests(emulator: EmulatorServer) -> list[str]:
    """Method and path of the requests to Graph since the last look, object ids left out."""
    shown = []
    for entry in emulator.control.journal(service="graph"):
        parts = ["{id}" if part.count("-") == 4 else part for part in entry["path"].split("/")]
        shown.append(f"{entry['method']} {'/'.join(parts)}")
    emulator.control.clear_journal()
    return shown


def _bodies(emulator: EmulatorServer, method: str) -> list[Any]:
    entries = emulator.control.journal(service="graph")
    return [json.loads(entry["request_body"] or "null") for entry in entries if entry["method"] == method]


_READ_APPLICATION = [
    "GET /v1.0/applications/{id}",
    "GET /beta/applications/{id}",
    "GET /v1.0/applications/{id}/owners",
]


def test_an_application_is_created_with_the_plugins_requests(entra: Stack, emulator: EmulatorServer) -> None:
    entra.up(_application(owners=[], web={"redirectUris": ["https://b.example.com/", "https://a.example.com/"]}))
    post = _bodies(emulator, "POST")[0]
    assert post["displayName"] == "Example"
    assert post["signInAudience"] == "AzureADMyOrg"
    assert len(post["owners@odata.bind"]) == 1
    first, second = _bodies(emulator, "PATCH")
    assert first["displayName"].startswith("TERRAFORM_UPDATE_")
    assert second["displayName"] == "Example"
    assert _requests(emulator) == [
        "POST /v1.0/applications",
        "PATCH /v1.0/applications/{id}",
        "PATCH /v1.0/applications/{id}",
        "DELETE /v1.0/applications/{id}/owners/{id}/$ref",
        *_READ_APPLICATION,
    ]
    outputs = entra.recorded("app")["outputs"]
    assert outputs["web"]["redirectUris"] == ["https://a.example.com/", "https://b.example.com/"]
    assert entra.recorded("app")["id"] == f"/applications/{outputs['objectId']}"


def test_an_unchanged_application_costs_no_request_and_sets_have_no_order(
    entra: Stack, emulator: EmulatorServer
) -> None:
    uris = ["https://b.example.com/", "https://a.example.com/"]
    entra.up(_application(web={"redirectUris": uris}))
    _requests(emulator)
    assert entra.up(_application(web={"redirectUris": uris[::-1]})).is_unchanged
    assert _requests(emulator) == []


def test_an_update_sends_one_patch_and_reads(entra: Stack, emulator: EmulatorServer) -> None:
    entra.up(_application(notes="old"))
    _requests(emulator)
    result = entra.up(_application(notes="new"))
    assert result.changes == {"same": 1, "update": 1}
    assert [step.diff_keys for step in result.steps if step.op == "update" and step.status == "done"] == [("notes",)]
    assert _requests(emulator) == ["PATCH /v1.0/applications/{id}", *_READ_APPLICATION]


def test_permissions_that_did_not_change_are_not_sent_again(entra: Stack, emulator: EmulatorServer) -> None:
    wanted = [{"resourceAppId": _GRAPH, "resourceAccesses": [{"id": _USER_READ, "type": "Scope"}]}]
    entra.up(_application(requiredResourceAccesses=wanted))
    emulator.control.clear_journal()
    entra.up(_application(requiredResourceAccesses=wanted, notes="new"))
    entra.up(_application(notes="new"))
    kept, emptied = _bodies(emulator, "PATCH")
    assert "requiredResourceAccess" not in kept
    assert emptied["requiredResourceAccess"] == []


def test_a_password_is_secret_and_every_change_makes_another(entra: Stack, emulator: EmulatorServer) -> None:
    exports = {"value": {"from": "password.value"}}
    first = entra.up(_application(), _password(rotateWhenChanged={"by": "1"}), exports=exports).outputs["value"]
    assert first.secret
    assert first.value
    _requests(emulator)
    result = entra.up(_application(), _password(rotateWhenChanged={"by": "2"}), exports=exports)
    assert result.changes == {"same": 2, "replace": 1}
    assert result.outputs["value"].value != first.value
    assert _requests(emulator) == [
        "GET /v1.0/applications/{id}",
        "POST /v1.0/applications/{id}/addPassword",
        "GET /v1.0/applications/{id}",
        "GET /v1.0/applications/{id}",
        "POST /v1.0/applications/{id}/removePassword",
        "GET /v1.0/applications/{id}",
    ]


def test_a_destroy_takes_everything_away(entra: Stack, emulator: EmulatorServer) -> None:
    entra.up(_application(), _password(), _principal())
    _requests(emulator)
    assert entra.engine().destroy().changes == {"delete": 4}
    assert entra.state() == []
    assert "DELETE /v1.0/applications/{id}" in _requests(emulator)


def test_a_refresh_takes_what_is_gone_and_what_was_changed_elsewhere(entra: Stack, emulator: EmulatorServer) -> None:
    entra.up(_application(notes="ours"), _password())
    object_id = entra.recorded("app")["outputs"]["objectId"]
    key_id = entra.recorded("password")["outputs"]["keyId"]
    client = entra.engine()
    graph = _graph(emulator)
    graph("PATCH", f"/applications/{object_id}", {"notes": "theirs"})
    graph("POST", f"/applications/{object_id}/removePassword", {"keyId": key_id})
    result = client.refresh()
    assert result.changes == {"same": 1, "update": 1, "delete": 1}
    assert entra.names() == ["app"]
    assert entra.recorded("app")["outputs"]["notes"] == "theirs"
    assert entra.up(_application(notes="ours"), _password()).changes == {"same": 1, "update": 1, "create": 1}


def _graph(emulator: EmulatorServer) -> Any:
    from emulator.engine.providers.azuread.graph import GraphClient, Patience

    client = GraphClient(emulator.env(), {}, None)
    return lambda method, path, body: client.request(method, path, Patience(1), body=body)


@pytest.mark.parametrize("status", [408, 424, 429, 500, 502, 503])
def test_a_passing_failure_is_waited_out(entra: Stack, emulator: EmulatorServer, status: int) -> None:
    headers = {"Retry-After": "7"} if status in (429, 503) else {}
    emulator.control.add_fault(
        {"kind": "status", "status": status, "headers": headers}, service="graph", method="POST", times=2
    )
    assert entra.up(_application()).changes == {"create": 2}
    assert _requests(emulator).count("POST /v1.0/applications") == 3


@pytest.mark.parametrize("status", [400, 403, 409, 501])
def test_a_final_failure_is_told_in_the_plugins_words(entra: Stack, emulator: EmulatorServer, status: int) -> None:
    body = {"error": {"code": "Some_Code", "message": "Some words."}}
    emulator.control.add_fault(
        {"kind": "status", "status": status, "body": body}, service="graph", method="POST", times=None
    )
    error = str(entra.fails(_application()))
    assert error.startswith(f"1 error occurred:\n\t* Could not create application: unexpected status {status} (")
    assert "with error: Some_Code: Some words." in error
    assert _requests(emulator).count("POST /v1.0/applications") == 1
    assert entra.names() == []


def test_an_application_whose_creation_broke_off_is_on_record_and_updated_next(
    entra: Stack, emulator: EmulatorServer
) -> None:
    emulator.control.add_fault({"kind": "status", "status": 403}, service="graph", method="PATCH")
    assert "Failed to patch application" in str(entra.fails(_application()))
    assert entra.recorded("app")["initErrors"]
    emulator.control.clear_journal()
    assert entra.up(_application()).changes == {"same": 1, "update": 1}
    assert "POST /v1.0/applications" not in _requests(emulator)
    assert "initErrors" not in entra.recorded("app")


def test_an_answer_that_was_lost_is_not_asked_for_twice(entra: Stack, emulator: EmulatorServer) -> None:
    emulator.control.add_fault({"kind": "reset_after"}, service="graph", method="POST", path="addPassword")
    error = str(entra.fails(_application(), _password()))
    assert "HTTP response was nil; connection may have been reset" in error
    assert _requests(emulator).count("POST /v1.0/applications/{id}/addPassword") == 1


def test_a_preview_reads_and_writes_nothing_and_says_what_it_knows(entra: Stack, emulator: EmulatorServer) -> None:
    result = entra.preview(_application(), _password(), exports={"value": {"from": "password.value"}})
    assert result.changes == {"create": 3}
    assert not [request for request in _requests(emulator) if not request.startswith("GET ")]


@pytest.mark.parametrize(
    ("props", "words"),
    [
        ({"signInAudience": "Everybody"}, "expected sign_in_audience to be one of"),
        ({"notes": ""}, 'expected "notes" to not be an empty string'),
        ({"web": {"redirectUris": ["https://a.example.com"]}}, "URI must have a trailing slash"),
        ({"web": {"redirectUris": ["ftp://a.example.com/"]}}, "unexpected URI scheme"),
        ({"web": {"redirectUris": ["https://a.example.com/" + "a" * 256]}}, "URI must be 256 characters or less"),
        ({"owners": ["somebody"]}, "to be a valid UUID, got somebody"),
        ({"api": {"requestedAccessTokenVersion": 3}}, "Value must be one of: 1, 2"),
        (
            {"signInAudience": "AzureADandPersonalMicrosoftAccount"},
            "`requested_access_token_version` must be 2",
        ),
        ({"password": {"displayName": "one"}}, "password is not modelled by the embedded engine"),
    ],
)
def test_a_value_that_the_plugin_refuses_is_refused_before_any_write(
    entra: Stack, emulator: EmulatorServer, props: dict[str, Any], words: str
) -> None:
    error = entra.fails(_application(**props))
    assert words in "\n".join([str(error), *error.diagnostics])
    assert not [request for request in _requests(emulator) if not request.startswith("GET ")]


@pytest.mark.parametrize(
    ("end", "accepted"),
    [
        ("2030-01-02T03:04:05Z", True),
        ("2030-01-02T03:04:05.1234567Z", True),
        ("2030-01-02T03:04:05+02:00", True),
        ("2030-01-02", False),
        ("2030-02-30T00:00:00Z", False),
        ("soon", False),
    ],
)
def test_the_end_of_a_secret_is_an_instant_with_a_zone(entra: Stack, end: str, accepted: bool) -> None:
    if accepted:
        assert entra.preview(_application(), _password(endDate=end)).changes == {"create": 3}
        return
    error = entra.fails(_application(), _password(endDate=end))
    assert "to be a valid RFC3339 date" in "\n".join([str(error), *error.diagnostics])


def test_a_second_service_principal_of_an_application_is_refused(entra: Stack) -> None:
    entra.up(_application(), _principal())
    again = {**_principal(), "name": "another"}
    assert "already exists" in str(entra.fails(_application(), _principal(), again))


def test_functions_answer_as_the_plugins_do(entra: Stack, emulator: EmulatorServer) -> None:
    entra.up(_application())
    client_id = entra.recorded("app")["outputs"]["clientId"]
    calls = {
        "caller": ["azuread:index/getClientConfig:getClientConfig", {}],
        "found": ["azuread:index/getApplication:getApplication", {"clientId": client_id}],
        "ids": ["azuread:index/getApplicationPublishedAppIds:getApplicationPublishedAppIds", {}],
    }
    outputs = entra.up(_application(), calls=calls).outputs
    assert outputs["caller"].value["tenantId"] == emulator.env()["ARM_TENANT_ID"]
    assert outputs["found"].value["displayName"] == "Example"
    assert outputs["ids"].value["result"]["MicrosoftGraph"] == _GRAPH


def test_a_function_and_a_resource_that_are_not_modelled_are_refused_by_name(entra: Stack) -> None:
    calls = {"users": ["azuread:index/getUsers:getUsers", {}]}
    error = entra.fails(calls=calls)
    assert "getUsers is not modelled by the embedded engine" in "\n".join([str(error), *error.diagnostics])
    other = {"name": "group", "type": "azuread:index/group:Group", "props": {}, "made": []}
    assert "not modelled by the embedded engine" in str(entra.fails(other))


def test_a_wrong_client_secret_is_told_in_the_plugins_words(tmp_path: Path, emulator: EmulatorServer) -> None:
    stack = Stack(tmp_path / "wrong", env={**emulator.env(), "ARM_CLIENT_SECRET": "canary"})
    error = str(stack.fails(_application()))
    assert "clientCredentialsToken: received HTTP status 401" in error
    assert "canary" not in error


def test_no_value_of_a_secret_stands_in_the_checkpoint(entra: Stack) -> None:
    result = entra.up(_application(), _password(), exports={"value": {"from": "password.value"}})
    assert str(result.outputs["value"].value) not in (entra.directory / "dev.json").read_text("utf-8")


def test_an_address_that_is_not_loopback_is_refused_before_anything_runs(
    tmp_path: Path, emulator: EmulatorServer
) -> None:
    stack = Stack(tmp_path / "remote", env={**emulator.env(), "ARM_METADATA_HOSTNAME": "management.azure.com"})
    assert "management.azure.com" in str(stack.fails(_application()))
    assert not (stack.directory / "dev.json").exists()
