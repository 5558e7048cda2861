"""The contract between the embedded engine and what stands in for a plugin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from emulator.engine.urns import plain_type, urn_name
from emulator.engine.values import Props


@dataclass(frozen=True)
class CheckFailure:
    """One property that the provider refuses; an empty ``property`` keeps its value out of the message."""

    property: str
    reason: str


@dataclass
class CheckResult:
    """Checked inputs, which become the inputs of record, and what is wrong with them."""

    inputs: Props
    failures: list[CheckFailure] = field(default_factory=list)


@dataclass
class DiffResult:
    """``changes``: None means that the provider cannot tell, and the engine compares the inputs.

    ``replaces``: properties whose change forces a replacement. ``diff_keys``: all changed properties.
    """

    changes: bool | None
    replaces: list[str] = field(default_factory=list)
    diff_keys: list[str] = field(default_factory=list)
    delete_before_replace: bool = False

    @property
    def is_replacement(self) -> bool:
        """True if the resource cannot be updated in place."""
        return bool(self.replaces)


@dataclass
class ReadResult:
    """The live resource; an empty ``id`` means that it is gone. ``inputs`` None keeps the inputs of record."""

    id: str
    outputs: Props
    inputs: Props | None = None


class ProviderError(Exception):
    """A provider call failed. The message is shown to the user as it is."""


class PartialFailureError(ProviderError):
    """The call failed after the resource had come into being (or had been changed in part): it is kept in the state.

    The next operation updates it, whatever the diff says.
    """

    def __init__(self, message: str, resource_id: str, outputs: Props) -> None:
        super().__init__(message)
        self.resource_id = resource_id
        self.outputs = outputs
        self.reasons = [message]


@dataclass(frozen=True)
class Target:
    """The resource that a call is about."""

    urn: str

    @property
    def type(self) -> str:
        """The resource's own type."""
        return plain_type(self.urn)

    @property
    def name(self) -> str:
        """The resource's name."""
        return urn_name(self.urn)


@dataclass(frozen=True)
class Surroundings:
    """What a provider is started with.

    ``env``: the whole environment of the rehearsal. ``config``: the provider's own configuration, keys without its
    namespace; for dynamic providers the stack's whole configuration. ``report`` passes a line to the user: severity,
    text. ``on_boundary`` is called around each remote request.
    """

    env: Mapping[str, str]
    config: Props
    project: str
    project_dir: Path
    report: Callable[[str, str], None]
    on_boundary: Callable[[str], None] | None = None


class Provider(Protocol):
    """One package's provider. Calls may come from several threads at once."""

    accepts_secrets: bool
    """False: the engine strips secret markers from what it sends and puts them back on same-named results."""
    supports_preview: bool
    """False: in a preview the checked inputs stand in for the outputs, and create and update are not called."""

    def check(self, target: Target, old_inputs: Props, new_inputs: Props) -> CheckResult:
        """Validate and complete inputs; ``old_inputs`` is empty for a creation."""

    def diff(
        self, target: Target, resource_id: str, old_inputs: Props, old_outputs: Props, new_inputs: Props
    ) -> DiffResult:
        """Compare the resource with checked inputs, which may hold unknowns."""

    def create(self, target: Target, inputs: Props, *, preview: bool) -> tuple[str, Props]:
        """Create the resource: its id and outputs. In a preview: what is known of them."""

    def update(
        self,
        target: Target,
        resource_id: str,
        old_inputs: Props,
        old_outputs: Props,
        new_inputs: Props,
        *,
        preview: bool,
    ) -> Props:
        """Change the resource in place: all its outputs."""

    def read(self, target: Target, resource_id: str, inputs: Props, outputs: Props) -> ReadResult:
        """Look at the live resource."""

    def delete(self, target: Target, resource_id: str, inputs: Props, outputs: Props) -> None:
        """Delete the resource."""

    def invoke(self, token: str, args: Props) -> Props:
        """Call a function of the package."""

    def close(self) -> None:
        """Release processes and connections."""


ProviderFactory = Callable[[Surroundings], Provider]
"""Makes a provider when its first resource or function is used, once for each operation."""
