"""The services that make up the emulator, found by module name: the core imports none of them."""

from __future__ import annotations

import importlib

from emulator.core import control
from emulator.core.world import Service

_MODULES = ("emulator.entra", "emulator.unifiedto", "emulator.portal")


def load() -> tuple[Service, ...]:
    """What each service module declares as ``SERVICE``, and the emulator's control."""
    return (*(importlib.import_module(name).SERVICE for name in _MODULES), Service(control.ROUTES))
