"""What Entra and the azuread provider accept for an app registration with personal accounts, checked before anything is
created.

Sources: [1] https://learn.microsoft.com/entra/identity-platform/supported-accounts-validation (documented),
[2] https://learn.microsoft.com/entra/identity/users/directory-service-limits-restrictions (documented), [3] the azuread
provider 6.11 (observed).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

import pulumi

from ..errors import InvalidInput
from ..program.arguments import is_known
from ..unified.rows import is_guid
from .redirect_uris import validate_redirect_uris

LONGEST_DISPLAY_NAME: Final = 90
"""Characters [1]."""

LONGEST_NOTES: Final = 1024
"""Characters (observed: Microsoft Graph refuses one more)."""

MOST_PERMISSIONS: Final = 30
"""Permissions of one API, such as Microsoft Graph [1, 3]."""

MOST_OWNERS: Final = 100
"""Owners, the deploying identity included [2, 3]."""


def validate_display_name(name: str) -> None:
    """Raises InvalidInput for an empty name, and for one that is too long."""
    if not name.strip():
        raise InvalidInput(name="displayName", reason="it is empty")
    _require_at_most("displayName", name, "characters", LONGEST_DISPLAY_NAME)


def validate_notes(notes: str) -> None:
    _require_at_most("notes", notes, "characters", LONGEST_NOTES)


def validate_permissions(names: Sequence[str]) -> None:
    _require_at_most("graphPermissions", set(names), "different permissions", MOST_PERMISSIONS)


def validate_owners(owners: Sequence[str]) -> None:
    """Raises InvalidInput for an owner that is no object id, and for too many."""
    for owner in owners:
        if not is_guid(owner):
            is_person = "@" in owner
            raise InvalidInput(
                name="owners",
                reason=f'"{owner}" is {"a sign-in name" if is_person else "not a GUID"}, and an object id is needed',
                next_step=f"Use what az ad user show --id {owner} --query id prints."
                if is_person
                else "Use the Object ID that Entra shows for the user or service principal.",
            )
    _require_at_most("owners", {owner.lower() for owner in owners}, "entries", MOST_OWNERS - 1)


def normal_client_id(text: str) -> str:
    """An application (client) id in lower case and without white space around it. Raises InvalidInput for no GUID."""
    normal = text.strip().lower()
    if not is_guid(normal):
        raise InvalidInput(
            name="clientId",
            reason="it must be a GUID",
            next_step="Use the Application (client) ID that Entra shows on the app registration's overview page.",
        )
    return normal


def _require_at_most(name: str, value: Collection[str], unit: str, limit: int) -> None:
    if len(value) > limit:
        raise InvalidInput(
            name=name,
            reason=f"it has {len(value)} {unit}; {limit} are allowed",
            next_step="Shorten the value or the list.",
        )


_VALIDATORS: Final[Mapping[str, Callable[[Any], None]]] = {
    "display_name": validate_display_name,
    "redirect_uris": validate_redirect_uris,
    "graph_permissions": validate_permissions,
    "owners": validate_owners,
    "notes": validate_notes,
}


def checked(args: Mapping[str, Any]) -> dict[str, pulumi.Input[Any]]:
    """The arguments after validation: at once where a value is known, else when it becomes known."""
    return {key: _checked(value, _VALIDATORS[key]) if key in _VALIDATORS else value for key, value in args.items()}


def _checked(value: pulumi.Input[Any], validate: Callable[[Any], None]) -> pulumi.Input[Any]:
    def after_validation(known: Any) -> Any:
        validate(known)
        return known

    return after_validation(value) if is_known(value) else pulumi.Output.from_input(value).apply(after_validation)
