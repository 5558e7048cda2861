"""Runs every case and rewrites the pages: ``python -m tests.matrix [faults | crashes]``. Takes some minutes."""

from __future__ import annotations

import multiprocessing
import multiprocessing.util
import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from typing import TypeVar

from tests.matrix import crashes, faults, page
from tests.matrix.laboratory import Laboratory, open_laboratory

Case = TypeVar("Case")
_own: dict[str, Laboratory] = {}
"""The laboratory of this process."""


class Laboratories:
    """One in a process of its own for each processor: an operation has the environment of its process to itself."""

    def __init__(self, opened: ExitStack) -> None:
        self._workers = opened.enter_context(
            ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn"), initializer=_open)
        )

    def run_all(self, run: Callable[[Case], str], cases: Sequence[Case]) -> dict[Case, str]:
        """The outcomes in the order of the cases; what is wrong with a case that does not hold begins with FAILED."""
        return dict(zip(cases, self._workers.map(run, cases), strict=True))


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
    except AssertionError as error:
        return f"{_FAILED}: {error}"


_FAILED = "FAILED"


def _failures(outcomes: dict[Case, str]) -> int:
    failed = {case: outcome for case, outcome in outcomes.items() if outcome.startswith(_FAILED)}
    for case, outcome in failed.items():
        sys.stdout.write(f"{case}\n    {outcome}\n")
    return len(failed)


def main(wanted: Sequence[str]) -> int:
    """Exit code 1 when a case does not hold; its page stays as it is then."""
    began = time.monotonic()
    with ExitStack() as opened:
        laboratories = Laboratories(opened)
        failures = 0
        if "crashes" not in wanted:
            calls = faults.recorded_calls(opened.enter_context(open_laboratory()))
            by_fault = laboratories.run_all(_fault, faults.cases(calls))
            failures += _failures(by_fault)
            if not failures:
                page.FAULT_PAGE.write_text(page.fault_page(by_fault), "utf-8")
            sys.stdout.write(f"faults: {len(by_fault)} cells, {time.monotonic() - began:.0f} s\n")
        if "faults" not in wanted:
            by_crash = laboratories.run_all(_crash, crashes.cases(opened.enter_context(open_laboratory())))
            failed = _failures(by_crash)
            if not failed:
                page.CRASH_PAGE.write_text(page.crash_page(by_crash), "utf-8")
            failures += failed
            sys.stdout.write(f"crashes: {len(by_crash)}, {time.monotonic() - began:.0f} s\n")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
