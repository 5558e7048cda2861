"""What happens to every request: journal, scripted faults, and the sockets they need."""

from __future__ import annotations

import asyncio
import socket
import struct
import traceback
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.types import Message, Receive, Scope, Send

from emulator.core import guard
from emulator.core.clock import real_now
from emulator.core.faults import Action
from emulator.core.journal import Entry
from emulator.core.routes import Refused, Route, ServiceName, template_of
from emulator.core.store import exchange
from emulator.core.world import World, log

TRANSPORT_EXTENSION = "emulator.transport"
_CLOSING_DEADLINE_S = 0.25
_WITHOUT_BODY = (204, 205, 304)
_NOT_JSON = "<!DOCTYPE html><html><head><title>Service</title></head><body><h1>It works.</h1></body></html>"


class Endpoint:
    """ASGI application for one path: picks the route by method, and carries out one exchange.

    Without ``routes`` it is for paths that no route knows.
    """

    def __init__(self, world: World, routes: Mapping[str, Route]) -> None:
        self._world = world
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await carry_out(self._world, self._routes.get(scope["method"]), scope, receive, send)


async def carry_out(world: World, route: Route | None, scope: Scope, receive: Receive, send: Send) -> None:
    """One exchange: read, meet a fault or act, answer, record. An incomplete request is recorded and has no effect."""
    body, is_whole = await _read(receive)
    request = Request(scope, _replay(body, receive))
    problem = None if route is None else guard.problem_with(request, route.service)
    if problem is not None:
        refused = await Refused(403, f"refused: {problem}").response(request)
        await refused(scope, receive, send)
        return
    if route is not None and route.service == "control":
        if is_whole:
            response, _ = await _act(world, route, request)
            await response(scope, receive, send)
        return
    service: ServiceName = world.owner_of(scope["path"]) if route is None else route.service
    entry: Entry = {
        "seq": 0,
        "at": real_now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "service": service,
        "method": scope["method"],
        "path": scope["path"],
        "query": _query(scope["query_string"]),
        "route": None if route is None else template_of(route.path),
        "status": None,
        "request_body": body.decode("utf-8", "replace") if body else None,
        "response_body": None,
        "fault": None,
        "acted": False,
        "error": None,
    }
    if not is_whole:
        world.journal.record(entry)
        return
    fault = world.faults.take(service, scope["method"], scope["path"])
    answer = await _answer(world, route, request, fault, entry)
    if answer is not None:
        entry["status"] = answer.status_code
        content = bytes(answer.body)
        entry["response_body"] = content.decode("utf-8", "replace") if content else None
    world.journal.record(entry)
    if answer is not None and (fault is None or fault.kind != "half_body"):
        await answer(scope, receive, send)
        return
    assert fault is not None
    await _break(fault, answer, scope["extensions"][TRANSPORT_EXTENSION], receive, send)


async def _answer(
    world: World, route: Route | None, request: Request, fault: Action | None, entry: Entry
) -> Response | None:
    """The answer to send, or None where the connection breaks without one; notes in ``entry`` what happened."""
    service = entry["service"]
    if fault is not None:
        entry["fault"] = fault.kind
        if fault.kind in ("refuse", "reset_before", "timeout"):
            return None
        if fault.kind == "status":
            return await _scripted(world, service, request, fault)
    if route is None:
        reason = f"The emulator has no route for {request.method} {request.url.path}."
        status = 404 if service == "unknown" else 501
        log.warning("%s %s: no such route (%s)", request.method, request.url.path, service)
        return await world.refusal(service, status, reason).response(request)
    stale = fault is not None and fault.kind == "stale_read"
    with exchange(service, stale=stale):
        response, entry["error"] = await _act(world, route, request)
    entry["acted"] = True
    if fault is None:
        return response
    if fault.kind == "status_after":
        return await _scripted(world, service, request, fault)
    if fault.kind == "not_json":
        return HTMLResponse(_NOT_JSON)
    if fault.kind == "reset_after":
        return None
    return response


async def _act(world: World, route: Route, request: Request) -> tuple[Response, str | None]:
    try:
        return await route.handler(request), None
    except Refused as refused:
        return await refused.response(request), None
    except Exception:
        trace = traceback.format_exc()
        log.error("%s %s failed inside the emulator\n%s", route.method, route.path, trace)
        reason = f"The emulator itself failed at {route.method} {route.path}; its log has the traceback."
        return await world.refusal(route.service, 500, reason).response(request), trace


async def _break(
    fault: Action, response: Response | None, transport: asyncio.Transport, receive: Receive, send: Send
) -> None:
    """End an exchange without a whole answer."""
    if response is not None:
        await _send_half(response, send, transport)
        is_gone = await _is_gone(receive, _CLOSING_DEADLINE_S)
    else:
        is_gone = fault.kind == "timeout" and await _is_gone(receive, fault.seconds)
    if is_gone:
        return
    if fault.kind in ("reset_before", "reset_after"):
        reset(transport)
    else:
        transport.abort()
    await _is_gone(receive, _CLOSING_DEADLINE_S)


async def _is_gone(receive: Receive, deadline_s: float) -> bool:
    """Wait until the connection is gone; False when the deadline passed first."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    try:
        await asyncio.wait_for(gone(), deadline_s)
    except asyncio.TimeoutError:
        return False
    return True


async def _send_half(response: Response, send: Send, transport: asyncio.Transport) -> None:
    """Headers that promise the whole body, half of it, then a clean close. Without a body, half of the status line."""
    body = bytes(response.body)
    if body:
        await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
    else:
        transport.write(f"HTTP/1.1 {response.status_code}"[:-1].encode())
    transport.close()


def reset(transport: asyncio.Transport) -> None:
    """Break a connection with a TCP reset: with a linger time of 0, closing sends RST and drops what is queued."""
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def _scripted(world: World, service: str, request: Request, fault: Action) -> Response:
    if fault.status in _WITHOUT_BODY:
        return Response(None, fault.status, fault.headers)
    if fault.body is None:
        refusal = world.refusal(service, fault.status, "The emulator was told to answer like this.")
        response = await refusal.response(request)
        response.headers.update(fault.headers)
        return response
    if isinstance(fault.body, str):
        return PlainTextResponse(fault.body, fault.status, fault.headers)
    return JSONResponse(fault.body, fault.status, fault.headers)


async def _read(receive: Receive) -> tuple[bytes, bool]:
    """The body, and whether it is all of it: False when the client went away before its end."""
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(chunks), False
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks), True


def _replay(body: bytes, receive: Receive) -> Receive:
    first = True

    async def replay() -> Message:
        nonlocal first
        if first:
            first = False
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return replay


def _query(raw: bytes) -> dict[str, str]:
    values: dict[str, Any] = {}
    for name, value in parse_qsl(raw.decode("ascii", "replace"), keep_blank_values=True):
        values[name] = f"{values[name]},{value}" if name in values else value
    return values
