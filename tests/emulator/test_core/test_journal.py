"""The journal of an emulator: its numbers, and what it keeps of a client's proofs."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import pytest

from emulator.core.journal import Entry, Journal
from emulator.core.redaction import fingerprint
from emulator.core.server import EmulatorServer

CANARY = 'canary~"quoted"/ünd=more&'


def entry(service: str = "graph", body: str | None = None) -> Entry:
    return {
        "seq": 0,
        "at": "2026-01-01T00:00:00.000Z",
        "service": service,
        "method": "GET",
        "path": "/v1.0/applications",
        "query": {},
        "route": "/v1.0/applications",
        "status": 200,
        "request_body": body,
        "response_body": None,
        "fault": None,
        "acted": True,
        "error": None,
    }


def test_numbers_continue_after_the_journal_was_cleared_and_the_emulator_reset(tmp_path: Path) -> None:
    with EmulatorServer(tmp_path) as emulator:
        emulator.world.journal.record(entry())
        emulator.world.journal.clear()
        emulator.world.journal.record(entry())
        emulator.world.reset()
        assert (emulator.control.journal(), emulator.control.last_seq()) == ([], 2)


@pytest.mark.parametrize("name", ["client_secret", "client_assertion"])
def test_a_proof_that_entra_receives_is_kept_as_its_fingerprint(name: str) -> None:
    journal = Journal()
    journal.record(entry("entra", urlencode({"scope": "x", name: CANARY})))
    [kept] = journal.entries()
    assert kept["request_body"] == urlencode({"scope": "x", name: fingerprint(CANARY)})


@pytest.mark.parametrize("body", [None, "", "grant_type=client_credentials&client_id=1", "[1, 2"])
def test_what_holds_no_proof_is_kept_to_the_letter(body: str | None) -> None:
    journal = Journal()
    journal.record(entry("entra", body))
    assert journal.entries()[0]["request_body"] == body
