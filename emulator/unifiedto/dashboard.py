"""Control routes for what a person does by hand in Unified.to's dashboard: edits, first activations, removals.

Tests of drift, adoption and ambiguity use them; they never show a credential.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from emulator.core.routes import Route, Source
from emulator.core.world import world_of
from emulator.unifiedto.errors import UnifiedRefusal
from emulator.unifiedto.model import Row
from emulator.unifiedto.routes import workspace_of

_PATH = "/_emulator/unifiedto/integrations"


def public_view(row: Row) -> dict[str, Any]:
    """A row for a person's eyes: its fields and client id, and only whether there is a secret."""
    return row.fields | {
        "environment": row.environment,
        "client_id": row.client_id or None,
        "has_client_secret": bool(row.client_secret),
    }


async def _show(request: Request) -> Response:
    return JSONResponse([public_view(row) for row in workspace_of(world_of(request)).rows()])


async def _edit(request: Request) -> Response:
    """PATCH {"environment", "integration_type", …fields to set, "auth" as a whole}."""
    body = await _body(request)
    environment, integration_type = _identity(body)
    changes = {name: value for name, value in body.items() if name not in ("environment", "integration_type")}
    return _answer(lambda: workspace_of(world_of(request)).edit_by_hand(environment, integration_type, changes))


async def _add(request: Request) -> Response:
    """POST {"environment", "integration_type"}: a first activation, or a second row of the same kind."""
    environment, integration_type = _identity(await _body(request))
    return _answer(lambda: workspace_of(world_of(request)).add_by_hand(environment, integration_type))


async def _remove(request: Request) -> Response:
    """DELETE ?environment=&integration_type=: as if it had never been set up there."""
    environment, integration_type = _identity(dict(request.query_params))
    workspace_of(world_of(request)).remove_by_hand(environment, integration_type)
    return Response(status_code=204)


async def _body(request: Request) -> dict[str, Any]:
    try:
        value = await request.json()
    except (ValueError, RecursionError):
        value = None
    return value if isinstance(value, dict) else {}


def _identity(values: dict[str, Any]) -> tuple[str, str]:
    return str(values.get("environment") or "Production"), str(values.get("integration_type") or "")


def _answer(act: Callable[[], Row]) -> Response:
    try:
        return JSONResponse(public_view(act()))
    except UnifiedRefusal as refusal:
        return JSONResponse({"error": refusal.message}, status_code=400)


def _route(method: str, handler: Any, reference: str) -> Route:
    return Route(method, _PATH, handler, "control", Source.OWN, reference)


ROUTES: tuple[Route, ...] = (
    _route("GET", _show, "the rows of the workspace, without credentials"),
    _route("PATCH", _edit, "edit a row by hand, as in the dashboard"),
    _route("POST", _add, "set an integration up by hand"),
    _route("DELETE", _remove, "take an integration away by hand"),
)
