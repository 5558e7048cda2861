"""What the stack's state says about client secrets and registrations."""

# The analyzer that describes components to other languages reads annotations at run time, so they stay plain here.
from typing import TypedDict

from typing_extensions import NotRequired


class ScheduledSecret(TypedDict):
    """A client secret that the schedule wants to exist; instants are UTC, as Microsoft Graph writes them."""

    generation: int
    display_name: str
    starts_at: str
    ends_at: str


class SlotInState(ScheduledSecret):
    """A client secret as the stack's last state holds it: the way back if the schedule's own state was lost."""

    key_id: str
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
