"""What a resource of the azuread package is, and what several of them do."""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

from rehearsal.plugins.azuread.graph import GraphClient, GraphError, wait
from rehearsal.plugins.azuread.schema import Field
from rehearsal.plugins.contract import ProviderError
from rehearsal.plugins.values import Props

_LOOKS = 60
_LONGEST_PAUSE_S = 10.0


class Created(Exception):
    """The resource exists under this id although creating it did not end well."""

    def __init__(self, resource_id: str, cause: ProviderError) -> None:
        super().__init__(str(cause))
        self.resource_id = resource_id


class AzureAdResource(ABC):
    """One resource type. Inputs reach it without the bridge's keys; errors are ProviderError in the plugin's words.

    ``fields``: its inputs. ``needed``: those that the components always give. ``defaults``: of further inputs, which
    the bridge adds. ``computed``: outputs that only Graph tells. ``meta``: as of ``schema.meta``.
    ``null_until_refreshed``: lists that no component declares; they are null until a refresh, then empty.
    """

    fields: ClassVar[Mapping[str, Field]]
    needed: ClassVar[tuple[str, ...]]
    defaults: ClassVar[Mapping[str, Any]] = {}
    computed: ClassVar[tuple[str, ...]]
    meta: ClassVar[str]
    null_until_refreshed: ClassVar[tuple[str, ...]] = ()

    def __init__(self, graph: GraphClient) -> None:
        self.graph = graph

    @abstractmethod
    def create(self, inputs: Props) -> tuple[str, Props]:
        """Create: id and outputs. Raises Created once the resource exists."""

    @abstractmethod
    def update(self, resource_id: str, inputs: Props, prior: Props, keys: frozenset[str]) -> None:
        """Change in place; ``keys`` are the changed properties."""

    @abstractmethod
    def read(self, resource_id: str, prior: Props) -> Props | None:
        """The live resource, None if it is gone."""

    @abstractmethod
    def delete(self, resource_id: str) -> None:
        """Delete and wait until it is gone."""

    def present(self, resource_id: str, prior: Props) -> Props:
        """The live resource, which must be there."""
        outputs = self.read(resource_id, prior)
        if outputs is None:
            raise ProviderError(f"{resource_id} is gone")
        return outputs


class Owned(AzureAdResource):
    """A directory object with owners, the deploying identity among them.

    ``collection``: its path in Graph, such as ``/applications``. ``entity``: its type there.
    """

    collection: ClassVar[str]
    entity: ClassVar[str]

    @abstractmethod
    def described(self, object_id: str) -> str:
        """The object in the plugin's words."""

    def body(self, properties: Mapping[str, Any]) -> dict[str, Any]:
        """The body of a write."""
        return {"@odata.type": f"#microsoft.graph.{self.entity}", **properties}

    def bound_owners(self, inputs: Props) -> list[str]:
        """References to the owners of a new object, the deploying identity first."""
        caller = self.graph.caller.object_id
        others = [owner for owner in in_set_order(inputs.get("owners") or []) if owner.lower() != caller.lower()]
        return [self._reference(owner) for owner in (caller, *others)]

    def owners(self, object_id: str) -> list[str]:
        """The object ids of the owners."""
        failing = f"Could not retrieve owners for {self.described(object_id)}"
        found = self.graph.list(f"{self.collection}/{object_id}/owners", failing=failing)
        return sorted(text(item.get("id")) for item in found)

    def update_owners(self, object_id: str, wanted: list[str], failing: str) -> None:
        """Add and remove owners until they are those that are wanted."""
        path, present = f"{self.collection}/{object_id}/owners", self.owners(object_id)
        for owner in wanted:
            if owner not in present:
                reference = {"@odata.id": self._reference(owner)}
                self.graph.request("POST", f"{path}/$ref", body=reference, failing=failing)
        for owner in present:
            if owner not in wanted:
                self.graph.request("DELETE", f"{path}/{owner}/$ref", failing=failing)

    def _reference(self, object_id: str) -> str:
        return self.graph.url(f"/directoryObjects/{object_id}")


@contextmanager
def creating(resource_id: str) -> Iterator[None]:
    """What fails here fails after the resource has come into being."""
    try:
        yield
    except ProviderError as error:
        raise Created(resource_id, error) from None


def until(is_seen: Callable[[], bool], what: str) -> None:
    """Look until there is something to see; the pause doubles from one second to ten.

    One sighting is enough: the plugin wants five, which only costs time here. Raises ProviderError when time is over.
    """
    for number in range(_LOOKS):
        try:
            if is_seen():
                return
        except GraphError as error:
            raise ProviderError(f"{what}: {error}") from None
        wait(min(2.0**number, _LONGEST_PAUSE_S))
    raise ProviderError(f"{what}: timeout while waiting for state to become 'Done'")


def text(value: Any) -> str:
    """Text, empty for null."""
    return "" if value is None else str(value)


def in_set_order(values: list[str], ending: str = "") -> list[str]:
    """The order in which the plugin sends a set: of the checksums of its elements, as text.

    ``ending``: what the set's hash adds to an element: a semicolon where the schema names no hash of its own. Source:
    observed in ``helper/schema/set.go`` of hashicorp/terraform-plugin-sdk.
    """
    return sorted(values, key=lambda value: str(zlib.crc32(f"{value}{ending}".encode())))
