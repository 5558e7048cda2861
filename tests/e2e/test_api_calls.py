"""What each kind of run costs Unified.to, in requests. `make bench` writes the same counts into the documents."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.stack import RehearsedStack
from tools.bench import api_calls


def test_one_registration_costs_a_list_a_put_a_read_back_and_an_authorization_url_and_no_change_nothing(
    new_stack: Callable[..., RehearsedStack],
) -> None:
    measured = api_calls.of_one_registration(new_stack)
    assert {run.title: run.excess for run in measured} == {run.title: {} for run in measured}


def test_a_refresh_of_twenty_registrations_in_two_environments_costs_four_lists_at_most(
    new_stack: Callable[..., RehearsedStack],
) -> None:
    measured = api_calls.of_twenty_registrations(new_stack)
    assert {run.title: run.excess for run in measured} == {run.title: {} for run in measured}
