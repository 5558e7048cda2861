"""What a person sees of an operation."""

from __future__ import annotations

import io

import pytest

from emulator.engine.interface import EngineError, OutputValue, Result, StepEvent
from emulator.engine.output import Printer, short_type, shown
from tests.engine.fake_cloud import Stack, item, secret


def _printed(stack: Stack, operation: str, **options: bool) -> tuple[Printer, io.StringIO]:
    stream = io.StringIO()
    printer = Printer(operation, "dev", stream, **options)
    stack.options.update(on_event=printer.on_event, on_message=printer.on_message)
    printer.begin()
    return printer, stream


def test_an_update_is_told_step_by_step_and_then_as_a_whole(stack: Stack) -> None:
    stack.up(item("kept"), item("changed", size=1))
    printer, stream = _printed(stack, "up")
    exports = {"plain": {"from": "kept.made"}, "hidden": secret("canary"), "deep": {"list": [1, {"a": None}]}}
    printer.end(stack.up(item("kept"), item("changed", size=2), item("new"), exports=exports))
    text = stream.getvalue()
    assert text.startswith("Updating (dev):\n")
    for line in (
        " ~  fake:index:Item changed updated (",
        " +  fake:index:Item new created (",
        "[diff: ~size]",
        "    hidden: [secret]\n",
        '    plain : "made-1"\n',
        "    + 1 created\n",
        "    ~ 1 updated\n",
        "    2 changes. 2 unchanged\n",
        "\nDuration: ",
    ):
        assert line in text
    assert "kept" not in text.split("Outputs:")[0]
    assert "canary" not in text


def test_a_preview_speaks_of_what_would_be_done(stack: Stack) -> None:
    printer, stream = _printed(stack, "preview", shows_same=True)
    printer.end(stack.preview(item("new")))
    assert " +  fake:index:Item new create\n" in stream.getvalue()
    assert "    + 2 to create\n" in stream.getvalue()


def test_a_failure_is_told_once_with_what_was_done_before(stack: Stack) -> None:
    printer, stream = _printed(stack, "up")
    stack.cloud.refuses["create", "b"] = ["the cloud is full"]
    with pytest.raises(EngineError) as caught:
        stack.up(item("a"), item("b", {"depends_on": ["a"]}))
    printer.fail(caught.value)
    text = stream.getvalue()
    assert text.count("the cloud is full") == 1
    assert " +  fake:index:Item b creating failed\n" in text
    assert "    + 2 created\n" in text


def test_a_minute_is_told_as_minutes() -> None:
    stream = io.StringIO()
    Printer("up", "dev", stream).end(Result(changes={}, outputs={}, steps=[], diagnostics=[], duration_s=75.0))
    assert "Duration: 1m15s" in stream.getvalue()


def test_a_step_that_stays_is_shown_on_request() -> None:
    stream = io.StringIO()
    event = StepEvent(urn="u", type="a:b/c:C", name="n", op="same", status="done")
    Printer("up", "dev", stream).on_event(event)
    assert stream.getvalue() == ""
    Printer("up", "dev", stream, shows_same=True).on_event(event)
    assert "n unchanged" in stream.getvalue()


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
