"""Every scenario runs on the embedded engine, and on Pulumi with the real plugins where they are found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.core.server import EmulatorServer
from tests.support import real_pulumi
from tests.support.deployed_once import DeployedOnce, embedded
from tests.support.stack import MakeEngine, RehearsedStack


@pytest.fixture(
    params=[
        pytest.param(embedded, id="embedded"),
        pytest.param(real_pulumi.pulumi, id="pulumi", marks=real_pulumi.MARKS),
    ]
)
def make_engine(request: pytest.FixtureRequest) -> MakeEngine:
    made: MakeEngine = request.param
    return made


@pytest.fixture(scope="session")
def shared_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorServer]:
    with EmulatorServer(tmp_path_factory.mktemp("emulator")) as server:
        yield server


@pytest.fixture(scope="module")
def deployed_once(shared_emulator: EmulatorServer, tmp_path_factory: pytest.TempPathFactory) -> DeployedOnce:
    """On the embedded engine, for scenarios that start from the same deployed stack."""
    return DeployedOnce(shared_emulator, embedded, tmp_path_factory.mktemp("deployed") / "state")


@pytest.fixture
def emulator(shared_emulator: EmulatorServer) -> EmulatorServer:
    """An emulator as new: state, clock, journal, faults and switches."""
    shared_emulator.control.reset()
    return shared_emulator


@pytest.fixture
def new_stack(
    emulator: EmulatorServer, make_engine: MakeEngine, tmp_path: Path
) -> Iterator[Callable[..., RehearsedStack]]:
    """Makes stacks of the program, each with a state of its own. None tells a secret, whatever a test does."""
    made: list[RehearsedStack] = []

    def make(name: str = "test", **options: Any) -> RehearsedStack:
        made.append(RehearsedStack(emulator, make_engine, tmp_path / name, stack=name, **options))
        return made[-1]

    yield make
    for stack in made:
        stack.assert_no_secret_leaked()


@pytest.fixture
def stack(new_stack: Callable[..., RehearsedStack]) -> RehearsedStack:
    return new_stack()


@pytest.fixture
def deployed(stack: RehearsedStack) -> RehearsedStack:
    stack.up()
    return stack
