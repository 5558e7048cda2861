"""The workspace that a new emulator starts with.

One workspace with three environments and, in each, one inactive row without credentials for every Microsoft type:
what a team finds that has activated nothing yet. Each row carries two fields outside the published model, because the
model page announces 23 fields of which only 21 are known: a client has to carry along what it does not know.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from emulator.unifiedto.catalogue import CATALOGUE, IntegrationType
from emulator.unifiedto.model import JsonObject

WORKSPACE_ID = "5f9d7c3e81b24a0017d6e4c2"
WORKSPACE_NAME = "Rehearsal workspace"
API_KEY = "rehearsal-workspace-api-key"
"""The one key of the workspace. A constant: it opens nothing but an emulator on this computer."""

ENVIRONMENTS = ("Production", "Sandbox", "Staging")
"""Production and Sandbox exist from the start (documented); Staging stands for one that a team added."""

FIELDS_OUTSIDE_THE_MODEL = ("display_order", "widget_theme")

SHARED_CLIENT_ID = "5a4d8f0e-6f0b-4d5c-9a57-0c2f8b1e7d11"
"""Unified.to's own OAuth client, which an integration without credentials may fall back to (U11)."""

VAULT_CLIENT_ID = "7a017c11-0000-4000-8000-00000000c11e"
"""The OAuth client that every vault holds, where vaults win (U13); Entra knows no such client."""


def row_id(environment: str, integration_type: str) -> str:
    """The id of a seeded row: the same in every emulator, so that instructions and examples can name it."""
    return hashlib.sha256(f"{environment}/{integration_type}".encode()).hexdigest()[:24]


def seeded_rows(created_at: str) -> Iterator[JsonObject]:
    """The fields of every seeded row; ``created_at`` is an ISO 8601 instant."""
    microsoft = [entry for entry in CATALOGUE if entry.is_microsoft]
    for environment in ENVIRONMENTS:
        for order, entry in enumerate(microsoft, start=1):
            yield new_row(row_id(environment, entry.type), environment, entry, created_at) | {
                "display_order": order,
                "widget_theme": {"accent": "#0067b8", "label": f"Continue with {entry.name}"},
            }


def new_row(identifier: str, environment: str, entry: IntegrationType, created_at: str) -> JsonObject:
    """A row as a first activation leaves it: inactive, without permissions, categories as in the catalogue."""
    return {
        "id": identifier,
        "workspace_id": WORKSPACE_ID,
        "created_at": created_at,
        "updated_at": created_at,
        "integration_type": entry.type,
        "is_active": False,
        "environment": environment,
        "categories": list(entry.categories),
        "permissions": [],
        "overriden_scopes": {},
        "auth_type": "oauth2",
        "prompt_region": False,
        "use_unified_redirect": False,
    }
