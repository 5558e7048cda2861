"""The whole retry policy: every condition, every method, how often, how long."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Literal

import httpx
import pytest

from pulumi_unifiedto.errors import InvalidInput
from pulumi_unifiedto.secret_text import SecretText
from pulumi_unifiedto.unified.retry_policy import Condition, RetryPolicy, condition_of
from pulumi_unifiedto.unified.rows import Body
from pulumi_unifiedto.unified.settings import ApiSettings
from pulumi_unifiedto.unified.transport import Answer, CallFailed, HttpTransport
from tests.logic.fake_time import FakeTime

URL = "https://api.unified.to"
KEY = SecretText("workspace-api-key-canary")


UNTRUSTED = httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate")

ONCE, ALL = 1, 6

# what happens on the wire -> how many requests follow, and how often a write is read before it is repeated
POLICY = {
    "refused connection": (httpx.ConnectError("connection refused"), ALL, 0),
    "no connection in time": (httpx.ConnectTimeout("x"), ALL, 0),
    "proxy refuses": (httpx.ProxyError("x"), ALL, 0),
    "untrusted certificate": (UNTRUSTED, ONCE, 0),
    "reset": (httpx.ReadError("reset by peer"), ALL, 5),
    "reset while sending": (httpx.WriteError("broken pipe"), ALL, 5),
    "half an answer": (httpx.RemoteProtocolError("incomplete body"), ALL, 5),
    "no answer in time": (httpx.ReadTimeout("x"), ALL, 5),
    "408": (408, ALL, 5),
    "409": (409, ALL, 5),
    "429": (429, ALL, 0),
    "500": (500, ALL, 5),
    "502": (502, ALL, 5),
    "503": (503, ALL, 5),
    "504": (504, ALL, 5),
    "520": (520, ALL, 5),
    "501": (501, ONCE, 0),
    "302": (302, ONCE, 0),
    "400": (400, ONCE, 0),
    "401": (401, ONCE, 0),
    "402": (402, ONCE, 0),
    "403": (403, ONCE, 0),
    "404": (404, ONCE, 0),
    "405": (405, ONCE, 0),
    "422": (422, ONCE, 0),
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

    made = HttpTransport(URL, KEY, ApiSettings(**settings), time.timing, httpx.MockTransport(network))
    return made, requests


def text_of(answer: Answer) -> str:
    return answer.text


@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize("case", POLICY)
def test_every_failure_is_repeated_or_given_up_and_no_write_of_unknown_outcome_is_repeated_unread(
    case: str, method: Literal["GET", "PUT"]
) -> None:
    answer, requests_wanted, reads_wanted = POLICY[case]
    time = FakeTime(chance=1.0)
    transport, requests = transport_of(answer, time)
    reads: list[int] = []

    def read_again() -> Body:
        reads.append(len(requests))
        return Body({"number": len(requests)}, {})

    write: dict[str, Any] = {"body": Body({"number": 0}, {}), "read_again": read_again} if method == "PUT" else {}
    with pytest.raises(CallFailed) as failed:
        transport.request(method, "/unified/environment", text_of, **write)
    assert len(requests) == failed.value.attempts == requests_wanted
    assert time.waits == [1.0, 2.0, 4.0, 8.0, 16.0][: requests_wanted - 1]
    if method == "PUT":
        assert len(reads) == reads_wanted
        sent = [json.loads(request.content)["number"] for request in requests]
        assert sent == (list(range(requests_wanted)) if reads_wanted else [0] * requests_wanted)


def test_a_failure_that_passes_is_not_noticed() -> None:
    time = FakeTime(chance=0.5)
    transport, requests = transport_of(lambda number: 200 if number == 3 else 503, time)
    transport.request("GET", "/unified/environment", text_of)
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
    "asked for too long": (1, 121.0, 0.0, None),
    "after the last repeat": (21, None, 0.0, None),
}


@pytest.mark.parametrize("case", WAITS)
def test_waits_double_up_to_a_cap_unless_the_server_asks_otherwise(case: str) -> None:
    attempt, asked_s, draw, wanted = WAITS[case]
    assert RetryPolicy(retries=20).wait_s(Condition.THROTTLED, attempt, asked_s, draw) == wanted


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured(status: int) -> None:
    time = FakeTime()
    answers = lambda number: 200 if number == 2 else httpx.Response(status, headers={"Retry-After": "90"})  # noqa: E731
    transport, _requests = transport_of(answers, time)
    transport.request("GET", "/unified/environment", text_of)
    assert time.waits == [90.0]


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_retry_after_that_is_too_long_ends_the_run_at_once(method: Literal["GET", "PUT"]) -> None:
    time = FakeTime()
    transport, requests = transport_of(httpx.Response(429, headers={"Retry-After": "3600"}), time)
    with pytest.raises(CallFailed) as failed:
        transport.request(method, "/unified/environment", text_of)
    assert (len(requests), time.waits) == (1, [])
    assert failed.value.asked_s == 3600


@pytest.mark.parametrize("header", ["", "soon", "-5", "9" * 400, "²", "Mon, 23 Nov 2026 12:01:00 GMT"])
def test_a_retry_after_that_is_no_number_of_seconds_does_no_harm(header: str) -> None:
    time = FakeTime(chance=1.0)
    answer = httpx.Response(429, headers=[(b"Retry-After", header.encode())])
    transport, _requests = transport_of(lambda number: 200 if number == 2 else answer, time)
    transport.request("GET", "/unified/environment", text_of)
    assert time.waits == [1.0]


def test_an_unreadable_answer_is_asked_for_three_times() -> None:
    def parse(_answer: Answer) -> str:
        raise ValueError("it is empty")

    transport, requests = transport_of(200, FakeTime())
    with pytest.raises(CallFailed) as failed:
        transport.request("GET", "/unified/environment", parse)
    assert failed.value.reason == "it is empty"
    assert len(requests) == 3


def test_no_retries_means_one_request() -> None:
    transport, requests = transport_of(503, FakeTime(), policy=RetryPolicy(retries=0))
    with pytest.raises(CallFailed):
        transport.request("PUT", "/unified/workspaceintegration/wi_1", text_of, body=Body({}, {}))
    assert len(requests) == 1


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
        transport.request("GET", "/unified/environment", text_of)


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
