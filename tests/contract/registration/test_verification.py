"""U11 and U12: the authorization URL, and delays."""

from __future__ import annotations

import json

import pytest

from emulator.unifiedto.seed import SHARED_CLIENT_ID
from tests.contract.registration.stage import CLIENT_ID, LIST, OTHER_ID, SECOND_SECRET, SECRET, Stage


@pytest.mark.parametrize(
    ("no_credentials", "words"),
    [
        ("4xx", "UNI306"),
        ("page", "a page instead of an authorization URL"),
        ("shared_client", f"client_id is {SHARED_CLIENT_ID} instead of {CLIENT_ID}"),
    ],
)
def test_u11_a_url_counts_only_with_our_client_id(stage: Stage, no_credentials: str, words: str) -> None:
    """The write is swallowed: Unified.to answers 200 and changes nothing but the activation."""
    stage.by_hand(is_active=True)
    stage.switch(no_credentials=no_credentials)
    stage.fault("status", method="PUT", status=200, times=1)
    assert words in stage.create_fails()


@pytest.mark.parametrize("no_credentials", ["4xx", "page", "shared_client"])
def test_u11_credentials_that_vanish_are_drift_in_each_way(stage: Stage, no_credentials: str) -> None:
    stage.switch(no_credentials=no_credentials)
    created = stage.create()
    stage.by_hand(auth=None)
    drifted = stage.refresh(created)
    assert drifted.outputs["client_id"] == (SHARED_CLIENT_ID if no_credentials == "shared_client" else "")
    assert stage.up(drifted).outputs["status"] == "verified"


@pytest.mark.parametrize("no_credentials", ["4xx", "page", "shared_client"])
@pytest.mark.parametrize("inactive", ["refused", "answered"])
@pytest.mark.parametrize("is_active", [False, None])
def test_u11_the_url_of_an_inactive_integration_says_nothing(
    stage: Stage, is_active: bool | None, inactive: str, no_credentials: str
) -> None:
    stage.switch(inactive=inactive, no_credentials=no_credentials)
    created = stage.create(is_active=is_active)
    assert created.outputs["status"] == "not verified: not active (isActive)"
    assert not any("/auth/" in path for _method, path in stage.calls())
    rotated = stage.up(created, is_active=is_active, client_secret=SECOND_SECRET)
    assert stage.row().client_secret == SECOND_SECRET
    assert stage.is_settled(rotated, is_active=is_active, client_secret=SECOND_SECRET)


def test_u11_an_integration_that_is_deactivated_is_not_compared_with_its_url(stage: Stage) -> None:
    created = stage.create()
    stage.fault("status", path="/unified/integration/auth/", status=200, body="https://x.example.com/?client_id=1")
    deactivated = stage.up(created, is_active=False)
    assert deactivated.outputs["status"] == "not verified: not active (isActive)"
    assert not stage.row().is_active
    assert stage.is_settled(deactivated, is_active=False)


def test_u11_another_client_id_in_clear_is_drift_though_the_integration_is_inactive(stage: Stage) -> None:
    stage.switch(mask="clear")
    created = stage.create(is_active=False)
    stage.by_hand(auth={"client_id": OTHER_ID, "client_secret": "x"})
    drifted = stage.refresh(created)
    assert drifted.outputs["client_id"] == OTHER_ID
    repaired = stage.up(drifted, is_active=False)
    assert stage.row().client_secret == SECRET
    assert stage.is_settled(repaired, is_active=False)


@pytest.mark.parametrize("reads", [0, 1, 2])
def test_u12_a_change_that_shows_late_is_waited_for(stage: Stage, reads: int) -> None:
    stage.switch(visible_after_reads=reads)
    assert stage.create().outputs["status"] == "verified"


def test_u12_a_change_that_does_not_show_in_time_is_reported(stage: Stage) -> None:
    stage.switch(visible_after_reads=1000)
    words = stage.create_fails()
    assert words.startswith("UNI306")
    assert "it shows no change since" in words
    assert "is_active is False instead of True" in words
    assert "shows it late or has not carried it out" in words
    assert "Run pulumi up --refresh in a minute" in words


def test_u12_the_next_run_after_a_late_change_succeeds(stage: Stage) -> None:
    stage.switch(visible_after_reads=1000)
    stage.create_fails()
    stage.switch(visible_after_reads=0)
    assert stage.create().outputs["status"] == "verified"


@pytest.mark.parametrize("reads", [0, 1])
def test_u12_a_new_secret_that_shows_late_is_waited_for_though_all_else_agrees(stage: Stage, reads: int) -> None:
    """The client id was right before: the time of the last change is all that tells a write from none."""
    created = stage.create()
    stage.switch(visible_after_reads=reads)
    renewed = stage.up(created, client_secret=SECOND_SECRET)
    assert renewed.outputs["status"] == "verified"
    assert renewed.outputs["updated_at"] == stage.row().fields["updated_at"]
    assert stage.is_settled(renewed, client_secret=SECOND_SECRET)


def test_u12_a_new_secret_that_shows_too_late_is_still_ours_to_change_and_to_withdraw(stage: Stage) -> None:
    """The list shows the time of an earlier change, so what it says is not that of our write."""
    created = stage.create()
    stage.switch(visible_after_reads=1000)
    renewed = stage.up(created, client_secret=SECOND_SECRET)
    assert renewed.outputs["updated_at"] == renewed.outputs["own_updated_at"] == ""
    stage.by_hand()  # shows what was written
    stage.switch(visible_after_reads=0)
    refreshed = stage.refresh(renewed)
    changed = stage.up(refreshed, client_secret=SECOND_SECRET, permissions=["auth_login"])
    stage.provider.delete(changed.id, changed.outputs)
    assert not stage.row().is_active
    assert not stage.has_printed("somebody else", within_s=0)


def test_u12_a_first_secret_for_a_client_that_was_there_before_is_looked_for_too(stage: Stage) -> None:
    stage.by_hand(is_active=True, auth={"client_id": CLIENT_ID, "client_secret": "of-an-earlier-stack"})
    stage.fault("status", status=200, method="PUT", path=LIST, body="{}")
    assert stage.create().outputs["status"].startswith("verified, except for the secret")


def test_u12_in_sandbox_nothing_is_waited_for(stage: Stage) -> None:
    created = stage.create(environment="Sandbox")
    stage.fault("status", status=200, method="PUT", path=LIST, body="{}")
    stage.forget_calls()
    stage.up(created, environment="Sandbox", client_secret=SECOND_SECRET)
    assert [method for method, path in stage.calls() if path == LIST] == ["GET", "PUT", "GET"]


def test_u12_a_redirect_of_another_address_is_explained_though_the_list_is_late(stage: Stage) -> None:
    stage.switch(custom_domain="https://auth.example.com")
    stage.by_hand(is_active=True)
    body = json.dumps([{**stage.row().fields, "auth": {"client_id": "********"}}])
    stage.fault("status", status=200, method="GET", path=LIST, body=body, times=1000)
    words = stage.create_fails()
    assert words.startswith("UNI305")
    assert "Add https://auth.example.com/oauth/code to redirectUris" in words


def test_u12_a_secret_without_a_trace_is_not_called_verified(stage: Stage) -> None:
    """An answer of 200 to a write that was not carried out."""
    created = stage.create()
    stage.forget_calls()
    noted = stage.row().fields["updated_at"]
    stage.fault("status", status=200, method="PUT", path=LIST, body="{}", times=1000)
    renewed = stage.up(created, client_secret=SECOND_SECRET)
    assert renewed.outputs["status"] == f"verified, except for the secret: Unified.to notes no change since {noted}"
    assert stage.has_printed("Nothing else can tell whether the secret is in use.")
    assert stage.has_printed("force no rotation until then")
    assert stage.calls().count(("PUT", LIST)) == 1
    assert stage.is_settled(renewed, client_secret=SECOND_SECRET), "nothing is written again and again for it"

    stage.by_hand(is_active=True)
    assert stage.refresh(renewed).outputs["status"] == "verified", "there is a change to be seen by now"


def test_u12_a_change_of_something_else_waits_for_no_time(stage: Stage) -> None:
    """Unified.to need not note a change of what is the same already."""
    created = stage.create()
    stage.fault("status", status=200, method="PUT", path=LIST, body="{}")
    changed = stage.up(created, redirect_uris=["https://auth.example.com/cb"])
    assert changed.outputs["status"] == "verified"


def test_u12_where_no_time_of_a_change_is_shown_a_new_secret_is_not_waited_for(stage: Stage) -> None:
    created = stage.create()
    without_time = {key: value for key, value in stage.row().fields.items() if key != "updated_at"}
    body = json.dumps([{**without_time, "auth": {"client_id": "********"}}])
    stage.fault("status", status=200, method="GET", path=LIST, body=body, times=100)
    stage.forget_calls()
    renewed = stage.up(created, client_secret=SECOND_SECRET)
    assert renewed.outputs["status"] == "verified"
    assert [call for call in stage.calls() if call == ("GET", LIST)] == [("GET", LIST)] * 2


def test_a_change_by_somebody_else_that_cannot_be_seen_is_mentioned_once_and_is_no_drift(stage: Stage) -> None:
    created = stage.create()
    stage.by_hand(auth={"client_id": CLIENT_ID, "client_secret": "typed-wrong"})
    refreshed = stage.refresh(created)
    now = stage.row().fields["updated_at"]
    assert refreshed.outputs == {**created.outputs, "updated_at": now}
    assert stage.has_printed("the client secret cannot be seen")
    assert stage.is_settled(refreshed)
