"""The refusals of the emulated Unified.to API.

Source: unified.to publishes no error schema (its SDK declares "4XX" and "5XX" with any content type), so status and
words are assumed throughout (U7).
"""

from __future__ import annotations

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from emulator.core.pages import templates_of
from emulator.core.routes import Refused
from emulator.core.world import world_of
from emulator.unifiedto.switches import UnifiedSwitches

_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_TEMPLATES = templates_of(__file__)


class UnifiedRefusal(Refused):
    """A request that the API refuses: HTTP ``status`` and a ``message`` for the caller, which never quotes a secret."""

    async def response(self, request: Request) -> Response:
        """In the form that the switch ``error_format`` asks for.

        With ``errors_quote_request`` a 400 quotes the body, as validators are known to do, so that a client which
        prints an answer's body gives the secret away.
        """
        switches = world_of(request).settings.of(UnifiedSwitches)
        message, phrase = self.message, _PHRASES.get(self.status, "Error")
        if self.status == 400 and switches.errors_quote_request:
            message = f"{message} in {(await request.body()).decode('utf-8', 'replace')}"
        if switches.error_format == "empty":
            return Response(status_code=self.status)
        if switches.error_format == "text":
            return PlainTextResponse(message, self.status)
        if switches.error_format == "html":
            title = f"{self.status} {phrase}"
            return page_response(self.status, title, title, message)
        return JSONResponse({"statusCode": self.status, "error": phrase, "message": message}, self.status)


def page_response(status: int, title: str, heading: str, message: str) -> Response:
    """A page for a person."""
    page = _TEMPLATES.get_template("page.html").render(title=title, heading=heading, message=message)
    return HTMLResponse(page, status)


def invalid(message: str) -> UnifiedRefusal:
    """400: the request does not have the shape the API asks for."""
    return UnifiedRefusal(400, message)


def not_found(what: str) -> UnifiedRefusal:
    """404: no such row, integration type, workspace or connection."""
    return UnifiedRefusal(404, f"{what} not found")
