"""Graph's service principal routes."""

from __future__ import annotations

import copy

from starlette.requests import Request
from starlette.responses import Response

from emulator.core.clock import format_instant
from emulator.core.store import Document
from emulator.core.world import world_of
from emulator.entra import graph_errors, graph_wire, owners
from emulator.entra.directory import APPLICATION, SERVICE_PRINCIPAL, Directory, DirectoryObject
from emulator.entra.graph_access import Caller, caller_of, changeable, readable
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


def new_resource(app_id: str, object_id: str, created: str) -> Document:
    """The resource of a new service principal, without the properties that it shows of its application."""
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
    directory = Directory(world_of(request))
    found = directory.find(SERVICE_PRINCIPAL, graph_wire.predicate(request))
    return graph_wire.list_response(request, _ENTITY, [_shown(directory, principal) for principal in found])


async def create_service_principal(request: Request) -> Response:
    """A service principal for an application of this tenant."""
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
    application = _application(directory, caller, app_id)
    if directory.with_app_id(SERVICE_PRINCIPAL, app_id) is not None:
        raise graph_errors.service_principal_exists(app_id)
    object_id = fresh()
    resource = _changed(new_resource(app_id, object_id, format_instant(world.clock.now())), body)
    resource["displayName"] = application.resource["displayName"]
    principal = DirectoryObject(SERVICE_PRINCIPAL, object_id, resource, owner_ids)
    directory.save(principal)
    return graph_wire.item_response(request, _ENTITY, _shown(directory, principal), 201)


async def get_service_principal(request: Request) -> Response:
    """One service principal by object id."""
    directory, principal = readable(request, SERVICE_PRINCIPAL)
    return graph_wire.item_response(request, _ENTITY, _shown(directory, principal))


async def change_service_principal(request: Request) -> Response:
    """Merge a body into a service principal."""
    directory, principal = changeable(request, SERVICE_PRINCIPAL)
    principal.resource = _changed(principal.resource, await graph_wire.object_body(request))
    directory.save(principal)
    return graph_wire.no_content()


async def delete_service_principal(request: Request) -> Response:
    """Delete; Microsoft's own cannot be deleted."""
    directory, principal = changeable(request, SERVICE_PRINCIPAL)
    if principal.resource.get("appOwnerOrganizationId") == MICROSOFT_TENANT_ID:
        raise graph_errors.insufficient_privileges()
    directory.delete(principal)
    return graph_wire.no_content()


list_owners, add_owner, remove_owner = owners.handlers_of(SERVICE_PRINCIPAL)


def _application(directory: Directory, caller: Caller, app_id: str) -> DirectoryObject:
    """The application must exist; with OwnedBy the caller must own it (documented; texts observed)."""
    application = directory.with_app_id(APPLICATION, app_id)
    if application is None:
        raise graph_errors.not_a_valid_application(app_id)
    if caller.owns_what_it_creates and caller.object_id not in application.owners:
        raise graph_errors.backing_application_not_local()
    return application


def _changed(resource: Document, body: Document) -> Document:
    result = dict(resource)
    for name, value in body.items():
        if name.startswith("@odata.") or name in ("id", "displayName"):
            continue
        if name not in _WRITABLE:
            raise graph_errors.bad_request(f"Property '{name}' is read-only or unknown and cannot be set.")
        result[name] = copy.deepcopy(_WRITABLE[name]) if value is None else value
    return result


def _shown(directory: Directory, principal: DirectoryObject) -> Document:
    """The service principal with what it shows of its application (``replyUrls``: assumed)."""
    application = directory.with_app_id(APPLICATION, principal.app_id)
    if application is None:
        return principal.resource
    of_app = application.resource
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
        "replyUrls": of_app["web"]["redirectUris"],
        "samlMetadataUrl": None,
        "servicePrincipalNames": [principal.app_id],
        "signInAudience": of_app["signInAudience"],
    }
