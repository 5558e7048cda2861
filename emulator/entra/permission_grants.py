"""Graph's delegated permission grants: what an administrator has consented to for an application, for everybody or for
one user.
"""

from __future__ import annotations

import secrets

from starlette.requests import Request
from starlette.responses import Response

from emulator.core.store import Document
from emulator.core.world import World, world_of
from emulator.entra import graph_errors, graph_wire, owners
from emulator.entra.directory import SERVICE_PRINCIPAL, Directory
from emulator.entra.graph_access import caller_of
from emulator.entra.ids import GRAPH_SERVICE_PRINCIPAL_ID, is_uuid

_ENTITY = "oauth2PermissionGrants"
_COLLECTION = "entra.permission_grants"
_EVERYBODY, _ONE_USER = "AllPrincipals", "Principal"
_KEY = ("clientId", "consentType", "principalId", "resourceId")


async def create_grant(request: Request) -> Response:
    """A new grant; 404 while one of its service principals is not visible yet."""
    caller_of(request).require_grants()
    world = world_of(request)
    grant = _checked(await graph_wire.object_body(request))
    directory = Directory(world)
    for name in ("clientId", "resourceId"):
        directory.visible(SERVICE_PRINCIPAL, grant[name])
    if grant["principalId"] is not None:
        owners.described(directory, grant["principalId"])
    if world.store.find(_COLLECTION, lambda kept: all(kept[name] == grant[name] for name in _KEY)):
        raise graph_errors.grant_exists()
    grant["id"] = secrets.token_urlsafe(32)
    world.store.put(_COLLECTION, grant["id"], grant)
    return graph_wire.item_response(request, _ENTITY, grant, 201)


async def get_grant(request: Request) -> Response:
    """One grant."""
    caller_of(request).require_read()
    return graph_wire.item_response(request, _ENTITY, _kept(request))


async def change_grant(request: Request) -> Response:
    """Other scopes; nothing else of a grant can change."""
    caller_of(request).require_grants()
    body = await graph_wire.object_body(request)
    grant = _kept(request)
    changes = {name: value for name, value in body.items() if not name.startswith("@odata.")}
    if changes.keys() != {"scope"} or not isinstance(changes["scope"], str):
        raise graph_errors.bad_request("Of a permission grant only 'scope' can be changed, which is a text.")
    world_of(request).store.put(_COLLECTION, grant["id"], {**grant, **changes})
    return graph_wire.no_content()


async def delete_grant(request: Request) -> Response:
    """Take a grant back."""
    caller_of(request).require_grants()
    world_of(request).store.delete(_COLLECTION, _kept(request)["id"])
    return graph_wire.no_content()


def granted_to_everybody(world: World, app_id: str) -> set[str]:
    """The scopes of Microsoft Graph that an application has for everybody in the home tenant, in small letters."""
    principal = Directory(world).with_app_id(SERVICE_PRINCIPAL, app_id)
    if principal is None:
        return set()
    key = {"clientId": principal.id, "consentType": _EVERYBODY, "resourceId": GRAPH_SERVICE_PRINCIPAL_ID}
    found = world.store.find(_COLLECTION, lambda kept: all(kept[name] == value for name, value in key.items()))
    return {scope.lower() for grant in found for scope in str(grant["scope"]).split()}


def _kept(request: Request) -> Document:
    grant_id = request.path_params["grant_id"]
    grant = world_of(request).store.get(_COLLECTION, grant_id)
    if grant is None:
        raise graph_errors.not_found(grant_id)
    return grant


def _checked(body: Document) -> Document:
    grant = {name: value for name, value in body.items() if not name.startswith("@odata.")}
    grant.setdefault("principalId", None)
    consents = {_EVERYBODY: grant["principalId"] is None, _ONE_USER: is_uuid(grant["principalId"])}
    if (
        grant.keys() != {*_KEY, "scope"}
        or not all(is_uuid(grant[name]) for name in ("clientId", "resourceId"))
        or not isinstance(grant["consentType"], str)
        or not consents.get(grant["consentType"], False)
        or not isinstance(grant["scope"], str)
    ):
        raise graph_errors.bad_request(
            "A permission grant has clientId, consentType (AllPrincipals or Principal), principalId (with Principal), "
            "resourceId and scope."
        )
    return {name: value.lower() if name.endswith("Id") and value else value for name, value in grant.items()}
