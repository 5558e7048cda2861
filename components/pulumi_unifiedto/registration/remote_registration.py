"""One registration at Unified.to: finds its row, writes it, and reads it again until a change shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from ..errors import UnifiedtoError, WriteUncertain
from ..unified.rows import Body, Identity, Row, Target
from .merge import Desired, choose_row, merged_body

if TYPE_CHECKING:
    from ..unified.client import UnifiedApi  # loads the HTTP client

_FIRST_WAIT_S: Final = 0.25
_LONGEST_WAIT_S: Final = 4.0


class RemoteRegistration:
    """The registration of one identity, reached through `api`. `tell` gives the user a line that is no failure."""

    def __init__(self, api: UnifiedApi, identity: Identity, tell: Callable[[str], None]) -> None:
        self.api = api
        self.identity = identity
        self.tell = tell

    def say(self, words: str) -> None:
        """Tells the user a line that begins with this registration."""
        self.tell(f"{self.identity} {words}")

    def find(self, known_id: str | None = None) -> Row | None:
        """The row as it is now. Raises as `choose_row`."""
        return choose_row(self.api.rows(self.identity), self.identity, known_id=known_id)

    def find_shared(self, known_id: str | None = None) -> Row | None:
        """As `find`, from a list that all registrations of the environment share."""
        return choose_row(self.api.shared_rows(self.identity), self.identity, known_id=known_id)

    def target(self) -> Target:
        """Where an authorization leads now."""
        return self.api.authorization_target(self.identity)

    def put(self, row: Row, desired: Desired) -> tuple[Body, Row]:
        """Writes the merged body. If it is not known whether a write was carried out, reads the row and writes again.

        What was sent, and the row it went to as it was before.
        """
        body = merged_body(row, self.identity, desired)

        def read_again() -> Body:
            nonlocal body, row
            row = self._read_after_lost_answer(row.id)
            body = merged_body(row, self.identity, desired)  # what somebody else wrote meanwhile stays
            return body

        self.api.update(self.identity, row.id, body, read_again)
        return body, row

    def _read_after_lost_answer(self, row_id: str) -> Row:
        """The row as it is now. Raises WriteUncertain where it cannot be read or is gone."""
        write = f"the write of {self.identity}"
        try:
            row = self.find(row_id)
        except UnifiedtoError as error:
            reason = f"it has no usable answer, and reading it failed too: {error.what.rstrip('.')}"
            raise WriteUncertain(request=write, reason=reason).answered(error.remote_code, error.request_id) from None
        if row is None or row.id != row_id:
            raise WriteUncertain(
                request=write, reason="it has no usable answer, and the list does not show it any more"
            )
        return row

    def attempts(self) -> Iterator[bool]:
        """When to read: at once, then at growing intervals until the time for changes to show is over. True for the
        last attempt."""
        timing = self.api.timing
        deadline = timing.monotonic() + self.api.settings.visibility_s
        wait_s = _FIRST_WAIT_S
        while (left_s := deadline - timing.monotonic()) > 0:
            yield False
            timing.sleep(min(wait_s, left_s))
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
        yield True
