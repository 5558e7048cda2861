"""API calls of each kind of run, counted in the emulator's journal."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from emulator.core.journal import Entry
from emulator.unifiedto.catalogue import CATALOGUE
from tests.support.stack import RehearsedStack

SERVICES: Final = {"entra": "Entra (sign-in)", "graph": "Microsoft Graph", "unifiedto": "Unified.to"}

MakeStack = Callable[..., RehearsedStack]
"""From a stack's name and configuration; each has a state of its own."""

_LIST, _READ_BACK, _PUT, _URL = "list", "read back", "PUT", "authorization URL"
_CATALOGUE, _ENVIRONMENTS = "catalogue", "environments"

_KINDS: Final[Mapping[tuple[str, str, str], str]] = {
    ("entra", "GET", "/metadata/endpoints"): "metadata",
    ("entra", "GET", "/{tenant}/v2.0/.well-known/openid-configuration"): "OpenID configuration",
    ("entra", "POST", "/{tenant}/oauth2/v2.0/token"): "token",
    ("graph", "POST", "/v1.0/applications/{id}/addPassword"): "addPassword",
    ("graph", "POST", "/v1.0/applications/{id}/removePassword"): "removePassword",
    ("unifiedto", "GET", "/unified/workspaceintegration"): _LIST,
    ("unifiedto", "GET", "/unified/workspaceintegration/{id}"): _LIST,
    ("unifiedto", "PUT", "/unified/workspaceintegration/{id}"): _PUT,
    ("unifiedto", "GET", "/unified/integration/auth/{workspace_id}/{integration_type}"): _URL,
    ("unifiedto", "GET", "/unified/integration"): _CATALOGUE,
    ("unifiedto", "GET", "/unified/environment"): _ENVIRONMENTS,
}
"""(service, method, route) to what a reader calls the request; others count under their method."""

Calls = Mapping[str, Mapping[str, int]]
"""Service to kind to number."""


def count(entries: Iterable[Entry]) -> Calls:
    """The requests by service and kind. A list that follows the PUT of the same registration is its read back."""
    counted: dict[str, Counter[str]] = {service: Counter() for service in SERVICES}
    rows: dict[str, tuple[str, str]] = {}
    written: set[tuple[str, str]] = set()
    for entry in entries:
        if entry["service"] not in SERVICES:
            continue
        kind = _KINDS.get((entry["service"], entry["method"], entry["route"] or ""), entry["method"])
        asked_for = (entry["query"].get("env", ""), entry["query"].get("integration_type", ""))
        if kind == _LIST and asked_for in written:
            kind = _READ_BACK
        elif kind == _LIST:
            rows |= _rows_in(entry)
        elif kind == _PUT:
            written.add(rows.get(entry["path"].rsplit("/", 1)[-1], ("", "")))
        counted[entry["service"]][kind] += 1
    return counted


def _rows_in(entry: Entry) -> dict[str, tuple[str, str]]:
    """Row id to (environment, integration type), from the answer to a list."""
    listed: list[dict[str, Any]] = json.loads(entry["response_body"] or "[]")
    return {str(row["id"]): (str(row["environment"]), str(row["integration_type"])) for row in listed}


@dataclass(frozen=True)
class Counted:
    """One kind of run and its requests. ``limit``: the most requests of each kind that Unified.to may get; a kind that
    is not named may not occur."""

    title: str
    calls: Calls
    limit: Mapping[str, int]

    @property
    def excess(self) -> dict[str, str]:
        """Kinds of requests to Unified.to beyond the limit, as "made of allowed"; empty when the limit is kept."""
        made = self.calls["unifiedto"]
        return {
            kind: f"{number} of {self.limit.get(kind, 0)}"
            for kind, number in made.items()
            if number > self.limit.get(kind, 0)
        }


_ONE: Final = {_LIST: 1, _PUT: 1, _READ_BACK: 1, _URL: 1}
ENVIRONMENTS: Final = ("Production", "Staging")


def twenty_registrations() -> list[dict[str, Any]]:
    """Ten integration types in each of two environments, as the stack's configuration has them.

    The one that a stack registers by default is left to it, so that two stacks can live side by side.
    """
    types = [entry.type for entry in CATALOGUE if entry.is_microsoft and entry.type != "microsoft_ad"][:10]
    return [
        {"integrationType": integration_type, "environment": environment, "isActive": True}
        for environment in ENVIRONMENTS
        for integration_type in types
    ]


def _rotate(stack: RehearsedStack) -> None:
    stack.later(days=91)
    stack.up()


def _counted(stack: RehearsedStack, title: str, run: Callable[[], object], limit: Mapping[str, int]) -> Counted:
    before = stack.mark()
    run()
    return Counted(title, count(stack.requests(since=before)), limit)


def of_one_registration(make_stack: MakeStack) -> Sequence[Counted]:
    """Creation and its preview, the same without changes, a refresh, rotations and destruction of one registration.

    The preview reads the list of the environment, two pages at most, to say what the creation would meet.
    """
    stack = make_stack("one")

    return (
        _counted(stack, "`preview` of the first `up`", stack.preview, {_LIST: 2}),
        _counted(stack, "first `up`, one registration", stack.up, _ONE),
        _counted(stack, "`up` without changes", stack.up, {}),
        _counted(stack, "`preview` without changes", stack.preview, {}),
        _counted(stack, "`refresh`, one registration", stack.refresh, {_LIST: 2, _URL: 1}),
        _counted(stack, "first rotation (the second slot is new)", lambda: _rotate(stack), _ONE),
        _counted(stack, "any later rotation (a slot is replaced)", lambda: _rotate(stack), _ONE),
        _counted(stack, "`destroy`, one registration", stack.destroy, _ONE),
    )


def of_twenty_registrations(make_stack: MakeStack) -> Sequence[Counted]:
    """Creation, a run without changes, a refresh and a rotation of 20 registrations in 2 environments.

    The creation also asks once for the environments and for the catalogue (two pages), because among the names are
    some that the package does not know from the documentation. Its preview and a refresh need one list for each
    environment, of two pages at most. The refresh needs one authorization URL for each registration besides: what a
    list shows of a client secret is masked, and the URL is what customers are really sent to.
    """
    registrations = twenty_registrations()
    each = {kind: number * len(registrations) for kind, number in _ONE.items()}
    stack = make_stack("twenty", registrations=registrations)

    measured = (
        _counted(
            stack,
            "`preview` of the first `up`, 20 registrations in 2 environments",
            stack.preview,
            {_LIST: 4},
        ),
        _counted(
            stack,
            "first `up`, 20 registrations in 2 environments",
            stack.up,
            {**each, _CATALOGUE: 2, _ENVIRONMENTS: 1},
        ),
        _counted(stack, "`up` without changes, 20 registrations", stack.up, {}),
        _counted(stack, "`refresh`, 20 registrations in 2 environments", stack.refresh, {_LIST: 4, _URL: 20}),
        _counted(stack, "rotation, 20 registrations", lambda: _rotate(stack), each),
    )
    stack.destroy()
    return measured
