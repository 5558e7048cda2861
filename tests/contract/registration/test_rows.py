"""U1 to U3: no route to create, picked by id, never removed."""

from __future__ import annotations

from tests.contract.registration.stage import KIND, LIST, Stage

# --- U1: no route to create ------------------------------------------------------------------------------------------


def test_u1_without_a_row_the_error_says_what_to_activate_where(stage: Stage) -> None:
    stage.workspace.remove_by_hand("Production", KIND)
    words = stage.create_fails()
    assert words.startswith('UNI205 The workspace has no integration "microsoft_ad" in environment "Production".')
    assert f"Open {stage.emulator.base_url}/integrations/microsoft_ad" in words
    assert not any(method in ("PUT", "POST") for method, _path in stage.calls())


# --- U2, U3: picked by id, never removed -----------------------------------------------------------------------------


def test_u2_no_route_but_the_list_is_used_to_find_a_row(stage: Stage) -> None:
    created = stage.create()
    stage.refresh(created)
    assert {path for method, path in stage.calls() if method == "GET" and "auth" not in path} == {LIST}


def test_u3_a_destroy_never_removes_the_row(stage: Stage) -> None:
    created = stage.create()
    stage.provider.delete(created.id, created.outputs)
    assert "DELETE" not in {method for method, _path in stage.calls()}
    assert stage.row().id == created.id
