"""What all azuread resources have in common: check, plan and diff from the schema, errors in the bridge's words."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from rehearsal.plugins.azuread.graph import GraphClient, GraphError, Patience
from rehearsal.plugins.azuread.schema import META_KEY, Schema, changed, checked, known, paths, plain, planned
from rehearsal.plugins.contract import (
    CheckFailure,
    CheckResult,
    DiffResult,
    PartialFailureError,
    ProviderError,
    ReadResult,
    Target,
)
from rehearsal.plugins.values import UNKNOWN, Props, Secret, Value, contains_unknown

_T = TypeVar("_T")
_POLL_INTERVAL_S = 1.0
_LONGEST_POLL_INTERVAL_S = 10.0


class Locks:
    """One lock for each application, as the plugin serialises what touches the same one."""

    def __init__(self) -> None:
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    def of(self, object_id: str) -> threading.Lock:
        """The lock of one application object."""
        with self._guard:
            return self._locks.setdefault(object_id, threading.Lock())


class OperationError(Exception):
    """A failed create, read, update or delete: the plugin's summary and the cause."""

    def __init__(self, summary: str, cause: Exception | str | None = None) -> None:
        super().__init__(f"{summary}: {cause}" if cause is not None else summary)


class Created(Exception):
    """The resource exists under this id although creating it did not end well."""

    def __init__(self, resource_id: str, cause: OperationError) -> None:
        super().__init__(str(cause))
        self.resource_id = resource_id
        self.cause = cause


class AzureAdResource:
    """One resource type. Subclasses send the requests; inputs reach them without the bridge's keys."""

    schema: Schema

    def __init__(self, graph: GraphClient, locks: Locks) -> None:
        self.graph = graph
        self.locks = locks

    # --- to be given by each resource

    def rules(self, inputs: Props, name: str) -> Iterable[CheckFailure]:
        """What is wrong with single values."""
        raise NotImplementedError

    def validate_plan(self, plan: Props) -> None:
        """What is wrong with the whole; raises OperationError."""

    def create(self, inputs: Props, patience: Patience) -> tuple[str, Props]:
        """Create; raises OperationError, or Created once the resource exists."""
        raise NotImplementedError

    def update(self, resource_id: str, inputs: Props, prior: Props, keys: frozenset[str], patience: Patience) -> Props:
        """Change in place; ``keys`` are the changed properties."""
        raise NotImplementedError

    def read(self, resource_id: str, prior: Props, patience: Patience) -> Props | None:
        """The live resource, None if it is gone."""
        raise NotImplementedError

    def delete(self, resource_id: str, prior: Props, patience: Patience) -> None:
        """Delete and wait until it is gone."""
        raise NotImplementedError

    def inputs_of(self, inputs: Props, outputs: Props) -> Props:
        """The inputs of record after a refresh: properties that were given, with what they are now."""
        live = {key: outputs.get(key, value) for key, value in inputs.items()}
        return {key: _refreshed_input(inputs[key], value) for key, value in live.items()}

    # --- the provider's side

    def patience(self, operation: str) -> Patience:
        """The time that the plugin gives an operation."""
        return Patience(self.schema.timeouts_s[operation])

    def do_check(self, target: Target, inputs: Props) -> CheckResult:
        """Defaults and validation."""
        completed, failures = checked(self.schema.fields, inputs, target.name)
        return CheckResult(completed, [*failures, *self.rules(plain(completed), target.name)])

    def do_diff(self, target: Target, outputs: Props, new_inputs: Props) -> DiffResult:
        """What the plan for the new inputs changes."""
        plan = planned(self.schema.fields, plain(new_inputs), outputs)
        self._validated(target, plan)
        fields, given = self.schema.fields, plain(new_inputs)
        by_key = {
            key: paths(fields[key], given.get(key, fields[key].default), outputs.get(key), key)
            for key in changed(fields, plan, outputs)
        }
        return DiffResult(
            {path: change for changes in by_key.values() for path, change in changes.items()},
            frozenset(path for key, changes in by_key.items() if fields[key].forces_new for path in changes),
        )

    def _validated(self, target: Target, plan: Props) -> None:
        try:
            self.validate_plan(plan)
        except OperationError as error:
            raise ProviderError(f"diffing {target.urn}: {_listed(error)}") from None

    def do_create(self, target: Target, inputs: Props, *, preview: bool) -> tuple[str, Props]:
        """Plan, and unless it is a preview, do it."""
        plan = planned(self.schema.fields, plain(inputs), None)
        self._validated(target, plan)
        if preview:
            return "", {**plan, "id": UNKNOWN}
        try:
            resource_id, outputs = self.create(plain(inputs), self.patience("create"))
        except Created as created:
            outputs = self._stored(created.resource_id, known(plan))
            message = f"creating {target.urn}: {_listed(created.cause)}"
            raise PartialFailureError(message, created.resource_id, outputs) from None
        except (OperationError, GraphError) as error:
            raise ProviderError(_listed(error)) from None
        return resource_id, self._stored(resource_id, _null_where_unset(plan, outputs, {}, in_blocks=True))

    def do_update(self, target: Target, resource_id: str, prior: Props, inputs: Props, *, preview: bool) -> Props:
        """Plan, and unless it is a preview, do it."""
        plan = planned(self.schema.fields, plain(inputs), prior)
        if preview:
            return {**plan, "id": resource_id}
        keys = frozenset(changed(self.schema.fields, plan, prior))
        try:
            outputs = self.update(resource_id, plain(inputs), prior, keys, self.patience("update"))
        except (OperationError, GraphError) as error:
            message = f"updating {target.urn}: {_listed(error)}"
            raise PartialFailureError(message, resource_id, self._stored(resource_id, known(plan))) from None
        return self._stored(resource_id, _null_where_unset(plan, outputs, prior, in_blocks=False))

    def do_read(self, target: Target, resource_id: str, inputs: Props, prior: Props) -> ReadResult:
        """The live resource."""
        try:
            outputs = self.read(resource_id, prior, self.patience("read"))
        except (OperationError, GraphError) as error:
            raise ProviderError(f"refreshing {target.urn}: {_listed(error)}") from None
        if outputs is None:
            return ReadResult("", {}, {})
        return ReadResult(resource_id, self._stored(resource_id, outputs), self.inputs_of(inputs, outputs))

    def do_delete(self, target: Target, resource_id: str, prior: Props) -> None:
        """Delete."""
        try:
            self.delete(resource_id, prior, self.patience("delete"))
        except (OperationError, GraphError) as error:
            raise ProviderError(f"deleting {target.urn}: {_listed(error)}") from None

    def _stored(self, resource_id: str, outputs: Props) -> Props:
        return {META_KEY: self.schema.meta(), **outputs, "id": resource_id}


def _listed(error: Exception | str) -> str:
    return f"1 error occurred:\n\t* {error}\n\n"


def _null_where_unset(plan: Props, outputs: Props, prior: Props, *, in_blocks: bool) -> Props:
    """What plan and state left out stays null until a refresh, where Graph answers with an empty list.

    Within blocks only a creation leaves it null, an update does not (observed with the azuread plugin 6.11.1).
    """
    result = dict(outputs)
    for name, value in plan.items():
        live = result.get(name)
        if value is None and live == [] and prior.get(name) is None:
            result[name] = None
        elif in_blocks and isinstance(value, dict) and isinstance(live, dict):
            result[name] = _null_where_unset(value, live, {}, in_blocks=True)
    return result


def _refreshed_input(given: Value, live: Value) -> Value:
    if isinstance(given, dict) and isinstance(live, dict):
        return {key: _refreshed_input(value, live.get(key, value)) for key, value in given.items()}
    if isinstance(given, list) and isinstance(live, list) and len(given) == len(live):
        return [_refreshed_input(value, now) for value, now in zip(given, live, strict=True)]
    if isinstance(given, Secret) or contains_unknown(given):
        return given
    return live


def poll(patience: Patience, look: Callable[[], _T | None], what: str) -> _T:
    """Look until there is something to see; the interval doubles from one second to ten.

    One sighting is enough: the plugin wants five, which only costs time here. Raises OperationError when time is
    over; an error while looking is not caught.
    """
    interval = _POLL_INTERVAL_S
    while True:
        found = look()
        if found is not None:
            return found
        if not patience.wait(interval):
            raise OperationError(what, "timeout while waiting for state to become 'Done'")
        interval = min(interval * 2, _LONGEST_POLL_INTERVAL_S)


def is_gone(error: GraphError) -> bool:
    """True if Graph says that there is no such object."""
    return error.status == 404


def text(value: Any) -> str:
    """Text, empty for null."""
    return "" if value is None else str(value)


def in_set_order(values: list[str], ending: str = "") -> list[str]:
    """The order in which the plugin sends a set: of the checksums of its elements, as text.

    ``ending``: what the set's hash adds to an element: a semicolon where the schema names no hash of its own. Source:
    observed in ``helper/schema/set.go`` of hashicorp/terraform-plugin-sdk.
    """
    return sorted(values, key=lambda value: str(zlib.crc32(f"{value}{ending}".encode())))


def or_null(value: Value) -> Value:
    """None for empty text: the plugin clears a property by writing null."""
    return value or None
