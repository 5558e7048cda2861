"""One emulated world: everything the handlers of all services share."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar, cast

from starlette.requests import Request

from emulator.core import tls
from emulator.core.clock import Clock
from emulator.core.faults import Faults
from emulator.core.journal import Journal
from emulator.core.routes import Missing, Refusal, Refused, Route, ServiceName
from emulator.core.schemas import Strict
from emulator.core.settings import Settings
from emulator.core.store import Store, StoreSnapshot

Kept = TypeVar("Kept")
log = logging.getLogger("emulator")


@dataclass(frozen=True)
class Service:
    """What a service module declares.

    ``missing``: what the real service has and the emulator has not. ``refusals``: the error formats, for unknown routes
    and scripted statuses. ``prefixes``: path beginnings (regular expressions) whose requests are answered in such a
    format even when no route matches. ``seed`` puts what exists from the start into an empty store. ``environment``
    gives the environment variables that point clients at the service.
    """

    routes: tuple[Route, ...]
    missing: tuple[Missing, ...] = ()
    switches: type[Strict] | None = None
    refusals: Mapping[str, Refusal] = field(default_factory=dict)
    prefixes: tuple[tuple[str, ServiceName], ...] = ()
    seed: Callable[[World], None] = lambda _world: None
    environment: Callable[[World], dict[str, str]] = lambda _world: {}


class World:
    """State, clock, journal, faults and settings of one state directory.

    ``base_url`` (``https://localhost:<port>``) is known once a server runs. ``closing``: what ends with the world.
    """

    def __init__(self, state_dir: Path, services: tuple[Service, ...]) -> None:
        self.state_dir = state_dir
        state_dir.mkdir(parents=True, exist_ok=True)
        self.services = services
        self.tls = tls.prepare(state_dir / "tls")
        self.store = Store(state_dir / "state.sqlite3")
        self.clock = Clock(self.store)
        self.journal = Journal()
        self.faults = Faults()
        self.settings = Settings(self.store, [service.switches for service in services if service.switches])
        self.base_url = ""
        self.closing = ExitStack()
        self._kept: dict[str, object] = {}
        if self.store.get("core.meta", "seeded") is None:
            self._seed()

    def keep(self, name: str, make: Callable[[], Kept]) -> Kept:
        """The object of that name, made on first use and kept as long as the process lives (a signing key, say)."""
        with self.store.lock:
            if name not in self._kept:
                self._kept[name] = make()
            return cast(Kept, self._kept[name])

    def reset(self) -> None:
        """Delete everything except certificates and what is kept in memory, then seed again."""
        self.faults.clear()
        self.store.clear()
        self.settings.reset()
        self.clock.reset()
        self.journal.clear()
        self._seed()

    def snapshot(self) -> StoreSnapshot:
        """The state, including clock and settings, for ``restore``."""
        return self.store.snapshot()

    def restore(self, snapshot: StoreSnapshot) -> None:
        """Restore a snapshot, with an empty journal and no faults. A clock that was running shows the time it
        would have reached by now.
        """
        self.faults.clear()
        with self.store.lock:
            self.store.restore(snapshot)
            self.settings.reload()
            self.clock.reload()
        self.journal.clear()

    def owner_of(self, path: str) -> ServiceName:
        """The service whose error format answers an unknown ``path``."""
        prefixes = (prefix for service in self.services for prefix in service.prefixes)
        return next((name for prefix, name in prefixes if re.match(prefix, path)), "unknown")

    def refusal(self, name: str, status: int, reason: str) -> Refused:
        """An error in the format of the service of that name."""
        makers = (service.refusals[name] for service in self.services if name in service.refusals)
        return next(makers, Refused)(status, reason)

    def environment(self) -> dict[str, str]:
        """Environment variables that point azuread, MSAL and this project at the running emulator."""
        variables = {"SSL_CERT_FILE": str(self.tls.bundle), "REQUESTS_CA_BUNDLE": str(self.tls.bundle)}
        for service in self.services:
            variables.update(service.environment(self))
        return variables

    def close(self) -> None:
        """Close the store, and what else has to be closed."""
        self.closing.close()
        self.store.close()

    def _seed(self) -> None:
        for service in self.services:
            service.seed(self)
        self.store.put("core.meta", "seeded", {"version": 1}, counts_as_write=False)


def world_of(request: Request) -> World:
    """The world that a request belongs to."""
    return cast(World, request.app.state.world)
