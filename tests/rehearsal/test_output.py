"""What a person sees of an operation."""

from __future__ import annotations

import io

import pytest

from rehearsal.output import Printer, short_type, shown
from rehearsal.results import Diagnostic, OperationFailed, OutputValue, Result, StepEvent


def _step(name: str, op: str, status: str = "done", *diff_keys: str) -> StepEvent:
    return StepEvent(
        op, f"urn:pulumi:dev::shop::fake:index/item:Item::{name}", "fake:index/item:Item", name, status, diff_keys
    )


def _printed(operation: str, *steps: StepEvent) -> tuple[Printer, io.StringIO]:
    stream = io.StringIO()
    printer = Printer(operation, "dev", stream)
    printer.begin()
    for step in steps:
        printer.on_step(step)
    return printer, stream


def test_an_update_is_told_step_by_step_and_then_as_a_whole() -> None:
    steps = (
        _step("kept", "same"),
        _step("changed", "update", "started", "size"),
        _step("changed", "update", "done", "size"),
        _step("new", "create", "started"),
        _step("new", "create"),
    )
    printer, stream = _printed("up", *steps)
    printer.on_message(Diagnostic("info", "printed by the program"))
    printer.on_message(Diagnostic("warning", "few days left"))
    outputs = {
        "plain": OutputValue("made-1"),
        "hidden": OutputValue("canary", secret=True),
        "deep": OutputValue({"list": [1, {"a": None}]}),
    }
    printer.end(Result(changes={"create": 1, "update": 1, "same": 2}, outputs=outputs, duration_s=75.0))
    text = stream.getvalue()
    assert text.startswith("Updating (dev):\n")
    for line in (
        " ~  fake:index:Item changed updated (",
        " +  fake:index:Item new created (",
        "[diff: ~size]",
        "    printed by the program\n    warning: few days left\n",
        "    hidden: [secret]\n",
        '    plain : "made-1"\n',
        "    + 1 created\n",
        "    ~ 1 updated\n",
        "    2 changes. 2 unchanged\n",
        "\nDuration: 1m15s\n",
    ):
        assert line in text
    assert "kept" not in text
    assert "canary" not in text


def test_a_preview_speaks_of_what_would_be_done() -> None:
    printer, stream = _printed("preview", _step("new", "create", "started"), _step("new", "create"))
    printer.end(Result(changes={"create": 2}))
    assert " +  fake:index:Item new create\n" in stream.getvalue()
    assert "    + 2 to create\n" in stream.getvalue()


@pytest.mark.parametrize("told", [True, False])
def test_a_failure_is_told_once_with_what_was_done_before(told: bool) -> None:
    printer, stream = _printed("up", _step("a", "create"), _step("b", "create", "failed"))
    if told:
        printer.on_message(Diagnostic("error", "the cloud is full"))
    printer.fail(OperationFailed("the cloud is full", Result(changes={"create": 2})))
    text = stream.getvalue()
    assert text.count("error: the cloud is full") == 1
    assert " +  fake:index:Item b creating failed\n" in text
    assert "    + 2 created\n" in text


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        ("azuread:index/application:Application", "azuread:index:Application"),
        ("command:local:Command", "command:local:Command"),
        ("pulumi-python:dynamic/ledger:Binding", "pulumi-python:dynamic/ledger:Binding"),
        ("odd", "odd"),
    ],
)
def test_a_type_is_shown_as_pulumi_shows_it(type_: str, expected: str) -> None:
    assert short_type(type_) == expected


def test_an_output_on_one_line_is_json_and_a_secret_one_is_hidden() -> None:
    assert shown(OutputValue({"b": 1, "a": "ä"}, secret=False)) == '{"a": "ä", "b": 1}'
    assert shown(OutputValue("canary", secret=True)) == "[secret]"
