"""RotatingClientSecret: two slots, one schedule, the current value."""

import math
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, TypedDict, cast

import pulumi
from typing_extensions import NotRequired

from ..entra.cloud import current_instant
from ..program.arguments import validated
from ..program.once_in_a_run import name_once
from .in_state import ScheduledSecret
from .period import format_instant, parse_instant
from .rotation import SLOT_NAMES, slot_of
from .schedule import RotationSchedule
from .slots import declare_slot, require_generation
from .stack_state import resources_in_state, secret_record

DEFAULT_PERIOD: Final = "P90D"


class RotationArgs(TypedDict):
    """When a client secret rotates."""

    rotate_every: NotRequired[str]
    """Period, an ISO 8601 duration from an hour to a year. A secret is valid for two periods. Default: P90D."""

    force_rotation: NotRequired[str]
    """A new value rotates at the next update. So does a new value of the stack's ``unifiedto:forceRotation``."""


class RotatingClientSecretArgs(RotationArgs):
    """Arguments of `RotatingClientSecret`."""

    application_id: pulumi.Input[str]
    """The azuread provider's resource id of the app registration: ``/applications/<object id>``."""

    application_object_id: pulumi.Input[str]
    """The bare object id of the app registration."""

    label: NotRequired[str]
    """Begins each secret's display name in the portal. Default: ``<project>/<stack> <name>``."""

    consumers: NotRequired[Sequence[str]]
    """Names of the `WorkspaceIntegration` resources that use the secret. While one of them has not accepted the current
    secret, the previous one is not replaced as long as it works."""


class SlotSummary(ScheduledSecret):
    """The secret in one slot, for a person to read. The one of the greatest generation is in use, or about to be."""

    key_id: str


class RotatingClientSecret(pulumi.ComponentResource):
    """A client secret that is renewed every period, and whose predecessor stays valid for one more.

    Two `azuread.ApplicationPassword` at most: an application for personal accounts holds no third secret, so a slot
    is emptied before it is filled again. A slot that was never needed is not created: a new application starts with
    one secret. The option ``deleted_with``, set to an application that the same stack declares, saves the calls that
    would remove its secrets one by one. The secrets do not inherit ``protect`` and ``retain_on_delete``: both would
    stop the rotation.

    Outputs: `value` (secret), `key_id`, `generation`, `slots` (slot name to `SlotSummary`, of the slots that hold a
    secret), `ends` (generation to the instant at which its secret ends; known in every preview),
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
        deleted_with, opts.deleted_with = opts.deleted_with, None
        super().__init__("unifiedto:index:RotatingClientSecret", name, None, opts)
        now = current_instant(os.environ)
        names: dict[str, str] = {slot: f"{name}-{slot}" for slot in SLOT_NAMES}
        consumers = list(args.get("consumers") or ())
        self.record = resources_in_state().apply(
            lambda state: secret_record(state, slots=names, schedule=f"{name}-schedule", registrations=consumers)
        )
        self.registered_generations = self.record.apply(
            lambda record: [registration["generation"] for registration in record.registrations]
        )

        schedule = self.schedule = RotationSchedule(
            f"{name}-schedule",
            label=args.get("label") or default_label(name),
            period=args.get("rotate_every") or DEFAULT_PERIOD,
            force_tokens=[args.get("force_rotation") or "", pulumi.Config("unifiedto").get("forceRotation") or ""],
            now=format_instant(now),
            registrations=self.record.apply(lambda record: record.registrations),
            slots_in_state=self.record.apply(lambda record: record.slots),
            application_object_id=args["application_object_id"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        passwords = {
            slot: declare_slot(self, slot, names[slot], args["application_id"], schedule, self.record, deleted_with)
            for slot in SLOT_NAMES
        }
        # A dict holds them apart: what is made of a secret output as a whole is secret as a whole.
        current = pulumi.Output.all(schedule.generation, *passwords.values()).apply(
            lambda known: known[1 + SLOT_NAMES.index(slot_of(int(known[0])))]
        )
        self.generation = pulumi.Output.all(
            schedule.generation, current.apply(lambda password: password.rotate_when_changed)
        ).apply(lambda known: require_generation(int(known[0]), known[1]))
        self.value = pulumi.Output.secret(
            pulumi.Output.all(current.apply(lambda password: password.value), self.generation).apply(
                lambda known: str(known[0])
            )
        )
        self.key_id = current.apply(lambda password: password.key_id)
        self.rotates_at = schedule.rotates_at
        self.expires_at = schedule.expires_at
        self.days_left = schedule.expires_at.apply(lambda text: days_left(parse_instant(text), now))
        self.ends = schedule.secrets.apply(
            lambda secrets: {str(int(secret["generation"])): secret["ends_at"] for secret in secrets.values()}
        )
        key_ids = {
            slot: password.apply(lambda created: created.key_id if created else "")
            for slot, password in passwords.items()
        }
        self.slots = pulumi.Output.all(schedule.secrets, pulumi.Output.all(**key_ids)).apply(
            lambda known: {
                slot: cast(SlotSummary, {**secret, "key_id": known[1][slot]}) for slot, secret in known[0].items()
            }
        )
        registered = ("value", "key_id", "generation", "slots", "rotates_at", "expires_at")
        self.register_outputs({name: getattr(self, name) for name in registered})


def default_label(name: str) -> str:
    """Begins the display names of a component's secrets; of no other stack's that shares the application."""
    return f"{pulumi.get_project()}/{pulumi.get_stack()} {name}"


def days_left(ends_at: datetime, now: datetime) -> int:
    """Days until an instant; a day that has begun counts whole, so that the number stays for a day after a rotation."""
    return math.ceil((ends_at - now) / timedelta(days=1))
