"""The journal: every request the emulated services received, and what they answered."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, TypedDict
from urllib.parse import parse_qsl, urlencode

from emulator.core.store import Store

KEPT_ENTRIES = 20_000
_TRIM_EVERY = 1_000


class Entry(TypedDict):
    """One exchange.

    ``at`` is real time (ISO 8601, UTC). ``query`` maps names to values, repeated ones joined by commas. ``route`` is
    the template that matched, None for a request that no route knows. ``status`` is None when the connection was
    broken before an answer. ``acted`` tells whether the service saw the request, ``fault`` which scripted fault met
    it; ``error`` holds the traceback of a fault in the emulator itself. The Authorization header is never kept.
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


def fingerprint(value: str) -> str:
    """What stands in the journal instead of a secret."""
    return "sha256:" + hashlib.sha256(value.encode()).hexdigest()


def without(body: str | None, names: tuple[str, ...]) -> str | None:
    """``body`` (form or JSON) with the values of ``names`` replaced by their fingerprints."""
    if not body or not any(name in body for name in names):
        return body
    try:
        value = json.loads(body)
    except ValueError:
        pairs = parse_qsl(body, keep_blank_values=True)
        if not any(name in names for name, _ in pairs):
            return body
        return urlencode([(name, fingerprint(text) if name in names else text) for name, text in pairs])
    return json.dumps(_masked(value, names), ensure_ascii=False)


def _masked(value: Any, names: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return {
            name: fingerprint(item) if name in names and isinstance(item, str) else _masked(item, names)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [_masked(item, names) for item in value]
    return value


class Journal:
    """The last exchanges in order, in memory and in the database; ``seq`` never restarts."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._listeners: list[Callable[[Entry], None]] = []
        with store.lock:
            store.connection.execute("CREATE TABLE IF NOT EXISTS journal (seq INTEGER PRIMARY KEY, entry TEXT)")
            rows = store.connection.execute("SELECT entry FROM journal ORDER BY seq").fetchall()
        self._entries: deque[Entry] = deque((json.loads(row[0]) for row in rows), maxlen=KEPT_ENTRIES)
        self._last = self._entries[-1]["seq"] if self._entries else 0

    @property
    def last_seq(self) -> int:
        """Number of the newest entry, 0 before the first."""
        return self._last

    def record(self, entry: Entry, at_rest: tuple[str, ...] = ()) -> None:
        """Number and keep an entry; on disk the values of ``at_rest`` are fingerprints."""
        kept: Entry = {**entry}
        if at_rest:
            kept["request_body"] = without(entry["request_body"], at_rest)
            kept["response_body"] = without(entry["response_body"], at_rest)
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
        """Requests that no route knows: each is a gap in the emulator or a fault in a client."""
        return [entry for entry in self.entries(since) if entry["route"] is None]

    def listen(self, listener: Callable[[Entry], None]) -> Callable[[], None]:
        """Call ``listener`` in the server's thread after each exchange; returns the function that stops it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def clear(self) -> None:
        """Forget all entries; numbering goes on."""
        with self._lock:
            self._entries.clear()
        with self._store.lock:
            self._store.connection.execute("DELETE FROM journal")
