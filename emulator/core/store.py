"""JSON documents in SQLite: the emulator's state, which survives restarts.

Reads are served from memory; every write goes to the database at once. ``synchronous=OFF`` is right here: state
survives the death of the process, and a rehearsal need not survive a power cut. Only its owner can read the database.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Document = dict[str, Any]
"""A JSON object. What the store hands out is the caller's own copy."""
StoreSnapshot = list[tuple[str, str, str]]
"""All documents at one moment: collection, id and JSON text, oldest first."""


@dataclass
class Exchange:
    """The request on whose behalf documents are read and written.

    ``stale`` reads see the documents as they were before the last request of the same service that wrote anything.
    """

    service: str
    stale: bool = False
    has_written: bool = False


_exchange: ContextVar[Exchange | None] = ContextVar("emulator_exchange", default=None)


@contextmanager
def exchange(service: str, *, stale: bool = False) -> Iterator[Exchange]:
    """Mark all store access inside the block as one request of ``service``."""
    current = Exchange(service, stale)
    token = _exchange.set(current)
    try:
        yield current
    finally:
        _exchange.reset(token)


@dataclass(frozen=True)
class _Kept:
    text: str
    value: Document


class Store:
    """Documents by collection and id, in the order of their creation. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        os.close(os.open(path, os.O_CREAT, 0o600))
        path.chmod(0o600)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute("PRAGMA secure_delete=ON")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS documents ("
            "position INTEGER PRIMARY KEY AUTOINCREMENT, collection TEXT, id TEXT, body TEXT, UNIQUE (collection, id))"
        )
        self._collections: dict[str, dict[str, _Kept]] = {}
        self._before: dict[str, dict[tuple[str, str], _Kept | None]] = {}
        for collection, id_, body in self._db.execute("SELECT collection, id, body FROM documents ORDER BY position"):
            self._collections.setdefault(collection, {})[id_] = _Kept(body, json.loads(body))

    @property
    def lock(self) -> threading.RLock:
        """Hold it around changes that must be seen as a whole."""
        return self._lock

    def get(self, collection: str, id_: str) -> Document | None:
        """The document, or None."""
        with self._lock:
            kept = self._view(collection).get(id_)
            return None if kept is None else _copy(kept)

    def find(self, collection: str, matches: Callable[[Document], bool]) -> list[Document]:
        """Copies of the documents for which ``matches`` holds; ``matches`` must not change what it is given."""
        with self._lock:
            return [_copy(kept) for kept in self._view(collection).values() if matches(kept.value)]

    def put(self, collection: str, id_: str, document: Document, *, counts_as_write: bool = True) -> None:
        """Create or replace a document.

        Bookkeeping that a stale read must not undo (counters of delayed reads) passes ``counts_as_write=False``.
        """
        text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
        with self._lock:
            if counts_as_write:
                self._remember(collection, id_)
            self._collections.setdefault(collection, {})[id_] = _Kept(text, json.loads(text))
            self._db.execute(
                "INSERT INTO documents (collection, id, body) VALUES (?, ?, ?) "
                "ON CONFLICT (collection, id) DO UPDATE SET body = excluded.body",
                (collection, id_, text),
            )

    def delete(self, collection: str, id_: str) -> bool:
        """Remove a document; False when there was none."""
        with self._lock:
            if id_ not in self._collections.get(collection, {}):
                return False
            self._remember(collection, id_)
            del self._collections[collection][id_]
            self._db.execute("DELETE FROM documents WHERE collection = ? AND id = ?", (collection, id_))
            return True

    def clear(self) -> None:
        """Delete all documents."""
        with self._lock:
            self._collections.clear()
            self._before.clear()
            self._db.execute("DELETE FROM documents")

    def snapshot(self) -> StoreSnapshot:
        """All documents, for ``restore``."""
        with self._lock:
            return self._db.execute("SELECT collection, id, body FROM documents ORDER BY position").fetchall()

    def restore(self, snapshot: StoreSnapshot) -> None:
        """Restore all documents; a stale read shows nothing older until the next write."""
        with self._lock:
            self.clear()
            for collection, id_, text in snapshot:
                self._collections.setdefault(collection, {})[id_] = _Kept(text, json.loads(text))
            self._db.executemany("INSERT INTO documents (collection, id, body) VALUES (?, ?, ?)", snapshot)

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._db.close()

    def list(self, collection: str) -> list[Document]:
        """All documents of the collection, oldest first."""
        with self._lock:
            return [_copy(kept) for kept in self._view(collection).values()]

    def _remember(self, collection: str, id_: str) -> None:
        current = _exchange.get()
        if current is None:
            return
        if not current.has_written:
            current.has_written = True
            self._before[current.service] = {}
        self._before[current.service].setdefault((collection, id_), self._collections.get(collection, {}).get(id_))

    def _view(self, collection: str) -> dict[str, _Kept]:
        documents = self._collections.get(collection, {})
        current = _exchange.get()
        if current is None or not current.stale:
            return documents
        earlier = dict(documents)
        for (name, id_), kept in self._before.get(current.service, {}).items():
            if name != collection:
                continue
            if kept is None:
                earlier.pop(id_, None)
            else:
                earlier[id_] = kept
        return earlier


def _copy(kept: _Kept) -> Document:
    copied: Document = json.loads(kept.text)
    return copied
