"""Path to handler for the emulated Unified.to, with the source of every route's behaviour."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from emulator.core.routes import Handler, Missing, Route, Source
from emulator.core.world import World, world_of
from emulator.unifiedto import oauth, wire
from emulator.unifiedto.catalogue import offered
from emulator.unifiedto.errors import UnifiedRefusal, invalid, not_found
from emulator.unifiedto.model import Row
from emulator.unifiedto.seed import API_KEY, ENVIRONMENTS, WORKSPACE_ID
from emulator.unifiedto.state import Workspace
from emulator.unifiedto.switches import UnifiedSwitches
from emulator.unifiedto.wire import Query


@dataclass(frozen=True)
class Call:
    """One request to the API with what its handler needs."""

    request: Request
    world: World
    workspace: Workspace
    switches: UnifiedSwitches
    query: Query

    @staticmethod
    def of(request: Request) -> Call:
        """The call behind ``request``."""
        world = world_of(request)
        query = Query(request.query_params.multi_items())
        return Call(request, world, workspace_of(world), world.settings.of(UnifiedSwitches), query)

    def path(self, name: str) -> str:
        """A parameter of the path."""
        return str(self.request.path_params[name])

    async def json(self) -> object:
        """The body as JSON; ``UnifiedRefusal`` 400 when it is none."""
        try:
            return await self.request.json()
        except (ValueError, RecursionError):
            raise invalid("body is not JSON") from None


def workspace_of(world: World) -> Workspace:
    """The workspace that ``world`` holds."""
    return Workspace(world.store, world.clock.now)


CallHandler = Callable[[Call], Awaitable[Response]]


def _handler(act: CallHandler, key: bool) -> Handler:
    """``act`` with the key checked first, if it needs one."""

    async def handle(request: Request) -> Response:
        call = Call.of(request)
        if key:
            _check_key(call)
        return await act(call)

    return handle


def _check_key(call: Call) -> None:
    """401 without the workspace's key (documented that it fails; the status is assumed), as ``Bearer <key>`` (scheme in
    any case) or bare; 403 from an address that is shut out.
    """
    header = call.request.headers.get("authorization", "").strip()
    scheme, _, rest = header.partition(" ")
    given = rest.strip() if scheme.lower() == "bearer" else header
    if not hmac.compare_digest(given.encode(), API_KEY.encode()):
        raise UnifiedRefusal(401, "Invalid API key" if given else "Missing API key")
    if not call.switches.ip_allowed:
        raise UnifiedRefusal(403, "Your IP address is not allowed in this workspace")


def _need(call: Call, right: bool, what: str) -> None:
    if not right:
        raise UnifiedRefusal(call.switches.key_refusal_status, f"This API key may not {what}")


def _same_workspace(call: Call) -> None:
    if call.path("workspace_id") != WORKSPACE_ID:
        raise not_found("workspace")


# -- workspace integrations ------------------------------------------------------------------------


async def _list_workspace_integrations(call: Call) -> Response:
    _need(call, call.switches.key_may_list, "list workspace integrations")
    if call.query.flag("include_credentials"):
        raise UnifiedRefusal(403, "Only a workspace admin may include credentials")
    rows = call.workspace.read_rows(lambda row: _is_asked_for(call, row))
    return JSONResponse(wire.page([wire.row_as_read(row, call.switches) for row in rows], call.query, call.switches))


def _is_asked_for(call: Call, row: Row) -> bool:
    """The filters of a list (U9)."""
    if call.switches.filters == "ignored":
        return True
    return (
        row.environment == (call.query.one("env") or "Production")
        and call.query.wants("integration_type", row.integration_type)
        and call.query.wants_any("categories", row.fields.get("categories"))
    )


async def _update_workspace_integration(call: Call) -> Response:
    _need(call, call.switches.key_may_write, "change workspace integrations")
    row = call.workspace.update_row(call.path("id"), await call.json(), call.switches)
    if call.switches.put_answer == "object":
        return JSONResponse(wire.row_as_read(row, call.switches))
    return Response(status_code=204 if call.switches.put_answer == "no_content" else 200)


# -- catalogue -------------------------------------------------------------------------------------


async def _list_integrations(call: Call) -> Response:
    environment = call.query.one("env") or "Production"
    active = {row.integration_type for row in call.workspace.rows() if row.environment == environment and row.is_active}
    only_active = call.query.flag("active")
    summary = call.query.flag("summary")
    shown = [
        wire.integration_as_read(entry, entry.type in active, summary)
        for entry in offered(call.switches.catalogue)
        if call.query.wants("type", entry.type)
        and call.query.wants_any("categories", entry.categories)
        and (not only_active or entry.type in active)
    ]
    return JSONResponse(wire.page(shown, call.query, call.switches, default_limit=1000))


async def _list_workspace_catalogue(call: Call) -> Response:
    _same_workspace(call)
    return await _list_integrations(call)


async def _authorization_url(call: Call) -> Response:
    _same_workspace(call)
    url = oauth.authorization_url(call.world, call.workspace, call.path("integration_type"), call.query)
    if call.query.flag("redirect"):
        return RedirectResponse(url, 302)
    return PlainTextResponse(url)


# -- environments and connections ------------------------------------------------------------------


async def _list_environments(_call: Call) -> Response:
    return JSONResponse(ENVIRONMENTS)


async def _list_connections(call: Call) -> Response:
    wanted = [
        connection
        for connection in call.workspace.connections.all()
        if call.query.wants("env", connection["environment"])
        and call.query.wants("external_xref", connection.get("external_xref"))
        and call.query.wants_any("categories", connection["categories"])
    ]
    return JSONResponse(wire.page(wanted, call.query, call.switches))


async def _get_connection(call: Call) -> Response:
    return JSONResponse(call.workspace.connections.get(call.path("id")))


# -- callback --------------------------------------------------------------------------------------


async def _callback(call: Call) -> Response:
    ended = await asyncio.to_thread(oauth.finish_sign_in, call.world, call.workspace, call.query)
    return RedirectResponse(ended.location, 302)


# -- tables ----------------------------------------------------------------------------------------


_SDK = "Unified-python-sdk 0.61.5"


def _route(method: str, path: str, act: CallHandler, source: Source, reference: str, *, key: bool = True) -> Route:
    return Route(method, path, _handler(act, key), "unifiedto", source, reference)


MISSING: tuple[Missing, ...] = (
    Missing("POST", "/unified/workspaceintegration", "unifiedto", "not known to exist (U1)"),
    Missing("GET", "/unified/workspaceintegration/{id}", "unifiedto", "not known to exist (U2)"),
    Missing("DELETE", "/unified/workspaceintegration/{id}", "unifiedto", "not known to exist (U3)"),
    Missing("POST", "/unified/environment", "unifiedto", f"{_SDK}; likewise DELETE"),
    Missing("POST", "/unified/connection", "unifiedto", f"{_SDK}; likewise PUT, PATCH, DELETE and reauth"),
    Missing("GET", "/unified/notification", "unifiedto", _SDK),
    Missing(
        "GET", "/unified/secretsmanager", "unifiedto", f"{_SDK}, with all routes below it; no vault is modelled (U13)"
    ),
)

ROUTES: tuple[Route, ...] = (
    _route(
        "GET",
        "/unified/workspaceintegration",
        _list_workspace_integrations,
        Source.DOCUMENTED,
        "docs.unified.to/unified/workspaceintegration/List_workspace_integrations; assumed: mask (U5), "
        "errors (U7), key's rights (U8), filters and pages (U9), delay (U12)",
    ),
    _route(
        "PUT",
        "/unified/workspaceintegration/{id}",
        _update_workspace_integration,
        Source.DOCUMENTED,
        "docs.unified.to/unified/workspaceintegration/Update_workspace_integration; assumed: merge or replace (U4), "
        "masks kept literally (U5), answer (U6), errors and the 400 for missing fields (U7), rights (U8), "
        "odd fields (U10), delay (U12), plan",
    ),
    _route(
        "GET",
        "/unified/integration",
        _list_integrations,
        Source.MODEL,
        f"{_SDK}; assumed: which fields a summary leaves out",
    ),
    _route(
        "GET",
        "/unified/integration/workspace/{workspace_id}",
        _list_workspace_catalogue,
        Source.DOCUMENTED,
        "docs.unified.to/unified/integration/Returns_all_activated_integrations_in_a_workspace, no key needed; "
        "assumed: 404 for another workspace",
        key=False,
    ),
    _route(
        "GET",
        "/unified/integration/auth/{workspace_id}/{integration_type}",
        _authorization_url,
        Source.DOCUMENTED,
        "docs.unified.to/unified/integration/Authorize_or_re-authorize_a_connection, no key needed; assumed: client_id "
        "and redirect_uri in the URL, scopes, none for Sandbox, answers without credentials or when inactive (U11), "
        "delay (U12), whose client with a vault (U13), redirect URI (U15)",
        key=False,
    ),
    _route(
        "GET",
        "/unified/environment",
        _list_environments,
        Source.DOCUMENTED,
        "docs.unified.to/unified/environment/Returns_all_environments; that items are strings: the SDK",
    ),
    _route("GET", "/unified/connection", _list_connections, Source.MODEL, f"{_SDK}; no token is kept or shown"),
    _route("GET", "/unified/connection/{id}", _get_connection, Source.MODEL, _SDK),
    _route(
        "GET",
        oauth.CALLBACK_PATH,
        _callback,
        Source.ASSUMED,
        "the path: docs.unified.to/guides/how_to_get_your_microsoft_azure_ad_oauth_2_credentials; the rest: OAuth 2.0, "
        "with a real exchange at the emulator's token endpoint",
        key=False,
    ),
)
