"""Client secrets: limits, dates, propagation, lag, removal; and that their clear value is kept nowhere."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from emulator.core.clock import format_instant, parse_instant
from emulator.core.server import EmulatorServer
from emulator.entra import ids

from .situations import Entra, Graph, aadsts, graph_error

WRONG = (401, "invalid_client", 7000215)


def test_the_value_is_returned_once_and_kept_in_no_file_of_the_state_directory(
    graph: Graph, emulator: EmulatorServer
) -> None:
    app = graph.register(secrets=0)
    answer = graph.add_password(app, displayName="blue").json()
    assert 16 <= len(answer["secretText"]) <= 64
    assert answer["hint"] == answer["secretText"][:3]
    (credential,) = graph.read(app)["passwordCredentials"]
    del answer["@odata.context"]
    assert credential == {**answer, "displayName": "blue", "secretText": None}
    for file in emulator.world.state_dir.rglob("*"):
        assert not file.is_file() or answer["secretText"].encode() not in file.read_bytes(), file


def test_dates_default_to_now_and_two_calendar_years_later_to_the_second(
    graph: Graph, emulator: EmulatorServer
) -> None:
    emulator.world.clock.change(scale=0)
    emulator.world.clock.change(instant=parse_instant("2028-02-29T12:00:00.5Z"))
    answer = graph.add_password(graph.register(secrets=0)).json()
    assert answer["startDateTime"] == "2028-02-29T12:00:00Z"
    assert answer["endDateTime"] == "2030-02-28T12:00:00Z"


@pytest.mark.parametrize(
    "spelling", ["2030-01-02T03:04:05.0000000Z", "2030-01-02T04:04:05+01:00", "2030-01-02T03:04:05Z"]
)
def test_dates_come_back_in_one_spelling(graph: Graph, spelling: str) -> None:
    answer = graph.add_password(graph.register(secrets=0), endDateTime=spelling)
    assert answer.json()["endDateTime"] == "2030-01-02T03:04:05Z"


def test_a_third_secret_is_refused_with_personal_accounts_and_fine_without(graph: Graph) -> None:
    app = graph.register(secrets=2)
    refused = graph.add_password(app)
    assert graph_error(refused) == (400, "Request_BadRequest")
    assert refused.json()["error"]["message"] == (
        "Not allowed to add 3 passwords. You can only add a maximum of 2 passwords."
    )
    organisational = graph.register(secrets=3, signInAudience="AzureADMultipleOrgs")
    assert len(graph.read(organisational)["passwordCredentials"]) == 3
    assert graph.change(organisational, signInAudience="AzureADandPersonalMicrosoftAccount").status_code == 400


def test_an_expired_secret_still_takes_one_of_the_two_places(graph: Graph, emulator: EmulatorServer) -> None:
    app = graph.register(secrets=2)
    emulator.world.clock.change(advance_s=3 * 366 * 86400)
    assert graph.add_password(app).status_code == 400


@pytest.mark.parametrize(
    ("start_days", "end_days", "code"),
    [
        (-1, 10, "KeyCredentialsInvalidStartDate"),
        (5, 5, "KeyCredentialsInvalidEndDate"),
        (5, 4, "KeyCredentialsInvalidEndDate"),
        (0, 91, "CredentialInvalidLifetimeAsPerAppPolicy"),
    ],
)
def test_dates_and_lifetimes_that_are_not_allowed_are_refused(
    graph: Graph, emulator: EmulatorServer, start_days: int, end_days: int, code: str
) -> None:
    emulator.world.settings.update({"lifetime_policy_max_days": 90})
    now = emulator.world.clock.now()
    answer = graph.add_password(
        graph.register(secrets=0),
        startDateTime=format_instant(now + timedelta(days=start_days)),
        endDateTime=format_instant(now + timedelta(days=end_days)),
    )
    assert graph_error(answer) == (400, code)


@pytest.mark.parametrize(
    "credential",
    [
        {"endDateTime": "soon"},
        {"endDateTime": 5},
        {"endDateTime": "9999-12-31T23:59:59-23:00"},
        {"displayName": 5},
        {"secretText": "mine"},
        {"colour": "blue"},
    ],
    ids=str,
)
def test_a_credential_that_the_service_would_not_take_is_refused(graph: Graph, credential: dict[str, Any]) -> None:
    assert graph_error(graph.add_password(graph.register(secrets=0), **credential)) == (400, "Request_BadRequest")


def test_a_secret_that_starts_in_the_last_years_of_the_calendar_needs_an_end(graph: Graph) -> None:
    app = graph.register(secrets=0)
    answer = graph.add_password(app, startDateTime="9998-06-01T00:00:00Z")
    assert graph_error(answer) == (400, "KeyCredentialsInvalidEndDate")


def test_both_secrets_of_an_application_work_at_the_same_time(graph: Graph, entra: Entra) -> None:
    app = graph.register(secrets=2)
    for secret in app.secrets:
        assert entra.client_credentials(app.app_id, secret).status_code == 200


def test_a_removed_secret_is_refused_at_once_and_cannot_be_removed_twice(graph: Graph, entra: Entra) -> None:
    app = graph.register(secrets=2)
    assert graph.remove_password(app, app.key_ids[0]).status_code == 204
    assert aadsts(entra.client_credentials(app.app_id, app.secrets[0])) == WRONG
    assert entra.client_credentials(app.app_id, app.secrets[1]).status_code == 200
    again = graph.remove_password(app, app.key_ids[0])
    assert graph_error(again) == (400, "Request_BadRequest")
    assert again.json()["error"]["message"] == f"No password credential found with keyId '{app.key_ids[0]}'."


def test_a_new_secret_is_visible_before_it_works_and_the_old_one_works_meanwhile(
    graph: Graph, entra: Entra, emulator: EmulatorServer
) -> None:
    emulator.world.clock.change(scale=0)
    app = graph.register(secrets=1)
    emulator.world.settings.update({"secret_propagation_s": 10})
    new = graph.secret(app)
    assert len(graph.read(app)["passwordCredentials"]) == 2
    emulator.world.clock.change(advance_s=9.9)
    assert aadsts(entra.client_credentials(app.app_id, new)) == WRONG
    assert entra.client_credentials(app.app_id, app.secrets[0]).status_code == 200
    emulator.world.clock.change(advance_s=0.2)
    assert entra.client_credentials(app.app_id, new).status_code == 200


def test_with_a_range_each_secret_has_a_delay_of_its_own(graph: Graph, emulator: EmulatorServer) -> None:
    emulator.world.clock.change(scale=0)
    emulator.world.settings.update({"secret_propagation_s": [4, 18]})
    app = graph.register(secrets=5, signInAudience="AzureADMultipleOrgs")
    kept = emulator.world.store.get("entra.applications", app.id)
    assert kept is not None
    now = emulator.world.clock.now()
    delays = {(parse_instant(item["usable_at"]) - now).total_seconds() for item in kept["secrets"].values()}
    assert len(delays) == 5
    assert all(4 <= delay <= 18 for delay in delays)


def test_an_expired_secret_says_so_and_one_that_has_not_started_is_wrong(
    graph: Graph, entra: Entra, emulator: EmulatorServer
) -> None:
    emulator.world.clock.change(scale=0)
    now = emulator.world.clock.now()
    app = graph.register(secrets=0)
    secret = graph.secret(
        app,
        startDateTime=format_instant(now + timedelta(days=1)),
        endDateTime=format_instant(now + timedelta(days=3)),
    )
    assert aadsts(entra.client_credentials(app.app_id, secret)) == WRONG
    emulator.world.clock.change(advance_s=2 * 86400)
    assert entra.client_credentials(app.app_id, secret).status_code == 200
    emulator.world.clock.change(advance_s=2 * 86400)
    assert aadsts(entra.client_credentials(app.app_id, secret)) == (401, "invalid_client", 7000222)


def test_a_secret_of_a_personal_account_application_meets_the_missing_personal_side(
    graph: Graph, emulator: EmulatorServer
) -> None:
    emulator.world.settings.update({"msa_conflicts": 1})
    app = graph.register(secrets=0)
    assert graph_error(graph.add_password(app)) == (409, "Error_MsaAppDoesNotExist")
    assert graph.add_password(app).status_code == 200


def test_an_unknown_application_has_no_secrets(graph: Graph) -> None:
    path = f"/v1.0/applications/{ids.derived('nobody')}/addPassword"
    assert graph_error(graph.http.post(path, json={})) == (404, "Request_ResourceNotFound")


def test_of_many_simultaneous_requests_for_a_secret_two_succeed(graph: Graph) -> None:
    app = graph.register(secrets=0)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: graph.add_password(app).status_code, range(8)))
    assert sorted(answers) == [200, 200, 400, 400, 400, 400, 400, 400]
