"""Rehearses a deployment against the local emulator: what `make up` and its siblings run.

``python -m emulator.rehearsal up|preview|refresh|destroy|outputs|drift|remove-secret|down``. The emulator stays up
between runs; its state and the stack's lie in ``.rehearsal``.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import signal
import ssl
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import httpx
import isodate

from emulator.core.daemon import Daemon, start_daemon, stop_daemon
from emulator.core.server import EmulatorError
from emulator.engine.choice import choose_engine, holding_engines
from emulator.engine.embedded import EmbeddedEngine
from emulator.engine.interface import ConfigValue, Engine, EngineError, Result
from emulator.engine.interruption import interruptible
from emulator.engine.output import Printer, shown
from emulator.engine.processes import end_all
from emulator.engine.project import Project
from emulator.engine.pulumi_cli import EngineChoice, PulumiEngine
from emulator.engine.rehearsal_settings import configured_by
from emulator.unifiedto.seed import WORKSPACE_ID

ROOT: Final = Path(__file__).parents[1]
STATE_DIR: Final = Path(os.environ.get("UNIFIEDTO_REHEARSAL_DIR") or ROOT / ".rehearsal")
"""Where emulator and stack keep their state; ``UNIFIEDTO_REHEARSAL_DIR`` names another place."""

STACK: Final = "rehearsal"
SETTINGS: Final = Path(os.environ.get("UNIFIEDTO_REHEARSAL_SETTINGS") or Path(__file__).with_name("rehearsal.yaml"))
"""What is deployed; ``UNIFIEDTO_REHEARSAL_SETTINGS`` names another file."""

_PROPAGATION_S: Final = 2
"""Emulated seconds until a new secret works, to begin with: short, yet long enough for the proof to be seen waiting."""


@dataclass(frozen=True)
class Rehearsal:
    """A running emulator, and the engine that was chosen for the stack."""

    daemon: Daemon
    choice: EngineChoice
    state_dir: Path

    def engine(self, printer: Printer | None = None, now: str = "") -> Engine:
        """The engine, with the emulator's present time (or another) and the configuration of rehearsal.yaml."""
        environment = {**self.daemon.environment, "UNIFIEDTO_REHEARSAL_CLOCK": now or self.now()}
        configured = configured_by(SETTINGS, Project.load(ROOT)) | {
            "workspaceId": WORKSPACE_ID,
            "apiUrl": self.daemon.base_url,
        }
        config = {key: ConfigValue(value) for key, value in configured.items()}
        callbacks: dict[str, Any] = (
            {"on_event": printer.on_event, "on_message": printer.on_message} if printer is not None else {}
        )
        state_dir = self.state_dir / self.choice.name
        if self.choice.name == PulumiEngine.name:
            return PulumiEngine(
                ROOT,
                STACK,
                state_dir,
                env=environment,
                config=config,
                root=self.choice.root,
                plugins=self.choice.plugins,
                **callbacks,
            )
        return EmbeddedEngine(ROOT, STACK, state_dir, env=environment, config=config, **callbacks)

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
        """Raise EngineError if what is deployed has to be looked up where another program listens now."""
        known = self._address_record.read_text("utf-8").strip() if self._address_record.exists() else ""
        if known and known != self.daemon.base_url and holding_engines(self.state_dir, STACK):
            raise EngineError(
                f"The emulator is at {self.daemon.base_url} now, because another program has taken the port of "
                f"{known}, the address that the stack was deployed with. Nothing was done.\n"
                f"Next: `make up` moves the stack to the new address; then `make {command}`. Or end that program, run "
                f"`make down`, and `make {command}` again."
            )


def open_rehearsal(wanted: str, state_dir: Path = STATE_DIR, *, may_install: bool = False) -> Rehearsal:
    """Starts the emulator if it is not up, and chooses the engine. Raises EmulatorError, EngineError.

    A new emulator lets secrets take a moment to work; afterwards its switches are the user's.
    """
    configured_by(SETTINGS, Project.load(ROOT))
    choice = choose_engine(wanted, state_dir, STACK, may_install=may_install)
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
    if operation == "destroy" and not holding_engines(STATE_DIR, STACK):
        _say("Nothing is deployed, so nothing was destroyed. `make up` deploys.")
        return 0
    rehearsal = open_rehearsal(arguments.engine, may_install=operation == "up")
    now = ""
    if arguments.later and operation == "preview":
        now = instant_after(rehearsal.now(), arguments.later).isoformat()
        _say(f"This preview takes {arguments.later} for passed: it is {now}. The emulated clock stays as it is.")
    elif arguments.later:
        let_pass(rehearsal.daemon, arguments.later)
    if operation in ("refresh", "destroy"):
        rehearsal.require_known_address(operation)
    elif operation == "up":
        if not _preview_passes(rehearsal, arguments.later):
            return 1
        rehearsal.note_address(is_whole=not holding_engines(STATE_DIR, STACK))
    _say()
    printer = Printer(operation, STACK)
    printer.begin()
    engine = rehearsal.engine(printer, now)
    # A refresh here is what a person answers at `pulumi refresh`: forget the creations that were interrupted.
    work: Callable[[], Result] = {
        "up": engine.up,
        "preview": engine.preview,
        "refresh": lambda: engine.refresh(clear_pending_creates=True),
        "destroy": engine.destroy,
    }[operation]
    try:
        result = work()
    except EngineError as error:
        printer.fail(error)
        _say_here([str(error), *error.diagnostics])
        _say(f"\n{_how_to_go_on(operation, arguments.later)}")
        return 1
    printer.end(result)
    _say_here(result.diagnostics)
    if operation == "up":
        rehearsal.note_address(is_whole=True)
        _say_what_next(rehearsal.daemon, result)
    elif operation == "destroy":
        rehearsal.forget_address()
        _say("\nThe stack is gone. `make down` stops the emulator, `make up` begins anew.")
    return 0


def _preview_passes(rehearsal: Rehearsal, later: str) -> bool:
    """Whether a preview succeeds, as `pulumi up` runs one first; what it said is shown where it does not."""
    unseen = io.StringIO()
    printer = Printer("preview", STACK, unseen)
    printer.begin()
    try:
        rehearsal.engine(printer).preview()
    except EngineError as error:
        printer.fail(error)
        _say(f"\n{unseen.getvalue()}")
        _say_here([str(error), *error.diagnostics])
        without = ", without LATER: the clock has been moved on already" if later else ""
        _say(f"The preview failed, so nothing was deployed. Mend what it names and run `make up` again{without}.")
        return False
    return True


def _how_to_go_on(operation: str, later: str) -> str:
    if operation == "up" and later:
        return (
            "The up failed. Mend what the message names and run `make up`, without LATER: the clock has been moved on "
            "already, and the run goes on from here."
        )
    return (
        f"The {operation} failed. Mend what the message names and run `make {operation}` again: it goes on from here."
    )


_HERE: Final = (
    (
        r"UNI212|UNI209|az ad app credential delete",
        "In this rehearsal: {remove} removes a client secret from the emulator. (az would ask your real tenant.)",
    ),
    (
        r"pending operations from previous deployment",
        "In this rehearsal: `make refresh` takes what is really there into the state, and forgets the creations that "
        "were interrupted.",
    ),
    (r"pulumi refresh", "In this rehearsal: `make refresh` is its `pulumi refresh`."),
)
"""What a message says to do → how to do that here."""


def _say_here(told: Sequence[str]) -> None:
    """How to do in a rehearsal what the messages advise for a real deployment."""
    text = "\n".join(told)
    key = re.search(r"key[ -]id ([0-9a-f]{8}-[0-9a-f-]{27})", text)
    remove = f"`make remove-secret KEY={key[1]}`" if key else "`make remove-secret KEY=<key id>`"
    for pattern, here in _HERE:
        if re.search(pattern, text):
            _say(f"\n{here.format(remove=remove)}")
            return


def instant_after(now: str, text: str) -> datetime:
    """The instant that is an ISO 8601 duration after another; raises EngineError for what is none, or negative."""
    before: datetime = isodate.parse_datetime(now)
    try:
        after: datetime = before + isodate.parse_duration(text)
    except (isodate.ISO8601Error, TypeError, ValueError, OverflowError):
        raise EngineError(f'LATER cannot be "{text}": give an ISO 8601 duration such as P90D or PT12H.') from None
    if after < before:
        raise EngineError(
            f'LATER cannot be "{text}": the clock of a rehearsal does not go back, because what was deployed would '
            "lie in the future. Next: `make clean` begins anew, with the present time."
        )
    return after


def let_pass(daemon: Daemon, text: str) -> None:
    """Moves the emulated clock forward by an ISO 8601 duration."""
    with daemon.control() as control:
        now = str(control.clock()["now"])
        passes_s = (instant_after(now, text) - isodate.parse_datetime(now)).total_seconds()
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
    if not holding_engines(STATE_DIR, STACK):
        _say("Nothing is deployed, so there are no outputs. `make up` deploys.")
        return 0
    outputs = open_rehearsal(arguments.engine).engine().outputs()
    for name in sorted(outputs):
        _say(f"{name}: {shown(outputs[name])}")
    if not outputs:
        _say("The stack has no outputs yet: no run of it has got that far. `make up` goes on.")
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


def _remove_secret(arguments: argparse.Namespace) -> int:
    """Removes a client secret in the emulated Entra, as `az ad app credential delete` does in a real one."""
    rehearsal = open_rehearsal(arguments.engine)
    with _graph(rehearsal.daemon) as graph:
        applications = graph.get("/v1.0/applications").raise_for_status().json()["value"]
        held = {
            str(secret["keyId"]): (application["id"], f'{secret["keyId"]} "{secret["displayName"]}"')
            for application in applications
            if application["appId"] != rehearsal.daemon.environment["ARM_CLIENT_ID"]
            for secret in application["passwordCredentials"]
        }
        if arguments.key not in held:
            listed = "".join(f"\n  {text}" for _, text in held.values()) or "\n  none"
            what = f"has the key id {arguments.key}" if arguments.key else "was named"
            raise EngineError(
                f"No client secret of the emulator's app registrations {what}. They are:{listed}\n"
                "Next: `make remove-secret KEY=<one of these key ids>`."
            )
        application_id, text = held[arguments.key]
        answer = graph.post(f"/v1.0/applications/{application_id}/removePassword", json={"keyId": arguments.key})
        answer.raise_for_status()
    _say(f"The client secret {text} is removed from the emulator. Next: `make up`.")
    return 0


@contextmanager
def _graph(daemon: Daemon) -> Iterator[httpx.Client]:
    """Microsoft Graph of the emulator, signed in as the deploying identity."""
    environment = daemon.environment
    context = ssl.create_default_context(cafile=daemon.ca_bundle)
    with httpx.Client(base_url=daemon.base_url, verify=context, trust_env=False) as client:
        token = client.post(
            f"/{environment['ARM_TENANT_ID']}/oauth2/v2.0/token",
            data={
                "grant_type": "client_credentials",
                "client_id": environment["ARM_CLIENT_ID"],
                "client_secret": environment["ARM_CLIENT_SECRET"],
                "scope": f"{daemon.base_url}/.default",
            },
        )
        client.headers["Authorization"] = f"Bearer {token.raise_for_status().json()['access_token']}"
        yield client


def _down(_arguments: argparse.Namespace) -> int:
    left = end_all(STATE_DIR)
    if left:
        _say(f"A run was still under way or had left {left} processes behind: they are ended, the state is kept.")
    stopped = stop_daemon(STATE_DIR / "emulator")
    _say("The emulator is stopped; `make up` goes on where it was." if stopped else "The emulator was not running.")
    return 0


def _say(text: str = "") -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m emulator.rehearsal", description="Rehearse a deployment.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("up", "preview", "refresh", "destroy", "outputs", "drift", "remove-secret"):
        command = commands.add_parser(name)
        command.add_argument("--engine", choices=("auto", EmbeddedEngine.name, PulumiEngine.name), default="auto")
        if name in ("up", "preview"):
            command.add_argument("--later", metavar="DURATION", default="", help="as if this much time had passed")
        else:
            command.set_defaults(later="")
        if name == "remove-secret":
            command.add_argument(
                "--key", metavar="KEY_ID", default="", help="of the secret; without it, all are listed"
            )
    commands.add_parser("down")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    special: dict[str, Callable[[argparse.Namespace], int]] = {
        "outputs": _outputs,
        "drift": _drift,
        "remove-secret": _remove_secret,
        "down": _down,
    }
    with interruptible(STATE_DIR) as came:
        try:
            if arguments.command in special:
                return special[arguments.command](arguments)
            return _run(arguments, arguments.command)
        except (EmulatorError, EngineError) as error:
            sys.stderr.write(f"{error}\n")
            return 1
        except OSError as error:
            where = f" ({error.filename})" if error.filename else ""
            sys.stderr.write(
                f"The rehearsal cannot use its files{where}: {error.strerror or error}.\n"
                f"Next: see to it that {STATE_DIR} can be written and has room, or name another place in "
                "UNIFIEDTO_REHEARSAL_DIR; then run the same again.\n"
            )
            return 1
        except KeyboardInterrupt:
            sys.stderr.write(_interrupted(arguments.command))
            return 128 + (came[0] if came else signal.SIGINT)


def _interrupted(command: str) -> str:
    if command in ("up", "refresh", "destroy"):
        return (
            f"The {command} was interrupted. What it had done is in the state; `make {command}` goes on from there.\n"
        )
    return f"The {command} was interrupted.\n"


if __name__ == "__main__":
    sys.exit(main())
