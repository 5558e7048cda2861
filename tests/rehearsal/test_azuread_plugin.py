"""The azuread package against the emulated Graph, stand-in and real plugin side by side: requests, plans, words."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.core.server import EmulatorServer
from emulator.entra.ids import DEPLOYER_SERVICE_PRINCIPAL_ID as CALLER
from rehearsal.environment import rehearsal_environment
from rehearsal.plugins.azuread import AzureAdProvider
from rehearsal.plugins.values import UNKNOWN, Props, Secret
from tests.rehearsal.plugin_client import PluginClient, PluginFailure, real_plugin, stand_in, urn_of
from tests.support.graph import call_graph

_APPLICATION = urn_of("azuread:index/application:Application", "app")
_PASSWORD = urn_of("azuread:index/applicationPassword:ApplicationPassword", "password")
_PRINCIPAL = urn_of("azuread:index/servicePrincipal:ServicePrincipal", "principal")
_GRAPH = "00000003-0000-0000-c000-000000000000"
_USER_READ = "e1fe6dd8-ba31-4d61-89e7-88639da4683d"
_MAIL_READ = "570282fd-fa5c-430d-a7fd-fc8dc98a9dca"
_PERMISSIONS = [{"resourceAppId": _GRAPH, "resourceAccesses": [{"id": _USER_READ, "type": "Scope"}]}]

_REAL = shutil.which("pulumi-resource-azuread")
_ON_BOTH = [
    "stand-in",
    pytest.param("real", marks=pytest.mark.skipif(_REAL is None, reason="not on PATH: pulumi-resource-azuread")),
]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorServer]:
    with EmulatorServer(tmp_path_factory.mktemp("emulator")) as server:
        yield server


@pytest.fixture
def emulator(running: EmulatorServer) -> EmulatorServer:
    running.control.reset()
    running.control.clear_journal()
    return running


@pytest.fixture(params=_ON_BOTH)
def plugin(request: pytest.FixtureRequest, emulator: EmulatorServer, tmp_path: Path) -> Iterator[PluginClient]:
    if request.param == "real":
        assert _REAL is not None
        with real_plugin(Path(_REAL), rehearsal_environment(emulator.env()), tmp_path) as client:
            yield client
    else:
        with stand_in(AzureAdProvider(emulator.env())) as client:
            yield client


@pytest.fixture
def only_stand_in(emulator: EmulatorServer) -> Iterator[PluginClient]:
    with stand_in(AzureAdProvider(emulator.env())) as client:
        yield client


class Made:
    """A resource that was created."""

    def __init__(self, plugin: PluginClient, urn: str, inputs: Props) -> None:
        self.plugin = plugin
        self.urn = urn
        self.inputs = plugin.checked(urn, inputs)
        self.id, self.outputs = plugin.create(urn, self.inputs)

    def diff(self, inputs: Props) -> Any:
        return self.plugin.diff(self.urn, self.id, self.inputs, self.outputs, self.plugin.checked(self.urn, inputs))

    def update(self, inputs: Props, *, preview: bool = False) -> Props:
        now = self.plugin.checked(self.urn, inputs)
        return self.plugin.update(self.urn, self.id, self.inputs, self.outputs, now, preview=preview)

    def read(self) -> tuple[str, Props, Props]:
        return self.plugin.read(self.urn, self.id, self.inputs, self.outputs)

    def delete(self) -> None:
        self.plugin.delete(self.urn, self.id, self.inputs, self.outputs)


def _declared(**props: Any) -> Props:
    """An application as the components declare it."""
    return {
        "displayName": "Example",
        "signInAudience": "AzureADandPersonalMicrosoftAccount",
        "api": {"requestedAccessTokenVersion": 2},
        "web": {"redirectUris": ["https://b.example.com/", "https://a.example.com/"]},
        "requiredResourceAccesses": _PERMISSIONS,
        "owners": [CALLER],
        **props,
    }


def _application(plugin: PluginClient, **props: Any) -> Made:
    return Made(plugin, _APPLICATION, _declared(**props))


def _password(plugin: PluginClient, application: Made, **props: Any) -> Made:
    inputs = {
        "applicationId": application.id,
        "displayName": "one",
        "endDate": "2030-01-02T03:04:05Z",
        "rotateWhenChanged": {"generation": "1"},
        **props,
    }
    return Made(plugin, _PASSWORD, inputs)


def _principal(plugin: PluginClient, application: Made) -> Made:
    inputs = {"clientId": application.outputs["clientId"], "owners": [CALLER], "useExisting": True}
    return Made(plugin, _PRINCIPAL, inputs)


def _requests(emulator: EmulatorServer) -> list[str]:
    """Method and path of the requests to Graph since the last look, object ids left out; a repeated read counts once:
    the real plugin reads until it has seen a change several times."""
    shown: list[str] = []
    for entry in emulator.control.journal(service="graph"):
        parts = ["{id}" if part.count("-") == 4 else part for part in entry["path"].split("/")]
        line = f"{entry['method']} {'/'.join(parts)}"
        if line.startswith("GET ") and shown[-1:] == [line]:
            continue
        shown.append(line)
    emulator.control.clear_journal()
    return shown


def _bodies(emulator: EmulatorServer, method: str) -> list[Any]:
    entries = emulator.control.journal(service="graph")
    return [json.loads(entry["request_body"] or "null") for entry in entries if entry["method"] == method]


def _graph(emulator: EmulatorServer, method: str, path: str, body: Any = None) -> None:
    """What somebody else does in Entra."""
    call_graph(emulator, emulator.env(), method, f"/v1.0{path}", json=body)


_READ = ["GET /v1.0/applications/{id}", "GET /beta/applications/{id}", "GET /v1.0/applications/{id}/owners"]


# --- applications ----------------------------------------------------------------------------------------------------


def test_an_application_is_created_with_three_writes(plugin: PluginClient, emulator: EmulatorServer) -> None:
    made = _application(plugin, tags=["b", "a"], notes="hello")
    post = _bodies(emulator, "POST")[0]
    assert post["displayName"] == "Example"
    assert post["signInAudience"] == "AzureADandPersonalMicrosoftAccount"
    assert [uri.rpartition("/")[2] for uri in post["owners@odata.bind"]] == [CALLER]
    first, second = _bodies(emulator, "PATCH")
    assert first["displayName"].startswith("TERRAFORM_UPDATE_")
    assert second["displayName"] == "Example"
    assert _requests(emulator) == [
        "POST /v1.0/applications",
        "PATCH /v1.0/applications/{id}",
        "PATCH /v1.0/applications/{id}",
        *_READ,
    ]
    assert made.id == f"/applications/{made.outputs['objectId']}"
    assert made.outputs["web"]["redirectUris"] == ["https://a.example.com/", "https://b.example.com/"]
    assert made.outputs["tags"] == ["a", "b"]


def test_an_unchanged_application_has_no_difference_and_costs_no_request(
    plugin: PluginClient, emulator: EmulatorServer
) -> None:
    made = _application(plugin)
    _requests(emulator)
    uris = ["https://a.example.com/", "https://b.example.com/"]
    assert not made.diff(_declared(web={"redirectUris": uris})).has_changes
    assert _requests(emulator) == []


@pytest.mark.parametrize(
    ("props", "changes"),
    [
        ({"notes": "new"}, {"notes": "UPDATE"}),
        ({"notes": None}, {"notes": "DELETE"}),
        ({"displayName": "Other"}, {"displayName": "UPDATE"}),
        ({"tags": ["b"]}, {"tags": "ADD"}),
        ({"web": {"redirectUris": ["https://b.example.com/"]}}, {"web.redirectUris[0]": "DELETE"}),
        (
            {"web": {"redirectUris": [f"https://{host}.example.com/" for host in "abc"]}},
            {"web.redirectUris[2]": "ADD"},
        ),
        (
            {"web": {"redirectUris": ["https://a.example.com/", "https://c.example.com/"]}},
            {"web.redirectUris[1]": "UPDATE"},
        ),
        ({"requiredResourceAccesses": []}, {"requiredResourceAccesses": "DELETE"}),
        ({"owners": [CALLER, "11111111-1111-4111-8111-111111111111"]}, {"owners[1]": "ADD"}),
    ],
)
def test_a_change_is_told_by_its_path_and_replaces_nothing(
    plugin: PluginClient, props: dict[str, Any], changes: dict[str, str]
) -> None:
    made = _application(plugin, notes="old")
    now = _declared(**{"notes": "old", **props})
    diff = made.diff({key: value for key, value in now.items() if value is not None})
    assert diff.changes == changes
    assert diff.diffs == sorted({path.partition(".")[0].partition("[")[0] for path in changes})
    assert diff.replaces == []


def test_a_permission_that_is_added_is_told(plugin: PluginClient) -> None:
    made = _application(plugin)
    accesses = [{"id": scope, "type": "Scope"} for scope in (_USER_READ, _MAIL_READ)]
    more = [{"resourceAppId": _GRAPH, "resourceAccesses": accesses}]
    diff = made.diff(_declared(requiredResourceAccesses=more))
    assert diff.diffs == ["requiredResourceAccesses"]


def test_an_update_sends_one_patch_and_leaves_permissions_alone_that_did_not_change(
    plugin: PluginClient, emulator: EmulatorServer
) -> None:
    made = _application(plugin, notes="old")
    _requests(emulator)
    outputs = made.update(_declared(notes="new"))
    assert outputs["notes"] == "new"
    (patch,) = _bodies(emulator, "PATCH")
    assert patch["notes"] == "new"
    assert "requiredResourceAccess" not in patch
    assert _requests(emulator) == ["PATCH /v1.0/applications/{id}", *_READ]


def test_a_preview_writes_nothing_and_says_what_it_knows(plugin: PluginClient, emulator: EmulatorServer) -> None:
    inputs = plugin.checked(_APPLICATION, _declared())
    _, outputs = plugin.create(_APPLICATION, inputs, preview=True)
    assert outputs["clientId"] is UNKNOWN
    assert outputs["objectId"] is UNKNOWN
    assert outputs["displayName"] == "Example"
    assert _requests(emulator) == []


def test_what_was_changed_elsewhere_is_read_and_what_is_gone_has_no_id(
    plugin: PluginClient, emulator: EmulatorServer
) -> None:
    made = _application(plugin, notes="ours")
    _graph(emulator, "PATCH", made.id, {"notes": "theirs"})
    resource_id, outputs, inputs = made.read()
    assert (resource_id, outputs["notes"], inputs["notes"]) == (made.id, "theirs", "theirs")
    _graph(emulator, "DELETE", made.id)
    assert made.read()[0] == ""


def test_empty_notes_are_refused_in_check(plugin: PluginClient) -> None:
    _, failures = plugin.check(_APPLICATION, _declared(notes=""))
    assert len(failures) == 1
    assert 'expected "notes" to not be an empty string' in failures[0][1]


@pytest.mark.parametrize("status", [400, 403])
def test_a_final_failure_is_told_in_the_plugins_words(
    plugin: PluginClient, emulator: EmulatorServer, status: int
) -> None:
    body = {"error": {"code": "Some_Code", "message": "Some words."}}
    emulator.control.add_fault(
        {"kind": "status", "status": status, "body": body}, service="graph", method="POST", times=None
    )
    inputs = plugin.checked(_APPLICATION, _declared())
    failure = plugin.fails(lambda: plugin.create(_APPLICATION, inputs))
    reason = {400: "Bad Request", 403: "Forbidden"}[status]
    assert str(failure) == (
        f"1 error occurred:\n\t* Could not create application: unexpected status {status} ({status} {reason}) with "
        "error: Some_Code: Some words.\n\n"
    )
    assert failure.left is None
    assert _requests(emulator).count("POST /v1.0/applications") == 1


@pytest.mark.parametrize("status", [408, 424, 429, 500, 502, 503])
def test_the_stand_in_waits_a_passing_failure_out(
    only_stand_in: PluginClient, emulator: EmulatorServer, status: int
) -> None:
    headers = {"Retry-After": "7"} if status in (429, 503) else {}
    emulator.control.add_fault(
        {"kind": "status", "status": status, "headers": headers}, service="graph", method="POST", times=2
    )
    _application(only_stand_in)
    assert _requests(emulator).count("POST /v1.0/applications") == 3


def test_an_application_whose_creation_broke_off_is_handed_over_all_the_same(
    plugin: PluginClient, emulator: EmulatorServer
) -> None:
    body = {"error": {"code": "Some_Code", "message": "Some words."}}
    emulator.control.add_fault({"kind": "status", "status": 403, "body": body}, service="graph", method="PATCH")
    inputs = plugin.checked(_APPLICATION, _declared())
    failure = plugin.fails(lambda: plugin.create(_APPLICATION, inputs))
    assert failure.left is not None
    resource_id, outputs, reasons = failure.left
    assert resource_id.startswith("/applications/")
    assert outputs["displayName"] == "Example"
    object_id = resource_id.removeprefix("/applications/")
    assert reasons == [
        f"creating {_APPLICATION}: 1 error occurred:\n\t* Failed to patch application with object ID "
        f'"{object_id}" after creating: unexpected status 403 (403 Forbidden) with error: Some_Code: Some words.\n\n'
    ]


# --- passwords -------------------------------------------------------------------------------------------------------


def test_a_password_is_secret_and_added_with_one_write(plugin: PluginClient, emulator: EmulatorServer) -> None:
    application = _application(plugin)
    _requests(emulator)
    made = _password(plugin, application)
    assert isinstance(made.outputs["value"], Secret)
    assert made.outputs["value"].value
    assert made.id == f"{application.outputs['objectId']}/password/{made.outputs['keyId']}"
    assert _bodies(emulator, "POST") == [
        {"passwordCredential": {"displayName": "one", "endDateTime": "2030-01-02T03:04:05Z"}}
    ]
    assert _requests(emulator) == [
        "GET /v1.0/applications/{id}",
        "POST /v1.0/applications/{id}/addPassword",
        "GET /v1.0/applications/{id}",
    ]


@pytest.mark.parametrize(
    ("props", "path"),
    [
        ({"rotateWhenChanged": {"generation": "2"}}, "rotateWhenChanged.generation"),
        ({"displayName": "two"}, "displayName"),
        ({"endDate": "2031-01-02T03:04:05Z"}, "endDate"),
    ],
)
def test_every_change_of_a_password_replaces_it_the_new_one_first(
    plugin: PluginClient, props: dict[str, Any], path: str
) -> None:
    application = _application(plugin)
    made = _password(plugin, application)
    assert not made.diff({key: value for key, value in made.inputs.items() if key != "__defaults"}).has_changes
    diff = made.diff({**{key: value for key, value in made.inputs.items() if key != "__defaults"}, **props})
    assert diff.changes == {path: "UPDATE_REPLACE"}
    assert diff.replaces == [path.partition(".")[0]]
    assert not diff.deletes_first


def test_a_password_that_was_removed_elsewhere_is_gone(plugin: PluginClient, emulator: EmulatorServer) -> None:
    application = _application(plugin)
    made = _password(plugin, application)
    resource_id, outputs, _ = made.read()
    assert resource_id == made.id
    assert outputs["value"].value == made.outputs["value"].value
    _graph(emulator, "POST", f"{application.id}/removePassword", {"keyId": made.outputs["keyId"]})
    assert made.read()[0] == ""


def test_a_password_is_removed_with_one_write(plugin: PluginClient, emulator: EmulatorServer) -> None:
    made = _password(plugin, _application(plugin))
    _requests(emulator)
    made.delete()
    assert _requests(emulator) == ["POST /v1.0/applications/{id}/removePassword", "GET /v1.0/applications/{id}"]


def test_an_answer_that_was_lost_is_not_asked_for_twice(plugin: PluginClient, emulator: EmulatorServer) -> None:
    application = _application(plugin)
    emulator.control.add_fault({"kind": "reset_after"}, service="graph", method="POST", path="addPassword")
    inputs = plugin.checked(_PASSWORD, {"applicationId": application.id, "displayName": "one"})
    failure = plugin.fails(lambda: plugin.create(_PASSWORD, inputs))
    assert "HTTP response was nil; connection may have been reset" in str(failure)
    assert _requests(emulator).count("POST /v1.0/applications/{id}/addPassword") == 1


# --- service principals, functions, the package ----------------------------------------------------------------------


def test_a_service_principal_is_made_once_and_taken_over_where_there_is_one(
    plugin: PluginClient, emulator: EmulatorServer
) -> None:
    application = _application(plugin)
    _requests(emulator)
    made = _principal(plugin, application)
    assert "POST /v1.0/servicePrincipals" in _requests(emulator)
    again = _principal(plugin, application)
    assert again.id == made.id
    assert "POST /v1.0/servicePrincipals" not in _requests(emulator)
    assert not made.diff({key: made.inputs[key] for key in ("clientId", "owners", "useExisting")}).has_changes


def test_functions_find_the_caller_and_what_a_client_id_names(plugin: PluginClient, emulator: EmulatorServer) -> None:
    application = _application(plugin)
    caller = plugin.invoke("azuread:index/getClientConfig:getClientConfig", {})
    assert (caller["tenantId"], caller["objectId"]) == (emulator.env()["ARM_TENANT_ID"], CALLER)
    client_id = application.outputs["clientId"]
    found = plugin.invoke("azuread:index/getApplication:getApplication", {"clientId": client_id})
    assert (found["displayName"], found["objectId"]) == ("Example", application.outputs["objectId"])
    assert found["webs"][0]["redirectUris"] == ["https://a.example.com/", "https://b.example.com/"]
    assert found["singlePageApplications"][0]["redirectUris"] == found["publicClients"][0]["redirectUris"] == []
    by_object_id = plugin.invoke(
        "azuread:index/getApplication:getApplication", {"objectId": application.outputs["objectId"]}
    )
    assert (by_object_id["clientId"], by_object_id["displayName"]) == (client_id, "Example")
    graph = plugin.invoke("azuread:index/getServicePrincipal:getServicePrincipal", {"clientId": _GRAPH})
    assert graph["oauth2PermissionScopeIds"]["User.Read"] == _USER_READ


def test_what_is_not_there_is_told_in_the_plugins_words(plugin: PluginClient) -> None:
    missing = {"clientId": "11111111-1111-4111-8111-111111111111"}
    token = "azuread:index/getApplication:getApplication"
    failure = plugin.fails(lambda: plugin.invoke(token, missing))
    assert "Application not found" in str(failure)
    failure = plugin.fails(lambda: plugin.invoke(token, {"objectId": missing["clientId"]}))
    assert f'Application with object ID "{missing["clientId"]}" was not found' in str(failure)
    token = "azuread:index/getServicePrincipal:getServicePrincipal"
    failure = plugin.fails(lambda: plugin.invoke(token, missing))
    assert "No service principal found" in str(failure)


def test_a_wrong_client_secret_is_told_in_the_plugins_words(emulator: EmulatorServer) -> None:
    provider = AzureAdProvider({**emulator.env(), "ARM_CLIENT_SECRET": "canary"})
    words = "clientCredentialsToken: received HTTP status 401"
    with pytest.raises(PluginFailure, match=words) as raised, stand_in(provider):
        pass
    assert "canary" not in str(raised.value)


@pytest.mark.parametrize(
    ("urn", "props", "named"),
    [
        (_APPLICATION, {"password": {"displayName": "one"}}, "password of app"),
        (_APPLICATION, {"appRoles": []}, "appRoles of app"),
        (_APPLICATION, {"api": {"mappedClaimsEnabled": True}}, "api.mappedClaimsEnabled of app"),
        (_APPLICATION, {"web": {"implicitGrant": {}}}, "web.implicitGrant of app"),
        (_APPLICATION, {"publicClient": {"redirectUris": []}}, "publicClient of app"),
        (_PRINCIPAL, {"featureTags": []}, "featureTags of principal"),
    ],
)
def test_the_stand_in_refuses_what_no_component_declares(
    only_stand_in: PluginClient, urn: str, props: dict[str, Any], named: str
) -> None:
    declared = {"clientId": CALLER, "owners": [CALLER], "useExisting": True} if urn == _PRINCIPAL else _declared()
    _, failures = only_stand_in.check(urn, {**declared, **props})
    assert [reason for _, reason in failures] == [
        f"The stand-in for the azuread plugin does not have {named}. Next: install the real plugins and run with "
        "PLUGINS=real."
    ]


@pytest.mark.parametrize(
    ("urn", "props", "named"),
    [
        (_APPLICATION, _declared(owners=[]), "owners of app"),
        (_PRINCIPAL, {"clientId": CALLER, "owners": [CALLER], "useExisting": False}, "useExisting of principal"),
        (_PASSWORD, {"displayName": "one"}, "applicationId of password"),
    ],
)
def test_the_stand_in_needs_what_every_component_declares(
    only_stand_in: PluginClient, urn: str, props: dict[str, Any], named: str
) -> None:
    _, failures = only_stand_in.check(urn, props)
    assert [reason for _, reason in failures] == [
        f"The stand-in for the azuread plugin needs {named}. Next: install the real plugins and run with PLUGINS=real."
    ]


def test_the_stand_in_refuses_other_resources_and_functions_by_name(only_stand_in: PluginClient) -> None:
    group = urn_of("azuread:index/group:Group", "group")
    assert "not azuread:index/group:Group" in str(only_stand_in.fails(lambda: only_stand_in.check(group, {})))
    token = "azuread:index/getUsers:getUsers"
    assert f"not {token}" in str(only_stand_in.fails(lambda: only_stand_in.invoke(token, {})))
    by_name = {"displayName": "Example"}
    failure = only_stand_in.fails(lambda: only_stand_in.invoke("azuread:index/getApplication:getApplication", by_name))
    assert "finds by clientId only, not by displayName" in str(failure)


def test_the_stand_in_talks_to_this_computer_only(emulator: EmulatorServer) -> None:
    provider = AzureAdProvider({**emulator.env(), "ARM_METADATA_HOSTNAME": "management.azure.com"})
    words = r"names management\.azure\.com, which is not on this computer"
    with pytest.raises(PluginFailure, match=words), stand_in(provider):
        pass
