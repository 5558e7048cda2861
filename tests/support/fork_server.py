"""A process that has imported everything, and forks a child for each piece of work.

A new interpreter takes a second to import what a run of the stack needs; a fork of one that has takes milliseconds. It
is a process of its own all the same: it can be killed, and nothing that a run leaves in memory reaches the next one.
The server has one thread and no gRPC channel, which is what makes forking it safe.

``python -m tests.support.fork_server <socket>`` serves until its standard input ends. The other half of this module is
for its clients.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import os
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Client, Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol

from emulator.engine.embedded import DEFAULT_PARALLEL, EmbeddedEngine
from emulator.engine.interface import EngineError
from emulator.engine.providers.base import Provider, ProviderError, Surroundings
from emulator.engine.providers.command import CommandProvider, OnLine
from emulator.engine.providers.dynamic import DynamicProvider
from emulator.engine.secrets import PassphraseSecrets

_ROOT: Final = Path(__file__).parents[2]
_START_DEADLINE_S: Final = 60.0
_STOP_DEADLINE_S: Final = 10.0
_QUIET: Final = {"GRPC_VERBOSITY": "ERROR"}
"""Else gRPC prints a line for each connection whose other end was ended."""
_PROOF: Final = ["-m", "pulumi_unifiedto.client_secret.proof"]


class Work(Protocol):
    """What a child does; everything is said through the connection, which ends with the child."""

    def run(self, connection: Connection) -> None: ...


# --- the kinds of work -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Operation:
    """One operation of the embedded engine, which takes one step at a time where it is stopped at boundaries.

    Answers ``("pid", number)`` first; with ``stops_at_boundaries`` ``("boundary", name)`` at each boundary, and waits
    there for any message; at last ``("done", Result)`` or ``("failed", message, diagnostics, result)``.
    """

    server: str
    project_dir: Path
    stack: str
    state_dir: Path
    environment: Mapping[str, str]
    operation: str
    stops_at_boundaries: bool

    def run(self, connection: Connection) -> None:
        connection.send(("pid", os.getpid()))
        one_at_a_time = threading.Lock()

        def on_boundary(name: str) -> None:
            with one_at_a_time:
                connection.send(("boundary", name))
                connection.recv()

        engine = EmbeddedEngine(
            self.project_dir,
            self.stack,
            self.state_dir,
            env=self.environment,
            on_boundary=on_boundary if self.stops_at_boundaries else None,
            parallel=1 if self.stops_at_boundaries else DEFAULT_PARALLEL,
            providers={"command": self._command, "pulumi-python": self._dynamic},
        )
        try:
            result = getattr(engine, self.operation)()
        except EngineError as error:
            connection.send(("failed", str(error), error.diagnostics, error.result))
        else:
            connection.send(("done", result))

    def _command(self, surroundings: Surroundings) -> Provider:
        return CommandProvider(surroundings, self._run_proof)

    def _run_proof(
        self, arguments: Sequence[str], environment: Mapping[str, str], directory: str, stdin: str, on_line: OnLine
    ) -> int:
        assert list(arguments[1:3]) == _PROOF, f"not the proof: {arguments}"
        with Client(self.server, "AF_UNIX") as server:
            server.send(Proof(dict(environment), directory))
            code, out, err = server.recv()
        for name, text in (("stdout", out), ("stderr", err)):
            for line in text.splitlines(keepends=True):
                on_line(name, line)
        return int(code)

    def _dynamic(self, surroundings: Surroundings) -> Provider:
        return DynamicProvider(surroundings, process=ForkedDynamicProcess(self.server, surroundings))


@dataclass(frozen=True)
class Proof:
    """``python -m pulumi_unifiedto.client_secret.proof``. Answers (exit code, standard output, standard error)."""

    environment: dict[str, str]
    directory: str

    def run(self, connection: Connection) -> None:
        from pulumi_unifiedto.client_secret import proof

        _become(self.environment, self.directory)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            code = 1
            try:
                code = proof.main(self.environment)
            except BaseException:
                traceback.print_exc()
            sys.stdout.flush()
            sys.stderr.flush()
            out.seek(0)
            err.seek(0)
            connection.send((code, out.read().decode(), err.read().decode()))


@dataclass(frozen=True)
class DynamicServer:
    """``python -u -m pulumi.dynamic``. Sends the lines it prints; ends at the first message, or with the connection."""

    environment: dict[str, str]
    directory: str

    def run(self, connection: Connection) -> None:
        _become(self.environment, self.directory)
        read_end, write_end = os.pipe()
        os.dup2(write_end, 1)
        os.dup2(write_end, 2)
        os.close(write_end)
        sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb", 0), write_through=True)
        sys.stderr = io.TextIOWrapper(os.fdopen(2, "wb", 0), write_through=True)
        sender = threading.Thread(target=self._send_lines, args=(read_end, connection), daemon=True)
        sender.start()
        threading.Thread(target=self._end_with, args=(connection, sender), daemon=True).start()
        sys.argv = ["pulumi.dynamic", "127.0.0.1:0"]
        sys.path.insert(0, self.directory)
        runpy.run_module("pulumi.dynamic", run_name="__main__", alter_sys=True)

    @staticmethod
    def _send_lines(read_end: int, connection: Connection) -> None:
        with os.fdopen(read_end, errors="replace") as lines, contextlib.suppress(OSError):
            for line in lines:
                connection.send(line)

    @staticmethod
    def _end_with(connection: Connection, sender: threading.Thread) -> None:
        try:
            connection.recv()
        except (EOFError, OSError):
            os._exit(0)
        os.close(1)
        os.close(2)
        sender.join()
        os._exit(0)


@dataclass(frozen=True)
class Preparation:
    """Done in the server itself, for all children to come: derives the key of a state's secrets."""

    passphrase: str
    secrets_state: str

    def run(self, connection: Connection) -> None:
        PassphraseSecrets(self.passphrase, self.secrets_state).verify()
        connection.send("done")


def _become(environment: Mapping[str, str], directory: str) -> None:
    os.environ.clear()
    os.environ.update({**environment, **_QUIET})
    os.chdir(directory)


# --- the server ------------------------------------------------------------------------------------------------------


_USED_LATE: Final = (
    "azure.identity._credentials.client_secret",
    "cryptography.hazmat.primitives.ciphers.aead",
    "emulator.engine.providers.azuread",
    "grpc._channel",
    "grpc.experimental",
    "h11",
    "httpcore",
    "msal_extensions",
    "netrc",
    "pulumi_azuread.application",
    "pulumi_azuread.application_password",
    "pulumi_azuread.get_client_config",
    "pulumi_azuread.get_service_principal",
    "pulumi_azuread.service_principal",
    "pulumi_command.local.command",
    "pulumi_unifiedto.configuration",
    "pulumi_unifiedto.microsoft_integration",
    "pulumi_unifiedto.client_secret.proof",
    "pulumi_unifiedto.registration.workspace_integration",
)
"""What children would import in the middle of their work."""


def _preload() -> None:
    for name in _USED_LATE:
        importlib.import_module(name)


def serve(path: str) -> None:
    """Fork a child for each connection until standard input ends."""
    _preload()
    gc.collect()
    gc.freeze()  # a collection in a child would touch, and so copy, every page
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    os.set_blocking(wake_read, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(64)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            ready, _, _ = select.select([listener, sys.stdin, wake_read], [], [])
            if wake_read in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(wake_read, 4096)
                _reap()
            if sys.stdin in ready:
                return
            if listener in ready:
                accepted, _ = listener.accept()
                with Connection(accepted.detach()) as connection:
                    _start(connection, listener)


def _start(connection: Connection, listener: socket.socket) -> None:
    try:
        work: Work = connection.recv()
    except (EOFError, ConnectionResetError):
        return  # whoever connected was killed before it said what for
    if isinstance(work, Preparation):
        work.run(connection)
        return
    if os.fork():
        return
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    listener.close()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    try:
        work.run(connection)
    except (BrokenPipeError, ConnectionResetError, EOFError):
        pass  # whoever asked is gone
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


# --- its clients -----------------------------------------------------------------------------------------------------


class ForkServer:
    """``with ForkServer() as server:`` serves until the block, or this process, ends."""

    def __init__(self) -> None:
        self._directory = tempfile.mkdtemp(prefix="fork-")
        self.path = os.path.join(self._directory, "socket")
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> ForkServer:
        paths = [str(_ROOT / "components"), str(_ROOT), os.environ.get("PYTHONPATH", "")]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.fork_server", self.path],
            cwd=_ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), **_QUIET},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], _START_DEADLINE_S)
        assert ready, "the fork server did not start in time"
        assert self._process.stdout.readline() == "ready\n", "the fork server did not start"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(_STOP_DEADLINE_S)
        self._process.stdout.close()
        shutil.rmtree(self._directory)

    def give(self, work: Work) -> Connection:
        """The connection to a new child that does the work."""
        connection: Connection = Client(self.path, "AF_UNIX")
        connection.send(work)
        return connection

    def prepare(self, preparation: Preparation) -> None:
        """Has something done before any child is forked."""
        with self.give(preparation) as connection:
            connection.recv()


class ForkedDynamicProcess:
    """A dynamic provider process; its lines go to ``surroundings.report``."""

    def __init__(self, server: str, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        environment = {**surroundings.env, "PULUMI_PROJECT": surroundings.project}
        self._connection = Client(server, "AF_UNIX")
        self._connection.send(DynamicServer(environment, str(surroundings.project_dir)))
        self._port: int | None = None
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def port(self) -> int:
        """The port to connect to."""
        self._ready.wait(_START_DEADLINE_S)
        if self._port is None:
            raise ProviderError("the dynamic provider process did not start")
        return self._port

    def _read(self) -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                line = str(self._connection.recv()).rstrip("\n")
                if self._port is None and line.isdigit():
                    self._port = int(line)
                    self._ready.set()
                else:
                    self._surroundings.report("info", line)
        self._ready.set()

    def stop(self) -> None:
        """End the process and wait for it."""
        with contextlib.suppress(OSError):
            self._connection.send("stop")
        self._reader.join(_STOP_DEADLINE_S)
        self._connection.close()


def wait_until_gone(pid: int) -> None:
    """Returns once a process that was killed has given up everything it held."""
    deadline = time.monotonic() + _STOP_DEADLINE_S
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.001)
    raise AssertionError(f"process {pid} does not end")


def answers(connection: Connection) -> Any:
    """The next message, None when the child is gone."""
    try:
        return connection.recv()
    except (EOFError, ConnectionResetError):
        return None


if __name__ == "__main__":
    # Under its importable name, so that what clients send can be unpickled.
    from tests.support import fork_server

    fork_server.serve(sys.argv[1])
