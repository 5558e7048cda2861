"""The journal: every request the emulated services received, and what they answered.

It is kept in memory only, because it holds secrets: those that Entra hands out and those that Unified.to receives.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import TypedDict

from emulator.core.redaction import without_proofs

KEPT_ENTRIES = 20_000


class Entry(TypedDict):
    """One exchange.

    ``at`` is real time (ISO 8601, UTC). ``query`` maps names to values, repeated ones joined by commas. ``route`` is
    the template that matched, None for a request without a route. ``status`` is None when the connection was
    broken before an answer. ``acted`` tells whether the service saw the request. It did not when the client went
    away before the end of the body; ``request_body`` then holds a part of it. ``fault`` is the scripted fault it met,
    ``error`` holds the traceback of a fault in the emulator itself. The Authorization header is never kept.
    """

    seq: int
    at: str
    service: str
    method: str
    path: str
    query: dict[str, str]
    route: str | None
    status: int | None
    request_body: str | None
    response_body: str | None
    fault: str | None
    acted: bool
    error: str | None


class Journal:
    """The last exchanges in order; ``seq`` never restarts while the process lives."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: list[Callable[[Entry], None]] = []
        self._entries: deque[Entry] = deque(maxlen=KEPT_ENTRIES)
        self._last = 0

    @property
    def last_seq(self) -> int:
        """Number of the newest entry, 0 before the first."""
        return self._last

    def record(self, entry: Entry) -> None:
        """Number and keep an entry."""
        if entry["service"] == "entra" and entry["request_body"]:
            entry["request_body"] = without_proofs(entry["request_body"])
        with self._lock:
            self._last += 1
            entry["seq"] = self._last
            self._entries.append(entry)
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener(entry)

    def entries(self, since: int = 0, service: str | None = None) -> list[Entry]:
        """Entries with ``seq`` greater than ``since``, of one service or all, oldest first."""
        with self._lock:
            return [
                entry
                for entry in self._entries
                if entry["seq"] > since and (service is None or entry["service"] == service)
            ]

    def unknown(self, since: int = 0) -> list[Entry]:
        """Requests without a route: each is a gap in the emulator or a fault in a client."""
        return [entry for entry in self.entries(since) if entry["route"] is None]

    def listen(self, listener: Callable[[Entry], None]) -> Callable[[], None]:
        """Call ``listener`` in the server's thread after each exchange; returns the function that stops it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def clear(self) -> None:
        """Delete all entries; numbering continues."""
        with self._lock:
            self._entries.clear()
