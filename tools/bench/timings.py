"""Time of whole runs, side by side: the program against its azuread resources alone, and 20 registrations against 1.

The runs of a round follow one another, each round begins with another program, and ratios are taken within a round:
what else the computer does meets all of them alike.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emulator.core.server import EmulatorServer
from tests.support.stack import RehearsedStack
from tests.support.tools import Tools
from tools.bench.api_calls import twenty_registrations

BARE: Final = "azuread resources alone"
ONE: Final = "1 registration"
TWENTY: Final = "20 registrations"
PROGRAMS: Final = (BARE, ONE, TWENTY)

FIRST_UP: Final = "first `up`"
RUNS: Final = (FIRST_UP, "`up` without changes", "`preview` without changes", "`refresh`")

_BARE_DIR: Final = Path(__file__).parent / "programs" / "bare"

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Spread:
    """Median, least and greatest of some values."""

    median: float
    least: float
    greatest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(statistics.median(values), min(values), max(values))


@dataclass(frozen=True)
class Timings:
    """Seconds of each round by (program, run)."""

    plugins: str
    rounds: int
    seconds: dict[tuple[str, str], list[float]]

    def spread(self, program: str, run: str) -> Spread:
        return Spread.of(self.seconds[program, run])

    def ratio(self, program: str, to: str, run: str) -> Spread:
        """How many times longer a program takes than another, round by round."""
        pairs = zip(self.seconds[program, run], self.seconds[to, run], strict=True)
        return Spread.of([one / other for one, other in pairs])


def measure(
    emulator: EmulatorServer,
    plugins: str,
    tools: Tools,
    state_dir: Path,
    *,
    rounds: int,
    progress: Progress,
) -> Timings:
    """Creates, repeats, previews and refreshes each program in turn, ``rounds`` times, each time in a new world.

    One round before them is not counted: the program, which runs in this process, imports what it needs in its first.
    """
    seconds: dict[tuple[str, str], list[float]] = {(program, run): [] for program in PROGRAMS for run in RUNS}
    for number in range(rounds + 1):
        progress(f"time with {plugins}, round {number} of {rounds}")
        emulator.control.reset()
        turn = number % len(PROGRAMS)
        order = (*PROGRAMS[turn:], *PROGRAMS[:turn])
        stacks = {
            program: _stack(program, emulator, tools, state_dir / f"{PROGRAMS.index(program)}-{number}")
            for program in order
        }
        for run in RUNS:
            for program in order:
                taken_s = _time(stacks[program], run)
                if number:
                    seconds[program, run].append(taken_s)
    return Timings(plugins, rounds, seconds)


def _stack(program: str, emulator: EmulatorServer, tools: Tools, state_dir: Path) -> RehearsedStack:
    if program == BARE:
        return RehearsedStack(emulator, tools, state_dir, project_dir=_BARE_DIR, base={"displayName": "Example CRM"})
    if program == TWENTY:
        return RehearsedStack(emulator, tools, state_dir, registrations=twenty_registrations())
    return RehearsedStack(emulator, tools, state_dir)


def _time(stack: RehearsedStack, run: str) -> float:
    pulumi = stack.pulumi()
    operations = (pulumi.up, pulumi.up, pulumi.preview, pulumi.refresh)
    operation = operations[RUNS.index(run)]
    started = time.perf_counter()
    result = operation()
    taken_s = time.perf_counter() - started
    assert run == FIRST_UP or result.is_unchanged, f"{run} changed something: {result.changes}"
    return taken_s
