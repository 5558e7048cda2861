"""Runs every case and rewrites the pages: ``python -m tests.matrix [faults | crashes]``. Takes some minutes."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack

from tests.matrix import crashes, faults, page
from tests.matrix.laboratory import open_laboratory
from tests.matrix.workers import Workers, failures


def main(wanted: Sequence[str]) -> int:
    """Exit code 1 when a case does not hold; its page stays as it is then."""
    began = time.monotonic()
    with ExitStack() as opened:
        workers = Workers(opened)
        failed = 0
        if "crashes" not in wanted:
            calls = faults.recorded_calls(opened.enter_context(open_laboratory()))
            by_fault = workers.run_faults(faults.cases(calls))
            failed += failures(by_fault)
            if not failed:
                page.FAULT_PAGE.write_text(page.fault_page(by_fault), "utf-8")
            sys.stdout.write(f"faults: {len(by_fault)} cells, {time.monotonic() - began:.0f} s\n")
        if "faults" not in wanted:
            by_crash = workers.run_crashes(crashes.cases(opened.enter_context(open_laboratory())))
            failed += failures(by_crash)
            if not failures(by_crash):
                page.CRASH_PAGE.write_text(page.crash_page(by_crash), "utf-8")
            sys.stdout.write(f"crashes: {len(by_crash)}, {time.monotonic() - began:.0f} s\n")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
