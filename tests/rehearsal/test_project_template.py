"""This repository as a template of Pulumi's: `pulumi new <its address>` and `pulumi install`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
_NEEDED: Final = ("pulumi", "pulumi-language-python", "pulumi-resource-azuread", "pulumi-resource-command")
_MISSING: Final = [name for name in _NEEDED if shutil.which(name) is None]

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(bool(_MISSING), reason=f"not on PATH: {', '.join(_MISSING)}"),
]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Of a user who has the two plugins in their Pulumi home, and a backend of their own."""
    plugins = tmp_path / "home" / "plugins"
    for name in ("azuread", "command"):
        directory = plugins / f"resource-{name}-v{metadata.version(f'pulumi-{name}')}"
        directory.mkdir(parents=True)
        (directory / f"pulumi-resource-{name}").symlink_to(str(shutil.which(f"pulumi-resource-{name}")))
    (tmp_path / "backend").mkdir()
    return {
        **os.environ,
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": (tmp_path / "backend").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "passphrase of the tests",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


def _pulumi(*arguments: str, where: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["pulumi", *arguments, "--non-interactive"],
        cwd=where,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def _clean_clone(directory: Path) -> Path:
    """What git keeps of this checkout, and nothing that was set up in it."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listing.split("\0")):
        if (ROOT / name).is_file():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, directory / name)
    return directory


def test_pulumi_looks_for_no_plugin_named_after_this_package(environment: dict[str, str], tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    text = (ROOT / "Pulumi.yaml").read_text("utf-8")
    (project / "Pulumi.yaml").write_text(text.replace("virtualenv: venv", f"virtualenv: {sys.prefix}"), "utf-8")
    answer = _pulumi("install", "--no-dependencies", where=project, environment=environment)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "unifiedto" not in answer.stdout + answer.stderr


def test_a_clean_clone_is_a_template_for_pulumi_new(environment: dict[str, str], tmp_path: Path) -> None:
    if not _package_index_answers(tmp_path):
        pytest.skip("the package index cannot be reached, and pulumi new installs requirements.txt from it")
    template = _clean_clone(tmp_path / "clone")
    project = tmp_path / "microsoft-client"
    project.mkdir()
    given = ("--yes", "--name", "microsoft-client", "--stack", "dev", "-c", "workspaceId=0123456789abcdef01234567")
    answer = _pulumi("new", str(template), *given, where=project, environment=environment)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "Your new project is ready to go!" in answer.stdout
    kept = _pulumi("config", where=project, environment=environment).stdout
    assert "0123456789abcdef01234567" in kept


def _package_index_answers(tmp_path: Path) -> bool:
    asked = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(tmp_path), "isodate==0.7.2"]
    return subprocess.run(asked, capture_output=True, check=False, timeout=60).returncode == 0
