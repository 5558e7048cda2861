"""What goes over the network: how a row reads under each mask, pages and filters, error bodies, query parameters."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from emulator.core.pages import templates_of
from emulator.unifiedto.catalogue import CATALOGUE_DATE, IntegrationType
from emulator.unifiedto.errors import UnifiedRefusal, invalid
from emulator.unifiedto.model import JsonObject, Row
from emulator.unifiedto.switches import Switches

STARS = "********"
_TEMPLATES = templates_of(__file__)

_T = TypeVar("_T")


@dataclass(frozen=True)
class Answer:
    """An answer before it becomes a response: ``body`` is text in ``media_type``, empty for no body."""

    status: int
    body: str = ""
    media_type: str = "application/json"
    location: str | None = None


def json_answer(value: object, status: int = 200) -> Answer:
    """``value`` as JSON."""
    return Answer(status, json.dumps(value))


# -- rows ------------------------------------------------------------------------------------------


def row_as_read(row: Row, switches: Switches) -> JsonObject:
    """A row as a list or an update shows it.

    Its ``auth`` never holds a clear value, except under mask ``clear``.
    """
    shown = dict(row.fields)
    if switches.flag("row_without_environment") and row.environment == "Production":
        shown.pop("environment", None)
    return shown | masked_auth(row.auth, switches.choice("mask"))


def masked_auth(auth: Mapping[str, Any] | None, mask: str) -> JsonObject:
    """The ``auth`` part of a row under ``mask``, as {"auth": …} or, for ``absent``, {} (U5)."""
    if mask == "absent":
        return {}
    if mask == "null" or not auth:
        return {"auth": None}
    if mask == "clear":
        return {"auth": dict(auth)}
    masked = {key: STARS if value else value for key, value in auth.items()}
    if mask == "partial" and auth.get("client_id"):
        masked["client_id"] = "****" + str(auth["client_id"])[-4:]
    return {"auth": masked}


def write_answer(row: Row, switches: Switches) -> Answer:
    """What a successful PUT or POST answers (U6)."""
    if switches.choice("put_answer") == "object":
        return json_answer(row_as_read(row, switches))
    return Answer(204 if switches.choice("put_answer") == "no_content" else 200)


def row_filters(query: Query, switches: Switches) -> Filters:
    """Which rows a list asks for."""
    if switches.choice("filters") == "ignored":
        return Filters(None, None, frozenset())
    return Filters(query.one("env") or "Production", query.one("integration_type"), frozenset(query.many("categories")))


@dataclass(frozen=True)
class Filters:
    """The filters of a list; None and the empty set ask for everything."""

    environment: str | None
    integration_type: str | None
    categories: frozenset[str]

    def want(self, row: Row) -> bool:
        """Whether ``row`` passes."""
        return (
            self.environment in (None, row.environment)
            and self.integration_type in (None, row.integration_type)
            and (not self.categories or bool(self.categories & set(row.fields.get("categories") or ())))
        )


# -- catalogue -------------------------------------------------------------------------------------


def integration_as_read(entry: IntegrationType, is_active: bool, summary: bool) -> JsonObject:
    """A catalogue entry (published model; no client id, no secret).

    ``summary`` leaves the descriptive fields out (assumed).
    """
    shown: JsonObject = {
        "type": entry.type,
        "name": entry.name,
        "categories": list(entry.categories),
        "is_active": is_active,
        "created_at": CATALOGUE_DATE,
        "updated_at": CATALOGUE_DATE,
    }
    if summary:
        return shown
    return shown | {
        "beta": False,
        "in_progress": False,
        "is_hidden": False,
        "description": f"{entry.name}, on this computer only",
        "support": {},
    }


# -- query -----------------------------------------------------------------------------------------


class Query:
    """Query parameters as the SDK and the widget send them: lists repeated, with ``[]``, or joined by commas; numbers
    as ``10`` or ``10.0``.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._pairs = [(name[:-2] if name.endswith("[]") else name, value) for name, value in pairs]

    def one(self, name: str) -> str | None:
        """The last value of ``name``; None when absent or empty."""
        values = [value for key, value in self._pairs if key == name and value]
        return values[-1] if values else None

    def many(self, name: str) -> list[str]:
        """Every value of ``name``, repeated or joined by commas."""
        return [part for key, value in self._pairs if key == name for part in value.split(",") if part]

    def flag(self, name: str) -> bool:
        """True for ``true`` and ``1`` in any case."""
        return (self.one(name) or "").lower() in ("true", "1")

    def number(self, name: str, default: int) -> int:
        """A count from 0. ``UnifiedRefusal`` 400 for anything else."""
        text = self.one(name)
        if text is None:
            return default
        try:
            value = float(text)
        except ValueError:
            raise invalid(f"{name} must be a number") from None
        if not math.isfinite(value) or value < 0 or value != int(value):
            raise invalid(f"{name} must be a whole number from 0")
        return int(value)


def page(items: Sequence[_T], query: Query, switches: Switches, default_limit: int = 100) -> list[_T]:
    """The page that ``limit`` and ``offset`` ask for, never longer than the switch ``page_size`` allows (U9).

    ``UnifiedRefusal`` 501 for what else a list can be asked for (SDK): no client here does.
    """
    for name in ("sort", "order", "updated_gte"):
        if query.one(name):
            raise UnifiedRefusal(501, f"the emulator does not model the query parameter {name}")
    limit = min(query.number("limit", default_limit), max(1, switches.number("page_size")))
    offset = query.number("offset", 0) if switches.choice("paging") == "honoured" else 0
    return list(items[offset : offset + limit])


# -- errors ----------------------------------------------------------------------------------------


def error_answer(refusal: UnifiedRefusal, switches: Switches, request_text: str = "") -> Answer:
    """A refusal in the form that ``error_format`` asks for (U7).

    With ``errors_quote_request`` a 400 quotes ``request_text``, as validators are known to do, so that a client which
    prints an answer's body gives the secret away.
    """
    message = refusal.message
    if refusal.status == 400 and request_text and switches.flag("errors_quote_request"):
        message = f"{message} in {request_text}"
    form = switches.choice("error_format")
    if form == "empty":
        return Answer(refusal.status)
    if form == "text":
        return Answer(refusal.status, message, "text/plain")
    if form == "html":
        title = f"{refusal.status} {refusal.error}"
        return page_answer(refusal.status, title, title, message)
    return json_answer({"statusCode": refusal.status, "error": refusal.error, "message": message}, refusal.status)


def page_answer(status: int, title: str, heading: str, message: str) -> Answer:
    """A page for a person."""
    page = _TEMPLATES.get_template("page.html").render(title=title, heading=heading, message=message)
    return Answer(status, page, "text/html")
