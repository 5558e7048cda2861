"""An interpreter that has imported everything already, and forks a child for each program that it is asked to run.

A run of the stack starts two Python processes, the provider of dynamic resources and the proof, which spend nearly all
of their time on imports. A fork of a process that has imported all takes milliseconds, and is a process of its own all
the same: it can be killed, and leaves nothing to the next one. The server has one thread and no gRPC channel, which is
what makes forking it safe.

``python -m tests.support.warm_python <socket>`` serves until its standard input ends.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import json
import os
import runpy
import select
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any, Final

_ROOT: Final = Path(__file__).parents[2]
_START_DEADLINE_S: Final = 60.0
_IDLE_DEADLINE_S: Final = 60.0
_STOP_DEADLINE_S: Final = 10.0
_LENGTH: Final = struct.Struct("!I")
_QUIET: Final = {"GRPC_VERBOSITY": "ERROR"}
"""Else gRPC prints a line for each connection whose other end was ended."""

BOUNDARIES: Final = "TESTS_BOUNDARIES"
"""The environment variable that names the socket where a provider reports its calls (see ``boundaries``)."""

_USED: Final = (
    "azure.identity._credentials.client_secret",
    "cryptography.hazmat.primitives.ciphers.aead",
    "dill",
    "grpc._channel",
    "h11",
    "httpcore",
    "msal_extensions",
    "netrc",
    "pulumi.runtime._serialization",
    "pulumi_unifiedto.client_secret.proof",
    "pulumi_unifiedto.client_secret.schedule",
    "pulumi_unifiedto.registration.workspace_integration",
    "tests.support.boundaries",
)


class WarmPython:
    """``with WarmPython() as python:`` serves until the block, or this process, ends.

    ``executable``: takes the arguments of an interpreter that runs a module, ``[-u] -m <module> ...``.
    """

    def __init__(self) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="warm-"))
        self._socket = self._directory / "socket"
        self.executable = self._directory / "python"
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> WarmPython:
        command = [sys.executable, "-I", "-S", str(Path(__file__).with_name("warm_client.py")), str(self._socket)]
        self.executable.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n', "utf-8")
        self.executable.chmod(0o700)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.warm_python", str(self._socket)],
            cwd=_ROOT,
            env={**os.environ, **_QUIET},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], _START_DEADLINE_S)
        assert ready, "the warm interpreter did not start in time"
        assert self._process.stdout.readline() == "ready\n", "the warm interpreter did not start"
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

    def wait_until_idle(self) -> None:
        """Returns when every child has ended; a child ends with the process that asked for it.

        :raises TimeoutError: one of them goes on; a test that killed its CLI has to end what it left behind.
        """
        with socket.socket(socket.AF_UNIX) as server:
            server.settimeout(_IDLE_DEADLINE_S)
            server.connect(str(self._socket))
            server.sendall(_LENGTH.pack(0))
            server.recv(1)


# --- the server ------------------------------------------------------------------------------------------------------


def serve(path: str) -> None:
    """Forks a child for each connection until standard input ends."""
    for name in _USED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # a collection in a child would touch, and so copy, every page
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(64)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            ready, _, _ = select.select([listener, sys.stdin], [], [])
            _reap(os.WNOHANG)
            if sys.stdin in ready:
                return
            connection, _ = listener.accept()
            with connection:
                _take(connection, listener)


def _take(connection: socket.socket, listener: socket.socket) -> None:
    try:
        header, streams, _, _ = socket.recv_fds(connection, _LENGTH.size, 3)
        if not streams:
            if header:
                _reap(0)
                connection.sendall(b"\0")
            return
        request = json.loads(_exactly(connection, _LENGTH.unpack(header)[0]))
    except (ConnectionError, ValueError):
        return  # whoever connected was killed before it said what for
    if os.fork() == 0:
        listener.close()
        code = 1
        try:
            code = _run(connection, request, streams)
        except BaseException:
            traceback.print_exc()
        finally:
            _flush()
            with contextlib.suppress(OSError):
                connection.sendall(bytes([code]))
            os._exit(code)
    for stream in streams:
        os.close(stream)


def _exactly(connection: socket.socket, length: int) -> bytes:
    body = b""
    while len(body) < length:
        part = connection.recv(length - len(body))
        if not part:
            raise ConnectionError
        body += part
    return body


def _reap(options: int) -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, options)[0]:
            pass


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()


# --- a child ---------------------------------------------------------------------------------------------------------


def _run(connection: socket.socket, request: dict[str, Any], streams: list[int]) -> int:
    """Is ``python [-u] -m <module> ...`` to all who see it; its exit code."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb", 0), write_through=True)
    sys.stderr = io.TextIOWrapper(os.fdopen(2, "wb", 0), write_through=True)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update({**request["environment"], **_QUIET})
    os.chdir(request["directory"])
    threading.Thread(target=_end_with, args=(connection,), daemon=True).start()
    _, module, *arguments = [argument for argument in request["arguments"] if argument != "-u"]
    sys.argv = [module, *arguments]
    sys.path.insert(0, request["directory"])
    if not hasattr(sys.modules.get(module), "__path__"):
        sys.modules.pop(module, None)  # it runs anew, as __main__; of a package, its own __main__ does
    if BOUNDARIES in os.environ:
        from tests.support.boundaries import report_calls

        report_calls(os.environ[BOUNDARIES])
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0


def _end_with(connection: socket.socket) -> None:
    """Ends this process with the one that asked for it."""
    with contextlib.suppress(OSError):
        connection.recv(1)
    os._exit(1)


if __name__ == "__main__":
    serve(sys.argv[1])
