"""Control routes: a registration edited by hand as in Unified.to's dashboard, and a sign-in without a browser."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from emulator.core.control import json_object
from emulator.core.routes import Route, Source
from emulator.core.schemas import Invalid, Strict, checked
from emulator.core.world import world_of
from emulator.unifiedto.errors import UnifiedRefusal
from emulator.unifiedto.routes import workspace_of
from emulator.unifiedto.sign_in import sign_in


class SignInRequest(Strict):
    """Who signs in through what; without ``account`` the tenant's administrator."""

    integration_type: str
    environment: str = "Production"
    account: str | None = None


async def _edit(request: Request) -> Response:
    """PATCH {"environment", "integration_type", …fields to set, "auth" as a whole}."""
    changes = dict(await json_object(request))
    environment, integration_type = changes.pop("environment", "Production"), changes.pop("integration_type", "")
    try:
        workspace_of(world_of(request)).edit_by_hand(environment, integration_type, changes)
    except UnifiedRefusal as refusal:
        raise Invalid(refusal.message) from None
    return Response(status_code=204)


async def _sign_in(request: Request) -> Response:
    asked = checked(SignInRequest, await json_object(request))
    world = world_of(request)
    result = await asyncio.to_thread(sign_in, world, asked.integration_type, asked.environment, asked.account)
    return JSONResponse(result)


ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/_emulator/sign-in",
        _sign_in,
        "control",
        Source.OWN,
        "a whole sign-in through a registered integration, without a browser",
    ),
    Route(
        "PATCH",
        "/_emulator/unifiedto/integrations",
        _edit,
        "control",
        Source.OWN,
        "edit a row by hand, as in the dashboard",
    ),
)
