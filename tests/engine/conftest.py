"""Stacks of the embedded engine, each with a directory of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.fake_cloud import Stack


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """A stack of the program that declares what a test says, in a fake cloud."""
    return Stack(tmp_path / "state")
