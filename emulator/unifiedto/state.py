"""The emulated workspace: its rows and environments, and how a change becomes visible.

Nothing here knows HTTP. Rows are kept with their credentials sealed (see ``seal``), and together with what they looked
like before the last write, so that a change can stay invisible for a number of reads (U12). All public methods are
safe to call from several threads.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from emulator.core.clock import parse_instant
from emulator.core.store import Store
from emulator.unifiedto import rules
from emulator.unifiedto.catalogue import BY_TYPE
from emulator.unifiedto.connections import Connections
from emulator.unifiedto.errors import not_found
from emulator.unifiedto.model import KNOWN_FIELDS, JsonObject, Row, check_body, check_edit, new_id
from emulator.unifiedto.seal import Seal
from emulator.unifiedto.seed import FIELDS_OUTSIDE_THE_MODEL, new_row, seeded_rows
from emulator.unifiedto.switches import UnifiedSwitches

_ROWS = "unifiedto_rows"
_WORKSPACE = "unifiedto_workspace"
_WORKSPACE_KEY = "workspace"
_READABLE_FIELDS = KNOWN_FIELDS | set(FIELDS_OUTSIDE_THE_MODEL)


class Workspace:
    """One Unified.to workspace.

    ``now`` gives the emulator's (virtual) time. Holds no state of its own: make one where it is needed.
    """

    def __init__(self, documents: Store, now: Callable[[], datetime]) -> None:
        self._documents = documents
        self._now = now
        self._lock = documents.lock
        self.connections = Connections(documents)

    def seed(self) -> None:
        """Fills an empty store with the first workspace."""
        self._documents.put(_WORKSPACE, _WORKSPACE_KEY, {"seal": Seal.new_key()})
        for fields in seeded_rows(self._timestamp()):
            self._put_row(Row(fields))

    # -- rows: reading -----------------------------------------------------------------------------

    def rows(self) -> list[Row]:
        """Every row in its present state, oldest first."""
        with self._lock:
            return [self._row_of(document["now"]) for document in self._documents.list(_ROWS)]

    def find(self, environment: str, integration_type: str) -> Row | None:
        """The row of (environment, type) in its present state; None when there is none."""
        found = (r for r in self.rows() if r.environment == environment and r.integration_type == integration_type)
        return next(found, None)

    def read_rows(self, wanted: Callable[[Row], bool]) -> list[Row]:
        """The rows for which ``wanted`` holds as a reader sees them: each counts one read, and a recent write may not
        show yet (U12).
        """
        with self._lock:
            seen: list[Row] = []
            for document in self._documents.list(_ROWS):
                row = self._visible_row(document)
                if wanted(row):
                    seen.append(row)
                    self._count_read(document)
        return seen

    def peek_row(self, identifier: str) -> Row | None:
        """The row as a reader would see it, without counting a read; None when there is none to see."""
        with self._lock:
            document = self._documents.get(_ROWS, identifier)
            return None if document is None else self._visible_row(document)

    # -- rows: writing -----------------------------------------------------------------------------

    def update_row(self, identifier: str, body: object, switches: UnifiedSwitches) -> Row:
        """Applies the body of a PUT to a row as the switches say and returns the row in its present state.

        Values are stored literally, masks too: a client that sends back what a list showed loses the credential.
        Raises ``UnifiedRefusal`` 404 for an unknown id, 400 for a bad body, 402 or 403 when the plan has no room for
        own credentials.
        """
        with self._lock:
            document = self._documents.get(_ROWS, identifier)
            if document is None:
                raise not_found("workspace integration")
            row = self._row_of(document["now"])
            checked = check_body(body)
            rules.refuse_odd_fields(checked, switches)
            rules.refuse_other_identity(checked, row, switches)
            rules.refuse_by_plan(checked, switches)
            changed = rules.written(checked, row, switches, self._moment_of_change(row))
            self._put_row(changed, before=row, stale_reads=switches.visible_after_reads)
            return changed

    def edit_by_hand(self, environment: str, integration_type: str, changes: JsonObject) -> Row:
        """What a person does in Unified.to's dashboard: sets fields of a row, ``auth`` included, visible at once.

        Raises ``UnifiedRefusal`` 404 without such a row, 400 for a field that cannot be set to that.
        """
        with self._lock:
            check_edit(changes)
            row = self.find(environment, integration_type)
            if row is None:
                raise not_found(f"{integration_type} in {environment}")
            auth = changes.get("auth", row.auth)
            fields = row.fields | {name: value for name, value in changes.items() if name != "auth"}
            changed = Row(fields | {"updated_at": self._moment_of_change(row)}, dict(auth) if auth else None)
            self._put_row(changed)
            return changed

    def add_by_hand(self, environment: str, integration_type: str) -> Row:
        """Activating an integration in the dashboard for the first time; a second row of the same kind if there is
        one already.
        """
        row = Row(new_row(new_id(), environment, BY_TYPE[integration_type], self._timestamp()))
        self._put_row(row)
        return row

    def remove_by_hand(self, environment: str, integration_type: str) -> None:
        """Removes every row of (environment, type), as if the integration had never been set up there."""
        with self._lock:
            for row in self.rows():
                if row.environment == environment and row.integration_type == integration_type:
                    self._documents.delete(_ROWS, row.id)

    # -- sign-ins ----------------------------------------------------------------------------------

    def add_connection(
        self, row: Row, user: JsonObject, external_xref: str | None, permissions: list[str]
    ) -> JsonObject:
        """Records that ``user`` ({"user_id", "name", "email"}) signed in through ``row``."""
        with self._lock:
            return self.connections.add(row, user, external_xref, permissions, self._timestamp())

    def seal(self) -> Seal:
        """The workspace's seal, for credentials at rest and for the ``state`` of a sign-in that is under way."""
        document = self._documents.get(_WORKSPACE, _WORKSPACE_KEY)
        assert document is not None  # it is seeded
        return Seal(str(document["seal"]))

    # -- inside ------------------------------------------------------------------------------------

    def _timestamp(self) -> str:
        return _milliseconds(self._now())

    def _moment_of_change(self, row: Row) -> str:
        """Now, and later than the row's last change also while the clock stands still: two changes never have one
        time."""
        after = parse_instant(str(row.fields["updated_at"])) + timedelta(milliseconds=1)
        return _milliseconds(max(self._now(), after))

    def _pack(self, row: Row) -> JsonObject:
        """The row as it is stored. Besides ``auth``, what no model names is sealed: a client's mistake may have put a
        credential there."""
        unnamed = {name: value for name, value in row.fields.items() if name not in _READABLE_FIELDS}
        return {
            "fields": {name: value for name, value in row.fields.items() if name not in unnamed},
            "auth": self.seal().close(row.auth) if row.auth else None,
            "unnamed": self.seal().close(unnamed) if unnamed else None,
        }

    def _row_of(self, packed: JsonObject) -> Row:
        auth, unnamed = packed["auth"], packed.get("unnamed")
        fields = packed["fields"] | (self.seal().open(unnamed) if unnamed else {})
        return Row(fields, self.seal().open(auth) if auth else None)

    def _put_row(self, row: Row, before: Row | None = None, stale_reads: int = 0) -> None:
        document: JsonObject = {"id": row.id, "now": self._pack(row), "before": None, "stale_reads": stale_reads}
        if before is not None and stale_reads:
            document["before"] = self._pack(before)
        self._documents.put(_ROWS, row.id, document)

    def _visible_row(self, document: JsonObject) -> Row:
        return self._row_of((document["stale_reads"] and document["before"]) or document["now"])

    def _count_read(self, document: JsonObject) -> None:
        if document["stale_reads"]:
            document["stale_reads"] -= 1
            self._documents.put(_ROWS, str(document["id"]), document, counts_as_write=False)


def _milliseconds(instant: datetime) -> str:
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")
