"""Whether Entra has room for the next client secret, and the facts about each secret where it has none.

This package never says that a secret is unused: the state may have lost it (a refresh that met a passing 404), be older
than Entra (restored from a backup), or the secret may belong to another stack. A person decides, with the facts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ..entra.listed_secret import ListedSecret
from ..errors import SecretLimitReached
from .in_state import RegistrationInState, SlotInState

MOST_SECRETS: Final = 2
"""Client secrets that an application for personal accounts can hold (documented:
https://learn.microsoft.com/entra/identity-platform/supported-accounts-validation)."""


def require_room(
    listed: Sequence[ListedSecret],
    *,
    application_object_id: str,
    in_state: Mapping[str, SlotInState],
    planned: int,
    registrations: Sequence[RegistrationInState],
) -> None:
    """Raises SecretLimitReached, with the facts about each secret, where the planned one cannot be created.

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
