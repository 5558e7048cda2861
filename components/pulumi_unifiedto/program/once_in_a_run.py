"""What there may be only once in a run of a program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast
from weakref import WeakKeyDictionary

import pulumi
from pulumi.runtime.settings import get_monitor

from ..errors import InvalidInput

Made = TypeVar("Made")

_OF_THE_RUN: Final[WeakKeyDictionary[Any, dict[str, Any]]] = WeakKeyDictionary()
"""For the connection of a run to the engine, what was noted. Every run has a connection of its own, also where several
follow each other in one process."""


def once(key: str, make: Callable[[], Made]) -> Made:
    """What is made at the first call of a run, and given again at later ones; made anew without an engine."""
    engine = get_monitor()
    if engine is None:
        return make()
    notes = _OF_THE_RUN.setdefault(engine, {})
    if key not in notes:
        notes[key] = make()
    return cast(Made, notes[key])


def name_once(component: pulumi.ComponentResource, name: str, opts: pulumi.ResourceOptions | None) -> None:
    """Notes the name of a component; raises InvalidInput when another one of its kind has it in this run, under a
    parent of another type.

    Pulumi allows that. The client secret of each would be taken for the other's, because the state is searched by name.
    Under parents of one type Pulumi itself refuses it, and unit tests that share a monitor do it one after the other.
    """
    kind = type(component).__name__
    parent = opts.parent.pulumi_resource_type if opts and opts.parent else ""
    if once(f"name {kind} {name}", lambda: parent) != parent:
        raise InvalidInput(
            name="name",
            reason=f'two {kind} of this program are called "{name}", and would be taken for each other',
            next_step="Give each a name of its own; an alias (opts.aliases) lets a renamed one keep what it has.",
        )
