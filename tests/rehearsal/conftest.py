"""A Pulumi CLI for the tests that need one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rehearsal.user import User
from tests.support.tools import pulumi_cli


@pytest.fixture(scope="session")
def cli() -> Path:
    """The CLI."""
    return pulumi_cli()


@pytest.fixture
def user(tmp_path: Path, cli: Path) -> Iterator[User]:
    """A person at the rehearsal's commands, who leaves no process behind."""
    person = User(tmp_path)
    person.environment["PATH"] = f"{cli.parent}:{person.environment['PATH']}"
    yield person
    person.run("down")
    assert person.processes() == []
