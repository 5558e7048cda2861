"""The README's picture of the rotation, drawn from what the state machine decides."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from pulumi_unifiedto.client_secret.in_state import SlotInState
from pulumi_unifiedto.client_secret.period import Period, format_instant
from pulumi_unifiedto.client_secret.rotation import Circumstances, PlannedSecret, Schedule, decide

_START = datetime(2027, 1, 1, tzinfo=timezone.utc)
_PERIODS = 5
_LEFT, _TOP, _WIDTH, _ROW, _BAR = 92, 64, 820, 62, 30
_COLOURS = {"blue": ("#1f6fd6", "#b9d5f7"), "green": ("#1e8e4e", "#b8e4cb")}
_TEXT = "font-family='Segoe UI, Helvetica, Arial, sans-serif'"


def secrets_over_time() -> list[PlannedSecret]:
    """The secrets of five periods of ninety days, each run on its due day."""
    period = Period("P90D")
    schedule: Schedule | None = None
    secrets: list[PlannedSecret] = []
    for number in range(_PERIODS):
        run = Circumstances(
            label="unifiedto",
            period=period,
            now=_START + timedelta(days=90 * number),
            slots={secret.slot: _in_state(secret) for secret in secrets[-2:]},
        )
        schedule = decide(schedule, run)
        secrets.append(schedule.current)
    return secrets


def _in_state(secret: PlannedSecret) -> SlotInState:
    return SlotInState(
        generation=secret.generation,
        key_id="",
        display_name=secret.display_name,
        starts_at=format_instant(secret.starts_at),
        ends_at=format_instant(secret.ends_at),
    )


def draw() -> str:
    """An SVG: a row for each slot, a bar for each secret, dark while Unified.to uses it, light while it is still
    valid."""
    secrets = secrets_over_time()
    end = secrets[-1].starts_at + timedelta(days=90)
    days = (end - _START).days

    def x(instant: datetime) -> float:
        return round(_LEFT + min((instant - _START).days, days) / days * _WIDTH, 1)

    height = _TOP + 2 * _ROW + 74
    shapes = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {_LEFT + _WIDTH + 24} {height}' role='img' "
        "aria-label='Two slots hold client secrets that overlap by one rotation period'>",
        f"<rect width='100%' height='{height}' fill='#ffffff'/>",
        f"<text x='{_LEFT}' y='26' {_TEXT} font-size='15' fill='#1b1b1b'>"
        "Client secrets over time, rotated every 90 days</text>",
        f"<rect x='{_LEFT}' y='38' width='14' height='10' fill='#1f6fd6'/>"
        f"<text x='{_LEFT + 20}' y='47' {_TEXT} font-size='12' fill='#444'>Unified.to signs in with it</text>",
        f"<rect x='{_LEFT + 190}' y='38' width='14' height='10' fill='#b9d5f7'/>"
        f"<text x='{_LEFT + 210}' y='47' {_TEXT} font-size='12' fill='#444'>"
        "still valid: nobody is locked out while the next one spreads</text>",
    ]
    for row, slot in enumerate(("blue", "green")):
        y = _TOP + row * _ROW + 10
        shapes.append(
            f"<text x='{_LEFT - 12}' y='{y + 20}' {_TEXT} font-size='14' text-anchor='end' fill='#1b1b1b'>{slot}</text>"
        )
    for secret in secrets:
        y = _TOP + (0 if secret.slot == "blue" else _ROW) + 10
        dark, light = _COLOURS[secret.slot]
        middle = secret.starts_at + timedelta(days=90)
        shapes += [
            f"<rect x='{x(secret.starts_at)}' y='{y}' width='{x(middle) - x(secret.starts_at):.1f}' height='{_BAR}' "
            f"rx='3' fill='{dark}'/>",
            f"<text x='{x(secret.starts_at) + 10}' y='{y + 20}' {_TEXT} font-size='13' fill='#ffffff'>"
            f"#{secret.generation}</text>",
        ]
        if x(secret.ends_at) > x(middle):
            shapes.append(
                f"<rect x='{x(middle)}' y='{y}' width='{x(secret.ends_at) - x(middle):.1f}' height='{_BAR}' rx='3' "
                f"fill='{light}'/>"
            )
    axis = _TOP + 2 * _ROW + 4
    for number, secret in enumerate(secrets):
        shapes += [
            f"<line x1='{x(secret.starts_at)}' y1='{_TOP}' x2='{x(secret.starts_at)}' y2='{axis}' stroke='#999' "
            "stroke-dasharray='3 4'/>",
            f"<text x='{x(secret.starts_at)}' y='{axis + 18}' {_TEXT} font-size='12' fill='#444'>"
            f"day {90 * number}</text>",
        ]
    shapes += [
        f"<text x='{_LEFT}' y='{axis + 48}' {_TEXT} font-size='13' fill='#1b1b1b'>"
        "At each dashed line one pulumi up: fill the idle slot - Entra accepts the new secret? - register it "
        "at Unified.to - read it back.</text>",
        "</svg>",
    ]
    return "\n".join(shapes) + "\n"
