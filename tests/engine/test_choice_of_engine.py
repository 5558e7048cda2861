"""Which engine a rehearsal uses, and the sentence that says why."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pulumi import automation

from emulator.engine import pulumi_cli
from emulator.engine.pulumi_cli import find_pulumi

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts a pulumi of some version, and plugins, on a PATH that has nothing else; Pulumi's site does not answer."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(pulumi_cli, "_site_answers", lambda: False)

    def run(version: str, *plugins: str) -> None:
        scripts = {"pulumi": f"#!/bin/sh\necho {version}\n"}
        scripts.update({f"pulumi-resource-{plugin}": "#!/bin/sh\n" for plugin in plugins})
        for name, script in scripts.items():
            (directory / name).write_text(script, "utf-8")
            os.chmod(directory / name, 0o755)

    return run


def test_pulumi_with_its_plugins_is_used(install: Install, tmp_path: Path) -> None:
    install("v3.260.0", "azuread", "command")
    choice = find_pulumi(tmp_path)
    assert (choice.name, choice.reason) == ("pulumi", "Pulumi 3.260.0 on PATH is used.")


def test_without_pulumi_the_embedded_engine_is_used(install: Install, tmp_path: Path) -> None:
    choice = find_pulumi(tmp_path)
    assert (choice.name, choice.reason) == ("embedded", "Pulumi is not on PATH, so the embedded engine is used.")


def test_where_pulumis_site_does_not_answer_nothing_is_installed(install: Install, tmp_path: Path) -> None:
    choice = find_pulumi(tmp_path, may_install=True)
    assert choice.name == "embedded"
    assert "get.pulumi.com cannot be reached" in choice.reason


def test_an_old_pulumi_is_not_used(install: Install, tmp_path: Path) -> None:
    install("v3.200.1", "azuread", "command")
    choice = find_pulumi(tmp_path)
    assert choice.name == "embedded"
    assert "Pulumi 3.200.1 on PATH is older than" in choice.reason


def test_a_pulumi_that_tells_no_version_is_not_used(install: Install, tmp_path: Path) -> None:
    install("no version at all", "azuread", "command")
    assert "does not tell its version" in find_pulumi(tmp_path).reason


def test_a_pulumi_whose_plugins_cannot_be_had_is_not_used(install: Install, tmp_path: Path) -> None:
    install("v3.260.0", "azuread")
    choice = find_pulumi(tmp_path)
    assert choice.name == "embedded"
    assert "its plugins command are not installed" in choice.reason


PLUGIN_INSTALLER = """#!/bin/sh
if [ "$1" = version ]; then echo v3.260.0; exit; fi
echo "$HTTPS_PROXY" > "$PULUMI_HOME.proxy"
if [ "$4" = "$REFUSED" ]; then echo "error: failed to download plugin: $4" >&2; exit 255; fi
/bin/mkdir -p "$PULUMI_HOME/plugins/resource-$4-$5"
"""


@pytest.fixture
def installable(install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pulumi's site answers, and gives a CLI that can install plugins; the caller is behind a proxy."""
    monkeypatch.setattr(pulumi_cli, "_site_answers", lambda: True)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com:3128")

    def put(root: str) -> None:
        path = Path(root) / "bin" / "pulumi"
        path.parent.mkdir(parents=True)
        path.write_text(PLUGIN_INSTALLER, "utf-8")
        path.chmod(0o755)

    monkeypatch.setattr(automation.PulumiCommand, "install", put)
    return tmp_path / "rehearsal" / "pulumi-cli"


def test_what_is_missing_is_installed_through_the_callers_proxy(installable: Path) -> None:
    choice = find_pulumi(installable.parent, may_install=True)
    assert (choice.name, choice.root, choice.plugins) == ("pulumi", installable, installable / "plugins")
    assert sorted(path.name.rsplit("-", 1)[0] for path in (installable / "plugins").iterdir()) == [
        "resource-azuread",
        "resource-command",
    ]
    assert (installable.parent / "pulumi-cli.proxy").read_text("utf-8") == "http://proxy.example.com:3128\n"
    assert find_pulumi(installable.parent) == choice, "what was installed is found again"


def test_a_plugin_that_cannot_be_installed_is_named_and_the_embedded_engine_is_used(
    installable: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFUSED", "command")
    choice = find_pulumi(installable.parent, may_install=True)
    assert choice.name == "embedded"
    assert "could not be installed (command: error: failed to download plugin: command), so the emb" in choice.reason
    monkeypatch.delenv("REFUSED")
    assert find_pulumi(installable.parent, may_install=True).name == "pulumi"


def test_a_cli_that_cannot_be_installed_is_no_obstacle(installable: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(root: str) -> None:
        raise subprocess.CalledProcessError(1, ["sh"])

    monkeypatch.setattr(automation.PulumiCommand, "install", broken)
    choice = find_pulumi(installable.parent, may_install=True)
    assert choice.name == "embedded"
    assert "could not be installed (CalledProcessError)" in choice.reason


def test_nothing_is_installed_by_what_only_looks(install: Install, installable: Path) -> None:
    install("v3.260.0", "azuread")
    choice = find_pulumi(installable.parent)
    assert (choice.name, installable.exists()) == ("embedded", False)
    assert "its plugins command are not installed" in choice.reason


def test_plugins_that_were_downloaded_before_are_found(install: Install, tmp_path: Path) -> None:
    install("v3.260.0", "azuread")
    version = pulumi_cli._plugin_version("command")
    (tmp_path / "home" / "plugins" / f"resource-command-v{version}").mkdir(parents=True)
    assert find_pulumi(tmp_path).name == "pulumi"


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_where_plugins_cannot_be_told_to_trust_a_certificate_the_embedded_engine_is_used(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    install("v3.260.0", "azuread", "command")
    monkeypatch.setattr(sys, "platform", platform)
    choice = find_pulumi(tmp_path)
    assert choice.name == "embedded"
    assert "trusts a certificate of one's own on Linux only" in choice.reason
