"""Owners of applications and service principals."""

from __future__ import annotations

from emulator.core.store import Document
from emulator.entra import graph_errors, graph_wire
from emulator.entra.directory import SERVICE_PRINCIPAL, Directory, DirectoryObject
from emulator.entra.graph_access import Caller
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


def add(directory: Directory, item: DirectoryObject, object_id: str) -> None:
    """Add an owner and save. Raises ``GraphError`` 404 for an unknown object, 400 for one that is an owner already."""
    described(directory, object_id)
    if object_id in item.owners:
        raise graph_errors.owner_exists()
    item.owners.append(object_id)
    directory.save(item)


def remove(directory: Directory, item: DirectoryObject, object_id: str) -> None:
    """Remove an owner and save. Raises ``GraphError`` 404 for one that is none (observed)."""
    if object_id.lower() not in item.owners:
        raise graph_errors.not_found(object_id)
    item.owners.remove(object_id.lower())
    directory.save(item)


def listed(directory: Directory, item: DirectoryObject) -> list[Document]:
    """The owners as directory objects; those that were deleted since are left out."""
    found: list[Document] = []
    for object_id in item.owners:
        try:
            found.append(described(directory, object_id))
        except graph_errors.GraphError:
            continue
    return found


def described(directory: Directory, object_id: str) -> Document:
    """A user or service principal as an item of a list. Raises ``GraphError`` 404."""
    account = account_with_id(object_id)
    if account is not None and account.tenant_id == TENANT_ID:
        return {
            "@odata.type": "#microsoft.graph.user",
            "id": account.object_id,
            "displayName": account.name,
            "userPrincipalName": account.user_name,
        }
    principal = directory.get(SERVICE_PRINCIPAL, object_id)
    if principal is None:
        raise graph_errors.not_found(object_id)
    return {
        "@odata.type": "#microsoft.graph.servicePrincipal",
        "id": principal.id,
        "appId": principal.app_id,
        "displayName": principal.resource.get("displayName"),
    }
