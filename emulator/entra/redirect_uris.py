"""Redirect URIs: what may be registered, and when a request's URI matches.

Documented (reply-url, "Redirect URI restrictions"); the status and words of violations are assumed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from emulator.entra import graph_errors

MAX_LENGTH = 256
MAX_WITH_PERSONAL_ACCOUNTS = 100
_FORBIDDEN_CHARACTERS = "!$'(),;"
"""Documented."""
_NO_URI_CHARACTERS = re.compile(r"[\x00-\x20\x7f\\\"<>^`{|}]")
"""What no URI holds (RFC 3986); that Entra refuses it is assumed."""
_LOOPBACK = ("localhost", "127.0.0.1")


def check(resource: dict[str, Any], *, has_personal_accounts: bool) -> None:
    """Refuse an application whose redirect URIs break a rule. Raises ``GraphError`` 400."""
    uris = resource["web"]["redirectUris"]
    if len(set(uris)) != len(uris):
        raise graph_errors.bad_request("Redirect URIs must have distinct values.")
    if has_personal_accounts and len(uris) > MAX_WITH_PERSONAL_ACCOUNTS:
        raise graph_errors.bad_request(
            f"The number of redirect URIs exceeds the limit of {MAX_WITH_PERSONAL_ACCOUNTS} for this sign-in audience."
        )
    for uri in uris:
        problem = problem_with(uri, has_personal_accounts=has_personal_accounts)
        if problem is not None:
            raise graph_errors.bad_request(f"Invalid redirect URI '{uri}': {problem}")


def problem_with(uri: str, *, has_personal_accounts: bool) -> str | None:
    """Why ``uri`` cannot be registered; None when it can."""
    if len(uri) > MAX_LENGTH:
        return f"it is longer than {MAX_LENGTH} characters"
    found = sorted(set(uri) & set(_FORBIDDEN_CHARACTERS))
    if found:
        return f"it contains {' '.join(found)}"
    if _NO_URI_CHARACTERS.search(uri):
        return "it contains a space, a control character, or another that no URI holds"
    try:
        parts = urlsplit(uri)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return "it is not a URI"
    if not parts.scheme:
        return "it is not absolute"
    if parts.fragment or uri.endswith("#"):
        return "it has a fragment"
    if "@" in parts.netloc:
        return "it names a user"
    if host == "::1":
        return "the loopback address [::1] is not supported"
    if not host:
        return "it names no host"
    if parts.scheme != "https" and (parts.scheme != "http" or host not in _LOOPBACK):
        return "it must use https, or http on localhost"
    if "*" in uri:
        return "wildcards are not allowed with personal accounts, and the emulator models them nowhere"
    if (parts.query or uri.endswith("?")) and has_personal_accounts:
        return "a query is not allowed with personal accounts"
    return None


def matches(uri: str, registered: Iterable[str]) -> bool:
    """Whether a request's URI is registered: exactly, except for the port of a loopback host."""
    wanted = _without_loopback_port(uri)
    return any(_without_loopback_port(candidate) == wanted for candidate in registered)


def _without_loopback_port(uri: str) -> str:
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return uri
    if port is None or parts.hostname not in _LOOPBACK:
        return uri
    return uri.replace(f":{port}", "", 1)
