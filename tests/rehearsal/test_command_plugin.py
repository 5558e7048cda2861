"""``command:local:Command``, stand-in and real plugin side by side."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.plugins.command import CommandProvider
from rehearsal.plugins.values import UNKNOWN, Secret
from tests.rehearsal.plugin_client import PluginClient, real_plugin, stand_in, urn_of

_URN = urn_of("command:local:Command", "told")
_REAL = shutil.which("pulumi-resource-command")

_ON_BOTH = [
    "stand-in",
    pytest.param("real", marks=pytest.mark.skipif(_REAL is None, reason="not on PATH: pulumi-resource-command")),
]


@pytest.fixture(params=_ON_BOTH)
def plugin(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PluginClient]:
    environment = {"PATH": os.environ["PATH"], "OF_THE_RUN": "seen"}
    directory = tmp_path / "project"
    directory.mkdir()
    if request.param == "real":
        assert _REAL is not None
        with real_plugin(Path(_REAL), environment, directory) as client:
            yield client
    else:
        with stand_in(CommandProvider(environment, directory)) as client:
            yield client


@pytest.fixture
def only_stand_in(tmp_path: Path) -> Iterator[PluginClient]:
    with stand_in(CommandProvider({}, tmp_path)) as client:
        yield client


def _made(plugin: PluginClient, **inputs: Any) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """A command that ran: id, checked inputs, outputs."""
    completed = plugin.checked(_URN, {"logging": "none", **inputs})
    resource_id, outputs = plugin.create(_URN, completed)
    return resource_id, completed, outputs


def test_a_command_runs_in_the_projects_directory_with_its_environment(plugin: PluginClient, tmp_path: Path) -> None:
    resource_id, _, outputs = _made(plugin, create="pwd; echo $OF_THE_RUN")
    assert outputs["stdout"] == f"{os.path.realpath(tmp_path / 'project')}\nseen"
    assert outputs["stderr"] == ""
    assert resource_id.startswith("told")
    assert len(resource_id) == len("told") + 8


def test_a_command_has_an_interpreter_and_an_environment_of_its_own(plugin: PluginClient) -> None:
    _, _, outputs = _made(
        plugin,
        create="import os; print(os.environ['PLACE'])",
        interpreter=["python3", "-I", "-c"],
        environment={"PLACE": "here"},
    )
    assert outputs["stdout"] == "here"
    assert outputs["interpreter"] == ["python3", "-I", "-c"]


def test_a_preview_runs_nothing_and_knows_no_output(plugin: PluginClient, tmp_path: Path) -> None:
    inputs = plugin.checked(_URN, {"create": f"touch {tmp_path}/ran", "logging": "none"})
    _, outputs = plugin.create(_URN, inputs, preview=True)
    assert outputs["stdout"] is UNKNOWN
    assert outputs["stderr"] is UNKNOWN
    assert outputs["create"] == inputs["create"]
    assert not (tmp_path / "ran").exists()


def test_an_unchanged_command_has_no_difference(plugin: PluginClient) -> None:
    resource_id, inputs, outputs = _made(plugin, create="true", environment={"A": "b"})
    assert not plugin.diff(_URN, resource_id, inputs, outputs, inputs).has_changes


def test_a_changed_variable_is_an_update_of_just_that(plugin: PluginClient) -> None:
    resource_id, inputs, outputs = _made(plugin, create="true", environment={"KEPT": "b", "OLD": "c", "WORD": "one"})
    now = plugin.checked(_URN, {**inputs, "environment": {"KEPT": "b", "NEW": "c", "WORD": "two"}})
    diff = plugin.diff(_URN, resource_id, inputs, outputs, now)
    assert diff.has_changes
    assert diff.replaces == []
    assert diff.changes == {"environment.OLD": "DELETE", "environment.NEW": "ADD", "environment.WORD": "UPDATE"}
    assert diff.diffs == ["environment"]


def test_a_value_that_is_not_known_yet_is_a_change(plugin: PluginClient) -> None:
    resource_id, inputs, outputs = _made(plugin, create="true", environment={"WORD": "one"})
    diff = plugin.diff(_URN, resource_id, inputs, outputs, {**inputs, "environment": {"WORD": UNKNOWN}})
    assert diff.changes == {"environment.WORD": "UPDATE"}


def test_an_update_runs_the_command_again(plugin: PluginClient) -> None:
    resource_id, inputs, outputs = _made(plugin, create='echo "$WORD"', environment={"WORD": "one"})
    now = plugin.checked(_URN, {**inputs, "environment": {"WORD": "two"}})
    assert plugin.update(_URN, resource_id, inputs, outputs, now)["stdout"] == "two"


@pytest.mark.parametrize("word", ["two", UNKNOWN], ids=["changed", "unknown"])
def test_the_preview_of_an_update_does_not_know_what_the_command_will_say(plugin: PluginClient, word: Any) -> None:
    resource_id, inputs, outputs = _made(plugin, create="echo said", environment={"WORD": "one"})
    now = {**inputs, "environment": {"WORD": word}}
    assert plugin.update(_URN, resource_id, inputs, outputs, now, preview=True)["stdout"] is UNKNOWN


def test_reading_and_deleting_change_nothing(plugin: PluginClient) -> None:
    resource_id, inputs, outputs = _made(plugin, create="echo made")
    read_id, read_outputs, read_inputs = plugin.read(_URN, resource_id, inputs, outputs)
    assert (read_id, read_outputs, read_inputs) == (resource_id, outputs, inputs)
    plugin.delete(_URN, resource_id, inputs, outputs)


def test_a_failed_command_tells_its_status_its_text_and_what_it_said(plugin: PluginClient) -> None:
    failure = plugin.fails(lambda: plugin.create(_URN, {"create": "echo before; echo badly >&2; exit 3"}))
    headline, *said = str(failure).splitlines()
    assert headline == 'exit status 3: running "echo before; echo badly >&2; exit 3":'
    assert sorted(said) == ["badly", "before"]  # two streams: in any order
    assert failure.left is None


@pytest.mark.parametrize(
    ("interpreter", "words"),
    [
        ("nowhere/to-be-found", "fork/exec nowhere/to-be-found: no such file or directory"),
        ("to-be-found-nowhere", 'exec: "to-be-found-nowhere": executable file not found in $PATH'),
    ],
)
def test_an_interpreter_that_is_missing_is_told_in_the_plugins_words(
    plugin: PluginClient, interpreter: str, words: str
) -> None:
    failure = plugin.fails(lambda: plugin.create(_URN, {"create": "true", "interpreter": [interpreter]}))
    assert str(failure) == f'{words}: running "true":\n'


def test_a_command_that_was_killed_tells_the_signal(plugin: PluginClient) -> None:
    failure = plugin.fails(lambda: plugin.create(_URN, {"create": "kill -9 $$"}))
    assert str(failure).startswith('signal: killed: running "kill -9 $$":')


def test_what_a_command_says_is_not_shown_beside_it(plugin: PluginClient) -> None:
    _made(plugin, create="echo out; echo err >&2")
    assert plugin.engine.said == []


def test_a_secret_stays_secret_and_reaches_the_command(plugin: PluginClient) -> None:
    environment = Secret({"TOKEN": "canary-secret"})
    resource_id, inputs, outputs = _made(plugin, create="printf %s $TOKEN | wc -c | tr -d ' '", environment=environment)
    assert outputs["stdout"] == "13"
    assert isinstance(outputs["environment"], Secret)
    assert isinstance(inputs["environment"], Secret)
    assert not plugin.diff(_URN, resource_id, inputs, outputs, inputs).has_changes


@pytest.mark.parametrize("name", ["update", "triggers", "stdin", "dir", "unheard-of"])
def test_the_stand_in_refuses_what_no_component_declares(only_stand_in: PluginClient, name: str) -> None:
    _, failures = only_stand_in.check(_URN, {"create": "true", "logging": "none", name: "x"})
    assert failures == [
        (
            name,
            f"the stand-in for the command plugin does not have {name}. Next: install the real plugins and run with "
            "PLUGINS=real.",
        )
    ]


def test_the_stand_in_refuses_to_log(only_stand_in: PluginClient) -> None:
    (failure,) = only_stand_in.check(_URN, {"create": "true", "logging": "stdout"})[1]
    assert failure[0] == "logging"
    assert 'has the value "none" only. Next: install the real plugins' in failure[1]


def test_the_stand_in_refuses_other_resources_and_functions_by_name(only_stand_in: PluginClient) -> None:
    remote = urn_of("command:remote:Command", "far")
    assert "not command:remote:Command" in str(only_stand_in.fails(lambda: only_stand_in.check(remote, {})))
    run = only_stand_in.fails(lambda: only_stand_in.invoke("command:local:run", {"command": "true"}))
    assert "does not have the function command:local:run" in str(run)
