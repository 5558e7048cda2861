"""A client secret as Microsoft Graph lists it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class ListedSecret:
    """A client secret as Microsoft Graph lists it; the value itself is never listed.

    `hint` holds the value's first three characters; instants are as Graph writes them; absent fields are empty texts.
    """

    key_id: str
    display_name: str
    hint: str
    starts_at: str
    ends_at: str

    def facts(self, *, is_in_state: bool, registrations: Sequence[str]) -> str:
        """What is known about the secret, on one line.

        registrations: names of the registrations that the state has on record with this secret.
        """
        return "; ".join(
            (
                f'"{self.display_name}"' if self.display_name else "(no name)",
                f"key id {self.key_id}",
                f"value begins with {self.hint}" if self.hint else "first characters not shown",
                f"valid from {self.starts_at or 'unknown'} to {self.ends_at or 'unknown'}",
                "in this stack's state" if is_in_state else "not in this stack's state",
                f"on record with {', '.join(registrations)}" if registrations else "on record with no registration",
            )
        )
