"""The examples are whole stacks: they install the package as any other stack does, and live through the same checks."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.stack import ROOT, RehearsedStack

TWO_APPS = ROOT / "examples" / "two-apps"


def test_one_program_declares_the_component_twice(new_stack: Callable[..., RehearsedStack]) -> None:
    stack = new_stack("two-apps", project_dir=TWO_APPS, base={})
    stack.up()
    outputs = stack.outputs()
    assert outputs["sign_in_client_id"] != outputs["mail_client_id"]
    assert outputs["sign_in_client_secret"] != outputs["mail_client_secret"]
    assert [registration["status"] for registration in outputs["mail_registrations"]] == ["verified", "verified"]
    for integration_type, environment in (
        ("microsoft", "Production"),
        ("microsoftoutlook", "Production"),
        ("microsoftoutlook", "Staging"),
    ):
        assert stack.sign_in(integration_type, environment)["signed_in"]
    stack.assert_settled()

    stack.later(days=31)
    rotated = stack.preview()
    touched = {step.name for step in rotated.steps if "ApplicationPassword" in step.type and step.op != "same"}
    assert touched == {"mail-secret-green"}
    stack.up()
    assert stack.sign_in("microsoftoutlook")["signed_in"]
    stack.assert_settled()
    stack.destroy()
    stack.assert_no_secret_leaked()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as pip installs it from this repository, apart from this checkout."""
    directory = tmp_path_factory.mktemp("installed")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"),
            *("--no-build-isolation", "--wheel-dir", str(directory), str(ROOT)),
        ],
        check=True,
    )
    [wheel] = directory.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(directory)
    return directory


def test_the_installed_package_holds_the_component_and_nothing_of_the_emulator(installed: Path) -> None:
    assert (installed / "pulumi_unifiedto" / "py.typed").is_file()
    assert not (installed / "emulator").exists()
    assert not (installed / "tests").exists()
    code = "import pulumi_unifiedto as p; print(p.MicrosoftIntegration.__module__, p.__file__)"
    answer = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        cwd=installed,
        env={"PYTHONPATH": str(installed), "PATH": ""},
    )
    assert answer.stdout.split()[0] == "pulumi_unifiedto.microsoft_integration"
    assert str(installed) in answer.stdout


def test_the_installed_package_tells_pulumi_that_it_has_no_plugin(installed: Path) -> None:
    told = json.loads((installed / "pulumi_unifiedto" / "pulumi-plugin.json").read_text("utf-8"))
    assert told == {"resource": False}


def test_the_source_distribution_tells_it_too(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    [archive] = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as content:
        assert any(name.endswith("/pulumi_unifiedto/pulumi-plugin.json") for name in content.getnames())


def test_the_requirements_of_an_example_name_this_repository(installed: Path) -> None:
    lines = (TWO_APPS / "requirements.txt").read_text("utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["../.."]
    assert (TWO_APPS / "../.." / "pyproject.toml").resolve() == ROOT / "pyproject.toml"
