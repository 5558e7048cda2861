"""The crash matrix: the engine's process is killed at each boundary of create, rotate, force and destroy."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from emulator.core.world import World
from emulator.engine.interface import Result
from tests.matrix.laboratory import Laboratory
from tests.matrix.recovery import (
    SUCCESS,
    applications,
    assert_gone,
    assert_in_force,
    follow_up,
    key_ids,
    remove_reported_orphans,
)
from tests.matrix.watch import Watch
from tests.support.forked_engine import EngineKilled
from tests.support.stack import RehearsedStack


@dataclass(frozen=True)
class Scenario:
    """One operation on a stack in a situation. ``generation``: the one in force afterwards, None when nothing is."""

    situation: str
    run: Callable[[RehearsedStack], Result]
    generation: int | None
    config: Mapping[str, Any]


SCENARIOS: Final[Mapping[str, Scenario]] = {
    "create": Scenario("new", RehearsedStack.up, 0, {}),
    "first rotation": Scenario("first rotation due", RehearsedStack.up, 1, {}),
    "rotate": Scenario("second rotation due", RehearsedStack.up, 2, {}),
    "rotate for two": Scenario("second rotation due for two", RehearsedStack.up, 2, {}),
    "force": Scenario("rotated", RehearsedStack.up, 2, {"forceRotation": "leaked"}),
    "destroy": Scenario("rotated", RehearsedStack.destroy, None, {}),
}

LEFT_OVER: Final = "+"
"""Stands in the table for an app registration that a killed creation left behind: it has no secret and is in no
state."""

_HALF_WRITTEN: Final = "during:write "
"""The new state lies beside the old one, which it is about to replace: a crash of its own."""

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
    seen: dict[tuple[str, bool], list[Crash]] = {}
    named: dict[str, int] = {}

    def at_boundary(name: str) -> bool:
        boundary = plain(name)
        named[boundary] = named.get(boundary, 0) + 1
        durable = _durable(laboratory.emulator.world, stack), boundary.startswith(_HALF_WRITTEN)
        seen.setdefault(durable, []).append(Crash(scenario, boundary, named[boundary]))
        return False

    with laboratory.case(wanted.situation, at_boundary=at_boundary) as stack:
        stack.config.update(wanted.config)
        wanted.run(stack)
    return [min(same, key=_distance) for same in seen.values()]


def _distance(crash: Crash) -> int:
    """How far a boundary is from what changed something durable: of several that are one crash, the nearest names it.

    The others may come in another order the next time: the engine takes one step at a time, and which of the program's
    registrations is first is open.
    """
    moment, _, what = crash.boundary.partition(":")
    if what.startswith("write") and moment != "before":
        return 0
    if moment == "after" and what.startswith("request") and " GET " not in what:
        return 1
    return 2 if moment == "after" else 3


def plain(boundary: str) -> str:
    """A boundary's name without what differs from run to run."""
    return _IDENTIFIER.sub("{id}", boundary.split("?", 1)[0])


def _durable(world: World, stack: RehearsedStack) -> str:
    """A fingerprint of what survives the process and is ever read again."""
    path = stack.state_dir / f"{stack.stack}.json"
    digest = hashlib.sha256(repr(world.snapshot().documents).encode())
    digest.update(path.read_bytes() if path.exists() else b"")
    return digest.hexdigest()


def run(laboratory: Laboratory, crash: Crash) -> str:
    """How the next run ends after the kill: ``ok``, and the marks of what it left or asked for."""
    met = 0

    def at_boundary(name: str) -> bool:
        nonlocal met
        met += plain(name) == crash.boundary
        return kills and met == crash.nth

    kills = True

    def run_to_the_kill(stack: RehearsedStack) -> None:
        nonlocal kills
        try:
            SCENARIOS[crash.scenario].run(stack)
        except EngineKilled:
            kills = False
        assert not kills, "the run ended before it came to the boundary"

    return run_twice(laboratory, crash.scenario, run_to_the_kill, at_boundary=at_boundary)


def run_twice(
    laboratory: Laboratory, name: str, run_to_the_kill: Callable[[RehearsedStack], None], **options: Any
) -> str:
    """How a scenario ends that was killed on its first run: ``ok``, and the marks of what it left or asked for."""
    scenario = SCENARIOS[name]
    watch = Watch(laboratory.emulator.world)
    with laboratory.case(scenario.situation, **options) as stack:
        stack.config.update(scenario.config)
        with watch.watching():
            run_to_the_kill(stack)
            outcome = SUCCESS + follow_up(stack, lambda: scenario.run(stack))
            if scenario.generation is None:
                assert_gone(stack)
            else:
                outcome += remove_reported_orphans(stack)
                outcome += LEFT_OVER * _application_left_over(stack)
                assert_in_force(stack, scenario.generation)
        watch.assert_content()
    return outcome


def _application_left_over(stack: RehearsedStack) -> bool:
    """Whether there is an application in no state; it holds no secret."""
    own = stack.outputs().get("application_object_id")
    others = [application for application in applications(stack) if application.id != own]
    assert not any(map(key_ids, others)), "an application with a secret was left over"
    return bool(others)


def cases(laboratory: Laboratory) -> Sequence[Crash]:
    """The crashes of every scenario."""
    return [crash for scenario in SCENARIOS for crash in recorded_crashes(laboratory, scenario)]
