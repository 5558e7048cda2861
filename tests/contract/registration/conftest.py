"""The stage of these tests: an emulator and a provider process for all, and others for those that ask."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.core.server import EmulatorServer
from pulumi_unifiedto.registration.workspace_integration import WorkspaceIntegrationProvider
from tests.contract.dynamic_provider import DynamicProviderProcess
from tests.contract.registration.stage import Stage, assert_no_canary, tuned


@pytest.fixture(scope="session")
def emulator() -> Iterator[EmulatorServer]:
    with tempfile.TemporaryDirectory() as state_dir, EmulatorServer(Path(state_dir)) as running:
        yield running


@pytest.fixture(scope="session")
def process(emulator: EmulatorServer) -> Iterator[DynamicProviderProcess]:
    with DynamicProviderProcess(tuned(emulator)) as running:
        running.configure({})
        yield running
        assert_no_canary(running.printed())


@pytest.fixture
def stage(emulator: EmulatorServer, process: DynamicProviderProcess) -> Stage:
    """An emulator as new, and the provider with a key that may do everything."""
    emulator.control.reset()
    provider = process.provider(WorkspaceIntegrationProvider())
    return Stage(emulator, process, provider, tuned(emulator), len(process.printed()))


@pytest.fixture
def stage_with(emulator: EmulatorServer, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """As `stage`, with a provider process of its own: `@pytest.mark.parametrize("stage_with", [{...}], indirect=True)`
    gives its environment (None takes a variable away) and, under "config", its configuration."""
    wanted = dict(request.param)
    config = wanted.pop("config", {})
    environment = {**tuned(emulator), **wanted}
    environment = {name: value for name, value in environment.items() if value is not None}
    emulator.control.reset()
    with DynamicProviderProcess(environment) as running:
        running.configure(config)
        yield Stage(emulator, running, running.provider(WorkspaceIntegrationProvider()), environment)
    assert_no_canary(running.printed())
