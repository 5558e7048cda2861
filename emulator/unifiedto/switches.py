"""What nobody outside Unified.to knows about its API, as switches that a test or a rehearsal turns.

Every switch names the unknown (U1 to U15) that it stands for and what its values mean. Values live in the emulator's
settings under the switch's name (``PUT /_emulator/settings``), which refuses a value that a switch does not know.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Protocol

_HTTPS_HOST = re.compile(r"https://([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9-]+(:\d{1,5})?/?", re.IGNORECASE)


@dataclass(frozen=True)
class Switch:
    """One unknown: setting ``name``, the values it may take, and what stands behind it.

    ``choices`` lists the allowed strings; without it the value has the type of ``default`` (``None`` stands for "not
    set").
    """

    name: str
    default: Any
    unknown: str
    meaning: str
    choices: tuple[str, ...] = ()

    def accepts(self, value: object) -> bool:
        """Whether ``value`` is one that this switch knows."""
        if self.choices:
            return isinstance(value, str) and value in self.choices
        if self.name == "custom_domain":
            return value is None or (isinstance(value, str) and _HTTPS_HOST.fullmatch(value) is not None)
        if self.name == "catalogue":
            return value is None or (isinstance(value, list) and all(isinstance(item, str) for item in value))
        if isinstance(self.default, bool):
            return isinstance(value, bool)
        if not isinstance(value, int) or isinstance(value, bool):
            return False
        return 400 <= value <= 499 if self.name.endswith("_status") else value >= 0

    @property
    def allowed(self) -> str:
        """The allowed values, for a person."""
        if self.choices:
            return ", ".join(self.choices)
        if self.name == "custom_domain":
            return "null, https://<host name>"
        if self.name == "catalogue":
            return "null, a list of integration types"
        if isinstance(self.default, bool):
            return "true, false"
        return "an HTTP status from 400 to 499" if self.name.endswith("_status") else "an integer from 0"


SWITCHES: tuple[Switch, ...] = (
    Switch("put_semantics", "merge", "U4", "a PUT merges into the row or replaces it", ("merge", "replace")),
    Switch("auth_semantics", "merge", "U4", "the same inside `auth`", ("merge", "replace")),
    Switch(
        "mask",
        "partial",
        "U5",
        "how `auth` reads: all stars; last four characters of the client id; no key; null; in clear",
        ("full", "partial", "absent", "null", "clear"),
    ),
    Switch(
        "put_answer",
        "object",
        "U6",
        "what a write answers: 200 and the row, 200 empty, 204",
        ("object", "empty", "no_content"),
    ),
    Switch("error_format", "json", "U7", "the body of an error", ("json", "text", "html", "empty")),
    Switch("errors_quote_request", False, "U7", "a 400 of a write quotes the request, secret included"),
    Switch("key_may_list", True, "U8", "the API key may list workspace integrations"),
    Switch("key_may_write", True, "U8", "the API key may change workspace integrations"),
    Switch("key_refusal_status", 403, "U8", "status for a key without the right"),
    Switch("ip_allowed", True, "U8", "the workspace's list of caller addresses lets this caller in"),
    Switch("plan_allows_own_credentials", True, "section 12", "the plan lets a workspace use its own OAuth client"),
    Switch("plan_refusal_status", 402, "section 12", "status when the plan does not"),
    Switch("filters", "honoured", "U9", "lists honour env, integration_type, categories", ("honoured", "ignored")),
    Switch(
        "paging",
        "honoured",
        "U9",
        "lists honour offset; ignored: the first page again and again",
        ("honoured", "ignored"),
    ),
    Switch("page_size", 100, "U9", "rows in an answer at most, whatever `limit` says"),
    Switch("row_without_environment", False, "U9", "rows of Production carry no `environment`"),
    Switch(
        "unknown_fields", "accepted", "U10", "a body with fields outside the published model", ("accepted", "refused")
    ),
    Switch("read_only_fields", "ignored", "U10", "a body with created_at or updated_at", ("ignored", "refused")),
    Switch("null_fields", "accepted", "U10", "a body with a field that is null", ("accepted", "refused")),
    Switch(
        "categories",
        "derived",
        "section 5",
        "`categories` follow `permissions` (documented) or the body",
        ("derived", "kept"),
    ),
    Switch(
        "no_credentials",
        "4xx",
        "U11",
        "authorization URL of an integration without credentials",
        ("4xx", "page", "shared_client"),
    ),
    Switch(
        "inactive", "refused", "U11", "authorization URL of an integration that is not active", ("refused", "answered")
    ),
    Switch("visible_after_reads", 0, "U12", "reads of a row that still show it as it was before the last write"),
    Switch(
        "vault",
        "ignored",
        "U13",
        "whose client a row with a secretsmanager_id uses: its own credentials, or the vault's",
        ("ignored", "wins"),
    ),
    Switch("custom_domain", None, "U15", "the workspace's own API domain (https://…), used in redirect URIs"),
    Switch("catalogue", None, "section 9", "integration types on offer (list); null: all that are seeded"),
)

_BY_NAME = {switch.name: switch for switch in SWITCHES}

DEFAULTS: dict[str, Any] = {switch.name: switch.default for switch in SWITCHES}
"""Setting name to default value, for the emulator's settings."""


class SettingValues(Protocol):
    """Where the values of settings are read: the emulator's settings, or a dictionary with a value for every switch."""

    def __getitem__(self, name: str, /) -> Any: ...


def problem_with_switch(name: str, value: object) -> str | None:
    """Why ``name`` cannot be ``value``; None when it can, or when the name is not one of these switches."""
    switch = _BY_NAME.get(name)
    if switch is None or switch.accepts(value):
        return None
    return f"{name} must be one of: {switch.allowed}"


class Switches:
    """The switches as they stand in the emulator's settings at this moment."""

    def __init__(self, settings: SettingValues) -> None:
        self._settings = settings

    def choice(self, name: str) -> str:
        """The value of a switch with named choices."""
        return str(self._settings[name])

    def flag(self, name: str) -> bool:
        """The value of an on/off switch."""
        return bool(self._settings[name])

    def number(self, name: str) -> int:
        """The value of a counting switch."""
        return int(self._settings[name])

    @property
    def custom_domain(self) -> str | None:
        """The workspace's own API domain as ``https://host``, or None."""
        value = self._settings["custom_domain"]
        return str(value).rstrip("/") if value else None

    @property
    def offered_types(self) -> frozenset[str] | None:
        """The integration types on offer, or None for all that are seeded."""
        value = self._settings["catalogue"]
        return None if value is None else frozenset(value)
