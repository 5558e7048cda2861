"""The pages as HTML. They load nothing from anywhere, work without their script, and suit a screen reader."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime

from markupsafe import Markup

from emulator.core.clock import parse_instant
from emulator.core.pages import templates_of
from emulator.portal.advice import advice_for
from emulator.portal.overview import EXPIRED, SERVICES, WORKS, Overview
from emulator.unifiedto.model import JsonObject


def overview_page(overview: Overview) -> str:
    """``GET /``."""
    return _TEMPLATES.get_template("overview.html").render(vars(overview))


def signed_in_page(connection: JsonObject | None, error: str | None, state: str | None) -> str:
    """``GET /signed-in``: who signed in, or why nobody did and what to do."""
    advice = advice_for(error) if error else ""
    template = _TEMPLATES.get_template("signed_in.html")
    return template.render(connection=connection, error=error, advice=advice, state=state)


def _day(moment: datetime) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(moment.isoformat(), f"{moment:%d %b %Y}")


def _instant(moment: datetime) -> Markup:
    shown = f"{moment:%d %b %Y, %H:%M:%S} UTC"
    return Markup('<time datetime="{}">{}</time>').format(moment.isoformat(timespec="seconds"), shown)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")


_TEMPLATES = templates_of(__file__)
_TEMPLATES.filters.update(day=_day, instant=_instant, counted=_counted, parsed=parse_instant)
_TEMPLATES.globals.update(SERVICES=SERVICES, WORKS=WORKS, EXPIRED=EXPIRED)


def _hash_of(template: str) -> str:
    text = _TEMPLATES.get_template(template).render()
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src {_hash_of('page.css')}; script-src {_hash_of('page.js')}; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""No other page may show this one in a frame. It runs its own script and loads its own style, and nothing else."""
