"""A write that Unified.to may or may not have carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import RegistrationRefused, UnifiedtoError, WriteUncertain
from .retry_policy import Condition

if TYPE_CHECKING:
    from .transport import Failure


class UncertainWrite(Exception):
    """A write whose outcome is not known. Wait `wait_s`, read the row, then write what is missing; or give up with
    `error`."""

    def __init__(self, failure: Failure, wait_s: float, *, may_repeat: bool) -> None:
        super().__init__(failure.reason)
        self._failure = failure
        self.wait_s = wait_s
        self.may_repeat = may_repeat

    def error(self, *, attempts: int, and_then: str = "") -> UnifiedtoError:
        """What a user is told when reading and writing again did not settle it. and_then: what went wrong after it."""
        failure = self._failure
        error: UnifiedtoError
        if failure.condition is Condition.CONFLICT:
            error = RegistrationRefused(
                request=failure.request,
                reason=failure.message,
                attempts=attempts,
                next_step="Somebody else is changing the same registration. Run again when they have finished.",
            )
        else:
            error = WriteUncertain(
                request=failure.request,
                reason=failure.reason + (f"; {and_then}" if and_then else ""),
                attempts=attempts,
                retry_after_s=failure.asked_s,
            )
        return error.answered(failure.remote_code, failure.request_id)
