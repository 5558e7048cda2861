"""What follows when a request to Unified.to fails: whether it is repeated, and after how long. No network."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Condition(Enum):
    """Why a request did not end in a usable answer."""

    NOT_SENT = "no connection: refused, unknown host, TLS"
    UNTRUSTED = "the server's certificate is not trusted"
    BROKEN = "the connection broke, or half an answer"
    TIMED_OUT = "no answer in time"
    CONFLICT = "409"
    THROTTLED = "429"
    SERVER_FAULT = "408, or 5xx except 501 and 505"
    UNREADABLE = "2xx that cannot be read"
    REFUSED = "everything else: 3xx, 4xx, 501, 505"


LASTING: Final = frozenset({Condition.UNTRUSTED, Condition.REFUSED})
"""No request is repeated after these.

The others may pass. Unified.to's own SDK repeats after 429, 500, 502, 503 and 504 (published model,
Unified-python-sdk 0.61.5); that a 409 or a 408 occurs at all is assumed.
"""

OUTCOME_UNKNOWN: Final = frozenset({Condition.BROKEN, Condition.TIMED_OUT, Condition.CONFLICT, Condition.SERVER_FAULT})
"""A write may have been carried out: it is read before it is repeated. A 429 says that nothing was done."""

_MOST_UNREADABLE: Final = 2
"""Repeats after an unreadable answer: it is a proxy's page or a changed API, and neither passes by waiting long."""


def condition_of(status: int) -> Condition | None:
    """The condition that an HTTP status stands for; None for 2xx."""
    if 200 <= status < 300:
        return None
    if status == 408 or (status >= 500 and status not in (501, 505)):
        return Condition.SERVER_FAULT
    return {409: Condition.CONFLICT, 429: Condition.THROTTLED}.get(status, Condition.REFUSED)


@dataclass(frozen=True)
class RetryPolicy:
    """How often a request is repeated, and how long the waits are."""

    retries: int = 5
    base_wait_s: float = 1.0
    longest_wait_s: float = 30.0
    longest_asked_wait_s: float = 120.0

    def wait_s(self, condition: Condition, attempt: int, asked_s: float | None, draw: float) -> float | None:
        """Seconds to wait after attempt number `attempt` (from 1); None to give up.

        base x 2^n with up to half of it left to chance. What ``Retry-After`` asks for (assumed to be sent; `asked_s`,
        None without one) is honoured in full, with a little chance added so that many clients do not come back at the
        same moment. One above `longest_asked_wait_s` ends the run at once: a deployment that sleeps for an hour helps
        nobody. draw: a random number from 0 to 1.
        """
        most = min(self.retries, _MOST_UNREADABLE) if condition is Condition.UNREADABLE else self.retries
        if condition in LASTING or attempt > most:
            return None
        if asked_s is not None:
            return asked_s + draw * self.base_wait_s if asked_s <= self.longest_asked_wait_s else None
        full: float = min(self.base_wait_s * 2.0 ** (attempt - 1), self.longest_wait_s)
        return full * (0.5 + draw / 2)
