"""The commands behind `make up` and its siblings, run as a user runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from emulator.core.daemon import stop_daemon
from emulator.rehearsal import open_rehearsal

ROOT = Path(__file__).parents[2]
Rehearse = Callable[..., str]


@pytest.fixture(scope="module")
def rehearse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearse]:
    """Runs one command with a state directory of its own; ends the emulator afterwards."""
    state_dir = tmp_path_factory.mktemp("rehearsal")
    environment = {**os.environ, "UNIFIEDTO_REHEARSAL_DIR": str(state_dir), "UNIFIED_API_KEY": "a real key of the user"}

    def run(*arguments: str, code: int = 0) -> str:
        answer = subprocess.run(
            [sys.executable, "-m", "emulator.rehearsal", *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert answer.returncode == code, answer.stdout + answer.stderr
        return answer.stdout + answer.stderr

    yield run
    run("down")


def test_a_newcomer_goes_through_all_of_it(rehearse: Rehearse) -> None:
    first = rehearse("up", "--engine", "embedded")
    assert "The emulator of Entra, Microsoft Graph and Unified.to is up at https://localhost:" in first
    assert "+ 11 created" in first
    assert "client_secret        : [secret]" in first
    assert "a real key of the user" not in first

    second = rehearse("up")
    assert "Nothing changed" in second
    assert "it holds this rehearsal's stack" in second

    assert "microsoft-secret-green create" in rehearse("preview", "--later", "P91D")
    assert "Nothing changed" in rehearse("up"), "a preview leaves the clock as it is"
    rotated = rehearse("up", "--later", "P91D")
    assert "microsoft-secret-green created" in rotated

    rehearse("drift")
    assert "client_id was" in rehearse("refresh")
    assert "microsoft-Production-microsoft_ad updated" in rehearse("up")
    assert "client_id" in rehearse("outputs")

    assert "LATER cannot be" in rehearse("preview", "--later", "ninety days", code=1)
    assert "- 12 deleted" in rehearse("destroy")


def test_the_switches_of_a_rehearsal_are_the_user_s_once_it_has_begun(tmp_path: Path) -> None:
    first = open_rehearsal("embedded", tmp_path).daemon
    try:
        with first.control() as control:
            assert control.settings()["secret_propagation_s"] > 0
            control.settings(secret_propagation_s=0)
        stop_daemon(tmp_path / "emulator")
        with open_rehearsal("embedded", tmp_path).daemon.control() as control:
            assert control.settings()["secret_propagation_s"] == 0
    finally:
        stop_daemon(tmp_path / "emulator")
