"""The real Pulumi, where the tests find it: which tests need it, and how to kill it."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pytest

from emulator.engine.interface import Engine
from emulator.engine.pulumi_cli import PulumiEngine

_NEEDED: Final = ("pulumi", "pulumi-resource-azuread", "pulumi-resource-command")
_MISSING: Final = [name for name in _NEEDED if shutil.which(name) is None]

MARKS: Final = [
    pytest.mark.real,
    pytest.mark.skipif(bool(_MISSING), reason=f"not on PATH: {', '.join(_MISSING)}"),
]
"""Of a test that runs on Pulumi with the real plugins."""


def needed(test: Callable[..., None]) -> Callable[..., None]:
    """Decorates such a test."""
    for mark in MARKS:
        test = mark(test)
    return test


def pulumi(project_dir: Path, stack: str, state_dir: Path, environment: Mapping[str, str]) -> Engine:
    return PulumiEngine(project_dir, stack, state_dir, env=environment)


def kill_all_of(home: Path) -> int:
    """Kills (SIGKILL) the CLI with this home, and everything it has started; how many processes that were."""
    marked = f"PULUMI_HOME={home}".encode()
    found = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit() and marked in _environment(path)]
    for pid in found:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    return len(found)


def _environment(process: Path) -> list[bytes]:
    try:
        return (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return []
