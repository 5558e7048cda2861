"""The search that every scenario ends with finds what it looks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.deployed_once import DeployedOnce
from tests.support.stack import RehearsedStack


@pytest.fixture
def searched(deployed_once: DeployedOnce, tmp_path: Path) -> Iterator[RehearsedStack]:
    stack = deployed_once.again(tmp_path / "state")
    stack.assert_no_secret_leaked()
    yield stack
    with pytest.raises(AssertionError, match="secret"):
        stack.assert_no_secret_leaked()


def secret_of(stack: RehearsedStack) -> str:
    secret = stack.outputs()["client_secret"]
    assert secret in stack.secrets, "it was learnt when Entra handed it out"
    return str(secret)


def in_a_file(stack: RehearsedStack) -> None:
    (stack.state_dir / "notes.txt").write_text(f"the secret is {secret_of(stack)}", "utf-8")


def in_a_file_name(stack: RehearsedStack) -> None:
    (stack.state_dir / secret_of(stack)).touch()


def in_the_output(stack: RehearsedStack) -> None:
    stack.printed.append(f"error: {secret_of(stack)} was refused")


def _send(stack: RehearsedStack, path: str, **request: object) -> None:
    httpx.post(f"{stack.emulator.base_url}{path}", verify=stack.emulator.ssl_context, **request)  # type: ignore[arg-type]


def to_graph_by_its_name(stack: RehearsedStack) -> None:
    _send(stack, "/v1.0/applications", json={"client_secret": secret_of(stack)})


def to_graph_by_another_name(stack: RehearsedStack) -> None:
    _send(stack, "/v1.0/applications", json={"displayName": secret_of(stack)})


def in_an_address(stack: RehearsedStack) -> None:
    _send(stack, f"/unified/integration/{secret_of(stack)}")


def to_nobody_in_particular(stack: RehearsedStack) -> None:
    _send(stack, "/telemetry", data={"client_secret": secret_of(stack)})


@pytest.mark.parametrize(
    "leak",
    [
        in_a_file,
        in_a_file_name,
        in_the_output,
        to_graph_by_its_name,
        to_graph_by_another_name,
        in_an_address,
        to_nobody_in_particular,
    ],
)
def test_a_secret_is_found(searched: RehearsedStack, leak: Callable[[RehearsedStack], None]) -> None:
    leak(searched)
