"""Control routes: inspect and steer the emulator.

They are never journalled and never meet faults.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from pydantic import AwareDatetime, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from emulator.core.clock import format_instant
from emulator.core.routes import Route, Source
from emulator.core.schemas import Invalid, Strict, checked
from emulator.core.world import World, world_of


class ClockChange(Strict):
    """How the virtual clock changes: a jump to ``now``, then ahead, then another pace."""

    now: AwareDatetime | None = Field(None, strict=False)
    advance_s: float = 0
    scale: float | None = None


async def _health(request: Request) -> Response:
    world = world_of(request)
    return JSONResponse({"status": "ok", "pid": os.getpid(), "base_url": world.base_url})


async def _journal(request: Request) -> Response:
    world = world_of(request)
    since = request.query_params.get("since", "0")
    if not since.isdecimal():
        raise Invalid("since must be a number")
    entries = world.journal.entries(int(since), request.query_params.get("service"))
    return JSONResponse({"last_seq": world.journal.last_seq, "entries": entries})


async def _clear_journal(request: Request) -> Response:
    world_of(request).journal.clear()
    return Response(status_code=204)


async def _settings(request: Request) -> Response:
    return JSONResponse(world_of(request).settings.as_dict())


async def _change_settings(request: Request) -> Response:
    world = world_of(request)
    world.settings.update(await json_object(request))
    return JSONResponse(world.settings.as_dict())


async def _clock(request: Request) -> Response:
    return JSONResponse(_clock_state(world_of(request)))


async def _change_clock(request: Request) -> Response:
    world = world_of(request)
    change = checked(ClockChange, await json_object(request))
    world.clock.change(instant=change.now, advance_s=change.advance_s, scale=change.scale)
    return JSONResponse(_clock_state(world))


async def _faults(request: Request) -> Response:
    return JSONResponse({"pending": world_of(request).faults.pending()})


async def _add_fault(request: Request) -> Response:
    world = world_of(request)
    world.faults.add(await json_object(request))
    return JSONResponse({"pending": world.faults.pending()}, status_code=201)


async def _clear_faults(request: Request) -> Response:
    world_of(request).faults.clear()
    return Response(status_code=204)


async def _reset(request: Request) -> Response:
    world_of(request).reset()
    return Response(status_code=204)


async def json_object(request: Request) -> Mapping[str, Any]:
    """The JSON object of a request. Raises ``Invalid``."""
    try:
        value = await request.json()
    except (ValueError, RecursionError) as error:
        raise Invalid(f"the body is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise Invalid("the body must be a JSON object")
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
