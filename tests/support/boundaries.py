"""The moments at which an operation of the engine can be stopped: before and after each call of a provider, and before
and after each request that the emulator carries out.

Whoever reaches a boundary waits until the test has seen it, so that a kill there happens there. A provider in another
process reports through a socket.
"""

from __future__ import annotations

import functools
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import grpc

from emulator.core.faults import Action
from emulator.core.journal import Entry
from emulator.core.world import World

OnBoundary = Callable[[str], object]
"""Told the name of each boundary: ``before:`` or ``after:``, and a call, ``create <type> <name>``, or a request,
``request <method> <path>``."""

_SERVICE: Final = "/pulumirpc.ResourceProvider/"
_CALLS: Final = frozenset(["Check", "Diff", "Create", "Read", "Update", "Delete"])
_MOST_BYTES: Final = 4096


class _Reporting(grpc.ServerInterceptor):  # type: ignore[misc]
    def __init__(self, tell: OnBoundary) -> None:
        self._tell = tell

    def intercept_service(self, continuation: Callable[[Any], Any], details: Any) -> Any:
        handler = continuation(details)
        method = details.method.removeprefix(_SERVICE)
        if handler is None or method not in _CALLS:
            return handler

        def call(request: Any, context: Any) -> Any:
            _, _, kinds, name = request.urn.split("::", 3)
            what = f"{method.lower()} {kinds.rsplit('$', 1)[-1]} {name}"
            self._tell(f"before:{what}")
            answer = handler.unary_unary(request, context)
            self._tell(f"after:{what}")
            return answer

        return grpc.unary_unary_rpc_method_handler(call, handler.request_deserializer, handler.response_serializer)


def _servers_that(tell: OnBoundary) -> Any:
    return functools.partial(grpc.server, interceptors=(_Reporting(tell),))


def report_calls(path: str) -> None:
    """Has the provider that this process is about to serve report its calls to a socket, and wait for the answers."""

    def tell(name: str) -> None:
        with socket.socket(socket.AF_UNIX) as test:
            test.connect(path)
            test.sendall(name.encode())
            test.shutdown(socket.SHUT_WR)
            test.recv(1)

    grpc.server = _servers_that(tell)


@contextmanager
def told_of_boundaries(world: World, on_boundary: OnBoundary) -> Iterator[Path]:
    """Calls ``on_boundary`` at each boundary, one after the other; yields the socket for providers elsewhere."""
    lock = threading.Lock()

    def tell(name: str) -> None:
        with lock:
            on_boundary(name)

    def take(service: str, method: str, path: str) -> Action | None:
        tell(f"before:request {method} {path}")
        return take_fault(service, method, path)

    def answered(entry: Entry) -> None:
        tell(f"after:request {entry['method']} {entry['path']}")

    take_fault, grpc_server = world.faults.take, grpc.server
    stop_listening = world.journal.listen(answered)
    world.faults.take = take  # type: ignore[method-assign]
    grpc.server = _servers_that(tell)
    with tempfile.TemporaryDirectory(prefix="boundaries-") as directory, socket.socket(socket.AF_UNIX) as listener:
        path = Path(directory) / "socket"
        listener.bind(str(path))
        listener.listen(64)
        threading.Thread(target=_listen, args=(listener, tell), daemon=True).start()
        try:
            yield path
        finally:
            grpc.server = grpc_server
            del world.faults.take
            stop_listening()
            listener.shutdown(socket.SHUT_RDWR)


def _listen(listener: socket.socket, tell: OnBoundary) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_answer, args=(connection, tell), daemon=True).start()


def _answer(connection: socket.socket, tell: OnBoundary) -> None:
    with connection:
        name = connection.recv(_MOST_BYTES).decode()
        tell(name)
        try:
            connection.sendall(b"\0")
        except OSError:
            return  # it was killed there
