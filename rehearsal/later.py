"""``LATER``: lets emulated time pass."""

from __future__ import annotations

from datetime import datetime

import httpx
import isodate

from emulator.core.daemon import Daemon
from rehearsal.results import RehearsalError


def instant_after(now: str, text: str) -> datetime:
    """The instant that is an ISO 8601 duration after another; raises RehearsalError for what is none, or negative."""
    before: datetime = isodate.parse_datetime(now)
    try:
        after: datetime = before + isodate.parse_duration(text)
    except (isodate.ISO8601Error, TypeError, ValueError, OverflowError):
        raise RehearsalError(f'LATER cannot be "{text}": give an ISO 8601 duration such as P90D or PT12H.') from None
    if after < before:
        raise RehearsalError(
            f'LATER cannot be "{text}": the clock of a rehearsal does not go back, because what was deployed would '
            "lie in the future. Next: `make clean` begins anew, with the present time."
        )
    return after


def let_pass(daemon: Daemon, text: str) -> str:
    """Moves the emulated clock forward by an ISO 8601 duration; the new time. Raises RehearsalError."""
    with daemon.control() as control:
        now = str(control.clock()["now"])
        passes_s = (instant_after(now, text) - isodate.parse_datetime(now)).total_seconds()
        try:
            control.clock(advance_s=passes_s)
        except httpx.HTTPStatusError as error:
            raise RehearsalError(f'LATER cannot be "{text}": {error}.') from None
        return str(control.clock()["now"])
