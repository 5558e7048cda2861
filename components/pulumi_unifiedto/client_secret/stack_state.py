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
from .rotation import NEVER, SlotInState

REGISTRATION_TYPE = "pulumi-python:dynamic/unifiedto:WorkspaceIntegration"
SCHEDULE_TYPE = "pulumi-python:dynamic/unifiedto:RotationSchedule"
PROOF_TYPE = "command:local:Command"
DEADLINE_VARIABLE = "UNIFIEDTO_PROOF_DEADLINE_S"
GENERATION_VARIABLE = "UNIFIEDTO_PROOF_GENERATION"
KEY_ID_VARIABLE = "UNIFIEDTO_PROOF_KEY_ID"
PASSWORD_TYPE = "azuread:index/applicationPassword:ApplicationPassword"  # noqa: S105 - a type token

_READ_OUTPUTS: Final = "pulumi:pulumi:readStackResourceOutputs"
_TRIES: Final = 5
_WAIT_S: Final = 0.3
"""The CLI's file backend is read while it writes its own state, and answers ``failed to load checkpoint: EOF`` now and
then (observed with Pulumi 3.260)."""

ResourcesInState = Mapping[str, Any]
"""URN to ``{"type": type token, "outputs": {…}}``."""


def may_hold_registrations() -> bool:
    """Whether the last run left registrations in the state; also true where the engine cannot tell.

    At once, unlike `resources_in_state`: for what has to be decided before anything is declared.
    """
    try:
        answer = pulumi.runtime.invoke(_READ_OUTPUTS, {"stackName": _stack_name()}).value
    except Exception:  # the SDK raises a bare Exception for a failed invoke
        return True
    resources = (answer or {}).get("outputs") or {}
    return any(resource.get("type") == REGISTRATION_TYPE for resource in resources.values())


def resources_in_state() -> pulumi.Output[ResourcesInState | None]:
    """Every resource of this stack as the last run left it; None where the engine cannot tell. Read once in a run."""
    return once("resources in state", _resources_in_state)


def _resources_in_state() -> pulumi.Output[ResourcesInState | None]:
    async def read() -> ResourcesInState | None:
        retrying = AsyncRetrying(stop=stop_after_attempt(_TRIES), wait=wait_fixed(_WAIT_S), reraise=True)
        try:
            answer: Any = await retrying(pulumi.runtime.invoke_async, _READ_OUTPUTS, {"stackName": _stack_name()})
        except Exception as fault:  # the SDK raises a bare Exception for a failed invoke
            pulumi.log.warn(
                "The stack's last state could not be read, so it is not known which client secret each registration "
                f"holds: a forced rotation waits until the previous secret has ended ({type(fault).__name__})."
            )
            return None
        outputs = (answer or {}).get("outputs")
        return outputs if isinstance(outputs, Mapping) else {}

    return pulumi.Output.unsecret(pulumi.Output.from_input(read()))


def _stack_name() -> str:
    return f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"


def _outputs(resources: ResourcesInState, type_token: str, name: str) -> Mapping[str, Any] | None:
    """The outputs of the resource with a type and a name, under whichever parents."""
    for urn, resource in resources.items():
        if urn.endswith(f"::{name}") and resource.get("type") == type_token:
            outputs = resource.get("outputs")
            return outputs if isinstance(outputs, Mapping) else None
    return None


def registered_generations(resources: ResourcesInState | None, names: Sequence[str]) -> list[int]:
    """For each registration, the generation of the secret that Unified.to is known to have accepted last.

    `NEVER`, an older secret than any, where that is not known: the state cannot be read, or it does not hold the
    registration. Such a one is new, or its first write failed, perhaps after Unified.to had carried it out.
    """
    if resources is None:
        return [NEVER]
    found = [_outputs(resources, REGISTRATION_TYPE, name) for name in names]
    generations = [NEVER if outputs is None else outputs.get("secret_generation") for outputs in found]
    return [int(generation) for generation in generations if generation is not None]


@dataclass(frozen=True)
class ProofMeans:
    """How a secret is proven: the command line, and the seconds that it may take, as text."""

    command: str
    deadline_s: str


@dataclass(frozen=True)
class ProofInState:
    """The proof on record. `environment`: what was proven, without the deadline; holds the secret in clear."""

    means: ProofMeans
    environment: Mapping[str, str] = field(repr=False)


def proof_in_state(resources: ResourcesInState | None, name: str) -> ProofInState | None:
    """The proof with a name; None where there is none, or it cannot be told."""
    outputs = _outputs(resources or {}, PROOF_TYPE, name)
    if outputs is None:
        return None
    environment = dict(outputs.get("environment") or {})
    deadline_s = environment.pop(DEADLINE_VARIABLE, "")
    return ProofInState(ProofMeans(str(outputs.get("create") or ""), deadline_s), environment)


def proven_generation(resources: ResourcesInState | None, name: str | None) -> int | None:
    """The generation of the secret that the proof with a name has proven last, `NEVER` where the state holds no proof;
    None where it cannot be told."""
    if resources is None or name is None:
        return None
    proof = proof_in_state(resources, name)
    if proof is None:
        return NEVER
    generation = proof.environment.get(GENERATION_VARIABLE)
    return None if generation is None else int(generation)


def used_key_ids(resources: ResourcesInState | None, names: Sequence[str], proof: str | None) -> list[str]:
    """Key ids of the secrets that registrations are on record with, and of the one that was proven last."""
    if resources is None:
        return []
    found = [(_outputs(resources, REGISTRATION_TYPE, name) or {}).get("secret_key_id") for name in names]
    proven = proof_in_state(resources, proof) if proof is not None else None
    if proven is not None:
        found.append(proven.environment.get(KEY_ID_VARIABLE))
    return sorted({str(key_id) for key_id in found if key_id})


def slots_in_state(
    resources: ResourcesInState | None, names: Mapping[str, str], schedule: str
) -> dict[str, SlotInState] | None:
    """The client secrets in the state by slot; None where it cannot be told which there are.

    `names` gives each slot's resource name, `schedule` the schedule's. A state that holds neither the schedule nor a
    secret under these names says nothing: the stack is new, or the component was renamed and its resources are about
    to be found under their old names.
    """
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
