"""What an emulator knows outlives its process, however that ends."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.core import daemon as daemons
from emulator.core.daemon import Daemon
from emulator.core.server import EmulatorServer
from emulator.entra import ids
from emulator.unifiedto.seed import API_KEY
from tests.emulator.test_entra.situations import REDIRECT_URI, application_body, landing

ADA = "ada@rehearsal.example.com"
KEY = {"authorization": f"Bearer {API_KEY}"}


def stop(daemon: Daemon, state_dir: Path) -> None:
    assert daemons.stop_daemon(state_dir)


def kill(daemon: Daemon, _state_dir: Path) -> None:
    os.kill(daemon.pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while daemons.find(_state_dir) is not None:
        assert time.monotonic() < deadline


def client(daemon: Daemon) -> httpx.Client:
    trust = ssl.create_default_context(cafile=daemon.ca_bundle)
    return httpx.Client(base_url=daemon.base_url, verify=trust, trust_env=False)


def ok(answer: httpx.Response) -> Any:
    assert answer.is_success, answer.text
    return answer.json()


def registered(http: httpx.Client, daemon: Daemon) -> dict[str, str]:
    """A client with a secret at Entra, in use for microsoft_ad in Production."""
    login = {
        "grant_type": "client_credentials",
        "client_id": daemon.environment["ARM_CLIENT_ID"],
        "client_secret": daemon.environment["ARM_CLIENT_SECRET"],
        "scope": f"{daemon.base_url}/.default",
    }
    token = ok(http.post(f"/{ids.TENANT_ID}/oauth2/v2.0/token", data=login))["access_token"]
    graph = {"authorization": f"Bearer {token}"}
    uris = {"redirectUris": [REDIRECT_URI, f"{daemon.base_url}/oauth/code"]}
    app = ok(http.post("/v1.0/applications", json=application_body(web=uris), headers=graph))
    ok(http.post("/v1.0/servicePrincipals", json={"appId": app["appId"]}, headers=graph))
    secret = ok(http.post(f"/v1.0/applications/{app['id']}/addPassword", json={}, headers=graph))["secretText"]
    auth = {"client_id": app["appId"], "client_secret": secret}
    [row] = ok(http.get("/unified/workspaceintegration", params={"integration_type": "microsoft_ad"}, headers=KEY))
    body = {"integration_type": "microsoft_ad", "is_active": True, "auth": auth}
    ok(http.put(f"/unified/workspaceintegration/{row['id']}", json=body, headers=KEY))
    return auth


def code(http: httpx.Client, client_id: str) -> str:
    form = {
        "client_id": client_id,
        "response_type": "code",
        "redirect_uri": REDIRECT_URI,
        "scope": "openid offline_access",
        "account": ADA,
    }
    return landing(http.post("/common/oauth2/v2.0/authorize", data=form))["code"]


def redeem(http: httpx.Client, auth: dict[str, str], **form: str) -> httpx.Response:
    grant = "refresh_token" if "refresh_token" in form else "authorization_code"
    values = {"grant_type": grant, "redirect_uri": REDIRECT_URI, **auth, **form}
    return http.post("/common/oauth2/v2.0/token", data=values)


def sign_in(http: httpx.Client) -> dict[str, Any]:
    answer: dict[str, Any] = ok(http.post("/_emulator/sign-in", json={"integration_type": "microsoft_ad"}))
    return answer


@pytest.mark.parametrize("end", [stop, kill])
def test_registrations_connections_codes_and_refresh_tokens_survive(
    tmp_path: Path, end: Callable[[Daemon, Path], None]
) -> None:
    first, _ = daemons.start_daemon(tmp_path)
    try:
        with client(first) as http:
            auth = registered(http, first)
            assert sign_in(http)["signed_in"] is True
            used, unused = code(http, auth["client_id"]), code(http, auth["client_id"])
            refresh_token = ok(redeem(http, auth, code=used))["refresh_token"]
            kept = {
                path: ok(http.get(path, headers=KEY))
                for path in ("/unified/workspaceintegration", "/unified/connection")
            }
        end(first, tmp_path)
        second, started = daemons.start_daemon(tmp_path)
        assert (started, second.base_url) == (True, first.base_url)
        with client(second) as http:
            assert {path: ok(http.get(path, headers=KEY)) for path in kept} == kept
            assert redeem(http, auth, code=used).json()["error_codes"] == [54005]
            assert "id_token" in ok(redeem(http, auth, code=unused))
            assert "id_token" in ok(redeem(http, auth, refresh_token=refresh_token))
            assert sign_in(http)["signed_in"] is True
    finally:
        daemons.stop_daemon(tmp_path)


def test_the_emulator_is_bound_to_loopback_and_nothing_else(tmp_path: Path) -> None:
    with EmulatorServer(tmp_path) as emulator:
        socket.create_connection(("127.0.0.1", emulator.port), timeout=1).close()
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.2", emulator.port), timeout=1)
