"""Which plugins a rehearsal uses, and what it says of that."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

import pytest

from rehearsal.plugins import choice
from rehearsal.plugins.choice import choose_plugins
from rehearsal.results import RehearsalError

_NAMES = ("azuread", "command")


def _on_path(directory: Path, *names: str) -> dict[str, str]:
    """An environment whose PATH has these plugins, and whose Pulumi home is empty."""
    directory.mkdir()
    for name in names:
        executable = directory / f"pulumi-resource-{name}"
        executable.write_text("#!/bin/sh\n")
        executable.chmod(0o700)
    return {"PATH": str(directory), "PULUMI_HOME": str(directory / "home")}


def _in_home(home: Path) -> dict[str, str]:
    for name in _NAMES:
        directory = home / "plugins" / f"resource-{name}-v{metadata.version(f'pulumi-{name}')}"
        directory.mkdir(parents=True)
        (directory / f"pulumi-resource-{name}").write_text("")
    return {"PATH": os.defpath, "PULUMI_HOME": str(home)}


@pytest.fixture(autouse=True)
def linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")


def _stand_ins(caller: Mapping[str, str], wanted: str = "auto") -> str:
    chosen = choose_plugins(wanted, caller)
    assert not chosen.are_real
    assert set(chosen.stand_ins({}, Path())) == set(_NAMES)
    return chosen.reason


def test_plugins_on_path_are_used(tmp_path: Path) -> None:
    chosen = choose_plugins("auto", _on_path(tmp_path / "bin", *_NAMES))
    assert chosen.are_real
    assert chosen.directories == (tmp_path / "bin",)
    assert chosen.stand_ins({}, Path()) == {}
    assert chosen.reason == f"The real azuread and command plugins are used, from {tmp_path / 'bin'}."


def test_plugins_in_pulumis_home_are_used(tmp_path: Path) -> None:
    chosen = choose_plugins("real", _in_home(tmp_path))
    assert [directory.parent for directory in chosen.directories] == [tmp_path / "plugins"] * 2


def test_without_both_plugins_stand_ins_are_used_and_the_missing_one_is_named(tmp_path: Path) -> None:
    reason = _stand_ins(_on_path(tmp_path / "bin", "command"))
    missing = f"pulumi-resource-azuread {metadata.version('pulumi-azuread')}"
    assert reason == (
        f"Stand-ins for the azuread and command plugins are used: {missing} is neither on PATH nor in "
        f"{tmp_path / 'bin' / 'home' / 'plugins'}."
    )


def test_stand_ins_are_used_where_the_user_asks_for_them(tmp_path: Path) -> None:
    reason = _stand_ins(_on_path(tmp_path / "bin", *_NAMES), "stand-in")
    assert reason == "Stand-ins for the azuread and command plugins are used, as asked."


def test_where_the_plugins_cannot_trust_the_emulator_stand_ins_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "trust the emulator's certificate on Linux only" in _stand_ins(_on_path(tmp_path / "bin", *_NAMES))


def test_real_plugins_that_are_asked_for_and_missing_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(RehearsalError, match="PLUGINS=real asks for the real azuread and command plugins") as raised:
        choose_plugins("real", _on_path(tmp_path / "bin"))
    assert "pulumi-resource-azuread" in str(raised.value)
    assert "Next: " in str(raised.value)


def test_another_word_is_an_error_that_names_the_words() -> None:
    with pytest.raises(RehearsalError, match=r'PLUGINS cannot be "fake".*auto, stand-in, real'):
        choose_plugins("fake", {})
    assert choice.CHOICES == ("auto", "stand-in", "real")
