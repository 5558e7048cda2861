"""Entra ID and Microsoft Graph, as far as app registrations, their secrets and sign-ins need them."""

from __future__ import annotations

from emulator.core.world import Service
from emulator.entra import graph_errors, login_errors
from emulator.entra.routes import MISSING, ROUTES
from emulator.entra.seed import environment, seed
from emulator.entra.switches import EntraSwitches

SERVICE = Service(
    ROUTES,
    MISSING,
    EntraSwitches,
    refusals={"graph": graph_errors.refusal, "entra": login_errors.refusal},
    prefixes=(
        (r"/v1\.0/", "graph"),
        ("/beta/", "graph"),
        ("/metadata/", "entra"),
        ("/oidc/", "entra"),
        (r"/[^/]+/(oauth2|v2\.0|discovery)/", "entra"),
    ),
    seed=seed,
    environment=environment,
)
