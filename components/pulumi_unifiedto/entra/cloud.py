"""Where Microsoft Entra ID and Microsoft Graph are: the public cloud, or an emulator on this computer.

The environment variables that the azuread provider reads decide, so that this package and the provider always use the
same cloud (``ARM_METADATA_HOSTNAME``, ``ARM_ENVIRONMENT``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Final

import isodate

from ..errors import EntraUnreachable, NationalCloud
from ..unified.addresses import is_loopback


@dataclass(frozen=True)
class EntraEndpoints:
    """Base URLs without a trailing slash: where tokens are issued, and Microsoft Graph (also the token's resource)."""

    login: str
    graph: str


_PUBLIC: Final = EntraEndpoints("https://login.microsoftonline.com", "https://graph.microsoft.com")
_NAMES_OF_PUBLIC: Final = ("public", "global")
"""How the azuread provider spells the public cloud."""


def require_public_cloud(environment: Mapping[str, str]) -> None:
    """Raises NationalCloud if ``ARM_ENVIRONMENT`` names another cloud than the public one, and nothing is emulated.

    National clouds do not support personal Microsoft accounts (documented:
    https://learn.microsoft.com/entra/identity-platform/v2-supported-account-types#account-types-in-national-clouds).
    """
    name = environment.get("ARM_ENVIRONMENT") or "public"
    if name.lower() not in _NAMES_OF_PUBLIC and not is_emulated(environment):
        raise NationalCloud(cloud=name)


def entra_endpoints(environment: Mapping[str, str], *, timeout_s: float = 30) -> EntraEndpoints:
    """The endpoints of the cloud that an environment names; a metadata host, if there is one, is asked for them.

    The metadata document is the one that the azuread provider reads (observed with its upstream 3.9):
    ``GET https://<host>/metadata/endpoints?api-version=2022-09-01``.

    Raises:
        NationalCloud: ``ARM_ENVIRONMENT`` names another cloud than the public one.
        EntraUnreachable: the metadata host does not answer, or its answer has no endpoints.
    """
    require_public_cloud(environment)
    host = environment.get("ARM_METADATA_HOSTNAME", "")
    if not host:
        return _PUBLIC
    import httpx  # noqa: PLC0415  (slow to import, and only an emulator needs it here)

    url = f"https://{host}/metadata/endpoints"
    try:
        answer = httpx.get(url, params={"api-version": "2022-09-01"}, timeout=timeout_s)
        answer.raise_for_status()
        document = answer.json()
        return EntraEndpoints(
            login=str(document["authentication"]["loginEndpoint"]).rstrip("/"),
            graph=str(document["microsoftGraphResourceId"]).rstrip("/"),
        )
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as fault:
        raise EntraUnreachable(endpoint=url, reason=type(fault).__name__) from None


def cloud_settings(configured: Callable[[str], str | None]) -> dict[str, str]:
    """The environment variables that correspond to the azuread provider's stack configuration, where it is set.

    configured: gives a value of the ``azuread`` namespace, such as ``environment``, or None.
    """
    variables = {"ARM_ENVIRONMENT": configured("environment"), "ARM_METADATA_HOSTNAME": configured("metadataHost")}
    return {name: value for name, value in variables.items() if value}


def is_emulated(environment: Mapping[str, str]) -> bool:
    """Whether the environment names an emulator on this computer."""
    return is_loopback(environment.get("ARM_METADATA_HOSTNAME", "").rsplit(":", 1)[0].strip("[]"))


def current_instant(environment: Mapping[str, str]) -> datetime:
    """Now, in UTC and whole seconds.

    In a rehearsal, ``UNIFIEDTO_REHEARSAL_CLOCK`` (an ISO 8601 instant) replaces the current time, so that ninety days
    pass in a second. Without an emulator on this computer it is ignored.
    """
    rehearsed = environment.get("UNIFIEDTO_REHEARSAL_CLOCK", "")
    if rehearsed and is_emulated(environment):
        instant: datetime = isodate.parse_datetime(rehearsed)
        now = instant.astimezone(timezone.utc)
    else:
        now = datetime.now(timezone.utc)
    return now.replace(microsecond=0)
