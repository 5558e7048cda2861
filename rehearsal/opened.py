"""A rehearsal that is ready: the emulator is up, and it is settled which CLI and plugins are used."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from emulator.core.daemon import Daemon, start_daemon
from emulator.unifiedto.seed import WORKSPACE_ID
from rehearsal.checkpoint import checkpoint, has_resources
from rehearsal.engine.find import ensure
from rehearsal.engine.progress import Say
from rehearsal.output import Printer
from rehearsal.plugins.choice import Plugins, choose_plugins
from rehearsal.results import ConfigValue, RehearsalError
from rehearsal.settings import configured_by
from rehearsal.stack import Stack

ROOT: Final = Path(__file__).parents[1]
STATE_DIR: Final = Path(os.environ.get("UNIFIEDTO_REHEARSAL_DIR") or ROOT / ".rehearsal")
"""Where emulator and stack keep their state; ``UNIFIEDTO_REHEARSAL_DIR`` names another place."""

STACK: Final = "rehearsal"
SETTINGS: Final = Path(os.environ.get("UNIFIEDTO_REHEARSAL_SETTINGS") or Path(__file__).with_name("rehearsal.yaml"))
"""What is deployed; ``UNIFIEDTO_REHEARSAL_SETTINGS`` names another file."""

_PROJECT: Final = "unifiedto"
_PROPAGATION_S: Final = 2
"""Emulated seconds until a new secret works, to begin with: short, yet long enough for the proof to be seen waiting."""
_OLD_ENGINES: Final = (f"embedded/{STACK}.json", "pulumi/pulumi/backend")
"""What earlier versions of this project kept a rehearsal's stack in."""


@dataclass(frozen=True)
class Rehearsal:
    """A running emulator, and what the stack is worked on with."""

    daemon: Daemon
    cli: Path
    plugins: Plugins
    state_dir: Path

    def stack(self, printer: Printer | None = None, now: str = "") -> Stack:
        """The stack, with the emulator's present time (or another) and the configuration of rehearsal.yaml."""
        environment = {**self.daemon.environment, "UNIFIEDTO_REHEARSAL_CLOCK": now or self.now()}
        configured = configured_by(SETTINGS, ROOT / "Pulumi.yaml") | {
            "workspaceId": WORKSPACE_ID,
            "apiUrl": self.daemon.base_url,
        }
        callbacks: dict[str, Any] = (
            {"on_step": printer.on_step, "on_message": printer.on_message} if printer is not None else {}
        )
        return Stack(
            ROOT,
            STACK,
            self.state_dir / "stack",
            cli=self.cli,
            plugins=self.plugins,
            env=environment,
            config={key: ConfigValue(value) for key, value in configured.items()},
            **callbacks,
        )

    def now(self) -> str:
        """The emulated time."""
        with self.daemon.control() as control:
            return str(control.clock()["now"])

    @property
    def _address_record(self) -> Path:
        return self.state_dir / "address"

    def note_address(self, *, is_whole: bool) -> None:
        """Remember the emulator's address as the one that the stack knows: wholly, or as far as it is deployed."""
        if is_whole or not self._address_record.exists():
            self._address_record.write_text(f"{self.daemon.base_url}\n", "utf-8")

    def forget_address(self) -> None:
        """The stack is empty and knows none."""
        self._address_record.unlink(missing_ok=True)

    def require_known_address(self, command: str) -> None:
        """Raise RehearsalError if what is deployed has to be looked up where another program listens now."""
        known = self._address_record.read_text("utf-8").strip() if self._address_record.exists() else ""
        if known and known != self.daemon.base_url and is_deployed(self.state_dir):
            raise RehearsalError(
                f"The emulator is at {self.daemon.base_url} now, because another program has taken the port of "
                f"{known}, the address that the stack was deployed with. Nothing was done.\n"
                f"Next: `make up` moves the stack to the new address; then `make {command}`. Or end that program, run "
                f"`make down`, and `make {command}` again."
            )


def is_deployed(state_dir: Path) -> bool:
    """Whether the stack has resources."""
    return has_resources(checkpoint(state_dir / "stack", _PROJECT, STACK))


def open_rehearsal(wanted: str, say: Say, state_dir: Path = STATE_DIR) -> Rehearsal:
    """Starts the emulator if it is not up, and gets CLI and plugins. ``wanted``: as of ``choose_plugins``.

    A new emulator lets secrets take a moment to work; afterwards its switches are the user's. Raises EmulatorError,
    EngineUnavailable, RehearsalError.
    """
    configured_by(SETTINGS, ROOT / "Pulumi.yaml")
    if any((state_dir / name).exists() for name in _OLD_ENGINES):
        raise RehearsalError(
            f"The stack in {state_dir} was deployed by an earlier version of this project, whose state this one does "
            "not read. Nothing was done.\n"
            "Next: `make clean` removes the rehearsal with everything in it; then `make up` begins anew."
        )
    plugins = choose_plugins(wanted)
    cli = ensure(say)
    is_first = not (state_dir / "emulator").exists()
    daemon, started = start_daemon(state_dir / "emulator")
    if is_first:
        with daemon.control() as control:
            control.settings(secret_propagation_s=_PROPAGATION_S)
    what = "The emulator of Entra, Microsoft Graph and Unified.to is up at" if started else "The emulator is at"
    say(plugins.reason)
    say(f"{what} {daemon.base_url}")
    rehearsal = Rehearsal(daemon, cli.path, plugins, state_dir)
    mended = rehearsal.stack().recover()
    if mended:
        say(mended)
    return rehearsal
