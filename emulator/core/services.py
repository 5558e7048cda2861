"""The services that make up the emulator, found by module name.

A service module exposes ``ROUTES: tuple[Route, ...]`` and, as far as it needs them:

``SWITCHES: dict[str, JSON]``
    names and default values of its settings;
``problem_with_switch(name, value) -> str | None``
    why a switch of the service cannot have that value; None when it can;
``seed(world)``
    puts the objects that exist from the start into an empty store;
``environment(world) -> dict[str, str]``
    environment variables that point clients at the service;
``REFUSALS: dict[ServiceName, Refusal]``
    the error format, for unknown routes and scripted statuses;
``PREFIXES: tuple[tuple[str, ServiceName], ...]``
    path beginnings (regular expressions) that belong to the service even when no route matches.
``MISSING: tuple[Missing, ...]``
    what the real service has and the emulator has not.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from emulator.core.routes import Missing, Refusal, Route, ServiceName
from emulator.core.world import Services, World

MODULES = ("emulator.entra", "emulator.unifiedto", "emulator.portal")


def load(modules: tuple[str, ...] = MODULES) -> Services:
    """Import the service modules and merge what they declare.

    Raises ``ValueError`` when two services declare the same switch or the same method and path.
    """
    routes: list[Route] = []
    switches: dict[str, Any] = {}
    checks: list[Callable[[str, Any], str | None]] = []
    seeds: list[Callable[[World], None]] = []
    environments: list[Callable[[World], dict[str, str]]] = []
    refusals: dict[str, Refusal] = {}
    prefixes: list[tuple[str, ServiceName]] = []
    missing: list[Missing] = []
    for name in modules:
        module = importlib.import_module(name)
        routes.extend(module.ROUTES)
        own: dict[str, Any] = getattr(module, "SWITCHES", {})
        twice = switches.keys() & own.keys()
        if twice:
            raise ValueError(f"{name} declares switches of another service: {', '.join(sorted(twice))}")
        switches.update(own)
        if hasattr(module, "problem_with_switch"):
            checks.append(module.problem_with_switch)
        if hasattr(module, "seed"):
            seeds.append(module.seed)
        if hasattr(module, "environment"):
            environments.append(module.environment)
        refusals.update(getattr(module, "REFUSALS", {}))
        prefixes.extend(getattr(module, "PREFIXES", ()))
        missing.extend(getattr(module, "MISSING", ()))
    seen: set[tuple[str, str]] = set()
    for route in routes:
        key = (route.method, route.path)
        if key in seen:
            raise ValueError(f"two routes for {route.method} {route.path}")
        seen.add(key)
    return Services(
        tuple(routes),
        switches,
        tuple(checks),
        tuple(seeds),
        tuple(environments),
        refusals,
        tuple(prefixes),
        tuple(missing),
    )
