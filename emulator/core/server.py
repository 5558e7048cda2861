"""Runs the emulator: a TLS server on loopback, in a thread for tests. ``daemon`` keeps one between commands.

It listens on 127.0.0.1 only, because its secrets are public.
"""

from __future__ import annotations

import asyncio
import socket
import sqlite3
import ssl
import threading
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, cast

import uvicorn
from filelock import FileLock, Timeout
from uvicorn.protocols.http.h11_impl import H11Protocol

from emulator.core import services
from emulator.core.app import create_app
from emulator.core.client import EmulatorControl
from emulator.core.exchange import TRANSPORT_EXTENSION
from emulator.core.world import World

_LAST_PORT = 65535
_BACKLOG = 1024
STOP_DEADLINE_S = 10.0


class EmulatorError(Exception):
    """The emulator cannot be started, found or stopped; the message says why and what to do."""


def state_lock(state_dir: Path) -> FileLock:
    """The lock that an emulator holds on its state directory as long as it runs."""
    return FileLock(state_dir / "server.lock")


def unusable(state_dir: Path, error: Exception) -> EmulatorError:
    """The error for a state directory that cannot be written or read."""
    return EmulatorError(
        f"the state directory {state_dir} cannot be used ({error}): name another one, or, if its "
        "contents are damaged, remove it to start again"
    )


class _Protocol(H11Protocol):
    """HTTP/1.1 whose scope holds the connection, so that faults can break it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        inner = self.app

        async def with_transport(scope: Any, receive: Any, send: Any) -> None:
            scope.setdefault("extensions", {})[TRANSPORT_EXTENSION] = transport
            await inner(scope, receive, send)

        self.app = cast(Any, with_transport)

    def shutdown(self) -> None:
        """Drop idle connections at once: a polite TLS close would wait for the client's."""
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()
        else:
            super().shutdown()


class EmulatorServer:
    """The emulator on its port.

    ``with EmulatorServer(state_dir) as emulator:`` serves in a thread until the block ends; ``run`` serves in the
    caller's. ``port=0`` takes any free one. The ``world`` may be used from the test's thread. Raises ``EmulatorError``
    when the port or the state directory is in use.
    """

    def __init__(self, state_dir: Path, port: int = 0) -> None:
        state_dir = state_dir.resolve()
        with ExitStack() as opened:
            try:
                state_dir.mkdir(parents=True, exist_ok=True)
                opened.enter_context(state_lock(state_dir).acquire(timeout=0))
                self._socket = opened.enter_context(_listen(port))
                self.world = World(state_dir, services.load())
            except Timeout as error:
                raise EmulatorError(f"another emulator uses the state directory {state_dir}: stop it first") from error
            except (OSError, ValueError, sqlite3.DatabaseError) as error:
                raise unusable(state_dir, error) from error
            opened.callback(self.world.close)
            self._opened = opened.pop_all()
        self.port: int = self._socket.getsockname()[1]
        self.base_url = self.world.base_url = f"https://localhost:{self.port}"
        self.ca_bundle = self.world.tls.bundle
        config = uvicorn.Config(
            create_app(self.world),
            http=_Protocol,
            ws="none",
            loop="asyncio",
            interface="asgi3",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            backlog=_BACKLOG,
            timeout_keep_alive=60,
            timeout_graceful_shutdown=1,
            ssl_certfile=str(self.world.tls.certificate),
            ssl_keyfile=str(self.world.tls.key),
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self.run, name="emulator", daemon=True)

    def __enter__(self) -> EmulatorServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._thread.join(STOP_DEADLINE_S)
        self.close()

    def run(self) -> None:
        """Serve in this thread until told to stop."""
        self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """Tell the thread that serves to stop."""
        self._server.should_exit = True

    def close(self) -> None:
        """Release the port, the store and the state directory; the state stays in it."""
        self._opened.close()

    @cached_property
    def ssl_context(self) -> ssl.SSLContext:
        """A client's context that trusts the emulator."""
        return ssl.create_default_context(cafile=str(self.ca_bundle))

    @cached_property
    def control(self) -> EmulatorControl:
        """A client of the control routes."""
        return self._opened.enter_context(EmulatorControl(self.base_url, self.ca_bundle))

    def env(self) -> dict[str, str]:
        """Environment variables that point clients at this emulator."""
        return self.world.environment()


def _listen(port: int) -> socket.socket:
    """A socket that takes connections from now on; they wait until the server runs."""
    if not 0 <= port <= _LAST_PORT:
        raise EmulatorError(f"port {port} does not exist: name one from 1 to {_LAST_PORT}, or 0 for any that is free")
    # asyncio turns off Nagle's algorithm only for sockets that name their protocol; with it each answer waits 40 ms.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(("127.0.0.1", port))
        sock.listen(_BACKLOG)
    except OSError as error:
        sock.close()
        raise EmulatorError(f"port {port} of 127.0.0.1 cannot be used: {error.strerror}") from error
    return sock
