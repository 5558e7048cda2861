"""Identifiers of everything that exists from the start. Those of the emulated tenant begin with ``7e57`` (test)."""

from __future__ import annotations

import uuid

TENANT_ID = "7e570000-0000-4000-8000-000000000001"
TENANT_DOMAIN = "rehearsal.example.com"
PARTNER_TENANT_ID = "7e570000-0000-4000-8000-000000000002"
PARTNER_DOMAIN = "partner.example.com"
CONSUMER_TENANT_ID = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""The tenant of personal Microsoft accounts (documented)."""
CONSUMER_DOMAIN = "personal.example.com"

GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
"""Microsoft Graph (documented)."""
GRAPH_PUBLIC_URL = "https://graph.microsoft.com"
MICROSOFT_TENANT_ID = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
"""``appOwnerOrganizationId`` of Microsoft's own service principals (documented)."""
GRAPH_SERVICE_PRINCIPAL_ID = "7e570000-0000-4000-8000-000000000003"

DEPLOYER_APP_ID = "7e570000-0000-4000-8000-00000000d001"
DEPLOYER_OBJECT_ID = "7e570000-0000-4000-8000-00000000d002"
DEPLOYER_SERVICE_PRINCIPAL_ID = "7e570000-0000-4000-8000-00000000d003"
DEPLOYER_KEY_ID = "7e570000-0000-4000-8000-00000000d004"
DEPLOYER_SECRET = "reh~known-to-everybody-worth-nothing-else0"  # noqa: S105 -- public on purpose: loopback only
"""The deploying identity's client secret. It opens nothing but emulators."""

LIFETIME_POLICY_ID = "7e570000-0000-4000-8000-00000000f001"

_NAMESPACE = uuid.UUID("7e570000-0000-4000-8000-0000000000ff")


def derived(*parts: str) -> str:
    """A UUID that is the same for the same parts in every world."""
    return str(uuid.uuid5(_NAMESPACE, "\n".join(parts)))


def fresh() -> str:
    """A new random UUID."""
    return str(uuid.uuid4())


def is_uuid(text: object) -> bool:
    """Whether ``text`` is a UUID in the usual spelling, in any case."""
    if not isinstance(text, str) or len(text) != 36:
        return False
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
