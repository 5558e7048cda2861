"""What follows from changes and sign-ins: connections and notifications. No token is kept in either."""

from __future__ import annotations

from emulator.core.store import Store
from emulator.unifiedto.catalogue import BY_TYPE
from emulator.unifiedto.errors import not_found
from emulator.unifiedto.model import JsonObject, Row, new_id
from emulator.unifiedto.seed import WORKSPACE_ID, WORKSPACE_NAME

_CONNECTIONS = "unifiedto_connections"
_NOTIFICATIONS = "unifiedto_notifications"
_COUNTER = ("unifiedto_counters", "notifications")
_NOTIFICATIONS_KEPT = 500


class Connections:
    """The connections of the workspace: who signed in through which integration, or was brought in by its owner."""

    def __init__(self, documents: Store) -> None:
        self._documents = documents

    def add(
        self, row: Row, user: JsonObject, external_xref: str | None, permissions: list[str], moment: str
    ) -> JsonObject:
        """Records that ``user`` ({"user_id", "name", "email"}) signed in through ``row`` at ``moment`` (ISO 8601)."""
        fields: JsonObject = {
            "integration_type": row.integration_type,
            "environment": row.environment,
            "permissions": permissions,
            "auth": {
                "user_id": user.get("user_id"),
                "name": user.get("name"),
                "emails": [user["email"]] if user.get("email") else [],
            },
        }
        if row.fields.get("categories"):
            fields["categories"] = list(row.fields["categories"])
        if external_xref:
            fields["external_xref"] = external_xref
        return self.bring_in(fields, moment)

    def bring_in(self, fields: JsonObject, moment: str) -> JsonObject:
        """A connection with these fields, over what every connection has."""
        entry = BY_TYPE.get(fields["integration_type"])
        connection: JsonObject = {
            "id": new_id(),
            "workspace_id": WORKSPACE_ID,
            "integration_name": entry.name if entry else fields["integration_type"],
            "environment": "Production",
            "categories": list(entry.categories) if entry else [],
            "is_paused": False,
            "created_at": moment,
            "updated_at": moment,
            "last_healthy_at": moment,
            "auth": {"user_id": None, "name": None, "emails": []},
            **fields,
        }
        self._documents.put(_CONNECTIONS, str(connection["id"]), connection)
        return connection

    def change(self, identifier: str, fields: JsonObject, moment: str) -> JsonObject:
        """A connection with these fields in place of its own; ``UnifiedRefusal`` 404 when there is none."""
        connection = self.get(identifier) | fields | {"updated_at": moment}
        self._documents.put(_CONNECTIONS, identifier, connection)
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

    def remove(self, identifier: str) -> None:
        """Deletes a connection; ``UnifiedRefusal`` 404 when there is none with that id."""
        if not self._documents.delete(_CONNECTIONS, identifier):
            raise not_found("connection")


class Notifications:
    """The latest events of the workspace. Call ``add`` under the store's lock."""

    def __init__(self, documents: Store) -> None:
        self._documents = documents

    def latest(self) -> list[JsonObject]:
        """Newest first."""
        return self._documents.list(_NOTIFICATIONS)[::-1]

    def add_change(self, before: Row, after: Row, moment: str) -> None:
        """The events of an update; which event follows which change is assumed."""
        if before.is_active != after.is_active:
            self.add("INTEGRATION_ACTIVATED" if after.is_active else "INTEGRATION_DEACTIVATED", after, moment)
        self.add("INTEGRATION_UPDATED", after, moment)

    def add(self, event: str, row: Row, moment: str, **more: str) -> None:
        """One event about ``row``; ``more`` are further fields of the published model."""
        number = int((self._documents.get(*_COUNTER) or {"last": 0})["last"]) + 1
        self._documents.put(*_COUNTER, {"last": number})
        entry = BY_TYPE.get(row.integration_type)
        notification: JsonObject = {
            "id": f"{number:024x}",
            "event": event,
            "integration_type": row.integration_type,
            "integration_name": entry.name if entry else row.integration_type,
            "environment": row.environment,
            "user_name": "API key",
            "workspace_id": WORKSPACE_ID,
            "workspace_name": WORKSPACE_NAME,
            "created_at": moment,
            "updated_at": moment,
            **more,
        }
        self._documents.put(_NOTIFICATIONS, str(notification["id"]), notification)
        if number > _NOTIFICATIONS_KEPT:
            self._documents.delete(_NOTIFICATIONS, f"{number - _NOTIFICATIONS_KEPT:024x}")
