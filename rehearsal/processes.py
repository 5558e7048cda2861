"""The processes that an operation starts - the CLI, language host, plugins, commands - and how they are ended.

Each carries a mark in its environment: the process that drives the operation, and the state directory of its stack.
They are found by way of ``/proc``, hence on Linux only, which is the only place where Pulumi itself is used.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Final, NamedTuple

from pulumi import automation
from pulumi.automation.errors import create_command_error
from semver import VersionInfo

_MARK: Final = "UNIFIEDTO_REHEARSAL_RUN"
_PROC: Final = Path("/proc")
_GRACE_S: Final = 20.0
"""How long a CLI that was left alone may take to end the step it is at."""
_PAUSE_S: Final = 0.05
_START_TIME: Final = 19
"""Of the fields of ``/proc/<pid>/stat`` after the command's name (documented: proc(5))."""

OnOutput = Callable[[str], object]


class _Mark(NamedTuple):
    owner: int
    owner_started: str
    state_dir: Path


# --- what was started, and by whom -----------------------------------------------------------------------------------


def run_mark(state_dir: Path) -> dict[str, str]:
    """The mark of everything that this process starts for a stack: an environment variable."""
    return {_MARK: f"{os.getpid()}:{_started(os.getpid())}:{state_dir.resolve()}"}


def end_all(state_dir: Path) -> int:
    """Kills whatever was started for the stacks in a directory; how many processes that were."""
    wanted = state_dir.resolve()
    return _kill(lambda mark: wanted == mark.state_dir or wanted in mark.state_dir.parents)


def end_leftovers(state_dir: Path) -> int:
    """Ends what an operation left behind when the process that drove it was killed; how many processes that were.

    The CLI is asked first, and given the time to end the step it is at: then the step's outcome is in the state.
    """
    wanted = state_dir.resolve()

    def is_left(mark: _Mark) -> bool:
        return mark.state_dir == wanted and _started(mark.owner) != mark.owner_started

    asked = [pid for pid in _marked(is_left) if _command(pid) == "pulumi"]
    for pid in asked:
        _send(pid, signal.SIGINT)
    deadline = time.monotonic() + _GRACE_S
    while any(map(_started, asked)) and time.monotonic() < deadline:
        time.sleep(_PAUSE_S)
    return len(asked) + _kill(is_left)


def _kill(is_meant: Callable[[_Mark], bool]) -> int:
    killed: set[int] = set()
    while found := _marked(is_meant):  # again, for what was started meanwhile
        for pid in found:
            _send(pid, signal.SIGKILL)
        killed.update(found)
        time.sleep(_PAUSE_S)
    return len(killed)


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def _marked(is_meant: Callable[[_Mark], bool]) -> list[int]:
    if not _PROC.is_dir():
        return []
    pids = [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if pid != os.getpid() and (mark := _mark_of(pid)) is not None and is_meant(mark)]


def _mark_of(pid: int) -> _Mark | None:
    prefix = f"{_MARK}=".encode()
    for line in _read(pid, "environ").split(b"\0"):
        if line.startswith(prefix):
            owner, started, directory = line[len(prefix) :].decode("utf-8", "surrogateescape").split(":", 2)
            return _Mark(int(owner), started, Path(directory))
    return None


def _command(pid: int) -> str:
    return _read(pid, "comm").decode("utf-8", "replace").strip()


def _started(pid: int) -> str:
    """When a process started, in the kernel's words; empty if there is none, or only its zombie."""
    fields = _read(pid, "stat").rpartition(b")")[2].split()
    return "" if not fields or fields[0] == b"Z" else fields[_START_TIME].decode()


def _read(pid: int, name: str) -> bytes:
    try:
        return (_PROC / str(pid) / name).read_bytes()
    except OSError:
        return b""


# --- the CLI ---------------------------------------------------------------------------------------------------------


class CommandFailed(Exception):
    """A command of the CLI ended with another code than 0."""

    def __init__(self, answer: automation.CommandResult) -> None:
        super().__init__(f"exit code {answer.code}")
        self.answer = answer


class InterruptibleCommand(automation.PulumiCommand):
    """The CLI, which ends the step it is at when this process is interrupted.

    The Automation API's own closes the CLI's pipes then, which kills it in the middle of a step, and leaves language
    host and plugins behind. Here the CLI is in a session of its own, so that a terminal's Ctrl-C reaches this process
    alone; it is passed on once, and waited for. What the CLI prints goes to memory and needs no reader, so that it
    ends well even if this process is killed.
    """

    def __init__(self, cli: Path) -> None:
        self.command = str(cli)
        environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
        told = subprocess.check_output([self.command, "version"], env=environment, text=True)
        self.version = VersionInfo.parse(told.strip().removeprefix("v"))

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: OnOutput | None = None,
        on_error: OnOutput | None = None,
    ) -> automation.CommandResult:
        """As of the base class, but output is told when the command has ended; raises KeyboardInterrupt then."""
        with _memory() as out, _memory() as err:
            process = subprocess.Popen(
                [self.command, "--non-interactive", *args],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=cwd,
                env={**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"},
                start_new_session=True,
            )
            code, is_interrupted = _wait(process)
            output, errors = _lines(out), _lines(err)
        if is_interrupted:
            raise KeyboardInterrupt
        for told, lines in ((on_output, output), (on_error, errors)):
            for line in lines if told is not None else ():
                told(line)  # type: ignore[misc]
        result = automation.CommandResult(stdout="\n".join(output), stderr="\n".join(errors), code=code)
        if code != 0:
            raise create_command_error(result) from CommandFailed(result)
        return result


def _wait(process: subprocess.Popen[bytes]) -> tuple[int, bool]:
    is_interrupted = False
    while True:
        try:
            return process.wait(), is_interrupted
        except KeyboardInterrupt:
            if not is_interrupted:
                process.send_signal(signal.SIGINT)
            is_interrupted = True


def _memory() -> IO[bytes]:
    """A file that no directory holds: a command may print secrets."""
    if sys.platform == "linux":
        return open(os.memfd_create("pulumi"), "w+b")
    return tempfile.TemporaryFile()


def _lines(file: IO[bytes]) -> list[str]:
    file.seek(0)
    return [line.rstrip() for line in file.read().decode("utf-8", "replace").splitlines()]
