"""The life of a stack under rotation: runs on time, late, forced and failing, and the time between them."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from emulator.core.server import EmulatorServer
from rehearsal.results import OperationFailed
from rehearsal.stack import Stack
from tests.support.boundaries import run_to_the_kill
from tests.support.stack import RehearsedStack
from tests.support.tools import Tools
from tools.bench.timeline import Passage, Run, Timeline

CLOCK_SCALE: Final = 30.0
"""Emulated seconds in a real one. The proof waits in real seconds: it asks at once, then 0.5, 1.5, 3.5 ... s later. A
delay of 4 to 18 s passes in 0.13 to 0.6 s, so that Entra refuses nearly every new secret at first, as in reality."""

PROPAGATION_S: Final = (4, 18)
"""Emulated seconds until a new secret works, different for each (reported for the real Entra)."""

_PROOF_DEADLINE_S: Final = 60
_TOO_SLOW_S: Final = 6 * 3600
_FAILING_DEADLINE_S: Final = 1


class Life:
    """Runs a stack and notes what happens. Any run that does not end as the script says is an AssertionError."""

    def __init__(self, emulator: EmulatorServer, tools: Tools, state_dir: Path) -> None:
        self.stack = stack = RehearsedStack(emulator, tools, state_dir)
        self.timeline = Timeline()
        self.random = random.Random(0)  # the same life each time
        self._title = ""
        self._forced = 0
        self._mark = stack.mark()
        self._passing: list[tuple[float, float, bool]] = []

    # --- beginning ---------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """The first `up`, on a clock that runs ahead of the computer's, with secrets that need time to spread."""
        control = self.stack.control
        control.settings(secret_propagation_s=list(PROPAGATION_S))
        control.clock(scale=CLOCK_SCALE)
        self.stack.config["proofDeadline"] = _PROOF_DEADLINE_S
        started_at = time.time()
        self.stack.up()
        self.timeline.client_id = self.stack.outputs()["client_id"]
        self.timeline.runs.append(Run(started_at, time.time(), "done", "the first `up`"))
        self.look()

    def live_through(self, title: str, happens: Callable[[Life], None]) -> None:
        """One piece of the script; ``title``: what a run of it is called."""
        self._title = title
        happens(self)

    # --- what a script is made of ------------------------------------------------------------------------------------

    def wait(self, *, days: float, expires: bool = False) -> None:
        """Lets emulated days pass. ``expires``: so many that the registered secret ends, which is no rotation's
        fault."""
        self._passing.append((time.time(), days, expires))
        self.stack.later(days=days)

    def wait_one_period(self) -> None:
        self.wait(days=self.random.uniform(90, 92))

    def run(self) -> None:
        """An `up` that succeeds."""
        with self._noted() as note:
            self.stack.up()
            note("done")
        self._arrived()

    def run_fails(self, words: str) -> str:
        """An `up` that fails with a message in which the pattern is found; returns the message."""
        with self._noted() as note:
            message = self.stack.fails(self.stack.up)
            note("failed")
        assert re.search(words, message), f"{self._title}: expected {words!r} in {message}"
        return message

    def run_is_killed(self, at: str) -> None:
        """An `up` that is killed at the first call of a provider that the pattern matches."""
        with self._noted() as note:
            run_to_the_kill(self.stack, Stack.up, lambda name: re.search(at, name) is not None)
            note("killed")

    def run_again(self) -> None:
        """An `up` after one that ended badly. Where it asks a person for something first, that is done: a refresh
        when a secret of the state is gone, the removal of a secret whose value was lost."""
        with self._noted() as note:
            try:
                self.stack.up()
            except OperationFailed as error:
                message = "\n".join([str(error), *error.diagnostics])
                note("failed")
            else:
                note("done")
                self._arrived()
                return
        lost = re.search(r"key id (\S+); .*; not in this stack's state;", message)
        if lost is not None:
            path = f"/v1.0/applications/{self.stack.outputs()['application_object_id']}/removePassword"
            self.stack.graph("POST", path, json={"keyId": lost[1]})
        else:
            assert "pulumi refresh" in message, f"{self._title}: the run afterwards failed: {message}"
        self.stack.refresh()
        self.run()

    def force(self) -> None:
        """Asks for a rotation at the next run."""
        self._forced += 1
        self.stack.config["forceRotation"] = f"leak {self._forced}"

    @contextmanager
    def fault(self, action: Mapping[str, Any] | str, **match: Any) -> Iterator[None]:
        with self.stack.control.fault(action, **match):
            yield

    @contextmanager
    def secrets_that_spread_too_slowly(self) -> Iterator[None]:
        """New secrets work hours later, and the proof does not wait that long."""
        self.stack.control.settings(secret_propagation_s=_TOO_SLOW_S)
        self.stack.config["proofDeadline"] = _FAILING_DEADLINE_S
        yield
        self.stack.control.settings(secret_propagation_s=list(PROPAGATION_S))
        self.stack.config["proofDeadline"] = _PROOF_DEADLINE_S

    def look(self) -> None:
        """Reads what the journal has new."""
        entries = self.stack.requests(since=self._mark)
        if entries:
            self._mark = entries[-1]["seq"]
        self.timeline.take(entries)

    def _arrived(self) -> None:
        """A run was done: what time had passed before it has had its effect."""
        now = time.time()
        self.timeline.passages += [Passage(at, now, days, expires) for at, days, expires in self._passing]
        self._passing = []

    @contextmanager
    def _noted(self) -> Iterator[Callable[[str], None]]:
        started_at = time.time()
        outcomes: list[str] = []
        yield outcomes.append
        self.timeline.runs.append(Run(started_at, time.time(), outcomes[-1], self._title))
        self.look()
