"""The two slots: one `azuread.ApplicationPassword` each, replaced only as the schedule plans."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_azuread as azuread

from ..entra import provider_errors
from ..errors import ReplacementNotPlanned, SecretOfAnotherGeneration
from .rotation import NEVER, SlotInState, SlotName
from .schedule import RotationSchedule, known
from .stack_state import SecretRecord

if TYPE_CHECKING:
    from .rotating_client_secret import RotatingClientSecretArgs


def declare_slot(
    parent: pulumi.Resource,
    slot: SlotName,
    name: str,
    args: "RotatingClientSecretArgs",
    schedule: RotationSchedule,
    record: pulumi.Output[SecretRecord],
    deleted_with: pulumi.Resource | None,
) -> pulumi.Output[azuread.ApplicationPassword | None]:
    """Declares a slot's secret if the schedule has one for it, else nothing.

    The schedule's values are known in every preview, so that what is declared inside `apply` is always previewed.
    """
    on_error = provider_errors.advice_hook()

    def declare(values: Sequence[Any]) -> azuread.ApplicationPassword | None:
        generation, application, in_state = int(values[0]), str(values[1]), values[2].slots or {}
        if generation == NEVER:
            return None
        held = in_state.get(slot)
        # A slot of the same application is emptied first, because Entra holds no third secret. Whatever else replaces a
        # secret, Pulumi creates the new one first, and the hook below refuses.
        is_refilled = held is not None and int(held["generation"]) != generation and _is_of(held, application)
        return azuread.ApplicationPassword(
            name,
            application_id=args["application_id"],
            display_name=getattr(schedule, f"{slot}_display_name"),
            end_date=getattr(schedule, f"{slot}_ends_at"),
            rotate_when_changed={"generation": str(generation)},
            opts=pulumi.ResourceOptions(
                parent=parent,
                protect=False,
                retain_on_delete=False,
                delete_before_replace=is_refilled,
                deleted_with=deleted_with,
                additional_secret_outputs=["value"],
                depends_on=[schedule],
                hooks=pulumi.ResourceHookBinding(on_error=[on_error], before_create=[_check(name, generation, held)]),
            ),
        )

    return pulumi.Output.all(getattr(schedule, f"{slot}_generation"), schedule.application_object_id, record).apply(
        declare
    )


def _is_of(held: SlotInState, application: str) -> bool:
    return held.get("application_object_id", "") in ("", application)


def _check(name: str, generation: int, held: SlotInState | None) -> pulumi.ResourceHook:
    """A hook that stops Pulumi from creating a secret that the schedule does not plan: the state holds it already.

    Pulumi would do that where a person asks for a replacement (``--replace``, ``--target-replace``, ``state taint``),
    and where ``pulumi up --refresh`` found that it was removed: the state that the program reads is the one before
    (observed with Pulumi 3.274), so the schedule does not know it yet. Another application needs a secret of its own;
    a preview of its replacement does not know it.
    """

    def refuse(args: pulumi.ResourceHookArgs) -> None:
        application = str(known((args.new_inputs or {}).get("applicationId"), "")).rpartition("/")[2]
        if held is not None and int(held["generation"]) == generation and application and _is_of(held, application):
            raise ReplacementNotPlanned(resource=name, generation=generation)

    return pulumi.ResourceHook(f"pulumi-unifiedto-planned-{name}", refuse, pulumi.ResourceHookOptions(on_dry_run=True))


def require_generation(generation: int, rotate_when_changed: Mapping[str, str] | None) -> int:
    """The schedule's generation; raises SecretOfAnotherGeneration where the slot holds another one.

    That is so where a run leaves the slot out (``--target``, ``--exclude``): its secret would be proven and registered
    as what it is not.
    """
    held = (rotate_when_changed or {}).get("generation", "")
    if held != str(generation):
        raise SecretOfAnotherGeneration(generation=generation, held=held)
    return generation
