"""Graph's application routes."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from emulator.core.clock import format_instant
from emulator.core.store import Document
from emulator.core.world import world_of
from emulator.entra import application_rules, client_secrets, graph_errors, graph_wire, owners
from emulator.entra.directory import APPLICATION, SERVICE_PRINCIPAL, Directory, DirectoryObject
from emulator.entra.graph_access import caller_of
from emulator.entra.ids import TENANT_DOMAIN, fresh

_ENTITY = "applications"


async def list_applications(request: Request) -> Response:
    """All applications, or those that match ``$filter``."""
    caller_of(request).require_read()
    graph_wire.check_options(request)
    directory = Directory(world_of(request))
    found = directory.find(APPLICATION, graph_wire.predicate(request.query_params.get("$filter")))
    return graph_wire.list_response(request, _ENTITY, [_shown(directory, application) for application in found])


async def create_application(request: Request) -> Response:
    """A new application; 404 for a while, if the switch says so."""
    caller = caller_of(request)
    caller.require_create()
    world = world_of(request)
    directory = Directory(world)
    body = await graph_wire.object_body(request)
    owner_ids = owners.bound(directory, body, caller)
    quota = world.settings["application_quota"]
    if quota is not None and directory.count(APPLICATION) >= quota:
        raise graph_errors.quota_exceeded()
    object_id = fresh()
    fixed: Document = {
        "id": object_id,
        "deletedDateTime": None,
        "appId": fresh(),
        "createdDateTime": format_instant(world.clock.now()),
        "publisherDomain": TENANT_DOMAIN,
    }
    resource = application_rules.created(body, fixed)
    application = DirectoryObject(
        APPLICATION,
        object_id,
        resource,
        owner_ids,
        unseen_reads=world.settings["app_visible_after_reads"],
        conflicts=world.settings["msa_conflicts"] if application_rules.has_personal_accounts(resource) else 0,
    )
    directory.save(application)
    return graph_wire.item_response(request, _ENTITY, _with_credentials(application), 201)


async def get_application(request: Request) -> Response:
    """One application by object id."""
    caller_of(request).require_read()
    directory = Directory(world_of(request))
    application = directory.visible(APPLICATION, str(request.path_params["id"]))
    return graph_wire.item_response(request, _ENTITY, _shown(directory, application))


async def get_application_by_app_id(request: Request) -> Response:
    """One application by its application (client) id."""
    caller_of(request).require_read()
    app_id = request.path_params["app_id"]
    directory = Directory(world_of(request))
    found = directory.with_app_id(APPLICATION, app_id)
    application = directory.visible(APPLICATION, app_id if found is None else found.id)
    return graph_wire.item_response(request, _ENTITY, _shown(directory, application))


async def change_application(request: Request) -> Response:
    """Merge a body into an application."""
    caller = caller_of(request)
    directory = Directory(world_of(request))
    application = directory.visible(APPLICATION, str(request.path_params["id"]))
    caller.require_change(application)
    _meet_conflict(directory, application)
    application.resource = application_rules.changed(application.resource, await graph_wire.object_body(request))
    directory.save(application)
    principal = directory.with_app_id(SERVICE_PRINCIPAL, application.app_id)
    if principal is not None and principal.resource["displayName"] != application.resource["displayName"]:
        principal.resource["displayName"] = application.resource["displayName"]
        directory.save(principal)
    return graph_wire.no_content()


async def delete_application(request: Request) -> Response:
    """Soft-delete an application and its service principal here (documented)."""
    caller = caller_of(request)
    directory = Directory(world_of(request))
    application = directory.visible(APPLICATION, str(request.path_params["id"]))
    caller.require_change(application)
    principal = directory.with_app_id(SERVICE_PRINCIPAL, application.app_id)
    if principal is not None:
        directory.delete(principal)
    directory.delete(application)
    return graph_wire.no_content()


async def add_password(request: Request) -> Response:
    """A new client secret; the answer is the only place where its value ever appears."""
    caller = caller_of(request)
    world = world_of(request)
    directory = Directory(world)
    application = directory.visible(APPLICATION, str(request.path_params["id"]))
    caller.require_change(application)
    body = await graph_wire.object_body(request)
    _meet_conflict(directory, application)
    credential = client_secrets.add(world, application, body.get("passwordCredential"))
    directory.save(application)
    return graph_wire.item_response(request, "microsoft.graph.passwordCredential", credential)


async def remove_password(request: Request) -> Response:
    """Revoke a client secret at once."""
    caller = caller_of(request)
    world = world_of(request)
    directory = Directory(world)
    application = directory.visible(APPLICATION, str(request.path_params["id"]))
    caller.require_change(application)
    key_id = (await graph_wire.object_body(request)).get("keyId")
    if not isinstance(key_id, str):
        raise graph_errors.bad_request("Invalid value specified for property 'keyId'.")
    client_secrets.remove(world, application, key_id)
    directory.save(application)
    return graph_wire.no_content()


async def list_owners(request: Request) -> Response:
    """The application's owners."""
    caller_of(request).require_read()
    directory = Directory(world_of(request))
    application = directory.visible(APPLICATION, str(request.path_params["id"]))
    return owners_response(request, directory, application)


async def add_owner(request: Request) -> Response:
    """Add an owner by reference."""
    caller = caller_of(request)
    directory = Directory(world_of(request))
    application = directory.visible(APPLICATION, str(request.path_params["id"]))
    caller.require_change(application)
    owners.add(directory, application, graph_wire.reference_id(await graph_wire.object_body(request)))
    return graph_wire.no_content()


async def remove_owner(request: Request) -> Response:
    """Remove an owner; a caller may remove itself, and is refused afterwards."""
    caller = caller_of(request)
    directory = Directory(world_of(request))
    application = directory.visible(APPLICATION, str(request.path_params["id"]))
    caller.require_change(application)
    owners.remove(directory, application, str(request.path_params["owner_id"]))
    return graph_wire.no_content()


def owners_response(request: Request, directory: Directory, item: DirectoryObject) -> Response:
    """A list of owners, filtered."""
    graph_wire.check_options(request)
    matches = graph_wire.predicate(request.query_params.get("$filter"))
    found = [owner for owner in owners.listed(directory, item) if matches(owner)]
    return graph_wire.list_response(request, "directoryObjects", found)


def _shown(directory: Directory, application: DirectoryObject) -> Document:
    """The application as a read shows it; counts the read where reads lag."""
    shown = _with_credentials(application)
    if not directory.world.store.reads_are_stale and client_secrets.count_read(application):
        directory.save(application, counts_as_write=False)
    return shown


def _with_credentials(application: DirectoryObject) -> Document:
    return {**application.resource, "passwordCredentials": client_secrets.shown(application)}


def _meet_conflict(directory: Directory, application: DirectoryObject) -> None:
    """Raises ``GraphError`` 409 as often as the switch said when the application was created."""
    if application.conflicts == 0:
        return
    application.conflicts -= 1
    directory.save(application, counts_as_write=False)
    raise graph_errors.msa_application_missing()
