"""Stacks of the embedded engine, each with a directory of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.engine.fake_cloud import Stack


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """A stack of the program that declares what a test says, in a fake cloud."""
    return Stack(tmp_path / "state")


@pytest.fixture
def pulumi_on_path() -> None:
    """Skips a test where the Pulumi CLI and its plugins are not on PATH."""
    missing = [
        name for name in ("pulumi", "pulumi-resource-azuread", "pulumi-resource-command") if shutil.which(name) is None
    ]
    if missing:
        pytest.skip(f"not on PATH: {', '.join(missing)}")
