"""The commands of a rehearsal: what `make up` and its siblings do. Each returns its exit code.

The emulator stays up between commands; its state and the stack's lie in ``.rehearsal``.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import Final

from emulator.core.daemon import Daemon, stop_daemon
from rehearsal.by_hand import enter_another_client, remove_secret
from rehearsal.later import instant_after, let_pass
from rehearsal.opened import STACK, STATE_DIR, Rehearsal, is_deployed, open_rehearsal
from rehearsal.output import Printer, say, shown
from rehearsal.processes import end_all
from rehearsal.results import OperationFailed, RehearsalError, Result
from rehearsal.shell import shell_lines


def up(arguments: argparse.Namespace) -> int:
    """Deploys, after a preview that succeeds, as `pulumi up` does."""
    rehearsal = open_rehearsal(arguments.plugins, say)
    if arguments.later:
        say(f"The emulated clock is moved on by {arguments.later}: it is {let_pass(rehearsal.daemon, arguments.later)}")
    if not _preview_passes(rehearsal, arguments.later):
        return 1
    rehearsal.note_address(is_whole=not is_deployed(STATE_DIR))
    result = _operate("up", rehearsal, later=arguments.later)
    if result is None:
        return 1
    rehearsal.note_address(is_whole=True)
    _say_what_next(rehearsal.daemon, result)
    return 0


def preview(arguments: argparse.Namespace) -> int:
    """Says what `up` would do."""
    rehearsal = open_rehearsal(arguments.plugins, say)
    now = ""
    if arguments.later:
        now = instant_after(rehearsal.now(), arguments.later).isoformat()
        say(f"This preview takes {arguments.later} for passed: it is {now}. The emulated clock stays as it is.")
    return 1 if _operate("preview", rehearsal, now=now) is None else 0


def refresh(arguments: argparse.Namespace) -> int:
    """Takes what is really there into the state."""
    rehearsal = open_rehearsal(arguments.plugins, say)
    rehearsal.require_known_address("refresh")
    return 1 if _operate("refresh", rehearsal) is None else 0


def destroy(arguments: argparse.Namespace) -> int:
    """Deletes what `up` created."""
    if not is_deployed(STATE_DIR):
        say("Nothing is deployed, so nothing was destroyed. `make up` deploys.")
        return 0
    rehearsal = open_rehearsal(arguments.plugins, say)
    rehearsal.require_known_address("destroy")
    if _operate("destroy", rehearsal) is None:
        return 1
    rehearsal.forget_address()
    say("\nThe stack is gone. `make down` stops the emulator, `make up` begins anew.")
    return 0


def outputs(arguments: argparse.Namespace) -> int:
    """Prints the stack's outputs."""
    if not is_deployed(STATE_DIR):
        say("Nothing is deployed, so there are no outputs. `make up` deploys.")
        return 0
    found = open_rehearsal(arguments.plugins, say).stack().outputs()
    for name in sorted(found):
        say(f"{name}: {shown(found[name])}")
    if not found:
        say("The stack has no outputs yet: no run of it has got that far. `make up` continues.")
    return 0


def drift(arguments: argparse.Namespace) -> int:
    """Changes the first registration as by hand."""
    rehearsal = open_rehearsal(arguments.plugins, say)
    registrations = rehearsal.stack().outputs().get("registrations")
    if registrations is None or not registrations.value:
        raise RehearsalError("Nothing is registered yet. Next: run `make up` first.")
    which = enter_another_client(rehearsal.daemon, registrations.value[0])
    say(f"Somebody has entered another client for {which}: sign-ins through it fail now.")
    say("`make refresh` shows it, `make up` repairs it.")
    return 0


def remove(arguments: argparse.Namespace) -> int:
    """Removes a client secret in the emulated Entra."""
    rehearsal = open_rehearsal(arguments.plugins, say)
    say(f"The client secret {remove_secret(rehearsal.daemon, arguments.key)} is removed from the emulator.")
    say("Next: `make up`.")
    return 0


def env(arguments: argparse.Namespace) -> int:
    """Prints what points a shell's pulumi at the rehearsal's stack; everything else goes to standard error."""
    if not is_deployed(STATE_DIR):
        raise RehearsalError("Nothing is deployed, so there is no stack to use. Next: `make up`.")
    rehearsal = open_rehearsal(arguments.plugins, lambda line: say(line, sys.stderr))
    say(shell_lines(rehearsal.stack(), rehearsal.cli, os.environ))
    say("This is a rehearsal: pulumi works on the stack in .rehearsal in this shell, and on no other.", sys.stderr)
    return 0


def down(_arguments: argparse.Namespace) -> int:
    """Stops the emulator, and what a run has left."""
    left = end_all(STATE_DIR)
    if left:
        say(f"A run was still under way or had left {left} processes behind: they are ended, the state is kept.")
    stopped = stop_daemon(STATE_DIR / "emulator")
    say("The emulator is stopped; `make up` starts it again." if stopped else "The emulator was not running.")
    return 0


# --- operations ------------------------------------------------------------------------------------------------------


def _operate(operation: str, rehearsal: Rehearsal, *, now: str = "", later: str = "") -> Result | None:
    """One operation, told as it goes; None if it failed."""
    say()
    printer = Printer(operation, STACK)
    printer.begin()
    stack = rehearsal.stack(printer, now)
    # A refresh here is what a person answers at `pulumi refresh`: forget the creations that were interrupted.
    work: Callable[[], Result] = {
        "up": stack.up,
        "preview": stack.preview,
        "refresh": lambda: stack.refresh(clear_pending_creates=True),
        "destroy": stack.destroy,
    }[operation]
    try:
        result = work()
    except OperationFailed as error:
        printer.fail(error)
        _say_here([str(error), *error.diagnostics])
        without = ", without LATER: the clock has been moved on already" if later else ""
        say(f"\nThe {operation} failed. Mend what the message names and run `make {operation}` again{without}.")
        return None
    printer.end(result)
    _say_here(result.diagnostics)
    return result


def _preview_passes(rehearsal: Rehearsal, later: str) -> bool:
    """Whether a preview succeeds; what it said is shown where it does not."""
    unseen = io.StringIO()
    printer = Printer("preview", STACK, unseen)
    printer.begin()
    try:
        rehearsal.stack(printer).preview()
    except OperationFailed as error:
        printer.fail(error)
        say(f"\n{unseen.getvalue()}")
        _say_here([str(error), *error.diagnostics])
        without = ", without LATER: the clock has been moved on already" if later else ""
        say(f"The preview failed, so nothing was deployed. Mend what it names and run `make up` again{without}.")
        return False
    return True


_HERE: Final = (
    (
        r"az ad app credential delete",
        "In this rehearsal: `make remove-secret` lists the client secrets of the emulator, and "
        "`make remove-secret KEY=<key id>` removes one. (az would ask your real tenant.)",
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
    for pattern, here in _HERE:
        if re.search(pattern, text):
            say(f"\n{here}")
            return


def _say_what_next(daemon: Daemon, result: Result) -> None:
    if result.is_unchanged:
        say("\nNothing changed: the stack is as declared.")
    say("\nWhat next:")
    say(f"  look at it         {daemon.base_url}/  (the certificate is the emulator's own: let the browser proceed),")
    say("                     and sign in there as one of your customers would")
    say("  change it          edit rehearsal/rehearsal.yaml, `make preview`, `make up`")
    say("  let time pass      make up LATER=P90D rotates the secret")
    say("  see drift          make drift changes a registration as by hand; then `make refresh`, `make up`")
    say('  use pulumi itself  eval "$(make -s env)"; pulumi stack')
    say("  stop               make down (`make up` starts it again), make destroy (deletes what was deployed)")
    say("  real accounts      README, Deploy it")
