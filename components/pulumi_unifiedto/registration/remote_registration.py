"""One registration at Unified.to: finds its row, writes it, and reads it again until a change shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from ..errors import RegistrationRefused, UnifiedtoError
from ..unified.rows import Body, Identity, Row, Target
from ..unified.uncertain_write import UncertainWrite
from .merge import Desired, choose_row, merged_body

if TYPE_CHECKING:
    from ..unified.client import UnifiedApi  # loads the HTTP client

_FIRST_WAIT_S: Final = 0.25
_LONGEST_WAIT_S: Final = 4.0


class RowGone(Exception):
    """The row that was to be written does not exist any more."""


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
        rows = self.api.rows(self.identity.environment, self.identity.integration_type)
        return choose_row(rows, self.identity, known_id=known_id)

    def find_shared(self, known_id: str | None = None) -> Row | None:
        """As `find`, from a list that all registrations of the environment share."""
        return choose_row(self.api.shared_rows(self.identity), self.identity, known_id=known_id)

    def target(self) -> Target:
        """Where an authorization leads now."""
        return self.api.authorization_target(self.identity)

    def put(self, row: Row, desired: Desired) -> tuple[Body, Row]:
        """Writes the merged body. If it is not known whether a write was carried out, reads the row and writes again.

        What was sent, and the row it went to as it was before. Raises RowGone.
        """
        body = merged_body(row, self.identity, desired)
        attempt = 0
        while True:
            attempt += 1
            try:
                self.api.update(self.identity, row.id, body)
            except UncertainWrite as uncertain:
                again = self._read_after(uncertain, attempt, row.id)
                if again is None:
                    raise RowGone from None
                # What somebody else wrote meanwhile stays; what a half-done write lost comes back.
                body, row = merged_body(again, self.identity, desired, earlier=body), again
            except RegistrationRefused as refused:
                if refused.remote_code == "404":
                    self._require_listed(row.id, refused)
                raise
            else:
                return body, row

    def _read_after(self, uncertain: UncertainWrite, attempt: int, row_id: str) -> Row | None:
        """The row after an uncertain write; raises the write's error when it is not to be repeated any more."""
        policy, timing = self.api.settings.policy, self.api.timing
        if not uncertain.may_repeat or attempt > policy.retries:
            raise uncertain.error(attempts=attempt) from None
        timing.sleep(max(uncertain.wait_s, policy.wait_s(attempt, None, timing.chance())))
        try:
            return self.find(row_id)
        except UnifiedtoError as error:
            raise uncertain.error(attempts=attempt, and_then=f"reading it failed too: {error.what}") from None

    def _require_listed(self, row_id: str, refused: RegistrationRefused) -> None:
        """Raises RowGone for a row that the list does not show either; else the refusal says that it does."""
        if self.find(row_id) is None:
            raise RowGone from None
        refused.why = "Unified.to's list shows this registration, and its answer says that there is none."
        refused.next_step = 'Run again. If it stays, set the registration\'s mode to "manual".'

    def attempts(self) -> Iterator[bool]:
        """When to read: at once, then at growing intervals until the time for changes to show is over. True for the
        last attempt."""
        timing = self.api.timing
        deadline = timing.monotonic() + self.api.settings.visibility_s
        wait_s = _FIRST_WAIT_S
        while (left_s := deadline - timing.monotonic()) > 0:
            yield False
            left_s = max(deadline - timing.monotonic(), 0)
            timing.sleep(min(wait_s, left_s))
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
        yield True
