"""Sign-ins under rotation: customers sign in without pause while the client secret is rotated, on time and not, with
and without faults."""

from __future__ import annotations

import re
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Final

from emulator.core.server import EmulatorServer
from tests.support.stack import RehearsedStack
from tests.support.tools import Tools
from tools.bench.episodes import Episode
from tools.bench.life import CLOCK_SCALE, PROPAGATION_S, Life
from tools.bench.sign_in_client import Attempt, SignInClient
from tools.bench.timeline import Timeline

_EXPIRED: Final = "AADSTS7000222"
_CODE: Final = re.compile(r"AADSTS\d+")
_SIGN_IN_DEADLINE_S: Final = 10.0
_ONE_SECRET_DIR: Final = Path(__file__).parent / "programs" / "one_secret"

Progress = Callable[[str], None]


def _silent(_line: str) -> None:
    """Says nothing."""


@dataclass(frozen=True)
class SignIns:
    """What the customers met. ``refused``: because of a rotation, or for any other reason the script did not intend;
    ``expired``: refused because the script let the registered secret end."""

    attempts: Sequence[Attempt]
    refused: Sequence[Attempt]
    expired: Sequence[Attempt]
    rotations: int
    timeline: Timeline = field(default_factory=Timeline)

    @property
    def longest_gap_s(self) -> float:
        """The longest time from the end of one successful sign-in to the end of the next, in real seconds; without
        those in which the registered secret had ended."""
        expired = [attempt.ended_at for attempt in self.expired]
        ended = [attempt.ended_at for attempt in self.attempts if attempt.succeeded]
        gaps = (
            after - before
            for before, after in pairwise(ended)
            if not any(before <= instant <= after for instant in expired)
        )
        return max(gaps, default=0.0)

    @property
    def median_s(self) -> float:
        """How long a successful sign-in takes, in real seconds."""
        succeeded = [attempt for attempt in self.attempts if attempt.succeeded]
        return statistics.median(attempt.ended_at - attempt.started_at for attempt in succeeded)

    @property
    def duration_s(self) -> float:
        return self.attempts[-1].ended_at - self.attempts[0].started_at

    @property
    def reasons(self) -> Counter[str]:
        """Why sign-ins were refused, as the errors begin."""
        return Counter(_reason(attempt) for attempt in self.refused)


def measure(
    emulator: EmulatorServer,
    tools: Tools,
    state_dir: Path,
    episodes: Sequence[Episode],
    progress: Progress = _silent,
) -> SignIns:
    """Lives through the episodes while two threads sign in without pause.

    Raises AssertionError when a run did not end as its episode says.
    """
    life = Life(emulator, tools, state_dir)
    life.begin()
    with SignInClient(emulator.base_url, emulator.ssl_context) as client:
        for episode in episodes:
            progress(episode.title)
            life.live_through(episode.title, episode.happens)
    refused, expired = _sorted_out(client.attempts, life.timeline)
    return SignIns(client.attempts, refused, expired, life.timeline.rotations, life.timeline)


def measure_one_secret(
    emulator: EmulatorServer, tools: Tools, state_dir: Path, rotations: int, progress: Progress = _silent
) -> SignIns:
    """The same customers, clock and delays, while a stack rotates its only secret and registers it unproven."""
    stack = RehearsedStack(
        emulator,
        tools,
        state_dir,
        project_dir=_ONE_SECRET_DIR,
        base={"displayName": "Example CRM", "generation": 0},
    )
    stack.up()
    emulator.control.settings(secret_propagation_s=list(PROPAGATION_S))
    emulator.control.clock(scale=CLOCK_SCALE)
    with SignInClient(emulator.base_url, emulator.ssl_context) as client:
        for number in range(1, rotations + 1):
            progress(f"one secret, rotation {number}")
            stack.up(generation=number)
            _wait_for_sign_in(stack)
    refused = [attempt for attempt in client.attempts if not attempt.succeeded]
    return SignIns(client.attempts, refused, [], rotations)


def _wait_for_sign_in(stack: RehearsedStack) -> None:
    deadline = time.monotonic() + _SIGN_IN_DEADLINE_S
    while not stack.sign_in()["signed_in"]:
        assert time.monotonic() < deadline, "sign-ins do not work again"


def _reason(attempt: Attempt) -> str:
    found = _CODE.search(attempt.error or "")
    return found[0] if found else (attempt.error or "").split(":", 1)[0]


def _sorted_out(attempts: Sequence[Attempt], timeline: Timeline) -> tuple[list[Attempt], list[Attempt]]:
    """The failed attempts: those of rotations, and those of a registered secret that the script let end."""
    intended = [(passage.at, passage.until) for passage in timeline.passages if passage.expires]
    refused: list[Attempt] = []
    expired: list[Attempt] = []
    for attempt in attempts:
        if attempt.error is None:
            continue
        is_intended = _EXPIRED in attempt.error and any(
            attempt.ended_at >= since and attempt.started_at <= until for since, until in intended
        )
        (expired if is_intended else refused).append(attempt)
    return refused, expired
