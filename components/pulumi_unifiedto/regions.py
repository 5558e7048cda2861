"""Where Unified.to's regions are, and which redirect URI and dashboard belong to an API address.

Each region is a separate account with its own workspace and key. API of all three: published model; dashboards of US
and EU: documented (https://docs.unified.to/reference/rest); the Australian dashboard and the redirect URIs of EU and AU
are assumed by analogy.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from .http_transport import is_loopback

REGIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "us": "https://api.unified.to",
        "eu": "https://api-eu.unified.to",
        "au": "https://api-au.unified.to",
    }
)
"""Region to base URL of the API."""

_DASHBOARDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "us": "https://app.unified.to",
        "eu": "https://app-eu.unified.to",
        "au": "https://app-au.unified.to",
    }
)


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

    For a custom domain the region is not known: the US dashboard, which links to the others. An emulator's is its own
    page.
    """
    if is_loopback(urlsplit(api_url).hostname or ""):
        return api_url
    return _DASHBOARDS[region_of(api_url) or "us"]
