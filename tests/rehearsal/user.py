"""Somebody with a rehearsal of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

from rehearsal.processes import _marked

ROOT: Final = Path(__file__).parents[2]
_TIMEOUT_S: Final = 300


class User:
    """Runs commands of ``python -m rehearsal``, with stand-ins, as `make` does."""

    def __init__(self, directory: Path) -> None:
        self.state_dir = directory / "rehearsal"
        self.checkpoint = self.state_dir / "stack" / "backend" / ".pulumi" / "stacks" / "unifiedto" / "rehearsal.json"
        self.settings = directory / "rehearsal.yaml"
        self.settings.write_text((ROOT / "rehearsal" / "rehearsal.yaml").read_text("utf-8"), "utf-8")
        self.environment = {
            **os.environ,
            "UNIFIEDTO_REHEARSAL_DIR": str(self.state_dir),
            "UNIFIEDTO_REHEARSAL_SETTINGS": str(self.settings),
            "UNIFIED_API_KEY": "a real key of the user",
        }

    def start(self, command: str, *arguments: str) -> subprocess.Popen[str]:
        with_plugins = () if command == "down" else ("--plugins", "stand-in")
        return subprocess.Popen(
            [sys.executable, "-u", "-m", "rehearsal", command, *with_plugins, *arguments],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, command: str, *arguments: str, code: int = 0) -> str:
        """One command; everything that it printed."""
        process = self.start(command, *arguments)
        said, _ = process.communicate(timeout=_TIMEOUT_S)
        assert process.returncode == code, said
        assert "Traceback" not in said
        assert "a real key of the user" not in said
        return said

    def run_until(self, words: str, number: signal.Signals, *arguments: str) -> tuple[str, int]:
        """A command that gets a signal as soon as it has printed some words; what it printed, and its exit code."""
        process = self.start(*arguments)
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if words in line:
                process.send_signal(number)
        return said, process.wait()

    def processes(self) -> list[int]:
        """Everything that runs for a stack of this rehearsal."""
        return _marked(lambda mark: self.state_dir in mark.state_dir.parents)
