"""Who calls Graph, and what that caller may do."""

from __future__ import annotations

from dataclasses import dataclass

import jwt
from starlette.requests import Request

from emulator.core.world import World, world_of
from emulator.entra import graph_errors
from emulator.entra.directory import APPLICATION, Directory, DirectoryObject
from emulator.entra.ids import GRAPH_APP_ID, GRAPH_PUBLIC_URL
from emulator.entra.tokens import signer_of

ALL, OWNED = "Application.ReadWrite.All", "Application.ReadWrite.OwnedBy"
_WRITES_ALL = {ALL, "Directory.ReadWrite.All"}
_READS = _WRITES_ALL | {OWNED, "Application.Read.All", "Directory.Read.All"}


@dataclass(frozen=True)
class Caller:
    """The holder of an access token: ``object_id`` of its service principal or user, and its application roles."""

    object_id: str
    roles: frozenset[str]

    def require_read(self) -> None:
        """May read all applications and service principals. Raises ``GraphError`` 403."""
        if not self.roles & _READS:
            raise graph_errors.insufficient_privileges()

    def require_create(self) -> None:
        """May create applications. Raises ``GraphError`` 403."""
        if not self.roles & (_WRITES_ALL | {OWNED}):
            raise graph_errors.insufficient_privileges()

    def require_change(self, directory: Directory, item: DirectoryObject) -> None:
        """May change ``item``: with OwnedBy as its owner only, and for a service principal as the owner of the
        application too (documented).

        Raises ``GraphError`` 403 (assumed).
        """
        if self.roles & _WRITES_ALL:
            return
        application = directory.with_app_id(APPLICATION, item.app_id) or item
        if OWNED not in self.roles or not all(self.object_id in owned.owners for owned in (item, application)):
            raise graph_errors.insufficient_privileges()

    @property
    def owns_what_it_creates(self) -> bool:
        """Whether the caller becomes owner without asking, as one with OwnedBy only does (assumed)."""
        return not self.roles & _WRITES_ALL


def graph_audiences(world: World) -> tuple[str, ...]:
    """Names under which tokens for Graph are issued and accepted."""
    return (world.base_url, GRAPH_PUBLIC_URL, GRAPH_APP_ID)


def readable(request: Request, kind: str) -> tuple[Directory, DirectoryObject]:
    """The object that a request names, for a caller who may read it. Raises ``GraphError`` 401, 403 and 404."""
    caller_of(request).require_read()
    directory = Directory(world_of(request))
    return directory, directory.get(kind, str(request.path_params["id"]))


def changeable(request: Request, kind: str) -> tuple[Directory, DirectoryObject]:
    """The object that a request names, for a caller who may change it. Raises ``GraphError`` 401, 403 and 404."""
    caller = caller_of(request)
    directory = Directory(world_of(request))
    item = directory.get(kind, str(request.path_params["id"]))
    caller.require_change(directory, item)
    return directory, item


def caller_of(request: Request) -> Caller:
    """The caller, by the request's bearer token for Graph. Raises ``GraphError`` 401."""
    world = world_of(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise graph_errors.token_refused("Access token is empty.")
    try:
        claims = signer_of(world).verify(token.strip(), graph_audiences(world))
    except jwt.InvalidTokenError as error:
        raise graph_errors.token_refused(f"Access token validation failure: {error}.") from error
    return Caller(str(claims["oid"]), frozenset(claims.get("roles", ())))
