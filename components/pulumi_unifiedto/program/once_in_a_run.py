"""What a run of a program may have only once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast
from weakref import WeakKeyDictionary

import pulumi
from pulumi.runtime.settings import get_monitor

from ..errors import InvalidInput

Made = TypeVar("Made")

_OF_THE_RUN: Final[WeakKeyDictionary[Any, dict[str, Any]]] = WeakKeyDictionary()
"""What was made, by the run's connection to the engine. Every run has its own, even if one process runs several."""


def once(key: str, make: Callable[[], Made]) -> Made:
    """Makes something at the first call of a run and returns the same at later calls. Always makes it without an
    engine."""
    engine = get_monitor()
    if engine is None:
        return make()
    notes = _OF_THE_RUN.setdefault(engine, {})
    if key not in notes:
        notes[key] = make()
    return cast(Made, notes[key])


def name_once(component: pulumi.ComponentResource, name: str, opts: pulumi.ResourceOptions | None) -> None:
    """Raises InvalidInput if another component of this kind and name is in this run, under a parent of another type.

    Pulumi allows that, but the package finds client secrets in the state by name and would mix them up. Under parents
    of one type Pulumi itself refuses it, and unit tests that share a monitor do it one after the other.
    """
    kind = type(component).__name__
    parent = opts.parent.pulumi_resource_type if opts and opts.parent else ""
    if once(f"name {kind} {name}", lambda: parent) != parent:
        raise InvalidInput(
            name="name",
            reason=f'two {kind} of this program are called "{name}"',
            next_step="Give each its own name. An alias (opts.aliases) lets the renamed one keep its resources.",
        )
