"""What a ``scope`` parameter asks for."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.core.world import World
from emulator.entra import login_errors
from emulator.entra.directory import APPLICATION, Directory, DirectoryObject
from emulator.entra.graph_access import graph_audiences
from emulator.entra.ids import GRAPH_APP_ID
from emulator.entra.login_errors import LoginError
from emulator.entra.permissions import SCOPES, scope_named

OPENID_SCOPES = ("openid", "profile", "email", "offline_access")
_DEFAULT = "/.default"


@dataclass(frozen=True)
class Wanted:
    """Delegated scopes by their own names, in the order asked for; ``needs_admin`` are those among them."""

    values: tuple[str, ...]
    needs_admin: tuple[str, ...]


def resource_of(world: World, scope: str, tenant: str) -> str:
    """The resource of a client-credentials scope ``<resource>/.default``: what becomes the token's audience.

    Raises ``LoginError`` 1002012 for another form and 500011 for a resource that is not in the tenant.
    """
    names = scope.split()
    if len(names) != 1 or not names[0].endswith(_DEFAULT):
        raise LoginError(login_errors.DEFAULT_SCOPE_NEEDED, scope=scope)
    resource = names[0][: -len(_DEFAULT)]
    if resource.rstrip("/") in graph_audiences(world):
        return resource.rstrip("/")
    if Directory(world).with_app_id(APPLICATION, resource) is None:
        raise LoginError(login_errors.RESOURCE_NOT_FOUND, resource=resource, tenant=tenant)
    return resource


def delegated(world: World, scope: str, application: DirectoryObject) -> Wanted:
    """The delegated Graph scopes asked for. ``.default`` stands for all that the application declares.

    Raises ``LoginError`` 900144 for none and 70011 for one that Graph does not have.
    """
    values: list[str] = []
    for name in scope.split():
        bare = _without_resource(world, name)
        if bare == ".default":
            found = _declared(application)
        else:
            permission = scope_named(bare)
            if permission is None:
                raise LoginError(login_errors.SCOPE_INVALID, scope=name)
            found = [permission.value]
        values.extend(value for value in found if value not in values)
    if not values:
        raise LoginError(login_errors.PARAMETER_MISSING, name="scope")
    admin = tuple(value for value in values if (permission := scope_named(value)) and permission.needs_admin)
    return Wanted(tuple(values), admin)


def _without_resource(world: World, name: str) -> str:
    for audience in graph_audiences(world):
        if name.startswith(f"{audience}/"):
            return name[len(audience) + 1 :]
    return name


def _declared(application: DirectoryObject) -> list[str]:
    ids = {
        item["id"]
        for api in application.resource["requiredResourceAccess"]
        if api["resourceAppId"] == GRAPH_APP_ID
        for item in api["resourceAccess"]
    }
    return [scope.value for scope in SCOPES if scope.id in ids] or ["openid", "profile"]
