"""Keeps other web pages, in a browser on the same computer, away from the control routes and from the emulator's page.

A page may send simple requests anywhere (cross-site request forgery). It may also make its own host name point here
(DNS rebinding), so that the browser treats the answer as its own.
"""

from __future__ import annotations

import re

from starlette.requests import Request

from emulator.core.routes import ServiceName

_HERE = ("localhost", "127.0.0.1", "[::1]")
_GUARDED: tuple[ServiceName, ...] = ("control", "portal")
_WITH_BODY = ("POST", "PUT", "PATCH")


def problem_with(request: Request, service: ServiceName) -> str | None:
    """Why a request must not be carried out; None when it may.

    Any page may link to the emulator's page, by this computer's name. Only that page and programs may use the control
    routes; they take JSON, which a browser does not send to another site without asking it first.
    """
    if service not in _GUARDED:
        return None
    host = request.headers.get("host", "")
    if re.sub(":[0-9]+$", "", host).lower() not in _HERE:
        return "the Host header does not name this computer"
    if service == "portal":
        return None
    origin = request.headers.get("origin")
    if origin is not None and origin != f"https://{host}":
        return "the Origin header names another site"
    if request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return "a page of another site sent it"
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method in _WITH_BODY and media_type != "application/json":
        return "the Content-Type must be application/json"
    return None
