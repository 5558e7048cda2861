"""The embedded engine, each operation in a process of its own that can be killed where one wishes."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from emulator.engine.embedded import EmbeddedEngine
from emulator.engine.interface import ConfigValue, EngineError, OutputValue, Result
from tests.support.fork_server import ForkServer, Operation, answers, wait_until_gone

Verdict = Callable[[str], bool]
"""Told the name of each boundary that the engine reaches; True kills it there."""


class EngineKilled(EngineError):
    """The engine's process was killed, as asked."""

    def __init__(self, boundary: str) -> None:
        super().__init__(f"killed at {boundary}")


class ForkedEngine:
    """Works as `EmbeddedEngine` does. What only reads or writes files is done in this process."""

    name = "embedded"

    def __init__(
        self,
        server: ForkServer,
        project_dir: Path,
        stack: str,
        state_dir: Path,
        environment: Mapping[str, str],
        at_boundary: Verdict | None = None,
    ) -> None:
        self._server = server
        self._here = EmbeddedEngine(project_dir, stack, state_dir, env=environment)
        self._where = (project_dir, stack, state_dir, environment)
        self._at_boundary = at_boundary

    def up(self) -> Result:
        return self._run("up")

    def preview(self) -> Result:
        return self._run("preview")

    def refresh(self, *, clear_pending_creates: bool = False) -> Result:
        assert not clear_pending_creates, "only plain refreshes are run in a process of their own"
        return self._run("refresh")

    def destroy(self) -> Result:
        return self._run("destroy")

    def outputs(self) -> dict[str, OutputValue]:
        return self._here.outputs()

    def export(self) -> dict[str, Any]:
        return self._here.export()

    def set_config(self, values: Mapping[str, ConfigValue]) -> None:
        self._here.set_config(values)

    def _run(self, operation: str) -> Result:
        work = Operation(self._server.path, *self._where, operation, self._at_boundary is not None)
        with self._server.give(work) as connection:
            pid = 0
            while True:
                answer = answers(connection)
                assert answer is not None, f"the process of {operation} died; its traceback stands above"
                if answer[0] == "pid":
                    pid = answer[1]
                elif answer[0] == "boundary":
                    assert self._at_boundary is not None
                    if self._at_boundary(answer[1]):
                        os.kill(pid, signal.SIGKILL)
                        wait_until_gone(pid)
                        raise EngineKilled(answer[1])
                    connection.send("go on")
                elif answer[0] == "failed":
                    raise EngineError(*answer[1:])
                else:
                    done: Result = answer[1]
                    return done
