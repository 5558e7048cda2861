"""This project's program on a stack, against an emulator of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from emulator.core.journal import Entry
from emulator.core.server import EmulatorServer
from emulator.unifiedto.seed import WORKSPACE_ID
from rehearsal.plugins.choice import Plugins
from rehearsal.results import ConfigValue, OperationFailed, Result
from rehearsal.stack import Stack

ROOT: Final = Path(__file__).parents[2]


class Deployed:
    """A stack of the program; each operation is a new object, as each command of a user is."""

    def __init__(self, emulator: EmulatorServer, directory: Path, cli: Path, plugins: Plugins) -> None:
        self.emulator = emulator
        self.control = emulator.control
        self.control.settings(secret_propagation_s=0)
        self.state_dir = directory
        self.environment: dict[str, str] = {}
        self.config: dict[str, Any] = {
            "workspaceId": WORKSPACE_ID,
            "apiUrl": emulator.base_url,
            "displayName": "Example CRM",
            "registrations": [{"integrationType": "microsoft_ad", "isActive": True}],
        }
        self._cli = cli
        self._plugins = plugins

    def stack(self, *, project_dir: Path = ROOT, secrets: Mapping[str, str] | None = None, **options: Any) -> Stack:
        environment = {
            **self.emulator.env(),
            "UNIFIED_API_RETRY_WAIT_S": "0.01",
            "UNIFIED_API_TIMEOUT_S": "3",
            "UNIFIEDTO_REHEARSAL_CLOCK": str(self.control.clock()["now"]),
            **self.environment,
        }
        config = {key: ConfigValue(value) for key, value in self.config.items()}
        config |= {key: ConfigValue(value, secret=True) for key, value in (secrets or {}).items()}
        return Stack(
            project_dir,
            "test",
            self.state_dir,
            cli=self._cli,
            plugins=self._plugins,
            env=environment,
            config=config,
            **options,
        )

    def up(self, **config: Any) -> Result:
        """Deploys; values given change the configuration for good."""
        self.config.update(config)
        return self.stack().up()

    def fails(self, operation: Callable[[], Result]) -> OperationFailed:
        """The failure of an operation that must fail."""
        try:
            operation()
        except OperationFailed as failure:
            return failure
        raise AssertionError("the operation was expected to fail and succeeded")

    def later(self, days: float) -> None:
        """Lets the emulated time pass."""
        self.control.clock(advance_s=days * 24 * 3600)

    def requests(self, service: str, since: int = 0) -> list[Entry]:
        return self.control.journal(since=since, service=service)
