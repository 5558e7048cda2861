"""What a user sees of their own program: what it prints, and how it fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.plugins.choice import choose_plugins
from rehearsal.results import OperationFailed, Result
from rehearsal.stack import Stack


def _up(directory: Path, cli: Path, program: str) -> Result:
    (directory / "Pulumi.yaml").write_text("name: shop\nruntime: python\n", "utf-8")
    (directory / "__main__.py").write_text(program, "utf-8")
    return Stack(directory, "dev", directory / "state", cli=cli, plugins=choose_plugins("stand-in")).up()


def test_what_it_prints_is_told_line_by_line_also_from_its_callbacks(
    tmp_path: Path, cli: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = "import pulumi\nprint('first\\nsecond')\npulumi.Output.from_input(1).apply(lambda _: print('later'))\n"
    assert _up(tmp_path, cli, program).diagnostics == ["first", "second", "later"]
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("def f():\n    raise ValueError('odd')\nf()\n", ('__main__.py", line 2, in f', "ValueError: odd")),
        (
            "import pulumi\npulumi.Output.from_input(1).apply(lambda x: x / 0)\n",
            ('__main__.py", line 2, in <lambda>', "ZeroDivisionError: division by zero"),
        ),
        ("x = = 1\n", ('__main__.py", line 1', "SyntaxError: invalid syntax")),
    ],
)
def test_an_exception_is_told_with_the_programs_own_line_and_nothing_else(
    tmp_path: Path, cli: Path, program: str, told: tuple[str, ...]
) -> None:
    with pytest.raises(OperationFailed) as failed:
        _up(tmp_path, cli, program)
    said = str(failed.value)
    assert said.startswith("The program failed with an exception:\n")
    assert all(words in said for words in told)
    assert said.count("File ") == 1
    assert "Traceback" not in said + failed.value.stderr.partition("error:")[0]


def test_a_run_error_is_told_in_its_own_words_once(tmp_path: Path, cli: Path) -> None:
    with pytest.raises(OperationFailed) as failed:
        _up(tmp_path, cli, "import pulumi\nraise pulumi.RunError('plain words')\n")
    assert str(failed.value) == "plain words"
    assert failed.value.diagnostics == ["error: plain words"]


def test_an_exit_code_is_told_and_none_is_no_failure(tmp_path: Path, cli: Path) -> None:
    assert _up(tmp_path, cli, "import sys\nsys.exit(0)\n").changes == {"create": 1}
    with pytest.raises(OperationFailed, match="The program ended itself with the exit code 3"):
        _up(tmp_path, cli, "import sys\nsys.exit(3)\n")


def test_a_second_configuration_of_a_provider_is_refused_with_what_to_do(tmp_path: Path, cli: Path) -> None:
    program = (
        "import pulumi, pulumi_command as command\n"
        "other = command.Provider('mine')\n"
        "command.local.Command('one', create='true', logging='none')\n"
        "command.local.Command('two', create='true', logging='none', opts=pulumi.ResourceOptions(provider=other))\n"
    )
    with pytest.raises(OperationFailed, match="two configurations of the command provider") as failed:
        _up(tmp_path, cli, program)
    assert "run with PLUGINS=real" in str(failed.value)
