"""What tests of every kind may need."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

# A shell starts background jobs with SIGINT ignored, and their children inherit that: no Ctrl-C could be tested.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """This process can be interrupted, as one that a terminal started: pytest-xdist's ignore the signal."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
