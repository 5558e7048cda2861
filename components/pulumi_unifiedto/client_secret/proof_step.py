"""The step between the creation of a secret and its registration: a command that asks Entra for a token with it."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pulumi
import pulumi_command as command

from ..entra.cloud import cloud_settings
from ..entra.provider_errors import proof_advice_hook
from .rotating_client_secret import RotatingClientSecret
from .stack_state import ProofInState, proof_in_state, resources_in_state

_GENERATION: Final = "UNIFIEDTO_PROOF_GENERATION"
_DEADLINE: Final = "UNIFIEDTO_PROOF_DEADLINE_S"
_RUN: Final = "UNIFIEDTO_PROOF_RUN"
_OF_THE_RUN: Final = (_DEADLINE, _RUN)
"""Variables that say how and when a secret is proven, not which."""


def prove(
    name: str,
    secret: RotatingClientSecret,
    *,
    tenant_id: pulumi.Input[str],
    client_id: pulumi.Input[str],
    deadline_s: float,
    written: Sequence[str],
    now: str,
    opts: pulumi.ResourceOptions,
) -> command.local.Command:
    """Asks Entra for a token with the secret.

    It runs for a new secret or client, and again while a registration in `written` (names of those that this stack
    writes) has not accepted the newest secret: what is registered was proven in the same run. Otherwise what is on
    record stays, so that another deadline or another computer's interpreter proves nothing again.

    The interpreter is the one that runs the program, given as a list: no shell takes part. The secret goes through the
    environment: it is in no command line, and the state keeps it encrypted.
    """
    environment: dict[str, pulumi.Input[str]] = {
        "UNIFIEDTO_PROOF_TENANT_ID": tenant_id,
        "UNIFIEDTO_PROOF_CLIENT_ID": client_id,
        "UNIFIEDTO_PROOF_CLIENT_SECRET": secret.value,
        "UNIFIEDTO_PROOF_KEY_ID": secret.key_id,
        _GENERATION: secret.generation.apply(str),
        **cloud_settings(pulumi.Config("azuread").get),
    }
    fresh = ProofInState(
        create="prove",
        interpreter=(sys.executable, "-m", "pulumi_unifiedto.client_secret.proof"),
        environment={_DEADLINE: f"{deadline_s:g}", _RUN: now},
    )
    on_record = resources_in_state().apply(lambda state: proof_in_state(state, name))
    awaits = secret.record.apply(lambda record: record.awaits_registration(written))

    def settle(known: Sequence[Any]) -> pulumi.Input[ProofInState]:
        # A generation is known in every preview, unlike the secret: a rotation's preview shows the proof.
        last, must_prove, generation = known
        if last is None or must_prove or last.environment.get(_GENERATION) != str(generation):
            return fresh
        return pulumi.Output.all(**environment).apply(lambda now: last if _same(now, last.environment) else fresh)

    used = pulumi.Output.unsecret(pulumi.Output.all(on_record, awaits, secret.generation).apply(settle))
    return command.local.Command(
        name,
        create=used.apply(lambda proof: proof.create),
        interpreter=used.apply(lambda proof: list(proof.interpreter)),
        environment={
            **environment,
            _DEADLINE: used.apply(lambda proof: proof.environment[_DEADLINE]),
            _RUN: used.apply(lambda proof: proof.environment[_RUN]),
        },
        logging=command.local.Logging.NONE,
        opts=pulumi.ResourceOptions.merge(
            opts,
            pulumi.ResourceOptions(
                additional_secret_outputs=["environment"],
                hooks=pulumi.ResourceHookBinding(on_error=[proof_advice_hook()]),
            ),
        ),
    )


def proven_at(proof: command.local.Command) -> pulumi.Output[str]:
    """When Entra accepted the secret, as the proof's last line says: UTC, ISO 8601."""
    return pulumi.Output.from_input(proof.stdout).apply(lambda line: str(line).rsplit(" ", 1)[-1])


def _same(now: Mapping[str, str], proven: Mapping[str, str]) -> bool:
    return dict(now) == {key: value for key, value in proven.items() if key not in _OF_THE_RUN}
