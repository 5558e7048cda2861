"""The ASGI application: the route tables of all services on one port."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.routing import Route as StarletteRoute

from emulator.core.exchange import Endpoint
from emulator.core.routes import Route
from emulator.core.world import World


def create_app(world: World) -> Starlette:
    """Serve every declared route of ``world``; any other request is refused and journalled as unknown."""
    by_path: dict[str, dict[str, Route]] = {}
    for service in world.services:
        for route in service.routes:
            by_path.setdefault(route.path, {})[route.method] = route
    app = Starlette(routes=[StarletteRoute(path, Endpoint(world, routes)) for path, routes in by_path.items()])
    app.router.redirect_slashes = False
    app.router.default = Endpoint(world, {})
    app.state.world = world
    return app
