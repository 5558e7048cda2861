"""Measures and writes docs/benchmarks.md and docs/sign-ins.svg: ``python -m tools.bench``.

Exits with 1 when a limit on API calls is exceeded or a sign-in was refused because of a rotation.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
from typing import Any

from emulator.core.server import EmulatorServer
from rehearsal.plugins.choice import choose_plugins
from rehearsal.results import RehearsalError
from tests.support.stack import ROOT, RehearsedStack
from tests.support.tools import Tools, pulumi_cli, stand_ins
from tests.support.warm_python import WarmPython
from tools.bench import api_calls, picture, sign_ins, timings
from tools.bench.api_calls import Counted
from tools.bench.emulator_process import EmulatorProcess
from tools.bench.episodes import long_life
from tools.bench.report import PICTURE, Report

_DOCS = ROOT / "docs"
_ROUNDS = {"stand-in": 5, "real": 3}
"""Rounds of the measurement of time: with the real plugins each takes two minutes."""
_CONTROL_ROTATIONS = 10


def tools_at_hand() -> dict[str, tuple[str, Tools]]:
    """Which plugins, to what a reader calls them, and what to run with."""
    cli = pulumi_cli()
    answer = subprocess.run([cli, "version"], capture_output=True, text=True, check=True)
    pulumi = f"Pulumi {answer.stdout.strip()} (Python SDK {metadata.version('pulumi')})"
    found = {"stand-in": (f"{pulumi} and stand-ins for its plugins", Tools(cli, choose_plugins("stand-in")))}
    try:
        plugins = choose_plugins("real")
    except RehearsalError as missing:
        _progress(str(missing))
    else:
        found["real"] = (f"{pulumi} and the real plugins", Tools(cli, plugins))
    return found


def measure(directory: Path) -> Report:
    """Everything, one after the other, on an emulator in a process of its own."""
    at_hand = tools_at_hand()
    with EmulatorProcess(directory / "emulator") as emulator, WarmPython() as warm:
        calls = {name: _calls(emulator, tools, directory / f"calls-{name}") for name, (_, tools) in at_hand.items()}
        times = [
            timings.measure(
                emulator,
                name,
                tools,
                directory / f"time-{name}",
                rounds=_ROUNDS[name],
                progress=_progress,
            )
            for name, (_, tools) in at_hand.items()
        ]
        emulator.control.reset()
        one_secret = sign_ins.measure_one_secret(
            emulator, stand_ins(warm), directory / "one-secret", _CONTROL_ROTATIONS, _progress
        )
        emulator.control.reset()
        measured = sign_ins.measure(emulator, stand_ins(warm), directory / "sign-ins", long_life(), _progress)
    return Report(
        measured_at=datetime.now(timezone.utc),
        cores=os.cpu_count() or 1,
        plugins={name: title for name, (title, _) in at_hand.items()},
        calls=calls,
        timings=times,
        sign_ins=measured,
        one_secret=one_secret,
    )


def _calls(emulator: EmulatorServer, tools: Tools, state_dir: Path) -> list[Counted]:
    def make_stack(name: str, **config: Any) -> RehearsedStack:
        emulator.control.reset()
        return RehearsedStack(emulator, tools, state_dir / name, stack=name, **config)

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
