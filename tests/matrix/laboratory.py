"""The situations that cases start from: each is brought about once, and then had again and again as it was."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from emulator.core.server import EmulatorServer
from emulator.core.store import StoreSnapshot
from emulator.engine.interface import Engine
from emulator.engine.passphrase import rehearsal_passphrase
from emulator.engine.project import StackSettings
from tests.support.fork_server import ForkServer, Preparation
from tests.support.forked_engine import ForkedEngine, Verdict
from tests.support.stack import MakeEngine, RehearsedStack

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


class Engines(Protocol):
    """What runs the operations of a laboratory's stacks."""

    def maker(self, at_boundary: Verdict | None) -> MakeEngine:
        """Makes engines that ask at each boundary whether they are to be killed there."""

    def expect(self, stack: RehearsedStack) -> None:
        """A stack of a new situation is about to be made."""


class ForkedEngines:
    """The embedded engine, each operation in a child of one fork server."""

    def __init__(self, server: ForkServer) -> None:
        self._server = server

    def maker(self, at_boundary: Verdict | None) -> MakeEngine:
        def make_engine(project_dir: Path, name: str, state_dir: Path, environment: Mapping[str, str]) -> Engine:
            return ForkedEngine(self._server, project_dir, name, state_dir, environment, at_boundary)

        return make_engine

    def expect(self, stack: RehearsedStack) -> None:
        """Has the key of its secrets derived once, for all children to come."""
        assert stack.engine.name == "embedded"  # asking for the engine writes the settings, and with them the salt
        salt = StackSettings(stack.state_dir / f"Pulumi.{stack.stack}.yaml").secrets_state()
        assert salt is not None
        self._server.prepare(Preparation(rehearsal_passphrase(stack.state_dir), salt))


class Laboratory:
    """One emulator for many cases, one after the other."""

    def __init__(self, emulator: EmulatorServer, engines: Engines, directory: Path) -> None:
        self.emulator = emulator
        self._engines = engines
        self._directory = directory
        self._kept: dict[str, Kept] = {}
        self._cases = 0
        self._authority = directory / "authority.pem"
        # The emulator's own root alone: reading the public ones takes longer than most requests.
        shutil.copy(emulator.world.state_dir / "tls" / "ca.pem", self._authority)
        self._passphrase: str | None = None

    def stack_in(
        self, situation: str, *, at_boundary: Verdict | None = None, environment: Mapping[str, str] | None = None
    ) -> RehearsedStack:
        """The stack in a situation, alone in its world. ``environment`` goes on top of the usual one."""
        kept = self._keep(situation)
        self.emulator.world.restore(kept.world)
        self._cases += 1
        state_dir = self._directory / f"case-{self._cases}"
        shutil.copytree(kept.state_dir, state_dir)
        stack = self._stack(state_dir, at_boundary, environment or {})
        stack.config.update(kept.config)
        stack.secrets |= kept.secrets
        return stack

    @contextmanager
    def case(self, situation: str, **options: Any) -> Iterator[RehearsedStack]:
        """`stack_in` for a block; what it leaves on disk is removed after it."""
        stack = self.stack_in(situation, **options)
        yield stack
        shutil.rmtree(stack.state_dir)

    def _stack(self, state_dir: Path, at_boundary: Verdict | None, environment: Mapping[str, str]) -> RehearsedStack:
        stack = RehearsedStack(self.emulator, self._engines.maker(at_boundary), state_dir, **_CONFIG)
        trusted = {"SSL_CERT_FILE": str(self._authority), "REQUESTS_CA_BUNDLE": str(self._authority)}
        stack.environment.update({**trusted, **_TUNING, **environment})
        return stack

    def _keep(self, situation: str) -> Kept:
        if situation not in self._kept:
            self.emulator.world.reset()
            self.emulator.world.clock.set_scale(0)
            state_dir = self._directory / situation.replace(" ", "-")
            self._same_passphrase(state_dir)
            stack = self._stack(state_dir, None, {})
            self._engines.expect(stack)
            SITUATIONS[situation](stack)
            self._kept[situation] = Kept(
                self.emulator.world.snapshot(), state_dir, dict(stack.config), frozenset(stack.secrets)
            )
        return self._kept[situation]

    def _same_passphrase(self, state_dir: Path) -> None:
        """One passphrase for all situations: deriving a key from it takes a quarter of a second."""
        state_dir.mkdir()
        if self._passphrase is not None:
            (state_dir / "passphrase").write_text(self._passphrase)
        self._passphrase = rehearsal_passphrase(state_dir)


@contextmanager
def open_laboratory() -> Iterator[Laboratory]:
    """A laboratory in a directory of its own, until the block ends."""
    with (
        tempfile.TemporaryDirectory(prefix="matrix-") as directory,
        EmulatorServer(Path(directory) / "emulator") as emulator,
        ForkServer() as server,
    ):
        yield Laboratory(emulator, ForkedEngines(server), Path(directory))


def key_ids_in_state(stack: RehearsedStack) -> dict[int, str]:
    """Generation to key id of the client secrets that the stack's state holds."""
    return {
        int(resource["outputs"]["rotateWhenChanged"]["generation"]): str(resource["outputs"]["keyId"])
        for resource in stack.engine.export()["deployment"].get("resources") or []
        if resource["type"] == "azuread:index/applicationPassword:ApplicationPassword"
        and not resource.get("pendingReplacement")
    }
