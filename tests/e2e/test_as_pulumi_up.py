"""The program as ``pulumi`` itself runs it: with its host for Python, in a project with a virtual environment.

The host comes with Pulumi's distribution, not with a CLI that was built from its source.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from emulator.core.server import EmulatorServer
from emulator.unifiedto.seed import WORKSPACE_ID
from rehearsal.environment import rehearsal_environment
from rehearsal.plugins.choice import choose_plugins
from rehearsal.plugins.server import attached
from tests.support.stack import ROOT, RehearsedStack
from tests.support.tools import Tools, pulumi_cli

HOST = ("pulumi-language-python", "pulumi-language-python-exec", "pulumi-resource-pulumi-python")
PLUGINS = ("azuread", "command")

pytestmark = pytest.mark.skipif(
    any(shutil.which(name) is None for name in HOST), reason=f"not on PATH: {', '.join(HOST)}"
)


class Project:
    """A project directory of a user, and a backend in a directory."""

    def __init__(self, emulator: EmulatorServer, directory: Path, home: Path) -> None:
        directory.mkdir()
        self.directory = directory
        for name in ("__main__.py", "Pulumi.yaml"):
            shutil.copy(ROOT / name, directory)
        for name in ("backend", "home"):
            (home / name).mkdir(parents=True)
        self.environment = {
            **emulator.env(),
            "PULUMI_BACKEND_URL": (home / "backend").as_uri(),
            "PULUMI_HOME": str(home / "home"),
            "PULUMI_CONFIG_PASSPHRASE": "passphrase of the tests",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }
        registrations = json.dumps([{"integrationType": "microsoft_ad", "isActive": True}])
        settings = {"workspaceId": WORKSPACE_ID, "apiUrl": emulator.base_url, "registrations": registrations}
        lines = [f"  unifiedto:{name}: {value}" for name, value in settings.items()]
        (directory / "Pulumi.test.yaml").write_text("\n".join(["config:", *lines, ""]), "utf-8")

    def pulumi(self, *arguments: str) -> str:
        """What a command prints; it must succeed."""
        environment = rehearsal_environment(self.environment)
        with attached(choose_plugins("stand-in").stand_ins(environment, self.directory)) as debug:
            answer = subprocess.run(
                [pulumi_cli(), "--non-interactive", *arguments],
                cwd=self.directory,
                env={**environment, "PULUMI_DEBUG_PROVIDERS": debug, "PWD": str(self.directory)},
                capture_output=True,
                text=True,
                check=False,
            )
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout


def assert_lives(project: Project, emulator: EmulatorServer, tmp_path: Path) -> None:
    """The first deployment, one without changes, and a rotation, which proves its secret."""
    project.pulumi("stack", "init", "test")
    project.pulumi("up", "--yes", "--skip-preview")
    project.pulumi("preview", "--expect-no-changes")
    project.pulumi("config", "set", "forceRotation", "leak")
    project.pulumi("up", "--yes")
    project.pulumi("preview", "--expect-no-changes")
    slots = json.loads(project.pulumi("stack", "output", "--json"))["secret_slots"]
    assert sorted(int(slot["generation"]) for slot in slots.values()) == [0, 1]
    visitor = RehearsedStack(emulator, Tools(pulumi_cli(), choose_plugins("stand-in")), tmp_path / "visitor")
    assert visitor.sign_in()["signed_in"]


def test_a_project_with_a_virtual_environment(emulator: EmulatorServer, tmp_path: Path) -> None:
    project = Project(emulator, tmp_path / "project", tmp_path / "pulumi")
    (project.directory / "venv").symlink_to(sys.prefix)
    assert_lives(project, emulator, tmp_path)


@pytest.mark.parametrize("name", ["R&D", "o'brien"])
def test_a_project_in_a_symlinked_directory_whose_name_means_something_to_a_shell(
    emulator: EmulatorServer, tmp_path: Path, name: str
) -> None:
    project = Project(emulator, tmp_path / name, tmp_path / "pulumi")
    (project.directory / "venv").symlink_to(sys.prefix)
    (tmp_path / "link").symlink_to(project.directory)
    project.directory = tmp_path / "link"
    assert_lives(project, emulator, tmp_path)


@pytest.mark.parametrize("name", ["R&D", "o'brien"])
def test_an_interpreter_in_a_directory_whose_name_means_something_to_a_shell(
    emulator: EmulatorServer, tmp_path: Path, name: str
) -> None:
    project = Project(emulator, tmp_path / "project", tmp_path / "pulumi")
    settings = (project.directory / "Pulumi.yaml").read_text("utf-8")
    (project.directory / "Pulumi.yaml").write_text(settings.replace("    virtualenv: venv\n", ""), "utf-8")
    (tmp_path / name).mkdir()
    (tmp_path / name / "venv").symlink_to(sys.prefix)
    project.environment["PULUMI_PYTHON_CMD"] = str(tmp_path / name / "venv" / "bin" / "python")
    assert_lives(project, emulator, tmp_path)


# --- this repository as a template -----------------------------------------------------------------------------------


@pytest.fixture
def of_a_user(tmp_path: Path) -> dict[str, str]:
    """The environment of a user who has the two plugins in their Pulumi home, and a backend of their own."""
    for name in PLUGINS:
        directory = tmp_path / "home" / "plugins" / f"resource-{name}-v{metadata.version(f'pulumi-{name}')}"
        directory.mkdir(parents=True)
        plugin = shutil.which(f"pulumi-resource-{name}")
        if plugin is None:
            pytest.skip(f"not on PATH: pulumi-resource-{name}")
        (directory / f"pulumi-resource-{name}").symlink_to(plugin)
    (tmp_path / "backend").mkdir()
    return {
        **os.environ,
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": (tmp_path / "backend").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "passphrase of the tests",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


def command(*arguments: str, where: Path, environment: dict[str, str]) -> str:
    answer = subprocess.run(
        [pulumi_cli(), *arguments, "--non-interactive"],
        cwd=where,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout + answer.stderr


@pytest.mark.real
def test_pulumi_looks_for_no_plugin_named_after_this_package(of_a_user: dict[str, str], tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    text = (ROOT / "Pulumi.yaml").read_text("utf-8")
    (project / "Pulumi.yaml").write_text(text.replace("virtualenv: venv", f"virtualenv: {sys.prefix}"), "utf-8")
    assert "unifiedto" not in command("install", "--no-dependencies", where=project, environment=of_a_user)


@pytest.mark.real
def test_a_clean_clone_is_a_template_for_pulumi_new(of_a_user: dict[str, str], tmp_path: Path) -> None:
    if not package_index_answers(tmp_path):
        pytest.skip("the package index cannot be reached, and pulumi new installs requirements.txt from it")
    template = clean_clone(tmp_path / "clone")
    project = tmp_path / "microsoft-client"
    project.mkdir()
    given = ("--yes", "--name", "microsoft-client", "--stack", "dev", "-c", "workspaceId=0123456789abcdef01234567")
    said = command("new", str(template), *given, where=project, environment=of_a_user)
    assert "Your new project is ready to go!" in said
    assert "0123456789abcdef01234567" in command("config", where=project, environment=of_a_user)


def clean_clone(directory: Path) -> Path:
    """What git keeps of this checkout, and nothing that was set up in it."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listing.split("\0")):
        if (ROOT / name).is_file():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, directory / name)
    return directory


def package_index_answers(tmp_path: Path) -> bool:
    asked = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(tmp_path), "isodate==0.7.2"]
    return subprocess.run(asked, capture_output=True, check=False, timeout=60).returncode == 0
