"""A whole sign-in without a browser: authorization URL, Entra's authorize page with the account chosen, callback,
connection.

``POST /_emulator/sign-in`` runs it. Entra is asked over HTTP as a browser and as Unified.to would ask it (one
authorize request, one token request), so the answer is what a customer of the product would meet at that moment.
"""

from __future__ import annotations

import asyncio
import html
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from emulator.core.routes import Route, Source
from emulator.core.world import World, world_of
from emulator.entra.tenants import ACCOUNTS
from emulator.unifiedto import oauth
from emulator.unifiedto.errors import UnifiedRefusal
from emulator.unifiedto.routes import workspace_of
from emulator.unifiedto.switches import Switches
from emulator.unifiedto.wire import Query

_FIELDS = {"integration_type", "environment", "account"}


@dataclass(frozen=True)
class SignInResult:
    """How a sign-in ended.

    ``error``: why it failed, None after success. ``client_id``: the application that was asked for, empty when there
    was none to ask. ``user``: {"user_id", "name", "email"} as the connection records it.
    """

    signed_in: bool
    client_id: str
    error: str | None = None
    user: dict[str, Any] | None = None
    connection_id: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The JSON form, without what is None."""
        return {name: value for name, value in vars(self).items() if value is not None}


def sign_in(
    world: World, integration_type: str, environment: str = "Production", account: str | None = None
) -> SignInResult:
    """Signs a user in through a registered integration. Blocks for two HTTP requests; safe from any thread but the
    server's own.

    ``account`` is the user name to choose at Entra; without it the tenant's administrator signs in, who may consent to
    every permission.
    """
    workspace, switches = workspace_of(world), Switches(world.settings)
    try:
        url = oauth.authorization_url(
            workspace, switches, world.base_url, integration_type, Query([("env", environment)])
        )
    except oauth.NoCredentialsPage:
        return SignInResult(False, "", "the integration has no OAuth credentials")
    except UnifiedRefusal as refusal:
        return SignInResult(False, "", refusal.message)
    asked = dict(parse_qsl(urlsplit(url).query))
    client_id = asked["client_id"]
    try:
        answer = oauth.http_client(world).get(_with_account_chosen(url, account or ACCOUNTS[0].user_name))
    except httpx.TransportError as fault:
        return SignInResult(False, client_id, f"server_error: Entra could not be reached ({type(fault).__name__})")
    location = answer.headers.get("location", "")
    if not location.startswith(asked["redirect_uri"]):
        return SignInResult(False, client_id, _reason_on_page(answer))
    try:
        ended = oauth.finish_sign_in(world, workspace, switches, Query(parse_qsl(urlsplit(location).query)))
    except UnifiedRefusal as refusal:
        return SignInResult(False, client_id, refusal.message)
    if ended.connection is None:
        return SignInResult(False, client_id, ended.error)
    auth = ended.connection["auth"]
    user = {"user_id": auth["user_id"], "name": auth["name"], "email": next(iter(auth["emails"]), None)}
    return SignInResult(True, client_id, None, user, str(ended.connection["id"]))


def _with_account_chosen(url: str, account: str) -> str:
    """``prompt=none`` with ``login_hint`` (OpenID Connect): no page, this account."""
    return oauth.with_query(url, prompt="none", login_hint=account)


def _reason_on_page(answer: httpx.Response) -> str:
    """What Entra's error page says; without an AADSTS code at least its status."""
    found = re.search(r"AADSTS\d+:[^<\n]*", html.unescape(answer.text))
    return (
        found.group(0).split(" Trace ID", 1)[0].strip()
        if found
        else f"Entra answered {answer.status_code} without a redirect"
    )


async def _sign_in(request: Request) -> Response:
    """POST {"integration_type", "environment"?, "account"?}."""
    try:
        body = await request.json()
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict) or not isinstance(body.get("integration_type"), str) or set(body) - _FIELDS:
        message = 'the body must be {"integration_type", "environment"?, "account"?}'
        return JSONResponse({"error": message}, status_code=400)
    environment = str(body.get("environment") or "Production")
    result = await asyncio.to_thread(
        sign_in, world_of(request), body["integration_type"], environment, body.get("account")
    )
    return JSONResponse(result.as_dict())


ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/_emulator/sign-in",
        _sign_in,
        "control",
        Source.OWN,
        "a whole sign-in through a registered integration, without a browser",
    ),
)
