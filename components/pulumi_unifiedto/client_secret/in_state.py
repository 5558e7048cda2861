"""What the stack's state says about client secrets and registrations."""

from __future__ import annotations

from typing import TypedDict

from typing_extensions import NotRequired


class SlotInState(TypedDict):
    """A client secret as the stack's last state holds it: the way back if the schedule's own state was lost."""

    generation: int
    key_id: str
    display_name: str
    starts_at: str
    ends_at: str
    application_object_id: NotRequired[str]


def belongs_to(secret: SlotInState, application: str) -> bool:
    """Whether a secret belongs to an application; also where the state does not say to which."""
    return secret.get("application_object_id", "") in ("", application)


class RegistrationInState(TypedDict):
    """What the stack's last state says that a registration at Unified.to accepted last.

    generation: `NEVER` where that is not known. key_id: empty where that is not known.
    """

    name: str
    generation: int
    key_id: str
