"""How a service declares what it answers, and where each behaviour is known from."""

from __future__ import annotations

import enum
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

ServiceName = Literal["entra", "graph", "unifiedto", "portal", "control", "unknown"]
Handler = Callable[[Request], Awaitable[Response]]


class Source(enum.Enum):
    """Where the emulated behaviour comes from."""

    DOCUMENTED = "documented"
    MODEL = "published model"
    OBSERVED = "observed"
    ASSUMED = "assumed"
    OWN = "emulator"


def template_of(path: str) -> str:
    """``path`` without the types of its parameters, as the journal and the coverage page show it."""
    return re.sub(r":\w+}", "}", path)


@dataclass(frozen=True)
class Route:
    """One method and path of one service.

    ``path`` uses Starlette's templates (``/v1.0/applications/{id:uuid}``). ``reference`` names the page, recording or
    assumption (with its U-number for Unified.to) behind the behaviour; ``python -m emulator coverage`` prints it.
    """

    method: str
    path: str
    handler: Handler
    service: ServiceName
    source: Source
    reference: str


@dataclass(frozen=True)
class Missing:
    """A method and path of the real service that the emulator does not serve; it answers 501 in the service's form.

    ``reference`` says what the real one does, or where that is known from.
    """

    method: str
    path: str
    service: ServiceName
    reference: str


class Refused(Exception):
    """A request that a service refuses; the service's own subclass knows the wire format."""

    def response(self) -> Response:
        """The answer to send."""
        raise NotImplementedError  # abstract: each service has its own error format


Refusal = Callable[[Request, int, str], Response]
"""Builds a service's error answer from a status and a sentence; used for unknown routes and scripted faults."""
