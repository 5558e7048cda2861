"""How far something is: a bar where standard error is a terminal, a line now and then where not."""

from __future__ import annotations

import math
import shutil
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, NoReturn

from tqdm import tqdm
from typing_extensions import Self

Say = Callable[[str], object]
"""Takes one line for the user."""

LINE_EVERY_S: Final = 20.0


class Progress:
    """Progress of one stage, as a context manager.

    ``total``: how many units it has, None if nobody knows. ``limit_s``: seconds that it may take.
    """

    def __init__(
        self,
        what: str,
        total: int | None,
        say: Say,
        *,
        limit_s: float = math.inf,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._what, self._total, self._say, self._limit_s, self._now = what, total, say, limit_s, now
        self._started = self._told = now()
        self._done = 0
        self._bar: tqdm[NoReturn] | None = None
        if sys.stderr.isatty():
            columns, rows = shutil.get_terminal_size()  # tqdm shows nothing on a terminal that tells no size
            self._bar = tqdm(
                desc=what,
                total=total,
                file=sys.stderr,
                leave=False,
                ncols=columns,
                nrows=rows,
                bar_format=_format(total),
            )

    def advance(self, units: int = 1) -> None:
        """Counts units that are done."""
        self._done += units
        if self._bar is not None:
            self._bar.update(units)

    def tick(self) -> None:
        """To be called about once a second. Raises TimeoutError when the stage takes too long."""
        if self._now() - self._started > self._limit_s:
            raise TimeoutError(f"{self._what}: not done after {shown_time(self._limit_s)}")
        if self._bar is not None:
            self._bar.refresh()
        elif self._now() - self._told >= LINE_EVERY_S:
            self._told = self._now()
            done = f"{self._done} of {self._total}, " if self._total is not None else ""
            self._say(f"  {self._what}: {done}{shown_time(self._now() - self._started)} so far.")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()


def shown_time(seconds: float) -> str:
    """A duration as people say it: ``45 s``, ``3 min 20 s``."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def _format(total: int | None) -> str:
    return "{desc}: {elapsed}" if total is None else "{desc}: |{bar}| {n_fmt} of {total_fmt}, {elapsed}"
