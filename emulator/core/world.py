"""One emulated world: everything the handlers of all services share."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from emulator.core import tls
from emulator.core.clock import Clock
from emulator.core.faults import Faults
from emulator.core.journal import Journal
from emulator.core.routes import Missing, Refusal, Route, ServiceName
from emulator.core.settings import Settings
from emulator.core.store import Store, StoreSnapshot

Kept = TypeVar("Kept")
log = logging.getLogger("emulator")


@dataclass(frozen=True)
class Services:
    """The declarations of all service modules, merged."""

    routes: tuple[Route, ...]
    switches: Mapping[str, Any]
    switch_checks: tuple[Callable[[str, Any], str | None], ...]
    seeds: tuple[Callable[[World], None], ...]
    environments: tuple[Callable[[World], dict[str, str]], ...]
    refusals: Mapping[str, Refusal]
    prefixes: tuple[tuple[str, ServiceName], ...]
    missing: tuple[Missing, ...]

    def problem_with_switch(self, name: str, value: object) -> str | None:
        """Why a switch cannot have a value; None when no service objects."""
        for check in self.switch_checks:
            problem = check(name, value)
            if problem is not None:
                return problem
        return None

    def owner_of(self, path: str) -> ServiceName:
        """The service whose error format answers an unknown ``path``."""
        for prefix, service in self.prefixes:
            if re.match(prefix, path):
                return service
        return "unknown"

    def refuse(self, service: str, request: Request, status: int, reason: str) -> Response:
        """An error answer in the format of ``service``."""
        refusal = self.refusals.get(service)
        if refusal is not None:
            return refusal(request, status, reason)
        return JSONResponse({"error": {"code": f"http_{status}", "message": reason}}, status_code=status)


class World:
    """State, clock, journal, faults and settings of one state directory.

    ``base_url`` (``https://localhost:<port>``) is known once a server runs. ``close_port_for`` makes the server refuse
    connections for that many real seconds; without a server it does nothing.
    """

    def __init__(self, state_dir: Path, services: Services) -> None:
        self.state_dir = state_dir
        state_dir.mkdir(parents=True, exist_ok=True)
        self.services = services
        self.tls = tls.prepare(state_dir / "tls")
        self.store = Store(state_dir / "state.sqlite3")
        self.clock = Clock(self.store)
        self.journal = Journal(self.store)
        self.faults = Faults()
        self.settings = Settings(self.store, self.services.switches, self.services.problem_with_switch)
        self.base_url = ""
        self._kept: dict[str, object] = {}
        self.close_port_for: Callable[[float], None] = lambda _seconds: None
        if self.store.get("core.meta", "seeded") is None:
            self._seed()

    def keep(self, name: str, make: Callable[[], Kept]) -> Kept:
        """The object of that name, made on first use and kept as long as the process lives (a signing key, say)."""
        with self.store.lock:
            if name not in self._kept:
                self._kept[name] = make()
            return cast(Kept, self._kept[name])

    def reset(self) -> None:
        """Forget everything but certificates and signing keys, then seed again."""
        self.faults.clear()
        self.store.clear()
        self.settings.reset()
        self.clock.reset()
        self.journal.clear()
        self._seed()

    def snapshot(self) -> StoreSnapshot:
        """The state, clock and settings included, to come back to with ``restore``."""
        return self.store.snapshot()

    def restore(self, snapshot: StoreSnapshot) -> None:
        """Everything as it was, with an empty journal and no faults. A clock that did not stand still goes on from the
        moment it would show by now."""
        self.faults.clear()
        with self.store.lock:
            self.store.restore(snapshot)
            self.settings.reload()
            self.clock.reload()
        self.journal.clear()

    def environment(self) -> dict[str, str]:
        """Environment variables that point azuread, MSAL and this project at the running emulator."""
        variables = {"SSL_CERT_FILE": str(self.tls.bundle), "REQUESTS_CA_BUNDLE": str(self.tls.bundle)}
        for environment in self.services.environments:
            variables.update(environment(self))
        return variables

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def _seed(self) -> None:
        for seed in self.services.seeds:
            seed(self)
        self.store.put("core.meta", "seeded", {"version": 1}, counts_as_write=False)


def world_of(request: Request) -> World:
    """The world that a request belongs to."""
    return cast(World, request.app.state.world)
