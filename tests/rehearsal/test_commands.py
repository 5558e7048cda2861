"""The commands behind `make up` and its siblings, run as a user runs them."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from typing import Final

import pytest

from emulator.core.daemon import find
from tests.rehearsal.user import ROOT, User

_PYTHON: Final = shlex.quote(sys.executable)


def test_a_newcomer_goes_through_all_of_it(user: User) -> None:
    first = user.run("up")
    assert "The emulator of Entra, Microsoft Graph and Unified.to is up at https://localhost:" in first
    assert re.search(r"^Pulumi 3\.\d+\.\d+ (on PATH|from the cache) is used \(.*pulumi\)\.$", first, re.MULTILINE)
    assert "Stand-ins for the azuread and command plugins are used, as asked." in first
    assert "+ 11 created" in first
    assert "client_secret        : [secret]" in first

    assert "Nothing changed" in user.run("up")
    assert "microsoft-secret-green create" in user.run("preview", "--later", "P91D")
    assert "Nothing changed" in user.run("up"), "a preview leaves the clock as it is"
    assert "microsoft-secret-green created" in user.run("up", "--later", "P91D")

    user.run("drift")
    assert "microsoft-Production-microsoft_ad" in user.run("refresh")
    assert "microsoft-Production-microsoft_ad updated" in user.run("up")
    assert "client_id" in user.run("outputs")
    _uses_pulumi_itself(user)

    assert "LATER cannot be" in user.run("preview", "--later", "ninety days", code=1)
    assert "- 12 deleted" in user.run("destroy")
    assert "Nothing is deployed" in user.run("destroy")


def _uses_pulumi_itself(user: User) -> None:
    """In a shell with nothing but what `env` prints."""

    def shell(command: str) -> str:
        script = f'eval "$({_PYTHON} -m rehearsal env --plugins stand-in)" && {command}'
        answer = subprocess.run(
            ["sh", "-c", script], cwd=ROOT, env=user.environment, capture_output=True, text=True, check=False
        )
        assert answer.returncode == 0, answer.stderr
        assert "This is a rehearsal" in answer.stderr
        return answer.stdout

    assert "Current stack is rehearsal" in shell("pulumi stack")
    assert "microsoft-entra-application" in shell("pulumi stack graph /dev/stdout")
    state = json.loads(shell("pulumi stack export"))
    assert len(state["deployment"]["resources"]) > 11
    secret = shell("pulumi stack output client_secret --show-secrets").strip()
    assert secret not in ("", "[secret]")
    assert secret not in shell("env")


@pytest.mark.parametrize("command", ["outputs", "destroy", "env"])
def test_where_nothing_is_deployed_it_is_said(user: User, command: str) -> None:
    assert "Nothing is deployed" in user.run(command, code=int(command == "env"))


def test_a_reader_that_goes_away_is_no_error_and_the_run_is_finished(user: User) -> None:
    process = user.start("up")
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()  # standard error is the same pipe
    assert process.wait() == 0
    assert "client_id" in user.run("outputs")


def test_errors_go_nowhere_where_nobody_reads_them(user: User) -> None:
    answer = subprocess.run(
        ["sh", "-c", f"{_PYTHON} -m rehearsal up --plugins stand-in 2>&1 | head -1; echo end"],
        cwd=ROOT,
        env={**user.environment, "UNIFIEDTO_REHEARSAL_SETTINGS": "/nowhere"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stderr == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("displayName: [", "is not YAML"),
        ("- displayName", "has to be a mapping"),
        ("rotatEvery: P30D", 'sets "rotatEvery", which nothing reads.\nNext: write "rotateEvery"'),
        ("zzz: 1", "take it out. The keys are displayName"),
        ("apiUrl: https://api.unified.to", "sets apiUrl, which is the emulator's"),
    ],
)
def test_a_mistake_in_rehearsal_yaml_is_named_before_anything_is_done(user: User, text: str, words: str) -> None:
    user.settings.write_text(text, "utf-8")
    assert words in user.run("up", code=1)
    assert find(user.state_dir / "emulator") is None


def test_an_address_elsewhere_is_refused_before_anything_is_done(user: User) -> None:
    user.settings.write_text("azuread:metadataHost: management.azure.com", "utf-8")
    said = user.run("up", code=1)
    assert "azuread:metadataHost names management.azure.com, which is not on this computer" in said
    assert "Nothing is deployed" in user.run("outputs")


@pytest.mark.parametrize("name", ["embedded/rehearsal.json", "pulumi/pulumi/backend/meta.yaml"])
def test_a_state_of_the_old_engine_is_named_with_what_to_do(user: User, name: str) -> None:
    (user.state_dir / name).parent.mkdir(parents=True)
    (user.state_dir / name).write_text("{}", "utf-8")
    said = user.run("up", code=1)
    assert "was deployed by an earlier version of this project" in said
    assert "`make clean` removes the rehearsal" in said


@pytest.mark.parametrize(
    ("given", "command"),
    [
        ((), '--plugins="auto" --later=""'),
        (("PLUGINS=",), '--plugins="auto" --later=""'),
        (("PLUGINS=real", "LATER=-P1D"), '--plugins="real" --later="-P1D"'),
        (("LATER=P1D P2D",), '--plugins="auto" --later="P1D P2D"'),
    ],
)
def test_make_passes_on_what_it_was_given_and_nothing_else(given: tuple[str, ...], command: str) -> None:
    said = subprocess.run(["make", "-n", "up", *given], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert f"-m rehearsal up {command}\n" in said
