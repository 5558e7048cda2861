"""How a service declares what it answers, and where each behaviour is known from."""

from __future__ import annotations

import enum
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

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
    """A request that is refused. A service's own subclass knows the service's wire format."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    async def response(self, request: Request) -> Response:
        """The answer to ``request``."""
        return JSONResponse({"error": self.message}, self.status)


Refusal = Callable[[int, str], Refused]
"""Makes a service's error from a status and a sentence; used for unknown routes and scripted faults."""
