"""What ordinary commands of a user do to the client secret in use: targets, replacements, state edits, restored states,
options handed down."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.core.server import EmulatorServer
from rehearsal.plugins.choice import choose_plugins
from rehearsal.results import Result
from tests.rehearsal.deployed import Deployed


class SignsIn(Deployed):
    """A deployed stack through which a customer signs in."""

    def signs_in(self) -> bool:
        answer = httpx.post(
            f"{self.emulator.base_url}/_emulator/sign-in",
            json={"integration_type": "microsoft_ad", "environment": "Production"},
            verify=self.emulator.ssl_context,
            timeout=30,
        )
        return bool(answer.json()["signed_in"])

    def graph(self, method: str, path: str, **arguments: Any) -> None:
        """One call of Microsoft Graph as the deploying identity."""
        environment, base_url, verify = self.emulator.env(), self.emulator.base_url, self.emulator.ssl_context
        credentials = {
            "grant_type": "client_credentials",
            "client_id": environment["ARM_CLIENT_ID"],
            "client_secret": environment["ARM_CLIENT_SECRET"],
            "scope": f"{base_url}/.default",
        }
        token_url = f"{base_url}/{environment['ARM_TENANT_ID']}/oauth2/v2.0/token"
        token = httpx.post(token_url, data=credentials, verify=verify).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        httpx.request(method, f"{base_url}{path}", headers=headers, verify=verify, **arguments).raise_for_status()

    def urn(self, ending: str) -> str:
        (found,) = [
            item["urn"] for item in self.stack().export()["deployment"]["resources"] if item["urn"].endswith(ending)
        ]
        return str(found)

    def force(self, token: str) -> Result:
        return self.up(forceRotation=token)

    def assert_settled(self) -> None:
        assert self.stack().preview().is_unchanged
        assert self.stack().refresh().is_unchanged
        assert self.stack().preview().is_unchanged


@pytest.fixture
def deployed(tmp_path: Path, cli: Path) -> Iterator[SignsIn]:
    with EmulatorServer(tmp_path / "emulator") as server:
        stack = SignsIn(server, tmp_path / "state", cli, choose_plugins("stand-in"))
        stack.up()
        stack.force("first")
        yield stack
        assert stack.signs_in(), "customers are locked out"


def _blue(deployed: SignsIn) -> str:
    return deployed.urn("::microsoft-secret-blue")


def _green(deployed: SignsIn) -> str:
    return deployed.urn("::microsoft-secret-green")


def test_a_live_secret_deleted_from_the_state_is_listed_with_its_facts_and_not_named_for_removal(
    deployed: SignsIn,
) -> None:
    deployed.stack().run("state", "delete", "--yes", "--target-dependents", _green(deployed))
    failure = str(deployed.fails(deployed.stack().preview))
    assert "UNI209" in failure
    assert "not in this stack's state" in failure
    assert "--key-id <key id>" in failure
    assert "unused" not in failure


@pytest.mark.parametrize("slot", [_green, _blue], ids=["current", "previous"])
@pytest.mark.parametrize("targets_only", [False, True])
def test_a_secret_is_not_replaced_on_request(deployed: SignsIn, slot: Any, targets_only: bool) -> None:
    urn = slot(deployed)
    options = {"replace": [urn], **({"target": [urn]} if targets_only else {})}
    mark = deployed.control.last_seq()
    assert "UNI223" in str(deployed.fails(lambda: deployed.stack().preview(**options)))
    assert "UNI223" in str(deployed.fails(lambda: deployed.stack().up(**options)))
    assert not [entry for entry in deployed.requests("graph", mark) if entry["method"] != "GET"]
    deployed.assert_settled()
    deployed.force("second")
    deployed.assert_settled()


def test_a_tainted_secret_is_not_replaced(deployed: SignsIn) -> None:
    urn = _green(deployed)
    deployed.stack().run("state", "taint", "--yes", urn)
    assert "UNI223" in str(deployed.fails(deployed.stack().up))
    assert deployed.signs_in()
    deployed.stack().run("state", "untaint", "--yes", urn)
    deployed.assert_settled()


def test_a_run_that_leaves_the_secrets_out_registers_nothing(deployed: SignsIn) -> None:
    deployed.config["forceRotation"] = "second"
    mark = deployed.control.last_seq()
    excluded = [_blue(deployed), _green(deployed)]
    assert "UNI222" in str(deployed.fails(lambda: deployed.stack().up(exclude=excluded)))
    targets = [deployed.urn("::microsoft-secret-schedule"), deployed.urn("::microsoft-Production-microsoft_ad")]
    assert "UNI222" in str(deployed.fails(lambda: deployed.stack().up(target=targets)))
    assert not [entry for entry in deployed.requests("unifiedto", mark) if entry["method"] == "PUT"]
    assert deployed.signs_in()
    deployed.up()
    deployed.assert_settled()


def test_a_secret_removed_in_entra_is_renewed_by_an_up_that_refreshes(deployed: SignsIn) -> None:
    outputs = deployed.stack().outputs()
    object_id = outputs["application_object_id"].value
    key_id = outputs["secret_slots"].value["green"]["key_id"]
    deployed.graph("POST", f"/v1.0/applications/{object_id}/removePassword", json={"keyId": key_id})
    assert not deployed.signs_in()
    deployed.stack().up(refresh=True)
    assert deployed.signs_in()
    deployed.assert_settled()


def test_a_restored_state_does_not_register_a_dead_secret(deployed: SignsIn) -> None:
    old = copy.deepcopy(deployed.stack().export())
    deployed.force("second")
    deployed.force("third")
    deployed.stack().import_(old)
    deployed.config["forceRotation"] = "first"
    deployed.config["registrations"][0]["permissions"] = ["hris_employee_read"]
    mark = deployed.control.last_seq()
    failure = str(deployed.fails(deployed.stack().up))
    assert "UNI221" in failure
    assert "pulumi refresh" in failure
    assert not [entry for entry in deployed.requests("unifiedto", mark) if entry["method"] == "PUT"]
    assert deployed.signs_in()
    deployed.stack().refresh()
    deployed.up()
    deployed.assert_settled()
