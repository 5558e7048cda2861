"""The engine killed at each boundary of create, rotate, force and destroy: the next run ends where it should."""

from __future__ import annotations

import pytest

from tests.matrix import crashes, page
from tests.matrix.laboratory import Laboratory

EXPECTED = page.expected_crashes()


@pytest.mark.parametrize(
    ("crash", "outcome"),
    [
        pytest.param(crash, outcome, id=f"{crash.scenario}-{crash.boundary} {crash.nth}")
        for crash, outcome in EXPECTED.items()
    ],
)
def test_a_killed_engine_locks_nobody_out_and_the_next_run_goes_on(
    laboratory: Laboratory, crash: crashes.Crash, outcome: str
) -> None:
    assert crashes.run(laboratory, crash) == outcome


@pytest.mark.parametrize("scenario", crashes.SCENARIOS)
def test_the_page_has_every_boundary(laboratory: Laboratory, scenario: str) -> None:
    recorded = crashes.recorded_crashes(laboratory, scenario)
    assert {crash for crash in EXPECTED if crash.scenario == scenario} == set(recorded), "run `python -m tests.matrix`"
    assert page.CRASH_PAGE.read_text("utf-8") == page.crash_page(EXPECTED), "run `python -m tests.matrix`"
