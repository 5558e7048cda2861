"""A Pulumi CLI for the tests that need one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def cli() -> Path:
    """The CLI on PATH."""
    found = shutil.which("pulumi")
    if found is None:
        pytest.skip("not on PATH: pulumi")
    return Path(found)
