"""Keeps web pages of others, in a browser on the same computer, away from control and from the emulator's page.

A page may send simple requests anywhere (cross-site request forgery), and may let its own host name point here (DNS
rebinding), so that the browser takes the answer for its own.
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

    The page can be come to from anywhere, by this computer's name; control is for the page and for programs only, and
    takes JSON, which no page may send elsewhere without asking.
    """
    if service not in _GUARDED:
        return None
    host = request.headers.get("host", "")
    if re.sub(":[0-9]+$", "", host).lower() not in _HERE:
        return "the Host is not this computer's"
    if service == "portal":
        return None
    origin = request.headers.get("origin")
    if origin is not None and origin != f"https://{host}":
        return "the Origin is another one"
    if request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return "a page of another site sent it"
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method in _WITH_BODY and media_type != "application/json":
        return "the Content-Type must be application/json"
    return None
