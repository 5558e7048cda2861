"""Graph's service principal routes."""

from __future__ import annotations

import copy

from starlette.requests import Request
from starlette.responses import Response

from emulator.core.clock import format_instant
from emulator.core.store import Document
from emulator.core.world import world_of
from emulator.entra import application_rules, graph_errors, graph_wire, owners
from emulator.entra.applications import owners_response
from emulator.entra.directory import APPLICATION, SERVICE_PRINCIPAL, Directory, DirectoryObject
from emulator.entra.graph_access import OWNED, Caller, caller_of
from emulator.entra.ids import MICROSOFT_TENANT_ID, TENANT_ID, fresh, is_uuid

_ENTITY = "servicePrincipals"
_WRITABLE: Document = {
    "accountEnabled": True,
    "alternativeNames": [],
    "appRoleAssignmentRequired": False,
    "customSecurityAttributes": None,
    "description": None,
    "loginUrl": None,
    "notes": None,
    "notificationEmailAddresses": [],
    "preferredSingleSignOnMode": None,
    "preferredTokenSigningKeyThumbprint": None,
    "samlSingleSignOnSettings": None,
    "servicePrincipalType": "Application",
    "tags": [],
    "tokenEncryptionKeyId": None,
}


_OBJECTS = {"customSecurityAttributes", "samlSingleSignOnSettings"}
"""Properties that hold an object; the others hold a text, a list of texts, or what their default is."""


def new_resource(app_id: str, object_id: str, created: str) -> Document:
    """The resource of a new service principal, before anything of the application is shown in it."""
    return {
        "id": object_id,
        "deletedDateTime": None,
        "appId": app_id,
        "createdDateTime": created,
        "keyCredentials": [],
        "passwordCredentials": [],
        **copy.deepcopy(_WRITABLE),
    }


async def list_service_principals(request: Request) -> Response:
    """All service principals, or those that match ``$filter``."""
    caller_of(request).require_read()
    graph_wire.check_options(request)
    directory = Directory(world_of(request))
    found = directory.find(SERVICE_PRINCIPAL, graph_wire.predicate(request.query_params.get("$filter")))
    return graph_wire.list_response(request, _ENTITY, [_shown(directory, principal) for principal in found])


async def create_service_principal(request: Request) -> Response:
    """A service principal for an application of this tenant, or for one of somebody else's by its id."""
    caller = caller_of(request)
    caller.require_create()
    world = world_of(request)
    directory = Directory(world)
    body = await graph_wire.object_body(request)
    owner_ids = owners.bound(directory, body, caller)
    app_id = body.pop("appId", None)
    if not is_uuid(app_id):
        raise graph_errors.bad_request("Invalid value specified for property 'appId' of resource 'ServicePrincipal'.")
    app_id = app_id.lower()
    _require_application(directory, caller, app_id)
    if directory.with_app_id(SERVICE_PRINCIPAL, app_id) is not None:
        raise graph_errors.service_principal_exists(app_id)
    object_id = fresh()
    application = directory.with_app_id(APPLICATION, app_id)
    assert application is not None
    resource = _changed(new_resource(app_id, object_id, format_instant(world.clock.now())), body)
    resource["displayName"] = application.resource["displayName"]
    principal = DirectoryObject(
        SERVICE_PRINCIPAL, object_id, resource, owner_ids, unseen_reads=world.settings["principal_visible_after_reads"]
    )
    directory.save(principal)
    return graph_wire.item_response(request, _ENTITY, _shown(directory, principal), 201)


async def get_service_principal(request: Request) -> Response:
    """One service principal by object id."""
    caller_of(request).require_read()
    directory = Directory(world_of(request))
    principal = directory.visible(SERVICE_PRINCIPAL, str(request.path_params["id"]))
    return graph_wire.item_response(request, _ENTITY, _shown(directory, principal))


async def get_service_principal_by_app_id(request: Request) -> Response:
    """One service principal by its application (client) id."""
    caller_of(request).require_read()
    app_id = request.path_params["app_id"]
    directory = Directory(world_of(request))
    found = directory.with_app_id(SERVICE_PRINCIPAL, app_id)
    principal = directory.visible(SERVICE_PRINCIPAL, app_id if found is None else found.id)
    return graph_wire.item_response(request, _ENTITY, _shown(directory, principal))


async def change_service_principal(request: Request) -> Response:
    """Merge a body into a service principal."""
    caller = caller_of(request)
    directory = Directory(world_of(request))
    principal = directory.visible(SERVICE_PRINCIPAL, str(request.path_params["id"]))
    _require_change(directory, caller, principal)
    principal.resource = _changed(principal.resource, await graph_wire.object_body(request))
    directory.save(principal)
    return graph_wire.no_content()


async def delete_service_principal(request: Request) -> Response:
    """Soft-delete; Microsoft's own cannot be deleted."""
    caller = caller_of(request)
    directory = Directory(world_of(request))
    principal = directory.visible(SERVICE_PRINCIPAL, str(request.path_params["id"]))
    if principal.resource.get("appOwnerOrganizationId") == MICROSOFT_TENANT_ID:
        raise graph_errors.insufficient_privileges()
    _require_change(directory, caller, principal)
    directory.delete(principal)
    return graph_wire.no_content()


async def list_owners(request: Request) -> Response:
    """The service principal's owners."""
    caller_of(request).require_read()
    directory = Directory(world_of(request))
    return owners_response(request, directory, directory.visible(SERVICE_PRINCIPAL, str(request.path_params["id"])))


async def add_owner(request: Request) -> Response:
    """Add an owner by reference."""
    caller = caller_of(request)
    directory = Directory(world_of(request))
    principal = directory.visible(SERVICE_PRINCIPAL, str(request.path_params["id"]))
    _require_change(directory, caller, principal)
    owners.add(directory, principal, graph_wire.reference_id(await graph_wire.object_body(request)))
    return graph_wire.no_content()


async def remove_owner(request: Request) -> Response:
    """Remove an owner."""
    caller = caller_of(request)
    directory = Directory(world_of(request))
    principal = directory.visible(SERVICE_PRINCIPAL, str(request.path_params["id"]))
    _require_change(directory, caller, principal)
    owners.remove(directory, principal, str(request.path_params["owner_id"]))
    return graph_wire.no_content()


def _require_application(directory: Directory, caller: Caller, app_id: str) -> None:
    """The application must exist; with OwnedBy the caller must own it (documented; texts observed)."""
    application = directory.with_app_id(APPLICATION, app_id)
    if application is None or not directory.is_visible_application(app_id):
        raise graph_errors.not_a_valid_application(app_id)
    if caller.owns_what_it_creates and caller.object_id not in application.owners:
        raise graph_errors.backing_application_not_local()


def _require_change(directory: Directory, caller: Caller, principal: DirectoryObject) -> None:
    """With OwnedBy the caller must own the service principal and its application (documented)."""
    caller.require_change(principal)
    if not caller.owns_what_it_creates or OWNED not in caller.roles:
        return
    application = directory.with_app_id(APPLICATION, principal.app_id)
    if application is not None:
        caller.require_change(application)


def _changed(resource: Document, body: Document) -> Document:
    result = dict(resource)
    for name, value in body.items():
        if name.startswith("@odata.") or name in ("id", "displayName"):
            continue
        if name not in _WRITABLE:
            raise graph_errors.bad_request(f"Property '{name}' is read-only or unknown and cannot be set.")
        default = _WRITABLE[name]
        wanted = dict if name in _OBJECTS else str if default is None else type(default)
        is_right = type(value) is wanted and (wanted is not list or all(isinstance(item, str) for item in value))
        if value is not None and not is_right:
            raise graph_errors.bad_request(
                f"Invalid value specified for property '{name}' of resource 'ServicePrincipal'."
            )
        result[name] = copy.deepcopy(default) if value is None else value
    return result


def _shown(directory: Directory, principal: DirectoryObject) -> Document:
    """The service principal with what it shows of its application (``replyUrls``: assumed)."""
    application = directory.with_app_id(APPLICATION, principal.app_id)
    if application is None:
        return principal.resource
    of_app = application.resource
    uris = [uri for platform in ("web", "spa", "publicClient") for uri in of_app[platform]["redirectUris"]]
    return {
        **principal.resource,
        "appDescription": of_app["description"],
        "appDisplayName": of_app["displayName"],
        "appOwnerOrganizationId": TENANT_ID,
        "appRoles": of_app["appRoles"],
        "disabledByMicrosoftStatus": None,
        "displayName": of_app["displayName"],
        "homepage": of_app["web"]["homePageUrl"],
        "info": of_app["info"],
        "logoutUrl": of_app["web"]["logoutUrl"],
        "oauth2PermissionScopes": of_app["api"]["oauth2PermissionScopes"],
        "replyUrls": uris,
        "samlMetadataUrl": None,
        "servicePrincipalNames": [principal.app_id, *of_app["identifierUris"]],
        "signInAudience": of_app.get("signInAudience", application_rules.ORGANISATION),
    }
