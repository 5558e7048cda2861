"""The whole retry policy: every condition, every method, how often, how long."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from pulumi_unifiedto.errors import InvalidInput
from pulumi_unifiedto.secret_text import SecretText
from pulumi_unifiedto.unified.retry_policy import (
    TABLE,
    Condition,
    Method,
    Reaction,
    RetryPolicy,
    asked_wait_s,
    condition_of,
)
from pulumi_unifiedto.unified.settings import ApiSettings
from pulumi_unifiedto.unified.transport import CallFailed, HttpTransport
from tests.logic.fake_time import START, FakeTime

URL = "https://api.unified.to"
KEY = SecretText("workspace-api-key-canary")


def untrusted() -> httpx.ConnectError:
    fault = httpx.ConnectError("x")
    fault.__cause__ = ssl.SSLCertVerificationError(1, "self-signed certificate")
    return fault


ONCE, ALL = 1, 6
R, L, G = "repeat", "look first", "give up"

# what happens on the wire -> for GET and PUT: how it ends, after how many requests
POLICY = {
    "refused connection": (httpx.ConnectError("connection refused"), (G, ALL), (G, ALL)),
    "no connection in time": (httpx.ConnectTimeout("x"), (G, ALL), (G, ALL)),
    "proxy refuses": (httpx.ProxyError("x"), (G, ALL), (G, ALL)),
    "untrusted certificate": (untrusted(), (G, ONCE), (G, ONCE)),
    "reset": (httpx.ReadError("reset by peer"), (G, ALL), (L, ONCE)),
    "reset while sending": (httpx.WriteError("broken pipe"), (G, ALL), (L, ONCE)),
    "half an answer": (httpx.RemoteProtocolError("incomplete body"), (G, ALL), (L, ONCE)),
    "no answer in time": (httpx.ReadTimeout("x"), (G, ALL), (L, ONCE)),
    "408": (408, (G, ALL), (L, ONCE)),
    "409": (409, (G, ONCE), (L, ONCE)),
    "429": (429, (G, ALL), (G, ALL)),
    "500": (500, (G, ALL), (L, ONCE)),
    "502": (502, (G, ALL), (L, ONCE)),
    "503": (503, (G, ALL), (L, ONCE)),
    "504": (504, (G, ALL), (L, ONCE)),
    "520": (520, (G, ALL), (L, ONCE)),
    "501": (501, (G, ONCE), (G, ONCE)),
    "302": (302, (G, ONCE), (G, ONCE)),
    "400": (400, (G, ONCE), (G, ONCE)),
    "401": (401, (G, ONCE), (G, ONCE)),
    "402": (402, (G, ONCE), (G, ONCE)),
    "403": (403, (G, ONCE), (G, ONCE)),
    "404": (404, (G, ONCE), (G, ONCE)),
    "405": (405, (G, ONCE), (G, ONCE)),
    "422": (422, (G, ONCE), (G, ONCE)),
}


def transport_of(answer: Any, time: FakeTime, **settings: Any) -> tuple[HttpTransport, list[httpx.Request]]:
    """A transport whose network answers everything with a status, or raises; and the requests it got."""
    requests: list[httpx.Request] = []

    def network(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        found = answer(len(requests)) if callable(answer) else answer
        if isinstance(found, Exception):
            raise found
        return found if isinstance(found, httpx.Response) else httpx.Response(found)

    made = HttpTransport(
        URL, KEY, settings=ApiSettings(**settings), timing=time.timing, transport=httpx.MockTransport(network)
    )
    return made, requests


@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize("case", POLICY)
def test_every_failure_of_every_method_is_repeated_looked_after_or_given_up(case: str, method: Method) -> None:
    answer, *expected = POLICY[case]
    ending, requests_wanted = expected[("GET", "PUT").index(method)]
    time = FakeTime(chance=1.0)
    transport, requests = transport_of(answer, time)
    with pytest.raises(CallFailed) as failed:
        transport.request(method, "/unified/environment", body=None if method == "GET" else {"a": 1})
    assert len(requests) == requests_wanted
    assert failed.value.reaction is Reaction(ending)
    assert time.waits == [1.0, 2.0, 4.0, 8.0, 16.0][: requests_wanted - 1]
    assert failed.value.failure.attempts == requests_wanted


def test_the_table_answers_for_every_condition_and_method() -> None:
    assert set(TABLE) == set(Condition)
    assert all(set(row) == {"GET", "PUT"} for row in TABLE.values())


def test_no_write_of_unknown_outcome_is_repeated_without_looking() -> None:
    unknown = [
        Condition.BROKEN,
        Condition.TIMED_OUT,
        Condition.TIMEOUT_STATUS,
        Condition.CONFLICT,
        Condition.SERVER_FAULT,
    ]
    assert {TABLE[condition]["PUT"] for condition in unknown} == {Reaction.LOOK_FIRST}


def test_a_failure_that_passes_is_not_noticed() -> None:
    time = FakeTime(chance=0.5)
    transport, requests = transport_of(lambda number: 200 if number == 3 else 503, time)
    assert transport.request("GET", "/unified/environment").attempts == 3
    assert len(requests) == 3
    assert time.waits == [0.75, 1.5]


WAITS = {
    "the first": (1, None, 0.0, 0.5),
    "the first, with all chance": (1, None, 1.0, 1.0),
    "the third": (3, None, 1.0, 4.0),
    "a late one is capped": (12, None, 1.0, 30.0),
    "a late one is capped, half by chance": (12, None, 0.0, 15.0),
    "as asked": (1, 7.0, 0.0, 7.0),
    "as asked, and a little": (4, 7.0, 0.5, 7.5),
    "asked for nothing": (4, 0.0, 0.0, 0.0),
}


@pytest.mark.parametrize("case", WAITS)
def test_waits_double_up_to_a_cap_unless_the_server_asks_otherwise(case: str) -> None:
    attempt, asked_s, draw, wanted = WAITS[case]
    assert RetryPolicy().wait_s(attempt, asked_s, draw) == wanted


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    "header", ["90", "90.0", format_datetime(START + timedelta(seconds=90), usegmt=True)], ids=["s", "float", "date"]
)
def test_retry_after_is_honoured_as_seconds_and_as_a_date(status: int, header: str) -> None:
    time = FakeTime()
    answers = lambda number: 200 if number == 2 else httpx.Response(status, headers={"Retry-After": header})  # noqa: E731
    transport, _requests = transport_of(answers, time)
    transport.request("GET", "/unified/environment")
    assert time.waits == [90.0]


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_retry_after_that_is_too_long_ends_the_run_at_once(method: Method) -> None:
    time = FakeTime()
    transport, requests = transport_of(httpx.Response(429, headers={"Retry-After": "3600"}), time)
    with pytest.raises(CallFailed) as failed:
        transport.request(method, "/unified/environment")
    assert (len(requests), time.waits) == (1, [])
    assert failed.value.failure.asked_s == 3600
    assert failed.value.reaction is Reaction.GIVE_UP


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("0", 0.0),
        ("9" * 400, None),
        ("Mon, 01 Jan 0001 00:00:00 +2359", 0.0),
        ("Mon, 23 Nov 99999999999999999999 12:00:00 GMT", None),
        ("Mon, 23 Nov 2026 11:59:00 GMT", 0.0),
        ("Mon, 23 Nov 2026 12:01:00 GMT", 60.0),
    ],
)
def test_odd_retry_after_headers_do_no_harm(header: str, wanted: Any) -> None:
    assert asked_wait_s(header, START) == wanted


def test_an_unreadable_answer_is_asked_for_three_times() -> None:
    time = FakeTime()
    transport, requests = transport_of(200, time)
    with pytest.raises(CallFailed, match="it is empty"):
        transport.request("GET", "/unified/environment", readable=lambda _answer: "it is empty")
    assert len(requests) == 3


def test_no_retries_means_one_request_and_a_write_of_unknown_fate_says_so() -> None:
    time = FakeTime()
    transport, requests = transport_of(503, time, policy=RetryPolicy(retries=0))
    with pytest.raises(CallFailed) as failed:
        transport.request("PUT", "/unified/workspaceintegration/wi_1", body={})
    assert len(requests) == 1
    assert failed.value.reaction is Reaction.GIVE_UP
    assert failed.value.outcome_unknown


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_every_2xx_is_a_success(status: int) -> None:
    assert condition_of(status) is None


def test_a_trickle_is_cut_off() -> None:
    time = FakeTime()

    class Trickle(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            for _part in range(100):
                time.passed_s += 1
                yield b"["

    transport, _requests = transport_of(
        lambda _number: httpx.Response(200, stream=Trickle()), time, timeout_s=30, policy=RetryPolicy(retries=0)
    )
    with pytest.raises(CallFailed, match="in time"):
        transport.request("GET", "/unified/environment")


SETTINGS: dict[str, tuple[str, Callable[[ApiSettings], float], float]] = {
    "UNIFIED_API_TIMEOUT_S": ("2.5", lambda settings: settings.timeout_s, 2.5),
    "UNIFIED_API_VISIBILITY_S": ("0", lambda settings: settings.visibility_s, 0),
    "UNIFIED_API_RETRIES": ("2", lambda settings: settings.policy.retries, 2),
    "UNIFIED_API_RETRY_WAIT_S": ("0.01", lambda settings: settings.policy.base_wait_s, 0.01),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_the_environment_tunes_time_limits_and_repeats(name: str) -> None:
    text, value_of, wanted = SETTINGS[name]
    assert value_of(ApiSettings.from_environment({name: text})) == wanted
    assert value_of(ApiSettings.from_environment({})) == value_of(ApiSettings())


@pytest.mark.parametrize("text", ["soon", "-1", "nan", "99999"])
@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_that_is_no_number_is_named(name: str, text: str) -> None:
    with pytest.raises(InvalidInput, match=name):
        ApiSettings.from_environment({name: text})
