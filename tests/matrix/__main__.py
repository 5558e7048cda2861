"""Runs every case and rewrites the pages: ``python -m tests.matrix [faults | crashes]``. Takes some minutes."""

from __future__ import annotations

import os
import queue
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TypeVar

from tests.matrix import crashes, faults, page
from tests.matrix.laboratory import Laboratory, open_laboratory

Case = TypeVar("Case")
Run = Callable[[Laboratory, Case], str]


class Laboratories:
    """As many as there are processors; each thread has one to itself for the length of a case."""

    def __init__(self, opened: ExitStack) -> None:
        self._number = os.cpu_count() or 1
        self._free: queue.SimpleQueue[Laboratory] = queue.SimpleQueue()
        for _ in range(self._number):
            self._free.put(opened.enter_context(open_laboratory()))

    def run_all(self, run: Run[Case], cases: Sequence[Case]) -> dict[Case, str]:
        """The outcomes in the order of the cases; what is wrong with a case that does not hold begins with FAILED."""
        with ThreadPoolExecutor(self._number) as threads:
            outcomes = threads.map(lambda case: self._run(run, case), cases)
            return dict(zip(cases, outcomes, strict=True))

    def _run(self, run: Run[Case], case: Case) -> str:
        laboratory = self._free.get()
        try:
            return run(laboratory, case)
        except AssertionError as error:
            return f"{_FAILED}: {error}"
        finally:
            self._free.put(laboratory)


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
            by_fault = laboratories.run_all(lambda laboratory, case: faults.run(laboratory, *case), faults.cases(calls))
            failures += _failures(by_fault)
            if not failures:
                page.FAULT_PAGE.write_text(page.fault_page(by_fault), "utf-8")
            sys.stdout.write(f"faults: {len(by_fault)} cells, {time.monotonic() - began:.0f} s\n")
        if "faults" not in wanted:
            by_crash = laboratories.run_all(crashes.run, crashes.cases(opened.enter_context(open_laboratory())))
            failed = _failures(by_crash)
            if not failed:
                page.CRASH_PAGE.write_text(page.crash_page(by_crash), "utf-8")
            failures += failed
            sys.stdout.write(f"crashes: {len(by_crash)}, {time.monotonic() - began:.0f} s\n")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
