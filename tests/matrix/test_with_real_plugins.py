"""A part of both matrices with the real plugins: what the pages say holds there too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.matrix import crashes, faults, page
from tests.matrix.laboratory import Laboratory, laboratory_with
from tests.support.tools import real_tools

pytestmark = pytest.mark.real

_APPLICATION = "/v1.0/applications/{id}"

FAULTS = [
    ("POST", f"{_APPLICATION}/removePassword", "429"),
    ("POST", f"{_APPLICATION}/removePassword", "reset after"),
    ("POST", f"{_APPLICATION}/addPassword", "403"),
    ("POST", f"{_APPLICATION}/addPassword", "503"),
    ("POST", f"{_APPLICATION}/addPassword", "reset after"),
    ("PUT", "/unified/workspaceintegration/{id}", "403"),
    ("PUT", "/unified/workspaceintegration/{id}", "reset after"),
    ("PUT", "/unified/workspaceintegration/{id}", "500 after"),
]

CRASHES = [
    ("create", "POST /v1.0/applications"),
    ("create", f"POST {_APPLICATION}/addPassword"),
    ("rotate", f"POST {_APPLICATION}/removePassword"),
    ("rotate", f"POST {_APPLICATION}/addPassword"),
    ("force", f"POST {_APPLICATION}/addPassword"),
    ("destroy", f"DELETE {_APPLICATION}"),
]


@pytest.fixture(scope="module")
def with_real_plugins() -> Iterator[Laboratory]:
    with laboratory_with(real_tools()) as laboratory:
        yield laboratory


@pytest.mark.parametrize(("method", "route", "fault"), FAULTS)
def test_a_fault_ends_as_with_the_stand_ins(with_real_plugins: Laboratory, method: str, route: str, fault: str) -> None:
    [(call, outcome)] = [
        (call, outcome)
        for (call, name), outcome in page.expected_faults().items()
        if (call.method, call.route, call.nth, name) == (method, route, 1, fault)
    ]
    assert faults.run_one(with_real_plugins, call, fault, times=1)[0] == outcome.split(" / ")[0]


@pytest.mark.filterwarnings("ignore:Error in event stream")
@pytest.mark.parametrize(("scenario", "request_"), CRASHES)
def test_a_killed_cli_is_recovered_from_as_with_the_stand_ins(
    with_real_plugins: Laboratory, scenario: str, request_: str
) -> None:
    crash = crashes.Crash(scenario, f"after:request {request_}", 1)
    assert crashes.run(with_real_plugins, crash) == page.expected_crashes()[crash]
