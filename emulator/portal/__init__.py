"""The page that shows a newcomer what the emulator holds: registrations, secrets (never their values), requests,
sign-ins.
"""

from __future__ import annotations

from emulator.core.routes import Route
from emulator.portal import routes

ROUTES: tuple[Route, ...] = routes.ROUTES
