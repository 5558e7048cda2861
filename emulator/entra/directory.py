"""The directory: applications, service principals and deleted objects, as documents. Knows no HTTP and no roles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from emulator.core.clock import format_instant, parse_instant
from emulator.core.store import Document
from emulator.core.world import World
from emulator.entra import graph_errors

APPLICATION, SERVICE_PRINCIPAL = "application", "servicePrincipal"
_COLLECTIONS = {APPLICATION: "entra.applications", SERVICE_PRINCIPAL: "entra.service_principals"}
_DELETED = "entra.deleted"
RESTORABLE_DAYS = 30


@dataclass
class DirectoryObject:
    """An application or service principal.

    ``resource`` is what Graph shows. ``secrets`` maps key ids to ``{"hash", "usable_at"}``: the clear value of a
    secret is kept nowhere. ``unseen_reads`` and ``conflicts`` count what a new object still has to go through;
    ``lagging`` holds the credentials that reads still show and how often.
    """

    kind: str
    id: str
    resource: Document
    owners: list[str] = field(default_factory=list)
    secrets: dict[str, dict[str, str]] = field(default_factory=dict)
    unseen_reads: int = 0
    conflicts: int = 0
    lagging: dict[str, Any] | None = None

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
            "unseen_reads": self.unseen_reads,
            "conflicts": self.conflicts,
            "lagging": self.lagging,
        }


class Directory:
    """Access to the directory of one world. Ids are compared without regard to case."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._store = world.store

    def get(self, kind: str, object_id: str) -> DirectoryObject | None:
        """The object, whether it is visible already or not."""
        document = self._store.get(_COLLECTIONS[kind], object_id.lower())
        return None if document is None else DirectoryObject(**document)

    def visible(self, kind: str, object_id: str) -> DirectoryObject:
        """The object for a request that names it. Raises ``GraphError`` 404, also while it is not replicated yet."""
        found = self.get(kind, object_id)
        if found is None or self._is_unseen(found):
            raise graph_errors.not_found(object_id)
        return found

    def find(self, kind: str, matches: Callable[[Document], bool]) -> list[DirectoryObject]:
        """Visible objects whose resource ``matches``, oldest first; ``matches`` must not change the resource."""
        documents = self._store.find(_COLLECTIONS[kind], lambda document: matches(document["resource"]))
        found = [DirectoryObject(**document) for document in documents]
        return [candidate for candidate in found if not self._is_unseen(candidate)]

    def with_app_id(self, kind: str, app_id: str) -> DirectoryObject | None:
        """The application or service principal with that application id, visible or not."""
        wanted = app_id.lower()
        documents = self._store.find(_COLLECTIONS[kind], lambda document: document["resource"]["appId"] == wanted)
        return DirectoryObject(**documents[0]) if documents else None

    def is_visible_application(self, app_id: str) -> bool:
        """Whether a service principal could be made for it now; asking counts as a read."""
        application = self.with_app_id(APPLICATION, app_id)
        return application is not None and not self._is_unseen(application)

    def exists(self, object_id: str) -> bool:
        """Whether an application or service principal has that id."""
        return any(self.get(kind, object_id) is not None for kind in _COLLECTIONS)

    def count(self, kind: str) -> int:
        """How many there are, soft-deleted ones included."""
        return len(self._store.list(_COLLECTIONS[kind])) + len(self.deleted(kind))

    def save(self, item: DirectoryObject, *, counts_as_write: bool = True) -> None:
        """Create or replace."""
        self._store.put(_COLLECTIONS[item.kind], item.id, item.as_document(), counts_as_write=counts_as_write)

    def delete(self, item: DirectoryObject) -> None:
        """Soft-delete: restorable for 30 virtual days."""
        self._store.delete(_COLLECTIONS[item.kind], item.id)
        item.resource["deletedDateTime"] = format_instant(self.world.clock.now())
        self._store.put(_DELETED, item.id, item.as_document())

    def deleted(self, kind: str) -> list[DirectoryObject]:
        """Soft-deleted objects that can still be restored."""
        items = [DirectoryObject(**document) for document in self._store.list(_DELETED)]
        return [item for item in items if item.kind == kind and self._is_restorable(item)]

    def deleted_with_id(self, object_id: str) -> DirectoryObject:
        """A soft-deleted object. Raises ``GraphError`` 404."""
        document = self._store.get(_DELETED, object_id.lower())
        item = None if document is None else DirectoryObject(**document)
        if item is None or not self._is_restorable(item):
            raise graph_errors.not_found(object_id)
        return item

    def restore(self, item: DirectoryObject) -> None:
        """Undo a deletion."""
        self._store.delete(_DELETED, item.id)
        item.resource["deletedDateTime"] = None
        self.save(item)

    def purge(self, item: DirectoryObject) -> None:
        """Remove a soft-deleted object for good."""
        self._store.delete(_DELETED, item.id)

    def _is_restorable(self, item: DirectoryObject) -> bool:
        deleted = parse_instant(item.resource["deletedDateTime"])
        return self.world.clock.now() - deleted < timedelta(days=RESTORABLE_DAYS)

    def _is_unseen(self, item: DirectoryObject) -> bool:
        if item.unseen_reads == 0:
            return False
        if not self._store.reads_are_stale:
            item.unseen_reads -= 1
            self.save(item, counts_as_write=False)
            item.unseen_reads += 1
        return True
