"""RotatingClientSecret: two slots, one schedule, the current value."""

import math
import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypedDict

import pulumi
import pulumi_azuread as azuread
from typing_extensions import NotRequired

from ..entra import provider_errors as entra_errors
from ..entra.cloud import current_instant
from ..program.arguments import validated
from ..program.once_in_a_run import name_once
from . import stack_state
from .rotation import NEVER, SLOT_NAMES, SlotName, format_instant, parse_instant, slot_of
from .schedule import RotationSchedule

DEFAULT_PERIOD: Final = "P90D"


class RotatingClientSecretArgs(TypedDict):
    """Arguments of `RotatingClientSecret`.

    application_id: the azuread provider's resource id, ``/applications/<object id>``.
    application_object_id: the bare object id.
    rotate_every: the period, an ISO 8601 duration between an hour and a year; a secret is valid for two periods.
        Default P90D.
    force_token: any value that differs from the last one asks for a rotation now. Setting the first one, or none,
        asks for nothing.
    label: begins each secret's display name in the portal, and tells this stack's secrets from those of others, so it
        is not to be shared. Default: ``<project>/<stack> <name>``.
    consumers: names of the `WorkspaceIntegration` resources that use the secret: while one of them has not accepted
        the current secret, the previous one is not replaced as long as it works.
    proof: name of the command that proves each secret before a consumer gets it, with the variables
        ``GENERATION_VARIABLE`` and ``KEY_ID_VARIABLE`` (`stack_state`) in its environment. Without it no secret that is
        missing in the state is ever called unused.
    """

    application_id: pulumi.Input[str]
    application_object_id: pulumi.Input[str]
    rotate_every: NotRequired[pulumi.Input[str]]
    force_token: NotRequired[pulumi.Input[str]]
    label: NotRequired[pulumi.Input[str]]
    consumers: NotRequired[Sequence[str]]
    proof: NotRequired[str]


class SlotSummary(TypedDict):
    """One slot for a person to read; instants are UTC, empty where the slot holds no secret.

    state: ``current``, ``previous, still valid``, ``expired`` or ``empty``.
    """

    generation: int
    key_id: str
    display_name: str
    starts_at: str
    ends_at: str
    state: str


class RotatingClientSecret(pulumi.ComponentResource):
    """A client secret that is renewed every period, and whose predecessor stays valid for one more.

    Two `azuread.ApplicationPassword` at most: an application for personal accounts holds no third secret, so a slot
    is emptied before it is filled again. A slot that was never needed is not created: a new application starts with
    one secret. The option ``deleted_with``, set to an application that the same stack declares, saves the calls that
    would remove its secrets one by one.

    Outputs: `value` (secret), `key_id`, `generation`, `slots` (slot name to `SlotSummary`), `ends` (generation to the
    instant at which its secret ends; of the secrets that there are, and known in every preview),
    `registered_generations` (of the secret that each consumer is on record with since the last run), `rotates_at`,
    `expires_at`, `days_left` (days until the current secret ends, begun ones counted whole).
    """

    value: pulumi.Output[str]
    key_id: pulumi.Output[str]
    generation: pulumi.Output[int]
    slots: pulumi.Output[dict[str, SlotSummary]]
    ends: pulumi.Output[dict[str, str]]
    registered_generations: pulumi.Output[list[int]]
    rotates_at: pulumi.Output[str]
    expires_at: pulumi.Output[str]
    days_left: pulumi.Output[int]

    def __init__(self, name: str, args: RotatingClientSecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Raises InvalidInput for arguments that are unknown, missing or of another type."""
        args = validated(RotatingClientSecretArgs, args)
        name_once(self, name, opts)
        # Of the secrets alone: Pulumi hands a component's option down to all its children, and replaces with the
        # application what is deleted with it. The schedule must never be replaced: it would start over.
        opts = pulumi.ResourceOptions.merge(None, opts)
        self._deleted_with, opts.deleted_with = opts.deleted_with, None
        super().__init__("unifiedto:index:RotatingClientSecret", name, None, opts)
        now = current_instant(os.environ)
        names: dict[str, str] = {slot: f"{name}-{slot}" for slot in SLOT_NAMES}
        in_state = stack_state.resources_in_state()
        consumers = list(args.get("consumers") or ())
        self.registered_generations = in_state.apply(lambda state: stack_state.registered_generations(state, consumers))

        self.schedule = RotationSchedule(
            f"{name}-schedule",
            label=args.get("label") or default_label(name),
            period=args.get("rotate_every") or DEFAULT_PERIOD,
            force_token=args.get("force_token") or "",
            now=format_instant(now),
            registered_generations=self.registered_generations,
            slots_in_state=in_state.apply(lambda state: stack_state.slots_in_state(state, names, f"{name}-schedule")),
            application_object_id=args["application_object_id"],
            used_key_ids=in_state.apply(lambda state: stack_state.used_key_ids(state, consumers, args.get("proof"))),
            proven_generation=in_state.apply(lambda state: stack_state.proven_generation(state, args.get("proof"))),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._on_error = entra_errors.advice_hook()
        schedule = self.schedule
        passwords = {slot: self._slot(slot, names[slot], args) for slot in SLOT_NAMES}
        # A dict holds them apart: what is made of a secret output as a whole is secret as a whole.
        current = pulumi.Output.all(schedule.generation, *passwords.values()).apply(
            lambda known: known[1 + SLOT_NAMES.index(slot_of(int(known[0])))]
        )
        self.generation = schedule.generation.apply(int)
        self.value = pulumi.Output.secret(current.apply(lambda password: password.value))
        self.key_id = current.apply(lambda password: password.key_id)
        self.rotates_at = schedule.rotates_at
        self.expires_at = schedule.expires_at
        self.days_left = schedule.expires_at.apply(lambda text: days_left(parse_instant(text), now))
        planned = {
            slot: (getattr(schedule, f"{slot}_generation"), getattr(schedule, f"{slot}_ends_at")) for slot in SLOT_NAMES
        }
        self.ends = pulumi.Output.all(*planned.values()).apply(
            lambda known: {str(int(generation)): ends_at for generation, ends_at in known if generation != NEVER}
        )
        self.slots = pulumi.Output.all(**{slot: self._summary(slot, passwords[slot], now) for slot in SLOT_NAMES})
        self.register_outputs(
            {
                "value": self.value,
                "key_id": self.key_id,
                "generation": self.generation,
                "slots": self.slots,
                "rotates_at": self.rotates_at,
                "expires_at": self.expires_at,
            }
        )

    def _slot(
        self, slot: SlotName, name: str, args: RotatingClientSecretArgs
    ) -> pulumi.Output[azuread.ApplicationPassword | None]:
        """Declares a slot's secret if the schedule has one for it, else nothing.

        The schedule's values are known in every preview, so that what is declared inside `apply` is always previewed.
        """
        schedule = self.schedule

        def declare(known: Sequence[Any]) -> azuread.ApplicationPassword | None:
            generation, deletes_first = int(known[0]), bool(known[1])
            if generation == NEVER:
                return None
            return azuread.ApplicationPassword(
                name,
                application_id=args["application_id"],
                display_name=getattr(schedule, f"{slot}_display_name"),
                end_date=getattr(schedule, f"{slot}_ends_at"),
                rotate_when_changed={"generation": str(generation)},
                opts=pulumi.ResourceOptions(
                    parent=self,
                    delete_before_replace=deletes_first,
                    deleted_with=self._deleted_with,
                    additional_secret_outputs=["value"],
                    depends_on=[schedule],
                    hooks=pulumi.ResourceHookBinding(on_error=[self._on_error]),
                ),
            )

        return pulumi.Output.all(getattr(schedule, f"{slot}_generation"), schedule.deletes_first).apply(declare)

    def _summary(
        self, slot: SlotName, password: pulumi.Output[azuread.ApplicationPassword | None], now: datetime
    ) -> pulumi.Output[SlotSummary]:
        schedule = self.schedule

        def summarize(known: Mapping[str, Any]) -> SlotSummary:
            generation = int(known["generation"])
            return SlotSummary(
                generation=generation,
                key_id=known["key_id"],
                display_name=known["display_name"],
                starts_at=known["starts_at"],
                ends_at=known["ends_at"],
                state=_state(generation, int(known["current"]), known["ends_at"], now),
            )

        return pulumi.Output.all(
            current=schedule.generation,
            generation=getattr(schedule, f"{slot}_generation"),
            display_name=getattr(schedule, f"{slot}_display_name"),
            starts_at=getattr(schedule, f"{slot}_starts_at"),
            ends_at=getattr(schedule, f"{slot}_ends_at"),
            key_id=password.apply(lambda created: created.key_id if created is not None else ""),
        ).apply(summarize)


def default_label(name: str) -> str:
    """Begins the display names of a component's secrets; of no other stack's that shares the application."""
    return f"{pulumi.get_project()}/{pulumi.get_stack()} {name}"


def days_left(ends_at: datetime, now: datetime) -> int:
    """Days until an instant; a day that has begun counts whole, so that the number stays for a day after a rotation."""
    return math.ceil((ends_at - now) / timedelta(days=1))


def _state(generation: int, current: int, ends_at: str, now: datetime) -> str:
    if generation == NEVER:
        return "empty"
    if parse_instant(ends_at) <= now:
        return "expired"
    return "current" if generation == current else "previous, still valid"
