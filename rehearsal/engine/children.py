"""Commands that run for minutes; an interruption ends them and whatever they started."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, Final

_TICK_S: Final = 1.0
_KEPT_LINES: Final = 40


@dataclass(frozen=True)
class Finished:
    """``code``: the exit code, negative for a signal. ``output``: the last lines of standard output and error."""

    code: int
    output: Sequence[str]


def run(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    cwd: Path,
    on_line: Callable[[str], object],
    on_tick: Callable[[], object],
) -> Finished:
    """Runs a command to its end. ``on_tick`` is called about once a second.

    The command and what it starts form a group of processes of their own, which is killed if this is interrupted (by
    any exception). Raises OSError if the command cannot be started.
    """
    process = subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=cwd,
        env=dict(env),
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    assert process.stdout is not None
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_read, args=(process.stdout, lines), daemon=True).start()
    kept: deque[str] = deque(maxlen=_KEPT_LINES)
    try:
        while True:
            try:
                line = lines.get(timeout=_TICK_S)
            except queue.Empty:
                on_tick()
                continue
            if line is None:
                return Finished(process.wait(), tuple(kept))
            kept.append(line)
            on_line(line)
            on_tick()
    except BaseException:
        _kill(process)
        raise


def _read(stream: IO[str], lines: queue.Queue[str | None]) -> None:
    with stream:
        for line in stream:
            lines.put(line.rstrip())
    lines.put(None)


def _kill(process: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def ended_in_order() -> Iterator[None]:
    """SIGTERM and SIGHUP raise SystemExit here, unless the caller handles them: then what was begun is cleaned up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    handled = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) is signal.SIG_DFL]
    for number in handled:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, signal.SIG_DFL)
