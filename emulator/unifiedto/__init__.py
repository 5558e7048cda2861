"""Unified.to on this computer: the part of its API that registering an OAuth client touches, and the OAuth callback.

``switches``   what nobody outside Unified.to knows, as settings, each with its number (U1 to U15)
``catalogue``  the integration types, and the assumed permission-to-scope table
``seed``       the workspace that a new emulator starts with
``model``      a row, and what its body may hold
``rules``      what a write does to a row: pure functions
``state``      rows and environments, and how a change becomes visible; knows no HTTP
``connections``  who signed in through which integration
``wire``       what goes over the network: masks, pages, filters, error formats
``oauth``      authorization URL, callback and code exchange
``sign_in``    a whole sign-in without a browser
``dashboard``  control routes for what a person does by hand at Unified.to
``routes``     path to handler, with the source of every route's behaviour
"""

from __future__ import annotations

from emulator.core.routes import Refusal, Route, ServiceName
from emulator.core.world import World
from emulator.unifiedto import dashboard, routes, sign_in
from emulator.unifiedto.routes import workspace_of
from emulator.unifiedto.switches import DEFAULTS, problem_with_switch

__all__ = [
    "MISSING",
    "PREFIXES",
    "REFUSALS",
    "ROUTES",
    "SWITCHES",
    "environment",
    "problem_with_switch",
    "seed",
    "workspace_of",
]

ROUTES: tuple[Route, ...] = routes.ROUTES + sign_in.ROUTES + dashboard.ROUTES
MISSING = routes.MISSING
SWITCHES = DEFAULTS
REFUSALS: dict[ServiceName, Refusal] = {"unifiedto": routes.refuse}
PREFIXES: tuple[tuple[str, ServiceName], ...] = (("/unified/", "unifiedto"), ("/oauth/", "unifiedto"))


def seed(world: World) -> None:
    """Puts the workspace, its environments and its rows into an empty store."""
    workspace_of(world).seed()


def environment(world: World) -> dict[str, str]:
    """The key of the workspace's API. Which API and workspace are meant is configuration, not environment: see
    ``emulator.cli``."""
    return {"UNIFIED_API_KEY": workspace_of(world).api_key}
