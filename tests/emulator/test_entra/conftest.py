"""Situations: an emulator, somebody without a token, a deployer with one."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import httpx
import pytest

from emulator.core.server import EmulatorServer

from .situations import Entra, Graph


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorServer]:
    with EmulatorServer(tmp_path_factory.mktemp("emulator")) as running:
        yield running


@pytest.fixture(scope="session")
def trust(server: EmulatorServer) -> ssl.SSLContext:
    return server.ssl_context


@pytest.fixture
def emulator(server: EmulatorServer) -> EmulatorServer:
    """The shared emulator, as good as new."""
    server.world.reset()
    return server


@pytest.fixture
def http(emulator: EmulatorServer, trust: ssl.SSLContext) -> Iterator[httpx.Client]:
    """Somebody without a token."""
    with httpx.Client(base_url=emulator.base_url, verify=trust, trust_env=False) as client:
        yield client


@pytest.fixture
def entra(emulator: EmulatorServer, http: httpx.Client) -> Entra:
    return Entra(emulator, http)


@pytest.fixture
def graph(entra: Entra, trust: ssl.SSLContext) -> Iterator[Graph]:
    """The deployer, with Application.ReadWrite.OwnedBy."""
    with entra.graph_client(trust) as client:
        yield Graph(client)
