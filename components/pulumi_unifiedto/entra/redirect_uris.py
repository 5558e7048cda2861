"""The redirect URIs that Entra accepts for an app with personal accounts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from ..errors import InvalidInput
from ..secret_text import STARS

LONGEST_REDIRECT_URI: Final = 256
MOST_REDIRECT_URIS: Final = 100
"""Limits for applications that accept personal accounts (documented:
https://learn.microsoft.com/entra/identity-platform/supported-accounts-validation and …/reply-url)."""

_FORBIDDEN_IN_URI: Final = "!$'(),;\"<>\\^`{|}"
"""Refused by Entra (documented: …/reply-url), and what RFC 3986 allows in no URI."""

_USER_INFO: Final = re.compile(r"//.*@")
"""User name and password in a URI: they are not printed."""


def validate_redirect_uris(uris: Sequence[str]) -> None:
    """Raises InvalidInput for the first URI that Entra would refuse for an app with personal accounts.

    http is allowed towards localhost and 127.0.0.1 alone, as Entra does (documented:
    https://learn.microsoft.com/entra/identity-platform/reply-url).
    """
    if not uris:
        raise _unusable("", "there is none")
    if len(uris) > MOST_REDIRECT_URIS:
        raise _unusable("", f"it has {len(uris)} URIs; {MOST_REDIRECT_URIS} are allowed")
    for uri in uris:
        reason = "it is listed twice" if uris.count(uri) > 1 else _why_refused(uri)
        if reason:
            raise _unusable(_USER_INFO.sub(rf"//{STARS}@", uri), reason)


def _unusable(shown: str, reason: str) -> InvalidInput:
    advice = "Leave redirectUris out to use the region's own, or use https://<your API domain>/oauth/code."
    return InvalidInput(name="redirectUris", value=shown, reason=reason, next_step=advice)


def _why_refused(uri: str) -> str | None:
    """Why Entra refuses a URI; None if it accepts it."""
    if len(uri) > LONGEST_REDIRECT_URI:
        return f"it has {len(uri)} characters and {LONGEST_REDIRECT_URI} are allowed"
    try:
        parts = urlsplit(uri)
        host = parts.hostname or ""
        _ = parts.port  # raises ValueError for a malformed port
    except ValueError:
        return "it is not a URI"
    if not host:
        return "it names no host"
    if parts.scheme != "https" and not (parts.scheme == "http" and host in {"localhost", "127.0.0.1"}):
        return "it is not https"
    if parts.username or parts.password:
        return "it holds a user name"
    if "#" in uri:
        return "it has a fragment"
    if "?" in uri:
        return "it has a query, which apps for personal accounts do not allow"
    if "*" in uri:
        return "it has a wildcard"
    for character in uri:
        if not character.isascii() or not character.isprintable() or character == " ":
            return (
                f"it holds the character U+{ord(character):04X} ({unicodedata.name(character, 'a control character')})"
            )
        if character in _FORBIDDEN_IN_URI:
            return f"it holds the character {character}"
    # The azuread provider requires the slash (observed with its upstream 3.9); Entra compares character by character.
    return None if parts.path else f"it has no path; for the host alone, write {uri}/"
