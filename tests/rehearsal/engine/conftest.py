"""The made-up machine of a test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rehearsal.engine import build
from tests.rehearsal.engine.machine import Machine


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine with nothing on PATH, an empty cache, no network, and a pip that works."""
    made = Machine(tmp_path)
    for name in os.environ:
        if name.lower().endswith("_proxy") or name.startswith(("GO", "PULUMI")):
            monkeypatch.delenv(name)
    for name, value in made.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(build, "PIP", (str(made.pip()),))
    return made
