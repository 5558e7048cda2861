"""Rotation periods, and instants as Microsoft Graph writes them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Final

import isodate

from ..errors import InvalidInput

SHORTEST_PERIOD: Final = timedelta(hours=1)
LONGEST_PERIOD: Final = timedelta(days=366)
"""A secret lives two periods; the portal offers two years at most (documented:
https://learn.microsoft.com/entra/identity-platform/how-to-add-credentials)."""


def format_instant(instant: datetime) -> str:
    """An instant as Microsoft Graph writes it: UTC, whole seconds, ``Z``."""
    return instant.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_instant(text: str) -> datetime:
    """The reverse of `format_instant`; also takes other ISO 8601 spellings. Raises ValueError for anything else."""
    instant: datetime = isodate.parse_datetime(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} names no time zone")
    return instant.astimezone(timezone.utc).replace(microsecond=0)


class Period:
    """An ISO 8601 duration such as ``P90D``, ``P3M`` or ``PT12H``; months and years follow the calendar."""

    def __init__(self, text: str) -> None:
        """Raises InvalidInput when the text is no duration, or not between an hour and a year."""
        reference = datetime(2026, 1, 1, tzinfo=timezone.utc)
        try:
            self._duration = isodate.parse_duration(text)
            length = self.after(reference) - reference
        except (isodate.ISO8601Error, TypeError, ValueError):
            raise _unusable(text, "it is not an ISO 8601 duration such as P90D") from None
        except OverflowError:
            raise _unusable(text, "it never ends") from None
        self.text = text
        if length < SHORTEST_PERIOD:
            raise _unusable(text, "it is shorter than one hour")
        if length > LONGEST_PERIOD:
            raise _unusable(text, "it is longer than one year; a secret is valid for two periods")

    def after(self, instant: datetime) -> datetime:
        """The end of one period that begins at an instant, in whole seconds."""
        end: datetime = instant + self._duration
        return end.replace(microsecond=0)


def _unusable(text: object, reason: str) -> InvalidInput:
    advice = "Set rotateEvery to a duration such as P90D (90 days) or P6M (six months)."
    return InvalidInput(name="rotateEvery", value=str(text), reason=reason, next_step=advice)
