"""Resource options: what each of them changes."""

from __future__ import annotations

import pytest

from emulator.engine.interface import EngineError
from emulator.engine.providers.base import CheckFailure
from tests.engine.fake_cloud import Stack, group, item, output_of, secret


def test_ignored_changes_change_nothing_but_a_replacement_takes_the_new_value(stack: Stack) -> None:
    opts = {"ignore_changes": ["size", "tags[0]"]}
    stack.up(item("a", opts=opts, size=1, tags=["x", "y"], fixed=1))
    assert stack.up(item("a", opts=opts, size=2, tags=["z", "y"], fixed=1)).is_unchanged
    assert stack.recorded("a")["inputs"] == {"size": 1, "tags": ["x", "y"], "fixed": 1}
    stack.up(item("a", opts=opts, size=2, tags=["z", "y"], fixed=2))
    assert stack.recorded("a")["inputs"] == {"size": 2, "tags": ["z", "y"], "fixed": 2}


@pytest.mark.parametrize("path", ["size", "*"])
def test_replace_on_changes_makes_a_replacement_of_an_update(stack: Stack, path: str) -> None:
    opts = {"replace_on_changes": [path]}
    stack.up(item("a", opts=opts, size=1))
    assert stack.up(item("a", opts=opts, size=2)).changes == {"same": 1, "replace": 1}


def test_additional_secret_outputs_are_encrypted_and_stay_so(stack: Stack) -> None:
    opts = {"additional_secret_outputs": ["made"]}
    stack.up(item("a", opts=opts, size=1), item("b", uses=output_of("a")))
    stack.up(item("a", opts=opts, size=2), item("b", uses=output_of("a")))
    stack.engine().refresh()
    assert "ciphertext" in stack.recorded("a")["outputs"]["made"]
    assert "ciphertext" in stack.recorded("b")["inputs"]["uses"]


@pytest.mark.parametrize("accepts_secrets", [True, False])
def test_a_secret_input_is_secret_in_inputs_and_outputs_wherever_it_goes(stack: Stack, accepts_secrets: bool) -> None:
    stack.cloud.accepts_secrets = accepts_secrets
    stack.up(item("a", key=secret("canary"), deep={"inner": secret("canary")}), item("b", uses=output_of("a", "key")))
    text = (stack.directory / "dev.json").read_text("utf-8")
    assert "canary" not in text
    for name, key in (("a", "key"), ("b", "uses")):
        recorded = stack.recorded(name)
        assert "ciphertext" in recorded["inputs"][key]
        assert "ciphertext" in recorded["outputs"][key]
    assert "ciphertext" in stack.recorded("a")["outputs"]["deep"]["inner"]
    assert stack.up(
        item("a", key=secret("canary"), deep={"inner": secret("canary")}), item("b", uses=output_of("a", "key"))
    ).is_unchanged


@pytest.mark.parametrize(
    "alias",
    [{"name": "old"}, "urn:pulumi:dev::declared::fake:index:Item::old"],
    ids=["by name", "by URN"],
)
def test_an_alias_renames_without_a_step(stack: Stack, alias: object) -> None:
    stack.up(item("old", size=1), item("b", uses=output_of("old")))
    stack.cloud.forget()
    renamed = stack.up(item("new", opts={"aliases": [alias]}, size=1), item("b", uses=output_of("new")))
    assert renamed.is_unchanged
    assert stack.cloud.writes() == []
    assert stack.names() == ["b", "new"]
    assert "aliases" not in stack.recorded("new"), "once references are renamed nothing needs the old name"
    assert stack.recorded("b")["dependencies"] == [stack.recorded("new")["urn"]]
    assert stack.up(item("new", size=1), item("b", uses=output_of("new"))).is_unchanged, "the alias may be dropped"


@pytest.mark.parametrize(
    ("option", "key"), [("ignore_changes", "ignoreChanges"), ("replace_on_changes", "replaceOnChanges")]
)
def test_an_option_that_is_all_that_changed_is_on_record(stack: Stack, option: str, key: str) -> None:
    stack.up(item("a", size=1))
    assert stack.up(item("a", opts={option: ["size"]}, size=1)).is_unchanged
    assert stack.recorded("a")[key] == ["size"]


def test_a_protected_dependent_is_named_with_the_ways_to_unprotect_it(stack: Stack) -> None:
    opts = {"delete_before_replace": True}
    stack.up(item("a", opts=opts, fixed=1), item("b", opts={"protect": True}, fixed=output_of("a")))
    words = str(stack.fails(item("a", opts=opts, fixed=2), item("b", opts={"protect": True}, fixed=output_of("a"))))
    assert f"`pulumi state unprotect '{stack.recorded('b')['urn']}'`" in words


def test_children_follow_a_renamed_parent(stack: Stack) -> None:
    stack.up(group("old"), item("old-a", opts={"parent": "old"}))
    moved = stack.up(group("new", opts={"aliases": [{"name": "old"}]}), item("new-a", opts={"parent": "new"}))
    assert moved.is_unchanged
    assert stack.names() == ["new", "new-a"]


def test_a_resource_moved_into_a_component_is_found_by_its_alias(stack: Stack) -> None:
    stack.up(item("a"))
    moved = stack.up(group("g"), item("a", opts={"parent": "g", "aliases": [{"parent": None}]}))
    assert moved.changes == {"same": 2, "create": 1}
    assert stack.recorded("a")["parent"].endswith("::g")


def test_a_protected_resource_is_neither_deleted_nor_replaced(stack: Stack) -> None:
    opts = {"protect": True}
    stack.up(item("a", opts=opts, fixed=1), item("b"))
    stack.cloud.forget()
    assert "it is protected" in str(stack.fails(item("b")))
    assert "marked for protection" in str(stack.fails(item("a", opts=opts, fixed=2), item("b")))
    assert stack.cloud.writes() == []
    with pytest.raises(EngineError, match="it is protected"):
        stack.engine().destroy()
    assert stack.names() == ["a"], "what the protected one does not need is gone"
    assert stack.up(item("a", fixed=1), item("b")).changes == {"same": 2, "create": 1}
    assert stack.up().changes == {"same": 1, "delete": 2}


def test_a_child_inherits_protection(stack: Stack) -> None:
    stack.up(group("g", opts={"protect": True}), item("a", opts={"parent": "g"}))
    assert stack.recorded("a")["protect"] is True


def test_a_retained_resource_is_forgotten_but_not_deleted(stack: Stack) -> None:
    stack.up(item("a", opts={"retain_on_delete": True}))
    stack.cloud.forget()
    assert stack.up().changes == {"same": 1, "delete": 1}
    assert stack.cloud.writes() == []
    assert stack.names() == []


def test_what_is_deleted_with_another_needs_no_call_of_its_own(stack: Stack) -> None:
    stack.up(item("a"), item("b", opts={"deleted_with": "a"}))
    stack.cloud.forget()
    assert stack.up().changes == {"same": 1, "delete": 2}
    assert stack.cloud.writes() == [("delete", "a")]


def test_what_is_deleted_with_another_is_replaced_with_it(stack: Stack) -> None:
    stack.up(item("a", fixed=1), item("b", opts={"deleted_with": "a"}))
    assert stack.up(item("a", fixed=2), item("b", opts={"deleted_with": "a"})).changes == {"same": 1, "replace": 2}


def test_a_name_can_be_used_once(stack: Stack) -> None:
    error = stack.fails(item("a"), item("a"))
    assert "Duplicate resource URN 'urn:pulumi:dev::declared::fake:index:Item::a'" in str(error)


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (CheckFailure("", "too small"), "fake:index:Item resource 'a' has a problem: too small"),
        (
            CheckFailure("size", "too small"),
            "fake:index:Item resource 'a': property size value {1} has a problem: too small",
        ),
        (
            CheckFailure("key", "too short"),
            "fake:index:Item resource 'a': property key value [secret] has a problem: too short",
        ),
    ],
)
def test_a_refused_input_stops_preview_and_up_before_anything_is_done(
    stack: Stack, failure: CheckFailure, expected: str
) -> None:
    stack.cloud.check_failures["a"] = failure
    resource = item("a", size=1, key=secret("canary"))
    assert str(stack.fails(resource)) == expected
    with pytest.raises(EngineError) as refused:
        stack.preview(resource)
    assert str(refused.value) == expected
    assert "canary" not in "".join(refused.value.diagnostics)
    assert stack.cloud.writes() == []


@pytest.mark.parametrize(
    ("opts", "feature"),
    [({"import_": "id-1"}, "import_"), ({"replacement_trigger": 1}, "ReplacementTrigger|replacement_trigger")],
)
def test_an_option_that_is_not_modelled_is_refused_by_name(stack: Stack, opts: dict[str, object], feature: str) -> None:
    error = stack.fails(item("a", opts=opts))
    assert any(name in str(error) for name in feature.split("|")), str(error)
    assert stack.cloud.writes() == []
