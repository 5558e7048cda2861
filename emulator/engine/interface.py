"""What every deployment engine of this project offers, whichever engine it is.

Two implementations: :class:`emulator.engine.embedded.EmbeddedEngine`, which needs nothing but Python, and
:class:`emulator.engine.pulumi_cli.PulumiEngine`, which drives the Pulumi CLI. The same scenario run on either leaves
the same resources, outputs and requests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True)
class ConfigValue:
    """One configuration value of a stack.

    ``value`` is a string, number, boolean, list or mapping; lists and mappings reach the program as JSON text, numbers
    and booleans as ``3`` and ``true``. A secret value is encrypted wherever it is stored.
    """

    value: Any
    secret: bool = False

    def __repr__(self) -> str:
        return f"ConfigValue({'[secret]' if self.secret else repr(self.value)})"


@dataclass(frozen=True)
class OutputValue:
    """One output of the stack in plain form; ``secret`` says that it must not be shown."""

    value: Any
    secret: bool = False

    def __repr__(self) -> str:
        return f"OutputValue({'[secret]' if self.secret else repr(self.value)})"


@dataclass(frozen=True)
class StepEvent:
    """One step of an operation.

    ``op``: ``create``, ``update``, ``replace``, ``delete``, ``same``, ``refresh``, and the physical halves of a
    replacement ``create-replacement`` and ``delete-replaced``, as in Pulumi's engine events. ``status``: ``started``,
    ``done`` or ``failed``. ``diff_keys``: the input properties that differ, never their values.
    """

    op: str
    urn: str
    type: str
    name: str
    status: str
    diff_keys: tuple[str, ...] = ()


@dataclass
class Result:
    """What an operation did.

    ``changes`` counts logical steps by operation, as Pulumi's ``resource_changes`` does: the stack itself and
    components count, default providers and the physical halves of a replacement do not. ``steps`` holds every
    finished step in the order in which it ended. ``outputs`` are the stack's outputs afterwards. ``duration_s`` is
    wall time.
    """

    changes: dict[str, int] = field(default_factory=dict)
    steps: list[StepEvent] = field(default_factory=list)
    outputs: dict[str, OutputValue] = field(default_factory=dict)
    diagnostics: list[str] = field(default_factory=list)
    duration_s: float = 0.0

    @property
    def is_unchanged(self) -> bool:
        """True if nothing was, or would be, created, updated, replaced or deleted."""
        return not any(count for op, count in self.changes.items() if op not in ("same", "read"))


class EngineError(Exception):
    """An operation failed. The message is for a user and holds no secret.

    ``diagnostics``: every line that the program, the providers and the engine reported. ``result``: what was done
    before the failure, None where the operation never started.
    """

    def __init__(self, message: str, diagnostics: list[str] | None = None, result: Result | None = None) -> None:
        super().__init__(message)
        self.diagnostics: list[str] = list(diagnostics or [])
        self.result = result


OnEvent = Callable[[StepEvent], None]
OnMessage = Callable[[str, str], None]
"""Called with a severity (``info``, ``warning``, ``error``) and one line or paragraph of text."""


@runtime_checkable
class Engine(Protocol):
    """The operations of a stack. Each of them raises :class:`EngineError` on failure."""

    name: str

    def up(self) -> Result:
        """Run the program and make the world as it says."""

    def preview(self) -> Result:
        """Say what :meth:`up` would do; sends no write."""

    def refresh(self, *, clear_pending_creates: bool = False) -> Result:
        """Take what the providers report into the state; ``clear_pending_creates`` forgets interrupted creations."""

    def destroy(self) -> Result:
        """Delete every resource of the stack."""

    def outputs(self) -> dict[str, OutputValue]:
        """The outputs of the last operation that ran the program."""

    def export(self) -> dict[str, Any]:
        """``{"version": 3, "deployment": …}`` with encrypted secrets, as ``pulumi stack export`` prints it."""

    def set_config(self, values: Mapping[str, ConfigValue]) -> None:
        """Keep configuration values for this stack; a key without ``:`` belongs to the project."""
