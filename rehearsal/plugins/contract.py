"""What a stand-in for a plugin is: the calls of Pulumi's ResourceProvider protocol, without its wire format.

Source: documented in ``proto/pulumi/provider.proto`` of pulumi/pulumi.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from rehearsal.plugins.values import Props

Change: TypeAlias = Literal["add", "delete", "update"]


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
    """What would change, by property path: ``web.redirectUris[0]``. ``replaces``: the paths that force a
    replacement."""

    changes: Mapping[str, Change] = field(default_factory=dict)
    replaces: frozenset[str] = frozenset()


@dataclass
class ReadResult:
    """The live resource; an empty ``id`` means that it is gone."""

    id: str
    outputs: Props
    inputs: Props


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


@dataclass(frozen=True)
class Target:
    """The resource that a call is about."""

    urn: str

    @property
    def type(self) -> str:
        """The resource's own type."""
        return self.urn.split("::", 3)[2].rsplit("$", 1)[-1]

    @property
    def name(self) -> str:
        """The resource's name."""
        return self.urn.split("::", 3)[3]


class Provider(Protocol):
    """One package's provider. Calls may come from several threads at once."""

    package: str
    """``azuread`` of the type ``azuread:index/application:Application``."""
    accepts_secrets: bool
    """False: the engine strips secret markers from what it sends and puts them back on same-named results."""

    def configure(self, config: Props) -> None:
        """Takes the provider's own configuration, keys without its namespace; called before all calls below."""

    def check(self, target: Target, new_inputs: Props) -> CheckResult:
        """Validate and complete inputs."""

    def diff(self, target: Target, old_inputs: Props, old_outputs: Props, new_inputs: Props) -> DiffResult:
        """Compare the resource with checked inputs, which may hold unknowns."""

    def create(self, target: Target, inputs: Props, *, preview: bool) -> tuple[str, Props]:
        """Create the resource: its id and outputs. In a preview: what is known of them."""

    def update(
        self, target: Target, resource_id: str, old_outputs: Props, new_inputs: Props, *, preview: bool
    ) -> Props:
        """Change the resource in place: all its outputs."""

    def read(self, target: Target, resource_id: str, inputs: Props, outputs: Props) -> ReadResult:
        """Look at the live resource."""

    def delete(self, target: Target, resource_id: str, outputs: Props) -> None:
        """Delete the resource."""

    def invoke(self, token: str, args: Props) -> Props:
        """Call a function of the package."""

    def cancel(self) -> None:
        """End what is under way, as far as it can be ended."""

    def close(self) -> None:
        """Release connections."""
