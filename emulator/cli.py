"""The command line: serve, start, stop, status, env, coverage."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from emulator.core import daemon as daemons
from emulator.core.coverage import coverage_page
from emulator.core.daemon import Daemon
from emulator.core.server import EmulatorError
from emulator.entra.seed import RIVALS
from emulator.unifiedto.seed import WORKSPACE_ID

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
DEFAULT_STATE_DIR = Path(".rehearsal") / "emulator"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit status. Errors go to standard error, one sentence each."""
    options = _parser().parse_args(arguments)
    try:
        return _COMMANDS[options.command](options)
    except EmulatorError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def shell_lines(daemon: Daemon, caller: Mapping[str, str]) -> str:
    """What points a shell at the emulator, for ``eval "$(python -m emulator env)"``; ``caller`` is its environment.

    Variables for azuread, MSAL and this package's key, then the variables that must not be set beside them, then, as
    comments, the configuration that a stack of this project needs: a stack's configuration is no environment.
    """
    variables = {**daemon.environment, **_past_proxies(caller)}
    return "\n".join(
        [
            *(f"export {name}={shlex.quote(value)}" for name, value in variables.items()),
            f"unset {' '.join(RIVALS)}",
            "# A stack of this project also needs, once:",
            f"#   pulumi config set apiUrl {daemon.base_url}",
            f"#   pulumi config set workspaceId {WORKSPACE_ID}",
        ]
    )


def _past_proxies(caller: Mapping[str, str]) -> dict[str, str]:
    """``NO_PROXY`` in both spellings (Python prefers the small one, Go the other): loopback, and what was there."""
    present = caller.get("no_proxy") or caller.get("NO_PROXY") or ""
    hosts = [host.strip() for host in present.split(",") if host.strip()]
    value = ",".join(dict.fromkeys([*_LOOPBACK, *hosts]))
    return {"NO_PROXY": value, "no_proxy": value}


def _serve(options: argparse.Namespace) -> int:
    if daemons.find(options.state_dir) is not None:
        raise EmulatorError(f"an emulator serves {options.state_dir} already; `python -m emulator stop` ends it")
    daemons.serve(options.state_dir, options.port, _announce, _switches(options))
    return 0


def _start(options: argparse.Namespace) -> int:
    switches = _switches(options)
    daemon, started = daemons.start_daemon(options.state_dir, options.port)
    if switches:
        _set(daemon, switches)
    _announce(daemon)
    print("started" if started else "was running already", file=sys.stderr)
    return 0


def _stop(options: argparse.Namespace) -> int:
    stopped = daemons.stop_daemon(options.state_dir)
    print("stopped" if stopped else "not running")
    return 0


def _status(options: argparse.Namespace) -> int:
    daemon = daemons.find(options.state_dir)
    silent = daemons.find_silent(options.state_dir) if daemon is None else None
    if silent is not None:
        raise EmulatorError(daemons.silence_of(silent))
    print("not running" if daemon is None else f"running at {daemon.base_url}, process {daemon.pid}")
    return 3 if daemon is None else 0


def _env(options: argparse.Namespace) -> int:
    daemon = daemons.find(options.state_dir)
    if daemon is None:
        raise EmulatorError(f"no emulator serves {options.state_dir}; `python -m emulator start` starts one")
    _announce(daemon)
    return 0


def _coverage(_options: argparse.Namespace) -> int:
    print(coverage_page(), end="")
    return 0


def _switches(options: argparse.Namespace) -> dict[str, Any]:
    """Switches of ``--set NAME=VALUE``; a value that is not JSON is taken as text."""
    switches: dict[str, Any] = {}
    for assignment in options.set:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise EmulatorError(f"--set takes NAME=VALUE, not {assignment!r}")
        try:
            switches[name] = json.loads(text)
        except ValueError:
            switches[name] = text
    return switches


def _set(daemon: Daemon, switches: dict[str, Any]) -> None:
    try:
        with daemon.control() as control:
            control.settings(**switches)
    except httpx.HTTPStatusError as error:
        raise EmulatorError(str(error)) from error


def _announce(daemon: Daemon) -> None:
    print(shell_lines(daemon, os.environ), flush=True)


_COMMANDS = {
    "serve": _serve,
    "start": _start,
    "stop": _stop,
    "status": _status,
    "env": _env,
    "coverage": _coverage,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m emulator", description="Entra ID, Microsoft Graph and Unified.to on this computer."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    state = argparse.ArgumentParser(add_help=False)
    state.add_argument("--state-dir", type=Path, default=DEFAULT_STATE_DIR, help="where state is kept (%(default)s)")
    listen = argparse.ArgumentParser(add_help=False)
    listen.add_argument("--port", type=int, default=0, help="0: the one of the last run, else any free one")
    listen.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a switch (JSON value); can be repeated"
    )
    commands.add_parser(
        "serve", parents=[state, listen], help="serve in the foreground; prints what points a shell at it"
    )
    commands.add_parser("start", parents=[state, listen], help="serve in the background; prints the same")
    commands.add_parser("stop", parents=[state], help="stop the emulator that serves the state directory")
    commands.add_parser("status", parents=[state], help="whether one runs, and where (exit status 3: none)")
    commands.add_parser(
        "env", parents=[state], help='prints it for the one that runs: eval "$(python -m emulator env)"'
    )
    commands.add_parser("coverage", help="every route with where its behaviour is known from")
    return parser
