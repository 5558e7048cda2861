"""Time that passes only when somebody sleeps, and chance that is always the same."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from pulumi_unifiedto.unified.settings import Timing

START = datetime(2026, 11, 23, 12, 0, 0, tzinfo=timezone.utc)


class FakeTime:
    """`waits` lists the seconds of every sleep, in order."""

    def __init__(self, chance: float = 0.0) -> None:
        self.waits: list[float] = []
        self.passed_s = 0.0
        self.timing = Timing(now=self.now, monotonic=lambda: self.passed_s, sleep=self.sleep, chance=lambda: chance)

    def now(self) -> datetime:
        return START + timedelta(seconds=self.passed_s)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.passed_s += seconds
