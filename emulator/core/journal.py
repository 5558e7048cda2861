"""The journal: every request the emulated services received, and what they answered."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable
from typing import TypedDict

from emulator.core.redaction import NAMES_SENT, PROVES_NOTHING, SECRET_NAMES, without, without_values
from emulator.core.store import Store

KEPT_ENTRIES = 20_000
_TRIM_EVERY = 1_000
_NEWEST = "SELECT max(seq) FROM (SELECT seq FROM sqlite_sequence WHERE name = 'journal' UNION SELECT seq FROM journal)"
"""SQLite's own counter outlives the rows; a database of an earlier version has only the rows."""


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
    """The last exchanges in order, in memory and in the database; ``seq`` never restarts."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._listeners: list[Callable[[Entry], None]] = []
        with store.lock:
            store.connection.execute(
                "CREATE TABLE IF NOT EXISTS journal (seq INTEGER PRIMARY KEY AUTOINCREMENT, entry TEXT)"
            )
            rows = store.connection.execute("SELECT entry FROM journal ORDER BY seq").fetchall()
            last = store.connection.execute(_NEWEST).fetchone()
        self._entries: deque[Entry] = deque((json.loads(row[0]) for row in rows), maxlen=KEPT_ENTRIES)
        self._last: int = last[0] or 0

    @property
    def last_seq(self) -> int:
        """Number of the newest entry, 0 before the first."""
        return self._last

    def record(self, entry: Entry) -> None:
        """Number and keep an entry, on disk without any secret."""
        if entry["service"] != "unifiedto":
            entry["request_body"] = without(entry["request_body"], PROVES_NOTHING)
            entry["response_body"] = without(entry["response_body"], PROVES_NOTHING)
        kept: Entry = {**entry}
        kept["query"] = without_values(entry["query"], NAMES_SENT)
        kept["request_body"] = without(entry["request_body"], NAMES_SENT)
        kept["response_body"] = without(entry["response_body"], SECRET_NAMES, in_text=NAMES_SENT)
        kept["error"] = without(entry["error"], SECRET_NAMES)
        with self._lock:
            self._last += 1
            entry["seq"] = kept["seq"] = self._last
            self._entries.append(entry)
            listeners = tuple(self._listeners)
        with self._store.lock:
            self._store.connection.execute(
                "INSERT INTO journal (seq, entry) VALUES (?, ?)", (entry["seq"], json.dumps(kept, ensure_ascii=False))
            )
            if entry["seq"] % _TRIM_EVERY == 0:
                oldest = entry["seq"] - KEPT_ENTRIES
                self._store.connection.execute("DELETE FROM journal WHERE seq <= ?", (oldest,))
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
        with self._store.lock:
            self._store.connection.execute("DELETE FROM journal")
            self._store.forget_deleted()
