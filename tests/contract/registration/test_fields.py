"""U9 and U10: filters, pages, missing environment, odd fields."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.registration.stage import CLIENT_ID, KIND, LIST, Stage

# --- U9: filters, pages, missing environment -------------------------------------------------------------------------


@pytest.mark.parametrize("filters", ["honoured", "ignored"])
@pytest.mark.parametrize(
    ("paging", "page_size"), [("honoured", 1), ("honoured", 3), ("honoured", 100), ("ignored", 100)]
)
def test_u9_the_row_is_found_whatever_filters_and_pages_do(
    stage: Stage, filters: str, paging: str, page_size: int
) -> None:
    stage.switch(filters=filters, paging=paging, page_size=page_size)
    created = stage.create(environment="Staging")
    assert stage.row("Staging").client_id == CLIENT_ID
    assert stage.row("Production").client_id == ""
    assert stage.is_settled(created, environment="Staging")


def test_u9_a_row_without_environment_is_productions(stage: Stage) -> None:
    stage.switch(row_without_environment=True, filters="ignored")
    created = stage.create()
    assert stage.row().client_id == CLIENT_ID
    assert stage.is_settled(created)


def test_u9_two_rows_stop_before_anything_is_written(stage: Stage) -> None:
    stage.workspace.add_by_hand("Production", KIND)
    words = stage.create_fails()
    assert words.startswith('UNI206 Unified.to lists 2 registrations of "microsoft_ad" in environment "Production"')
    assert ("PUT", LIST) not in stage.calls()


def test_u9_a_second_row_does_not_break_the_refresh_of_the_first(stage: Stage) -> None:
    created = stage.create()
    stage.workspace.add_by_hand("Production", KIND)
    assert stage.provider.read(created.id, created.outputs).id == created.id


# --- U10: odd fields -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "switches",
    [
        {"read_only_fields": "refused"},
        {"null_fields": "refused"},
        {"read_only_fields": "refused", "null_fields": "refused"},
    ],
)
def test_u10_neither_read_only_fields_nor_nulls_are_sent(stage: Stage, switches: dict[str, Any]) -> None:
    stage.by_hand(base_url=None)
    stage.switch(**switches)
    assert stage.create().outputs["status"] == "verified"


def test_u10_a_refused_unknown_field_is_loud_and_leads_to_manual_mode(stage: Stage) -> None:
    stage.switch(unknown_fields="refused")
    words = stage.create_fails()
    assert "unknown fields: display_order" in words
    assert 'only sent back as found, set the registration\'s mode to "manual"' in words
