"""A stack that is deployed once and then had again and again as it was: a deployment costs more than most tests."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from emulator.core.server import EmulatorServer
from tests.support.stack import RehearsedStack
from tests.support.tools import Tools


class DeployedOnce:
    """The emulator's documents and the stack's state right after a first ``up``, kept to start from."""

    def __init__(self, emulator: EmulatorServer, tools: Tools, keep_in: Path, **config: Any) -> None:
        emulator.control.reset()
        self._emulator = emulator
        self._tools = tools
        self._config = config
        self._stack = RehearsedStack(emulator, tools, keep_in, **config)
        self._stack.up()
        self._kept = emulator.world.snapshot()

    def again(self, state_dir: Path) -> RehearsedStack:
        """The deployed stack, with switches, faults, clock and journal as new, and a state of its own."""
        world = self._emulator.world
        world.restore(self._kept)
        world.clock.reset()
        shutil.copytree(self._stack.state_dir, state_dir)
        stack = RehearsedStack(self._emulator, self._tools, state_dir, **self._config)
        stack.secrets |= self._stack.secrets
        return stack
