"""The integration types of the emulated Unified.to, and which Graph scope each permission asks for.

Types, names and categories of the Microsoft rows: documented (docs.unified.to/integrations/<type>).
``microsoftteams`` is assumed. The other vendors are there so that a misspelt type meets a realistic catalogue; their
categories are a plausible choice and nothing else. The permission-to-scope table is ASSUMED as a whole: Unified.to
publishes none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class IntegrationType:
    """One entry of the catalogue.

    ``is_microsoft``: signs in at Entra, and a row is seeded for it in every environment.
    """

    type: str
    name: str
    categories: tuple[str, ...]
    is_microsoft: bool = False


CATALOGUE: tuple[IntegrationType, ...] = (
    IntegrationType("microsoft", "Microsoft", ("auth", "passthrough"), True),
    IntegrationType("microsoft_ad", "Microsoft AD / Entra ID", ("hris", "auth", "saml", "passthrough"), True),
    IntegrationType(
        "microsoftsharepoint", "Microsoft SharePoint", ("storage", "kms", "auth", "hris", "passthrough"), True
    ),
    IntegrationType("microsoftonedrive", "Microsoft OneDrive", ("storage", "auth", "hris", "passthrough"), True),
    IntegrationType(
        "microsoftoutlook", "Microsoft Outlook", ("auth", "messaging", "calendar", "hris", "passthrough"), True
    ),
    IntegrationType("microsoftplanner", "Microsoft Planner", ("task", "hris", "auth", "passthrough"), True),
    IntegrationType("microsoftteams", "Microsoft Teams", ("messaging", "auth", "passthrough"), True),
    IntegrationType("microsoftteamsbot", "Microsoft Teams (bot)", ("messaging", "auth", "passthrough"), True),
    IntegrationType("microsofttodo", "Microsoft To Do", ("task", "auth", "passthrough"), True),
    IntegrationType(
        "microsoftbookings", "Microsoft Bookings", ("auth", "calendar", "hris", "crm", "passthrough"), True
    ),
    IntegrationType("microsoftonenote", "Microsoft OneNote", ("kms", "auth", "passthrough"), True),
    IntegrationType("microsoftteamsmeetingbot", "Microsoft Teams (meeting bot)", ("uc", "passthrough"), True),
    IntegrationType("github", "GitHub", ("repo", "auth", "passthrough")),
    IntegrationType("googledrive", "Google Drive", ("storage", "auth", "passthrough")),
    IntegrationType("hubspot", "HubSpot", ("crm", "martech", "auth", "passthrough")),
    IntegrationType("slack", "Slack", ("messaging", "auth", "passthrough")),
)

CATALOGUE_DATE = "2024-01-01T00:00:00.000Z"
"""When every entry was made and last changed: a plausible choice."""

BY_TYPE: Mapping[str, IntegrationType] = {entry.type: entry for entry in CATALOGUE}

SIGN_IN_SCOPES = ("openid", "email", "profile", "User.Read")
"""What the ``microsoft`` integration asks for (documented, skill ``microsoft-oauth-app``)."""

GRAPH_SCOPES: Mapping[str, str] = {
    "calendar_busy_read": "Calendars.Read",
    "calendar_calendar_read": "Calendars.Read",
    "calendar_calendar_write": "Calendars.ReadWrite",
    "calendar_event_read": "Calendars.Read",
    "calendar_event_write": "Calendars.ReadWrite",
    "hris_employee_read": "User.Read.All",
    "hris_employee_write": "User.ReadWrite.All",
    "hris_group_read": "Group.Read.All",
    "hris_group_write": "Group.ReadWrite.All",
    "kms_page_read": "Notes.Read",
    "kms_page_write": "Notes.ReadWrite",
    "kms_space_read": "Sites.Read.All",
    "messaging_channel_read": "MailboxSettings.Read",
    "messaging_message_read": "Mail.Read",
    "messaging_message_write": "Mail.ReadWrite",
    "storage_file_read": "Files.Read.All",
    "storage_file_write": "Files.ReadWrite.All",
    "task_task_read": "Tasks.Read",
    "task_task_write": "Tasks.ReadWrite",
}
"""Unified permission to Microsoft Graph delegated scope.

ASSUMED (section 9 of the API notes: no public table is known).
"""


def offered(types: Collection[str] | None) -> list[IntegrationType]:
    """The entries of those types; None: of all."""
    return [entry for entry in CATALOGUE if types is None or entry.type in types]


def scopes_for(permissions: Iterable[str], overridden: Mapping[str, str] | None = None) -> list[str]:
    """The scopes of an authorization URL, each once, sign-in scopes first.

    ``overridden`` maps a permission to the scope string that a workspace set in its place (model:
    ``overriden_scopes``). A permission that the assumed table does not know adds no scope. ``offline_access`` is
    asked for as soon as anything but signing in is.
    """
    wanted: list[str] = list(SIGN_IN_SCOPES)
    reaches_beyond_sign_in = False
    for permission in permissions:
        scope_string = (overridden or {}).get(permission) or GRAPH_SCOPES.get(permission, "")
        for scope in scope_string.split():
            reaches_beyond_sign_in = reaches_beyond_sign_in or scope not in SIGN_IN_SCOPES
            if scope not in wanted:
                wanted.append(scope)
    if reaches_beyond_sign_in and "offline_access" not in wanted:
        wanted.append("offline_access")
    return wanted
