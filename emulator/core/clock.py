"""The virtual clock: decides when a secret starts, ends and becomes usable. Whole rehearsed years pass in seconds."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from emulator.core.store import Store

_INSTANT = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)[Tt ](?P<time>\d\d:\d\d:\d\d)(\.(?P<fraction>\d+))?(?P<zone>[Zz]|[+-]\d\d:\d\d)"
)
_COLLECTION = "core.clock"
EARLIEST = datetime(2000, 1, 1, tzinfo=timezone.utc)
LATEST = datetime(2200, 1, 1, tzinfo=timezone.utc)
"""The limits of virtual time. The deploying identity's secret works between them, and dates two years ahead exist."""
MAX_SCALE = 1e8
"""Three years in a second."""


def parse_instant(text: str) -> datetime:
    """An ISO 8601 instant with a zone, as UTC, to the microsecond. Raises ``ValueError`` for anything else."""
    match = _INSTANT.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not an ISO 8601 instant with a time zone")
    zone = "+00:00" if match["zone"] in "Zz" else match["zone"]
    fraction = (match["fraction"] or "")[:6].ljust(6, "0")
    instant = datetime.fromisoformat(f"{match['date']}T{match['time']}.{fraction}{zone}")
    try:
        return instant.astimezone(timezone.utc)
    except OverflowError:
        raise ValueError(f"{text!r} lies outside the years 1 to 9999 of UTC") from None


def format_instant(instant: datetime) -> str:
    """``YYYY-MM-DDTHH:MM:SSZ``: the one spelling that does not make the provider replace secrets."""
    return instant.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def real_now() -> datetime:
    """The computer's own clock, in UTC."""
    return datetime.now(timezone.utc)


class Clock:
    """Virtual UTC time: an anchor pair (real, virtual) and a scale.

    ``scale`` is virtual seconds in one real second; 0 stops the clock. Lifetimes of access tokens and authorization
    codes follow the real clock, because their holders count in real seconds.
    """

    def __init__(self, store: Store, real: Callable[[], datetime] = real_now) -> None:
        self._store = store
        self._real = real
        self.reload()

    def reload(self) -> None:
        """Continue from what the store holds."""
        kept = self._store.get(_COLLECTION, "clock")
        if kept is None:
            self._anchor(self._real(), 1.0, persist=False)
        else:
            self._anchor_real = parse_instant(kept["real"])
            self._anchor_virtual = parse_instant(kept["virtual"])
            self._scale = float(kept["scale"])

    def now(self) -> datetime:
        """The virtual instant, in UTC, with microseconds. It stops at ``LATEST``."""
        passed_s = (self._real() - self._anchor_real).total_seconds() * self._scale
        left_s = (LATEST - self._anchor_virtual).total_seconds()
        if passed_s >= left_s:
            return LATEST
        return self._anchor_virtual + timedelta(seconds=max(passed_s, (EARLIEST - LATEST).total_seconds()))

    @property
    def scale(self) -> float:
        """Virtual seconds in one real second."""
        return self._scale

    def change(self, *, instant: datetime | None = None, advance_s: float = 0.0, scale: float | None = None) -> None:
        """Jump to ``instant`` (aware; backwards too), then ahead, then continue at ``scale``: all of it or nothing.

        Raises ``ValueError`` for a time outside ``EARLIEST`` to ``LATEST``, a negative or too large ``scale``, and a
        value that is not a number.
        """
        pace = self._scale if scale is None else float(scale)
        if not 0 <= pace <= MAX_SCALE:
            raise ValueError(f"scale must be from 0 to {MAX_SCALE:,.0f}: the clock cannot run backwards or faster")
        if not math.isfinite(advance_s):
            raise ValueError("advance_s must be a number of seconds")
        start = self.now() if instant is None else instant.astimezone(timezone.utc)
        try:
            virtual = start + timedelta(seconds=advance_s)
        except OverflowError:
            virtual = None
        if virtual is None or not EARLIEST <= virtual <= LATEST:
            raise ValueError(f"time must be between {format_instant(EARLIEST)} and {format_instant(LATEST)}")
        self._anchor(virtual, pace)

    def set(self, instant: datetime) -> None:
        """Jump to ``instant`` (aware), backwards too. Raises ``ValueError`` as ``change`` does."""
        self.change(instant=instant)

    def advance(self, seconds: float) -> None:
        """Jump ahead. Raises ``ValueError`` as ``change`` does."""
        self.change(advance_s=seconds)

    def set_scale(self, scale: float) -> None:
        """Make time pass faster, slower, or (0) not at all. Raises ``ValueError`` as ``change`` does."""
        self.change(scale=scale)

    def reset(self) -> None:
        """Follow the computer's clock again."""
        self._anchor(self._real(), 1.0)

    def _anchor(self, virtual: datetime, scale: float, *, persist: bool = True) -> None:
        self._anchor_real = self._real()
        self._anchor_virtual = virtual.astimezone(timezone.utc)
        self._scale = scale
        if persist:
            kept = {"real": self._anchor_real.isoformat(), "virtual": self._anchor_virtual.isoformat(), "scale": scale}
            self._store.put(_COLLECTION, "clock", kept, counts_as_write=False)
