"""Connections: who signed in through which integration. No token is kept in any."""

from __future__ import annotations

from emulator.core.store import Store
from emulator.unifiedto.catalogue import BY_TYPE
from emulator.unifiedto.errors import not_found
from emulator.unifiedto.model import JsonObject, Row, new_id
from emulator.unifiedto.seed import WORKSPACE_ID

_CONNECTIONS = "unifiedto_connections"


class Connections:
    """The connections of the workspace."""

    def __init__(self, documents: Store) -> None:
        self._documents = documents

    def add(
        self, row: Row, user: JsonObject, external_xref: str | None, permissions: list[str], moment: str
    ) -> JsonObject:
        """Records that ``user`` ({"user_id", "name", "email"}) signed in through ``row`` at ``moment`` (ISO 8601)."""
        entry = BY_TYPE.get(row.integration_type)
        connection: JsonObject = {
            "id": new_id(),
            "workspace_id": WORKSPACE_ID,
            "integration_type": row.integration_type,
            "integration_name": entry.name if entry else row.integration_type,
            "environment": row.environment,
            "categories": list(row.fields.get("categories") or (entry.categories if entry else ())),
            "permissions": permissions,
            "is_paused": False,
            "created_at": moment,
            "updated_at": moment,
            "last_healthy_at": moment,
            "auth": {
                "user_id": user.get("user_id"),
                "name": user.get("name"),
                "emails": [user["email"]] if user.get("email") else [],
            },
        }
        if external_xref:
            connection["external_xref"] = external_xref
        self._documents.put(_CONNECTIONS, str(connection["id"]), connection)
        return connection

    def all(self) -> list[JsonObject]:
        """Every connection, oldest first."""
        return self._documents.list(_CONNECTIONS)

    def get(self, identifier: str) -> JsonObject:
        """One connection; ``UnifiedRefusal`` 404 when there is none with that id."""
        found = self._documents.get(_CONNECTIONS, identifier)
        if found is None:
            raise not_found("connection")
        return found
