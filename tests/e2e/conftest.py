"""Every scenario runs on the embedded engine, and on Pulumi with the real plugins where they are found."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from emulator.core.server import EmulatorServer
from emulator.engine.interface import Engine
from emulator.engine.pulumi_cli import PulumiEngine
from tests.support.deployed_once import embedded
from tests.support.stack import MakeEngine, RehearsedStack

_NEEDED = ("pulumi", "pulumi-resource-azuread", "pulumi-resource-command")
_MISSING = [name for name in _NEEDED if shutil.which(name) is None]


def _pulumi(project_dir: Path, stack: str, state_dir: Path, environment: Mapping[str, str]) -> Engine:
    return PulumiEngine(project_dir, stack, state_dir, env=environment)


@pytest.fixture(
    params=[
        pytest.param(embedded, id="embedded"),
        pytest.param(
            _pulumi,
            id="pulumi",
            marks=[
                pytest.mark.real,
                pytest.mark.skipif(bool(_MISSING), reason=f"not on PATH: {', '.join(_MISSING)}"),
            ],
        ),
    ]
)
def make_engine(request: pytest.FixtureRequest) -> MakeEngine:
    made: MakeEngine = request.param
    return made


@pytest.fixture(scope="session")
def shared_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorServer]:
    with EmulatorServer(tmp_path_factory.mktemp("emulator")) as server:
        yield server


@pytest.fixture
def emulator(shared_emulator: EmulatorServer) -> EmulatorServer:
    """An emulator as new: state, clock, journal, faults and switches."""
    shared_emulator.control.reset()
    return shared_emulator


@pytest.fixture
def new_stack(emulator: EmulatorServer, make_engine: MakeEngine, tmp_path: Path) -> Callable[..., RehearsedStack]:
    """Makes stacks of the project's program, each with a state of its own."""

    def make(name: str = "test", **options: Any) -> RehearsedStack:
        return RehearsedStack(emulator, make_engine, tmp_path / name, stack=name, **options)

    return make


@pytest.fixture
def stack(new_stack: Callable[..., RehearsedStack]) -> RehearsedStack:
    return new_stack()


@pytest.fixture
def deployed(stack: RehearsedStack) -> RehearsedStack:
    stack.up()
    return stack
