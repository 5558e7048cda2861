"""What follows when a request to Unified.to fails: repeat it, look first, or give up. One table, no network.

| what happened                              | GET            | PUT        |
|--------------------------------------------|----------------|------------|
| never sent (refused, unknown host, TLS)    | repeat         | repeat     |
| certificate not trusted                    | give up        | give up    |
| connection broke, or half an answer        | repeat         | look first |
| time-out after sending                     | repeat         | look first |
| 408                                        | repeat         | look first |
| 409                                        | give up        | look first |
| 429                                        | repeat         | repeat     |
| 5xx except 501 and 505                     | repeat         | look first |
| 2xx that cannot be read                    | repeat, twice  | (accepted) |
| everything else (3xx, 4xx, 501, 505)       | give up        | give up    |

*Repeat* sends the same request again. *Look first* tells the caller that the outcome of its write is unknown: it lists,
and then writes what is still missing; nothing is repeated blindly. A 429 says that nothing was done, so a PUT may be
repeated.

Waiting: base x 2^n with up to half of it left to chance, at most `longest_wait_s`. A ``Retry-After`` is honoured in
full, with a little chance added so that many clients do not come back at the same moment; one above
`longest_asked_wait_s` ends the run at once, saying how long Unified.to asks to wait: a deployment that sleeps for an
hour helps nobody.

Sources: the codes 429, 500, 502, 503 and 504 are those that Unified.to's own SDK repeats (published model,
Unified-python-sdk 0.61.5); that a 409 or a 408 occurs at all, and that ``Retry-After`` is sent, is assumed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from enum import Enum
from types import MappingProxyType
from typing import Final, Literal

Method = Literal["GET", "PUT"]


class Condition(Enum):
    """Why a request did not end in a usable answer; the value stands in messages."""

    NOT_SENT = "no connection"
    UNTRUSTED = "the server's certificate is not trusted"
    BROKEN = "the connection broke"
    TIMED_OUT = "no answer in time"
    TIMEOUT_STATUS = "408"
    CONFLICT = "409"
    THROTTLED = "429"
    SERVER_FAULT = "server error"
    UNREADABLE = "unreadable answer"
    REFUSED = "refused"


class Reaction(Enum):
    """What to do next."""

    REPEAT = "repeat"
    LOOK_FIRST = "look first"
    GIVE_UP = "give up"


_REPEAT, _LOOK, _GIVE_UP = Reaction.REPEAT, Reaction.LOOK_FIRST, Reaction.GIVE_UP

TABLE: Final[Mapping[Condition, Mapping[Method, Reaction]]] = MappingProxyType(
    {
        Condition.NOT_SENT: {"GET": _REPEAT, "PUT": _REPEAT},
        Condition.UNTRUSTED: {"GET": _GIVE_UP, "PUT": _GIVE_UP},
        Condition.BROKEN: {"GET": _REPEAT, "PUT": _LOOK},
        Condition.TIMED_OUT: {"GET": _REPEAT, "PUT": _LOOK},
        Condition.TIMEOUT_STATUS: {"GET": _REPEAT, "PUT": _LOOK},
        Condition.CONFLICT: {"GET": _GIVE_UP, "PUT": _LOOK},
        Condition.THROTTLED: {"GET": _REPEAT, "PUT": _REPEAT},
        Condition.SERVER_FAULT: {"GET": _REPEAT, "PUT": _LOOK},
        Condition.UNREADABLE: {"GET": _REPEAT, "PUT": _GIVE_UP},
        Condition.REFUSED: {"GET": _GIVE_UP, "PUT": _GIVE_UP},
    }
)

_MOST_UNREADABLE: Final = 2
"""Repeats after an unreadable answer: it is a proxy's page or a changed API, and neither passes by waiting long."""


def condition_of(status: int) -> Condition | None:
    """The condition that an HTTP status stands for; None for 2xx."""
    if 200 <= status < 300:
        return None
    by_status = {408: Condition.TIMEOUT_STATUS, 409: Condition.CONFLICT, 429: Condition.THROTTLED}
    if status >= 500 and status not in (501, 505):
        return Condition.SERVER_FAULT
    return by_status.get(status, Condition.REFUSED)


@dataclass(frozen=True)
class Decision:
    """A reaction, and the seconds to wait before it is carried out."""

    reaction: Reaction
    wait_s: float = 0.0


@dataclass(frozen=True)
class RetryPolicy:
    """The numbers behind the table: how often and how long."""

    retries: int = 5
    base_wait_s: float = 1.0
    longest_wait_s: float = 30.0
    longest_asked_wait_s: float = 120.0

    def wait_s(self, attempt: int, asked_s: float | None, draw: float) -> float:
        """Seconds to wait after attempt number `attempt` (from 1).

        asked_s: what ``Retry-After`` asks for, None without one. draw: a random number from 0 to 1.
        """
        if asked_s is not None:
            return asked_s + draw * self.base_wait_s
        full: float = min(self.base_wait_s * 2.0 ** (attempt - 1), self.longest_wait_s)
        return full * (0.5 + draw / 2)

    def decide(
        self, condition: Condition, method: Method, *, attempt: int, asked_s: float | None = None, draw: float = 0.0
    ) -> Decision:
        """The reaction to a failure of attempt number `attempt` (from 1)."""
        reaction = TABLE[condition][method]
        most = min(self.retries, _MOST_UNREADABLE) if condition is Condition.UNREADABLE else self.retries
        if reaction is Reaction.GIVE_UP or attempt > most:
            return Decision(Reaction.GIVE_UP)
        if asked_s is not None and asked_s > self.longest_asked_wait_s:
            return Decision(Reaction.GIVE_UP)
        return Decision(reaction, self.wait_s(attempt, asked_s, draw))


def asked_wait_s(header: str | None, now: datetime) -> float | None:
    """The seconds that a ``Retry-After`` header asks for: seconds or an HTTP-date (RFC 9110, section 10.2.3).

    None without a header or for one that is neither, or beyond all calendars; a moment that has passed is 0. now: UTC.
    """
    if not header:
        return None
    text = header.strip()
    try:
        asked_s = float(text) if text.replace(".", "", 1).isdigit() else _until(parsedate_to_datetime(text), now)
    except (TypeError, ValueError, OverflowError):
        return None
    return asked_s if math.isfinite(asked_s) else None


def _until(moment: datetime, now: datetime) -> float:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return max(0.0, (aware - now).total_seconds())
