"""A subset of both matrices on Pulumi with the real azuread plugin: what the pages say holds there too."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from emulator.core.journal import Entry
from emulator.core.server import EmulatorServer
from emulator.engine.interface import EngineError
from emulator.engine.processes import end_all
from tests.matrix import crashes, faults, page
from tests.matrix.laboratory import Laboratory
from tests.support import real_pulumi
from tests.support.forked_engine import Verdict
from tests.support.stack import MakeEngine, RehearsedStack

pytestmark = real_pulumi.MARKS

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
    ("create", "POST", "/v1.0/applications"),
    ("create", "POST", f"{_APPLICATION}/addPassword"),
    ("rotate", "POST", f"{_APPLICATION}/removePassword"),
    ("rotate", "POST", f"{_APPLICATION}/addPassword"),
    ("force", "POST", f"{_APPLICATION}/addPassword"),
    ("destroy", "DELETE", _APPLICATION),
]


class PulumiEngines:
    """The Pulumi CLI on PATH."""

    def maker(self, at_boundary: Verdict | None) -> MakeEngine:
        assert at_boundary is None, "the CLI has no boundaries to stop at"
        return real_pulumi.pulumi

    def expect(self, stack: RehearsedStack) -> None:
        """Nothing is prepared."""


@pytest.fixture(scope="module")
def laboratory() -> Iterator[Laboratory]:
    with (
        tempfile.TemporaryDirectory(prefix="matrix-") as directory,
        EmulatorServer(Path(directory) / "emulator") as emulator,
    ):
        yield Laboratory(emulator, PulumiEngines(), Path(directory))


def _expected_fault(method: str, route: str, fault: str) -> tuple[faults.Call, str]:
    """The call, and what the page says of the fault when it happens once."""
    [found] = [
        (call, outcome)
        for (call, name), outcome in page.expected_faults().items()
        if (call.method, call.route, call.nth, name) == (method, route, 1, fault)
    ]
    return found[0], found[1].split(" / ")[0]


@pytest.mark.parametrize(("method", "route", "fault"), FAULTS)
def test_a_fault_ends_as_on_the_embedded_engine(laboratory: Laboratory, method: str, route: str, fault: str) -> None:
    call, outcome = _expected_fault(method, route, fault)
    assert faults.run_one(laboratory, call, fault, times=1)[0] == outcome


@contextmanager
def _killed_after(stack: RehearsedStack, method: str, route: str) -> Iterator[list[int]]:
    """Kills the CLI and its plugins as soon as the service has carried a request out; yields the numbers killed."""
    killed: list[int] = []

    def look(entry: Entry) -> None:
        if not killed and (entry["method"], entry["route"]) == (method, route):
            killed.append(end_all(stack.state_dir))

    stop = stack.emulator.world.journal.listen(look)
    try:
        yield killed
    finally:
        stop()


@pytest.mark.filterwarnings("ignore:Error in event stream")
@pytest.mark.parametrize(("scenario", "method", "route"), CRASHES)
def test_a_killed_cli_is_recovered_from_as_the_embedded_engine_is(
    laboratory: Laboratory, scenario: str, method: str, route: str
) -> None:
    outcome = page.expected_crashes()[crashes.Crash(scenario, f"after:request {method} {route}", 1)]

    def run_to_the_kill(stack: RehearsedStack) -> None:
        with _killed_after(stack, method, route) as killed, pytest.raises(EngineError):
            crashes.SCENARIOS[scenario].run(stack)
        assert sum(killed) > 1, "the CLI and its plugins were to be killed"

    assert crashes.run_twice(laboratory, scenario, run_to_the_kill) == outcome
