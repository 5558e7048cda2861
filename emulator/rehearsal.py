"""Rehearses a deployment against the local emulator: what `make up` and its siblings run.

``python -m emulator.rehearsal up|preview|refresh|destroy|outputs|down``. The emulator stays up between runs; its
state and the stack's lie in ``.rehearsal``.
"""

from __future__ import annotations

import argparse
import os
import sys
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import isodate
import yaml

from emulator.core.daemon import Daemon, start_daemon, stop_daemon
from emulator.core.server import EmulatorError
from emulator.engine.embedded import EmbeddedEngine
from emulator.engine.interface import ConfigValue, Engine, EngineError, Result
from emulator.engine.output import Printer, shown
from emulator.engine.pulumi_cli import EngineChoice, PulumiEngine, find_pulumi
from emulator.unifiedto.seed import WORKSPACE_ID

ROOT: Final = Path(__file__).parents[1]
STATE_DIR: Final = Path(os.environ.get("UNIFIEDTO_REHEARSAL_DIR") or ROOT / ".rehearsal")
"""Where emulator and stack keep their state; ``UNIFIEDTO_REHEARSAL_DIR`` names another place."""

STACK: Final = "rehearsal"
_SETTINGS: Final = Path(__file__).with_name("rehearsal.yaml")

_PROPAGATION_S: Final = 2
"""Emulated seconds until a new secret works, to begin with: short, yet long enough for the proof to be seen waiting."""


@dataclass(frozen=True)
class Rehearsal:
    """A running emulator, and the engine that was chosen for the stack."""

    daemon: Daemon
    choice: EngineChoice
    state_dir: Path

    def engine(self, printer: Printer | None = None) -> Engine:
        """The engine, with the emulator's present time and the configuration of rehearsal.yaml."""
        with self.daemon.control() as control:
            now = str(control.clock()["now"])
        environment = {**self.daemon.environment, "UNIFIEDTO_REHEARSAL_CLOCK": now}
        configured: dict[str, Any] = yaml.safe_load(_SETTINGS.read_text("utf-8")) or {}
        configured |= {"workspaceId": WORKSPACE_ID, "apiUrl": self.daemon.base_url}
        config = {key: ConfigValue(value) for key, value in configured.items()}
        callbacks: dict[str, Any] = (
            {"on_event": printer.on_event, "on_message": printer.on_message} if printer is not None else {}
        )
        state_dir = self.state_dir / self.choice.name
        if self.choice.name == PulumiEngine.name:
            return PulumiEngine(
                ROOT, STACK, state_dir, env=environment, config=config, root=self.choice.root, **callbacks
            )
        return EmbeddedEngine(ROOT, STACK, state_dir, env=environment, config=config, **callbacks)


def choose_engine(wanted: str, state_dir: Path, *, may_install: bool) -> EngineChoice:
    """The engine of this rehearsal: the one that holds its stack already, else the one asked for, else the best there
    is.

    Raises EngineError when another engine is asked for than the one that holds the stack: it would deploy everything
    anew.
    """
    record = state_dir / "engine"
    held = record.read_text("utf-8").strip() if record.exists() else ""
    if held and wanted not in ("auto", held):
        raise EngineError(
            f"This rehearsal's stack was deployed by the {held} engine; the {wanted} engine does not know its state.\n"
            "Next: run `make destroy` first, or leave ENGINE out."
        )
    if EmbeddedEngine.name in (held, wanted):
        reason = "it holds this rehearsal's stack" if held else "as asked"
        return EngineChoice(EmbeddedEngine.name, f"The embedded engine is used: {reason}.")
    choice = find_pulumi(state_dir, may_install=may_install)
    if PulumiEngine.name in (held, wanted) and choice.name != PulumiEngine.name:
        raise EngineError(f"Pulumi is asked for and cannot be used. {choice.reason}")
    return choice


def open_rehearsal(wanted: str, state_dir: Path = STATE_DIR, *, may_install: bool = False) -> Rehearsal:
    """Starts the emulator if it is not up, and chooses the engine. Raises EmulatorError, EngineError.

    A new emulator lets secrets take a moment to work; afterwards its switches are the user's.
    """
    choice = choose_engine(wanted, state_dir, may_install=may_install)
    is_first = not (state_dir / "emulator").exists()
    daemon, started = start_daemon(state_dir / "emulator")
    if is_first:
        with daemon.control() as control:
            control.settings(secret_propagation_s=_PROPAGATION_S)
    if started:
        _say(f"The emulator of Entra, Microsoft Graph and Unified.to is up at {daemon.base_url}")
    else:
        _say(f"The emulator is at {daemon.base_url}")
    _say(choice.reason)
    return Rehearsal(daemon, choice, state_dir)


# --- the commands ----------------------------------------------------------------------------------------------------


def _run(arguments: argparse.Namespace, operation: str) -> int:
    rehearsal = open_rehearsal(arguments.engine, may_install=operation == "up")
    if arguments.later:
        let_pass(rehearsal.daemon, arguments.later)
    _say()
    printer = Printer(operation, STACK)
    printer.begin()
    record = rehearsal.state_dir / "engine"
    if operation == "up":
        record.write_text(f"{rehearsal.choice.name}\n", "utf-8")
    try:
        result: Result = getattr(rehearsal.engine(printer), operation)()
    except EngineError as error:
        printer.fail(error)
        _say()
        _say(f"The {operation} failed. Mend what the message names and run the same again: it goes on from here.")
        return 1
    printer.end(result)
    if operation == "up":
        _say_what_next(rehearsal.daemon, result)
    elif operation == "destroy":
        record.unlink(missing_ok=True)
        _say("\nThe stack is gone. `make down` stops the emulator, `make up` begins anew.")
    return 0


def let_pass(daemon: Daemon, text: str) -> None:
    """Moves the emulated clock forward by an ISO 8601 duration."""
    with daemon.control() as control:
        now = isodate.parse_datetime(str(control.clock()["now"]))
        try:
            passes_s = (now + isodate.parse_duration(text) - now).total_seconds()
        except (isodate.ISO8601Error, TypeError, ValueError, OverflowError):
            raise EngineError(f'LATER cannot be "{text}": give an ISO 8601 duration such as P90D or PT12H.') from None
        if passes_s < 0:
            raise EngineError(
                f'LATER cannot be "{text}": the clock of a rehearsal does not go back, because what was deployed would '
                "lie in the future. Next: `make clean` begins anew, with the present time."
            )
        try:
            control.clock(advance_s=passes_s)
        except httpx.HTTPStatusError as error:
            raise EngineError(f'LATER cannot be "{text}": {error}.') from None
        _say(f"The emulated clock is moved on by {text}: it is {control.clock()['now']}")


def _say_what_next(daemon: Daemon, result: Result) -> None:
    if result.is_unchanged:
        _say("\nNothing changed: the stack is as declared.")
    _say("\nWhat next:")
    _say(f"  look at it         {daemon.base_url}/  (the certificate is the emulator's own: let the browser proceed),")
    _say("                     and sign in there as one of your customers would")
    _say("  change it          edit emulator/rehearsal.yaml, `make preview`, `make up`")
    _say("  let time pass      make up LATER=P90D rotates the secret")
    _say("  see drift          make drift changes a registration as by hand; then `make refresh`, `make up`")
    _say("  stop               make down (`make up` goes on), make destroy (takes everything away)")
    _say("  real accounts      README, A real deployment")


def _outputs(arguments: argparse.Namespace) -> int:
    outputs = open_rehearsal(arguments.engine).engine().outputs()
    for name in sorted(outputs):
        _say(f"{name}: {shown(outputs[name])}")
    return 0


def _drift(arguments: argparse.Namespace) -> int:
    """Changes the first registration's client as a person in Unified.to's dashboard might."""
    rehearsal = open_rehearsal(arguments.engine)
    registrations = rehearsal.engine().outputs().get("registrations")
    if registrations is None or not registrations.value:
        raise EngineError("Nothing is registered yet. Next: run `make up` first.")
    first = registrations.value[0]
    environment, integration_type = first["environment"], first["integration_type"]
    with rehearsal.daemon.control() as control:
        control.edit_registration(
            environment, integration_type, auth={"client_id": str(uuid.uuid4()), "client_secret": "entered by hand"}
        )
    _say(f"Somebody has entered another client for {integration_type} in {environment}: sign-ins through it fail now.")
    _say("`make refresh` shows it, `make up` repairs it.")
    return 0


def _down(_arguments: argparse.Namespace) -> int:
    stopped = stop_daemon(STATE_DIR / "emulator")
    _say("The emulator is stopped; `make up` goes on where it was." if stopped else "The emulator was not running.")
    return 0


def _say(text: str = "") -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m emulator.rehearsal", description="Rehearse a deployment.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("up", "preview", "refresh", "destroy", "outputs", "drift"):
        command = commands.add_parser(name)
        command.add_argument("--engine", choices=("auto", EmbeddedEngine.name, PulumiEngine.name), default="auto")
        command.add_argument("--later", metavar="DURATION", default="", help="let this much emulated time pass first")
    commands.add_parser("down")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    special: dict[str, Callable[[argparse.Namespace], int]] = {
        "outputs": _outputs,
        "drift": _drift,
        "down": _down,
    }
    try:
        if arguments.command in special:
            return special[arguments.command](arguments)
        return _run(arguments, arguments.command)
    except (EmulatorError, EngineError) as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
