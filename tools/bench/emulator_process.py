"""The emulator in a process of its own: what is measured does not share a Python interpreter with it."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from emulator.core.daemon import start_daemon, stop_daemon
from emulator.core.server import EmulatorServer


class EmulatorProcess(EmulatorServer):
    """Like `EmulatorServer`, but not in a thread of this process: it has no `world`."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir
        self._opened = ExitStack()

    def __enter__(self) -> EmulatorProcess:
        daemon, _ = start_daemon(self._state_dir)
        self._environment = daemon.environment
        self.base_url = daemon.base_url
        self.port = int(daemon.base_url.rsplit(":", 1)[1])
        self.ca_bundle = Path(daemon.ca_bundle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()
        stop_daemon(self._state_dir)

    def env(self) -> dict[str, str]:
        return dict(self._environment)
