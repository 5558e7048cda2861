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
from rehearsal.processes import end_all
from rehearsal.results import OperationFailed, Result
from tests.support.stack import RehearsedStack
from tests.support.warm_python import BOUNDARIES

OnBoundary = Callable[[str], bool]
"""Told the name of each boundary: ``before:`` or ``after:``, and a call, ``create <type> <name>``, or a request,
``request <method> <path>``. True: all is killed there, so that no request has an effect any more."""

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
            if self._tell(f"before:{what}"):
                context.abort(grpc.StatusCode.CANCELLED, "the engine was killed")
            answer = handler.unary_unary(request, context)
            self._tell(f"after:{what}")
            return answer

        return grpc.unary_unary_rpc_method_handler(call, handler.request_deserializer, handler.response_serializer)


def _servers_that(tell: OnBoundary) -> Any:
    return functools.partial(grpc.server, interceptors=(_Reporting(tell),))


def report_calls(path: str) -> None:
    """Has the provider that this process is about to serve report its calls to a socket, and wait for the answers."""

    def tell(name: str) -> bool:
        with socket.socket(socket.AF_UNIX) as test:
            test.connect(path)
            test.sendall(name.encode())
            return not test.recv(1)

    grpc.server = _servers_that(tell)


def run_watched(
    stack: RehearsedStack,
    operation: Callable[..., Result],
    on_boundary: OnBoundary,
    world: World | None,
    **options: Any,
) -> None:
    """One operation, with a call of ``on_boundary`` at each boundary, one after the other. Requests are boundaries too
    where the emulator's ``world`` is given."""
    with _told_of_boundaries(world, on_boundary) as path:
        stack.environment[BOUNDARIES] = str(path)
        try:
            stack.run(operation, **options)
        finally:
            del stack.environment[BOUNDARIES]


def run_to_the_kill(
    stack: RehearsedStack,
    operation: Callable[..., Result],
    kills_at: Callable[[str], bool],
    world: World | None = None,
    **options: Any,
) -> None:
    """One operation, whose CLI is killed at the first boundary that is meant, with all that it started; nothing of
    them goes on."""
    is_met = False

    def on_boundary(name: str) -> bool:
        nonlocal is_met
        if not kills_at(name):
            return False
        is_met = True
        assert end_all(stack.state_dir), "the CLI and its plugins were to be killed"
        return True

    try:
        run_watched(stack, operation, on_boundary, world, **options)
    except OperationFailed as failure:
        if not is_met:
            raise AssertionError(f"the run failed before it came to the boundary:\n{failure}") from failure
    else:
        raise AssertionError("the run ended before it came to the boundary")
    if stack.tools.warm is not None:
        stack.tools.warm.wait_until_idle()


@contextmanager
def _told_of_boundaries(world: World | None, on_boundary: OnBoundary) -> Iterator[Path]:
    """Calls ``on_boundary`` at each boundary; yields the socket for providers in other processes."""
    lock = threading.Lock()
    is_over = threading.Event()

    def tell(name: str) -> bool:
        with lock:
            if not is_over.is_set() and on_boundary(name):
                is_over.set()
            return is_over.is_set()

    grpc_server = grpc.server
    grpc.server = _servers_that(tell)
    stop_listening = _requests_tell(world, tell) if world is not None else lambda: None
    with tempfile.TemporaryDirectory(prefix="boundaries-") as directory, socket.socket(socket.AF_UNIX) as listener:
        path = Path(directory) / "socket"
        listener.bind(str(path))
        listener.listen(64)
        threading.Thread(target=_listen, args=(listener, tell), daemon=True).start()
        try:
            yield path
        finally:
            with lock:  # whoever kills has done so
                is_over.set()
            grpc.server = grpc_server
            stop_listening()
            listener.shutdown(socket.SHUT_RDWR)


def _requests_tell(world: World, tell: OnBoundary) -> Callable[[], None]:
    take_fault = world.faults.take

    def take(service: str, method: str, path: str) -> Action | None:
        # A stand-in lives in this process, and would repeat a request after its engine was killed.
        if tell(f"before:request {method} {path}"):
            return Action(kind="reset_before")
        return take_fault(service, method, path)

    def answered(entry: Entry) -> None:
        tell(f"after:request {entry['method']} {entry['path']}")

    world.faults.take = take  # type: ignore[method-assign]
    stop_listening = world.journal.listen(answered)

    def stop() -> None:
        stop_listening()
        world.faults.take = take_fault  # type: ignore[method-assign]

    return stop


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
        if tell(name):
            return
        try:
            connection.sendall(b"\0")
        except OSError:
            return  # it was killed there
