"""The journal on disk."""

from __future__ import annotations

from pathlib import Path

from emulator.core.journal import Entry, Journal
from emulator.core.server import EmulatorServer
from emulator.core.store import Store


def entry() -> Entry:
    return {
        "seq": 0,
        "at": "2026-01-01T00:00:00.000Z",
        "service": "graph",
        "method": "GET",
        "path": "/v1.0/me",
        "query": {},
        "route": "/v1.0/me",
        "status": 200,
        "request_body": None,
        "response_body": None,
        "fault": None,
        "acted": True,
        "error": None,
    }


def test_numbers_go_on_after_the_journal_was_cleared_and_the_emulator_restarted(tmp_path: Path) -> None:
    numbers = []
    for _ in range(3):
        store = Store(tmp_path / "state.sqlite3")
        journal = Journal(store)
        journal.record(entry())
        numbers.append(journal.last_seq)
        journal.clear()
        store.close()
    assert numbers == [1, 2, 3]


def test_a_reset_does_not_start_the_numbers_again(tmp_path: Path) -> None:
    with EmulatorServer(tmp_path) as first:
        first.world.journal.record(entry())
        first.world.reset()
    with EmulatorServer(tmp_path) as second:
        assert second.control.last_seq() == 1
