"""Looks, after every request that the emulator answers, at what must never be otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from emulator.core.journal import Entry
from emulator.core.world import World
from emulator.entra.directory import APPLICATION, Directory
from emulator.unifiedto.holding import Holding, holding_of
from emulator.unifiedto.model import Row
from emulator.unifiedto.state import Workspace

MOST_SECRETS = 2


def active_rows(world: World) -> list[Row]:
    """The registrations that are active, as they truly are."""
    return [row for row in Workspace(world.store, world.clock.now).rows() if row.is_active]


def holdings(world: World) -> list[Holding | None]:
    """What Entra would make of each active registration's credentials at this moment, without a request; None for one
    that has none."""
    return [holding_of(world, row) for row in active_rows(world)]


class Watch:
    """Notes every moment in which a customer could not have signed in, or an application held a third secret.

    A sign-in counts as promised while a registration is active: that begins when it is first registered, and ends when
    the stack gives it up.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.complaints: list[str] = []
        self._repeats = False
        self.looks = 0

    def look(self, when: str) -> None:
        """Look now."""
        self.looks += 1
        for held in holdings(self._world):
            if held is None:
                self.complaints.append(f"{when}: an active registration without credentials")
            elif not held.is_accepted:
                self.complaints.append(f"{when}: sign-ins fail, {held.problem}")
        for application in Directory(self._world).find(APPLICATION, lambda _resource: True):
            if len(application.secrets) > MOST_SECRETS:
                self.complaints.append(f"{when}: an application holds {len(application.secrets)} secrets")

    def _after(self, entry: Entry) -> None:
        if entry["path"].endswith("/addPassword"):
            # Entra refuses a third secret, so that none is ever seen: what counts is that none is asked for. The
            # azuread provider does so by itself when it repeats a request whose answer said that it had failed.
            if "maximum of 2 passwords" in (entry["response_body"] or "") and not self._repeats:
                self.complaints.append("a third secret was asked for")
            self._repeats = bool(entry["fault"])
        self.look(f"after {entry['method']} {entry['path']} ({entry['fault'] or 'no fault'})")

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look after every request for the length of a block, and at its end."""
        stop = self._world.journal.listen(self._after)
        try:
            yield
        finally:
            stop()
            self.look("at the end")

    def assert_content(self) -> None:
        """Nothing was otherwise, and somebody looked."""
        assert self.looks
        assert not self.complaints, self.complaints
