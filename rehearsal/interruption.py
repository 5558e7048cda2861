"""What an interrupted command does: end what has begun, and say so."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from rehearsal.processes import end_all


@contextmanager
def interruptible(state_dir: Path) -> Iterator[list[signal.Signals]]:
    """SIGTERM and SIGINT let what has begun end, and then raise KeyboardInterrupt; the second one ends it at once.

    Yields the signals that came.
    """
    came: list[signal.Signals] = []

    def interrupt(number: int, _frame: FrameType | None) -> None:
        came.append(signal.Signals(number))
        if len(came) > 1:
            end_all(state_dir)
            _tell("Ended at once. The next `make up` names the step that was interrupted.")
            os._exit(128 + number)
        _tell("\nInterrupted: what has begun is ended first; interrupt again to end it at once.")
        raise KeyboardInterrupt

    handled = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, interrupt) for number in handled]
    try:
        yield came
    finally:
        for number, handler in zip(handled, before, strict=True):
            signal.signal(number, handler)


def _tell(text: str) -> None:
    # Not through sys.stderr: the handler may run while something is being written to it.
    with suppress(BrokenPipeError):
        os.write(2, f"{text}\n".encode())
