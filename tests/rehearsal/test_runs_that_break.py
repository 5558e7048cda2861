"""What a user sees when a run of the rehearsal fails, is interrupted or is killed, and that the next one works."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

import rehearsal.__main__
from emulator.core.daemon import find
from rehearsal import commands
from rehearsal.processes import _marked, run_mark
from tests.rehearsal.user import User

_SECRET = "microsoft-secret-blue"
_PORT = re.compile(r"localhost:\d+")


def test_what_a_preview_names_is_deployed_nowhere(user: User) -> None:
    """As `pulumi up` does it: only Unified.to knows this name, and the app would exist before it is asked."""
    text = user.settings.read_text("utf-8")
    user.settings.write_text(text.replace("microsoft_ad", "microsft_ad"), "utf-8")
    said = user.run("up", "--later", "P1D", code=1)
    assert "Previewing update (rehearsal):" in said
    assert said.count('UNI101 Unified.to has no integration type "microsft_ad"') == 1
    assert "nothing was deployed. Mend what it names and run `make up` again, without LATER" in said
    assert "created" not in said
    assert "Nothing is deployed" in user.run("outputs")


def test_a_directory_that_cannot_be_used_is_named(user: User) -> None:
    user.state_dir.mkdir()
    (user.state_dir / "stack").write_text("in the way", "utf-8")
    said = user.run("up", code=1)
    assert f"cannot use its files ({user.state_dir / 'stack'}" in said
    assert "Next: " in said


def test_after_a_failed_run_that_let_time_pass_the_advice_lets_no_more_pass(user: User) -> None:
    user.run("preview")
    _let_no_secret_work(user)
    user.settings.write_text("proofDeadline: 1", "utf-8")
    said = user.run("up", "--later", "P90D", code=1)
    assert "UNI308" in said
    assert "run `make up` again, without LATER: the clock has been moved on already" in said


def _let_no_secret_work(user: User) -> None:
    daemon = find(user.state_dir / "emulator")
    assert daemon is not None
    with daemon.control() as control:
        control.settings(secret_propagation_s=3600)


def test_a_secret_that_no_state_has_is_removed_from_the_emulator(user: User) -> None:
    user.run("up")
    # As after a run that ended when Entra had made the secret: nothing that came later is in the state.
    lost = str(_resource(json.loads(user.checkpoint.read_text("utf-8"))["checkpoint"]["latest"], _SECRET)["id"])
    _edit(user.checkpoint, _without_the_secret_and_what_follows)
    user.run("up")
    listed = re.findall(r"^  ([0-9a-f-]{36}) \"", user.run("remove-secret", code=1), re.MULTILINE)
    assert len(listed) == 2, "the lost one and the new one, and not the deploying identity's own"
    key = lost.rpartition("/")[2]
    assert key in listed
    assert f"The client secret {key}" in user.run("remove-secret", "--key", key)
    assert "Nothing changed" in user.run("up")


@pytest.mark.parametrize(
    ("told", "here"),
    [
        (
            "remove it: az ad app credential delete (key id 01234567-89ab-cdef-0123-456789abcdef)",
            "`make remove-secret KEY=<key id>` removes one",
        ),
        ("run `pulumi refresh`", "`make refresh` is its `pulumi refresh`"),
        ("2 pending operations from previous deployment", "`make refresh` takes what is really there into the state"),
    ],
)
def test_what_a_message_advises_for_real_accounts_is_said_for_the_rehearsal(
    told: str, here: str, capsys: pytest.CaptureFixture[str]
) -> None:
    commands._say_here([told])
    assert here in capsys.readouterr().out


def _edit(checkpoint: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads(checkpoint.read_text("utf-8"))
    change(content["checkpoint"]["latest"])
    checkpoint.write_text(json.dumps(content), "utf-8")


def _without_the_secret_and_what_follows(latest: dict[str, Any]) -> None:
    for name in (
        _SECRET,
        "microsoft-proof",
        "microsoft-Production-microsoft_ad",
        "microsoft-Staging-microsoftoutlook",
    ):
        latest["resources"].remove(_resource(latest, name))


def _resource(latest: dict[str, Any], name: str) -> dict[str, Any]:
    [found] = [item for item in latest["resources"] if item["urn"].endswith(f"::{name}")]
    resource: dict[str, Any] = found
    return resource


# --- interruptions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_ends_its_step_and_all_that_it_started_and_the_next_one_continues(
    user: User, number: signal.Signals
) -> None:
    said, code = user.run_until("service-principal created", number, "up")
    assert code == 128 + number
    assert "Traceback" not in said
    assert "The up was interrupted. What it had done is in the state; `make up` continues." in said
    assert user.processes() == []
    again = user.run("up")
    assert "interrupted while" not in again, "what had begun was ended"
    assert "microsoft-entra-application" not in again.split("Outputs:")[0]


def test_an_interrupted_proof_is_ended_at_once(user: User) -> None:
    user.run("preview")
    _let_no_secret_work(user)
    user.settings.write_text("proofDeadline: 3600", "utf-8")
    said, code = user.run_until("secret-blue created", signal.SIGINT, "up")
    assert code == 128 + signal.SIGINT
    assert "microsoft-proof created" not in said


def test_down_ends_what_a_killed_run_has_left_and_the_next_run_continues(user: User) -> None:
    user.run_until("service-principal created", signal.SIGKILL, "up")
    user.run("down")
    assert user.processes() == []
    assert "microsoft-entra-service-principal created" not in user.run("up")


def test_creations_that_were_interrupted_are_named_and_forgotten_by_refresh(user: User) -> None:
    user.run("up")

    def interrupt(latest: dict[str, Any]) -> None:
        latest["pending_operations"] = [{"resource": _resource(latest, "microsoft-proof"), "type": "creating"}]

    _edit(user.checkpoint, interrupt)
    said = user.run("up")
    assert "microsoft-proof, interrupted while creating" in said
    assert "`make refresh` takes what is really there into the state, and forgets the creations" in said
    user.run("refresh")
    assert "interrupted while" not in user.run("up")


def test_what_another_rehearsal_has_started_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "other"
    command = ["sh", "-c", "echo awake; exec sleep 60"]
    sleeper = subprocess.Popen(command, env={**os.environ, **run_mark(other)}, stdout=subprocess.PIPE)
    try:
        assert sleeper.stdout is not None
        assert sleeper.stdout.readline()
        assert _marked(lambda mark: mark.state_dir == tmp_path / "mine") == []
        assert _marked(lambda mark: mark.state_dir == other) == [sleeper.pid]
    finally:
        sleeper.kill()
        sleeper.wait()


def test_a_second_run_beside_the_first_is_told_who_is_at_work(user: User) -> None:
    user.run("preview")
    _let_no_secret_work(user)
    user.settings.write_text("proofDeadline: 3600", "utf-8")
    first = user.start("up")
    assert first.stdout is not None
    for line in first.stdout:
        if "secret-blue created" in line:
            break
    said = user.run("destroy", code=1)
    assert re.search(r"Another run works on this stack \(process \d+\)\. Nothing was done\.\nNext: wait", said)
    first.send_signal(signal.SIGINT)
    first.stdout.read()
    assert first.wait() == 128 + signal.SIGINT


# --- a state that was cut off ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("left", ["", '{"version": 3, "chec', None])
def test_a_state_that_was_cut_off_is_restored_from_the_one_before(user: User, left: str | None) -> None:
    user.run("up")
    if left is None:
        user.checkpoint.unlink()
    else:
        user.checkpoint.write_text(left, "utf-8")
    said = user.run("up")
    assert "The state of the stack was cut off when a run was killed. The state before its last step has been" in said
    assert "cut off" not in user.run("up")


def test_attributes_that_were_cut_off_do_no_harm(user: User) -> None:
    user.run("up")
    user.checkpoint.with_name("rehearsal.json.attrs").write_text("", "utf-8")
    assert "Nothing changed" in user.run("up")


# --- the port of the last run ----------------------------------------------------------------------------------------


def test_where_another_program_has_the_port_of_the_stack_up_is_what_moves_it_on(user: User) -> None:
    user.run_until("service-principal created", signal.SIGKILL, "up")
    address = user.state_dir / "address"
    assert _PORT.search(address.read_text("utf-8")), "even a run that was killed has noted the address"
    address.write_text("https://localhost:1\n", "utf-8")
    for command in ("refresh", "destroy"):
        said = user.run(command, code=1)
        assert "another program has taken the port of https://localhost:1" in said
        assert f"`make up` moves the stack to the new address; then `make {command}`" in said
    user.run("up")
    assert _PORT.search(address.read_text("utf-8"))
    user.run("refresh")
    user.run("destroy")
    assert not address.exists()


def test_an_emulator_that_ends_during_a_run_is_told_with_where_its_log_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(_arguments: object) -> int:
        raise httpx.ConnectError("[Errno 111] Connection refused")

    monkeypatch.setitem(rehearsal.__main__._COMMANDS, "outputs", refused)
    monkeypatch.setattr(rehearsal.__main__, "STATE_DIR", tmp_path)
    assert rehearsal.__main__.main(["outputs"]) == 1
    said = capsys.readouterr().err
    assert "The emulator has stopped answering ([Errno 111] Connection refused)" in said
    assert f"{tmp_path / 'emulator' / 'emulator.log'}.\nNext: run the same again" in said
