"""The fault matrix: each call that a rotation makes, with each fault."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from emulator.core.journal import Entry
from rehearsal.stack import Stack
from tests.matrix.laboratory import Laboratory
from tests.matrix.recovery import SUCCESS, assert_in_force, follow_up, outcome_of
from tests.matrix.watch import Watch
from tests.support.boundaries import run_watched
from tests.support.stack import RehearsedStack

SITUATION: Final = "second rotation due"
NEW_GENERATION: Final = 2
HOLD_S: Final = 2.0
"""How long a request hangs: longer than the API client waits in these cases."""

FAULTS: Final[Mapping[str, Any]] = {
    "refused connection": "refuse",
    "reset before": "reset_before",
    "reset after": "reset_after",
    "time-out": {"kind": "timeout", "seconds": HOLD_S},
    "400": {"kind": "status", "status": 400},
    "401": {"kind": "status", "status": 401},
    "403": {"kind": "status", "status": 403},
    "404": {"kind": "status", "status": 404},
    "409": {"kind": "status", "status": 409},
    "429": {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}},
    "500": {"kind": "status", "status": 500},
    "500 after": {"kind": "status_after", "status": 500},
    "503": {"kind": "status", "status": 503},
    "half a body": "half_body",
    "not JSON": "not_json",
    "stale read": "stale_read",
}
"""Name to the emulator's scripted action."""

_TUNING: Final[Mapping[str, Mapping[str, str]]] = {"time-out": {"UNIFIED_API_TIMEOUT_S": "1.5"}}
_FOR_READS: Final = "stale read"
NOT_APPLICABLE: Final = "-"


@dataclass(frozen=True)
class Call:
    """One request of a rotation. ``nth``: which of the requests to the same route it is, from 1."""

    service: str
    method: str
    route: str
    nth: int
    asked_by: str

    @property
    def path(self) -> str:
        """The route as a regular expression of the whole path."""
        literal = "[^/]+".join(map(re.escape, re.split(r"\{[^}]*\}", self.route)))
        return f"^{literal}$"

    def matches(self, entry: Entry) -> bool:
        """Whether a request goes to the same route."""
        return (entry["service"], entry["method"], entry["route"]) == (self.service, self.method, self.route)


def recorded_calls(laboratory: Laboratory) -> list[Call]:
    """Every request of a rotation without a fault, in order, and on whose behalf the engine made it."""
    working_on: list[str] = []
    askers: list[str] = []

    def on_boundary(name: str) -> bool:
        moment, _, what = name.partition(":")
        if what.startswith("request"):
            if moment == "after":
                askers.append(working_on[-1] if working_on else "")
        elif moment == "before":
            working_on.append(what)
        else:
            working_on.remove(what)
        return False

    with laboratory.case(SITUATION) as stack:
        before = stack.mark()
        run_watched(stack, Stack.up, on_boundary, laboratory.emulator.world, parallel=1)
        entries = stack.requests(since=before)
    calls: list[Call] = []
    for entry, asker in zip(entries, askers, strict=True):
        assert entry["route"] is not None
        nth = 1 + sum(call.matches(entry) for call in calls)
        calls.append(Call(entry["service"], entry["method"], entry["route"], nth, _asker(asker)))
    return calls


def _asker(boundary: str) -> str:
    """``create azuread:index/applicationPassword:ApplicationPassword name`` as a reader sees it."""
    if not boundary:
        return "the program's look-ups"
    operation, kind, _name = boundary.split(" ", 2)
    resource = {"Command": "proof"}.get(kind.rsplit(":", 1)[-1], kind.rsplit(":", 1)[-1])
    return f"{operation} {resource}"


def run(laboratory: Laboratory, call: Call, fault: str) -> str:
    """Both cases of a call and a fault: it happens once, and as long as the run lasts.

    ``once / as long``, or one outcome where the run does not come to another request of the kind, so that both are the
    same run.
    """
    if fault == _FOR_READS and call.method != "GET":
        return NOT_APPLICABLE
    once, met_again = run_one(laboratory, call, fault, times=1)
    if not met_again:
        return once
    lasting, _ = run_one(laboratory, call, fault, times=None)
    return f"{once} / {lasting}"


def run_one(laboratory: Laboratory, call: Call, fault: str, *, times: int | None) -> tuple[str, bool]:
    """How a rotation ends that meets the fault so many times (None: as long as the run lasts), and whether the run sent
    another request of the kind after the first that met it."""
    watch = Watch(laboratory.emulator.world)
    with laboratory.case(SITUATION, environment=_TUNING.get(fault)) as stack:
        before = stack.mark()
        with watch.watching():
            outcome = with_fault(stack, call, fault, times=times)
            met = [entry for entry in stack.requests(since=before) if call.matches(entry)]
            assert met[call.nth - 1]["fault"], "the fault was not met"
            if outcome != SUCCESS:
                outcome += follow_up(stack, stack.up)
            assert_in_force(stack, NEW_GENERATION)
        watch.assert_content()
    return outcome, len(met) > call.nth


def with_fault(stack: RehearsedStack, call: Call, fault: str, *, times: int | None = 1) -> str:
    """How an ``up`` ends that meets the fault; afterwards the fault is over."""
    stack.control.add_fault(
        FAULTS[fault], service=call.service, method=call.method, path=call.path, skip=call.nth - 1, times=times
    )
    try:
        return outcome_of(stack.up)
    finally:
        stack.control.clear_faults()


def cases(calls: Sequence[Call]) -> list[tuple[Call, str]]:
    """Every call with every fault."""
    return [(call, fault) for call in calls for fault in FAULTS]


def chosen(cases: Sequence[tuple[Call, str]]) -> list[tuple[Call, str]]:
    """A subset in which every call and every fault occurs at least twice.

    Each call in turn takes the two faults that were taken least often so far; each fault that is short of two then
    takes the calls that were. Of equals the first counts.
    """
    taken: list[tuple[Call, str]] = []

    def take(of: Sequence[tuple[Call, str]], other: int, number: int) -> None:
        for _ in range(number):
            left = [case for case in of if case not in taken]
            if left:
                counts = Counter(case[other] for case in taken)
                taken.append(min(left, key=lambda case: counts[case[other]]))

    applicable = [case for case in cases if case[1] != _FOR_READS or case[0].method == "GET"]
    for call in dict.fromkeys(call for call, _ in applicable):
        take([case for case in applicable if case[0] == call], 1, 2)
    for fault in FAULTS:
        short = 2 - sum(case[1] == fault for case in taken)
        take([case for case in applicable if case[1] == fault], 0, max(short, 0))
    return taken
