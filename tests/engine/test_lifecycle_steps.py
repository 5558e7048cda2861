"""Creating, updating, replacing and deleting: which calls, in which order, and what is on record afterwards."""

from __future__ import annotations

import pytest

from tests.engine.fake_cloud import Stack, group, item, output_of, secret


def test_the_first_up_creates_and_the_second_changes_nothing(stack: Stack) -> None:
    resources = [item("a", size=1), item("b", uses=output_of("a"))]
    first = stack.up(*resources)
    assert first.changes == {"create": 3}
    assert stack.cloud.writes() == [("create", "a"), ("create", "b")]
    stack.cloud.forget()
    second = stack.up(*resources)
    assert second.changes == {"same": 3}
    assert second.is_unchanged
    assert stack.cloud.writes() == []


def test_a_preview_sends_no_write_and_leaves_no_file(stack: Stack) -> None:
    result = stack.preview(item("a"), item("b", uses=output_of("a")))
    assert result.changes == {"create": 3}
    assert stack.cloud.writes() == []
    assert not (stack.directory / "dev.json").exists()


def test_a_preview_passes_unknown_outputs_on(stack: Stack) -> None:
    stack.up(item("a", size=1), item("b", uses=output_of("a")))
    stack.cloud.forget()
    preview = stack.preview(item("a", size=2), item("b", uses=output_of("a")))
    assert preview.changes == {"same": 1, "update": 2}
    assert stack.cloud.seen_unknown == ["b.uses"]


def test_a_changed_input_updates_and_dependents_see_the_outcome(stack: Stack) -> None:
    stack.up(item("a", size=1), item("b", uses=output_of("a", "size")))
    stack.cloud.forget()
    result = stack.up(item("a", size=2), item("b", uses=output_of("a", "size")))
    assert result.changes == {"same": 1, "update": 2}
    assert [(step.op, step.name, step.diff_keys) for step in result.steps if step.op == "update"] == [
        ("update", "a", ("size",)),
        ("update", "b", ("uses",)),
    ]
    assert stack.recorded("b")["outputs"]["uses"] == 2


def test_what_the_provider_calls_no_change_is_recorded_as_input_but_not_as_output(stack: Stack) -> None:
    stack.up(item("a", note="old"))
    result = stack.up(item("a", note="new"))
    assert result.is_unchanged
    recorded = stack.recorded("a")
    assert (recorded["inputs"]["note"], recorded["outputs"]["note"]) == ("new", "old")


def test_what_the_program_drops_is_deleted_dependents_first(stack: Stack) -> None:
    stack.up(item("a"), item("b", uses=output_of("a")), item("c", opts={"depends_on": ["b"]}), item("d"))
    stack.cloud.forget()
    result = stack.up(item("d"))
    assert result.changes == {"same": 2, "delete": 3}
    assert stack.cloud.writes() == [("delete", "c"), ("delete", "b"), ("delete", "a")]
    assert stack.names() == ["d"]


def test_nothing_is_deleted_when_the_program_failed(stack: Stack) -> None:
    stack.up(item("a"), item("b"))
    stack.cloud.forget()
    error = stack.fails(item("a"), raises="the program has had enough")
    assert "the program has had enough" in str(error)
    assert "__main__.py" in str(error)
    assert stack.cloud.writes() == []
    assert stack.names() == ["a", "b"]


def test_a_failed_step_keeps_what_was_done_and_the_next_up_goes_on(stack: Stack) -> None:
    resources = [item("a"), item("b", uses=output_of("a")), item("c", uses=output_of("b"))]
    stack.cloud.refuses["create", "b"] = ["the cloud is full"]
    error = stack.fails(*resources)
    assert str(error) == "the cloud is full"
    assert error.result is not None
    assert error.result.changes == {"create": 2}
    assert [step.name for step in error.result.steps if step.status == "failed"] == ["b"]
    assert stack.names() == ["a"]
    stack.cloud.forget()
    assert stack.up(*resources).changes == {"same": 2, "create": 2}
    assert stack.cloud.writes() == [("create", "b"), ("create", "c")]


def test_a_replacement_is_created_first_then_dependents_follow_then_the_old_one_goes(stack: Stack) -> None:
    stack.up(item("a", fixed=1), item("b", uses=output_of("a")))
    stack.cloud.forget()
    result = stack.up(item("a", fixed=2), item("b", uses=output_of("a")))
    assert result.changes == {"same": 1, "replace": 1, "update": 1}
    assert stack.cloud.writes() == [("create", "a"), ("update", "b"), ("delete", "a")]
    assert [(step.op, step.name) for step in result.steps if step.name == "a"] == [
        ("create-replacement", "a"),
        ("replace", "a"),
        ("delete-replaced", "a"),
    ]
    assert stack.recorded("a")["inputs"]["fixed"] == 2


def test_delete_before_replace_deletes_first_and_updates_dependents_after(stack: Stack) -> None:
    before = item("a", opts={"delete_before_replace": True}, fixed=1)
    after = item("a", opts={"delete_before_replace": True}, fixed=2)
    stack.up(before, item("b", uses=output_of("a")))
    stack.cloud.forget()
    result = stack.up(after, item("b", uses=output_of("a")))
    assert result.changes == {"same": 1, "replace": 1, "update": 1}
    assert stack.cloud.writes() == [("delete", "a"), ("create", "a"), ("update", "b")]
    assert stack.cloud.seen_unknown == ["b.uses"], "the dependent is asked with an unknown before anything is deleted"


def test_dependents_that_would_be_replaced_are_deleted_first_and_created_again(stack: Stack) -> None:
    def resources(number: int) -> list[dict[str, object]]:
        return [
            item("a", opts={"delete_before_replace": True}, fixed=number),
            item("b", fixed=output_of("a")),
            item("c", uses=output_of("b")),
            item("d", uses=output_of("a")),
        ]

    stack.up(*resources(1))
    stack.cloud.forget()
    result = stack.up(*resources(2))
    assert result.changes == {"same": 1, "replace": 2, "update": 2}
    writes = stack.cloud.writes()
    assert writes[:3] == [("delete", "b"), ("delete", "a"), ("create", "a")]
    assert sorted(writes[3:]) == [("create", "b"), ("update", "c"), ("update", "d")]
    stack.cloud.forget()
    assert stack.up(*resources(2)).is_unchanged


@pytest.mark.parametrize(
    ("provider_asks", "option", "expected"),
    [
        (True, None, ["delete", "create"]),
        (True, False, ["create", "delete"]),
        (False, True, ["delete", "create"]),
        (False, None, ["create", "delete"]),
    ],
)
def test_the_option_overrides_the_providers_order_of_a_replacement(
    stack: Stack, provider_asks: bool, option: bool | None, expected: list[str]
) -> None:
    opts = {} if option is None else {"delete_before_replace": option}
    if provider_asks:
        stack.cloud.deletes_first.add("a")
    stack.up(item("a", opts=opts, fixed=1))
    stack.cloud.forget()
    stack.up(item("a", opts=opts, fixed=2))
    assert [call for call, _name in stack.cloud.writes()] == expected


def test_a_replacement_that_failed_between_its_halves_is_finished_without_deleting_twice(stack: Stack) -> None:
    opts = {"delete_before_replace": True}
    stack.up(item("a", opts=opts, fixed=1), item("b", uses=output_of("a")))
    stack.cloud.forget()
    stack.cloud.refuses["create", "a"] = ["no room"]
    stack.fails(item("a", opts=opts, fixed=2), item("b", uses=output_of("a")))
    assert stack.recorded("a")["pendingReplacement"] is True
    stack.cloud.forget()
    assert stack.preview(item("a", opts=opts, fixed=2), item("b", uses=output_of("a"))).changes["replace"] == 1
    stack.cloud.forget()
    result = stack.up(item("a", opts=opts, fixed=2), item("b", uses=output_of("a")))
    assert stack.cloud.writes() == [("create", "a"), ("update", "b")]
    assert result.changes == {"same": 1, "replace": 1, "update": 1}
    assert "pendingReplacement" not in stack.recorded("a")


def test_a_pending_replacement_that_the_program_drops_is_forgotten_without_a_call(stack: Stack) -> None:
    opts = {"delete_before_replace": True}
    stack.up(item("a", opts=opts, fixed=1))
    stack.cloud.refuses["create", "a"] = ["no room"]
    stack.fails(item("a", opts=opts, fixed=2))
    stack.cloud.forget()
    result = stack.up()
    assert result.changes == {"same": 1}
    assert [(step.op, step.name) for step in result.steps if step.op != "same"] == [("remove-pending-replace", "a")]
    assert stack.cloud.writes() == []
    assert stack.names() == []


def test_an_old_half_that_could_not_be_deleted_is_deleted_by_the_next_up(stack: Stack) -> None:
    stack.up(item("a", fixed=1))
    stack.cloud.refuses["delete", "a"] = ["not now"]
    stack.fails(item("a", fixed=2))
    assert sorted(bool(state.get("delete")) for state in stack.state() if state["urn"].endswith("::a")) == [False, True]
    stack.cloud.forget()
    result = stack.up(item("a", fixed=2))
    assert stack.cloud.writes() == [("delete", "a")]
    assert result.changes == {"same": 2}
    assert stack.recorded("a")["inputs"]["fixed"] == 2


def test_an_old_half_that_depends_on_what_is_deleted_first_leaves_the_state_for_good(stack: Stack) -> None:
    def resources(number: int, size: int) -> list[dict[str, object]]:
        by_size = {"replace_on_changes": ["size"]}
        return [
            item("a", opts={"delete_before_replace": True}, fixed=number),
            item("b", opts=by_size, fixed=output_of("a"), size=size),
        ]

    stack.up(*resources(1, 1))
    stack.cloud.refuses["delete", "b"] = ["not now"]
    stack.fails(*resources(1, 2))
    assert [bool(state.get("delete")) for state in stack.state() if state["urn"].endswith("::b")] == [False, True]
    stack.cloud.forget()
    stack.up(*resources(2, 2))
    assert sorted(stack.cloud.writes()) == [
        *[("create", "a"), ("create", "b"), ("delete", "a")],
        *[("delete", "b"), ("delete", "b")],
    ]
    assert stack.names() == ["a", "b"]
    stack.cloud.forget()
    assert stack.up(*resources(2, 2)).is_unchanged
    assert stack.engine().destroy().changes == {"delete": 3}
    assert sorted(stack.cloud.writes()) == [("delete", "a"), ("delete", "b")]


def test_a_resource_created_not_well_is_kept_and_updated_by_the_next_up(stack: Stack) -> None:
    stack.cloud.half.add("a")
    error = stack.fails(item("a", size=1))
    assert str(error) == "created, but not well"
    assert stack.recorded("a")["initErrors"] == ["created, but not well"]
    stack.cloud.half.clear()
    stack.cloud.forget()
    assert stack.up(item("a", size=1)).changes == {"same": 1, "update": 1}
    assert stack.cloud.writes() == [("update", "a")]
    assert "initErrors" not in stack.recorded("a")


def test_an_update_that_ended_badly_records_the_old_inputs(stack: Stack) -> None:
    stack.up(item("a", size=1))
    stack.cloud.half.add("a")
    stack.fails(item("a", size=2))
    recorded = stack.recorded("a")
    assert (recorded["inputs"]["size"], recorded["outputs"]["size"]) == (1, 2)
    stack.cloud.half.clear()
    assert stack.up(item("a", size=2)).changes == {"same": 1, "update": 1}


def test_destroy_deletes_everything_dependents_first_and_empties_the_record(stack: Stack) -> None:
    stack.up(
        group("g"), item("a", opts={"parent": "g"}), item("b", opts={"parent": "g"}, uses=output_of("a")), item("c")
    )
    stack.cloud.forget()
    result = stack.engine().destroy()
    assert result.changes == {"delete": 5}
    deleted = [name for _call, name in stack.cloud.writes()]
    assert sorted(deleted) == ["a", "b", "c"]
    assert deleted.index("b") < deleted.index("a")
    assert [step.name for step in result.steps][-1] == "declared-dev"
    assert stack.state() == []
    assert stack.engine().destroy().changes == {}


def test_outputs_are_those_of_the_last_run_and_secrets_are_marked(stack: Stack) -> None:
    result = stack.up(
        item("a", size=secret(3)), exports={"size": output_of("a", "size"), "made": output_of("a"), "plain": [1, 2]}
    )
    assert {name: (output.value, output.secret) for name, output in result.outputs.items()} == {
        "size": (3, True),
        "made": ("made-1", False),
        "plain": ([1, 2], False),
    }
    assert stack.engine().outputs() == result.outputs
    assert "3" not in repr(result.outputs["size"])


def test_a_failed_run_keeps_the_outputs_that_it_could_not_give_again(stack: Stack) -> None:
    stack.up(item("a"), exports={"one": "1", "two": "2"})
    stack.fails(item("a"), exports={"one": "changed"}, raises="late failure")
    assert {name: output.value for name, output in stack.engine().outputs().items()} == {"one": "changed", "two": "2"}


def test_refresh_takes_over_what_changed_and_what_is_gone(stack: Stack) -> None:
    stack.up(item("a", size=1), item("b", uses=output_of("a")), item("c", uses=output_of("b")))
    ids = {resource_id.rsplit("-", 1)[0]: resource_id for resource_id in stack.cloud.there}
    stack.cloud.there[ids["a"]]["size"] = 5
    del stack.cloud.there[ids["b"]]
    result = stack.engine().refresh()
    assert result.changes == {"same": 2, "update": 1, "delete": 1}
    assert stack.recorded("a")["outputs"]["size"] == 5
    assert stack.names() == ["a", "c"]
    assert "dependencies" not in stack.recorded("c")
    stack.cloud.forget()
    again = stack.up(item("a", size=1), item("b", uses=output_of("a")), item("c", uses=output_of("b")))
    assert again.changes == {"same": 1, "update": 2, "create": 1}


def test_a_child_whose_parent_is_found_gone_has_no_parent(stack: Stack) -> None:
    stack.up(group("g"), item("a", opts={"parent": "g"}), item("b", opts={"parent": "a"}), item("c"))
    [lost] = [resource_id for resource_id in stack.cloud.there if resource_id.startswith("a-")]
    del stack.cloud.there[lost]
    stack.engine().refresh()
    assert "parent" not in stack.recorded("b")
    assert stack.recorded("c")["parent"].endswith("::declared-dev")


def test_a_read_that_fails_fails_the_refresh_and_keeps_the_state(stack: Stack) -> None:
    stack.up(item("a", size=1), item("b"))
    stack.cloud.refuses["read", "a"] = ["cannot look"]
    with pytest.raises(Exception, match="cannot look"):
        stack.engine().refresh()
    assert stack.names() == ["a", "b"]


def test_components_are_recorded_with_their_outputs_and_children_below_them(stack: Stack) -> None:
    stack.up(group("g", outputs={"size": 4}), item("a", opts={"parent": "g"}))
    recorded = stack.recorded("g")
    assert (recorded["custom"], recorded["outputs"]) == (False, {"size": 4})
    child = stack.recorded("a")
    assert child["parent"] == recorded["urn"] == "urn:pulumi:dev::declared::test:index:Group::g"
    assert child["urn"] == "urn:pulumi:dev::declared::test:index:Group$fake:index:Item::a"
