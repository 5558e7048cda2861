"""A client secret as Microsoft Graph lists it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ListedSecret:
    """A client secret as Microsoft Graph lists it; the value itself is never listed.

    `hint` holds the value's first three characters; absent fields are empty texts.
    """

    key_id: str
    display_name: str
    hint: str
    ends_at: str

    def describe(self) -> str:
        name = f"{self.display_name!r}" if self.display_name else "(no name)"
        return f"{name}, key id {self.key_id}, value begins {self.hint or '???'}…, until {self.ends_at or 'unknown'}"
