"""Hooks of the program around a resource's operations, and error hooks that ask for another try."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from emulator.engine.hooks import MAX_ATTEMPTS
from tests.engine.fake_cloud import Stack, item


class _Hooked(Stack):
    """A stack whose hooks write into a file."""

    def __init__(self, directory: Path) -> None:
        self.ledger = directory / "hooks"
        self.ledger.parent.mkdir(parents=True, exist_ok=True)
        self.ledger.touch()
        super().__init__(directory / "state", env={"HOOKS": str(self.ledger)})

    def told(self) -> list[dict[str, Any]]:
        """What the hooks were told since the last look."""
        lines = [json.loads(line) for line in self.ledger.read_text("utf-8").splitlines()]
        self.ledger.write_text("", "utf-8")
        return lines


@pytest.fixture
def hooked(tmp_path: Path) -> _Hooked:
    return _Hooked(tmp_path)


_EVERY_KIND = {
    f"{when}_{operation}": [f"{when}-{operation}"]
    for when in ("before", "after")
    for operation in ("create", "update", "delete")
}
_HOOKS: dict[str, dict[str, Any]] = {names[0]: {} for names in _EVERY_KIND.values()}


def test_hooks_run_around_creation_and_update_with_what_is_known_then(hooked: _Hooked) -> None:
    opts = {"hooks": _EVERY_KIND}
    hooked.up(item("a", opts, size=1), hooks=_HOOKS)
    assert hooked.told() == [
        {"hook": "before-create", "name": "a", "type": "fake:index:Item", "new_inputs": {"size": 1}},
        {
            "hook": "after-create",
            "name": "a",
            "type": "fake:index:Item",
            "new_inputs": {"size": 1},
            "new_outputs": {"size": 1, "made": "made-1"},
        },
    ]
    hooked.up(item("a", opts, size=2), hooks=_HOOKS)
    before, after = hooked.told()
    assert (before["hook"], after["hook"]) == ("before-update", "after-update")
    assert before["old_inputs"] == {"size": 1}
    assert before["new_inputs"] == {"size": 2}
    assert "new_outputs" not in before
    assert after["new_outputs"]["size"] == 2


def test_hooks_of_a_deletion_run_if_the_program_still_registers_them(hooked: _Hooked) -> None:
    hooked.up(item("a", {"hooks": _EVERY_KIND}), hooks=_HOOKS)
    hooked.told()
    hooked.up(hooks=_HOOKS)
    assert [told["hook"] for told in hooked.told()] == ["before-delete", "after-delete"]


def test_a_deletion_whose_hook_is_not_registered_any_more_fails(hooked: _Hooked) -> None:
    hooked.up(item("a", {"hooks": {"before_delete": ["before-delete"]}}), hooks=_HOOKS)
    assert 'hook "before-delete" was not registered' in str(hooked.fails())
    assert hooked.names() == ["a"]


def test_a_failing_hook_before_an_operation_stops_it(hooked: _Hooked) -> None:
    error = hooked.fails(
        item("a", {"hooks": {"before_create": ["stop"]}}), hooks={"stop": {"raises": "not on a Friday"}}
    )
    assert 'before hook "stop" failed' in str(error)
    assert "not on a Friday" in str(error)
    assert hooked.cloud.writes() == []


def test_a_failing_hook_after_an_operation_leaves_the_resource_on_record(hooked: _Hooked) -> None:
    error = hooked.fails(item("a", {"hooks": {"after_create": ["late"]}}), hooks={"late": {"raises": "too late"}})
    assert "too late" in str(error)
    assert hooked.names() == ["a"]


def test_a_hook_whose_errors_are_ignored_only_warns(hooked: _Hooked) -> None:
    hooks = {"soft": {"raises": "never mind", "ignore_errors": True}}
    result = hooked.up(item("a", {"hooks": {"before_create": ["soft"]}}), hooks=hooks)
    assert any("never mind" in line for line in result.diagnostics)
    assert result.changes["create"] == 2


def test_a_preview_runs_only_hooks_that_ask_for_it(hooked: _Hooked) -> None:
    resource = item("a", {"hooks": {"before_create": ["eager", "lazy"]}})
    hooked.preview(resource, hooks={"eager": {"on_dry_run": True}, "lazy": {}})
    assert [told["hook"] for told in hooked.told()] == ["eager"]


def test_an_operation_is_repeated_as_long_as_an_error_hook_asks_for_it(hooked: _Hooked) -> None:
    hooked.cloud.refuses["create", "a"] = ["not yet", "still not"]
    resource = item("a", {"hooks": {"on_error": ["again"]}})
    result = hooked.up(resource, hooks={"again": {"answers": [True]}})
    assert result.changes["create"] == 2
    assert hooked.cloud.writes() == [("create", "a")] * 3
    told = hooked.told()
    assert [entry["failed_operation"] for entry in told] == ["create", "create"]
    assert [entry["errors"] for entry in told] == [["not yet"], ["still not", "not yet"]], "newest first"


def test_without_a_wish_for_another_try_the_error_is_the_providers_own(hooked: _Hooked) -> None:
    hooked.cloud.refuses["create", "a"] = ["not today"]
    error = hooked.fails(item("a", {"hooks": {"on_error": ["no"]}}), hooks={"no": {"answers": [False]}})
    assert str(error) == "not today"
    assert hooked.cloud.writes() == [("create", "a")]


def test_one_hook_of_several_is_enough_for_another_try_and_all_are_asked(hooked: _Hooked) -> None:
    hooked.cloud.refuses["update", "a"] = ["once"]
    hooks = {"yes": {"answers": [True]}, "no": {"answers": [False]}}
    opts = {"hooks": {"on_error": ["yes", "no"]}}
    hooked.up(item("a", opts, size=1), hooks=hooks)
    assert hooked.up(item("a", opts, size=2), hooks=hooks).changes == {"same": 1, "update": 1}
    assert [(told["hook"], told["failed_operation"]) for told in hooked.told()] == [
        ("yes", "update"),
        ("no", "update"),
    ]


def test_another_try_is_granted_a_limited_number_of_times(hooked: _Hooked) -> None:
    hooked.cloud.refuses["create", "a"] = ["never"] * 1000
    error = hooked.fails(item("a", {"hooks": {"on_error": ["again"]}}), hooks={"again": {"answers": [True]}})
    assert "maximum number of error hook retries" in str(error)
    assert len(hooked.cloud.writes()) == MAX_ATTEMPTS
