"""The crash matrix: the CLI and its plugins are killed at each boundary of create, rotate, force and destroy."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from emulator.core.world import World
from rehearsal.results import Result
from rehearsal.stack import Stack
from tests.matrix.laboratory import Laboratory
from tests.matrix.recovery import (
    MADE,
    SUCCESS,
    applications,
    assert_gone,
    assert_in_force,
    follow_up,
    key_ids,
    remove_orphans,
)
from tests.matrix.watch import Watch
from tests.support.boundaries import run_to_the_kill, run_watched
from tests.support.stack import RehearsedStack


@dataclass(frozen=True)
class Scenario:
    """One operation on a stack in a situation. ``generation``: the one in force afterwards, None when nothing is."""

    situation: str
    operation: Callable[..., Result]
    generation: int | None
    config: Mapping[str, Any]


SCENARIOS: Final[Mapping[str, Scenario]] = {
    "create": Scenario("new", Stack.up, 0, {}),
    "first rotation": Scenario("first rotation due", Stack.up, 1, {}),
    "rotate": Scenario("second rotation due", Stack.up, 2, {}),
    "rotate for two": Scenario("second rotation due for two", Stack.up, 2, {}),
    "force": Scenario("rotated", Stack.up, 2, {"forceRotation": "leaked"}),
    "destroy": Scenario("rotated", Stack.destroy, None, {}),
}

LEFT_OVER: Final = "+"
"""Stands in the table for an app registration that a killed creation left behind: it has no secret and is in no
state."""

_IDENTIFIER: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{24}")


@dataclass(frozen=True)
class Crash:
    """A kill at the ``nth`` boundary with a name.

    Boundaries between which nothing durable changed, neither on disk nor at a service, are one crash: what dies with
    the process is the same.
    """

    scenario: str
    boundary: str
    nth: int


def recorded_crashes(laboratory: Laboratory, scenario: str) -> list[Crash]:
    """Every boundary of an operation without a crash, in order, as one crash where they are one."""
    wanted = SCENARIOS[scenario]
    seen: dict[str, list[Crash]] = {}
    named: dict[str, int] = {}

    def on_boundary(name: str) -> bool:
        if not _matters(name):
            return False
        boundary = plain(name)
        named[boundary] = named.get(boundary, 0) + 1
        durable = _durable(laboratory.emulator.world, stack)
        seen.setdefault(durable, []).append(Crash(scenario, boundary, named[boundary]))
        return False

    with laboratory.case(wanted.situation) as stack:
        stack.config.update(wanted.config)
        run_watched(stack, wanted.operation, on_boundary, laboratory.emulator.world, parallel=1)
    return [min(same, key=_distance) for same in seen.values()]


def _distance(crash: Crash) -> int:
    """How far a boundary is from what changed something durable: of several that are one crash, the nearest names it.

    The others may come in another order the next time: the engine takes one step at a time, and which of the program's
    registrations is first is open.
    """
    moment, _, what = crash.boundary.partition(":")
    if what.startswith("request"):
        return 0 if moment == "after" else 3
    return 1 if what.startswith(("create", "update", "delete")) and moment == "before" else 2


def _matters(name: str) -> bool:
    """Whether a boundary is one of a call or of a writing request; reading ones and tokens change nothing durable, and
    some are asked for at the same time."""
    return "request" not in name or not (" GET " in name or name.endswith("/token"))


def plain(boundary: str) -> str:
    """A boundary's name without what differs from run to run: identifiers, and which of two resources comes first."""
    name = _IDENTIFIER.sub("{id}", boundary.split("?", 1)[0])
    return name if "request" in name else name.rpartition(" ")[0]


def _durable(world: World, stack: RehearsedStack) -> str:
    """A fingerprint of what survives the process and is ever read again."""
    documents = [document for document in world.snapshot() if document[0] in MADE]
    digest = hashlib.sha256(repr(documents).encode())
    for path in (stack.state_dir / "backend" / ".pulumi" / "stacks").glob(f"*/{stack.stack}.json"):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def run(laboratory: Laboratory, crash: Crash) -> str:
    """How the next run ends after the kill: ``ok``, and the marks of what it left or asked for."""
    scenario = SCENARIOS[crash.scenario]
    watch = Watch(laboratory.emulator.world)
    with laboratory.case(scenario.situation) as stack:
        stack.config.update(scenario.config)
        with watch.watching():
            run_to_the_kill(stack, scenario.operation, _nth(crash), laboratory.emulator.world, parallel=1)
            outcome = SUCCESS + follow_up(stack, lambda: stack.run(scenario.operation))
            if scenario.generation is None:
                assert_gone(stack)
            else:
                outcome += remove_orphans(stack)
                outcome += LEFT_OVER * _application_left_over(stack)
                assert_in_force(stack, scenario.generation)
        watch.assert_content()
    return outcome


def _nth(crash: Crash) -> Callable[[str], bool]:
    met = 0

    def is_it(name: str) -> bool:
        nonlocal met
        met += plain(name) == crash.boundary
        return met == crash.nth

    return is_it


def _application_left_over(stack: RehearsedStack) -> bool:
    """Whether there is an application in no state; it holds no secret."""
    own = stack.outputs().get("application_object_id")
    others = [application for application in applications(stack) if application.id != own]
    assert not any(map(key_ids, others)), "an application with a secret was left over"
    return bool(others)


def cases(laboratory: Laboratory) -> Sequence[Crash]:
    """The crashes of every scenario."""
    return [crash for scenario in SCENARIOS for crash in recorded_crashes(laboratory, scenario)]


def chosen(cases: Sequence[Crash]) -> list[Crash]:
    """A subset in which every boundary and every scenario occurs at least twice, as far as there are two.

    Each boundary takes crashes of the scenarios that were taken least often so far; of equals the first counts.
    """
    taken: list[Crash] = []
    for boundary in dict.fromkeys(crash.boundary for crash in cases):
        for _ in range(2):
            left = [crash for crash in cases if crash.boundary == boundary and crash not in taken]
            if left:
                counts = Counter(crash.scenario for crash in taken)
                taken.append(min(left, key=lambda crash: counts[crash.scenario]))
    return [crash for crash in cases if crash in taken]
