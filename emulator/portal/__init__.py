"""The page that shows a newcomer what the emulator holds: registrations, secrets (never their values), requests,
sign-ins.
"""

from __future__ import annotations

from emulator.core.world import Service
from emulator.portal.routes import ROUTES

SERVICE = Service(ROUTES)
