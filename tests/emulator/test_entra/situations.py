"""The emulator as its callers see it: sign-in addresses, Graph, a registered application."""

from __future__ import annotations

import base64
import hashlib
import ssl
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from emulator.core.server import EmulatorServer
from emulator.entra import ids

REDIRECT_URI = "https://api.example.com/oauth/code"
VERIFIER = "v" * 50
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@dataclass
class Entra:
    """The sign-in addresses."""

    emulator: EmulatorServer
    http: httpx.Client

    def token(self, tenant: str = ids.TENANT_ID, **form: str) -> httpx.Response:
        return self.http.post(f"/{tenant}/oauth2/v2.0/token", data=form)

    def client_credentials(self, client_id: str, secret: str | None, **form: str) -> httpx.Response:
        values = {"grant_type": "client_credentials", "client_id": client_id, "scope": self.graph_scope}
        if secret is not None:
            values["client_secret"] = secret
        return self.token(**{**values, **form})

    @property
    def graph_scope(self) -> str:
        return f"{self.emulator.base_url}/.default"

    def graph_client(self, trust: ssl.SSLContext) -> httpx.Client:
        answer = self.client_credentials(ids.DEPLOYER_APP_ID, ids.DEPLOYER_SECRET)
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        return httpx.Client(base_url=self.emulator.base_url, verify=trust, headers=headers, trust_env=False)

    def authorize(
        self, client_id: str, account: str | None, tenant: str = "common", **parameters: str
    ) -> httpx.Response:
        """POST what the account picker posts."""
        form = {
            "client_id": client_id,
            "response_type": "code",
            "redirect_uri": REDIRECT_URI,
            "scope": "openid profile email offline_access User.Read",
            "state": "state-1",
            **parameters,
        }
        if account is not None:
            form["account"] = account
        return self.http.post(f"/{tenant}/oauth2/v2.0/authorize", data=form)

    def code(self, client_id: str, account: str, tenant: str = "common", **parameters: str) -> str:
        return landing(self.authorize(client_id, account, tenant, **parameters))["code"]

    def redeem(
        self, client_id: str, secret: str | None, code: str, tenant: str = "common", **form: str
    ) -> httpx.Response:
        values = {
            "grant_type": "authorization_code",
            "client_id": client_id,
            "code": code,
            "redirect_uri": REDIRECT_URI,
            **form,
        }
        if secret is not None:
            values["client_secret"] = secret
        return self.token(tenant, **values)


@dataclass
class Registered:
    """An application with a service principal and the clear values of its secrets."""

    id: str
    app_id: str
    principal_id: str
    secrets: list[str] = field(default_factory=list)
    key_ids: list[str] = field(default_factory=list)


@dataclass
class Graph:
    """Microsoft Graph, for one caller."""

    http: httpx.Client

    def application(self, **properties: Any) -> httpx.Response:
        return self.http.post("/v1.0/applications", json=application_body(**properties))

    def register(self, secrets: int = 1, **properties: Any) -> Registered:
        """What a deployment makes: application, service principal, secrets."""
        application = self.application(**properties).json()
        principal = self.http.post("/v1.0/servicePrincipals", json={"appId": application["appId"]}).json()
        registered = Registered(application["id"], application["appId"], principal["id"])
        for _ in range(secrets):
            self.secret(registered)
        return registered

    def add_password(self, registered: Registered, **credential: Any) -> httpx.Response:
        path = f"/v1.0/applications/{registered.id}/addPassword"
        return self.http.post(path, json={"passwordCredential": credential})

    def secret(self, registered: Registered, **credential: Any) -> str:
        answer = self.add_password(registered, **credential)
        assert answer.status_code == 200, answer.text
        registered.secrets.append(answer.json()["secretText"])
        registered.key_ids.append(answer.json()["keyId"])
        return registered.secrets[-1]

    def remove_password(self, registered: Registered, key_id: str) -> httpx.Response:
        return self.http.post(f"/v1.0/applications/{registered.id}/removePassword", json={"keyId": key_id})

    def change(self, registered: Registered, **properties: Any) -> httpx.Response:
        return self.http.patch(f"/v1.0/applications/{registered.id}", json=properties)

    def read(self, registered: Registered) -> dict[str, Any]:
        answer = self.http.get(f"/v1.0/applications/{registered.id}")
        assert answer.status_code == 200, answer.text
        read: dict[str, Any] = answer.json()
        return read


def application_body(**properties: Any) -> dict[str, Any]:
    return {
        "displayName": "Example",
        "signInAudience": "AzureADandPersonalMicrosoftAccount",
        "api": {"requestedAccessTokenVersion": 2},
        "web": {"redirectUris": [REDIRECT_URI]},
        **properties,
    }


def landing(answer: httpx.Response) -> dict[str, str]:
    """The parameters with which the browser came back."""
    assert answer.status_code == 302, answer.text
    parts = urlsplit(answer.headers["location"])
    return {name: values[0] for name, values in parse_qs(parts.query or parts.fragment).items()}


def graph_error(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def aadsts(answer: httpx.Response) -> tuple[int, str, int]:
    """Status, OAuth error and number of a refusal of the token endpoint."""
    body = answer.json()
    number = body["error_codes"][0]
    assert body["error_description"].startswith(f"AADSTS{number}: ")
    return answer.status_code, body["error"], number
