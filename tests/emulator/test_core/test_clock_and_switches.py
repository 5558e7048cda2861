"""The clock and the switches take no value that the emulator could not live with."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.core.clock import LATEST, MAX_SCALE, Clock
from emulator.core.daemon import Daemon
from emulator.core.server import EmulatorServer
from emulator.core.store import Store
from rehearsal.later import let_pass
from rehearsal.results import RehearsalError

NOON = "2030-01-01T12:00:00Z"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorServer]:
    with EmulatorServer(tmp_path_factory.mktemp("emulator")) as emulator:
        yield emulator


@pytest.fixture
def emulator(running: EmulatorServer) -> EmulatorServer:
    """One whose clock stands still at noon."""
    running.world.reset()
    running.control.clock(now=NOON, scale=0)
    return running


@pytest.mark.parametrize(
    "change",
    [
        '{"scale": NaN}',
        '{"scale": Infinity}',
        '{"scale": 1e300}',
        '{"scale": -1}',
        '{"scale": "1"}',
        '{"scale": true}',
        '{"advance_s": NaN}',
        '{"advance_s": -Infinity}',
        '{"advance_s": 1e300}',
        '{"advance_s": 1e13}',
        '{"advance_s": "90"}',
        '{"now": "9999-01-01T00:00:00Z"}',
        '{"now": "1999-12-31T23:59:59Z"}',
        '{"now": "2031-01-01T00:00:00Z", "scale": -1}',
        '{"now": "2031-01-01T00:00:00Z", "advance_s": 1e300}',
        '{"advance_s": 60, "scale": NaN}',
        f'{{"scale": 1{"0" * 400}}}',
        "[" * 100_000,
    ],
    ids=lambda change: change[:50],
)
def test_a_change_of_the_clock_that_cannot_be_made_is_not_begun(emulator: EmulatorServer, change: str) -> None:
    answer = httpx.put(
        f"{emulator.base_url}/_emulator/clock",
        content=change,
        headers={"content-type": "application/json"},
        verify=emulator.ssl_context,
    )
    assert (answer.status_code, bool(answer.json()["error"])) == (400, True)
    assert emulator.control.clock() == {"now": NOON, "scale": 0.0}


def test_the_clock_jumps_goes_ahead_and_changes_its_pace_in_one_change(emulator: EmulatorServer) -> None:
    assert emulator.control.clock(now="2031-01-01T00:00:00Z", advance_s=60, scale=0) == {
        "now": "2031-01-01T00:01:00Z",
        "scale": 0.0,
    }


def test_the_fastest_clock_stops_at_the_last_instant_that_can_be_rehearsed(tmp_path: Path) -> None:
    real = [datetime(2026, 1, 1, tzinfo=timezone.utc)]
    store = Store(tmp_path / "clock.sqlite3")
    clock = Clock(store, lambda: real[0])
    clock.change(scale=MAX_SCALE)
    real[0] += timedelta(days=3650)
    assert clock.now() == LATEST
    store.close()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("secret_propagation_s", float("inf")),
        ("secret_propagation_s", float("nan")),
        ("secret_propagation_s", 1e300),
        ("secret_propagation_s", [0, float("inf")]),
        ("lifetime_policy_max_days", 10**12),
        ("msa_conflicts", -1),
        ("custom_domain", "https://x y"),
        ("custom_domain", "https://"),
        ("custom_domain", "https://example.com/path"),
        ("custom_domain", "https://user@example.com"),
    ],
)
def test_a_switch_refuses_what_would_break_the_requests_after_it(
    emulator: EmulatorServer, name: str, value: Any
) -> None:
    before = emulator.world.settings.as_dict()
    with pytest.raises(ValueError, match=name):
        emulator.world.settings.update({name: value})
    assert emulator.world.settings.as_dict() == before


@pytest.mark.parametrize("value", [None, "https://auth.example.com", "https://auth.example.com:8443"])
def test_a_custom_domain_is_a_host(emulator: EmulatorServer, value: str | None) -> None:
    emulator.world.settings.update({"custom_domain": value})


# -- time of a rehearsal ---------------------------------------------------------------------------


@pytest.fixture
def daemon(emulator: EmulatorServer) -> Daemon:
    return Daemon(os.getpid(), emulator.base_url, str(emulator.ca_bundle), emulator.env())


@pytest.mark.parametrize(
    ("later", "complaint"),
    [
        ("ninety days", "give an ISO 8601 duration"),
        ("P9999Y", "give an ISO 8601 duration"),
        ("P99999999999D", "give an ISO 8601 duration"),
        ("P900Y", "time must be between"),
        ("-P90D", "does not go back"),
    ],
)
def test_a_time_that_cannot_pass_is_refused_in_words(
    emulator: EmulatorServer, daemon: Daemon, later: str, complaint: str
) -> None:
    with pytest.raises(RehearsalError, match=complaint):
        let_pass(daemon, later)
    assert emulator.control.clock()["now"] == NOON


@pytest.mark.parametrize(("later", "now"), [("P90D", "2030-04-01T12:00:00Z"), ("P1M", "2030-02-01T12:00:00Z")])
def test_time_passes_by_the_calendar(emulator: EmulatorServer, daemon: Daemon, later: str, now: str) -> None:
    let_pass(daemon, later)
    assert emulator.control.clock()["now"] == now
