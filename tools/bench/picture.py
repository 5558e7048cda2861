"""The timeline of the sign-ins under rotation as an SVG: slots, proofs, registrations, runs and the sign-ins
themselves."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from tools.bench.sign_in_client import Attempt
from tools.bench.sign_ins import SignIns
from tools.bench.timeline import Run, Secret, Timeline

_WIDTH: Final = 1280
_LEFT: Final = 96
_RIGHT: Final = 24
_PLOT: Final = _WIDTH - _LEFT - _RIGHT
_SECONDS_IN_A_ROW: Final = 36.0

_SLOT: Final = 15
_LANES: Final = {"blue": 16, "green": 34, "proof": 62, "registration": 78, "run": 90, "sign-in": 108}
"""Top of each lane (of the points: their middle) below the top of its row."""
_ROW: Final = 142

_USED: Final = {"blue": "#1f6fd6", "green": "#1e8e4e"}
_VALID: Final = {"blue": "#b9d5f7", "green": "#b8e4cb"}
_RUNS: Final = {"done": "#c9ced6", "failed": "#f0a35e", "killed": "#2b2b2b"}
_SIGNED_IN, _REFUSED, _EXPIRED = "#7a6bb5", "#d62828", "#f4c542"
_INK, _GREY, _BAD = "#1b1b1b", "#5f6670", "#c21f1f"

_ON_ITS_WAY: Final = ("the first `up`", "on time", "late", "forced", "forced twice in a row")
"""Titles of runs that need no letter: nothing fails in them."""


@dataclass(frozen=True)
class _Window:
    """A stretch of time drawn from left to right. Instants are seconds since the epoch."""

    since: float
    until: float
    top: float

    def x(self, instant: float) -> float:
        share = (min(max(instant, self.since), self.until) - self.since) / (self.until - self.since)
        return round(_LEFT + share * _PLOT, 1)

    def shows(self, since: float, until: float) -> bool:
        return since < self.until and until > self.since

    def y(self, lane: str) -> float:
        return self.top + _LANES[lane]


def draw(measured: SignIns) -> str:
    """The whole picture: one rotation enlarged with words, then all of them, row by row."""
    timeline = measured.timeline
    since, until = measured.attempts[0].started_at, measured.attempts[-1].ended_at
    rows = max(1, math.ceil((until - since) / _SECONDS_IN_A_ROW))
    seconds = (until - since) / rows
    letters = _letters(timeline.runs)
    enlarged_top, rows_top = 92, 292
    legend_top = rows_top + rows * _ROW + 8
    height = legend_top + 26 + 18 * math.ceil(len(letters) / 3) + 10
    shapes = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {_WIDTH} {height}' role='img' font-size='11' "
        f"font-family='Segoe UI, Helvetica, Arial, sans-serif' fill='{_GREY}' "
        f"aria-label='{measured.rotations} rotations of a client secret, {len(measured.refused)} sign-ins refused'>",
        f"<rect width='{_WIDTH}' height='{height}' fill='#ffffff'/>",
        _text(
            _LEFT,
            26,
            f"{measured.rotations} rotations under {len(measured.attempts):,} sign-ins: "
            f"{len(measured.refused)} refused because of a rotation",
            size=17,
            fill=_INK,
        ),
        *_key(46),
        *_enlarged(measured, _first_rotation(timeline), enlarged_top),
        _text(_LEFT, rows_top - 10, f"All of them, {seconds:.0f} s of the computer's time a row", size=13, fill=_INK),
    ]
    for number in range(rows):
        window = _Window(since + number * seconds, since + (number + 1) * seconds, rows_top + number * _ROW)
        shapes += _lane_names(window)
        shapes += _row(measured, window, letters)
    shapes += _letters_explained(letters, legend_top)
    shapes.append("</svg>")
    return "\n".join(shapes) + "\n"


def _letters(runs: Sequence[Run]) -> dict[str, str]:
    """Title of a run in which something goes wrong to the letter that stands for it, in order of appearance."""
    titles = dict.fromkeys(run.title for run in runs if run.title not in _ON_ITS_WAY)
    return {title: chr(ord("A") + number) for number, title in enumerate(titles)}


def _first_rotation(timeline: Timeline) -> Run:
    """The first run in the midst of others in which Entra refused the new secret for a while."""
    for run in timeline.runs[2:]:
        tries = [proof.accepted for proof in timeline.proofs if run.started_at <= proof.at <= run.ended_at]
        if run.outcome == "done" and False in tries:
            return run
    return timeline.runs[1]


# --- the pieces ------------------------------------------------------------------------------------------------------


def _key(top: float) -> Iterator[str]:
    entries = (
        (_USED["blue"], "Unified.to signs in with it"),
        (_VALID["blue"], "exists: not registered yet, or still valid"),
        (_RUNS["done"], "run that was done"),
        (_RUNS["failed"], "that failed"),
        (_RUNS["killed"], "that was killed"),
        (_SIGNED_IN, "sign-ins succeed"),
        (_REFUSED, "refused"),
        (_EXPIRED, "secret left to expire"),
    )
    x = float(_LEFT)
    for colour, words in entries:
        yield f"<rect x='{x:g}' y='{top}' width='12' height='10' fill='{colour}'/>"
        yield _text(x + 17, top + 9, words)
        x += 17 + 5.3 * len(words) + 16
    y = top + 24
    yield _try_mark(_LEFT + 6, y, accepted=False)
    yield _text(_LEFT + 17, y + 4, "Entra refuses the new secret, the proof asks again")
    yield _try_mark(_LEFT + 310, y, accepted=True)
    yield _text(_LEFT + 321, y + 4, "Entra accepts it")
    yield _put_mark(_LEFT + 432, y, acted=True)
    yield _text(_LEFT + 443, y + 4, "registered at Unified.to")
    yield _put_mark(_LEFT + 592, y, acted=False)
    yield _text(_LEFT + 603, y + 4, "PUT failed")
    yield _text(
        _LEFT + 684, y + 4, "+91 d: emulated days passed at once; none passed before a forced run.   A to Z: see below."
    )


def _enlarged(measured: SignIns, run: Run, top: float) -> Iterator[str]:
    """One rotation with words to its marks."""
    margin = 0.25 * (run.ended_at - run.started_at)
    window = _Window(run.started_at - margin, run.ended_at + margin, top + 24)
    yield _text(_LEFT, top + 18, "One rotation, enlarged", size=13, fill=_INK)
    yield from _lane_names(window)
    yield from _row(measured, window, {}, with_words=True)


def _lane_names(window: _Window) -> Iterator[str]:
    for lane, words, down in (
        ("blue", "slot blue", 11),
        ("green", "slot green", 11),
        ("proof", "proof", 4),
        ("registration", "registration", 4),
        ("run", "run", 9),
        ("sign-in", "sign-ins", 9),
    ):
        yield _text(_LEFT - 10, window.y(lane) + down, words, anchor="end")


def _row(measured: SignIns, window: _Window, letters: dict[str, str], *, with_words: bool = False) -> Iterator[str]:
    timeline = measured.timeline
    uses = sorted((secret.used_at, secret.generation) for secret in timeline.secrets if secret.used_at is not None)
    for secret in timeline.secrets:
        yield from _secret(window, secret, _used_until(secret, uses))
    yield from _runs(timeline.runs, window, letters)
    yield from _sign_ins(measured, window)
    yield from _passages(timeline, window)
    yield from _points(timeline, window, with_words=with_words)


def _used_until(secret: Secret, uses: Sequence[tuple[float, int]]) -> float:
    """When Unified.to went over to the next secret."""
    later = [at for at, _ in uses if secret.used_at is not None and at > secret.used_at]
    return min(later, default=math.inf)


def _secret(window: _Window, secret: Secret, used_until: float) -> Iterator[str]:
    gone_at = math.inf if secret.gone_at is None else secret.gone_at
    if not window.shows(secret.created_at, gone_at):
        return
    y = window.y(secret.slot)
    yield _bar(window, secret.created_at, gone_at, y, _SLOT, _VALID[secret.slot])
    if secret.used_at is None or not window.shows(secret.used_at, used_until):
        return
    yield _bar(window, secret.used_at, used_until, y, _SLOT, _USED[secret.slot])
    left = window.x(secret.used_at)
    if window.x(used_until) - left > 8 * len(str(secret.generation)) + 10:
        yield _text(left + 4, y + 11, f"#{secret.generation}", size=10, fill="#ffffff")


def _points(timeline: Timeline, window: _Window, *, with_words: bool) -> Iterator[str]:
    for proof in timeline.proofs:
        if window.since <= proof.at < window.until:
            x = window.x(proof.at)
            yield _try_mark(x, window.y("proof"), accepted=proof.accepted)
            if with_words:
                yield _halo(_text(x + 8, window.y("proof") + 4, "accepted" if proof.accepted else "refused", fill=_INK))
    for registration in timeline.registrations:
        if window.since <= registration.at < window.until:
            x = window.x(registration.at)
            yield _put_mark(x, window.y("registration"), acted=registration.acted)
            if with_words:
                words = f"Unified.to holds #{registration.generation}"
                yield _halo(_text(x + 8, window.y("registration") + 4, words, fill=_INK))


def _runs(runs: Sequence[Run], window: _Window, letters: dict[str, str]) -> Iterator[str]:
    for run in runs:
        if not window.shows(run.started_at, run.ended_at):
            continue
        yield _bar(window, run.started_at, run.ended_at, window.y("run"), 11, _RUNS[run.outcome])
        if run.title in letters and run.started_at >= window.since:
            light = run.outcome == "killed"
            x = window.x(run.started_at) + 3
            yield _text(x, window.y("run") + 9, letters[run.title], size=10, fill="#ffffff" if light else _INK)


def _sign_ins(measured: SignIns, window: _Window) -> Iterator[str]:
    """One column for each pixel, the worst that happened in it; neighbours of one colour are one rectangle."""
    columns: list[str | None] = [None] * _PLOT
    expired = set(map(id, measured.expired))
    for attempt in measured.attempts:
        if not window.since <= attempt.ended_at < window.until:
            continue
        colour = _colour(attempt, expired)
        first, last = (int(window.x(at) - _LEFT) for at in (attempt.started_at, attempt.ended_at))
        for column in range(max(first, 0), min(last, _PLOT - 1) + 1):
            columns[column] = _worse(columns[column], colour)
    start = 0
    for column in range(1, _PLOT + 1):
        if column == _PLOT or columns[column] != columns[start]:
            if columns[start] is not None:
                yield (
                    f"<rect x='{_LEFT + start}' y='{window.y('sign-in')}' width='{column - start}' height='11' "
                    f"fill='{columns[start]}'/>"
                )
            start = column


def _colour(attempt: Attempt, expired: set[int]) -> str:
    if attempt.succeeded:
        return _SIGNED_IN
    return _EXPIRED if id(attempt) in expired else _REFUSED


def _worse(one: str | None, other: str) -> str:
    order = (_SIGNED_IN, _EXPIRED, _REFUSED)
    return other if one is None else max(one, other, key=order.index)


def _passages(timeline: Timeline, window: _Window) -> Iterator[str]:
    """A dashed line where days pass at once; passages that would overprint share one label."""
    last = -math.inf
    for passage in timeline.passages:
        if not window.since <= passage.at < window.until:
            continue
        x = window.x(passage.at)
        top, bottom = window.top + 12, window.y("sign-in") + 12
        yield f"<path d='M{x} {top}V{bottom}' stroke='#9aa1ab' stroke-dasharray='2 3'/>"
        if x - last > 34:
            yield _text(x, window.top + 8, f"+{passage.days:.0f} d", size=9, anchor="middle")
            last = x


def _letters_explained(letters: dict[str, str], top: float) -> Iterator[str]:
    yield _text(_LEFT, top + 12, "What went wrong; the run after it mends it", size=13, fill=_INK)
    in_a_column = math.ceil(len(letters) / 3)
    for number, (title, letter) in enumerate(letters.items()):
        column, line = divmod(number, max(in_a_column, 1))
        x, y = _LEFT + column * _PLOT / 3, top + 34 + 18 * line
        yield _text(x, y, letter, fill=_INK)
        yield _text(x + 16, y, title)


# --- shapes ----------------------------------------------------------------------------------------------------------


def _bar(window: _Window, since: float, until: float, y: float, height: float, colour: str) -> str:
    left, right = window.x(since), window.x(until)
    return f"<rect x='{left}' y='{y:g}' width='{max(right - left, 0.8):.1f}' height='{height:g}' fill='{colour}'/>"


def _text(x: float, y: float, words: str, *, size: int = 11, fill: str = "", anchor: str = "") -> str:
    given = f" font-size='{size}'" if size != 11 else ""
    given += f" fill='{fill}'" if fill else ""
    given += f" text-anchor='{anchor}'" if anchor else ""
    return f"<text x='{x:g}' y='{y:g}'{given}>{escape(words, quote=False)}</text>"


def _halo(text: str) -> str:
    """A text that stays readable where a line crosses it."""
    return f"<g stroke='#ffffff' stroke-width='3' paint-order='stroke'>{text}</g>"


def _try_mark(x: float, y: float, *, accepted: bool) -> str:
    fill = _INK if accepted else "#ffffff"
    return f"<circle cx='{x:g}' cy='{y:g}' r='3.4' fill='{fill}' stroke='{_INK}' stroke-width='1.2'/>"


def _put_mark(x: float, y: float, *, acted: bool) -> str:
    if acted:
        return f"<path d='M{x - 4.5:g} {y - 4:g}h9l-4.5 8z' fill='{_INK}'/>"
    return f"<path d='M{x - 4:g} {y - 4:g}l8 8m0 -8l-8 8' stroke='{_BAD}' stroke-width='2' fill='none'/>"
