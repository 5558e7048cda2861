"""Runs a project's ``__main__.py`` in this process, for the CLI to call; tells what it printed and how it failed."""

from __future__ import annotations

import contextlib
import io
import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from pulumi import RunError

_UNHANDLED: Final = "python inline source runtime error: "
"""Before what a program raised (observed in the SDK's ``automation/_server.py`` 3.272)."""
_FRAME: Final = '  File "'
_OF_OTHERS: Final = ("site-packages", "asyncio", "<frozen", str(Path(__file__).parent))


def run_program(directory: Path) -> None:
    """Runs the program of a directory; it may end itself with ``sys.exit``."""
    try:
        runpy.run_path(str(directory), run_name="__main__")
    except SystemExit as ended:
        if ended.code not in (None, 0):
            raise RunError(f"The program ended itself with the exit code {ended.code}.") from None


def told_of_the_program(text: str) -> str:
    """The SDK's account of an exception that the program did not catch: what it was, and the program's own line."""
    if not text.startswith(_UNHANDLED):
        return text
    lines = text.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith(_FRAME)]
    ours = [number for number in starts if not any(name in lines[number] for name in _OF_OTHERS)]
    if not starts:
        return text
    place = _block(lines, ours[-1]) if ours else []
    raised = lines[starts[-1] :]
    what = raised[len(_block(lines, starts[-1])) :]
    return "\n".join(["The program failed with an exception:", *place, *what])


def _block(lines: list[str], start: int) -> list[str]:
    """A frame of a traceback: its place and its source."""
    end = start + 1
    while end < len(lines) and lines[end].startswith("    "):
        end += 1
    return lines[start:end]


class _Lines(io.TextIOBase):
    """Tells each complete line that is written to it."""

    def __init__(self, on_line: Callable[[str], object]) -> None:
        self._on_line = on_line
        self._rest = ""

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, text: str) -> int:
        """Tells the lines that this text completes."""
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._on_line(line)
        return len(text)

    def close(self) -> None:
        """Tells what came after the last line break."""
        if self._rest:
            self._on_line(self._rest)
            self._rest = ""
        super().close()


@contextlib.contextmanager
def printed_to(on_line: Callable[[str], object]) -> Iterator[None]:
    """Tells each line that this process prints meanwhile; the program's callbacks print after it has ended."""
    with (
        contextlib.closing(_Lines(on_line)) as out,
        contextlib.closing(_Lines(on_line)) as err,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        yield
