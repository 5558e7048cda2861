"""Control routes: inspect and steer the emulator.

They are never journalled and never meet faults.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from emulator.core.clock import format_instant, parse_instant
from emulator.core.faults import InvalidFault
from emulator.core.routes import Refused, Route, Source
from emulator.core.settings import InvalidSwitch
from emulator.core.world import World, world_of


class ControlRefused(Refused):
    """A control request that is not valid; nothing was changed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def response(self) -> Response:
        return JSONResponse({"error": self.reason}, status_code=400)


async def _health(request: Request) -> Response:
    world = world_of(request)
    return JSONResponse({"status": "ok", "pid": os.getpid(), "base_url": world.base_url})


async def _journal(request: Request) -> Response:
    world = world_of(request)
    since = request.query_params.get("since", "0")
    if not re.fullmatch("[0-9]{1,18}", since):
        raise ControlRefused("since must be a number")
    entries = world.journal.entries(int(since), request.query_params.get("service"))
    return JSONResponse({"last_seq": world.journal.last_seq, "entries": entries})


async def _clear_journal(request: Request) -> Response:
    world_of(request).journal.clear()
    return Response(status_code=204)


async def _settings(request: Request) -> Response:
    return JSONResponse(world_of(request).settings.as_dict())


async def _change_settings(request: Request) -> Response:
    world = world_of(request)
    try:
        world.settings.update(await _object(request))
    except InvalidSwitch as error:
        raise ControlRefused(str(error)) from error
    return JSONResponse(world.settings.as_dict())


async def _clock(request: Request) -> Response:
    return JSONResponse(_clock_state(world_of(request)))


async def _change_clock(request: Request) -> Response:
    world = world_of(request)
    change = await _object(request)
    unknown = sorted(change.keys() - {"now", "advance_s", "scale"})
    if unknown or not change:
        raise ControlRefused('the clock takes {"now": instant}, {"advance_s": seconds} or {"scale": factor}')
    for name in ("advance_s", "scale"):
        value = change.get(name, 0)
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise ControlRefused(f"{name} of the clock must be a number")
    try:
        instant = parse_instant(change["now"]) if "now" in change else None
        world.clock.change(instant=instant, advance_s=change.get("advance_s", 0), scale=change.get("scale"))
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise ControlRefused(f"the clock cannot be changed: {error}") from error
    return JSONResponse(_clock_state(world))


async def _faults(request: Request) -> Response:
    return JSONResponse({"pending": world_of(request).faults.pending()})


async def _add_fault(request: Request) -> Response:
    world = world_of(request)
    try:
        world.faults.add(await _object(request))
    except InvalidFault as error:
        raise ControlRefused(str(error)) from error
    return JSONResponse({"pending": world.faults.pending()}, status_code=201)


async def _clear_faults(request: Request) -> Response:
    world_of(request).faults.clear()
    return Response(status_code=204)


async def _reset(request: Request) -> Response:
    world_of(request).reset()
    return Response(status_code=204)


async def _object(request: Request) -> Mapping[str, Any]:
    try:
        value = await request.json()
    except (ValueError, RecursionError) as error:
        raise ControlRefused(f"the body is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise ControlRefused("the body must be a JSON object")
    return value


def _clock_state(world: World) -> dict[str, Any]:
    return {"now": format_instant(world.clock.now()), "scale": world.clock.scale}


def _route(method: str, path: str, handler: Any, reference: str) -> Route:
    return Route(method, path, handler, "control", Source.OWN, reference)


ROUTES: tuple[Route, ...] = (
    _route("GET", "/_emulator/health", _health, "alive, process id, base URL"),
    _route("GET", "/_emulator/journal", _journal, "requests received; since=, service="),
    _route("DELETE", "/_emulator/journal", _clear_journal, "clear the journal"),
    _route("GET", "/_emulator/settings", _settings, "switches"),
    _route("PUT", "/_emulator/settings", _change_settings, "change some switches"),
    _route("GET", "/_emulator/clock", _clock, "virtual time"),
    _route("PUT", "/_emulator/clock", _change_clock, "set, advance or scale it"),
    _route("GET", "/_emulator/faults", _faults, "scripted faults that no request has met yet"),
    _route("POST", "/_emulator/faults", _add_fault, "script a fault"),
    _route("DELETE", "/_emulator/faults", _clear_faults, "remove all faults"),
    _route("POST", "/_emulator/reset", _reset, "wipe and seed again"),
)
