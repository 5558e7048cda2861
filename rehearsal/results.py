"""What an operation on a stack did, and how it failed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pulumi import automation


@dataclass(frozen=True)
class ConfigValue:
    """One configuration value of a stack: a string, number, boolean, list or mapping. A secret one is encrypted
    wherever it is stored."""

    value: Any
    secret: bool = False

    def __repr__(self) -> str:
        return f"ConfigValue({'[secret]' if self.secret else repr(self.value)})"


@dataclass(frozen=True)
class OutputValue:
    """One output of the stack; ``secret`` says that it must not be shown."""

    value: Any
    secret: bool = False

    def __repr__(self) -> str:
        return f"OutputValue({'[secret]' if self.secret else repr(self.value)})"


@dataclass(frozen=True)
class StepEvent:
    """One step of an operation.

    ``op``: as in Pulumi's engine events: ``create``, ``update``, ``replace``, ``delete``, ``same``, ``refresh``, and
    the physical halves of a replacement ``create-replacement`` and ``delete-replaced``. ``status``: ``started``,
    ``done`` or ``failed``. ``diff_keys``: the input properties that differ, never their values.
    """

    op: str
    urn: str
    type: str
    name: str
    status: str
    diff_keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Diagnostic:
    """One message. ``severity``: ``info``, ``warning`` or ``error``. ``urn``: the resource it belongs to, if to any."""

    severity: str
    text: str
    urn: str = ""

    def __str__(self) -> str:
        return self.text if self.severity == "info" else f"{self.severity}: {self.text}"


@dataclass
class Result:
    """What an operation did.

    ``changes``: Pulumi's own count of logical steps by operation: the stack itself and components count, default
    providers and the physical halves of a replacement do not. ``steps``: every finished step in the order in which it
    ended. ``outputs``: the stack's outputs where the operation ran the program, a secret one as ``[secret]``.
    ``events``: everything as Pulumi tells it. ``duration_s``: wall time.
    """

    changes: dict[str, int] = field(default_factory=dict)
    steps: list[StepEvent] = field(default_factory=list)
    outputs: dict[str, OutputValue] = field(default_factory=dict)
    messages: list[Diagnostic] = field(default_factory=list)
    events: list[automation.EngineEvent] = field(default_factory=list, repr=False)
    duration_s: float = 0.0

    @property
    def is_unchanged(self) -> bool:
        """True if nothing was, or would be, created, updated, replaced or deleted."""
        return not any(count for op, count in self.changes.items() if op not in ("same", "read"))

    @property
    def diagnostics(self) -> list[str]:
        """The messages as text."""
        return list(map(str, self.messages))


class RehearsalError(Exception):
    """A rehearsal cannot go on. The message says what happened, why and what to do next, and holds no secret."""


class OperationFailed(RehearsalError):
    """An operation on a stack failed. The message holds every error that Pulumi told, else what it printed.

    ``result``: what was done before the failure. ``exit_code``: of the CLI. ``stderr``: what it printed there.
    """

    def __init__(self, message: str, result: Result, exit_code: int = 0, stderr: str = "") -> None:
        super().__init__(message)
        self.result = result
        self.exit_code = exit_code
        self.stderr = stderr

    @property
    def diagnostics(self) -> list[str]:
        """The messages as text."""
        return self.result.diagnostics


OnStep = Callable[[StepEvent], None]
OnMessage = Callable[[Diagnostic], None]
