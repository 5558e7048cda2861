"""Processes that run cases side by side, each with a laboratory: an operation has the environment of its process to
itself."""

from __future__ import annotations

import multiprocessing
import multiprocessing.util
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from typing import TypeVar

from tests.matrix import crashes, faults
from tests.matrix.laboratory import Laboratory, open_laboratory

Case = TypeVar("Case")
_FAILED = "FAILED"
_own: dict[str, Laboratory] = {}
"""The laboratory of this process."""


class Workers:
    """One for each processor, until the given stack is closed. Outcomes are in the order of the cases; what is wrong
    with a case that does not hold begins with FAILED."""

    def __init__(self, opened: ExitStack) -> None:
        self._pool = opened.enter_context(
            ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn"), initializer=_open)
        )

    def run_faults(self, cases: Sequence[tuple[faults.Call, str]]) -> dict[tuple[faults.Call, str], str]:
        """Every call with a fault, each said on standard output when it has run."""
        return self._run(_fault, cases)

    def run_crashes(self, cases: Sequence[crashes.Crash]) -> dict[crashes.Crash, str]:
        """Every crash, each said on standard output when it has run."""
        return self._run(_crash, cases)

    def _run(self, run: Callable[[Case], str], cases: Sequence[Case]) -> dict[Case, str]:
        outcomes: dict[Case, str] = {}
        for case, outcome in zip(cases, self._pool.map(run, cases), strict=True):
            outcomes[case] = outcome
            sys.stdout.write(f"{case}\n    {outcome}\n")
            sys.stdout.flush()
        return outcomes


def failures(outcomes: dict[Case, str]) -> int:
    """How many cases do not hold."""
    return sum(outcome.startswith(_FAILED) for outcome in outcomes.values())


def _open() -> None:
    opened = ExitStack()
    _own["laboratory"] = opened.enter_context(open_laboratory())
    multiprocessing.util.Finalize(None, opened.close, exitpriority=1)


def _fault(case: tuple[faults.Call, str]) -> str:
    return _guarded(lambda: faults.run(_own["laboratory"], *case))


def _crash(case: crashes.Crash) -> str:
    return _guarded(lambda: crashes.run(_own["laboratory"], case))


def _guarded(run: Callable[[], str]) -> str:
    try:
        return run()
    except Exception as error:  # a line of the table for each, whatever happens
        return f"{_FAILED}: {error!r}"
