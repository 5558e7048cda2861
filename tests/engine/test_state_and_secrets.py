"""The checkpoint: Pulumi's format, Pulumi's encryption, whole at every moment."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from emulator.engine import secrets
from emulator.engine.interface import EngineError
from emulator.engine.passphrase import rehearsal_passphrase
from emulator.engine.secrets import PassphraseSecrets, WrongPassphraseError
from tests.engine.fake_cloud import PROGRAMS, Stack, item, output_of, secret
from tests.support import real_pulumi

_PULUMIS_STATE = "v1:XgH6+A8T7RA=:v1:1yUrHeuqLmH/Ieoe:aqV0zItwgq6dmlPZke1k+YqSqzfnqA=="
"""Made by `pulumi stack init` of Pulumi 3.260 with the passphrase `x`."""
_PULUMIS_SECRET = "v1:nKSiRE1p5BjcFad2:99u2QUdwyLh0kFszrRaP+YTP96H2"
"""The configuration value `kkk` in a checkpoint of that stack."""


def test_first_runs_at_the_same_time_take_one_passphrase(tmp_path: Path) -> None:
    together = threading.Barrier(8)

    def first_run(_number: int) -> str:
        together.wait()
        return rehearsal_passphrase(tmp_path / "state")

    with ThreadPoolExecutor(8) as executor:
        assert len(set(executor.map(first_run, range(8)))) == 1
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["passphrase"]
    assert (tmp_path / "state" / "passphrase").stat().st_mode & 0o777 == 0o600


def test_what_pulumi_encrypted_is_read_with_the_same_passphrase() -> None:
    assert PassphraseSecrets("x", _PULUMIS_STATE).decrypt(_PULUMIS_SECRET) == '"kkk"'


def test_a_wrong_passphrase_opens_nothing() -> None:
    with pytest.raises(WrongPassphraseError):
        PassphraseSecrets("y", _PULUMIS_STATE).decrypt(_PULUMIS_SECRET)


def test_a_secret_reads_back_and_no_two_ciphertexts_are_alike() -> None:
    one = PassphraseSecrets("passphrase")
    first, second = one.encrypt("äöü"), one.encrypt("äöü")
    assert first != second
    assert PassphraseSecrets("passphrase", one.state).decrypt(first) == "äöü"


def test_secrets_do_not_show_in_a_repr() -> None:
    assert "passphrase" not in repr(PassphraseSecrets("passphrase"))


def test_an_unchanged_secret_keeps_its_ciphertext(stack: Stack) -> None:
    stack.up(item("a", key=secret("canary"), size=1), item("b"))
    before = stack.recorded("a")["inputs"]["key"]
    stack.up(item("a", key=secret("canary"), size=1), item("b", size=2))
    assert stack.recorded("a")["outputs"]["key"]["ciphertext"].startswith("v1:")
    stack.up(item("a", key=secret("canary"), size=1))
    assert json.dumps(before).startswith('{"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"')


def test_the_export_is_a_deployment_of_version_three_with_encrypted_secrets(stack: Stack) -> None:
    stack.up(item("a", key=secret("canary")), exports={"key": output_of("a", "key")})
    exported = stack.engine().export()
    assert exported["version"] == 3
    deployment = exported["deployment"]
    assert deployment["secrets_providers"]["type"] == "passphrase"
    assert [resource["type"] for resource in deployment["resources"]] == [
        "pulumi:pulumi:Stack",
        "pulumi:providers:fake",
        "fake:index:Item",
    ]
    assert "canary" not in json.dumps(exported)
    assert deployment["resources"][2]["provider"].startswith(
        "urn:pulumi:dev::declared::pulumi:providers:fake::default::"
    )


def test_an_export_of_a_new_stack_is_empty_but_valid(stack: Stack) -> None:
    exported = stack.engine().export()
    assert exported["version"] == 3
    assert exported["deployment"]["resources"] == []


def test_a_wrong_passphrase_is_told_before_anything_is_done(stack: Stack) -> None:
    stack.up(item("a", key=secret("canary")))
    stack.cloud.forget()
    engine = stack.engine(resources=[item("a", key=secret("other"))])
    engine._secrets = PassphraseSecrets("another", engine._secrets.state)
    with pytest.raises(EngineError, match="The passphrase does not open the state"):
        engine.up()
    assert stack.cloud.writes() == []


def test_a_second_operation_on_a_stack_is_refused_while_one_runs(stack: Stack) -> None:
    stack.up(item("a"))
    with FileLock(stack.directory / "dev.lock"):
        assert "currently locked" in str(stack.fails(item("a", size=2)))
        assert stack.preview(item("a")).is_unchanged, "a preview takes no lock"
    assert stack.up(item("a", size=2)).changes == {"same": 1, "update": 1}


def test_a_run_without_changes_does_not_write_the_checkpoint(tmp_path: Path) -> None:
    boundaries: list[str] = []
    stack = Stack(tmp_path, on_boundary=boundaries.append)
    stack.up(item("a", key=secret("canary")))
    boundaries.clear()
    stack.up(item("a", key=secret("canary")))
    assert boundaries == [
        "before:check fake:index:Item a",
        "after:check fake:index:Item a",
        "before:diff fake:index:Item a",
        "after:diff fake:index:Item a",
    ]


def test_a_call_is_on_record_as_pending_while_it_runs(stack: Stack) -> None:
    pending: list[Any] = []

    def look(call: str, _name: str) -> None:
        path = stack.directory / "dev.json"
        if call in ("create", "update", "delete"):
            latest = json.loads(path.read_text("utf-8"))["checkpoint"]["latest"]
            pending.append([(entry["type"], entry["resource"]["urn"][-1]) for entry in latest["pending_operations"]])

    stack.cloud.before = look
    stack.up(item("a", size=1))
    stack.up(item("a", size=2))
    stack.up()
    assert pending == [[("creating", "a")], [("updating", "a")], [("deleting", "a")]]


def _deploy(directory: Path, killed_at: int, known_keys: dict[tuple[str, bytes], bytes]) -> None:
    """In a process of its own: deploys two resources, and dies at a boundary."""
    secrets._keys.update(known_keys)  # deriving one takes most of the time
    boundary = 0

    def at_boundary(_name: str) -> None:
        nonlocal boundary
        boundary += 1
        if boundary == killed_at:
            os.kill(os.getpid(), signal.SIGKILL)

    stack = Stack(directory, on_boundary=at_boundary, parallel=1)
    stack.up(item("a", size=2), item("b", uses=output_of("a")))


def _is_killed(directory: Path, boundary: int) -> bool:
    """True if the deployment in another process came as far as this boundary."""
    # a fork server: its processes are quick to start and, unlike this one, have never had threads
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=_deploy, args=(directory, boundary, secrets._keys))
    process.start()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def test_a_killed_engine_leaves_a_whole_checkpoint_at_every_boundary(tmp_path: Path) -> None:
    """Killed at the n-th boundary, for every n until it gets through; each time the next up ends well."""
    boundary = 0
    is_through = False
    while not is_through:
        boundary += 1
        stack = Stack(tmp_path / str(boundary), parallel=1)
        stack.up(item("a", size=1))
        is_through = not _is_killed(stack.directory, boundary)
        stack.engine().export()
        stack.up(item("a", size=2), item("b", uses=output_of("a")))
        assert stack.names() == ["a", "b"]
    assert boundary > 10


def test_interrupted_creations_stay_listed_until_a_refresh_clears_them(tmp_path: Path) -> None:
    stack = Stack(tmp_path)
    for boundary in range(1, 40):
        _is_killed(stack.directory, boundary)
        if stack.engine().export()["deployment"].get("pending_operations"):
            break
    warned = stack.up(item("a", size=2), item("b", uses=output_of("a")))
    assert any("1 pending operations from previous deployment" in line for line in warned.diagnostics)
    assert len(stack.engine().export()["deployment"]["pending_operations"]) == 1
    stack.engine().refresh(clear_pending_creates=True)
    assert stack.engine().export()["deployment"]["pending_operations"] == []


def test_the_state_directory_is_readable_by_its_owner_only(stack: Stack) -> None:
    stack.up(item("a", key=secret("canary")))
    assert (stack.directory / "dev.json").stat().st_mode & 0o077 == 0


@real_pulumi.needed
def test_the_real_cli_imports_an_export_and_reads_its_secrets(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "state")
    stack.up(item("a", key=secret("canary")), exports={"key": output_of("a", "key")})
    exported = tmp_path / "export.json"
    exported.write_text(json.dumps(stack.engine().export()), "utf-8")
    (tmp_path / "backend").mkdir()
    project = tmp_path / "project"
    project.mkdir()
    (project / "Pulumi.yaml").write_text((PROGRAMS / "declared" / "Pulumi.yaml").read_text("utf-8"), "utf-8")
    environment = {
        **os.environ,
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'backend'}",
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_CONFIG_PASSPHRASE": "passphrase of the tests",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }

    def pulumi(*arguments: str) -> str:
        command = ["pulumi", *arguments, "--non-interactive"]
        answer = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    pulumi("stack", "init", "dev")
    pulumi("stack", "import", "--file", str(exported))
    assert json.loads(pulumi("stack", "output", "--json", "--show-secrets")) == {"key": "canary"}
    assert json.loads(pulumi("stack", "output", "--json")) == {"key": "[secret]"}
