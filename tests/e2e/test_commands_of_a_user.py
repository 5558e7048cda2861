"""What ordinary commands of a user do to the client secret in use: targets, replacements, state edits, restored states,
options handed down, interruptions. Nobody is locked out by any of them."""

from __future__ import annotations

import copy
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from rehearsal.passphrase import rehearsal_passphrase
from rehearsal.plugins.choice import choose_plugins
from rehearsal.stack import Stack
from tests.matrix.watch import holdings
from tests.support.boundaries import run_watched
from tests.support.stack import ROOT, RehearsedStack
from tests.support.tools import Tools

HANDED_DOWN = Path(__file__).parent / "programs" / "handed_down"
SCHEDULE = "::microsoft-secret-schedule"
BLUE, GREEN = "::microsoft-secret-blue", "::microsoft-secret-green"
PROOF = "::microsoft-proof"
REGISTRATION = "::microsoft-Production-microsoft_ad"


@pytest.fixture
def forced(living: RehearsedStack) -> Iterator[RehearsedStack]:
    """A stack one forced rotation later: the secret in the green slot is in use."""
    living.up(forceRotation="first")
    yield living
    assert living.sign_in()["signed_in"], "customers are locked out"


def urn(stack: RehearsedStack, ending: str) -> str:
    [found] = [resource["urn"] for resource in stack.resources() if resource["urn"].endswith(ending)]
    return str(found)


def written(stack: RehearsedStack, since: int, service: str) -> list[str]:
    entries = stack.requests(service, since)
    return [f"{entry['method']} {entry['path']}" for entry in entries if entry["method"] != "GET"]


def fails(stack: RehearsedStack, operation: Callable[..., Any], **options: Any) -> str:
    return stack.fails(lambda: stack.run(operation, **options))


# --- targets and replacements ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("slot", [GREEN, BLUE], ids=["current", "previous"])
@pytest.mark.parametrize("targets_only", [False, True])
def test_a_secret_is_not_replaced_on_request(forced: RehearsedStack, slot: str, targets_only: bool) -> None:
    wanted = [urn(forced, slot)]
    options = {"replace": wanted, **({"target": wanted} if targets_only else {})}
    mark = forced.mark()
    assert "UNI223" in fails(forced, Stack.preview, **options)
    assert "UNI223" in fails(forced, Stack.up, **options)
    assert not written(forced, mark, "graph")
    forced.assert_settled()
    forced.up(forceRotation="second")
    forced.assert_settled()


def test_a_tainted_secret_is_not_replaced(forced: RehearsedStack) -> None:
    forced.pulumi().run("state", "taint", "--yes", urn(forced, GREEN))
    assert "UNI223" in fails(forced, Stack.up)
    assert forced.sign_in()["signed_in"]
    forced.pulumi().run("state", "untaint", "--yes", urn(forced, GREEN))
    forced.assert_settled()


@pytest.mark.parametrize("ending", [SCHEDULE, REGISTRATION, PROOF])
def test_anything_else_may_be_replaced_on_request(forced: RehearsedStack, ending: str) -> None:
    secrets = {entry["keyId"] for entry in forced.application()["passwordCredentials"]}
    forced.run(Stack.up, replace=[urn(forced, ending)])
    assert forced.sign_in()["signed_in"]
    assert {entry["keyId"] for entry in forced.application()["passwordCredentials"]} == secrets
    forced.assert_settled()


def test_a_run_that_leaves_the_secrets_out_registers_nothing(forced: RehearsedStack) -> None:
    forced.config["forceRotation"] = "second"
    mark = forced.mark()
    assert "UNI222" in fails(forced, Stack.up, exclude=[urn(forced, BLUE), urn(forced, GREEN)])
    assert "UNI222" in fails(forced, Stack.up, target=[urn(forced, SCHEDULE), urn(forced, REGISTRATION)])
    assert not written(forced, mark, "unifiedto")
    assert forced.sign_in()["signed_in"]
    forced.up()
    forced.assert_settled()


@pytest.mark.parametrize(
    "options", [{"parallel": 1}, {"continue_on_error": True}], ids=lambda option: next(iter(option))
)
def test_a_rotation_ends_the_same_with_other_options_of_up(living: RehearsedStack, options: Mapping[str, Any]) -> None:
    living.later(days=91)
    living.run(Stack.up, **options)
    assert len(living.application()["passwordCredentials"]) == 2
    assert living.sign_in()["signed_in"]
    living.assert_settled()


def test_with_continue_on_error_a_failed_registration_waits_for_the_next_run(forced: RehearsedStack) -> None:
    forced.control.add_fault({"kind": "status", "status": 403}, service="unifiedto", method="PUT", times=None)
    forced.config["forceRotation"] = "second"
    assert "UNI203" in fails(forced, Stack.up, continue_on_error=True)
    forced.control.clear_faults()
    assert forced.sign_in()["signed_in"]
    forced.up()
    forced.assert_settled()


# --- refreshes -------------------------------------------------------------------------------------------------------


def test_a_secret_removed_in_entra_is_renewed_by_an_up_that_refreshes(forced: RehearsedStack) -> None:
    outputs = forced.outputs()
    path = f"/v1.0/applications/{outputs['application_object_id']}/removePassword"
    forced.graph("POST", path, json={"keyId": outputs["secret_slots"]["green"]["key_id"]})
    assert not forced.sign_in()["signed_in"]
    forced.run(Stack.up, refresh=True)
    assert forced.sign_in()["signed_in"]
    forced.assert_settled()


def test_an_up_that_refreshes_changes_nothing_where_nothing_changed(forced: RehearsedStack) -> None:
    mark = forced.mark()
    assert forced.run(Stack.up, refresh=True).is_unchanged
    assert not written(forced, mark, "graph")
    assert not written(forced, mark, "unifiedto")


def test_the_preview_of_a_refresh_shows_drift_and_leaves_the_state_alone(forced: RehearsedStack) -> None:
    auth = {"client_id": "00000000-0000-4000-8000-00000000dead", "client_secret": "by-hand"}
    forced.edit_row({"is_active": True, "auth": auth})
    before = forced.resources()
    assert not forced.run(Stack.refresh, preview_only=True).is_unchanged
    assert forced.resources() == before
    forced.refresh()
    forced.up()
    forced.assert_settled()


# --- states that were edited, restored or moved ----------------------------------------------------------------------


def test_a_live_secret_deleted_from_the_state_is_listed_with_its_facts_and_not_named_for_removal(
    forced: RehearsedStack,
) -> None:
    forced.pulumi().run("state", "delete", "--yes", "--target-dependents", urn(forced, GREEN))
    words = fails(forced, Stack.preview)
    assert "UNI209" in words
    assert "not in this stack's state" in words
    assert "--key-id <key id>" in words
    assert "unused" not in words


@pytest.mark.parametrize("ending", [PROOF, REGISTRATION])
def test_a_resource_deleted_from_the_state_is_made_again_and_nobody_notices(
    forced: RehearsedStack, ending: str
) -> None:
    forced.pulumi().run("state", "delete", "--yes", "--target-dependents", urn(forced, ending))
    forced.up()
    assert forced.sign_in()["signed_in"]
    forced.assert_settled()


def test_the_previous_secret_deleted_from_the_state_is_named_before_anything_takes_its_place(
    forced: RehearsedStack,
) -> None:
    object_id = forced.outputs()["application_object_id"]
    key_id = forced.outputs()["secret_slots"]["blue"]["key_id"]
    forced.pulumi().run("state", "delete", "--yes", "--target-dependents", urn(forced, BLUE))
    forced.config["forceRotation"] = "second"
    words = fails(forced, Stack.up)
    assert key_id in words
    assert forced.sign_in()["signed_in"]
    forced.graph("POST", f"/v1.0/applications/{object_id}/removePassword", json={"keyId": key_id})
    forced.up()
    forced.assert_settled()


def test_an_exported_state_is_imported_again_without_a_change(forced: RehearsedStack) -> None:
    forced.pulumi().import_(forced.pulumi().export())
    forced.assert_settled()
    forced.up(forceRotation="second")
    forced.assert_settled()


def test_a_restored_state_does_not_register_a_dead_secret(forced: RehearsedStack) -> None:
    old = copy.deepcopy(forced.pulumi().export())
    forced.up(forceRotation="second")
    forced.up(forceRotation="third")
    forced.pulumi().import_(old)
    forced.config["forceRotation"] = "first"
    forced.config["registrations"][0]["permissions"] = ["hris_employee_read"]
    mark = forced.mark()
    words = fails(forced, Stack.up)
    assert "UNI221" in words
    assert "pulumi refresh" in words
    assert not written(forced, mark, "unifiedto")
    assert forced.sign_in()["signed_in"]
    # The secrets in this state are gone. Entra holds two that it does not know, one of them in use: a person decides.
    forced.refresh()
    assert "UNI209" in fails(forced, Stack.up)
    in_use = {holding.key_id for holding in holdings(forced.emulator.world) if holding is not None}
    for secret in forced.application()["passwordCredentials"]:
        if secret["keyId"] not in in_use:
            path = f"/v1.0/applications/{forced.outputs()['application_object_id']}/removePassword"
            forced.graph("POST", path, json={"keyId": secret["keyId"]})
    forced.refresh()
    forced.up()
    assert forced.sign_in()["signed_in"]
    forced.assert_settled()


def test_a_renamed_stack_goes_on(forced: RehearsedStack) -> None:
    forced.pulumi().run("stack", "rename", "production")
    forced.stack = "production"
    forced.assert_settled()
    forced.up(forceRotation="second")
    forced.assert_settled()


def test_another_computer_with_another_interpreter_goes_on_with_the_same_state(
    forced: RehearsedStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, venv, state = tmp_path / "o'brien & co", tmp_path / "other venv", tmp_path / "other state"
    project.mkdir()
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(ROOT / name, project)
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(sys.executable)
    (venv / "lib").symlink_to(Path(sys.prefix) / "lib")
    shutil.copy(Path(sys.prefix) / "pyvenv.cfg", venv)
    shutil.copytree(forced.state_dir, state)
    monkeypatch.setattr(sys, "executable", str(venv / "bin" / "python"))
    forced.project_dir, forced.state_dir = project, state
    forced.tools = Tools(forced.tools.cli, choose_plugins("stand-in"), sys.executable)
    forced.assert_settled()
    forced.up(forceRotation="second")
    assert str(venv) in json.dumps([resource.get("inputs") for resource in forced.resources()]), "it ran the proof"
    forced.assert_settled()


# --- options of the component ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["protect", "retainOnDelete"])
def test_options_of_the_component_do_not_keep_its_secrets_from_being_rotated(
    new_stack: Callable[..., RehearsedStack], option: str
) -> None:
    base = {"displayName": "Example CRM", option: True}
    stack = new_stack("handed-down", project_dir=HANDED_DOWN, base=base)
    stack.up()
    for token in ("first", "second", "third"):
        stack.up(forceRotation=token)
        assert stack.sign_in()["signed_in"]
    assert len(stack.application()["passwordCredentials"]) == 2
    if option == "protect":
        assert "protected" in stack.fails(stack.destroy)
        assert stack.sign_in()["signed_in"]


# --- runs that meet each other, or are interrupted -------------------------------------------------------------------


def commands_of_the_cli(stack: RehearsedStack, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of another process on the same stack, while a run is under way."""
    environment = {
        **os.environ,
        "PULUMI_BACKEND_URL": (stack.state_dir / "backend").as_uri(),
        "PULUMI_HOME": str(stack.state_dir / "home"),
        "PULUMI_CONFIG_PASSPHRASE": rehearsal_passphrase(stack.state_dir),
    }
    return subprocess.run(
        [stack.tools.cli, "--non-interactive", *arguments, "--stack", stack.stack],
        cwd=stack.state_dir / "work",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def at_the_request(stack: RehearsedStack, boundary: str, happens: Callable[[], None]) -> Callable[[], None]:
    """An ``up`` during which something happens once, at a boundary."""
    met: list[str] = []

    def on_boundary(name: str) -> bool:
        if not met and name.startswith(boundary):
            met.append(name)
            happens()
        return False

    def run() -> None:
        try:
            run_watched(stack, Stack.up, on_boundary, stack.emulator.world)
        finally:
            assert met, "the run did not come to the boundary"

    return run


def test_a_second_run_at_the_same_time_is_refused_and_the_first_one_ends_well(forced: RehearsedStack) -> None:
    answers: list[subprocess.CompletedProcess[str]] = []

    def second() -> None:
        answers.append(commands_of_the_cli(forced, "destroy", "--yes", "--skip-preview"))

    forced.config["forceRotation"] = "second"
    at_the_request(forced, "before:request PUT ", second)()
    assert answers[0].returncode != 0
    assert "currently locked" in answers[0].stderr
    forced.assert_settled()


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(
    "boundary",
    ["after:request POST /v1.0/applications/", "before:update command:local:Command", "after:request PUT "],
    ids=["at addPassword", "at the proof", "at the PUT"],
)
def test_an_interrupted_run_ends_its_step_and_the_next_one_goes_on(forced: RehearsedStack, boundary: str) -> None:
    forced.config["forceRotation"] = "second"
    run = at_the_request(forced, boundary, lambda: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        run()
    assert forced.sign_in()["signed_in"]
    forced.up()
    forced.assert_settled()


def the_cli(stack: RehearsedStack) -> int:
    """The process that runs the stack's operation: the child of this one that is called pulumi."""
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[1]) == os.getpid() and (entry / "comm").read_text().strip() == "pulumi":
                return int(entry.name)
    raise AssertionError("there is no CLI")


@pytest.mark.filterwarnings("ignore:Error in event stream")
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_put_that_goes_on_after_the_cli_was_killed_harms_nobody(forced: RehearsedStack, moment: str) -> None:
    """The provider of dynamic resources is a process of its own, and ends its request."""
    forced.config["forceRotation"] = "second"
    run = at_the_request(forced, f"{moment}:request PUT ", lambda: os.kill(the_cli(forced), signal.SIGKILL))
    assert forced.fails(run) is not None  # type: ignore[arg-type]
    assert forced.sign_in()["signed_in"]
    forced.up()
    forced.assert_settled()


# --- a person registers ----------------------------------------------------------------------------------------------


def test_without_the_right_to_write_a_person_registers_in_manual_mode(undeployed: RehearsedStack) -> None:
    undeployed.control.add_fault({"kind": "status", "status": 403}, service="unifiedto", method="PUT", times=None)
    assert 'mode to "manual"' in undeployed.fails(undeployed.up)
    manual = {"integrationType": "microsoft_ad", "mode": "manual"}
    undeployed.up(registrations=[manual])
    undeployed.control.clear_faults()
    outputs = undeployed.outputs()
    credentials = {"client_id": outputs["client_id"], "client_secret": outputs["client_secret"]}
    undeployed.edit_row({"is_active": True, "auth": credentials})
    undeployed.up(registrations=[{**manual, "enteredSecret": outputs["client_secret"][:3]}])
    assert undeployed.outputs()["registrations"][0]["status"] == "verified"
    assert undeployed.sign_in()["signed_in"]
    undeployed.assert_settled()
