"""Time that passes only when somebody sleeps, and chance that is always the same."""

from __future__ import annotations

from pulumi_unifiedto.unified.settings import Timing


class FakeTime:
    """`waits` lists the seconds of every sleep, in order."""

    def __init__(self, chance: float = 0.0) -> None:
        self.waits: list[float] = []
        self.passed_s = 0.0
        self.timing = Timing(monotonic=lambda: self.passed_s, sleep=self.sleep, chance=lambda: chance)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.passed_s += seconds
