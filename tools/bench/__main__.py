"""Measures and writes docs/benchmarks.md and docs/sign-ins.svg: ``python -m tools.bench``.

Exits with 1 when a limit on API calls is exceeded or a sign-in was refused because of a rotation.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
from typing import Any

from emulator.core.server import EmulatorServer
from emulator.engine.embedded import EmbeddedEngine
from emulator.engine.interface import Engine
from emulator.engine.pulumi_cli import PulumiEngine, find_pulumi
from tests.support.deployed_once import embedded
from tests.support.fork_server import ForkServer
from tests.support.stack import ROOT, MakeEngine, RehearsedStack
from tools.bench import api_calls, picture, sign_ins, timings
from tools.bench.api_calls import Counted
from tools.bench.emulator_process import EmulatorProcess
from tools.bench.episodes import long_life
from tools.bench.report import PICTURE, Report

_DOCS = ROOT / "docs"
_ROUNDS = {EmbeddedEngine.name: 5, PulumiEngine.name: 3}
"""Rounds of the measurement of time: on Pulumi each takes two minutes."""
_CONTROL_ROTATIONS = 10


def _pulumi(project_dir: Path, stack: str, state_dir: Path, environment: Mapping[str, str]) -> Engine:
    return PulumiEngine(project_dir, stack, state_dir, env=environment)


def engines_at_hand(state_dir: Path) -> dict[str, tuple[str, MakeEngine]]:
    """Name to what a reader calls the engine, and how to make one."""
    sdk = metadata.version("pulumi")
    found: dict[str, tuple[str, MakeEngine]] = {
        EmbeddedEngine.name: (f"the embedded engine (Pulumi's Python SDK {sdk})", embedded)
    }
    choice = find_pulumi(state_dir)
    _progress(choice.reason)
    if choice.name == PulumiEngine.name:
        answer = subprocess.run(["pulumi", "version"], capture_output=True, text=True, check=True)
        found[PulumiEngine.name] = (f"Pulumi {answer.stdout.strip()} and its azuread plugin", _pulumi)
    return found


def measure(directory: Path) -> Report:
    """Everything, one after the other, on an emulator in a process of its own."""
    engines = engines_at_hand(directory)
    with EmulatorProcess(directory / "emulator") as emulator, ForkServer() as server:
        calls = {
            name: _calls(emulator, make_engine, directory / f"calls-{name}")
            for name, (_, make_engine) in engines.items()
        }
        times = [
            timings.measure(
                emulator,
                name,
                make_engine,
                directory / f"time-{name}",
                rounds=_ROUNDS[name],
                warms_up=name == EmbeddedEngine.name,
                progress=_progress,
            )
            for name, (_, make_engine) in engines.items()
        ]
        emulator.control.reset()
        one_secret = sign_ins.measure_one_secret(
            emulator, server, directory / "one-secret", _CONTROL_ROTATIONS, _progress
        )
        emulator.control.reset()
        measured = sign_ins.measure(emulator, server, directory / "sign-ins", long_life(), _progress)
    return Report(
        measured_at=datetime.now(timezone.utc),
        cores=os.cpu_count() or 1,
        engines={name: title for name, (title, _) in engines.items()},
        calls=calls,
        timings=times,
        sign_ins=measured,
        one_secret=one_secret,
    )


def _calls(emulator: EmulatorServer, make_engine: MakeEngine, state_dir: Path) -> list[Counted]:
    def make_stack(name: str, **config: Any) -> RehearsedStack:
        emulator.control.reset()
        return RehearsedStack(emulator, make_engine, state_dir / name, stack=name, **config)

    _progress("API calls")
    return [*api_calls.of_one_registration(make_stack), *api_calls.of_twenty_registrations(make_stack)]


def _progress(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def main() -> int:
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # a killed engine makes the providers' gRPC complain
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        report = measure(Path(directory))
    page = report.page()
    _DOCS.mkdir(exist_ok=True)
    (_DOCS / "benchmarks.md").write_text(page, "utf-8")
    (_DOCS / PICTURE).write_text(picture.draw(report.sign_ins), "utf-8")
    print(page)
    _progress(f"measured in {time.monotonic() - started:.0f} s; written to docs/benchmarks.md and docs/{PICTURE}")
    for fault in report.faults:
        _progress(f"too much: {fault}")
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
