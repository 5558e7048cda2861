"""Which azuread and command plugins a rehearsal uses: the real ones where they are installed, else stand-ins."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from rehearsal.plugins.contract import Provider
from rehearsal.results import RehearsalError

_PACKAGES: Final = ("azuread", "command")
CHOICES: Final = ("auto", "stand-in", "real")


@dataclass(frozen=True)
class Plugins:
    """The plugins of a rehearsal. ``reason``: one sentence for the user. ``directories``: of the real ones; none where
    stand-ins are used."""

    reason: str
    directories: tuple[Path, ...] = ()

    @property
    def are_real(self) -> bool:
        """True for the plugins that users have."""
        return bool(self.directories)

    def stand_ins(self, environment: Mapping[str, str], project_dir: Path) -> Mapping[str, Provider]:
        """What is served in place of plugins, by package. ``environment``: of the program and its commands."""
        if self.are_real:
            return {}
        from rehearsal.plugins.azuread import AzureAdProvider  # noqa: PLC0415 - its HTTP client takes 0.1 s to import
        from rehearsal.plugins.command import CommandProvider  # noqa: PLC0415

        return {
            "azuread": AzureAdProvider(environment),
            "command": CommandProvider(environment, project_dir),
        }


def choose_plugins(wanted: str = "auto", caller: Mapping[str, str] | None = None) -> Plugins:
    """The plugins to use. ``wanted``: ``auto``, ``stand-in`` or ``real``, as the user asks in PLUGINS. ``caller``: the
    environment that says where plugins are. Raises RehearsalError.
    """
    environment = os.environ if caller is None else caller
    if wanted not in CHOICES:
        raise RehearsalError(f'PLUGINS cannot be "{wanted}". Next: give one of {", ".join(CHOICES)}.')
    if wanted == "stand-in":
        return Plugins("Stand-ins for the azuread and command plugins are used, as asked.")
    found = {name: _directory_of(name, environment) for name in _PACKAGES}
    missing = [name for name, directory in found.items() if directory is None]
    obstacle = ""
    if not sys.platform.startswith("linux"):
        obstacle = "the real ones trust the emulator's certificate on Linux only"
    elif missing:
        names = " and ".join(f"pulumi-resource-{name} {metadata.version(f'pulumi-{name}')}" for name in missing)
        obstacle = f"{names} {'is' if len(missing) == 1 else 'are'} neither on PATH nor in {_home(environment)}"
    if obstacle and wanted == "real":
        raise RehearsalError(
            f"PLUGINS=real asks for the real azuread and command plugins, which cannot be used: {obstacle}.\n"
            "Next: install them with `pulumi plugin install resource <name> <version>`, or leave PLUGINS out."
        )
    if obstacle:
        return Plugins(f"Stand-ins for the azuread and command plugins are used: {obstacle}.")
    directories = tuple(dict.fromkeys(directory for directory in found.values() if directory is not None))
    places = " and ".join(map(str, directories))
    return Plugins(f"The real azuread and command plugins are used, from {places}.", directories)


def _directory_of(name: str, environment: Mapping[str, str]) -> Path | None:
    executable = shutil.which(f"pulumi-resource-{name}", path=environment.get("PATH", ""))
    if executable is not None:
        return Path(executable).parent
    directory = _home(environment) / f"resource-{name}-v{metadata.version(f'pulumi-{name}')}"
    return directory if (directory / f"pulumi-resource-{name}").is_file() else None


def _home(environment: Mapping[str, str]) -> Path:
    home = environment.get("PULUMI_HOME")
    return (Path(home) if home else Path.home() / ".pulumi") / "plugins"
