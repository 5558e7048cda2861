"""U1 to U3: no route to create, picked by id, never removed."""

from __future__ import annotations

import pytest

from tests.contract.registration.stage import KIND, LIST, SECRET, Stage

# --- U1: no route to create ------------------------------------------------------------------------------------------


def test_u1_without_a_row_the_error_says_what_to_activate_where(stage: Stage) -> None:
    stage.workspace.remove_by_hand("Production", KIND)
    words = stage.create_fails()
    assert words.startswith('UNI205 The workspace has no integration "microsoft_ad" in environment "Production".')
    assert f"Open {stage.emulator.base_url}/integrations/microsoft_ad" in words
    assert not any(method in ("PUT", "POST") for method, _path in stage.calls())


@pytest.mark.parametrize(("post", "status"), [("absent", "404"), ("not_allowed", "405")])
def test_u1_an_attempt_to_create_that_is_refused_leads_back_to_the_advice(stage: Stage, post: str, status: str) -> None:
    stage.switch(post=post)
    stage.workspace.remove_by_hand("Production", KIND)
    words = stage.create_fails(create_if_missing=True)
    assert "UNI205" in words
    assert f"An attempt to create it was refused ({status})" in words


@pytest.mark.parametrize("answer", ["object", "empty", "no_content"])
def test_u1_where_creating_works_the_new_row_is_listed_and_verified(stage: Stage, answer: str) -> None:
    stage.switch(post="present", put_answer=answer)
    stage.workspace.remove_by_hand("Production", KIND)
    created = stage.create(create_if_missing=True)
    assert created.id == stage.row().id
    assert (stage.row().client_secret, created.outputs["found_active"]) == (SECRET, False)
    assert stage.is_settled(created, create_if_missing=True)


@pytest.mark.parametrize("kind", ["reset_before", "reset_after"])
def test_u1_a_lost_answer_to_the_creation_makes_one_row(stage: Stage, kind: str) -> None:
    stage.switch(post="present")
    stage.workspace.remove_by_hand("Production", KIND)
    stage.fault(kind, method="POST")
    stage.create(create_if_missing=True)
    rows = [row for row in stage.workspace.rows() if (row.environment, row.integration_type) == ("Production", KIND)]
    assert [row.client_secret for row in rows] == [SECRET]


# --- U2, U3: picked by id, never removed -----------------------------------------------------------------------------


def test_u2_no_route_but_the_list_is_used_to_find_a_row(stage: Stage) -> None:
    created = stage.create()
    stage.refresh(created)
    assert {path for method, path in stage.calls() if method == "GET" and "auth" not in path} == {LIST}


def test_u3_a_destroy_never_removes_the_row(stage: Stage) -> None:
    created = stage.create(on_delete="clear")
    stage.provider.delete(created.id, created.outputs)
    assert "DELETE" not in {method for method, _path in stage.calls()}
    assert stage.row().id == created.id
