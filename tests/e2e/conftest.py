"""Every scenario runs with the stand-ins for the plugins, and those that ask for ``tools`` with the real ones too,
where they are found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.core.server import EmulatorServer
from rehearsal.processes import end_all
from tests.support.deployed_once import DeployedOnce
from tests.support.stack import RehearsedStack
from tests.support.tools import Tools, real_tools, stand_ins
from tests.support.warm_python import WarmPython


@pytest.fixture(autouse=True)
def no_process_outlives_the_test(tmp_path: Path) -> Iterator[None]:
    """The provider of dynamic resources goes on when its CLI is killed, and later tests wait for such processes."""
    yield
    end_all(tmp_path)


@pytest.fixture(scope="session")
def stand_in_tools() -> Iterator[Tools]:
    with WarmPython() as warm:
        yield stand_ins(warm)


@pytest.fixture(params=["stand-in", pytest.param("real", marks=pytest.mark.real)])
def tools(request: pytest.FixtureRequest, stand_in_tools: Tools) -> Tools:
    return stand_in_tools if request.param == "stand-in" else real_tools()


@pytest.fixture(scope="session")
def shared_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorServer]:
    with EmulatorServer(tmp_path_factory.mktemp("emulator")) as server:
        yield server


@pytest.fixture(scope="session")
def deployed_once(
    shared_emulator: EmulatorServer, stand_in_tools: Tools, tmp_path_factory: pytest.TempPathFactory
) -> DeployedOnce:
    """For scenarios that start from the same deployed stack."""
    return DeployedOnce(shared_emulator, stand_in_tools, tmp_path_factory.mktemp("deployed") / "state")


@pytest.fixture
def emulator(shared_emulator: EmulatorServer) -> EmulatorServer:
    """An emulator as new: state, clock, journal, faults and switches."""
    shared_emulator.control.reset()
    return shared_emulator


@pytest.fixture
def new_stack(emulator: EmulatorServer, tools: Tools, tmp_path: Path) -> Iterator[Callable[..., RehearsedStack]]:
    """Makes stacks of the program, each with a state of its own. None tells a secret, whatever a test does."""
    made: list[RehearsedStack] = []

    def make(name: str = "test", **options: Any) -> RehearsedStack:
        made.append(RehearsedStack(emulator, tools, tmp_path / name, stack=name, **options))
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


@pytest.fixture
def undeployed(emulator: EmulatorServer, stand_in_tools: Tools, tmp_path: Path) -> Iterator[RehearsedStack]:
    """A stack before its first ``up``, with stand-ins alone."""
    stack = RehearsedStack(emulator, stand_in_tools, tmp_path / "state")
    yield stack
    stack.assert_no_secret_leaked()


@pytest.fixture
def living(deployed_once: DeployedOnce, tmp_path: Path) -> Iterator[RehearsedStack]:
    """A stack that was deployed a moment ago, with stand-ins alone."""
    stack = deployed_once.again(tmp_path / "state")
    yield stack
    stack.assert_no_secret_leaked()
