"""The ASGI application: the route tables of all services on one port."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.routing import Route as StarletteRoute

from emulator.core import control
from emulator.core.exchange import PathEndpoint, UnknownEndpoint
from emulator.core.routes import Route
from emulator.core.world import Services, World


def create_app(world: World) -> Starlette:
    """Serve every declared route of ``world``; anything else is refused loudly and journalled as unknown."""
    by_path: dict[str, dict[str, Route]] = {}
    for route in all_routes(world.services):
        by_path.setdefault(route.path, {})[route.method] = route
    paths = sorted(by_path, key=_specificity)
    app = Starlette(routes=[StarletteRoute(path, PathEndpoint(world, by_path[path])) for path in paths])
    app.router.redirect_slashes = False
    app.router.default = UnknownEndpoint(world)
    app.state.world = world
    return app


def all_routes(services: Services) -> tuple[Route, ...]:
    """The routes of the services and of the emulator's control."""
    return services.routes + control.ROUTES


def _specificity(path: str) -> tuple[bool, list[tuple[bool, str]]]:
    """Fixed segments before parameters, parameters before whole-path ones: `/a/b` is tried before `/a/{id}`."""
    return (":path}" in path, [("{" in segment, segment) for segment in path.split("/")])
