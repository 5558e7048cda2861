"""The emulator in a process of its own: what is measured does not share a Python interpreter with it."""

from __future__ import annotations

from pathlib import Path

from emulator.core.client import EmulatorControl
from emulator.core.daemon import Daemon, start_daemon, stop_daemon
from emulator.core.server import EmulatorError, EmulatorServer
from emulator.core.world import World


class EmulatorProcess(EmulatorServer):
    """Like `EmulatorServer`, but not in a thread of this process: its `world` is out of reach."""

    def __init__(self, state_dir: Path) -> None:
        super().__init__(state_dir)
        self._daemon: Daemon | None = None

    def start(self) -> None:
        self._daemon, _ = start_daemon(self._state_dir)

    def stop(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        stop_daemon(self._state_dir)
        self._daemon = None

    @property
    def world(self) -> World:
        raise EmulatorError("the emulator's world is in another process; use its control routes")

    @property
    def base_url(self) -> str:
        return self._process.base_url

    @property
    def port(self) -> int:
        return int(self.base_url.rsplit(":", 1)[1])

    @property
    def ca_bundle(self) -> Path:
        return Path(self._process.ca_bundle)

    @property
    def control(self) -> EmulatorControl:
        if self._control is None:
            self._control = self._process.control()
        return self._control

    def env(self) -> dict[str, str]:
        return dict(self._process.environment)

    @property
    def _process(self) -> Daemon:
        if self._daemon is None:
            raise EmulatorError("the emulator is not running")
        return self._daemon
