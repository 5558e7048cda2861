"""What the scenarios run with: a CLI, plugins, and an interpreter for what is written in Python."""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from rehearsal.engine import find
from rehearsal.plugins.choice import Plugins, choose_plugins
from rehearsal.plugins.command import CommandProvider
from rehearsal.plugins.contract import Provider
from rehearsal.results import RehearsalError
from tests.support.warm_python import WarmPython


@dataclass(frozen=True)
class Tools:
    """``python``: the interpreter of dynamic providers. ``warm``: the one behind it, if it is a warm one."""

    cli: Path
    plugins: Plugins
    python: str = sys.executable
    warm: WarmPython | None = None


@functools.cache
def pulumi_cli() -> Path:
    """The CLI; a test is skipped where there is none, which says why."""
    reasons: list[str] = []
    found = find.available(reasons.append)
    if found is None:
        pytest.skip(f"{' '.join(reasons)} Next: `make engine` gets one.")
    return found.path


def real_tools() -> Tools:
    """The real plugins, as users have them; a test is skipped where there are none."""
    try:
        return Tools(pulumi_cli(), choose_plugins("real"))
    except RehearsalError as missing:
        pytest.skip(str(missing))


def stand_ins(warm: WarmPython) -> Tools:
    """Stand-ins for the plugins, with processes of Python that need not import anything."""
    plugins = _WarmPlugins("Stand-ins are used, as asked.", python=str(warm.executable))
    return Tools(pulumi_cli(), plugins, str(warm.executable), warm)


@dataclass(frozen=True)
class _WarmPlugins(Plugins):
    python: str = sys.executable

    def stand_ins(self, environment: Mapping[str, str], project_dir: Path) -> Mapping[str, Provider]:
        command = _WarmCommand(environment, project_dir, self.python)
        return {**super().stand_ins(environment, project_dir), "command": command}


class _WarmCommand(CommandProvider):
    """Runs what is meant for this interpreter on a warm one."""

    def __init__(self, environment: Mapping[str, str], directory: Path, python: str) -> None:
        super().__init__(environment, directory)
        self._python = python

    def _execute(self, arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str, str]:
        if arguments[0] == sys.executable:
            arguments = [self._python, *arguments[1:]]
        return super()._execute(arguments, environment)
