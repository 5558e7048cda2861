"""What the engine that drives Pulumi itself takes from its caller, and what it does not."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from emulator.engine.embedded import EmbeddedEngine
from emulator.engine.interface import Engine
from emulator.engine.pulumi_cli import _PLUGINS, PulumiEngine, _plugin_version, find_pulumi
from tests.engine.fake_cloud import PROGRAMS
from tests.support import real_pulumi

SURROUNDINGS = PROGRAMS / "surroundings"


@pytest.mark.parametrize(
    "engine",
    [
        pytest.param(EmbeddedEngine, id="embedded"),
        pytest.param(PulumiEngine, id="pulumi", marks=real_pulumi.MARKS),
    ],
)
def test_no_account_of_the_callers_reaches_the_program_or_a_command(
    engine: type[EmbeddedEngine] | type[PulumiEngine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        *("ARM_CLIENT_SECRET", "AZURE_CLIENT_SECRET", "AZUREAD_TENANT", "UNIFIED_API_KEY", "TF_LOG"),
        *("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "MSI_ENDPOINT", "MSI_SECRET", "SYSTEM_ACCESSTOKEN"),
        *("PULUMI_ACCESS_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"),
    ):
        monkeypatch.setenv(name, "of the caller")
    monkeypatch.setenv("OF_NO_ACCOUNT", "of the caller")
    before = dict(os.environ)
    made: Engine = engine(SURROUNDINGS, "dev", tmp_path)
    outputs = made.up().outputs
    assert outputs["program"].value == ["OF_NO_ACCOUNT"]
    assert outputs["command"].value == "OF_NO_ACCOUNT=of the caller"
    assert dict(os.environ) == before


@real_pulumi.needed
def test_plugins_that_are_only_in_the_callers_home_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs, home = tmp_path / "bin", tmp_path / "home"
    programs.mkdir()
    # The language host comes with the CLI; the two plugins are nowhere but in the home.
    for name in ("pulumi", "pulumi-language-python", "pulumi-language-python-exec", "pulumi-resource-pulumi-python"):
        (programs / name).symlink_to(str(shutil.which(name)))
    for name in _PLUGINS:
        directory = home / "plugins" / f"resource-{name}-v{_plugin_version(name)}"
        directory.mkdir(parents=True)
        (directory / f"pulumi-resource-{name}").symlink_to(str(shutil.which(f"pulumi-resource-{name}")))
    monkeypatch.setenv("PATH", os.pathsep.join([str(programs), "/usr/bin", "/bin"]))
    monkeypatch.setenv("PULUMI_HOME", str(home))
    assert find_pulumi(tmp_path).name == "pulumi"
    assert PulumiEngine(SURROUNDINGS, "dev", tmp_path / "state").up().changes == {"create": 2}


@real_pulumi.needed
def test_a_directory_whose_name_has_a_meaning_in_addresses_is_one_like_any_other(tmp_path: Path) -> None:
    state_dir = tmp_path / "50% #1?"
    assert PulumiEngine(SURROUNDINGS, "dev", state_dir).up().changes == {"create": 2}
    assert PulumiEngine(SURROUNDINGS, "dev", state_dir).destroy().changes == {"delete": 2}
    assert [path.name for path in tmp_path.iterdir()] == [state_dir.name]
