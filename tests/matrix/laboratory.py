"""The situations that cases start from: each is brought about once, and then had again and again as it was."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from emulator.core.server import EmulatorServer
from emulator.core.store import StoreSnapshot
from tests.support.stack import RehearsedStack
from tests.support.tools import Tools, stand_ins
from tests.support.warm_python import WarmPython

PERIOD_DAYS: Final = 91
PROOF_DEADLINE_S: Final = 1
_CONFIG: Final[Mapping[str, Any]] = {"proofDeadline": PROOF_DEADLINE_S}
_TUNING: Final[Mapping[str, str]] = {
    # Few tries and short waits; a time-out so long that a busy computer is not mistaken for a fault.
    "UNIFIED_API_RETRIES": "2",
    "UNIFIED_API_RETRY_WAIT_S": "0.01",
    "UNIFIED_API_VISIBILITY_S": "1",
    "UNIFIED_API_TIMEOUT_S": "10",
}


def _nothing(_stack: RehearsedStack) -> None:
    """A workspace and a tenant in which the stack has never been."""


def _deployed(stack: RehearsedStack) -> None:
    stack.up()


def _first_due(stack: RehearsedStack) -> None:
    stack.up()
    stack.later(days=PERIOD_DAYS)


def _rotated(stack: RehearsedStack) -> None:
    _first_due(stack)
    stack.up()


def _second_due(stack: RehearsedStack) -> None:
    _rotated(stack)
    stack.later(days=PERIOD_DAYS)


def _second_due_for_two(stack: RehearsedStack) -> None:
    second = {"integrationType": "microsoftoutlook", "environment": "Staging", "isActive": True}
    stack.config["registrations"] = [*stack.config["registrations"], second]
    _second_due(stack)


SITUATIONS: Final[Mapping[str, Callable[[RehearsedStack], None]]] = {
    "new": _nothing,
    "deployed": _deployed,
    "first rotation due": _first_due,
    "rotated": _rotated,
    "second rotation due": _second_due,
    "second rotation due for two": _second_due_for_two,
}
"""Name to what brings it about. From the second rotation on, a slot is emptied before it is filled again; "for
two" registrations the writes at Unified.to follow each other."""


@dataclass(frozen=True)
class Kept:
    """A situation: the emulator's state and the stack's, its configuration, and the secrets that were handed out."""

    world: StoreSnapshot
    state_dir: Path
    config: Mapping[str, Any]
    secrets: frozenset[str]


class Laboratory:
    """One emulator for many cases, one after the other."""

    def __init__(self, emulator: EmulatorServer, tools: Tools, directory: Path) -> None:
        self.emulator = emulator
        self._tools = tools
        self._directory = directory
        self._kept: dict[str, Kept] = {}
        self._cases = 0

    def stack_in(self, situation: str, *, environment: Mapping[str, str] | None = None) -> RehearsedStack:
        """The stack in a situation, alone in its world. ``environment`` goes on top of the usual one."""
        kept = self._keep(situation)
        self.emulator.world.restore(kept.world)
        self._cases += 1
        state_dir = self._directory / f"case-{self._cases}"
        if kept.state_dir.exists():
            shutil.copytree(kept.state_dir, state_dir)
        stack = self._stack(state_dir, environment or {})
        stack.config.update(kept.config)
        stack.secrets |= kept.secrets
        return stack

    @contextmanager
    def case(self, situation: str, **options: Any) -> Iterator[RehearsedStack]:
        """`stack_in` for a block; what it leaves on disk is removed after it."""
        stack = self.stack_in(situation, **options)
        yield stack
        shutil.rmtree(stack.state_dir)

    def _stack(self, state_dir: Path, environment: Mapping[str, str]) -> RehearsedStack:
        stack = RehearsedStack(self.emulator, self._tools, state_dir, **_CONFIG)
        stack.environment.update({**_TUNING, **environment})
        return stack

    def _keep(self, situation: str) -> Kept:
        if situation not in self._kept:
            self.emulator.world.reset()
            self.emulator.world.clock.change(scale=0)
            stack = self._stack(self._directory / situation.replace(" ", "-"), {})
            SITUATIONS[situation](stack)
            self._kept[situation] = Kept(
                self.emulator.world.snapshot(), stack.state_dir, dict(stack.config), frozenset(stack.secrets)
            )
        return self._kept[situation]


@contextmanager
def open_laboratory() -> Iterator[Laboratory]:
    """A laboratory in a directory of its own, with stand-ins, until the block ends."""
    with WarmPython() as warm, laboratory_with(stand_ins(warm)) as opened:
        yield opened


@contextmanager
def laboratory_with(tools: Tools) -> Iterator[Laboratory]:
    """A laboratory in a directory of its own, until the block ends."""
    with (
        tempfile.TemporaryDirectory(prefix="matrix-") as directory,
        EmulatorServer(Path(directory) / "emulator") as emulator,
    ):
        yield Laboratory(emulator, tools, Path(directory))


def key_ids_in_state(stack: RehearsedStack) -> dict[int, str]:
    """Generation to key id of the client secrets that the stack's state holds."""
    return {
        int(resource["outputs"]["rotateWhenChanged"]["generation"]): str(resource["outputs"]["keyId"])
        for resource in stack.resources()
        if resource["type"] == "azuread:index/applicationPassword:ApplicationPassword"
        and not resource.get("pendingReplacement")
    }
