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
MAX_ORGANISATIONS_ONLY = 256
_FORBIDDEN_CHARACTERS = "!$'(),;"
"""Documented."""
_NO_URI_CHARACTERS = re.compile(r"[\x00-\x20\x7f\\\"<>^`{|}]")
"""What no URI holds (RFC 3986); that Entra refuses it is assumed."""
_SCRIPTS_AND_FILES = ("about", "blob", "data", "file", "javascript", "vbscript")
_ANY_LABEL, _LABEL = "://*.", "[A-Za-z0-9-]+"
_LOOPBACK = ("localhost", "127.0.0.1")
PLATFORMS = ("web", "spa", "publicClient")


def check(resource: dict[str, Any], *, has_personal_accounts: bool) -> None:
    """Refuse an application whose redirect URIs break a rule. Raises ``GraphError`` 400."""
    limit = MAX_WITH_PERSONAL_ACCOUNTS if has_personal_accounts else MAX_ORGANISATIONS_ONLY
    for platform in PLATFORMS:
        uris = resource[platform]["redirectUris"]
        if len(set(uris)) != len(uris):
            raise graph_errors.bad_request("Redirect URIs must have distinct values.")
        if len(uris) > limit:
            raise graph_errors.bad_request(
                f"The number of redirect URIs of '{platform}' exceeds the limit of {limit} for this sign-in audience."
            )
        for uri in uris:
            problem = problem_with(uri, is_web=platform != "publicClient", has_personal_accounts=has_personal_accounts)
            if problem is not None:
                raise graph_errors.bad_request(f"Invalid redirect URI '{uri}' for '{platform}': {problem}")


def problem_with(uri: str, *, is_web: bool, has_personal_accounts: bool) -> str | None:
    """Why ``uri`` cannot be registered; None when it can.

    Public clients may have a scheme of their own, the other platforms https; http is for loopback on all of them.
    """
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
    if parts.scheme in _SCRIPTS_AND_FILES:
        return f"a browser cannot be sent back to {parts.scheme}:"
    if host == "::1":
        return "the loopback address [::1] is not supported"
    if is_web:
        if not host:
            return "it names no host"
        if parts.scheme not in ("http", "https"):
            return "it must use https, or http on localhost"
    if parts.scheme == "http" and host not in _LOOPBACK:
        return "it must use https, or http on localhost"
    if "*" in uri:
        if has_personal_accounts:
            return "wildcards are not allowed with personal accounts"
        if not host.startswith("*.") or "*" in uri.replace("*.", "", 1):
            return "a wildcard may only be the first label of the host"
    if (parts.query or uri.endswith("?")) and has_personal_accounts:
        return "a query is not allowed with personal accounts"
    return None


def matches(uri: str, registered: Iterable[str]) -> bool:
    """Whether a request's URI is registered: exact, but the port of loopback hosts does not count."""
    wanted = _without_loopback_port(uri)
    return any(
        _wildcard(candidate, uri) if _ANY_LABEL in candidate else _without_loopback_port(candidate) == wanted
        for candidate in registered
    )


def _without_loopback_port(uri: str) -> str:
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return uri
    if port is None or parts.hostname not in _LOOPBACK:
        return uri
    return uri.replace(f":{port}", "", 1)


def _wildcard(registered: str, uri: str) -> bool:
    """``https://*.example.com/x`` matches one more label; only organisational audiences can register it.

    Whatever else ends the host for a browser (``#``, ``?``, ``@``, a backslash) is no label.
    """
    scheme, _, pattern = registered.partition(_ANY_LABEL)
    label = re.match(rf"{re.escape(scheme)}://{_LABEL}\.", uri)
    return label is not None and uri[label.end() :] == pattern
