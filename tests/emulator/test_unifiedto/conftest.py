"""One emulator for all tests of this folder, emptied before each; and a client that talks to it as the package does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from emulator.core.server import EmulatorServer
from emulator.unifiedto import workspace_of
from emulator.unifiedto.seed import API_KEY, WORKSPACE_ID
from emulator.unifiedto.state import Workspace

CLIENT_ID = "11111111-2222-3333-4444-555555555555"
CLIENT_SECRET = "canary~secret-value-of-a-test"
CREDENTIALS = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}

Json = dict[str, Any]


@pytest.fixture(scope="session")
def running_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorServer]:
    with EmulatorServer(tmp_path_factory.mktemp("emulator")) as emulator:
        yield emulator


@pytest.fixture
def emulator(running_emulator: EmulatorServer) -> EmulatorServer:
    running_emulator.world.reset()
    return running_emulator


@pytest.fixture(scope="session")
def _http(running_emulator: EmulatorServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running_emulator.base_url, verify=running_emulator.ssl_context, trust_env=False) as http:
        yield http


class Api:
    """Unified.to's API as a client with the workspace's key sees it, and the switches behind it."""

    def __init__(self, http: httpx.Client, emulator: EmulatorServer) -> None:
        self.http = http
        self.emulator = emulator
        self.key = {"authorization": f"Bearer {API_KEY}"}

    @property
    def workspace(self) -> Workspace:
        """What the emulator truly holds."""
        return workspace_of(self.emulator.world)

    def switch(self, **values: Any) -> None:
        """Turn some switches."""
        self.emulator.world.settings.update(values)

    def list(self, **query: Any) -> list[Json]:
        """The rows that a list answers."""
        answer = self.http.get("/unified/workspaceintegration", params=query, headers=self.key)
        assert answer.status_code == 200, answer.text
        rows: list[Json] = answer.json()
        return rows

    def row(self, integration_type: str = "microsoft_ad", environment: str = "Production") -> Json:
        """The one row of (environment, type)."""
        [row] = self.list(env=environment, integration_type=integration_type)
        return row

    def put(self, row_id: str, body: Any) -> httpx.Response:
        """An update, whatever it answers."""
        return self.http.put(f"/unified/workspaceintegration/{row_id}", json=body, headers=self.key)

    def register(self, integration_type: str = "microsoft_ad", environment: str = "Production", **more: Any) -> Json:
        """Activates the row with credentials and returns it as a list shows it afterwards."""
        row = self.row(integration_type, environment)
        body = {
            "integration_type": integration_type,
            "is_active": True,
            "environment": environment,
            "auth": CREDENTIALS,
        }
        answer = self.put(row["id"], body | more)
        assert answer.status_code == 200, answer.text
        return row

    def authorization_url(self, integration_type: str = "microsoft_ad", **query: Any) -> httpx.Response:
        """The keyless authorization URL, whatever it answers."""
        path = f"/unified/integration/auth/{WORKSPACE_ID}/{integration_type}"
        return self.http.get(path, params={"env": "Production"} | query)


@dataclass(frozen=True)
class App:
    """An app registration in the emulated tenant."""

    object_id: str
    client_id: str


class Entra:
    """The tenant's app registrations, made and changed through Microsoft Graph as the deploying identity."""

    def __init__(self, http: httpx.Client, emulator: EmulatorServer) -> None:
        self._http = http
        self._emulator = emulator
        environment = emulator.env()
        form = {
            "grant_type": "client_credentials",
            "client_id": environment["ARM_CLIENT_ID"],
            "client_secret": environment["ARM_CLIENT_SECRET"],
            "scope": "https://graph.microsoft.com/.default",
        }
        answer = http.post(f"/{environment['ARM_TENANT_ID']}/oauth2/v2.0/token", data=form)
        assert answer.status_code == 200, answer.text
        self._key = {"authorization": f"Bearer {answer.json()['access_token']}"}

    def create_app(self, *redirect_uris: str, name: str = "Example product") -> App:
        """A registration for organisations and personal accounts, with Unified.to's redirect URI unless others are
        given.
        """
        uris = list(redirect_uris) or [f"{self._emulator.base_url}/oauth/code"]
        body = {
            "displayName": name,
            "signInAudience": "AzureADandPersonalMicrosoftAccount",
            "api": {"requestedAccessTokenVersion": 2},
            "web": {"redirectUris": uris},
        }
        made = self._post("/v1.0/applications", body)
        self._post("/v1.0/servicePrincipals", {"appId": made["appId"]})
        return App(made["id"], made["appId"])

    def add_secret(self, app: App, **wanted: str) -> Json:
        """A new secret: {"keyId", "secretText", "endDateTime", …}."""
        body = {"passwordCredential": {"displayName": "blue"} | wanted}
        return self._post(f"/v1.0/applications/{app.object_id}/addPassword", body)

    def remove_secret(self, app: App, key_id: str) -> None:
        """Takes a secret away."""
        self._post(f"/v1.0/applications/{app.object_id}/removePassword", {"keyId": key_id})

    def _post(self, path: str, body: Json) -> Json:
        answer = self._http.post(path, json=body, headers=self._key)
        assert answer.is_success, answer.text
        made: Json = answer.json() if answer.content else {}
        return made


@pytest.fixture
def entra(_http: httpx.Client, emulator: EmulatorServer) -> Entra:
    return Entra(_http, emulator)


@pytest.fixture
def api(_http: httpx.Client, emulator: EmulatorServer) -> Api:
    return Api(_http, emulator)
