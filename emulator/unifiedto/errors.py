"""The refusals of the emulated Unified.to API.

Source: unified.to publishes no error schema (its SDK declares "4XX" and "5XX" with any content type), so status and
words are assumed throughout (U7); the wire form is chosen by the switch ``error_format``.
"""

from __future__ import annotations

from http import HTTPStatus

_PHRASES = {status.value: status.phrase for status in HTTPStatus}


class UnifiedRefusal(Exception):
    """A request that the API refuses: HTTP ``status`` and a ``message`` for the caller, which never quotes a secret."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    @property
    def error(self) -> str:
        """The short name that the assumed JSON body carries in ``error``, e.g. ``Bad Request``."""
        return _PHRASES.get(self.status, "Error")


def invalid(message: str) -> UnifiedRefusal:
    """400: the request does not have the shape the API asks for."""
    return UnifiedRefusal(400, message)


def not_found(what: str) -> UnifiedRefusal:
    """404: no such row, integration type, workspace or connection."""
    return UnifiedRefusal(404, f"{what} not found")


def missing_key() -> UnifiedRefusal:
    """401 without an API key (documented that it fails; the status is assumed)."""
    return UnifiedRefusal(401, "Missing API key")


def unknown_key() -> UnifiedRefusal:
    """401 with an API key that belongs to no workspace of this region."""
    return UnifiedRefusal(401, "Invalid API key")
