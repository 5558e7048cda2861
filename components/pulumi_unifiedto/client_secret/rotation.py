"""When client secrets rotate: a pure state machine.

Two slots, blue and green, hold an application's client secrets. Generation 0 lives in blue, 1 in green, 2 in blue and
so on. One secret serves for one *period* and stays valid for a second one, so two neighbouring generations always
overlap:

    generation 0  blue   |=======serves=======|-----still valid-----|
    generation 1  green                       |=======serves=======|-----still valid-----|
    generation 2  blue                                             |=======serves=======|-----…

All instants are UTC and whole seconds, written ``2026-11-23T11:25:31Z`` as Microsoft Graph writes them
(documented: https://learn.microsoft.com/graph/api/application-addpassword). Another spelling of the same instant makes
the azuread provider replace the secret (observed with its upstream 3.9).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any, Final, Literal

from ..entra.listed_secret import ListedSecret
from ..errors import ApplicationChangeRefused, ForcedRotationRefused, SecretLimitReached
from .in_state import RegistrationInState, ScheduledSecret, SlotInState, belongs_to
from .period import Period, format_instant, parse_instant

SlotName = Literal["blue", "green"]
SLOT_NAMES: Final[tuple[SlotName, SlotName]] = ("blue", "green")

MOST_SECRETS: Final = 2
"""Client secrets that an application for personal accounts can hold (documented:
https://learn.microsoft.com/entra/identity-platform/supported-accounts-validation)."""

NEVER: Final = -1
"""Stands for "no generation": the slot holds no secret that this stack wants to exist.

A number and not None: Pulumi drops None from a resource's outputs, and what is missing is unknown in a preview.
"""


def slot_of(generation: int) -> SlotName:
    """The slot in which a generation's secret lives: even ones in blue, odd ones in green."""
    return SLOT_NAMES[generation % 2]


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
    """The state: which generation serves, what each slot holds, and the force tokens that were obeyed last.

    application: object id of the application that the secrets belong to, empty where it is not known yet.
    """

    current: PlannedSecret
    previous: PlannedSecret | None
    period: str
    force_tokens: tuple[str, ...] = ()
    application: str = ""

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

    @property
    def secrets(self) -> dict[SlotName, PlannedSecret]:
        """The secrets that should exist, by slot."""
        return {secret.slot: secret for secret in (self.previous, self.current) if secret}


@dataclass(frozen=True)
class Circumstances:
    """What a run knows before it decides: its settings, the clock, and the stack's state as the last run left it.

    Attributes:
        label: begins the display name of each new secret.
        force_tokens: asks for a rotation when one of them is set and differs from the last one obeyed.
        application: object id of the application that is to hold the secrets; empty where it is not known yet.
        slots: the secrets that the stack's state holds; None where the state cannot be read.
        registrations: what the state says about each registration. Empty where the secret is used elsewhere.
    """

    label: str
    period: Period
    now: datetime
    force_tokens: tuple[str, ...] = ()
    application: str = ""
    slots: Mapping[str, SlotInState] | None = None
    registrations: Sequence[RegistrationInState] = ()

    @property
    def registered_generations(self) -> list[int]:
        """For each registration, the generation of the secret that it is known to have accepted last."""
        return [registration["generation"] for registration in self.registrations]

    def slots_of(self, application: str) -> Mapping[str, SlotInState] | None:
        """The secrets in the state that belong to an application; all where it is not known to which they belong."""
        if self.slots is None or not application:
            return self.slots
        return {slot: secret for slot, secret in self.slots.items() if belongs_to(secret, application)}

    def plan(self, generation: int) -> PlannedSecret:
        """The secret of a generation that begins now: it serves one period and stays valid for a second one.

        Its display name is what a person reads in the portal: whose secret it is, which slot, until when.
        """
        starts_at = self.now.astimezone(timezone.utc).replace(microsecond=0)
        ends_at = self.period.after(self.period.after(starts_at))
        display_name = f"{self.label} {slot_of(generation)} #{generation} until {ends_at:%Y-%m-%d}"
        return PlannedSecret(generation=generation, starts_at=starts_at, ends_at=ends_at, display_name=display_name)


def decide(before: Schedule | None, run: Circumstances) -> Schedule:
    """The schedule of this run: one secret is replaced at most, however late the run is.

    A current secret that the state does not hold (never created, or removed by hand) is planned anew, with dates that
    begin now: the old dates may be what the tenant refused. That answers a forced rotation too.

    before: the schedule of the last run, None on the first. It stays as it is where the state cannot be read.

    Raises:
        ForcedRotationRefused: the advance would replace a secret that still works and that Unified.to may hold.
        ApplicationChangeRefused: the application changes, and the state cannot be read or holds secrets of both.
    """
    if before is None:
        return Schedule(
            run.plan(0), None, period=run.period.text, force_tokens=run.force_tokens, application=run.application
        )
    if before.application and run.application and run.application != before.application:
        return _moved(before, run)
    application = run.application or before.application
    kept = replace(before, application=application, period=run.period.text)
    own_slots = run.slots_of(application)
    if own_slots is None:
        return kept  # nothing is replaced while it is not known what there is
    before = kept = as_in_state(kept, own_slots)
    obeyed = replace(kept, force_tokens=_obeyed(before, run))
    if not holds(own_slots, before.current):
        return replace(obeyed, current=run.plan(before.generation))
    forced = _is_forced(before, run)
    if not forced and run.now < kept.rotates_at:
        return kept

    # The advance replaces what lies in the other slot. While that secret works and a registration may hold it (one that
    # failed after Unified.to had acted is on record with an older generation than it has), replacing it would lock
    # customers out: a rotation that is due waits for the registration, a forced one is refused.
    # The same holds while the state still has secrets of another application.
    is_lagging = any(generation < before.generation for generation in run.registered_generations)
    in_danger = before.previous if is_lagging else None
    if run.slots != own_slots and before.current.is_alive(run.now):
        in_danger = before.previous or before.current
    if in_danger is not None and in_danger.is_alive(run.now):
        if not before.current.is_alive(run.now):
            # A shorter period can end the current secret before the previous one. Its own slot is free then.
            return replace(obeyed, current=run.plan(before.generation + len(SLOT_NAMES)))
        if not forced:
            return kept
        raise ForcedRotationRefused(
            current=before.generation,
            registered=min(run.registered_generations, default=NEVER),
            replaced=in_danger.generation,
            secret=in_danger.display_name,
            force_token=" and ".join(filter(None, run.force_tokens)),
        )
    return replace(obeyed, current=run.plan(before.generation + 1), previous=before.current)


def _moved(before: Schedule, run: Circumstances) -> Schedule:
    """The first secret in another application. What the old one holds stays in use until this one is registered."""
    if run.slots is None:
        raise ApplicationChangeRefused(
            old=before.application, new=run.application, reason="the stack's state could not be read"
        )
    if run.slots_of(run.application):
        raise ApplicationChangeRefused(
            old=before.application,
            new=run.application,
            reason=f"an earlier change to {before.application} has not finished",
        )
    return Schedule(
        run.plan(before.generation + 1),
        None,
        period=run.period.text,
        force_tokens=_obeyed(before, run),
        application=run.application,
    )


def _is_forced(before: Schedule, run: Circumstances) -> bool:
    last = dict(enumerate(before.force_tokens))
    return any(token and token != last.get(place, "") for place, token in enumerate(run.force_tokens))


def _obeyed(before: Schedule, run: Circumstances) -> tuple[str, ...]:
    """The tokens to remember: one that is taken back stays on record, so that setting it again asks for nothing."""
    last = dict(enumerate(before.force_tokens))
    return tuple(token or last.get(place, "") for place, token in enumerate(run.force_tokens))


ListSecrets = Callable[[str], Sequence[ListedSecret] | None]
"""Lists the client secrets of an application by its object id; None where they cannot be listed."""


def advance(before: Schedule | None, run: Circumstances, list_secrets: ListSecrets) -> Schedule:
    """`decide`, and a check that Entra has room before a secret is created or after a run that did not end well.

    A schedule that is missing, or older than the secrets in the state, is derived from them.

    Nothing is listed where the state cannot be read.

    Raises:
        UnifiedtoError: what is in the way, before anything is changed.
    """
    recovered = recover(run)
    if recovered is not None and (before is None or before.generation < recovered.generation):
        before = replace(recovered, force_tokens=before.force_tokens if before else run.force_tokens)
    schedule = decide(before, run)
    held = run.slots_of(schedule.application) or {}
    is_settled = holds(held, schedule.current) and all(g == schedule.generation for g in run.registered_generations)
    if is_settled or (run.slots is None and before is not None):
        return schedule
    listed = list_secrets(schedule.application)
    if listed is not None:
        require_room(
            listed,
            application_object_id=schedule.application,
            in_state=held,
            planned=schedule.generation,
            registrations=run.registrations,
        )
    return schedule


# --- whether Entra has room -----------------------------------------------------------------------------------------


def require_room(
    listed: Sequence[ListedSecret],
    *,
    application_object_id: str,
    in_state: Mapping[str, SlotInState],
    planned: int,
    registrations: Sequence[RegistrationInState],
) -> None:
    """Raises SecretLimitReached, with the facts about each secret, where the planned one cannot be created.

    This package never says that a secret is unused: the state may have lost it (a refresh that met a passing 404), be
    older than Entra (restored from a backup), or the secret may belong to another stack. A person decides.

    listed: the application's secrets as Microsoft Graph has them. in_state: slot to secret, of this application.
    planned: the generation to create. The secret in its slot makes room for it. That it is gone already is no obstacle:
    a run may have removed it and failed to create the next one.
    """
    if any(int(secret["generation"]) == planned for secret in in_state.values()):
        return
    replaced = {secret["key_id"] for secret in in_state.values() if int(secret["generation"]) % 2 == planned % 2}
    if len([secret for secret in listed if secret.key_id not in replaced]) < MOST_SECRETS:
        return
    known = {secret["key_id"] for secret in in_state.values()}
    raise SecretLimitReached(
        application=application_object_id,
        limit=MOST_SECRETS,
        secrets=[
            secret.facts(
                is_in_state=secret.key_id in known,
                registrations=[entry["name"] for entry in registrations if entry["key_id"] == secret.key_id],
            )
            for secret in listed
        ],
    )


# --- the state as a resource's properties ----------------------------------------------------------------------------


def to_properties(schedule: Schedule) -> dict[str, Any]:
    """The schedule as properties of the resource. `secrets` is by slot; a slot that should be empty is not in it."""
    return {
        "generation": schedule.generation,
        "period": schedule.period,
        "force_tokens": list(schedule.force_tokens),
        "rotates_at": format_instant(schedule.rotates_at),
        "expires_at": format_instant(schedule.current.ends_at),
        "application_object_id": schedule.application,
        "secrets": {
            slot: ScheduledSecret(
                generation=secret.generation,
                display_name=secret.display_name,
                starts_at=format_instant(secret.starts_at),
                ends_at=format_instant(secret.ends_at),
            )
            for slot, secret in schedule.secrets.items()
        },
    }


def from_properties(properties: Mapping[str, Any]) -> Schedule | None:
    """The reverse of `to_properties`; None for the properties of a resource that does not exist yet."""
    secrets = {slot: _held_in(secret) for slot, secret in properties.get("secrets", {}).items()}
    current = secrets.pop(slot_of(int(properties.get("generation", NEVER))), None)
    if current is None:
        return None
    return Schedule(
        current=current,
        previous=next(iter(secrets.values()), None),
        period=str(properties["period"]),
        force_tokens=tuple(map(str, properties.get("force_tokens") or ())),
        application=str(properties.get("application_object_id", "")),
    )


def recover(run: Circumstances) -> Schedule | None:
    """The schedule as the client secrets in the stack's state show it, for a stack whose schedule was lost or started
    again.

    Without this the machine would start over at generation 0 and replace a secret that Unified.to holds.
    """
    secrets = sorted(map(_held_in, (run.slots or {}).values()), key=lambda secret: secret.generation)
    if not secrets:
        return None
    current = secrets[-1]
    previous = secrets[-2] if len(secrets) > 1 and secrets[-2].slot != current.slot else None
    return Schedule(current, previous, period=run.period.text, force_tokens=run.force_tokens)


def as_in_state(schedule: Schedule, slots: Mapping[str, SlotInState]) -> Schedule:
    """The schedule with the secrets that the state has, where their names or ends differ.

    The start stays as planned where they agree: Entra notes a later second. A previous secret that the state does not
    hold (removed in the portal, or never created) is left out: Microsoft Graph may refuse its end date.
    """
    previous = schedule.previous
    if previous is not None:
        previous = _as_held(previous, slots) if holds(slots, previous) else None
    return replace(schedule, current=_as_held(schedule.current, slots), previous=previous)


def _as_held(planned: PlannedSecret, slots: Mapping[str, SlotInState]) -> PlannedSecret:
    if not holds(slots, planned):
        return planned
    held = _held_in(slots[planned.slot])
    agrees = (held.display_name, held.ends_at) == (planned.display_name, planned.ends_at)
    return planned if agrees else held


def _held_in(slot: ScheduledSecret) -> PlannedSecret:
    return PlannedSecret(
        generation=int(slot["generation"]),
        starts_at=parse_instant(slot["starts_at"]),
        ends_at=parse_instant(slot["ends_at"]),
        display_name=slot["display_name"],
    )


def holds(slots: Mapping[str, SlotInState], secret: PlannedSecret) -> bool:
    """Whether the state has a secret of this generation in its slot."""
    held = slots.get(secret.slot)
    return held is not None and int(held["generation"]) == secret.generation
