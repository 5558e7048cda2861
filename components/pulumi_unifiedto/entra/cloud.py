"""Where Microsoft Entra ID and Microsoft Graph are: the public cloud, a national one, or a local emulator.

Decided by the environment variables that the azuread provider reads too, so that this package and the provider always
talk to the same cloud (``ARM_METADATA_HOSTNAME``, ``ARM_ENVIRONMENT``).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Final

import httpx
import isodate

from ..errors import EntraUnreachable, InvalidChoice


@dataclass(frozen=True)
class EntraEndpoints:
    """Base URLs without a trailing slash: where tokens are issued, and Microsoft Graph (also the token's resource)."""

    login: str
    graph: str


_PUBLIC: Final = EntraEndpoints("https://login.microsoftonline.com", "https://graph.microsoft.com")
_CLOUDS: Final[Mapping[str, EntraEndpoints]] = {
    # documented: https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud and
    # https://learn.microsoft.com/graph/deployments; names as the azuread provider spells them
    "public": _PUBLIC,
    "global": _PUBLIC,
    "usgovernment": EntraEndpoints("https://login.microsoftonline.us", "https://graph.microsoft.us"),
    "usgovernmentl4": EntraEndpoints("https://login.microsoftonline.us", "https://graph.microsoft.us"),
    "usgovernmentl5": EntraEndpoints("https://login.microsoftonline.us", "https://dod-graph.microsoft.us"),
    "dod": EntraEndpoints("https://login.microsoftonline.us", "https://dod-graph.microsoft.us"),
    "china": EntraEndpoints("https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn"),
}


def entra_endpoints(environment: Mapping[str, str], *, timeout_s: float = 30) -> EntraEndpoints:
    """The endpoints that an environment names; asks the metadata host for them when there is one.

    The metadata document is the one that the azuread provider reads (observed with its upstream 3.9):
    ``GET https://<host>/metadata/endpoints?api-version=2022-09-01``.

    Raises:
        InvalidChoice: ``ARM_ENVIRONMENT`` names no cloud.
        EntraUnreachable: the metadata host does not answer, or not with endpoints.
    """
    host = environment.get("ARM_METADATA_HOSTNAME", "")
    if not host:
        name = environment.get("ARM_ENVIRONMENT", "") or "public"
        if name.lower() not in _CLOUDS:
            raise InvalidChoice(name="ARM_ENVIRONMENT", value=name, allowed=sorted(_CLOUDS))
        return _CLOUDS[name.lower()]
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
    """The environment variables that say the same as the azuread provider's stack configuration, where it is set.

    `configured` gives a value of the ``azuread`` namespace, such as ``environment``; None where there is none.
    """
    variables = {"ARM_ENVIRONMENT": configured("environment"), "ARM_METADATA_HOSTNAME": configured("metadataHost")}
    return {name: value for name, value in variables.items() if value}


def is_emulated(environment: Mapping[str, str]) -> bool:
    """Whether the environment points to an emulator on this computer."""
    host = environment.get("ARM_METADATA_HOSTNAME", "").rsplit(":", 1)[0].strip("[]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def current_instant(environment: Mapping[str, str]) -> datetime:
    """Now, in UTC and whole seconds.

    In a rehearsal ``UNIFIEDTO_REHEARSAL_CLOCK`` (an ISO 8601 instant) stands for now, so that ninety days can pass in
    a second. It is ignored unless the environment points to an emulator on this computer.
    """
    rehearsed = environment.get("UNIFIEDTO_REHEARSAL_CLOCK", "")
    if rehearsed and is_emulated(environment):
        instant: datetime = isodate.parse_datetime(rehearsed)
        now = instant.astimezone(timezone.utc)
    else:
        now = datetime.now(timezone.utc)
    return now.replace(microsecond=0)
