"""Each call of a rotation with two faults or more, chosen by a rule: sign-ins go on, and the next run ends where it
should."""

from __future__ import annotations

import pytest

from tests.matrix import faults, page
from tests.matrix.laboratory import Laboratory

EXPECTED = page.expected_faults()


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        pytest.param(call, fault, id=f"{call.method} {call.route} {call.nth}-{fault}")
        for call, fault in faults.chosen(list(EXPECTED))
    ],
)
def test_a_fault_during_a_rotation_locks_nobody_out_and_is_recovered_from(
    laboratory: Laboratory, call: faults.Call, fault: str
) -> None:
    assert faults.run(laboratory, call, fault) == EXPECTED[call, fault]


def test_the_page_has_every_call_of_a_rotation_with_every_fault(laboratory: Laboratory) -> None:
    assert list(EXPECTED) == faults.cases(faults.recorded_calls(laboratory)), "run `make matrix`"
    assert page.FAULT_PAGE.read_text("utf-8") == page.fault_page(EXPECTED), "run `make matrix`"
