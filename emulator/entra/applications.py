"""Graph's application routes."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from emulator.core.clock import format_instant
from emulator.core.store import Document
from emulator.core.world import world_of
from emulator.entra import application_rules, client_secrets, graph_errors, graph_wire, owners
from emulator.entra.directory import APPLICATION, SERVICE_PRINCIPAL, Directory, DirectoryObject
from emulator.entra.graph_access import caller_of, changeable, readable
from emulator.entra.ids import TENANT_DOMAIN, fresh
from emulator.entra.switches import EntraSwitches

_ENTITY = "applications"


async def list_applications(request: Request) -> Response:
    """All applications, or those that match ``$filter``."""
    caller_of(request).require_read()
    found = Directory(world_of(request)).find(APPLICATION, graph_wire.predicate(request))
    return graph_wire.list_response(request, _ENTITY, [application.resource for application in found])


async def create_application(request: Request) -> Response:
    """A new application."""
    caller = caller_of(request)
    caller.require_create()
    world = world_of(request)
    directory = Directory(world)
    body = await graph_wire.object_body(request)
    owner_ids = owners.bound(directory, body, caller)
    object_id = fresh()
    fixed: Document = {
        "id": object_id,
        "deletedDateTime": None,
        "appId": fresh(),
        "createdDateTime": format_instant(world.clock.now()),
        "publisherDomain": TENANT_DOMAIN,
    }
    resource = application_rules.created(body, fixed)
    application = DirectoryObject(APPLICATION, object_id, resource, owner_ids)
    if application_rules.has_personal_accounts(resource):
        application.conflicts = world.settings.of(EntraSwitches).msa_conflicts
    directory.save(application)
    return graph_wire.item_response(request, _ENTITY, application.resource, 201)


async def get_application(request: Request) -> Response:
    """One application by object id."""
    _, application = readable(request, APPLICATION)
    return graph_wire.item_response(request, _ENTITY, application.resource)


async def change_application(request: Request) -> Response:
    """Merge a body into an application."""
    directory, application = changeable(request, APPLICATION)
    _meet_conflict(directory, application)
    application.resource = application_rules.changed(application.resource, await graph_wire.object_body(request))
    directory.save(application)
    principal = directory.with_app_id(SERVICE_PRINCIPAL, application.app_id)
    if principal is not None and principal.resource["displayName"] != application.resource["displayName"]:
        principal.resource["displayName"] = application.resource["displayName"]
        directory.save(principal)
    return graph_wire.no_content()


async def delete_application(request: Request) -> Response:
    """Delete an application and its service principal here (documented)."""
    directory, application = changeable(request, APPLICATION)
    principal = directory.with_app_id(SERVICE_PRINCIPAL, application.app_id)
    if principal is not None:
        directory.delete(principal)
    directory.delete(application)
    return graph_wire.no_content()


async def add_password(request: Request) -> Response:
    """A new client secret; the answer is the only place where its value ever appears."""
    directory, application = changeable(request, APPLICATION)
    body = await graph_wire.object_body(request)
    _meet_conflict(directory, application)
    credential = client_secrets.add(directory.world, application, body.get("passwordCredential"))
    directory.save(application)
    return graph_wire.item_response(request, "microsoft.graph.passwordCredential", credential)


async def remove_password(request: Request) -> Response:
    """Revoke a client secret at once."""
    directory, application = changeable(request, APPLICATION)
    key_id = (await graph_wire.object_body(request)).get("keyId")
    if not isinstance(key_id, str):
        raise graph_errors.bad_request("Invalid value specified for property 'keyId'.")
    client_secrets.remove(application, key_id)
    directory.save(application)
    return graph_wire.no_content()


list_owners, add_owner, remove_owner = owners.handlers_of(APPLICATION)


def _meet_conflict(directory: Directory, application: DirectoryObject) -> None:
    """Raises ``GraphError`` 409 as often as the switch said when the application was created."""
    if application.conflicts == 0:
        return
    application.conflicts -= 1
    directory.save(application, counts_as_write=False)
    raise graph_errors.msa_application_missing()
