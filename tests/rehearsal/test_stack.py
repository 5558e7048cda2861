"""The program on Pulumi's own engine with stand-ins for the plugins."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.core.server import EmulatorServer
from rehearsal.plugins.choice import choose_plugins
from rehearsal.results import OperationFailed, StepEvent
from tests.rehearsal.deployed import Deployed


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[EmulatorServer]:
    with EmulatorServer(tmp_path / "emulator") as server:
        yield server


@pytest.fixture
def deployed(emulator: EmulatorServer, tmp_path: Path, cli: Path) -> Deployed:
    return Deployed(emulator, tmp_path / "state", cli, choose_plugins("stand-in"))


def _changes(steps: list[StepEvent]) -> dict[str, str]:
    """The operation on each resource that changes, by name."""
    return {step.name: step.op for step in steps if step.op not in ("same", "refresh")}


def _notes(exported: dict[str, Any]) -> str:
    """The notes of the application on record."""
    (found,) = [item for item in exported["deployment"]["resources"] if item["urn"].endswith("-application")]
    return str(found["outputs"]["notes"])


def test_a_life_of_the_stack(deployed: Deployed) -> None:
    mark = deployed.control.last_seq()
    assert deployed.stack().preview().changes == {"create": 10}
    assert not [entry for entry in deployed.requests("graph", mark) if entry["method"] != "GET"]
    created = deployed.up()
    assert created.changes == {"create": 10}
    assert created.outputs["client_secret"].secret
    assert created.outputs["client_secret"].value == "[secret]"
    assert not created.outputs["client_id"].secret
    outputs = deployed.stack().outputs()
    assert outputs["client_id"].value == created.outputs["client_id"].value
    assert outputs["client_secret"].secret
    assert outputs["client_secret"].value != "[secret]"

    assert deployed.stack().preview().is_unchanged
    assert deployed.up().is_unchanged
    assert deployed.stack().refresh().is_unchanged

    deployed.later(days=91)
    rotation = deployed.stack().preview()
    assert _changes(rotation.steps) == {
        "microsoft-secret-green": "create",
        "microsoft-secret-schedule": "update",
        "microsoft-proof": "update",
        "microsoft-Production-microsoft_ad": "update",
    }
    assert _changes(deployed.up().steps) == _changes(rotation.steps)
    assert deployed.stack().outputs()["client_secret"].value != outputs["client_secret"].value
    assert deployed.stack().preview().is_unchanged

    assert deployed.stack().destroy().changes == {"delete": 11}
    assert deployed.stack().export()["deployment"].get("resources", []) == []


def test_a_change_is_named_by_its_properties(deployed: Deployed) -> None:
    deployed.up()
    result = deployed.up(notes="for the people who read it")
    (update,) = [step for step in result.steps if step.op == "update"]
    assert (update.name, update.diff_keys) == ("microsoft-entra-application", ("notes",))


def test_a_state_is_taken_over_from_an_export(deployed: Deployed, tmp_path: Path) -> None:
    deployed.up()
    before = deployed.stack().export()
    deployed.up(notes="new")
    deployed.stack().import_(before)
    assert _notes(deployed.stack().export()) == _notes(before) == ""
    assert _changes(deployed.stack().preview().steps) == {"microsoft-entra-application": "update"}


def test_a_failure_tells_the_plugins_words_and_what_was_done(deployed: Deployed) -> None:
    body = {"error": {"code": "Some_Code", "message": "Some words."}}
    deployed.control.add_fault({"kind": "status", "status": 400, "body": body}, service="graph", method="POST")
    failure = deployed.fails(deployed.up)
    assert "Could not create application: unexpected status 400" in str(failure)
    assert failure.exit_code != 0
    assert ("microsoft-entra-application", "failed") in [(step.name, step.status) for step in failure.result.steps]
    assert deployed.up().changes["create"] > 0


def test_an_application_whose_creation_broke_off_is_kept_and_finished_by_the_next_run(deployed: Deployed) -> None:
    deployed.control.add_fault({"kind": "status", "status": 403}, service="graph", method="PATCH")
    deployed.fails(deployed.up)
    mark = deployed.control.last_seq()
    assert deployed.up().changes["update"] == 1
    posted = [entry["path"] for entry in deployed.requests("graph", mark) if entry["method"] == "POST"]
    assert "/v1.0/applications" not in posted


def test_an_error_of_the_program_is_told_without_a_trace(deployed: Deployed) -> None:
    failure = deployed.fails(lambda: deployed.up(displayName="x" * 91))
    assert str(failure).startswith("UNI")
    assert "Traceback" not in str(failure)
    assert not deployed.requests("graph")


def test_only_named_resources_are_worked_on_where_the_caller_asks(deployed: Deployed) -> None:
    deployed.up()
    deployed.config |= {"notes": "new", "displayName": "Other"}
    result = deployed.stack().preview(exclude=["**Application::**"])
    assert result.is_unchanged


def test_another_command_of_the_cli_runs_on_the_stack(deployed: Deployed) -> None:
    deployed.up()
    assert "microsoft-entra-application" in deployed.stack().run("stack", "export")
    with pytest.raises(OperationFailed):
        deployed.stack().run("state", "delete", "urn:pulumi:test::unifiedto::no:such::thing", "--yes")


def test_a_secret_value_of_the_configuration_is_stored_encrypted(deployed: Deployed) -> None:
    deployed.stack(secrets={"notes": "canary-secret"}).preview()
    for path in deployed.state_dir.rglob("*"):
        assert not path.is_file() or b"canary-secret" not in path.read_bytes(), path


def test_no_client_secret_stands_in_a_file(deployed: Deployed) -> None:
    deployed.up()
    secret = str(deployed.stack().outputs()["client_secret"].value).encode()
    for path in deployed.state_dir.rglob("*"):
        assert not path.is_file() or secret not in path.read_bytes(), path


def test_the_callers_environment_and_directory_stay_as_they_are(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARM_CLIENT_SECRET", "of the caller")
    before, directory = dict(os.environ), Path.cwd()
    assert deployed.stack().preview().changes == {"create": 10}
    assert (dict(os.environ), Path.cwd()) == (before, directory)


def test_a_directory_whose_name_has_a_meaning_in_addresses_is_one_like_any_other(
    emulator: EmulatorServer, tmp_path: Path, cli: Path
) -> None:
    odd = Deployed(emulator, tmp_path / "50% #1?", cli, choose_plugins("stand-in"))
    odd.up()
    assert odd.stack().preview().is_unchanged
    assert sorted(path.name for path in tmp_path.iterdir()) == ["50% #1?", "emulator"]


def test_a_state_that_moved_to_another_place_is_worked_on_there(deployed: Deployed, tmp_path: Path) -> None:
    deployed.up()
    shutil.copytree(deployed.state_dir, tmp_path / "elsewhere")
    deployed.state_dir = tmp_path / "elsewhere"
    assert deployed.stack().preview().is_unchanged
    assert deployed.up().is_unchanged


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_run_ends_its_step_and_the_next_one_goes_on(deployed: Deployed) -> None:
    deployed.control.settings(secret_propagation_s=3600)
    deployed.config["proofDeadline"] = 2

    def interrupt(step: StepEvent) -> None:
        if (step.name, step.status) == ("microsoft-proof", "started"):
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        deployed.stack(on_step=interrupt).up()
    assert "PUT" not in {entry["method"] for entry in deployed.requests("unifiedto")}
    deployed.later(days=0.1)
    again = _changes(deployed.up().steps)
    assert "microsoft-secret-blue" not in again
    assert again["microsoft-proof"] == "create"
    assert deployed.stack().preview().is_unchanged


@pytest.mark.filterwarnings("ignore:Error in event stream")  # the SDK's, when the CLI dies
def test_a_lock_that_a_killed_cli_left_behind_is_taken_away(deployed: Deployed) -> None:
    deployed.control.settings(secret_propagation_s=3600)
    deployed.config["proofDeadline"] = 2

    def kill() -> None:
        (lock,) = (deployed.state_dir / "backend" / ".pulumi" / "locks").rglob("*.json")
        before = len(deployed.requests("entra"))
        while len(deployed.requests("entra")) == before:
            pass  # the proof has not asked yet, and the state may be being written
        os.kill(json.loads(lock.read_text("utf-8"))["pid"], signal.SIGKILL)

    def when_the_proof_begins(step: StepEvent) -> None:
        if (step.name, step.status) == ("microsoft-proof", "started"):
            threading.Thread(target=kill).start()

    failure = deployed.fails(lambda: deployed.stack(on_step=when_the_proof_begins).up())
    assert failure.exit_code == -signal.SIGKILL
    deployed.later(days=0.1)
    deployed.up()
    assert deployed.stack().preview().is_unchanged
