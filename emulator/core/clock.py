"""The virtual clock: decides when a secret starts, ends and becomes usable. Whole rehearsed years pass in seconds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from pydantic import AwareDatetime, TypeAdapter

from emulator.core.schemas import Invalid
from emulator.core.store import Store

_INSTANT: TypeAdapter[datetime] = TypeAdapter(AwareDatetime)
_COLLECTION = "core.clock"
EARLIEST = datetime(2000, 1, 1, tzinfo=timezone.utc)
LATEST = datetime(2200, 1, 1, tzinfo=timezone.utc)
"""The limits of virtual time. The deploying identity's secret works between them, and dates two years ahead exist."""
MAX_SCALE = 1e8
"""Three years in a second."""


def parse_instant(text: str) -> datetime:
    """An ISO 8601 instant with a zone, as UTC, to the microsecond. Raises ``ValueError`` for anything else, and
    ``OverflowError`` outside the years 1 to 9999 of UTC."""
    return _INSTANT.validate_strings(text).astimezone(timezone.utc)


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

        Raises ``Invalid`` for a time outside ``EARLIEST`` to ``LATEST``, and a negative or too large ``scale``.
        """
        pace = self._scale if scale is None else scale
        if not 0 <= pace <= MAX_SCALE:
            raise Invalid(f"scale must be from 0 to {MAX_SCALE:,.0f}: the clock cannot run backwards or faster")
        try:
            virtual = (self.now() if instant is None else instant) + timedelta(seconds=advance_s)
        except OverflowError:
            virtual = None
        if virtual is None or not EARLIEST <= virtual <= LATEST:
            raise Invalid(f"time must be between {format_instant(EARLIEST)} and {format_instant(LATEST)}")
        self._anchor(virtual, pace)

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
