"""The real Pulumi, where the tests find it, and which tests need it."""

from __future__ import annotations

import shutil
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
