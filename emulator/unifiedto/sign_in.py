"""A whole sign-in without a browser: authorization URL, Entra's authorize page with the account chosen, callback,
connection.

Entra is asked over HTTP as a browser and as Unified.to would ask it (one authorize request, one token request), so the
answer is what a customer of the product would meet at that moment.
"""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qsl, urlsplit

import httpx

from emulator.core.world import World
from emulator.entra.tenants import ACCOUNTS
from emulator.unifiedto import oauth
from emulator.unifiedto.errors import UnifiedRefusal
from emulator.unifiedto.model import JsonObject
from emulator.unifiedto.routes import workspace_of
from emulator.unifiedto.wire import Query


def sign_in(world: World, integration_type: str, environment: str, account: str | None) -> JsonObject:
    """Signs a user in through a registered integration. Blocks for two HTTP requests; safe from any thread but the
    server's own.

    ``account`` is the user name to choose at Entra; without it the tenant's administrator signs in, who may consent to
    every permission. The answer is {"signed_in": true, "client_id", "user", "connection_id"}, with ``user`` as in the
    connection, or {"signed_in": false, "client_id", "error"}; ``client_id`` is empty when there was none to ask for.
    """
    workspace = workspace_of(world)
    try:
        url = oauth.authorization_url(world, workspace, integration_type, Query([("env", environment)]))
    except UnifiedRefusal as refusal:
        return _failed("", refusal.message)
    asked = dict(parse_qsl(urlsplit(url).query))
    client_id = asked["client_id"]
    # OpenID Connect: no page, this account.
    silent = oauth.with_query(url, prompt="none", login_hint=account or ACCOUNTS[0].user_name)
    try:
        answer = oauth.http_client(world).get(silent)
    except httpx.TransportError as fault:
        return _failed(client_id, f"server_error: Entra could not be reached ({type(fault).__name__})")
    location = answer.headers.get("location", "")
    if not location.startswith(asked["redirect_uri"]):
        return _failed(client_id, _reason_on_page(answer))
    ended = oauth.finish_sign_in(world, workspace, Query(parse_qsl(urlsplit(location).query)))
    if ended.connection is None:
        return _failed(client_id, ended.error)
    auth = ended.connection["auth"]
    user = {"user_id": auth["user_id"], "name": auth["name"], "email": next(iter(auth["emails"]), None)}
    return {"signed_in": True, "client_id": client_id, "user": user, "connection_id": ended.connection["id"]}


def _failed(client_id: str, error: str | None) -> JsonObject:
    return {"signed_in": False, "client_id": client_id, "error": error}


def _reason_on_page(answer: httpx.Response) -> str:
    """What Entra's error page says; without an AADSTS code at least its status."""
    found = re.search(r"AADSTS\d+:[^<\n]*", html.unescape(answer.text))
    if found is None:
        return f"Entra answered {answer.status_code} without a redirect"
    return found.group(0).split(" Trace ID", 1)[0].strip()
