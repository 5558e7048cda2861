"""The CLI killed at boundaries of create, rotate, force and destroy, chosen by a rule: the next run ends where it
should."""

from __future__ import annotations

import pytest

from tests.matrix import crashes, page
from tests.matrix.laboratory import Laboratory

EXPECTED = page.expected_crashes()


@pytest.mark.filterwarnings("ignore:Error in event stream")
@pytest.mark.parametrize(
    "crash",
    [
        pytest.param(crash, id=f"{crash.scenario}-{crash.boundary} {crash.nth}")
        for crash in crashes.chosen(list(EXPECTED))
    ],
)
def test_a_killed_cli_locks_nobody_out_and_the_next_run_goes_on(laboratory: Laboratory, crash: crashes.Crash) -> None:
    assert crashes.run(laboratory, crash) == EXPECTED[crash]


@pytest.mark.parametrize("scenario", crashes.SCENARIOS)
def test_the_page_has_every_boundary(laboratory: Laboratory, scenario: str) -> None:
    recorded = crashes.recorded_crashes(laboratory, scenario)
    assert {crash for crash in EXPECTED if crash.scenario == scenario} == set(recorded), "run `make matrix`"
    assert page.CRASH_PAGE.read_text("utf-8") == page.crash_page(EXPECTED), "run `make matrix`"
