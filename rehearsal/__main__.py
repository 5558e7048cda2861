"""``python -m rehearsal up|preview|refresh|destroy|outputs|drift|remove-secret|env|down``."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Sequence

import httpx

from emulator.core.server import EmulatorError
from rehearsal import commands
from rehearsal.engine.find import EngineUnavailable
from rehearsal.interruption import interruptible
from rehearsal.opened import STATE_DIR
from rehearsal.output import say
from rehearsal.plugins.choice import CHOICES
from rehearsal.results import RehearsalError

_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "up": commands.up,
    "preview": commands.preview,
    "refresh": commands.refresh,
    "destroy": commands.destroy,
    "outputs": commands.outputs,
    "drift": commands.drift,
    "remove-secret": commands.remove,
    "env": commands.env,
    "down": commands.down,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command; the exit code. Errors go to standard error."""
    arguments = _parser().parse_args(argv)
    with interruptible(STATE_DIR) as came:
        try:
            return _COMMANDS[arguments.command](arguments)
        except (EmulatorError, EngineUnavailable, RehearsalError) as error:
            say(str(error), sys.stderr)
            return 1
        except httpx.TransportError as error:
            say(
                f"The emulator has stopped answering ({error}); its log is {STATE_DIR / 'emulator' / 'emulator.log'}.\n"
                "Next: run the same again, which starts the emulator if it has ended.",
                sys.stderr,
            )
            return 1
        except OSError as error:
            where = f" ({error.filename})" if error.filename else ""
            say(
                f"The rehearsal cannot use its files{where}: {error.strerror or error}.\n"
                f"Next: see to it that {STATE_DIR} can be written and has room, or name another place in "
                "UNIFIEDTO_REHEARSAL_DIR; then run the same again.",
                sys.stderr,
            )
            return 1
        except KeyboardInterrupt:
            say(_interrupted(arguments.command), sys.stderr)
            return 128 + (came[0] if came else signal.SIGINT)


def _interrupted(command: str) -> str:
    if command in ("up", "refresh", "destroy"):
        return f"The {command} was interrupted. What it had done is in the state; `make {command}` continues."
    return f"The {command} was interrupted."


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m rehearsal", description="Rehearse a deployment.")
    added = parser.add_subparsers(dest="command", required=True)
    for name in _COMMANDS:
        command = added.add_parser(name)
        if name != "down":
            command.add_argument("--plugins", choices=CHOICES, default="auto", help="which azuread and command plugins")
        if name in ("up", "preview"):
            command.add_argument("--later", metavar="DURATION", default="", help="as if this much time had passed")
        if name == "remove-secret":
            command.add_argument("--key", metavar="KEY_ID", default="", help="of the secret; without it, list all")
    return parser


if __name__ == "__main__":
    sys.exit(main())
