"""What the stack's own last state says about resources that this run has not come to yet.

A rotation must know, before it replaces a client secret, which secret each registration accepted last. That is only
known to resources later in the same program, so it is read from the state of the last run, with the engine's own
function ``pulumi:pulumi:readStackResourceOutputs`` (observed with Pulumi 3.260: inside a program it returns the state
as it was before this operation, also when the last operation failed half-way).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pulumi
from tenacity import AsyncRetrying, stop_after_attempt, wait_fixed

from ..program.once_in_a_run import once
from .in_state import RegistrationInState, SlotInState
from .rotation import NEVER

REGISTRATION_TYPE = "pulumi-python:dynamic/unifiedto:WorkspaceIntegration"
SCHEDULE_TYPE = "pulumi-python:dynamic/unifiedto:RotationSchedule"
PROOF_TYPE = "command:local:Command"
PASSWORD_TYPE = "azuread:index/applicationPassword:ApplicationPassword"  # noqa: S105 - a type token

_READ_OUTPUTS: Final = "pulumi:pulumi:readStackResourceOutputs"
_TRIES: Final = 5
_WAIT_S: Final = 0.3
"""The CLI's file backend is read while it writes its own state, and answers ``failed to load checkpoint: EOF`` now and
then (observed with Pulumi 3.260)."""

ResourcesInState = Mapping[str, Any]
"""URN to ``{"type": type token, "outputs": {…}}``."""


@dataclass(frozen=True)
class ProofInState:
    """The proof on record. `environment` holds the secret in clear."""

    create: str
    interpreter: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class SecretRecord:
    """What the last state says about one component's secrets and who uses them.

    slots: by slot; None where it cannot be told which there are. registrations: in the order of the names asked for;
    one that the state does not hold is new, or its first write failed, perhaps after Unified.to had carried it out.
    """

    slots: Mapping[str, SlotInState] | None
    registrations: Sequence[RegistrationInState]

    def awaits_registration(self, names: Sequence[str]) -> bool:
        """Whether one of these registrations is not on record with the newest secret in the state."""
        newest = max((self.slots or {}).values(), key=lambda slot: slot["generation"], default=None)
        key_id = None if newest is None else newest["key_id"]
        return any(entry["key_id"] != key_id for entry in self.registrations if entry["name"] in names)


def resources_in_state() -> pulumi.Output[ResourcesInState | None]:
    """Every resource of this stack as the last run left it; None where the engine cannot tell. Read once in a run."""
    return once("resources in state", _resources_in_state)


def _resources_in_state() -> pulumi.Output[ResourcesInState | None]:
    stack = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"

    async def read() -> ResourcesInState | None:
        retrying = AsyncRetrying(stop=stop_after_attempt(_TRIES), wait=wait_fixed(_WAIT_S), reraise=True)
        try:
            answer: Any = await retrying(pulumi.runtime.invoke_async, _READ_OUTPUTS, {"stackName": stack})
        except Exception as fault:  # the SDK raises a bare Exception for a failed invoke
            pulumi.log.warn(
                f"The stack's last state could not be read ({type(fault).__name__}), so it is not known which client "
                "secret each registration holds. No secret is rotated in this run. Run pulumi up again."
            )
            return None
        outputs = (answer or {}).get("outputs")
        return outputs if isinstance(outputs, Mapping) else {}

    return pulumi.Output.unsecret(pulumi.Output.from_input(read()))


def secret_record(
    resources: ResourcesInState | None, *, slots: Mapping[str, str], schedule: str, registrations: Sequence[str]
) -> SecretRecord:
    """What the state says about the secrets of one component.

    slots: slot to resource name. schedule, registrations: resource names.
    """
    return SecretRecord(
        slots=_slots(resources, slots, schedule),
        registrations=[_registration(resources, name) for name in registrations],
    )


def proof_in_state(resources: ResourcesInState | None, name: str) -> ProofInState | None:
    """The proof with a name; None where there is none, or the state cannot be read."""
    outputs = _outputs(resources or {}, PROOF_TYPE, name)
    if outputs is None:
        return None
    return ProofInState(
        create=str(outputs.get("create") or ""),
        interpreter=tuple(outputs.get("interpreter") or ()),
        environment=dict(outputs.get("environment") or {}),
    )


def _outputs(resources: ResourcesInState, type_token: str, name: str) -> Mapping[str, Any] | None:
    """The outputs of the resource with a type and a name, under whichever parents."""
    for urn, resource in resources.items():
        if urn.endswith(f"::{name}") and resource.get("type") == type_token:
            outputs = resource.get("outputs")
            return outputs if isinstance(outputs, Mapping) else None
    return None


def _registration(resources: ResourcesInState | None, name: str) -> RegistrationInState:
    outputs = _outputs(resources or {}, REGISTRATION_TYPE, name) or {}
    return RegistrationInState(
        name=name, generation=int(outputs.get("secret_generation", NEVER)), key_id=str(outputs.get("secret_key_id", ""))
    )


def _slots(
    resources: ResourcesInState | None, names: Mapping[str, str], schedule: str
) -> dict[str, SlotInState] | None:
    """A state that holds neither the schedule nor a secret under these names says nothing: the stack is new, or the
    component was renamed and its resources are about to be found under their old names."""
    if resources is None:
        return None
    slots: dict[str, SlotInState] = {}
    for slot, name in names.items():
        outputs = _outputs(resources, PASSWORD_TYPE, name)
        generation = ((outputs or {}).get("rotateWhenChanged") or {}).get("generation")
        if outputs is None or generation is None:
            continue
        slots[slot] = SlotInState(
            generation=int(generation),
            key_id=str(outputs.get("keyId") or ""),
            display_name=str(outputs.get("displayName") or ""),
            starts_at=str(outputs.get("startDate") or ""),
            ends_at=str(outputs.get("endDate") or ""),
            application_object_id=str(outputs.get("applicationId") or "").rpartition("/")[2],
        )
    if not slots and _outputs(resources, SCHEDULE_TYPE, schedule) is None:
        return None
    return slots
