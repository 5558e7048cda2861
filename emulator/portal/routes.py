"""The page's addresses."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from emulator.core.routes import Route, Source
from emulator.core.world import world_of
from emulator.portal.overview import overview_of
from emulator.portal.page import HEADERS, overview_page, signed_in_page
from emulator.unifiedto import workspace_of
from emulator.unifiedto.errors import UnifiedRefusal


async def _overview(request: Request) -> Response:
    return HTMLResponse(overview_page(overview_of(world_of(request))), headers=HEADERS)


async def _signed_in(request: Request) -> Response:
    """Where the sign-ins of the page end: ``?id=<connection>&state=`` or ``?error=&state=``."""
    query = request.query_params
    connection: dict[str, Any] | None = None
    error = query.get("error")
    if error is None and query.get("id"):
        try:
            connection = workspace_of(world_of(request)).connections.get(query["id"])
        except UnifiedRefusal as refusal:
            error = refusal.message
    return HTMLResponse(signed_in_page(connection, error, query.get("state")), headers=HEADERS)


async def _no_icon(request: Request) -> Response:
    """Browsers ask for it on every page, also on Entra's: no answer would look like a gap in the emulator."""
    return Response(status_code=204, headers={"Cache-Control": "max-age=86400"})


def _route(path: str, handler: Any, reference: str) -> Route:
    return Route("GET", path, handler, "portal", Source.OWN, reference)


ROUTES: tuple[Route, ...] = (
    _route("/", _overview, "the page for a person with a browser"),
    _route("/signed-in", _signed_in, "where a sign-in that was started on the page ends"),
    _route("/favicon.ico", _no_icon, "browsers ask for it"),
)
