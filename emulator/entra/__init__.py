"""Entra ID and Microsoft Graph, as far as app registrations, their secrets and sign-ins need them."""

from __future__ import annotations

from emulator.core.routes import Refusal, ServiceName
from emulator.entra import graph_errors, login_errors
from emulator.entra.routes import MISSING, ROUTES
from emulator.entra.seed import environment, seed
from emulator.entra.switches import SWITCHES, problem_with_switch

REFUSALS: dict[ServiceName, Refusal] = {"graph": graph_errors.refusal, "entra": login_errors.refusal}
PREFIXES: tuple[tuple[str, ServiceName], ...] = (
    (r"/v1\.0/", "graph"),
    ("/beta/", "graph"),
    ("/metadata/", "entra"),
    ("/oidc/", "entra"),
    (r"/[^/]+/(oauth2|v2\.0|discovery)/", "entra"),
)

__all__ = ["MISSING", "PREFIXES", "REFUSALS", "ROUTES", "SWITCHES", "environment", "problem_with_switch", "seed"]
