"""What people do by hand in the emulated services: change a registration, remove a client secret."""

from __future__ import annotations

import ssl
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from emulator.core.daemon import Daemon
from rehearsal.results import RehearsalError


def enter_another_client(daemon: Daemon, registration: dict[str, Any]) -> str:
    """Changes a registration's client as a person in Unified.to's dashboard might; which one, in words.

    ``registration``: one of the stack's output ``registrations``.
    """
    environment, integration_type = registration["environment"], registration["integration_type"]
    with daemon.control() as control:
        control.edit_registration(
            environment, integration_type, auth={"client_id": str(uuid.uuid4()), "client_secret": "entered by hand"}
        )
    return f"{integration_type} in {environment}"


def remove_secret(daemon: Daemon, key_id: str) -> str:
    """Removes a client secret in the emulated Entra, as `az ad app credential delete` does in a real one.

    Key id and name of what was removed. Raises RehearsalError, which lists all of them, if there is none with this key
    id.
    """
    with _graph(daemon) as graph:
        applications = graph.get("/v1.0/applications").raise_for_status().json()["value"]
        held = {
            str(secret["keyId"]): (application["id"], f'{secret["keyId"]} "{secret["displayName"]}"')
            for application in applications
            if application["appId"] != daemon.environment["ARM_CLIENT_ID"]
            for secret in application["passwordCredentials"]
        }
        if key_id not in held:
            listed = "".join(f"\n  {text}" for _, text in held.values()) or "\n  none"
            what = f"has the key id {key_id}" if key_id else "was named"
            raise RehearsalError(
                f"No client secret of the emulator's app registrations {what}. They are:{listed}\n"
                "Next: `make remove-secret KEY=<one of these key ids>`."
            )
        application_id, text = held[key_id]
        answer = graph.post(f"/v1.0/applications/{application_id}/removePassword", json={"keyId": key_id})
        answer.raise_for_status()
    return text


@contextmanager
def _graph(daemon: Daemon) -> Iterator[httpx.Client]:
    """Microsoft Graph of the emulator, signed in as the deploying identity."""
    environment = daemon.environment
    context = ssl.create_default_context(cafile=daemon.ca_bundle)
    with httpx.Client(base_url=daemon.base_url, verify=context, trust_env=False) as client:
        token = client.post(
            f"/{environment['ARM_TENANT_ID']}/oauth2/v2.0/token",
            data={
                "grant_type": "client_credentials",
                "client_id": environment["ARM_CLIENT_ID"],
                "client_secret": environment["ARM_CLIENT_SECRET"],
                "scope": f"{daemon.base_url}/.default",
            },
        )
        client.headers["Authorization"] = f"Bearer {token.raise_for_status().json()['access_token']}"
        yield client
