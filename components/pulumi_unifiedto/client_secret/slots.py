"""The two slots: one `azuread.ApplicationPassword` each, replaced only as the schedule plans."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_azuread as azuread

from ..entra import provider_errors
from ..errors import ReplacementNotPlanned, SecretOfAnotherGeneration
from .in_state import SlotInState, belongs_to
from .rotation import SlotName
from .schedule import RotationSchedule, known
from .stack_state import SecretRecord


def declare_slot(
    parent: pulumi.Resource,
    slot: SlotName,
    name: str,
    application_id: pulumi.Input[str],
    schedule: RotationSchedule,
    record: pulumi.Output[SecretRecord],
    deleted_with: pulumi.Resource | None,
) -> pulumi.Output[azuread.ApplicationPassword | None]:
    """Declares a slot's secret if the schedule has one for it, else nothing.

    The schedule's values are known in every preview, so that what is declared inside `apply` is always previewed.
    """
    on_error = provider_errors.advice_hook()

    def declare(values: Sequence[Any]) -> azuread.ApplicationPassword | None:
        planned, application, in_state = values[0].get(slot), str(values[1]), values[2].slots or {}
        if planned is None:
            return None
        generation, held = int(planned["generation"]), in_state.get(slot)
        # A slot of the same application is emptied first, because Entra holds no third secret. Whatever else replaces a
        # secret, Pulumi creates the new one first, and the hook below refuses.
        is_refilled = held is not None and int(held["generation"]) != generation and belongs_to(held, application)
        return azuread.ApplicationPassword(
            name,
            application_id=application_id,
            display_name=planned["display_name"],
            end_date=planned["ends_at"],
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

    return pulumi.Output.all(schedule.secrets, schedule.application_object_id, record).apply(declare)


def _check(name: str, generation: int, held: SlotInState | None) -> pulumi.ResourceHook:
    """A hook that stops Pulumi from replacing a secret where the schedule does not plan it.

    Pulumi would do that where a person asks for it (``--replace``, ``--target-replace``, ``state taint``). Another
    application needs a secret of its own; a preview of its replacement does not know it yet. A secret that Entra does
    not hold any more is created again: ``pulumi up --refresh`` finds that after the program has read the state
    (observed with Pulumi 3.274).

    held: the secret that the state has in this slot.
    """

    def refuse(args: pulumi.ResourceHookArgs) -> None:
        application = str(known((args.new_inputs or {}).get("applicationId"), "")).rpartition("/")[2]
        if (
            held is None
            or int(held["generation"]) != generation
            or not application
            or not belongs_to(held, application)
        ):
            return
        from ..entra import graph  # noqa: PLC0415 - azure-identity is slow to import and rarely needed

        listed = graph.list_secrets(application, _configured)
        if listed is None or any(secret.key_id == held["key_id"] for secret in listed):
            raise ReplacementNotPlanned(resource=name, generation=generation)

    return pulumi.ResourceHook(f"pulumi-unifiedto-planned-{name}", refuse, pulumi.ResourceHookOptions(on_dry_run=True))


def _configured(key: str) -> str | None:
    namespace, _, name = key.partition(":")
    return pulumi.Config(namespace).get(name)


def require_generation(generation: int, rotate_when_changed: Mapping[str, str] | None) -> int:
    """The schedule's generation; raises SecretOfAnotherGeneration where the slot holds another one.

    That is so where a run leaves the slot out (``--target``, ``--exclude``): its secret would be proven and registered
    as what it is not.
    """
    held = (rotate_when_changed or {}).get("generation", "")
    if held != str(generation):
        raise SecretOfAnotherGeneration(generation=generation, held=held)
    return generation
