"""Path to handler for the emulated Unified.to, with the source of every route's behaviour."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from emulator.core.routes import Handler, Missing, Route, Source
from emulator.core.world import World, world_of
from emulator.unifiedto import oauth, wire
from emulator.unifiedto.errors import UnifiedRefusal, invalid, missing_key, not_found, unknown_key
from emulator.unifiedto.model import JsonObject
from emulator.unifiedto.state import Workspace
from emulator.unifiedto.switches import Switches
from emulator.unifiedto.wire import Answer, Query, json_answer


@dataclass(frozen=True)
class Call:
    """One request to the API with what its handler needs."""

    request: Request
    world: World
    workspace: Workspace
    switches: Switches
    query: Query

    @staticmethod
    def of(request: Request) -> Call:
        """The call behind ``request``."""
        world = world_of(request)
        pairs = request.query_params.multi_items()
        return Call(request, world, workspace_of(world), Switches(world.settings), Query(pairs))

    def path(self, name: str) -> str:
        """A parameter of the path."""
        return str(self.request.path_params[name])

    async def text(self) -> str:
        """The body as text."""
        return (await self.request.body()).decode("utf-8", "replace")

    async def json(self) -> object:
        """The body as JSON; ``UnifiedRefusal`` 400 when it is none."""
        try:
            return await self.request.json()
        except (ValueError, RecursionError):
            raise invalid("body is not JSON") from None


def workspace_of(world: World) -> Workspace:
    """The workspace that ``world`` holds."""
    return Workspace(world.store, world.clock.now)


def respond(answer: Answer) -> Response:
    """``answer`` as a response."""
    headers = {"location": answer.location} if answer.location else None
    media_type = answer.media_type if answer.body else None
    return Response(answer.body, answer.status, headers=headers, media_type=media_type)


CallHandler = Callable[[Call], Awaitable[Answer]]


def _handler(act: CallHandler, key: bool) -> Handler:
    """``act`` with the key checked first (if it needs one) and refusals in the form that the switches ask for."""

    async def handle(request: Request) -> Response:
        call = Call.of(request)
        try:
            if key:
                _check_key(call)
            return respond(await act(call))
        except UnifiedRefusal as refusal:
            quoted = await call.text() if request.method in ("POST", "PUT", "PATCH") else ""
            return respond(wire.error_answer(refusal, call.switches, quoted))

    return handle


def _check_key(call: Call) -> None:
    """401 without the workspace's key, as ``Bearer <key>`` (scheme in any case) or bare; 403 from an address that is
    shut out.
    """
    header = call.request.headers.get("authorization", "").strip()
    scheme, _, rest = header.partition(" ")
    given = rest.strip() if scheme.lower() == "bearer" else header
    if not given:
        raise missing_key()
    if not hmac.compare_digest(given.encode(), call.workspace.api_key.encode()):
        raise unknown_key()
    if not call.switches.flag("ip_allowed"):
        raise UnifiedRefusal(403, "Your IP address is not allowed in this workspace")


def _need(call: Call, right: str, what: str) -> None:
    if not call.switches.flag(right):
        raise UnifiedRefusal(call.switches.number("key_refusal_status"), f"This API key may not {what}")


def _same_workspace(call: Call) -> None:
    if call.path("workspace_id") != call.workspace.id:
        raise not_found("workspace")


# -- workspace integrations ------------------------------------------------------------------------


async def _list_workspace_integrations(call: Call) -> Answer:
    _need(call, "key_may_list", "list workspace integrations")
    if call.query.flag("include_credentials"):
        raise UnifiedRefusal(403, "Only a workspace admin may include credentials")
    rows = call.workspace.read_rows(wire.row_filters(call.query, call.switches).want)
    return json_answer(wire.page([wire.row_as_read(row, call.switches) for row in rows], call.query, call.switches))


async def _update_workspace_integration(call: Call) -> Answer:
    _need(call, "key_may_write", "change workspace integrations")
    row = call.workspace.update_row(call.path("id"), await call.json(), call.switches)
    return wire.write_answer(row, call.switches)


# -- catalogue -------------------------------------------------------------------------------------


async def _list_integrations(call: Call) -> Answer:
    environment = call.query.one("env") or "Production"
    active = {row.integration_type for row in call.workspace.rows() if row.environment == environment and row.is_active}
    wanted_categories, wanted_type = set(call.query.many("categories")), call.query.one("type")
    only_active = call.query.flag("active")
    summary = call.query.flag("summary")
    shown = [
        wire.integration_as_read(entry, entry.type in active, summary)
        for entry in call.workspace.catalogue(call.switches)
        if wanted_type in (None, entry.type)
        and (not wanted_categories or wanted_categories & set(entry.categories))
        and (not only_active or entry.type in active)
    ]
    return json_answer(wire.page(shown, call.query, call.switches, default_limit=1000))


async def _list_workspace_catalogue(call: Call) -> Answer:
    _same_workspace(call)
    return await _list_integrations(call)


async def _authorization_url(call: Call) -> Answer:
    _same_workspace(call)
    try:
        url = oauth.authorization_url(
            call.workspace, call.switches, call.world.base_url, call.path("integration_type"), call.query
        )
    except oauth.NoCredentialsPage:
        return wire.page_answer(
            200,
            "Unified.to",
            "This integration is not configured",
            "Ask the workspace's administrator to add OAuth credentials.",
        )
    if call.query.flag("redirect"):
        return Answer(302, location=url)
    return Answer(200, url, "text/plain")


# -- environments and connections ------------------------------------------------------------------


async def _list_environments(call: Call) -> Answer:
    return json_answer(call.workspace.environments())


async def _list_connections(call: Call) -> Answer:
    environment, reference = call.query.one("env"), call.query.one("external_xref")
    categories = set(call.query.many("categories"))
    wanted: list[JsonObject] = [
        connection
        for connection in call.workspace.connections.all()
        if environment in (None, connection["environment"])
        and reference in (None, connection.get("external_xref"))
        and (not categories or categories & set(connection["categories"]))
    ]
    return json_answer(wire.page(wanted, call.query, call.switches))


async def _get_connection(call: Call) -> Answer:
    return json_answer(call.workspace.connections.get(call.path("id")))


# -- callback --------------------------------------------------------------------------------------


async def _callback(call: Call) -> Answer:
    ended = await asyncio.to_thread(oauth.finish_sign_in, call.world, call.workspace, call.switches, call.query)
    return Answer(302, location=ended.location)


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


def refuse(request: Request, status: int, reason: str) -> Response:
    """An error answer in the API's form, for routes that do not exist and for scripted faults."""
    return respond(wire.error_answer(UnifiedRefusal(status, reason), Switches(world_of(request).settings)))
