"""Owners of applications and service principals."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from emulator.core.routes import Handler
from emulator.core.store import Document
from emulator.entra import graph_errors, graph_wire
from emulator.entra.directory import SERVICE_PRINCIPAL, Directory
from emulator.entra.graph_access import Caller, changeable, readable
from emulator.entra.ids import TENANT_ID
from emulator.entra.tenants import account_with_id

MAX_AT_CREATION = 20


def bound(directory: Directory, body: Document, caller: Caller) -> list[str]:
    """Owners of a new object: those of ``owners@odata.bind`` (taken out of ``body``), else the caller with OwnedBy.

    Raises ``GraphError`` 400 for more than 20 (documented) and 404 for one that does not exist.
    """
    urls = body.pop("owners@odata.bind", None)
    if urls is None:
        return [caller.object_id] if caller.owns_what_it_creates else []
    if not isinstance(urls, list) or len(urls) > MAX_AT_CREATION:
        raise graph_errors.bad_request(f"owners@odata.bind must be a list of at most {MAX_AT_CREATION} references.")
    owners: list[str] = []
    for url in urls:
        object_id = graph_wire.object_id_in(url)
        described(directory, object_id)
        if object_id not in owners:
            owners.append(object_id)
    return owners


def handlers_of(kind: str) -> tuple[Handler, Handler, Handler]:
    """The handlers that list, add and remove the owners of objects of that kind."""

    async def list_owners(request: Request) -> Response:
        """The owners, filtered; those that were deleted since are left out."""
        directory, item = readable(request, kind)
        matches = graph_wire.predicate(request)
        found = [_found(directory, owner) for owner in item.owners]
        shown = [owner for owner in found if owner is not None and matches(owner)]
        return graph_wire.list_response(request, "directoryObjects", shown)

    async def add_owner(request: Request) -> Response:
        """Add an owner by reference: 404 for an unknown object, 400 for one that is an owner already (observed)."""
        directory, item = changeable(request, kind)
        object_id = graph_wire.reference_id(await graph_wire.object_body(request))
        described(directory, object_id)
        if object_id in item.owners:
            raise graph_errors.owner_exists()
        item.owners.append(object_id)
        directory.save(item)
        return graph_wire.no_content()

    async def remove_owner(request: Request) -> Response:
        """Remove an owner: 404 for one that is none (observed). A caller that removes itself is refused afterwards."""
        directory, item = changeable(request, kind)
        object_id = str(request.path_params["owner_id"]).lower()
        if object_id not in item.owners:
            raise graph_errors.not_found(object_id)
        item.owners.remove(object_id)
        directory.save(item)
        return graph_wire.no_content()

    return list_owners, add_owner, remove_owner


def described(directory: Directory, object_id: str) -> Document:
    """A user or service principal as an item of a list. Raises ``GraphError`` 404."""
    found = _found(directory, object_id)
    if found is None:
        raise graph_errors.not_found(object_id)
    return found


def _found(directory: Directory, object_id: str) -> Document | None:
    account = account_with_id(object_id)
    if account is not None and account.tenant_id == TENANT_ID:
        return {
            "@odata.type": "#microsoft.graph.user",
            "id": account.object_id,
            "displayName": account.name,
            "userPrincipalName": account.user_name,
        }
    principal = directory.find_one(SERVICE_PRINCIPAL, object_id)
    if principal is None:
        return None
    return {
        "@odata.type": "#microsoft.graph.servicePrincipal",
        "id": principal.id,
        "appId": principal.app_id,
        "displayName": principal.resource.get("displayName"),
    }
