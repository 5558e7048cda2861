"""Keeps apart what a program prints and what the engine's own callers print while the program runs."""

from __future__ import annotations

import contextlib
import io
import sys
import threading
from collections.abc import Callable, Iterator
from typing import TextIO

_thread = threading.local()


@contextlib.contextmanager
def own_output() -> Iterator[None]:
    """Within it, this thread's prints go to the real streams: it is the engine's caller who prints, not the program."""
    before = getattr(_thread, "is_own", False)
    _thread.is_own = True
    try:
        yield
    finally:
        _thread.is_own = before


class _ProgramStream(io.TextIOBase):
    """Reports each complete line of the program; passes on what is not the program's."""

    def __init__(self, real: TextIO, report: Callable[[str, str], None]) -> None:
        self._real = real
        self._report = report
        self._rest = ""

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, text: str) -> int:
        """Report the lines that this text completes."""
        if getattr(_thread, "is_own", False):
            return self._real.write(text)
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._report("info", line)
        return len(text)

    def flush(self) -> None:
        """Flush the real stream."""
        self._real.flush()

    def finish(self) -> None:
        """Report what came after the last line break."""
        if self._rest:
            self._report("info", self._rest)
            self._rest = ""


@contextlib.contextmanager
def reported_output(report: Callable[[str, str], None]) -> Iterator[None]:
    """What the program prints to either stream is reported as ``info``, line by line."""
    out, err = _ProgramStream(sys.stdout, report), _ProgramStream(sys.stderr, report)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            yield
        finally:
            out.finish()
            err.finish()
