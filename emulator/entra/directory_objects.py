"""Graph's routes for deleted items, directory objects and the signed-in user."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from emulator.core.world import world_of
from emulator.entra import graph_errors, graph_wire, owners
from emulator.entra.directory import APPLICATION, SERVICE_PRINCIPAL, Directory
from emulator.entra.graph_access import caller_of
from emulator.entra.tenants import account_with_id

_KINDS = {"microsoft.graph.application": APPLICATION, "microsoft.graph.servicePrincipal": SERVICE_PRINCIPAL}


async def list_deleted(request: Request) -> Response:
    """Soft-deleted applications or service principals."""
    caller_of(request).require_read()
    graph_wire.check_options(request)
    kind = _KINDS.get(request.path_params["kind"])
    if kind is None:
        raise graph_errors.unsupported_query(f"deleted items of type {request.path_params['kind']!r}")
    matches = graph_wire.predicate(request.query_params.get("$filter"))
    found = [item.resource for item in Directory(world_of(request)).deleted(kind)]
    return graph_wire.list_response(request, "directoryObjects", [item for item in found if matches(item)])


async def get_deleted(request: Request) -> Response:
    """One soft-deleted object."""
    caller_of(request).require_read()
    item = Directory(world_of(request)).deleted_with_id(str(request.path_params["id"]))
    return graph_wire.item_response(request, "directoryObjects", item.resource)


async def restore_deleted(request: Request) -> Response:
    """Undo a deletion; 409 for a service principal whose application has another by now (reported)."""
    caller = caller_of(request)
    directory = Directory(world_of(request))
    item = directory.deleted_with_id(str(request.path_params["id"]))
    caller.require_change(item)
    if directory.with_app_id(item.kind, item.app_id) is not None:
        raise graph_errors.service_principal_exists(item.app_id)
    directory.restore(item)
    return graph_wire.item_response(request, "directoryObjects", item.resource)


async def purge_deleted(request: Request) -> Response:
    """Delete for good."""
    caller = caller_of(request)
    directory = Directory(world_of(request))
    item = directory.deleted_with_id(str(request.path_params["id"]))
    caller.require_change(item)
    directory.purge(item)
    return graph_wire.no_content()


async def get_directory_object(request: Request) -> Response:
    """A user or service principal by id."""
    caller_of(request).require_read()
    found = owners.described(Directory(world_of(request)), str(request.path_params["id"]))
    return graph_wire.item_response(request, "directoryObjects", found)


async def get_me(request: Request) -> Response:
    """The signed-in user; needs User.Read."""
    caller = caller_of(request)
    account = account_with_id(caller.object_id)
    if account is None:
        raise graph_errors.bad_request("/me request is only valid with delegated authentication flow.")
    if not caller.scopes & {"User.Read", "User.ReadWrite", "User.Read.All", "User.ReadWrite.All"}:
        raise graph_errors.insufficient_privileges()
    first, _, last = account.name.partition(" ")
    user = {
        "id": account.object_id,
        "displayName": account.name,
        "givenName": first,
        "surname": last,
        "mail": account.user_name,
        "userPrincipalName": account.user_name,
    }
    return graph_wire.item_response(request, "users", user)
