"""What Microsoft Graph lists of an application's client secrets, and what follows for the next one: pure decisions.

A secret of this stack is known by its display name (label, slot and generation) and by its key id in the stack's state.
One that carries our name and is not in the state is *not* by that alone in nobody's use: the state may have lost it (a
refresh that met a passing 404), or be older than Entra (restored from a backup), or it may be another stack's. Nobody
is ever told to remove a secret that Unified.to may hold.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from ..entra.listed_secret import ListedSecret
from ..errors import OrphanedSecret, SecretLimitReached, StateOlderThanEntra, UnifiedtoError

MOST_SECRETS: Final = 2
"""Client secrets that an application for personal accounts can hold (documented:
https://learn.microsoft.com/entra/identity-platform/supported-accounts-validation)."""


@dataclass(frozen=True)
class StackView:
    """What a stack knows of its secrets before it makes the next one.

    label: begins the display names of its secrets. generation: of the current one, below zero where there is none yet.
    in_state: generation to key id of those that its state holds. registered: generations that registrations at
    Unified.to are on record with, one below zero where nothing is known. used_key_ids: key ids of the secrets that
    registrations are on record with, and of the one that was proven last. proven: that one's generation, below zero
    where none was, None where it cannot be told; no later one was ever sent to Unified.to.
    """

    application_object_id: str
    label: str
    generation: int
    in_state: Mapping[int, str]
    registered: AbstractSet[int]
    used_key_ids: AbstractSet[str]
    proven: int | None

    def generation_of(self, secret: ListedSecret) -> int | None:
        """The generation of a secret that carries this stack's name and is not in its state; None for any other."""
        if secret.key_id in self.in_state.values():
            return None
        own = re.fullmatch(re.escape(self.label) + r" (?:blue|green) #(\d+) until [0-9-]{10}", secret.display_name)
        return int(own[1]) if own else None

    def may_be_in_use(self, secret: ListedSecret) -> bool:
        """Whether a registration may hold a secret of this stack that is not in its state.

        A registration is on record with an older secret than it holds where the answer to a write was lost.
        """
        generation = self.generation_of(secret)
        if generation is None or self.proven is None or secret.key_id in self.used_key_ids:
            return True
        return any(on_record < generation < self.proven for on_record in self.registered)


def lost_in_use(secrets: Sequence[ListedSecret], view: StackView) -> bool:
    """Whether the state has lost the current secret while Entra has it and a registration holds it, as far as known."""
    if view.proven is None or view.generation in view.in_state:
        return False
    return any(view.generation_of(secret) == view.generation and view.may_be_in_use(secret) for secret in secrets)


def orphans(secrets: Sequence[ListedSecret], view: StackView) -> list[OrphanedSecret]:
    """The secrets that an earlier run made and whose value was lost with the answer; nothing can use them."""
    found = []
    for secret in secrets:
        generation = view.generation_of(secret)
        if generation is not None and generation <= view.generation and not view.may_be_in_use(secret):
            found.append(
                OrphanedSecret(
                    display_name=secret.display_name,
                    key_id=secret.key_id,
                    application=view.application_object_id,
                    command=removal_command(view.application_object_id, secret.key_id),
                )
            )
    return found


def find_obstacle(secrets: Sequence[ListedSecret], view: StackView, planned: int) -> UnifiedtoError | None:
    """Why the secret of the planned generation cannot be created, or None.

    The secret of the generation two before, in the same slot, is removed just before. That it is gone already is no
    obstacle: it may be the state of a run that had removed it, and failed to create the next one.
    """
    if planned in view.in_state:
        return None
    replaced = [key_id for generation, key_id in view.in_state.items() if generation % 2 == planned % 2]
    remaining = [secret for secret in secrets if secret.key_id not in replaced]
    if len(remaining) < MOST_SECRETS:
        return None
    if lost := orphans(remaining, view):
        return lost[0]
    described = [
        secret.describe() + (" (in this stack's state)" if secret.key_id in view.in_state.values() else "")
        for secret in remaining
    ]
    generations = [view.generation_of(secret) for secret in remaining]
    if any(generation is not None and generation > view.generation for generation in generations):
        return StateOlderThanEntra(application=view.application_object_id, secrets=described)
    return SecretLimitReached(
        application=view.application_object_id,
        secrets=described,
        limit=MOST_SECRETS,
        is_beforehand=True,
        next_step="Remove one that nothing uses, with: "
        f"{removal_command(view.application_object_id, '<key id>')} and run again.",
    )


def removal_command(application_object_id: str, key_id: str) -> str:
    """Documented: https://learn.microsoft.com/cli/azure/ad/app/credential."""
    return f"az ad app credential delete --id {application_object_id} --key-id {key_id}"
