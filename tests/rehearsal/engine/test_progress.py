"""What the user sees while the CLI is got."""

from __future__ import annotations

import io
import sys

import pytest

from rehearsal.engine import find, progress
from rehearsal.engine.progress import Progress
from tests.rehearsal.engine.machine import Machine


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_without_a_terminal_a_line_comes_now_and_then() -> None:
    said: list[str] = []
    clock = Clock()
    with Progress("Packages built", 40, said.append, now=clock) as stage:
        for second in range(65):
            clock.now = second
            if second % 2:
                stage.advance()
            stage.tick()
    assert said == [
        "  Packages built: 10 of 40, 20 s so far.",
        "  Packages built: 20 of 40, 40 s so far.",
        "  Packages built: 30 of 40, 1 min 00 s so far.",
    ]


def test_where_nobody_knows_how_much_there_is_the_line_says_the_time() -> None:
    said: list[str] = []
    clock = Clock()
    with Progress("Downloading", None, said.append, now=clock) as stage:
        clock.now = 21.4
        stage.tick()
    assert said == ["  Downloading: 21 s so far."]


def test_a_terminal_shows_a_bar_and_no_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    said: list[str] = []
    clock = Clock()
    with Progress("Packages built", 4, said.append, now=clock) as stage:
        stage.advance(3)
        clock.now = 100
        stage.tick()
    assert "Packages built: |" in terminal.getvalue()
    assert "| 3 of 4, " in terminal.getvalue()
    assert said == []


def test_a_stage_that_takes_too_long_is_an_error() -> None:
    clock = Clock()
    said: list[str] = []
    stage = Progress("Downloading", None, said.append, limit_s=600, now=clock)
    clock.now = 600
    stage.tick()
    clock.now = 601
    with pytest.raises(TimeoutError, match=r"^Downloading: not done after 10 min 00 s$"):
        stage.tick()


def test_a_build_tells_how_many_packages_of_all_are_built(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LINE_EVERY_S", 0.0)
    machine.go()
    find.ensure(machine.say)
    assert "  Building 3 packages." in machine.said
    built = [line for line in machine.said if line.startswith("  Packages built")]
    assert [line.partition(",")[0] for line in built][-3:] == [f"  Packages built: {n} of 3" for n in (1, 2, 3)]
