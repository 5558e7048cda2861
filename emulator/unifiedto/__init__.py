"""Unified.to on this computer: the part of its API that registering an OAuth client touches, and the OAuth callback.

``switches``   what is not published about Unified.to, as settings, each with its number
``catalogue``  the integration types, and the assumed permission-to-scope table
``seed``       the workspace that a new emulator starts with
``model``      a row, and what its body may hold
``rules``      what a write does to a row: pure functions
``state``      rows and environments, and how a change becomes visible; knows no HTTP
``connections``  who signed in through which integration
``wire``       what goes over the network: masks, pages, filters
``errors``     refusals, in the form that a switch asks for
``oauth``      authorization URL, callback and code exchange
``sign_in``    a whole sign-in without a browser
``dashboard``  control routes: what a person does by hand at Unified.to, and signing in
``routes``     path to handler, with the source of every route's behaviour
"""

from __future__ import annotations

from emulator.core.world import Service, World
from emulator.unifiedto import dashboard, routes
from emulator.unifiedto.errors import UnifiedRefusal
from emulator.unifiedto.routes import workspace_of
from emulator.unifiedto.seed import API_KEY
from emulator.unifiedto.switches import UnifiedSwitches

__all__ = ["SERVICE", "workspace_of"]


def _seed(world: World) -> None:
    workspace_of(world).seed()


def _environment(_world: World) -> dict[str, str]:
    """The key of the workspace's API. Which API and workspace are meant is configuration, not environment: see
    ``emulator.cli``."""
    return {"UNIFIED_API_KEY": API_KEY}


SERVICE = Service(
    routes.ROUTES + dashboard.ROUTES,
    routes.MISSING,
    UnifiedSwitches,
    refusals={"unifiedto": UnifiedRefusal},
    prefixes=(("/unified/", "unifiedto"), ("/oauth/", "unifiedto")),
    seed=_seed,
    environment=_environment,
)
