"""The wire format: rows under each mask, catalogue entries, query parameters, pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from emulator.unifiedto.catalogue import CATALOGUE_DATE, IntegrationType
from emulator.unifiedto.errors import UnifiedRefusal, invalid
from emulator.unifiedto.model import JsonObject, Row
from emulator.unifiedto.switches import UnifiedSwitches

STARS = "********"

_T = TypeVar("_T")


def row_as_read(row: Row, switches: UnifiedSwitches) -> JsonObject:
    """A row as a list or an update shows it.

    Its ``auth`` never holds a clear value, except under mask ``clear``.
    """
    shown = dict(row.fields)
    if switches.row_without_environment and row.environment == "Production":
        shown.pop("environment", None)
    return shown | masked_auth(row.auth, switches.mask)


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


class Query:
    """Query parameters as the SDK and the widget send them: lists repeated, with ``[]``, or joined by commas; numbers
    as ``10`` or ``10.0``.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._pairs = [(name.removesuffix("[]"), value) for name, value in pairs]

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
        digits = text.removesuffix(".0")
        if not digits.isdecimal():
            raise invalid(f"{name} must be a whole number from 0")
        return int(digits)

    def wants(self, name: str, value: object) -> bool:
        """Whether a filter lets ``value`` pass: it is absent or asks for it."""
        return self.one(name) in (None, value)

    def wants_any(self, name: str, values: Iterable[str] | None) -> bool:
        """Whether a filter that takes several values lets a thing that has ``values`` pass."""
        asked = set(self.many(name))
        return not asked or bool(asked & set(values or ()))


def page(items: Sequence[_T], query: Query, switches: UnifiedSwitches, default_limit: int = 100) -> list[_T]:
    """The page that ``limit`` and ``offset`` ask for, never longer than the switch ``page_size`` allows (U9).

    ``UnifiedRefusal`` 501 for what else a list can be asked for (SDK): no client here does.
    """
    for name in ("sort", "order", "updated_gte"):
        if query.one(name):
            raise UnifiedRefusal(501, f"the emulator does not model the query parameter {name}")
    limit = min(query.number("limit", default_limit), switches.page_size)
    offset = query.number("offset", 0) if switches.paging == "honoured" else 0
    return list(items[offset : offset + limit])
