"""When client secrets rotate: a pure state machine, and the dynamic resource that remembers its state.

Two slots, blue and green, hold an application's client secrets. Generation 0 lives in blue, 1 in green, 2 in blue and
so on. One secret serves for one *period* and stays valid for a second one, so two neighbouring generations always
overlap:

    generation 0  blue   |=======serves=======|-----still valid-----|
    generation 1  green                       |=======serves=======|-----still valid-----|
    generation 2  blue                                             |=======serves=======|-----…

All instants are UTC and whole seconds, written ``2026-11-23T11:25:31Z`` as Microsoft Graph writes them
(documented: https://learn.microsoft.com/graph/api/application-addpassword; a different spelling of the same instant
makes the
azuread provider replace the secret: observed with its upstream 3.9).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import Any, Final, Literal, TypedDict

import isodate
from typing_extensions import NotRequired

from ..entra.listed_secret import ListedSecret
from ..errors import ForcedRotationRefused, InvalidRotationPeriod, MoveNeedsState, OrphanedSecret
from .listed_secrets import StackView, find_obstacle, lost_in_use, orphans

SlotName = Literal["blue", "green"]
SLOT_NAMES: Final[tuple[SlotName, SlotName]] = ("blue", "green")

NEVER: Final = -1
"""Stands for "no generation": the slot holds no secret that this stack wants to exist.

A number and not None: Pulumi drops None from a resource's outputs, and what is missing is unknown in a preview.
"""

SHORTEST_PERIOD: Final = timedelta(hours=1)
LONGEST_PERIOD: Final = timedelta(days=366)
"""A secret lives two periods; the portal offers two years at most (documented:
https://learn.microsoft.com/entra/identity-platform/how-to-add-credentials)."""


def slot_of(generation: int) -> SlotName:
    """The slot in which a generation's secret lives: even ones in blue, odd ones in green."""
    return SLOT_NAMES[generation % 2]


def other_slot(slot: SlotName) -> SlotName:
    return SLOT_NAMES[1 - SLOT_NAMES.index(slot)]


def format_instant(instant: datetime) -> str:
    """An instant as Microsoft Graph writes it: UTC, whole seconds, ``Z``."""
    return instant.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_instant(text: str) -> datetime:
    """The reverse of `format_instant`; also takes other ISO 8601 spellings. Raises ValueError for anything else."""
    instant: datetime = isodate.parse_datetime(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} names no time zone")
    return instant.astimezone(timezone.utc).replace(microsecond=0)


class Period:
    """An ISO 8601 duration such as ``P90D``, ``P3M`` or ``PT12H``; months and years follow the calendar."""

    def __init__(self, text: str) -> None:
        """Raises InvalidRotationPeriod when the text is no duration, or not between an hour and a year."""
        reference = datetime(2026, 1, 1, tzinfo=timezone.utc)
        try:
            self._duration = isodate.parse_duration(text)
            length = self.after(reference) - reference
        except (isodate.ISO8601Error, TypeError, ValueError):
            reason = "it is not an ISO 8601 duration in whole years and months"
            raise InvalidRotationPeriod(period=str(text), reason=reason) from None
        except OverflowError:
            raise InvalidRotationPeriod(period=str(text), reason="it never ends") from None
        self.text = text
        if length < SHORTEST_PERIOD:
            raise InvalidRotationPeriod(period=text, reason="it is shorter than one hour")
        if length > LONGEST_PERIOD:
            raise InvalidRotationPeriod(
                period=text, reason="it is longer than one year, and a secret, which lives two periods, longer than two"
            )

    def after(self, instant: datetime) -> datetime:
        """The end of one period that begins at an instant, in whole seconds."""
        end: datetime = instant + self._duration
        return end.replace(microsecond=0)


@dataclass(frozen=True)
class PlannedSecret:
    """A secret that should exist in a slot."""

    generation: int
    starts_at: datetime
    ends_at: datetime
    display_name: str

    @property
    def slot(self) -> SlotName:
        return slot_of(self.generation)

    def is_alive(self, now: datetime) -> bool:
        return self.ends_at > now


@dataclass(frozen=True)
class Schedule:
    """The state: which generation serves, what each slot holds, and the last force token that was obeyed.

    application: object id of the application that the secrets belong to, empty where it is not known yet.
    deletes_first: a slot is emptied before it is filled again. Not while the secrets move to another application: that
    one has room, and the old one's are in use until the new ones are registered.
    """

    current: PlannedSecret
    previous: PlannedSecret | None
    period: str
    force_token: str
    application: str = ""
    deletes_first: bool = True

    @property
    def generation(self) -> int:
        return self.current.generation

    @property
    def rotates_at(self) -> datetime:
        """When the next generation is due: after one period, and at the latest when half of the secret's life is over.

        The second rule matters when the period was lengthened: a secret keeps the end date with which it was created.
        """
        started_at = self.current.starts_at
        half_life = started_at + (self.current.ends_at - started_at) / 2
        return min(Period(self.period).after(started_at), half_life.replace(microsecond=0))

    def secret_in(self, slot: SlotName) -> PlannedSecret | None:
        if self.current.slot == slot:
            return self.current
        return self.previous


class Step(Enum):
    """What a run does with the schedule."""

    START = "start"
    KEEP = "keep"
    RENEW = "renew the current secret, which is missing"
    MOVE = "begin anew in another application"
    ROTATE_DUE = "rotate, the period is over"
    ROTATE_FORCED = "rotate, as forced"
    HOLD = "hold, the current secret is not registered everywhere yet"


@dataclass(frozen=True)
class Decision:
    schedule: Schedule
    step: Step


def plan_secret(generation: int, *, label: str, period: Period, now: datetime) -> PlannedSecret:
    """The secret of a generation that begins now: it serves one period and stays valid for a second one.

    Its display name is what a person reads in the portal's list of client secrets: whose it is, which slot, until when.
    """
    starts_at = now.astimezone(timezone.utc).replace(microsecond=0)
    ends_at = period.after(period.after(starts_at))
    display_name = f"{label} {slot_of(generation)} #{generation} until {ends_at:%Y-%m-%d}"
    return PlannedSecret(generation=generation, starts_at=starts_at, ends_at=ends_at, display_name=display_name)


def decide(
    before: Schedule | None,
    *,
    label: str,
    period: Period,
    force_token: str,
    now: datetime,
    registered_generations: Sequence[int] = (),
    slots: Mapping[str, SlotInState] | None = None,
    application: str = "",
    is_lost_in_use: bool = False,
) -> Decision:
    """The schedule of this run, at most one generation on from the one before, however late the run is.

    A current secret that the state does not hold (never created, or removed by hand) is planned anew, with dates that
    begin now: the old ones may be what the tenant refused. That answers a forced rotation too.

    Args:
        before: the schedule of the last run, None on the first.
        label: begins the display name of each new secret.
        force_token: a value that differs from the last one obeyed asks for a rotation now; empty asks for nothing.
        registered_generations: for each registration at Unified.to, the generation of the secret that it is known to
            have accepted last, `NEVER` for one of which nothing is known. Empty where the secret is used elsewhere.
        slots: the secrets that the stack's state holds; None where that cannot be told.
        application: object id of the application that is to hold the secrets; empty where it is not known yet.
        is_lost_in_use: the state does not hold the current secret, while Entra has it and a registration holds it: the
            next one takes the other slot, and the lost one is left where it is.

    Raises:
        ForcedRotationRefused: the advance would replace a secret that still works and that Unified.to may hold.
        MoveNeedsState: the application changes, and the state cannot be told.
    """
    if before is None:
        first = plan_secret(0, label=label, period=period, now=now)
        started = Schedule(first, previous=None, period=period.text, force_token=force_token, application=application)
        return Decision(started, Step.START)

    moves = bool(before.application) and bool(application) and application != before.application
    if moves and slots is None:
        raise MoveNeedsState(old=before.application, new=application)
    own_slots = slots_of(application or before.application, slots)
    returned = recover(own_slots or {}, period=period, force_token=before.force_token) if moves else None
    if returned is not None and returned.current.is_alive(now):
        # Back before the secrets of the application in between took over: those of this one are still there.
        back = replace(returned, application=application, period=period.text, deletes_first=False)
        return Decision(back, Step.KEEP)
    before = forget_removed(replace(before, application=application or before.application), own_slots)
    kept = replace(before, period=period.text)
    token = force_token or before.force_token
    # Once nothing in the state belongs to another application any more, a slot is emptied first again.
    is_moving = slots is not None and slots != own_slots
    deletes_first = before.deletes_first or (slots is not None and not is_moving)
    if moves:
        # What the old application holds is in use until the new one's secret is registered, and goes at the end.
        first_here = plan_secret(before.generation + 1, label=label, period=period, now=now)
        in_its_slot = (own_slots or {}).get(first_here.slot)
        is_in_the_way = in_its_slot is not None and parse_instant(in_its_slot["ends_at"]) <= now
        moved = replace(kept, current=first_here, previous=None, force_token=token, deletes_first=is_in_the_way)
        return Decision(moved, Step.MOVE)
    if own_slots is not None and not _holds(own_slots, before.current) and not is_lost_in_use:
        renewed = plan_secret(before.generation, label=label, period=period, now=now)
        return Decision(replace(kept, current=renewed, force_token=token, deletes_first=deletes_first), Step.RENEW)
    forced = bool(force_token) and force_token != before.force_token
    if not forced and not is_lost_in_use and now < kept.rotates_at:
        return Decision(kept, Step.KEEP)

    # The advance replaces what lies in the other slot. While that secret works and a registration may hold it (one that
    # failed after Unified.to had acted is on record with an older generation than it has), replacing it would lock
    # customers out: time waits for the registration, a person who forces is told.
    # The same while the secrets of another application are still in the state, because a move there has not ended.
    lagging = [generation for generation in registered_generations if generation < before.generation]
    in_danger = before.previous if lagging else None
    if is_moving and before.current.is_alive(now):
        in_danger = before.previous or before.current
    if in_danger is not None and in_danger.is_alive(now):
        if forced:
            raise ForcedRotationRefused(
                current=before.generation,
                registered=min(registered_generations, default=NEVER),
                replaced=in_danger.generation,
                secret=in_danger.display_name,
                force_token=force_token,
            )
        return Decision(kept, Step.HOLD)

    advanced = Schedule(
        current=plan_secret(before.generation + 1, label=label, period=period, now=now),
        previous=None if is_lost_in_use else before.current,
        period=period.text,
        force_token=token,
        application=before.application,
        deletes_first=deletes_first,
    )
    return Decision(advanced, Step.ROTATE_FORCED if forced else Step.ROTATE_DUE)


Look = Callable[[str], Sequence[ListedSecret] | None]
"""Lists the client secrets of an application by its object id; None where they cannot be told."""


def advance(
    before: Schedule | None,
    *,
    label: str,
    period: Period,
    force_token: str,
    now: datetime,
    registered_generations: Sequence[int],
    slots: Mapping[str, SlotInState] | None,
    application: str,
    proven: int | None,
    used_key_ids: Sequence[str],
    look: Look,
) -> tuple[Schedule, list[OrphanedSecret]]:
    """`decide`, and before a secret is created or after a run that did not end well, a look whether Entra has room.

    proven: the generation that was proven last, `NEVER` for none, None where that cannot be told. used_key_ids: key ids
    of the secret that was proven last, and of those that registrations are on record with.

    The schedule of this run, and the secrets of earlier runs that nothing can use. Nothing is looked at, or judged,
    where the state cannot be told.

    Raises:
        UnifiedtoError: what is in the way, before anything is changed.
    """

    def decision(*, is_lost_in_use: bool = False) -> Decision:
        return decide(
            before,
            label=label,
            period=period,
            force_token=force_token,
            now=now,
            registered_generations=registered_generations,
            slots=slots,
            application=application,
            is_lost_in_use=is_lost_in_use,
        )

    decided = decision()
    schedule = decided.schedule
    held = slots_of(schedule.application, slots) or {}
    is_settled = _holds(held, schedule.current) and all(g == schedule.generation for g in registered_generations)
    if is_settled or (slots is None and before is not None):
        return schedule, []
    listed = look(schedule.application)
    if listed is None:
        return schedule, []
    view = StackView(
        application_object_id=schedule.application,
        label=label,
        generation=NEVER if before is None else before.generation,
        in_state={int(slot["generation"]): slot["key_id"] for slot in held.values()},
        registered=frozenset(registered_generations),
        used_key_ids=frozenset(used_key_ids),
        proven=proven if held == slots else None,  # while secrets move between applications, none is called unused
    )
    if decided.step is Step.RENEW and lost_in_use(listed, view):
        schedule = decision(is_lost_in_use=True).schedule
    obstacle = find_obstacle(listed, view, schedule.generation)
    if obstacle is not None:
        raise obstacle
    return schedule, orphans(listed, view)


# --- the state as a resource's properties ----------------------------------------------------------------------------


class SlotInState(TypedDict):
    """A client secret as the stack's last state holds it: the way back if the schedule's own state was lost."""

    generation: int
    key_id: str
    display_name: str
    starts_at: str
    ends_at: str
    application_object_id: NotRequired[str]


def to_properties(schedule: Schedule) -> dict[str, Any]:
    """The schedule as flat properties of the resource; an empty slot is generation `NEVER` with empty texts."""
    properties: dict[str, Any] = {
        "generation": schedule.generation,
        "period": schedule.period,
        "force_token": schedule.force_token,
        "rotates_at": format_instant(schedule.rotates_at),
        "expires_at": format_instant(schedule.current.ends_at),
        "application_object_id": schedule.application,
        "deletes_first": schedule.deletes_first,
    }
    for slot in SLOT_NAMES:
        secret = schedule.secret_in(slot)
        properties[f"{slot}_generation"] = secret.generation if secret else NEVER
        properties[f"{slot}_starts_at"] = format_instant(secret.starts_at) if secret else ""
        properties[f"{slot}_ends_at"] = format_instant(secret.ends_at) if secret else ""
        properties[f"{slot}_display_name"] = secret.display_name if secret else ""
    return properties


def _planned(properties: Mapping[str, Any], slot: SlotName) -> PlannedSecret | None:
    generation = int(properties[f"{slot}_generation"])
    if generation == NEVER:
        return None
    return PlannedSecret(
        generation=generation,
        starts_at=parse_instant(properties[f"{slot}_starts_at"]),
        ends_at=parse_instant(properties[f"{slot}_ends_at"]),
        display_name=properties[f"{slot}_display_name"],
    )


def from_properties(properties: Mapping[str, Any]) -> Schedule | None:
    """The reverse of `to_properties`; None for the properties of a resource that does not exist yet."""
    if "generation" not in properties:
        return None
    slot = slot_of(int(properties["generation"]))
    current = _planned(properties, slot)
    if current is None:
        return None
    return Schedule(
        current=current,
        previous=_planned(properties, other_slot(slot)),
        period=str(properties["period"]),
        force_token=str(properties.get("force_token", "")),
        application=str(properties.get("application_object_id", "")),
        deletes_first=bool(properties.get("deletes_first", True)),
    )


def recover(slots: Mapping[str, SlotInState], *, period: Period, force_token: str) -> Schedule | None:
    """The schedule as the client secrets in the stack's state show it, for a stack that lost the schedule's own state.

    Without this the machine would start over at generation 0 and replace a secret that Unified.to holds.
    """
    secrets = sorted(
        (
            PlannedSecret(
                generation=int(slot["generation"]),
                starts_at=parse_instant(slot["starts_at"]),
                ends_at=parse_instant(slot["ends_at"]),
                display_name=slot["display_name"],
            )
            for slot in slots.values()
        ),
        key=lambda secret: secret.generation,
    )
    if not secrets:
        return None
    current = secrets[-1]
    previous = secrets[-2] if len(secrets) > 1 and secrets[-2].slot != current.slot else None
    return Schedule(current=current, previous=previous, period=period.text, force_token=force_token)


def slots_of(application: str, slots: Mapping[str, SlotInState] | None) -> Mapping[str, SlotInState] | None:
    """The secrets in the state that belong to an application; all where it is not known to which they belong."""
    if slots is None or not application:
        return slots
    return {
        slot: secret
        for slot, secret in slots.items()
        if secret.get("application_object_id", application) in ("", application)
    }


def forget_removed(schedule: Schedule, slots: Mapping[str, SlotInState] | None) -> Schedule:
    """Leaves a previous secret out that the stack's state does not hold: removed in the portal, or never created.

    Nothing uses it, and its end date may lie in the past, which Microsoft Graph refuses. None for `slots` means that
    the state could not be read: then nothing is left out.
    """
    if slots is None or schedule.previous is None or _holds(slots, schedule.previous):
        return schedule
    return replace(schedule, previous=None)


def _holds(slots: Mapping[str, SlotInState], secret: PlannedSecret) -> bool:
    held = slots.get(secret.slot)
    return held is not None and int(held["generation"]) == secret.generation
