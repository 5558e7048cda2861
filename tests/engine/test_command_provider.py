"""``command:local:Command`` as the plugin runs it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.engine.fake_cloud import PROGRAMS, Stack, secret


def _command(create: str | None, /, **props: Any) -> dict[str, Any]:
    given = {key.rstrip("_"): value for key, value in props.items()}
    if create is not None:
        given["create"] = create
    return {"name": "told", "type": "command:local:Command", "props": given, "made": ["stdout", "stderr"]}


_EXPORTS = {"stdout": {"from": "told.stdout"}, "stderr": {"from": "told.stderr"}}


def _said(stack: Stack, command: dict[str, Any]) -> str:
    return str(stack.up(command, exports=_EXPORTS).outputs["stdout"].value)


def test_a_command_runs_in_the_projects_directory_without_its_last_line_break(stack: Stack) -> None:
    assert _said(stack, _command("pwd")) == str(PROGRAMS / "declared")
    assert stack.recorded("told")["id"].startswith("told")


def test_a_command_has_its_directory_interpreter_input_and_environment(stack: Stack, tmp_path: Path) -> None:
    command = _command(
        "import os, sys; print(os.getcwd(), sys.stdin.read(), os.environ['PLACE'])",
        interpreter=["python3", "-c"],
        dir=str(tmp_path),
        stdin="given",
        environment={"PLACE": "here"},
    )
    assert _said(stack, command) == f"{os.path.realpath(tmp_path)} given here"


def test_an_unchanged_command_does_not_run_again(stack: Stack, tmp_path: Path) -> None:
    command = _command(f"echo run >> {tmp_path}/runs")
    stack.up(command)
    assert stack.up(command).is_unchanged
    assert (tmp_path / "runs").read_text("utf-8") == "run\n"


def test_any_change_runs_update_or_create_where_there_is_none(stack: Stack) -> None:
    assert _said(stack, _command("echo $WORD", environment={"WORD": "one"})) == "one"
    assert _said(stack, _command("echo $WORD", environment={"WORD": "two"})) == "two"
    update = 'echo "update after $PULUMI_COMMAND_STDOUT"'
    assert _said(stack, _command("echo $WORD", update=update)) == "update after two"


def test_a_changed_trigger_replaces_the_command(stack: Stack, tmp_path: Path) -> None:
    delete = f"echo deleted $PULUMI_COMMAND_STDOUT >> {tmp_path}/runs"
    stack.up(_command("echo made", delete=delete, triggers=["one"]))
    assert stack.up(_command("echo made", delete=delete, triggers=["two"])).changes == {"same": 1, "replace": 1}
    assert (tmp_path / "runs").read_text("utf-8") == "deleted made\n"


def test_a_removed_command_runs_delete(stack: Stack, tmp_path: Path) -> None:
    stack.up(_command("true", delete=f"echo gone > {tmp_path}/gone", environment={"A": "b"}))
    stack.up()
    assert (tmp_path / "gone").exists()


def test_a_failed_command_tells_its_status_its_text_and_what_it_said(stack: Stack) -> None:
    error = str(stack.fails(_command("echo before; echo badly >&2; exit 3")))
    headline, *said = error.splitlines()
    assert headline == 'exit status 3: running "echo before; echo badly >&2; exit 3":'
    # Two streams: as with the plugin itself, their lines come in any order.
    assert sorted(said) == ["badly", "before"]
    assert stack.names() == []


@pytest.mark.parametrize(
    ("logging", "shown"),
    [
        (None, {"out", "err"}),
        ("stdoutAndStderr", {"out", "err"}),
        ("stdout", {"out"}),
        ("stderr", {"err"}),
        ("none", set()),
    ],
)
def test_what_a_command_says_is_shown_as_asked(stack: Stack, logging: str | None, shown: set[str]) -> None:
    given = {} if logging is None else {"logging": logging}
    result = stack.up(_command("echo out; echo err >&2", **given))
    assert {line.strip() for line in result.diagnostics} == shown


def test_a_secret_in_the_environment_is_not_written_in_clear(stack: Stack) -> None:
    assert _said(stack, _command("echo $TOKEN | wc -c", environment=secret({"TOKEN": "canary-secret"}))).strip() == "14"
    assert "canary-secret" not in (stack.directory / "dev.json").read_text("utf-8")


def test_a_command_does_not_run_in_a_preview(stack: Stack, tmp_path: Path) -> None:
    assert stack.preview(_command(f"touch {tmp_path}/ran")).changes == {"create": 2}
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("props", "words"),
    [
        ({"assetPaths": ["*"]}, "not modelled by the embedded engine"),
        ({"logging": "loud"}, "expected one of stdout, stderr, stdoutAndStderr, none"),
        ({"creates": "true"}, 'Unrecognized field "creates"'),
    ],
)
def test_a_property_that_is_unknown_or_not_modelled_is_refused(stack: Stack, props: dict[str, Any], words: str) -> None:
    error = stack.fails(_command("true", **props))
    assert words in "\n".join([str(error), *error.diagnostics])


def test_another_resource_of_the_package_is_refused_by_name(stack: Stack) -> None:
    remote = {"name": "far", "type": "command:remote:Command", "props": {"create": "true"}, "made": []}
    assert "command:remote:Command is not modelled" in str(stack.fails(remote))
