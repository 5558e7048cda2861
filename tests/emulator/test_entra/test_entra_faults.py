"""Scripted faults, seen from the client's side of the socket."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from collections.abc import Iterator

import httpx
import pytest

from emulator.core.client import EmulatorControl
from emulator.core.server import EmulatorServer

from .situations import Graph, Registered


@pytest.fixture
def app(graph: Graph) -> Registered:
    return graph.register(secrets=0)


def raw(emulator: EmulatorServer, trust: ssl.SSLContext, request: bytes) -> bytes:
    """Everything that comes back on a connection of its own, until it ends cleanly."""
    plain = socket.create_connection(("127.0.0.1", emulator.port), timeout=5)
    with trust.wrap_socket(plain, server_hostname="localhost", suppress_ragged_eofs=False) as connection:
        connection.sendall(request)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    return received


def get(path: str, token: str = "") -> bytes:
    header = f"Authorization: {token}\r\n" if token else ""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{header}\r\n".encode()


def test_a_status_is_answered_in_the_services_own_format_without_acting(
    graph: Graph, app: Registered, emulator: EmulatorServer
) -> None:
    emulator.control.add_fault({"kind": "status", "status": 429, "headers": {"Retry-After": "7"}}, path="addPassword$")
    answer = graph.add_password(app)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert answer.json()["error"]["code"] == "TooManyRequests"
    assert graph.read(app)["passwordCredentials"] == []
    assert graph.add_password(app).status_code == 200


def test_a_scripted_body_replaces_the_services_words(graph: Graph, app: Registered, emulator: EmulatorServer) -> None:
    body = {"error": {"code": "Directory_ConcurrencyViolation", "message": "Please wait."}}
    emulator.control.add_fault({"kind": "status", "status": 409, "body": body}, method="PATCH")
    assert graph.change(app, notes="x").json() == body
    emulator.control.add_fault({"kind": "status", "status": 502, "body": "<h1>Bad gateway</h1>"}, method="PATCH")
    assert graph.change(app, notes="x").text == "<h1>Bad gateway</h1>"


def test_status_after_acts_first(graph: Graph, app: Registered, emulator: EmulatorServer) -> None:
    emulator.control.add_fault({"kind": "status_after", "status": 503}, path="addPassword$")
    assert graph.add_password(app).status_code == 503
    assert len(graph.read(app)["passwordCredentials"]) == 1


@pytest.mark.parametrize(("kind", "secrets"), [("reset_before", 0), ("reset_after", 1), ("refuse", 0)])
def test_a_broken_connection_leaves_the_server_having_acted_or_not(
    graph: Graph, app: Registered, emulator: EmulatorServer, kind: str, secrets: int
) -> None:
    emulator.control.add_fault(kind, path="addPassword$")
    with pytest.raises(httpx.TransportError):
        graph.add_password(app)
    assert len(graph.read(app)["passwordCredentials"]) == secrets
    entry = next(entry for entry in emulator.control.journal() if entry["fault"])
    assert (entry["fault"], entry["status"], entry["acted"]) == (kind, None, secrets == 1)


def test_a_reset_is_a_tcp_reset_and_not_a_polite_end(emulator: EmulatorServer, trust: ssl.SSLContext) -> None:
    emulator.control.add_fault("reset_before")
    connection = trust.wrap_socket(
        socket.create_connection(("127.0.0.1", emulator.port), timeout=5),
        server_hostname="localhost",
        suppress_ragged_eofs=False,
    )
    connection.sendall(get("/v1.0/applications"))
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        connection.recv(4096)
    state = struct.unpack("B", connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1))[0]
    connection.close()
    assert state == 7, "closed by a reset; a polite end would leave the socket in CLOSE_WAIT (8)"


def test_half_a_body_promises_more_than_it_sends(
    graph: Graph, app: Registered, emulator: EmulatorServer, trust: ssl.SSLContext
) -> None:
    emulator.control.add_fault("half_body", method="GET", path="applications/")
    received = raw(emulator, trust, get(f"/v1.0/applications/{app.id}", graph.http.headers["authorization"]))
    head, _, body = received.partition(b"\r\n\r\n")
    promised = int(next(line for line in head.split(b"\r\n") if line.startswith(b"content-length")).split(b":")[1])
    assert head.startswith(b"HTTP/1.1 200")
    assert len(body) == promised // 2
    emulator.control.add_fault("half_body", method="PATCH")
    with pytest.raises(httpx.TransportError):
        graph.change(app, notes="written")
    assert graph.read(app)["notes"] == "written"


def test_not_json_acts_and_answers_a_page(graph: Graph, app: Registered, emulator: EmulatorServer) -> None:
    emulator.control.add_fault("not_json", method="PATCH")
    answer = graph.change(app, notes="written")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert graph.read(app)["notes"] == "written"


def test_a_timeout_holds_the_request_without_acting(graph: Graph, app: Registered, emulator: EmulatorServer) -> None:
    emulator.control.add_fault({"kind": "timeout", "seconds": 30}, method="PATCH")
    with pytest.raises(httpx.ReadTimeout):
        graph.http.patch(f"/v1.0/applications/{app.id}", json={"notes": "x"}, timeout=0.1)
    emulator.control.add_fault({"kind": "timeout", "seconds": 0.05}, method="PATCH")
    with pytest.raises(httpx.RemoteProtocolError):
        graph.change(app, notes="x")
    assert graph.read(app)["notes"] is None


def test_a_stale_read_shows_graph_as_it_was_before_its_last_write(
    graph: Graph, app: Registered, emulator: EmulatorServer
) -> None:
    graph.change(app, notes="first")
    graph.change(app, notes="second")
    emulator.control.add_fault("stale_read", service="graph", method="GET")
    assert graph.read(app)["notes"] == "first"
    assert graph.read(app)["notes"] == "second"
    created = graph.application().json()
    emulator.control.add_fault("stale_read", service="graph", method="GET")
    assert graph.http.get(f"/v1.0/applications/{created['id']}").status_code == 404
    assert graph.http.get(f"/v1.0/applications/{created['id']}").status_code == 200


def test_rules_match_service_method_and_path_and_count_their_requests(
    graph: Graph, app: Registered, emulator: EmulatorServer
) -> None:
    emulator.control.add_fault(
        {"kind": "status", "status": 500},
        service="graph",
        method="GET",
        path=f"/applications/{app.id}$",
        skip=1,
        times=2,
    )
    path = f"/v1.0/applications/{app.id}"
    assert graph.change(app, notes="x").status_code == 204
    assert [graph.http.get(path).status_code for _ in range(4)] == [200, 500, 500, 200]
    assert emulator.control.faults() == []


def test_a_refusal_without_conditions_meets_every_service_and_never_control(
    emulator: EmulatorServer, trust: ssl.SSLContext
) -> None:
    emulator.control.add_fault("refuse", times=None)
    for path in ("/v1.0/applications", "/unified/environment", "/"):
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{emulator.base_url}{path}", verify=trust)
    with emulator.control.fault("refuse", times=None), EmulatorControl(emulator.base_url, emulator.ca_bundle) as new:
        assert new.health()["status"] == "ok"
    assert httpx.get(f"{emulator.base_url}/v1.0/applications", verify=trust).status_code == 401


def test_a_request_that_is_cut_off_in_its_body_has_no_effect(
    graph: Graph, app: Registered, emulator: EmulatorServer, trust: ssl.SSLContext
) -> None:
    recorded = threading.Event()
    stop = emulator.world.journal.listen(lambda _entry: recorded.set())
    emulator.control.add_fault("reset_after")
    body = b'{"notes": "half"}'
    head = (
        f"PATCH /v1.0/applications/{app.id} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: {graph.http.headers['authorization']}\r\nContent-Length: {len(body) + 1}\r\n\r\n"
    )
    plain = socket.create_connection(("127.0.0.1", emulator.port), timeout=5)
    with trust.wrap_socket(plain, server_hostname="localhost") as connection:
        connection.sendall(head.encode() + body)
    assert recorded.wait(5)
    stop()
    entry = emulator.control.journal()[-1]
    assert (entry["method"], entry["status"], entry["acted"], entry["fault"]) == ("PATCH", None, False, None)
    emulator.control.clear_faults()
    assert graph.read(app)["notes"] is None


@pytest.mark.parametrize("status", [200, 204, 304, 599])
def test_every_status_that_can_be_scripted_can_be_answered(
    emulator: EmulatorServer, http: httpx.Client, status: int
) -> None:
    emulator.control.add_fault({"kind": "status", "status": status, "headers": {"Retry-After": "1"}})
    answer = http.get("/v1.0/applications")
    assert (answer.status_code, answer.headers["retry-after"]) == (status, "1")


def test_a_stale_read_waits_for_a_read(graph: Graph, app: Registered, emulator: EmulatorServer) -> None:
    emulator.control.add_fault("stale_read", service="graph")
    graph.change(app, notes="written")
    assert graph.read(app)["notes"] is None
    assert emulator.control.faults() == []


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ({"action": {"kind": "explode"}}, "action.kind: Input should be"),
        ({"action": {"kind": "refuse", "sceonds": 1}}, "action.sceonds: Extra inputs"),
        ({"action": "refuse", "host": "x"}, "host: Extra inputs"),
        ({"action": "refuse", "path": "("}, "path: Input should be a valid regular expression"),
        ({"action": "refuse", "times": 0}, "times: Input should be greater"),
        ({"action": "refuse", "times": True}, "times: Input should be a valid integer"),
        ({"action": "refuse", "skip": 0.5}, "skip: Input should be a valid integer"),
        ({"action": "refuse", "service": "grahp"}, "service: Input should be 'entra', 'graph'"),
        ({"action": "refuse", "method": "FETCH"}, "method: Input should be"),
        ({"action": {"kind": "status", "status": 42}}, "status: Input should be greater"),
        ({"action": {"kind": "status", "status": 1000}}, "status: Input should be less"),
        ({"action": {"kind": "status", "status": 503, "headers": ["a"]}}, "headers: Input should be a valid dict"),
        ({"action": {"kind": "timeout", "seconds": "x"}}, "seconds: Input should be a valid number"),
        ({"action": {"kind": "timeout", "seconds": float("inf")}}, "seconds: Input should be a finite number"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(
    http: httpx.Client, emulator: EmulatorServer, rule: dict[str, object], complaint: str
) -> None:
    answer = http.post("/_emulator/faults", content=json.dumps(rule), headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert complaint in answer.json()["error"]
    assert emulator.control.faults() == []


@pytest.fixture(autouse=True)
def no_fault_is_left_over(emulator: EmulatorServer) -> Iterator[None]:
    yield
    emulator.world.faults.clear()
