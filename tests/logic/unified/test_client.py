"""The API client: what it sends, what it understands, and what a user reads when it cannot go on."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from pulumi_unifiedto import errors
from pulumi_unifiedto.errors import UnifiedtoError
from pulumi_unifiedto.secret_text import SecretText
from pulumi_unifiedto.unified.addresses import REGIONS, dashboard_url_for, normal_api_url, redirect_uri_for, region_of
from pulumi_unifiedto.unified.client import UnifiedApi
from pulumi_unifiedto.unified.rows import Body, Identity
from pulumi_unifiedto.unified.settings import ApiSettings, api_key_from
from tests.logic.fake_time import FakeTime

URL = REGIONS["us"]
KEY = "workspace-api-key-canary"
SECRET = "Zq8~canary.secret_of-forty+characters/40"
CLIENT_ID = "22222222-2222-2222-2222-222222222222"
IDENTITY = Identity(URL, "ws_1", "Production", "microsoft_ad")
BODY = Body({"integration_type": "microsoft_ad", "is_active": True}, {"client_secret": SecretText(SECRET)})


def row(number: int, **fields: Any) -> dict[str, Any]:
    return {"id": f"wi_{number}", "integration_type": f"type_{number}", "is_active": True, **fields}


class Remote:
    """A network that answers with `answers` in turn, the last one again and again; `requests` it got."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.time = FakeTime()

    def api(self, **settings: Any) -> UnifiedApi:
        return UnifiedApi(
            URL,
            SecretText(KEY),
            settings=ApiSettings(**settings),
            timing=self.time.timing,
            transport=httpx.MockTransport(self._answer),
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
        return httpx.Response(200, json=answer)


def text(status: int, body: str = "", **headers: str) -> httpx.Response:
    return httpx.Response(
        status, content=body.encode(), headers={key.replace("_", "-"): headers[key] for key in headers}
    )


# --- what is sent ----------------------------------------------------------------------------------------------------


def test_a_list_names_environment_type_page_and_asks_for_no_credentials() -> None:
    remote = Remote([])
    remote.api().rows(Identity(URL, "ws_1", "Staging", "microsoft_ad"))
    (request,) = remote.requests
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.url.path == "/unified/workspaceintegration"
    assert dict(request.url.params) == {
        "env": "Staging",
        "integration_type": "microsoft_ad",
        "include_credentials": "false",
        "limit": "100",
        "offset": "0",
    }


def test_the_environment_is_always_named_for_production_too() -> None:
    remote = Remote(text(200, "https://login.example.com/authorize?client_id=x"), [])
    remote.api().authorization_target(IDENTITY)
    remote.api().shared_rows(IDENTITY)
    assert [request.url.params["env"] for request in remote.requests] == ["Production", "Production"]


def test_routes_that_need_no_key_get_none() -> None:
    remote = Remote(text(200, "https://login.example.com/authorize?client_id=x"), [])
    remote.api().authorization_target(IDENTITY)
    remote.api().require_workspace("ws_1")
    assert all("Authorization" not in request.headers for request in remote.requests)


def test_ids_in_paths_are_quoted() -> None:
    remote = Remote({})
    remote.api().update(IDENTITY, "wi/../1", BODY, lambda: BODY)
    assert remote.requests[0].url.raw_path == b"/unified/workspaceintegration/wi%2F..%2F1"


def test_a_redirection_is_not_followed_with_the_key() -> None:
    remote = Remote(text(302, location="https://elsewhere.example.com/"))
    with pytest.raises(errors.MalformedAnswer, match="redirection"):
        remote.api().environments()
    assert len(remote.requests) == 1


# --- lists -----------------------------------------------------------------------------------------------------------


def paged(rows: list[dict[str, Any]], size: int, *, filters: bool = True, offsets: bool = True) -> Any:
    def answer(request: httpx.Request) -> list[dict[str, Any]]:
        wanted = request.url.params
        found = [
            each
            for each in rows
            if not filters
            or (
                each.get("environment", "Production") == wanted["env"]
                and each["integration_type"] == wanted.get("integration_type", each["integration_type"])
            )
        ]
        start = int(wanted["offset"]) if offsets else 0
        return found[start : start + min(size, int(wanted["limit"]))]

    return answer


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize("filters", [True, False])
def test_a_row_is_found_whatever_the_page_size_and_whether_filters_work(size: int, filters: bool) -> None:
    rows = [row(number) for number in range(7)] + [row(8, environment="Staging", integration_type="type_5")]
    identity = Identity(URL, "ws_1", "Production", "type_5")
    found = Remote(paged(rows, size, filters=filters)).api().rows(identity)
    assert [each.id for each in found if each.is_of(identity)] == ["wi_5"]


def test_a_server_that_ignores_the_offset_does_not_keep_the_client_for_ever() -> None:
    remote = Remote(paged([row(1), row(2)], 2, offsets=False))
    assert len(remote.api().shared_rows(IDENTITY)) == 2
    assert len(remote.requests) == 2


def test_a_list_of_one_row_that_was_asked_for_costs_one_request() -> None:
    remote = Remote(paged([row(1), row(2)], 100))
    remote.api().rows(Identity(URL, "ws_1", "Production", "type_1"))
    assert len(remote.requests) == 1


def test_two_rows_of_one_kind_are_both_found() -> None:
    rows = [row(1, integration_type="microsoft_ad"), row(2, integration_type="microsoft_ad")]
    assert len(Remote(paged(rows, 100)).api().rows(IDENTITY)) == 2


def test_a_list_without_end_ends() -> None:
    def endless(request: httpx.Request) -> list[dict[str, Any]]:
        return [row(int(request.url.params["offset"]))]

    with pytest.raises(errors.MalformedAnswer, match="did not end"):
        Remote(endless).api().shared_rows(IDENTITY)


def test_a_row_without_environment_belongs_to_production() -> None:
    (found,) = Remote([row(1, integration_type="microsoft_ad")]).api().rows(IDENTITY)
    assert found.environment == "Production"


def test_credentials_in_clear_do_not_stay_in_memory() -> None:
    shown = row(1, integration_type="microsoft_ad", auth={"client_id": CLIENT_ID, "client_secret": SECRET})
    (found,) = Remote([shown]).api().rows(IDENTITY)
    assert SECRET not in repr(found)
    assert found.auth_keys == {"client_id", "client_secret"}
    assert found.visible_client_id == CLIENT_ID


def test_threads_share_one_list_of_an_environment() -> None:
    arrived = threading.Event()

    def slow(request: httpx.Request) -> list[dict[str, Any]]:
        arrived.wait(5)
        return [] if request.url.params["offset"] != "0" else [row(number) for number in range(20)]

    remote = Remote(slow)
    api = remote.api()
    identities = [Identity(URL, "ws_1", "Production", f"type_{number}") for number in range(20)]
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda identity=each: found.append(len(api.shared_rows(identity))))
        for each in identities
    ]
    for thread in threads:
        thread.start()
    arrived.set()
    for thread in threads:
        thread.join(10)
    assert found == [20] * 20
    assert len(remote.requests) == 2


def test_a_write_makes_the_shared_list_of_its_environment_old() -> None:
    remote = Remote([])
    api = remote.api()
    other = Identity(URL, "ws_1", "Production", "microsoftoutlook")
    staging = Identity(URL, "ws_1", "Staging", "microsoftoutlook")
    api.shared_rows(IDENTITY)
    api.shared_rows(staging)
    api.update(IDENTITY, "wi_1", BODY, lambda: BODY)
    lists_before = len(remote.requests)
    api.shared_rows(other)
    api.shared_rows(Identity(URL, "ws_1", "Staging", "microsoft_ad"))
    assert len(remote.requests) == lists_before + 1


# --- writes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer", [text(200), text(204), text(202, "accepted"), text(200, "<html>ok</html>"), text(201, "{")]
)
def test_any_2xx_answer_to_a_write_counts_whatever_its_body(answer: Any) -> None:
    remote = Remote(answer)
    remote.api().update(IDENTITY, "wi_1", BODY, lambda: BODY)
    assert json.loads(remote.requests[0].content) == {
        "integration_type": "microsoft_ad",
        "is_active": True,
        "auth": {"client_secret": SECRET},
    }


@pytest.mark.parametrize("charset", ["utf-8", "utf-9", "latin-1"])
def test_an_answer_is_read_as_utf_8_whatever_it_says(charset: str) -> None:
    media_type = f"application/json; charset={charset}"
    Remote(text(200, "schön", content_type=media_type)).api().update(IDENTITY, "wi_1", BODY, lambda: BODY)
    error = refused_with(text(400, '"schön"', content_type=media_type), "PUT")
    assert "saying: schön." in error.what


def test_a_write_whose_answer_is_lost_is_made_anew_and_repeated() -> None:
    remote = Remote(httpx.ReadError("reset"), {})
    remote.api().update(IDENTITY, "wi_1", BODY, lambda: Body({"is_active": False}, {}))
    assert [json.loads(request.content)["is_active"] for request in remote.requests] == [True, False]


def test_a_write_whose_answers_are_all_lost_is_uncertain() -> None:
    error = refused_with(httpx.ReadError("reset"), "PUT")
    assert isinstance(error, errors.WriteUncertain)
    assert "PUT /unified/workspaceintegration/wi_1 after 6 attempts" in error.what


def test_a_write_says_how_long_unified_asks_to_wait() -> None:
    words = str(refused_with(text(503, retry_after="3600"), "PUT"))
    assert words.startswith("UNI307")
    assert "next: Wait at least 3600 s, as Unified.to asks, and run again" in words


def test_an_answered_fault_is_not_called_a_broken_connection() -> None:
    words = str(refused_with(text(500), "PUT"))
    assert "after 6 attempts: it answered 500." in words
    assert "connection" not in words


def test_a_conflict_that_stays_says_how_often_it_was_tried() -> None:
    words = str(refused_with(text(409, "busy.", content_type="text/plain"), "PUT"))
    assert "Unified.to refused PUT /unified/workspaceintegration/wi_1 6 times, saying: busy." in words
    assert "Somebody else is changing the same registration" in words


# --- the words -------------------------------------------------------------------------------------------------------


def refused_with(answer: Any, call: str) -> UnifiedtoError:
    """The error that a call ends in when everything is answered alike; no secret is in it."""
    api = Remote(answer).api()
    calls: dict[str, Callable[[], object]] = {
        "list": lambda: api.rows(IDENTITY),
        "PUT": lambda: api.update(IDENTITY, "wi_1", BODY, lambda: BODY),
    }
    with pytest.raises(UnifiedtoError) as raised:
        calls[call]()
    error = raised.value
    assert SECRET not in str(error)
    assert KEY not in str(error)
    return error


ERRORS = {
    "401": (text(401), "list", errors.ApiKeyRefused, "Compare the key and the region with https://app.unified.to"),
    "402": (text(402), "PUT", errors.PlanRefused, "plan"),
    "403 plan": (text(403, "Please upgrade your plan"), "PUT", errors.PlanRefused, 'mode to "manual"'),
    "403 role": (text(403), "PUT", errors.ApiKeyNotPermitted, "role does not allow it"),
    "403 list": (text(403), "list", errors.ApiKeyNotPermitted, "GET /unified/workspaceintegration"),
    "400": (text(400), "PUT", errors.RegistrationRefused, "giving no reason"),
    "400 list": (text(400), "list", errors.RegistrationRefused, "Check apiUrl and region, and report it"),
    "404 list": (text(404), "list", errors.MalformedAnswer, "Check apiUrl and region (https://api.unified.to)"),
    "405 list": (text(405), "list", errors.MalformedAnswer, "the address does not know this request"),
    "429": (text(429, retry_after="300"), "list", errors.RateLimited, "Wait at least 300 s"),
    "503": (text(503), "list", errors.ApiUnavailable, "6 times"),
    "503 for an hour": (text(503, retry_after="3600"), "list", errors.ApiUnavailable, "Wait at least 3600 s"),
    "501": (text(501), "list", errors.MalformedAnswer, "does not know this request"),
    "404": (text(404), "PUT", errors.RegistrationRefused, "Run again. If the error stays, set the registration's mode"),
    "refused": (httpx.ConnectError("[Errno 111] Connection refused"), "list", errors.ApiUnreachable, "to: [Errno 111]"),
    "refused write": (httpx.ConnectError("Connection refused"), "PUT", errors.ApiUnreachable, "Connection refused"),
    "no connection": (httpx.ConnectTimeout(""), "list", errors.ApiUnreachable, "no connection within the time limit"),
    "time-out": (httpx.ReadTimeout("x"), "list", errors.ApiUnreachable, "no answer came in time"),
    "too long": (text(200, " " * (16 * 1024 * 1024 + 1)), "list", errors.ApiUnreachable, "broke before the answer was"),
    "HTML": (text(200, "<html>sign in</html>"), "list", errors.MalformedAnswer, "it is HTML and not JSON"),
    "half": (text(200, '[{"id": "wi_1"'), "list", errors.MalformedAnswer, "not JSON, or not all of it"),
    "empty": (text(200), "list", errors.MalformedAnswer, "it is empty"),
    "object": ({"data": []}, "list", errors.MalformedAnswer, "it is not an array"),
    "numbers": ([1, 2], "list", errors.MalformedAnswer, "something else than objects"),
    "no id": ([{"integration_type": "microsoft_ad"}], "list", errors.MalformedAnswer, "a row has no id"),
    "no type": ([{"id": "wi_1"}], "list", errors.MalformedAnswer, "a row has no integration_type"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_a_failure_is_explained(case: str) -> None:
    answer, call, kind, words = ERRORS[case]
    error = refused_with(answer, call)
    assert type(error) is kind
    assert words in str(error)


FORMATS = {
    "object": ('{"statusCode":400,"error":"Bad Request","message":"is_active is required"}', "application/json"),
    "only error": ('{"error":"is_active is required"}', "application/json"),
    "nested": ('{"error":{"message":"is_active is required"}}', "application/json"),
    "string": ('"is_active is required"', "application/json"),
    "text": ("is_active is required\n", "text/plain"),
    "sentence": ("is_active is required.\n", "text/plain"),
    "HTML": ("<html><head><title>is_active is required</title></head></html>", "text/html; charset=utf-8"),
}


@pytest.mark.parametrize("form", FORMATS)
def test_the_reason_is_found_in_every_form_of_error_body(form: str) -> None:
    body, media_type = FORMATS[form]
    error = refused_with(text(400, body, content_type=media_type), "PUT")
    assert error.what.endswith("saying: is_active is required.")


@pytest.mark.parametrize(
    "body", ["{}", "[7]", '{"message": null}', '{"errors": [{"detail": "is_active is required"}]}', "{"]
)
def test_a_body_of_another_form_is_shown_as_it_is(body: str) -> None:
    assert refused_with(text(400, body, content_type="application/json"), "PUT").what.endswith(f"saying: {body}.")


@pytest.mark.parametrize("body", ["", " ", "\x00\x01"])
def test_a_body_without_words_gives_no_reason(body: str) -> None:
    assert "giving no reason" in refused_with(text(400, body, content_type="application/json"), "PUT").what


def test_a_body_that_quotes_the_request_does_not_give_the_secret_away() -> None:
    quoted = json.dumps({"message": f'invalid body {{"client_secret":"{SECRET}","key":"{KEY}"}}'})
    error = refused_with(text(400, quoted, content_type="application/json"), "PUT")
    assert "********" in error.what


def test_a_body_of_another_form_does_not_give_the_secret_away_however_it_is_escaped() -> None:
    escaped = "".join(f"\\u{ord(character):04x}" for character in SECRET)
    error = refused_with(text(400, f'{{"errors": ["{escaped}"]}}', content_type="application/json"), "PUT")
    assert "********" in error.what


def test_a_long_reason_is_cut_and_stays_on_one_line() -> None:
    reason = refused_with(text(400, "line\n" * 500, content_type="text/plain"), "PUT").what
    assert len(reason) < 320
    assert "\n" not in reason


@pytest.mark.parametrize("header", ["x-request-id", "request-id", "x-correlation-id", "cf-ray"])
def test_the_request_id_is_passed_on(header: str) -> None:
    answer = httpx.Response(400, headers={header: "req-1"})
    assert str(refused_with(answer, "PUT")).endswith("(remote code 400, request id req-1)")


def test_messages_name_the_path_without_the_query() -> None:
    assert "?" not in refused_with(text(503), "list").what


# --- the authorization URL -------------------------------------------------------------------------------------------

AUTHORIZE = "https://login.microsoftonline.com/common/oauth2/v2.0/authorize"
CALLBACK = redirect_uri_for(URL)

TARGETS = {
    "URL": (
        text(200, f"{AUTHORIZE}?client_id={CLIENT_ID}&redirect_uri=https%3A%2F%2Fapi.unified.to%2Foauth%2Fcode"),
        (CLIENT_ID, CALLBACK, None),
    ),
    "quoted URL": (text(200, f'"{AUTHORIZE}?client_id={CLIENT_ID}"\n'), (CLIENT_ID, None, None)),
    "no client id": (text(200, AUTHORIZE), (None, None, "the authorization URL names no client_id")),
    "page": (
        text(200, "<html>not configured</html>", content_type="text/html"),
        (None, None, "Unified.to answers with a page instead of an authorization URL"),
    ),
    "nothing": (text(200), (None, None, "Unified.to answers with something else instead of an authorization URL")),
    "404": (
        text(404, "integration not found", content_type="text/plain"),
        (None, None, "Unified.to gives no authorization URL, saying: integration not found"),
    ),
    "400": (text(400), (None, None, "Unified.to gives no authorization URL")),
}


@pytest.mark.parametrize("case", TARGETS)
def test_the_authorization_url_is_read_and_its_absence_explained(case: str) -> None:
    answer, wanted = TARGETS[case]
    target = Remote(answer).api().authorization_target(IDENTITY)
    assert (target.client_id, target.redirect_uri, target.problem) == wanted


def test_a_server_error_is_no_missing_authorization_url() -> None:
    with pytest.raises(errors.ApiUnavailable):
        Remote(text(500)).api().authorization_target(IDENTITY)


# --- names and addresses ---------------------------------------------------------------------------------------------


def test_environments_are_names() -> None:
    assert Remote(["Production", "Sandbox"]).api().environments() == ["Production", "Sandbox"]


def test_the_catalogue_is_read_to_its_end() -> None:
    remote = Remote([{"type": "a"}, {"type": "b"}], [{"type": "c"}], [])
    assert remote.api().integration_types() == ["a", "b", "c"]


def test_a_workspace_of_another_region_is_named() -> None:
    with pytest.raises(errors.WorkspaceNotFound, match=r'no workspace "ws_1" at https://api.unified.to, region us'):
        Remote(text(404)).api().require_workspace("ws_1")


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("https://api.unified.to/", "https://api.unified.to"),
        (" HTTPS://API.Unified.to ", "https://api.unified.to"),
        ("https://localhost:8443", "https://localhost:8443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_api_addresses_have_one_spelling(given: str, normal: str) -> None:
    assert normal_api_url(given) == normal


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("http://api.unified.to", "the API key would be sent unencrypted"),
        ("http://127.0.0.1.example.com", "the API key would be sent unencrypted"),
        ("api.unified.to", "it does not begin with https://"),
        ("ftp://api.unified.to", "it does not begin with https://"),
        ("https://", "it names no host"),
        ("https://api.unified.to/unified", "it has a path"),
        ("https://api.unified.to?key=1", "it has a query"),
        ("https://user:password-canary@api.unified.to", "it contains a user name"),
        ("https://[::1", "it is not an address"),
    ],
)
def test_the_key_goes_to_no_address_where_it_would_be_seen(given: str, words: str) -> None:
    with pytest.raises(errors.InvalidInput) as refused:
        normal_api_url(given)
    assert words in refused.value.what
    assert "password-canary" not in str(refused.value)


@pytest.mark.parametrize(
    ("region", "dashboard"),
    [("us", "https://app.unified.to"), ("eu", "https://app-eu.unified.to"), ("au", "https://app-au.unified.to")],
)
def test_regions_have_their_own_addresses(region: str, dashboard: str) -> None:
    url = REGIONS[region]
    assert region_of(url) == region
    assert dashboard_url_for(url) == dashboard
    assert redirect_uri_for(url) == f"{url}/oauth/code"
    assert region_of("https://auth.example.com") is None


# --- the key ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "configured", "key"),
    [
        ({"UNIFIED_API_KEY": "one"}, "two", "one"),
        ({"UNIFIED_API_KEY": " one\n"}, None, "one"),
        ({"UNIFIED_API_KEY": " \n"}, "two", "two"),
        ({"UNIFIED_API_KEY": ""}, "", None),
        ({}, "  ", None),
        ({}, None, None),
    ],
)
def test_the_key_is_read_from_the_environment_else_from_the_configuration_and_a_blank_one_is_none(
    environment: dict[str, str], configured: str | None, key: str | None
) -> None:
    found = api_key_from(environment, configured)
    assert (found and found.reveal()) == key


@pytest.mark.parametrize("key", ["canary canary", "canary\ncanary", "canary\tcanary", "canary\x00", "canary-schlüssel"])
@pytest.mark.parametrize("source", ["UNIFIED_API_KEY", "unifiedto:apiKey"])
def test_a_key_that_no_header_can_carry_is_refused_by_its_source_and_not_printed(key: str, source: str) -> None:
    environment, configured = ({source: key}, None) if source == "UNIFIED_API_KEY" else ({}, key)
    with pytest.raises(errors.InvalidInput) as refused:
        api_key_from(environment, configured)
    message = str(refused.value)
    assert f"The input {source} is not usable" in message
    assert "canary" not in message
