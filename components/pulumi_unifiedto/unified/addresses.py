"""The API addresses of Unified.to's regions, and the redirect URI and dashboard that belong to each.

Each region is a separate account with its own workspace and key. API of all three: published model; dashboards of US
and EU: documented (https://docs.unified.to/reference/rest); the Australian dashboard and the redirect URIs of EU and AU
are assumed by analogy.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from ..errors import InvalidInput


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this computer."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def normal_api_url(url: str) -> str:
    """The base URL in the form that is stored and compared: scheme and host in lower case, no slash at the end.

    https only, because the API key is sent there; plain http to this computer only. Raises InvalidInput.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _unusable(_shown(url), "it is not an address") from None
    scheme = parts.scheme.lower()
    reason = None
    if parts.username or parts.password:
        raise _unusable(host, "it contains a user name or a password")
    if scheme not in ("https", "http"):
        reason = "it does not begin with https://"
    elif not host or not re.fullmatch(r"[0-9a-z.:_-]+", host):
        reason = "it names no host"
    elif scheme == "http" and not is_loopback(host):
        reason = "it does not begin with https://, and the API key would be sent unencrypted"
    elif parts.path not in ("", "/"):
        reason = "it has a path; only the scheme and the host are allowed"
    elif parts.query or parts.fragment:
        reason = "it has a query or a fragment"
    if reason:
        raise _unusable(_shown(url), reason)
    shown_host = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown_host}" + (f":{port}" if port else "")


def _unusable(shown: str, reason: str) -> InvalidInput:
    advice = "Leave apiUrl out and set region, or use https://<your API domain> without a path."
    return InvalidInput(name="apiUrl", value=shown, reason=reason, next_step=advice)


def _shown(url: str) -> str:
    """An address without the parts that may hold a secret."""
    return re.split(r"[?#]", url.strip(), maxsplit=1)[0][:120]


REGIONS: Final[Mapping[str, str]] = {
    "us": "https://api.unified.to",
    "eu": "https://api-eu.unified.to",
    "au": "https://api-au.unified.to",
}
"""Region to base URL of the API."""


def region_of(api_url: str) -> str | None:
    """The region that an API address belongs to; None for a custom domain or an emulator."""
    return next((region for region, url in REGIONS.items() if url == api_url), None)


def redirect_uri_for(api_url: str) -> str:
    """The OAuth callback of an API address or custom API domain, to be registered with platform Web.

    Documented for the US (https://docs.unified.to/guides/how_to_get_your_microsoft_azure_ad_oauth_2_credentials) and
    custom domains (https://docs.unified.to/guides/how_to_set_up_a_custom_api_url_with_a_cname).
    """
    return f"{api_url.rstrip('/')}/oauth/code"


def dashboard_url_for(api_url: str) -> str:
    """The dashboard where a person sees what the API address serves.

    The region of a custom domain is not known: its dashboard is the US one, which links to the others. An emulator is
    its own dashboard.
    """
    if is_loopback(urlsplit(api_url).hostname or ""):
        return api_url
    region = region_of(api_url) or "us"
    return REGIONS[region].replace("//api", "//app")
