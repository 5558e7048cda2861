"""What tests of every kind may need."""

from __future__ import annotations

import os
import shutil
import signal
from collections import Counter
from collections.abc import Iterator

import pytest

from rehearsal.engine import find

# The tests find the CLI on PATH, also where `make engine` has put it into the user's cache.
if (_cli := find.available(lambda _line: None)) is not None and shutil.which("pulumi") != str(_cli.path):
    os.environ["PATH"] = os.pathsep.join([str(_cli.path.parent), os.environ.get("PATH", "")])

# A shell starts background jobs with SIGINT ignored, and nohup ignores SIGHUP. Children inherit that, and would not end
# where a test sends them such a signal.
for _number, _usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _usual)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """This process can be interrupted, as one that a terminal started: pytest-xdist's ignore the signal."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each reason, however many tests were skipped for it."""
    skipped = [report.longrepr[2] for report in terminalreporter.stats.get("skipped", ())]
    for reason, count in Counter(skipped).most_common():
        terminalreporter.write_line(f"{count} skipped: {' '.join(reason.removeprefix('Skipped: ').split())}")
