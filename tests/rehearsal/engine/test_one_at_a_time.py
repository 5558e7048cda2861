"""One process at a time gets the CLI; an interrupted one leaves nothing, a killed one nothing that stays."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys

import filelock
import pytest

from rehearsal.engine import cache, find
from tests.rehearsal.engine.machine import Machine


class Building:
    """The command in the middle of a build: ``go`` runs until it is killed."""

    def __init__(self, machine: Machine) -> None:
        begun, never = machine.root / "begun", machine.root / "never"
        for pipe in (begun, never):
            os.mkfifo(pipe)
        machine.go(meanwhile=f'mkdir -p "$GOMODCACHE/m"; echo $$ > "{begun}"; read line < "{never}"')
        self.process = subprocess.Popen(
            [sys.executable, "-m", "rehearsal.engine"],
            env=machine.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.go = int(begun.read_text())

    def goes_on(self) -> bool:
        """Whether Go still runs after ten seconds; a signal needs a moment."""
        try:
            descriptor = os.pidfd_open(self.go)
        except ProcessLookupError:
            return False
        try:
            return not select.select([descriptor], [], [], 10)[0]
        finally:
            os.close(descriptor)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=str
)
def test_an_interrupted_build_ends_its_children_and_leaves_nothing(
    machine: Machine, number: signal.Signals, code: int
) -> None:
    building = Building(machine)
    assert len(machine.leftovers) == 1
    building.process.send_signal(number)
    lines, errors = building.process.communicate()
    assert building.process.returncode == code
    assert lines.endswith("  Building 3 packages.\nTemporary files are removed.\n")
    assert "Traceback" not in errors
    assert not building.goes_on()
    assert not machine.leftovers
    assert find.available(machine.say) is None


def test_what_a_killed_build_left_is_removed_by_the_next(machine: Machine) -> None:
    building = Building(machine)
    building.process.kill()
    building.process.communicate()
    os.killpg(building.go, signal.SIGKILL)  # Go itself ends at its next line: nobody reads it
    (leftover,) = machine.leftovers
    assert list(leftover.iterdir())
    machine.go()
    assert find.ensure(machine.say).origin == "module"
    assert "What an earlier run left when it was killed is removed." in machine.said
    assert not machine.leftovers


def test_the_second_process_waits_and_uses_what_the_first_got(machine: Machine) -> None:
    machine.go()
    machine.cache.mkdir(parents=True)
    first = filelock.FileLock(machine.cache / "lock")
    first.acquire()

    def say(line: str) -> None:
        machine.say(line)
        if line.startswith("Another process"):
            machine.cached()
            first.release()

    assert find.ensure(say).origin == "cache"
    assert machine.said[-1] == "Another process is getting Pulumi; waiting for it."
    assert machine.calls == []


def test_the_second_process_says_again_that_it_waits(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "LINE_EVERY_S", 0.0)
    machine.cache.mkdir(parents=True)
    first = filelock.FileLock(machine.cache / "lock")
    first.acquire()

    def say(line: str) -> None:
        machine.say(line)
        if "by now" in line:
            first.release()

    with cache.held(say):
        assert machine.said == [
            "Another process is getting Pulumi; waiting for it.",
            "Another process is getting Pulumi; waiting for it (0 s by now).",
        ]


def test_the_second_process_gets_the_cli_itself_if_the_first_did_not(machine: Machine) -> None:
    machine.go(lines=["fmt: signal: killed"], code=1)
    with pytest.raises(find.EngineUnavailable):
        find.ensure(machine.say)
    machine.go()
    assert find.ensure(machine.say).origin == "module"
