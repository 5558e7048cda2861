"""Calls of the emulated Microsoft Graph as the deploying identity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from emulator.core.server import EmulatorServer


def call_graph(
    emulator: EmulatorServer, environment: Mapping[str, str], method: str, path: str, **arguments: Any
) -> dict[str, Any]:
    """One call, such as ``GET /v1.0/applications``, and its answer; empty for one without a body.

    environment: names the deploying identity, as the azuread provider reads it. arguments: as of ``httpx.request``.
    """
    with httpx.Client(base_url=emulator.base_url, verify=emulator.ssl_context) as client:
        token = client.post(
            f"/{environment['ARM_TENANT_ID']}/oauth2/v2.0/token",
            data={
                "grant_type": "client_credentials",
                "client_id": environment["ARM_CLIENT_ID"],
                "client_secret": environment["ARM_CLIENT_SECRET"],
                "scope": f"{emulator.base_url}/.default",
            },
        ).json()["access_token"]
        answer = client.request(method, path, headers={"Authorization": f"Bearer {token}"}, **arguments)
    answer.raise_for_status()
    shown: dict[str, Any] = answer.json() if answer.content else {}
    return shown
