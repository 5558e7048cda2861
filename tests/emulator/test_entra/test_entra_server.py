"""The server around the services: state directory, clock, settings, journal, daemon, command line."""

from __future__ import annotations

import json
import os
import socket
import ssl
import stat
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import httpx
import pytest

from emulator.cli import main
from emulator.core import daemon as daemons
from emulator.core.clock import Clock, parse_instant
from emulator.core.server import EmulatorError, EmulatorServer
from emulator.core.store import Store
from emulator.entra import ids

from .situations import Entra, Graph

ROOT = Path(__file__).resolve().parents[3]


def test_registrations_secrets_and_clock_survive_a_restart(tmp_path: Path) -> None:
    with EmulatorServer(tmp_path) as first:
        port = first.port
        with (
            httpx.Client(base_url=first.base_url, verify=first.ssl_context) as http,
            Entra(first, http).graph_client(first.ssl_context) as caller,
        ):
            app = Graph(caller).register()
        first.world.clock.change(instant=parse_instant("2031-05-06T00:00:00Z"))
        first.world.settings.update({"secret_propagation_s": 3})
        bundle = first.ca_bundle.read_bytes()
    with EmulatorServer(tmp_path, port=port) as second:
        assert second.ca_bundle.read_bytes() == bundle
        with httpx.Client(base_url=second.base_url, verify=second.ssl_context) as http:
            second.world.clock.reset()
            assert Entra(second, http).client_credentials(app.app_id, app.secrets[0]).status_code == 200
        assert second.world.settings.as_dict()["secret_propagation_s"] == 3


def test_reset_wipes_the_state_and_seeds_again(graph: Graph, entra: Entra, emulator: EmulatorServer) -> None:
    app = graph.register()
    emulator.control.settings(msa_conflicts=5)
    emulator.control.reset()
    assert emulator.control.journal() == []
    assert emulator.control.settings()["msa_conflicts"] == 0
    assert graph.http.get(f"/v1.0/applications/{app.id}").status_code == 404
    assert entra.client_credentials(ids.DEPLOYER_APP_ID, ids.DEPLOYER_SECRET).status_code == 200


def test_one_state_directory_serves_one_emulator(emulator: EmulatorServer) -> None:
    with pytest.raises(EmulatorError, match="another emulator uses the state directory"):
        EmulatorServer(emulator.world.state_dir)


def test_a_port_in_use_is_an_error_with_its_number(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(EmulatorError, match=str(port)):
            EmulatorServer(tmp_path, port=port)


def test_the_certificate_is_for_localhost_and_keys_are_for_their_owner_only(
    emulator: EmulatorServer, trust: ssl.SSLContext
) -> None:
    for host in ("localhost", "127.0.0.1"):
        assert httpx.get(f"https://{host}:{emulator.port}/_emulator/health", verify=trust).status_code == 200
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{emulator.base_url}/_emulator/health")
    for name in ("tls/ca-key.pem", "tls/leaf-key.pem"):
        assert stat.S_IMODE((emulator.world.state_dir / name).stat().st_mode) == 0o600


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_an_old_protocol_version_is_refused(emulator: EmulatorServer, trust: ssl.SSLContext) -> None:
    old = ssl.create_default_context(cafile=str(emulator.ca_bundle))
    old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{emulator.base_url}/_emulator/health", verify=old)


def test_a_client_that_asks_to_close_is_obeyed(emulator: EmulatorServer, http: httpx.Client) -> None:
    answer = http.get("/v1.0/applications", headers={"Connection": "close"})
    assert answer.headers["connection"] == "close"


def test_the_clock_is_set_advanced_scaled_and_frozen_through_control(emulator: EmulatorServer) -> None:
    control = emulator.control
    control.clock(scale=0)
    assert control.clock(now="2030-01-01T00:00:00+01:00") == {"now": "2029-12-31T23:00:00Z", "scale": 0.0}
    assert control.clock(advance_s=90)["now"] == "2029-12-31T23:01:30Z"
    for change in ({"now": "tomorrow"}, {"scale": -1}, {"speed": 2}):
        with pytest.raises(httpx.HTTPStatusError, match=next(iter(change))):
            control.clock(**change)


def test_virtual_time_runs_at_its_scale(tmp_path: Path) -> None:
    instant = datetime(2026, 1, 1, tzinfo=timezone.utc)
    real = [instant]
    store = Store(tmp_path / "clock.sqlite3")
    clock = Clock(store, lambda: real[0])
    clock.change(scale=3600)
    real[0] += timedelta(seconds=2)
    assert clock.now() == instant + timedelta(hours=2)
    clock.change(scale=0)
    real[0] += timedelta(days=1)
    assert clock.now() == instant + timedelta(hours=2)
    assert Clock(store, lambda: real[0]).now() == clock.now()
    store.close()


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"secret_propagation": 1}, "no such switch"),
        ({"secret_propagation_s": [9]}, "secret_propagation_s.*at least 2 items"),
        ({"msa_conflicts": -1}, "msa_conflicts: .*greater than or equal to 0"),
    ],
)
def test_a_switch_that_does_not_exist_or_cannot_have_the_value_is_refused(
    emulator: EmulatorServer, changes: dict[str, object], complaint: str
) -> None:
    before = emulator.control.settings()
    with pytest.raises(httpx.HTTPStatusError, match=complaint):
        emulator.control.settings(**changes)
    assert emulator.control.settings() == before


def test_the_journal_tells_what_was_asked_and_answered_but_never_the_authorization(
    graph: Graph, emulator: EmulatorServer
) -> None:
    before = emulator.control.last_seq()
    graph.http.get("/v1.0/applications", params={"$filter": "displayName eq 'x'"})
    (entry,) = emulator.control.journal(since=before, service="graph")
    assert (entry["method"], entry["route"], entry["status"]) == ("GET", "/v1.0/applications", 200)
    assert entry["query"] == {"$filter": "displayName eq 'x'"}
    assert graph.http.headers["authorization"].split()[1] not in str(entry)
    emulator.control.clear_journal()
    assert emulator.control.journal() == []
    assert emulator.control.last_seq() == before + 1


def test_a_daemon_is_started_found_and_stopped_and_takes_its_port_again(tmp_path: Path) -> None:
    daemon, started = daemons.start_daemon(tmp_path)
    try:
        assert started
        assert daemons.start_daemon(tmp_path) == (daemon, False)
        assert daemon.environment["ARM_METADATA_HOSTNAME"] == daemon.base_url.removeprefix("https://")
        with daemon.control() as control:
            assert control.health()["pid"] == daemon.pid != os.getpid()
        with pytest.raises(EmulatorError, match="another emulator"):
            EmulatorServer(tmp_path)
    finally:
        assert daemons.stop_daemon(tmp_path)
    assert daemons.find(tmp_path) is None
    assert not daemons.stop_daemon(tmp_path)
    again, _ = daemons.start_daemon(tmp_path)
    assert daemons.stop_daemon(tmp_path)
    assert again.base_url == daemon.base_url


def test_an_emulator_that_does_not_answer_is_named_and_can_be_stopped(tmp_path: Path) -> None:
    daemon, _ = daemons.start_daemon(tmp_path)
    record = tmp_path / "server.json"
    record.write_text(record.read_text("utf-8").replace(daemon.base_url, "https://localhost:1"), "utf-8")
    assert daemons.find(tmp_path) is None
    with pytest.raises(EmulatorError, match=f"process {daemon.pid}, does not answer; `make down` ends it"):
        daemons.start_daemon(tmp_path)
    assert daemons.stop_daemon(tmp_path)
    assert not daemons.stop_daemon(tmp_path)


def test_a_process_that_took_over_the_number_of_a_killed_emulator_is_left_alone(tmp_path: Path) -> None:
    with EmulatorServer(tmp_path) as emulator, subprocess.Popen([sys.executable, "-c", "input()"], stdin=-1) as other:
        record = {"pid": other.pid, "base_url": "https://localhost:1", "ca_bundle": "", "environment": {}}
        (tmp_path / "server.json").write_text(json.dumps(record), "utf-8")
        assert not daemons.stop_daemon(tmp_path)
        assert other.poll() is None
        assert emulator.control.health()["status"] == "ok"
        other.communicate(b"\n")


def test_serve_prints_exports_and_ends_gracefully(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "emulator", "serve", "--state-dir", str(tmp_path)]
    command += ["--set", "secret_propagation_s=2", "--set", "caller_roles=[]"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(6)]
    process.terminate()
    assert process.wait(10) == 0
    process.stdout.close()
    assert "export ARM_TENANT_ID=7e570000-0000-4000-8000-000000000001\n" in lines
    with EmulatorServer(tmp_path) as again:
        assert again.world.settings.as_dict()["secret_propagation_s"] == 2
        assert again.world.settings.as_dict()["caller_roles"] == []


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        ("", "cannot be used"),
        ("state.sqlite3", "not a database"),
        ("tls/ca.pem", "cannot be used"),
        ("server.lock/x", "cannot be used"),
    ],
)
def test_a_state_directory_that_cannot_be_used_is_said_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], broken: str, complaint: str
) -> None:
    path = tmp_path / "state" / broken
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("garbage", "utf-8")
    path.with_name("ca-key.pem").write_text("garbage", "utf-8")
    assert main(["serve", "--state-dir", str(tmp_path / "state")]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert complaint in said
    assert "Traceback" not in said


@pytest.mark.parametrize("port", ["-1", "65536", "99999"])
def test_a_port_that_does_not_exist_is_said_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], port: str
) -> None:
    assert main(["serve", "--state-dir", str(tmp_path), f"--port={port}"]) == 1
    said = capsys.readouterr().err
    assert f"port {port} does not exist" in said
    assert "Traceback" not in said


def test_env_says_when_nothing_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["env", "--state-dir", str(tmp_path)]) == 1
    assert "python -m emulator serve" in capsys.readouterr().err


def test_a_switch_that_does_not_exist_keeps_serve_from_starting(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--state-dir", str(tmp_path), "--set", "secrets=2"]) == 1
    assert "no such switch: secrets" in capsys.readouterr().err


def test_components_never_import_the_emulator() -> None:
    for file in (ROOT / "components").rglob("*.py"):
        lines = file.read_text("utf-8").splitlines()
        assert not [line for line in lines if line.lstrip().startswith(("import emulator", "from emulator"))], file
