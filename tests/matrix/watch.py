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

ENVIRONMENT, INTEGRATION_TYPE = "Production", "microsoft_ad"
MOST_SECRETS = 2


def registered_row(world: World) -> Row:
    """The registration as it truly is."""
    row = Workspace(world.store, world.clock.now).find(ENVIRONMENT, INTEGRATION_TYPE)
    assert row is not None, "the emulated workspace has no such row"
    return row


def holding(world: World) -> Holding | None:
    """What Entra would make of the registered credentials at this moment, without a request."""
    return holding_of(world, registered_row(world))


class Watch:
    """Notes every moment in which a customer could not have signed in, or an application held a third secret.

    A sign-in counts as promised while the registration is active: that begins with the first registration, and ends
    when the stack gives it up.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.complaints: list[str] = []
        self._repeats = False
        self.looks = 0

    def look(self, when: str) -> None:
        """Look now."""
        self.looks += 1
        row = registered_row(self._world)
        if row.is_active:
            held = holding_of(self._world, row)
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
