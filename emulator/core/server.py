"""Runs the emulator: a TLS server on loopback, in a thread for tests. ``daemon`` keeps one between commands.

It listens on 127.0.0.1 only, because its secrets are known to everybody.
"""

from __future__ import annotations

import asyncio
import socket
import sqlite3
import ssl
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, cast

import uvicorn
from filelock import FileLock, Timeout
from uvicorn.protocols.http.h11_impl import H11Protocol

from emulator.core.app import create_app
from emulator.core.client import EmulatorControl
from emulator.core.exchange import TRANSPORT_EXTENSION
from emulator.core.services import load
from emulator.core.world import Services, World

_LAST_PORT = 65535
START_DEADLINE_S = 30.0
STOP_DEADLINE_S = 10.0


class EmulatorError(Exception):
    """The emulator cannot be started, found or stopped; the message says why and what to do."""


def state_lock(state_dir: Path) -> FileLock:
    """The lock that an emulator holds on its state directory as long as it runs."""
    return FileLock(state_dir / "server.lock")


def unusable(state_dir: Path, error: Exception) -> EmulatorError:
    """What to tell about a state directory that cannot be written, or whose contents cannot be read."""
    return EmulatorError(
        f"the state directory {state_dir} cannot be used ({error}): name another one, or, if what is in it is broken, "
        "remove it to begin anew"
    )


class _Protocol(H11Protocol):
    """HTTP/1.1 whose scope hands out the connection, so that faults can break it."""

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


class _Server(uvicorn.Server):
    """A server that tells when it listens, and can refuse connections for a while."""

    def __init__(self, config: uvicorn.Config, world: World, port: int) -> None:
        super().__init__(config)
        self.listening = threading.Event()
        self._world = world
        self._port = port
        self._loop: asyncio.AbstractEventLoop | None = None
        self._reopening: asyncio.TimerHandle | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        self._world.close_port_for = self.close_port_for
        self.listening.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._reopening is not None:
            self._reopening.cancel()
        await super().shutdown(sockets)

    def close_port_for(self, seconds: float) -> None:
        """Refuse new connections for ``seconds``; those that are open stay. Call it in the server's thread."""
        assert self._loop is not None
        for server in self.servers:
            server.close()
        self.servers = []
        self._reopening = self._loop.call_later(seconds, lambda: asyncio.ensure_future(self._open_port()))

    async def _open_port(self) -> None:
        """Listen again, on the same port."""
        if self.servers or self.should_exit:
            return
        loop = asyncio.get_running_loop()

        def protocol() -> _Protocol:
            return _Protocol(config=self.config, server_state=self.server_state, app_state={})

        server = await loop.create_server(protocol, sock=_listen(self._port), ssl=self.config.ssl, backlog=1024)
        self.servers = [server]


class EmulatorServer:
    """The emulator in a thread of this process.

    ``with EmulatorServer(state_dir) as emulator:`` serves until the block ends. ``port=0`` takes any free one. The
    ``world`` may be used from the test's thread; ``control`` is a client of the control routes.
    """

    def __init__(self, state_dir: Path | str, port: int = 0, services: Services | None = None) -> None:
        self._state_dir = Path(state_dir).resolve()
        self._port = port
        self._services = services
        self._running: RunningServer | None = None
        self._control: EmulatorControl | None = None
        self._trusting: ssl.SSLContext | None = None

    def __enter__(self) -> EmulatorServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Serve. Raises ``EmulatorError`` when the port or the state directory is in use."""
        self._running = RunningServer(self._state_dir, self._port, self._services)
        try:
            self._running.start_thread()
        except BaseException:
            self._running.close()
            self._running = None
            raise

    def stop(self) -> None:
        """Finish; the state stays in the directory."""
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._running is not None:
            self._running.stop_thread()
            self._running.close()
            self._running = None

    @property
    def world(self) -> World:
        """State, clock, journal, faults, settings."""
        return self._get().world

    @property
    def base_url(self) -> str:
        """``https://localhost:<port>``."""
        return self._get().world.base_url

    @property
    def port(self) -> int:
        """The port in use."""
        return self._get().port

    @property
    def ca_bundle(self) -> Path:
        """Roots that trust the emulator and the public web."""
        return self._get().world.tls.bundle

    @property
    def ssl_context(self) -> ssl.SSLContext:
        """A client's context that trusts the emulator."""
        if self._trusting is None:
            self._trusting = ssl.create_default_context(cafile=str(self.ca_bundle))
        return self._trusting

    @property
    def control(self) -> EmulatorControl:
        """A client of the control routes."""
        if self._control is None:
            self._control = EmulatorControl(self.base_url, self.ca_bundle)
        return self._control

    def env(self) -> dict[str, str]:
        """Environment variables that point clients at this emulator."""
        return self._get().world.environment()

    def _get(self) -> RunningServer:
        if self._running is None:
            raise EmulatorError("the emulator is not running")
        return self._running


class RunningServer:
    """A world, its server and the lock on its state directory."""

    def __init__(self, state_dir: Path, port: int, services: Services | None = None) -> None:
        declared = load() if services is None else services
        try:
            state_dir.mkdir(parents=True, exist_ok=True)
            self._lock = state_lock(state_dir)
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise EmulatorError(f"another emulator uses the state directory {state_dir}: stop it first") from error
        except OSError as error:
            raise unusable(state_dir, error) from error
        try:
            self.world = World(state_dir, declared)
            self._socket = _listen(port)
        except BaseException as error:
            self._lock.release()
            if isinstance(error, (OSError, ValueError, sqlite3.DatabaseError)):
                raise unusable(state_dir, error) from error
            raise
        self.port: int = self._socket.getsockname()[1]
        self.world.base_url = f"https://localhost:{self.port}"
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
            date_header=True,
            backlog=1024,
            timeout_keep_alive=60,
            timeout_graceful_shutdown=1,
            ssl_certfile=str(self.world.tls.certificate),
            ssl_keyfile=str(self.world.tls.key),
        )
        self.server = _Server(config, self.world, self.port)
        self._thread: threading.Thread | None = None

    def start_thread(self) -> None:
        """Serve in a thread. Raises ``EmulatorError`` when it does not listen in time."""
        self._thread = threading.Thread(target=self.run, name="emulator", daemon=True)
        self._thread.start()
        if not self.server.listening.wait(START_DEADLINE_S):
            raise EmulatorError("the emulator did not start listening")

    def run(self) -> None:
        """Serve in this thread until told to stop."""
        self.server.run(sockets=[self._socket])

    def stop_thread(self) -> None:
        """Tell the thread to stop and wait for it."""
        self.server.should_exit = True
        if self._thread is not None:
            self._thread.join(STOP_DEADLINE_S)

    def close(self) -> None:
        """Give the port, the store and the state directory free."""
        self._socket.close()
        self.world.close()
        self._lock.release()


def _listen(port: int) -> socket.socket:
    if not 0 <= port <= _LAST_PORT:
        raise EmulatorError(f"port {port} does not exist: name one from 1 to {_LAST_PORT}, or 0 for any that is free")
    # asyncio turns off Nagle's algorithm only for sockets that name their protocol; with it each answer waits 40 ms.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(("127.0.0.1", port))
    except OSError as error:
        sock.close()
        raise EmulatorError(f"port {port} of 127.0.0.1 cannot be used: {error.strerror}") from error
    return sock
