"""The emulator as a process of its own: in the foreground, or in the background between commands."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import httpx
from filelock import Timeout

from emulator.core.client import EmulatorControl
from emulator.core.schemas import Invalid
from emulator.core.server import STOP_DEADLINE_S, EmulatorError, EmulatorServer, state_lock, unusable

_RECORD = "server.json"
_START_DEADLINE_S = 30.0


@dataclass(frozen=True)
class Daemon:
    """A running emulator process, as its record in the state directory describes it."""

    pid: int
    base_url: str
    ca_bundle: str
    environment: dict[str, str]

    def control(self, timeout_s: float = 30.0) -> EmulatorControl:
        """A client of its control routes; close it after use."""
        return EmulatorControl(self.base_url, self.ca_bundle, timeout_s)


def serve(
    state_dir: Path,
    port: int = 0,
    announce: Callable[[Daemon], None] | None = None,
    switches: Mapping[str, Any] | None = None,
) -> None:
    """Serve in the foreground until SIGINT or SIGTERM.

    ``announce`` is called with the ``Daemon`` record once connections are taken. With ``port=0`` the port of the last
    run is taken again if it is free, so that addresses kept by clients stay right. ``switches`` are set before the
    first request. Raises ``EmulatorError`` for a switch that does not exist, and as ``EmulatorServer`` does.
    """
    state_dir = state_dir.resolve()
    server = _open_again(state_dir) if port == 0 else EmulatorServer(state_dir, port)
    try:
        server.world.settings.update(switches or {})
    except Invalid as error:
        server.close()
        raise EmulatorError(str(error)) from error
    record = Daemon(os.getpid(), server.base_url, str(server.ca_bundle), server.env())

    def stop(_number: int, _frame: FrameType | None) -> None:
        server.stop()

    # uvicorn raises a signal again after shutting down. Without these handlers, that would end the process.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    _write_record(state_dir, record)
    if announce is not None:
        announce(record)
    try:
        server.run()
    finally:
        _write_record(state_dir, Daemon(0, record.base_url, record.ca_bundle, {}))
        server.close()


def find(state_dir: Path) -> Daemon | None:
    """The emulator that serves ``state_dir``, if it answers."""
    record = _read_record(state_dir.resolve())
    if record is None or record.pid == 0:
        return None
    try:
        with record.control(timeout_s=5.0) as control:
            answered = control.health()
    except (httpx.HTTPError, OSError, ValueError):
        return None
    return record if answered.get("pid") == record.pid else None


def find_silent(state_dir: Path) -> Daemon | None:
    """The emulator that serves ``state_dir`` but does not answer, for example because it is stopped.

    It is the recorded process, and only if the directory is in use and that process is an emulator: process ids are
    reused.
    """
    state_dir = state_dir.resolve()
    record = _read_record(state_dir)
    if record is None or record.pid == 0 or not _is_in_use(state_dir) or not _is_emulator(record.pid):
        return None
    return record


def start_daemon(state_dir: Path, port: int = 0, log_file: Path | None = None) -> tuple[Daemon, bool]:
    """Start a daemon for ``state_dir``, or find the one that runs; True when it was started by this call.

    Raises ``EmulatorError`` with the end of its log when it does not answer in time.
    """
    state_dir = state_dir.resolve()
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        log_path = state_dir / "emulator.log" if log_file is None else log_file
        log_path.touch()
    except OSError as error:
        raise unusable(state_dir, error) from error
    existing = find(state_dir)
    if existing is not None:
        return existing, False
    silent = find_silent(state_dir)
    if silent is not None:
        raise EmulatorError(silence_of(silent))
    command = [sys.executable, "-m", "emulator", "serve", "--state-dir", str(state_dir), "--port", str(port)]
    root = str(Path(__file__).resolve().parents[2])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))}
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
            env=environment,
        )
    deadline = time.monotonic() + _START_DEADLINE_S
    while time.monotonic() < deadline:
        found = find(state_dir)
        if found is not None:
            return found, True
        if process.poll() is not None:
            break
        time.sleep(0.05)
    tail = "\n".join(log_path.read_text("utf-8", "replace").splitlines()[-5:])
    raise EmulatorError(f"the emulator did not start (its log is {log_path}):\n{tail}")


def stop_daemon(state_dir: Path) -> bool:
    """Stop the daemon that serves ``state_dir``, whether it answers or not; False when there was none.

    Raises ``EmulatorError`` if it does not stop.
    """
    found = find(state_dir) or find_silent(state_dir)
    if found is None:
        return False
    os.kill(found.pid, signal.SIGTERM)
    lock = state_lock(state_dir.resolve())
    try:
        lock.acquire(timeout=STOP_DEADLINE_S, poll_interval=0.05)
    except Timeout as error:
        raise EmulatorError(f"the emulator (process {found.pid}) did not stop") from error
    lock.release()
    return True


def silence_of(silent: Daemon) -> str:
    """The error for an emulator that does not answer."""
    return f"the emulator at {silent.base_url}, process {silent.pid}, does not answer; `make down` ends it"


def _is_in_use(state_dir: Path) -> bool:
    lock = state_lock(state_dir)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def _is_emulator(pid: int) -> bool:
    """Whether the process runs ``python -m emulator serve``, from /proc or, where there is none, from ps."""
    if Path("/proc/self").exists():
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").replace("\0", " ")
        except OSError:
            return False
    else:
        listing = ["ps", "-o", "args=", "-p", str(pid)]
        command = subprocess.run(listing, capture_output=True, text=True, check=False).stdout
    return " -m emulator serve" in command


def _open_again(state_dir: Path) -> EmulatorServer:
    last = _read_record(state_dir)
    if last is not None:
        port = httpx.URL(last.base_url).port or 0
        try:
            return EmulatorServer(state_dir, port)
        except EmulatorError as error:
            logging.getLogger("emulator").info("port %d of the last run is not free: %s", port, error)
    return EmulatorServer(state_dir, 0)


def _write_record(state_dir: Path, record: Daemon) -> None:
    path = state_dir / _RECORD
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(asdict(record), indent=2), "utf-8")
    draft.replace(path)


def _read_record(state_dir: Path) -> Daemon | None:
    try:
        return Daemon(**json.loads((state_dir / _RECORD).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None
