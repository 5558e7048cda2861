"""The directory: applications and service principals, as documents. Knows no HTTP and no roles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from emulator.core.store import Document
from emulator.core.world import World
from emulator.entra import graph_errors

APPLICATION, SERVICE_PRINCIPAL = "application", "servicePrincipal"
_COLLECTIONS = {APPLICATION: "entra.applications", SERVICE_PRINCIPAL: "entra.service_principals"}


@dataclass
class DirectoryObject:
    """An application or service principal.

    ``resource`` is what Graph shows. ``secrets`` maps key ids to ``{"hash", "usable_at"}``: the clear value of a
    secret is kept nowhere. ``conflicts`` counts the changes that are still refused with 409.
    """

    kind: str
    id: str
    resource: Document
    owners: list[str] = field(default_factory=list)
    secrets: dict[str, dict[str, str]] = field(default_factory=dict)
    conflicts: int = 0

    @property
    def app_id(self) -> str:
        """The application (client) id."""
        return str(self.resource["appId"])

    def as_document(self) -> Document:
        """The form in which it is stored."""
        return {
            "kind": self.kind,
            "id": self.id,
            "resource": self.resource,
            "owners": self.owners,
            "secrets": self.secrets,
            "conflicts": self.conflicts,
        }


class Directory:
    """Access to the directory of one world. Ids are compared without regard to case."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._store = world.store

    def find_one(self, kind: str, object_id: str) -> DirectoryObject | None:
        """The object with that id."""
        document = self._store.get(_COLLECTIONS[kind], object_id.lower())
        return None if document is None else DirectoryObject(**document)

    def get(self, kind: str, object_id: str) -> DirectoryObject:
        """The object with that id. Raises ``GraphError`` 404."""
        found = self.find_one(kind, object_id)
        if found is None:
            raise graph_errors.not_found(object_id)
        return found

    def find(self, kind: str, matches: Callable[[Document], bool]) -> list[DirectoryObject]:
        """Objects whose resource ``matches``, oldest first; ``matches`` must not change the resource."""
        documents = self._store.find(_COLLECTIONS[kind], lambda document: matches(document["resource"]))
        return [DirectoryObject(**document) for document in documents]

    def with_app_id(self, kind: str, app_id: str) -> DirectoryObject | None:
        """The application or service principal with that application id."""
        wanted = app_id.lower()
        documents = self._store.find(_COLLECTIONS[kind], lambda document: document["resource"]["appId"] == wanted)
        return DirectoryObject(**documents[0]) if documents else None

    def save(self, item: DirectoryObject, *, counts_as_write: bool = True) -> None:
        """Create or replace."""
        self._store.put(_COLLECTIONS[item.kind], item.id, item.as_document(), counts_as_write=counts_as_write)

    def delete(self, item: DirectoryObject) -> None:
        """Delete. Entra keeps what was deleted for 30 days; no client here asks for it again."""
        self._store.delete(_COLLECTIONS[item.kind], item.id)
