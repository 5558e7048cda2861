"""The coverage page: what the emulator answers, where that is known from, and what it does not answer."""

from __future__ import annotations

from collections import Counter

from emulator.core import services
from emulator.core.routes import template_of

_ORDER = ("entra", "graph", "unifiedto", "portal", "control")
_INTRODUCTION = """# What the emulator covers

Made by `make docs`; `python -m emulator coverage` prints the same. Where a behaviour is known from:

- *documented*: the service's own documentation describes the route;
- *published model*: a client or model that the service publishes has it, no page does;
- *observed*: seen with a real client, or read in its source;
- *assumed*: none of these;
- *emulator*: its own, with no counterpart at the service.

The mark is that of the route and its main answer; the reference names the parts that are less certain. An assumption of
a route with a number (U4 to U15, see [unknowns.md](unknowns.md)) is a switch: `GET /_emulator/settings` lists them, and
each of its values is tested. An assumption without a number has one answer here and no switch: 404 for another
workspace, what a connection keeps, everything about the callback but its path, and which Microsoft permission stands
for which of Unified.to's.
"""
_MISSING = """## What is missing

A request that no route takes is answered 501 in the error format of the service it was meant for (404 where that cannot
be told), journalled without a route, and logged. That goes for these, and for everything else that is not named above:
"""
_MISSING_PARTS = """Of what is served, these parts are missing: certificates and client assertions (refused,
AADSTS9002313), tenants named by a domain (refused, AADSTS90002), consent of one user at a time, multi-factor
authentication and Conditional Access, response modes other than `query` and PKCE other than S256 (refused,
AADSTS9002313), properties of an application that no component
declares, such as app roles or the redirect URIs of public clients (refused, 400), restoring what was deleted, `$filter`
beyond `eq`, `$top`, `$orderby` and `$expand` (refused, 400), sorting a list of Unified.to's (501), re-authorizing a
connection (501), and sign-ins through other vendors than Microsoft (501)."""


def coverage_page() -> str:
    """The page, as Markdown: every route with its source and the totals, then what is missing."""
    loaded = services.load()
    declared = (route for service in loaded for route in service.routes)
    routes = sorted(declared, key=lambda route: _ORDER.index(route.service))
    totals = Counter(route.source.value for route in routes)
    lines = [
        _INTRODUCTION,
        "| service | method | path | source | reference |",
        "|---|---|---|---|---|",
        *(_row(route.service, route.method, route.path, route.source.value, route.reference) for route in routes),
        "",
        f"{len(routes)} routes: " + ", ".join(f"{count} {name}" for name, count in sorted(totals.items())) + ".",
        "",
        _MISSING,
        "| service | method | path | at the service |",
        "|---|---|---|---|",
        *(_row(gap.service, gap.method, gap.path, gap.reference) for service in loaded for gap in service.missing),
        "",
        _MISSING_PARTS,
    ]
    return "\n".join(lines) + "\n"


def _row(service: str, method: str, path: str, *rest: str) -> str:
    cells = [service, method, f"`{template_of(path)}`", *(text.replace("|", "\\|").replace("\n", " ") for text in rest)]
    return f"| {' | '.join(cells)} |"
