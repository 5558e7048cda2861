"""What a user sees when a rehearsal cannot go on, is interrupted, or has nothing to do."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.core.daemon import find
from emulator.engine import pulumi_cli
from emulator.engine.choice import choose_engine, holding_engines
from emulator.engine.interface import EngineError
from emulator.engine.processes import _marked, run_mark
from emulator.rehearsal import STACK
from tests.support import real_pulumi

ROOT = Path(__file__).parents[2]
_PORT = re.compile(r"localhost:\d+")


class _User:
    """Somebody with a rehearsal of their own; `run` returns everything that was printed."""

    def __init__(self, directory: Path) -> None:
        self.state_dir = directory / "rehearsal"
        self.settings = directory / "rehearsal.yaml"
        self.settings.write_text((ROOT / "emulator" / "rehearsal.yaml").read_text("utf-8"), "utf-8")

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        places = {"UNIFIEDTO_REHEARSAL_DIR": str(self.state_dir), "UNIFIEDTO_REHEARSAL_SETTINGS": str(self.settings)}
        return subprocess.Popen(
            [sys.executable, "-u", "-m", "emulator.rehearsal", *arguments],
            cwd=ROOT,
            env={**os.environ, **places},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, code: int = 0) -> str:
        process = self.start(*arguments)
        said, _ = process.communicate(timeout=120)
        assert process.returncode == code, said
        assert "Traceback" not in said
        return said

    def run_until(self, words: str, number: signal.Signals, *arguments: str) -> tuple[str, int]:
        """A run that gets a signal as soon as it has printed some words; what it printed, and its exit code."""
        process = self.start(*arguments)
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if words in line:
                process.send_signal(number)
        return said, process.wait()

    def processes(self) -> list[int]:
        """Everything that runs for a stack of this rehearsal."""
        return _marked(lambda mark: self.state_dir in mark.state_dir.parents)


@pytest.fixture
def user(tmp_path: Path) -> Iterator[_User]:
    person = _User(tmp_path)
    yield person
    person.run("down")
    assert person.processes() == []


# --- nothing to do ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["outputs", "destroy"])
def test_where_nothing_is_deployed_it_is_said(user: _User, command: str) -> None:
    assert "Nothing is deployed" in user.run(command)
    assert "The stack is gone" not in user.run(command)


# --- rehearsal.yaml --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("displayName: [", "is not YAML"),
        ("- displayName", "has to be a mapping"),
        ("rotatEvery: P30D", 'sets "rotatEvery", which nothing reads.\nNext: write "rotateEvery"'),
        ("zzz: 1", "take it out. The keys are displayName"),
        ("apiUrl: https://api.unified.to", "sets apiUrl, which is the emulator's"),
    ],
)
def test_a_mistake_in_rehearsal_yaml_is_named_before_anything_is_done(user: _User, text: str, words: str) -> None:
    user.settings.write_text(text, "utf-8")
    assert words in user.run("up", "--engine", "embedded", code=1)
    assert find(user.state_dir / "emulator") is None


def test_what_a_preview_names_is_deployed_nowhere(user: _User) -> None:
    """As `pulumi up` does it: only Unified.to knows this name, and the app would exist before it is asked."""
    text = user.settings.read_text("utf-8")
    user.settings.write_text(text.replace("microsoft_ad", "microsft_ad"), "utf-8")
    said = user.run("up", "--engine", "embedded", "--later", "P1D", code=1)
    assert "Previewing update (rehearsal):" in said
    assert 'UNI101 Unified.to has no integration type "microsft_ad"' in said
    assert "nothing was deployed. Mend what it names and run `make up` again, without LATER" in said
    assert "created" not in said
    assert "Nothing is deployed" in user.run("outputs")
    user.settings.write_text(text, "utf-8")
    assert "+ 11 created" in user.run("up")


def test_a_directory_that_cannot_be_used_is_named(user: _User) -> None:
    user.state_dir.mkdir()
    (user.state_dir / "embedded").write_text("in the way", "utf-8")
    said = user.run("up", "--engine", "embedded", code=1)
    assert f"cannot use its files ({user.state_dir / 'embedded'})" in said
    assert "Next: " in said


# --- a failed run ----------------------------------------------------------------------------------------------------


def test_after_a_failed_run_that_let_time_pass_the_advice_lets_no_more_pass(user: _User) -> None:
    user.settings.write_text("proofDeadline: 1", "utf-8")  # a new secret takes two seconds to work
    said = user.run("up", "--engine", "embedded", "--later", "P90D", code=1)
    assert "UNI308" in said
    assert "run `make up`, without LATER: the clock has been moved on already" in said


def test_a_secret_that_a_message_wants_removed_is_removed_from_the_emulator(user: _User) -> None:
    user.run("up", "--engine", "embedded")
    checkpoint = user.state_dir / "embedded" / f"{STACK}.json"
    # As after a run that ended when Entra had made the secret: nothing that came later is in the state.
    _edit(checkpoint, _without_the_secret_and_what_follows)
    told = user.run("up")
    assert "az ad app credential delete" in told
    found = re.search(r"In this rehearsal: `make remove-secret KEY=([0-9a-f-]{36})` removes", told)
    assert found is not None, told
    listed = re.findall(r"^  ([0-9a-f-]{36}) \"", user.run("remove-secret", code=1), re.MULTILINE)
    assert len(listed) == 2, "the lost one and the new one, and not the deploying identity's own"
    assert found[1] in listed
    assert "is removed from the emulator" in user.run("remove-secret", "--key", found[1])
    again = user.run("up")
    assert "Nothing changed" in again
    assert "az ad app" not in again


def _edit(checkpoint: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads(checkpoint.read_text("utf-8"))
    change(content["checkpoint"]["latest"])
    checkpoint.write_text(json.dumps(content), "utf-8")


def _without_the_secret_and_what_follows(latest: dict[str, Any]) -> None:
    for name in (
        "microsoft-secret-blue",
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
def test_an_interrupted_run_ends_its_step_says_so_and_is_gone_on_with(user: _User, number: signal.Signals) -> None:
    said, code = user.run_until("service-principal created", number, "up", "--engine", "embedded")
    assert code == 128 + number
    assert "Traceback" not in said
    assert "`make up` goes on from there" in said
    again = user.run("up")
    assert "interrupted while" not in again, "what had begun was ended"
    assert "microsoft-entra-application" not in again.split("Outputs:")[0]


def test_a_killed_run_leaves_no_provider_process(user: _User) -> None:
    user.run_until("microsoft-proof created", signal.SIGKILL, "up", "--engine", "embedded")
    for pid in user.processes():
        _wait_until_gone(pid)


def test_creations_that_were_interrupted_are_listed_once_and_forgotten_by_refresh(user: _User) -> None:
    user.run("up", "--engine", "embedded")

    def interrupt_twice(latest: dict[str, Any]) -> None:
        latest["pending_operations"] = 2 * [{"resource": _resource(latest, "microsoft-proof"), "type": "creating"}]

    _edit(user.state_dir / "embedded" / f"{STACK}.json", interrupt_twice)
    said = user.run("up")
    assert said.count("microsoft-proof, interrupted while creating") == 1
    assert "`make refresh` takes what is really there into the state, and forgets the creations" in said
    user.run("refresh")
    assert "interrupted while" not in user.run("up")


def _wait_until_gone(pid: int) -> None:
    descriptor = os.pidfd_open(pid)
    try:
        assert select.select([descriptor], [], [], 10)[0], f"process {pid} stays"
    finally:
        os.close(descriptor)


@real_pulumi.needed
def test_an_interrupted_run_of_pulumi_ends_with_everything_that_it_started(user: _User) -> None:
    said, code = user.run_until("service-principal created", signal.SIGTERM, "up", "--engine", "pulumi")
    assert code == 128 + signal.SIGTERM
    assert "Traceback" not in said
    assert "`make up` goes on from there" in said
    assert user.processes() == []
    assert "interrupted while" not in user.run("up")


@real_pulumi.needed
def test_down_ends_what_a_killed_run_of_pulumi_has_left(user: _User) -> None:
    user.run_until("service-principal created", signal.SIGKILL, "up", "--engine", "pulumi")
    assert user.processes() != []
    assert "processes behind: they are ended" in user.run("down")
    assert user.processes() == []


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


# --- which engine ----------------------------------------------------------------------------------------------------


@pytest.fixture
def _no_pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(pulumi_cli, "_site_answers", lambda: False)


def _deployed_by(engine: str, state_dir: Path, resources: int = 1) -> None:
    places = {"embedded": "embedded", "pulumi": "pulumi/pulumi/backend/.pulumi/stacks/unifiedto"}
    directory = state_dir / places[engine]
    directory.mkdir(parents=True)
    checkpoint: dict[str, Any] = {"checkpoint": {"latest": {"resources": [{}] * resources}}}
    (directory / f"{STACK}.json").write_text(json.dumps(checkpoint), "utf-8")


def test_another_engine_than_the_one_that_holds_the_stack_is_refused(tmp_path: Path) -> None:
    _deployed_by("embedded", tmp_path)
    with pytest.raises(EngineError, match="make destroy"):
        choose_engine("pulumi", tmp_path, STACK, may_install=False)


def test_an_engine_that_has_deployed_nothing_holds_nothing(tmp_path: Path) -> None:
    _deployed_by("pulumi", tmp_path, resources=0)
    assert holding_engines(tmp_path, STACK) == []
    assert choose_engine("embedded", tmp_path, STACK, may_install=False).name == "embedded"


@pytest.mark.usefixtures("_no_pulumi")
@pytest.mark.parametrize("wanted", ["auto", "pulumi", "embedded"])
def test_a_stack_of_pulumis_where_pulumi_is_gone_has_a_way_out(tmp_path: Path, wanted: str) -> None:
    _deployed_by("pulumi", tmp_path)
    with pytest.raises(EngineError) as caught:
        choose_engine(wanted, tmp_path, STACK, may_install=False)
    assert "was deployed by Pulumi, which cannot be used now: Pulumi is not on PATH." in str(caught.value)
    assert "`make clean`" in str(caught.value)
    assert "is used" not in str(caught.value)


@pytest.mark.usefixtures("_no_pulumi")
def test_asked_for_pulumi_where_there_is_none_the_way_to_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="ENGINE=pulumi asks for Pulumi, which cannot be used: Pulumi is not on PATH"):
        choose_engine("pulumi", tmp_path, STACK, may_install=False)


# --- the port of the last run ----------------------------------------------------------------------------------------


def test_where_another_program_has_the_port_of_the_stack_up_is_what_moves_it_on(user: _User) -> None:
    user.run_until("service-principal created", signal.SIGKILL, "up", "--engine", "embedded")
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


# --- the Makefile ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "command"),
    [
        ((), '--engine="auto" --later=""'),
        (("ENGINE=",), '--engine="auto" --later=""'),
        (("ENGINE=embedded", "LATER=-P1D"), '--engine="embedded" --later="-P1D"'),
        (("LATER=P1D P2D",), '--engine="auto" --later="P1D P2D"'),
    ],
)
def test_make_passes_on_what_it_was_given_and_nothing_else(given: tuple[str, ...], command: str) -> None:
    said = subprocess.run(["make", "-n", "up", *given], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert f"-m emulator.rehearsal up {command}\n" in said
