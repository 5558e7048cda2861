"""The page of complaints is complete, and notices when a test it names is gone."""

from __future__ import annotations

import pytest

from tools.complaints_page import COMPLAINTS, IncompletePage, Proof, all_tests, complaints, complaints_page


def answer(number: int, *lines: str) -> Proof:
    return Proof("tests/e2e/test_complaints.py", f"test_{number}", (f"Complaint {number}: what.", "", *lines))


def every_complaint() -> list[Proof]:
    return [
        answer(number, f"https://github.com/example/provider/issues/{number}") for number in range(1, COMPLAINTS + 1)
    ]


def test_every_complaint_has_a_test_and_a_source() -> None:
    known = complaints(list(all_tests()))
    assert [complaint.number for complaint in known] == list(range(1, COMPLAINTS + 1))


def test_the_page_links_each_address() -> None:
    page = complaints_page()
    assert "https://github.com/fivetran/terraform-provider-fivetran/issues/390" in page
    assert "a rotated secret shows in the plan and reaches unified" in page


def test_a_complaint_without_a_test_is_noticed() -> None:
    with pytest.raises(IncompletePage, match="no test answers complaint 27"):
        complaints(every_complaint()[:-1])


def test_a_complaint_without_a_source_is_noticed() -> None:
    with pytest.raises(IncompletePage, match="nothing says where complaint 1 was made"):
        complaints([answer(1), *every_complaint()[1:]])


def test_a_pointer_to_a_test_that_is_gone_is_noticed() -> None:
    lost = answer(1, "https://github.com/example/provider/issues/1", "See also: tests/test_gone.py::test_gone")
    with pytest.raises(IncompletePage, match="which does not exist"):
        complaints([*every_complaint()[1:], lost])


def test_another_test_that_cites_the_address_is_listed_whichever_way_it_is_spelt() -> None:
    other = Proof("tests/contract/test_other.py", "test_other", ("See https://github.com/example/provider/pull/3).",))
    known = complaints([*every_complaint(), other])
    assert [other in complaint.tests for complaint in known[:4]] == [False, False, True, False]
