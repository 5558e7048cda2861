"""What a write does to a row: pure functions of body, row and switches.

Merge or replace (U4), masks kept literally (U5), odd fields (U10), what may not change, what a plan allows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from emulator.unifiedto.catalogue import BY_TYPE
from emulator.unifiedto.errors import UnifiedRefusal, invalid
from emulator.unifiedto.model import KNOWN_FIELDS, SERVER_FIELDS, JsonObject, Row
from emulator.unifiedto.switches import UnifiedSwitches


def written(body: JsonObject, row: Row, switches: UnifiedSwitches, moment: str) -> Row:
    """``row`` after a checked ``body`` was written to it at ``moment`` (ISO 8601).

    Values go in literally, masks too.
    """
    sent = {name: value for name, value in body.items() if name != "auth" and name not in SERVER_FIELDS}
    kept = {name: value for name, value in row.fields.items() if name in SERVER_FIELDS}
    replaces = switches.put_semantics == "replace"
    fields = (kept if replaces else row.fields) | sent
    fields["environment"] = body.get("environment") or row.environment
    fields["categories"] = derived_categories(row.integration_type, fields.get("permissions") or [])
    fields["updated_at"] = moment
    return Row(fields, _written_auth(body, row, replaces, switches.auth_semantics == "replace"))


def refuse_other_identity(body: JsonObject, row: Row, switches: UnifiedSwitches) -> None:
    """400 when the body would turn the row into another one.

    A replacing PUT without environment means Production (the default).
    """
    if body["integration_type"] != row.integration_type:
        raise invalid("integration_type cannot change")
    default = "Production" if switches.put_semantics == "replace" else row.environment
    if (body.get("environment") or default) != row.environment:
        raise invalid("environment cannot change")
    for name in ("id", "workspace_id"):
        if body.get(name) not in (None, row.fields[name]):
            raise invalid(f"{name} cannot change")


def derived_categories(integration_type: str, permissions: Iterable[str]) -> list[str]:
    """The categories of a row: those its permissions belong to plus ``auth``, ``passthrough``, ``saml`` where the
    type has them.

    Without permissions: all of the type. Documented: "derived from permissions, plus auth, passthrough, saml"; the
    rest is assumed.
    """
    entry = BY_TYPE.get(integration_type)
    offered: tuple[str, ...] = entry.categories if entry else ()
    used = {permission.split("_", 1)[0] for permission in permissions}
    if not used:
        return list(offered)
    return [category for category in offered if category in used or category in ("auth", "passthrough", "saml")]


def _written_auth(body: JsonObject, row: Row, replaces_row: bool, replaces_auth: bool) -> JsonObject | None:
    if "auth" not in body:
        return None if replaces_row else row.auth
    if body["auth"] is None:
        return None
    merged: JsonObject = dict(body["auth"]) if replaces_auth else {**(row.auth or {}), **body["auth"]}
    return merged or None


def refuse_odd_fields(body: JsonObject, switches: UnifiedSwitches) -> None:
    """400 for fields that the switches of U10 say are not taken."""
    unknown = sorted(name for name in body if name not in KNOWN_FIELDS)
    if unknown and switches.unknown_fields == "refused":
        raise invalid("unknown fields: " + ", ".join(unknown))
    read_only = sorted(name for name in body if name in ("created_at", "updated_at"))
    if read_only and switches.read_only_fields == "refused":
        raise invalid("read-only fields: " + ", ".join(read_only))
    nulls = sorted(name for name, value in body.items() if value is None)
    if nulls and switches.null_fields == "refused":
        raise invalid("fields that are null: " + ", ".join(nulls))


def refuse_by_plan(body: JsonObject, switches: UnifiedSwitches) -> None:
    """402 or 403 when the body brings a client of its own and the plan has no room for one."""
    auth: dict[str, Any] = body.get("auth") or {}
    if (auth.get("client_id") or auth.get("client_secret")) and not switches.plan_allows_own_credentials:
        raise UnifiedRefusal(switches.plan_refusal_status, "Your plan does not include custom OAuth credentials")
