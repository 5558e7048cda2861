"""A web page of somebody else's can neither steer the emulator nor read its journal."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from emulator.core.server import EmulatorServer

STEERING = [
    ("POST", "/_emulator/reset", "{}"),
    ("POST", "/_emulator/faults", '{"action": "refuse", "path": "nowhere"}'),
    ("PUT", "/_emulator/clock", '{"advance_s": 60}'),
    ("PUT", "/_emulator/settings", '{"msa_conflicts": 5}'),
    ("POST", "/_emulator/sign-in", '{"integration_type": "microsoft"}'),
    ("PATCH", "/_emulator/unifiedto/integrations", '{"integration_type": "microsoft", "is_active": true}'),
]
LOOKING = [("GET", "/_emulator/journal", ""), ("GET", "/_emulator/settings", ""), ("DELETE", "/_emulator/journal", "")]
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorServer]:
    with EmulatorServer(tmp_path_factory.mktemp("emulator")) as emulator:
        yield emulator


@pytest.fixture
def emulator(running: EmulatorServer) -> EmulatorServer:
    running.world.reset()
    return running


@pytest.fixture
def http(emulator: EmulatorServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=emulator.base_url, verify=emulator.ssl_context, trust_env=False) as client:
        yield client


@pytest.mark.parametrize(("method", "path", "body"), STEERING + LOOKING)
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "https://localhost"},
        {"origin": "http://localhost:{port}"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"host": "evil.example"},
        {"host": "evil.example:{port}"},
        {"host": "localhost.evil.example:{port}"},
        {"host": "localhost@evil.example"},
        {"host": "[::1"},
    ],
    ids=str,
)
def test_a_request_of_another_page_is_refused_and_changes_nothing(
    emulator: EmulatorServer, http: httpx.Client, method: str, path: str, body: str, headers: dict[str, str]
) -> None:
    http.get("/unified/environment")
    before = emulator.world.snapshot()
    sent = {name: value.format(port=emulator.port) for name, value in headers.items()}
    answer = http.request(method, path, content=body, headers={**JSON, **sent})
    assert (answer.status_code, list(answer.json())) == (403, ["error"])
    assert emulator.world.snapshot() == before
    assert emulator.world.faults.pending() == []
    assert emulator.world.journal.entries() != []


@pytest.mark.parametrize(("method", "path", "body"), STEERING)
@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None])
def test_what_a_form_could_send_is_refused(
    http: httpx.Client, method: str, path: str, body: str, media_type: str | None
) -> None:
    headers = {} if media_type is None else {"content-type": media_type}
    assert http.request(method, path, content=body, headers=headers).status_code == 403


@pytest.mark.parametrize(("method", "path", "body"), STEERING + LOOKING)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "https://localhost:{port}", "sec-fetch-site": "same-origin"},
        {"host": "127.0.0.1:{port}", "origin": "https://127.0.0.1:{port}"},
        {"host": "[::1]:{port}", "sec-fetch-site": "none"},
        {"content-type": "application/json; charset=utf-8"},
    ],
    ids=str,
)
def test_programs_and_the_emulator_s_own_page_are_let_in(
    emulator: EmulatorServer, http: httpx.Client, method: str, path: str, body: str, headers: dict[str, str]
) -> None:
    sent = {name: value.format(port=emulator.port) for name, value in headers.items()}
    assert http.request(method, path, content=body, headers={**JSON, **sent}).is_success


def test_the_page_is_shown_under_this_computer_s_names_only(http: httpx.Client) -> None:
    assert http.get("/", headers={"host": "evil.example"}).status_code == 403
    assert http.get("/signed-in", headers={"host": "evil.example"}).status_code == 403
    assert http.get("/", headers={"sec-fetch-site": "cross-site"}).status_code == 200
