"""Signing in through a registered integration: the authorization URL, the callback, and the exchange of the code at
Entra.

The exchange is a real HTTP request to the emulator's own token endpoint with the client id and secret that the
workspace holds, so that a sign-in succeeds or fails for Entra's reasons and no other. Sources: the query parameters
of the authorization URL and the path of the callback are documented; what the callback does in detail is assumed from
OAuth 2.0.
"""

from __future__ import annotations

import base64
import json
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import httpx
from cryptography.fernet import InvalidToken
from starlette.requests import Request
from starlette.responses import Response

from emulator.core.world import World
from emulator.unifiedto.catalogue import offered, scopes_for
from emulator.unifiedto.errors import UnifiedRefusal, invalid, not_found, page_response
from emulator.unifiedto.model import JsonObject, Row
from emulator.unifiedto.seed import SHARED_CLIENT_ID, VAULT_CLIENT_ID
from emulator.unifiedto.state import Workspace
from emulator.unifiedto.switches import UnifiedSwitches
from emulator.unifiedto.wire import Query

CALLBACK_PATH = "/oauth/code"
_EXCHANGE_TIMEOUT_S = 30.0


class NoCredentialsPage(UnifiedRefusal):
    """The integration has no credentials, and the workspace answers that with a page of Unified.to's (U11)."""

    def __init__(self) -> None:
        super().__init__(200, "the integration has no OAuth credentials")

    async def response(self, request: Request) -> Response:
        return page_response(
            200,
            "Unified.to",
            "This integration is not configured",
            "Ask the workspace's administrator to add OAuth credentials.",
        )


@dataclass(frozen=True)
class SignIn:
    """How a sign-in ended: either ``connection`` is set or ``error`` is. ``location``: where the browser goes next."""

    location: str
    connection: JsonObject | None = None
    error: str | None = None


# -- authorization URL -----------------------------------------------------------------------------


def redirect_uri(row: Row, world: World) -> str:
    """Where Entra sends the browser back to: the custom domain if there is one and the row does not insist on
    Unified's (U15).
    """
    domain = world.settings.of(UnifiedSwitches).custom_domain
    host = domain if domain and not row.fields.get("use_unified_redirect") else world.base_url
    return host + CALLBACK_PATH


def authorization_url(world: World, workspace: Workspace, integration_type: str, query: Query) -> str:
    """The URL at Entra for signing in through an integration.

    Raises ``UnifiedRefusal`` (404 unknown type or no row, 400 Sandbox, inactive, or no credentials, 501 for another
    vendor than Microsoft) or ``NoCredentialsPage``.
    """
    switches = world.settings.of(UnifiedSwitches)
    entry = next((entry for entry in offered(switches.catalogue) if entry.type == integration_type), None)
    if entry is None:
        raise not_found(f"integration {integration_type}")
    if query.one("connection_id") or query.one("reauth_token"):
        raise UnifiedRefusal(501, "the emulator does not re-authorize connections")
    environment = query.one("env") or "Production"
    rows = workspace.read_rows(lambda row: row.environment == environment and row.integration_type == integration_type)
    if not rows:
        raise not_found(f"integration {integration_type} in {environment}")
    row = rows[0]
    if not entry.is_microsoft:
        raise UnifiedRefusal(501, f"the emulator has no sign-in of {entry.name}")
    if environment == "Sandbox":
        raise invalid("Sandbox has mocked credentials and no authorization URL")
    if not row.is_active and switches.inactive == "refused":
        raise invalid(f"integration {integration_type} is not active in {environment}")
    permissions = query.many("scopes") or [str(item) for item in row.fields.get("permissions") or []]
    state = {
        "row": row.id,
        "success": query.one("success_redirect"),
        "failure": query.one("failure_redirect"),
        "state": query.one("state"),
        "xref": query.one("external_xref"),
        "permissions": permissions,
    }
    parameters = {
        "client_id": _client_id(row, switches),
        "redirect_uri": redirect_uri(row, world),
        "response_type": "code",
        "response_mode": "query",
        "scope": " ".join(scopes_for(permissions, row.fields.get("overriden_scopes"))),
        "state": workspace.seal().close(state),
    }
    return f"{world.base_url}/common/oauth2/v2.0/authorize?{urlencode(parameters)}"


def _client_id(row: Row, switches: UnifiedSwitches) -> str:
    if row.fields.get("secretsmanager_id") and switches.vault == "wins":
        return VAULT_CLIENT_ID
    if row.client_id:
        return row.client_id
    if switches.no_credentials == "4xx":
        raise invalid(f"integration {row.integration_type} has no OAuth credentials")
    if switches.no_credentials == "page":
        raise NoCredentialsPage
    return SHARED_CLIENT_ID


# -- callback --------------------------------------------------------------------------------------


def finish_sign_in(world: World, workspace: Workspace, query: Query) -> SignIn:
    """What the callback does: exchanges ``code`` with the registered client and records a connection.

    Blocks for one HTTP request to Entra: call it in a thread of its own. Raises ``UnifiedRefusal`` 400 for a
    ``state`` that this workspace did not give out.
    """
    try:
        state = workspace.seal().open(query.one("state") or "")
    except (InvalidToken, UnicodeEncodeError):
        raise invalid("state is missing or was not given out by this workspace") from None
    own_page = f"{world.base_url}/signed-in"
    success, failure = state["success"] or own_page, state["failure"] or state["success"] or own_page

    def failed(error: str) -> SignIn:
        return SignIn(with_query(failure, error=error, state=state["state"]), error=error)

    if query.one("error"):
        return failed(_reason(str(query.one("error")), query.one("error_description")))
    row = workspace.peek_row(str(state["row"]))
    if row is None or not row.is_active:
        return failed("integration_inactive: the integration was deactivated while somebody signed in")
    code = query.one("code")
    if code is None:
        return failed("invalid_request: the authorization server sent no code")
    try:
        answer = _exchange(world, row, code, redirect_uri(row, world))
    except httpx.TransportError as fault:
        return failed(f"server_error: Entra could not be reached ({type(fault).__name__})")
    tokens = _json_object(answer)
    if answer.status_code != 200 or "id_token" not in tokens:
        return failed(
            _reason(str(tokens.get("error") or f"http_{answer.status_code}"), tokens.get("error_description"))
        )
    user = identity_of(str(tokens["id_token"]))
    connection = workspace.add_connection(row, user, state["xref"], list(state["permissions"]))
    return SignIn(with_query(success, id=str(connection["id"]), state=state["state"]), connection)


def _exchange(world: World, row: Row, code: str, uri: str) -> httpx.Response:
    form = {"grant_type": "authorization_code", "client_id": row.client_id, "code": code, "redirect_uri": uri}
    if row.client_secret:
        form["client_secret"] = row.client_secret
    return http_client(world).post(f"{world.base_url}/common/oauth2/v2.0/token", data=form)


def identity_of(id_token: str) -> JsonObject:
    """Who signed in, as {"user_id", "name", "email"}.

    The signature is not checked: the token came straight from the token endpoint over TLS (OpenID Connect Core
    3.1.3.7).
    """
    payload = id_token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return {
        "user_id": claims.get("oid") or claims.get("sub"),
        "name": claims.get("name"),
        "email": claims.get("email") or claims.get("preferred_username"),
    }


def with_query(url: str, **parameters: str | None) -> str:
    """``url`` with the parameters that are not None appended to its query."""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    pairs += [(name, value) for name, value in parameters.items() if value is not None]
    return urlunsplit(parts._replace(query=urlencode(pairs)))


def _reason(error: str, description: object) -> str:
    """``error: description`` without Entra's trace and correlation ids."""
    if not isinstance(description, str) or not description:
        return error
    return f"{error}: {description.split(' Trace ID', 1)[0].splitlines()[0].strip()}"


def _json_object(response: httpx.Response) -> dict[str, Any]:
    try:
        value = response.json()
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


# -- HTTP ------------------------------------------------------------------------------------------


def http_client(world: World) -> httpx.Client:
    """The connection pool through which this world's Unified.to talks to Entra; it trusts the emulator's authority.

    One for each world, because building a TLS context costs more than a sign-in.
    """

    def make() -> httpx.Client:
        context = ssl.create_default_context(cafile=str(world.tls.bundle))
        return world.closing.enter_context(httpx.Client(verify=context, timeout=_EXCHANGE_TIMEOUT_S, trust_env=False))

    return world.keep("unifiedto.http", make)
