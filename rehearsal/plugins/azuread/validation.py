"""Client-side checks of values, in the plugin's words. Unknown values pass.

Source: observed, pulumi-azuread 6.11.1 with each of these values; rules in ``internal/helpers/tf/validation`` of
hashicorp/terraform-provider-azuread.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime
from urllib.parse import urlsplit

from rehearsal.plugins.contract import CheckFailure
from rehearsal.plugins.values import Value, contains_unknown

Rule = Callable[[Value, str], str | None]
"""From a value and its Terraform path to what is wrong with it."""

_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)")
_WEB_SCHEMES = ("http", "https", "ms-appx-web", "brk-multihub")
_MAX_REDIRECT_URI = 256


def failures(values: Iterable[tuple[Value, str, str, Rule]]) -> list[CheckFailure]:
    """Apply rules to (value, Terraform path, Pulumi path, rule); absent and unknown values pass."""
    found = []
    for value, path, shown, rule in values:
        if value is None or contains_unknown(value):
            continue
        reason = rule(value, path)
        if reason is not None:
            found.append(CheckFailure("", f"{reason}. Examine values at '{shown}'."))
    return found


def is_uuid(value: Value, path: str) -> str | None:
    """A UUID in its usual spelling."""
    try:
        if str(uuid.UUID(str(value))) == str(value).lower():
            return None
    except ValueError:
        pass
    return f'expected "{path}" to be a valid UUID, got {value}'


def one_of(*allowed: str) -> Rule:
    """One of some words."""

    def rule(value: Value, path: str) -> str | None:
        if value in allowed:
            return None
        words = " ".join(f'"{word}"' for word in allowed)
        return f"expected {path} to be one of [{words}], got {value}"

    return rule


def is_not_empty(value: Value, path: str) -> str | None:
    """Any text but none."""
    return None if str(value) else f'expected "{path}" to not be an empty string, got {value}'


def is_token_version(value: Value, path: str) -> str | None:
    """1 or 2."""
    return None if value in (1, 2) else "Value must be one of: 1, 2"


def is_rfc3339(value: Value, path: str) -> str | None:
    """A time with seconds and zone."""
    text = str(value)
    match = _RFC3339.fullmatch(text)
    if match:
        seconds, _fraction, zone = match.groups()
        try:
            datetime.fromisoformat(seconds + zone.replace("Z", "+00:00"))
        except ValueError:
            pass
        else:
            return None
    return f'expected "{path}" to be a valid RFC3339 date, got "{text}": cannot parse it as "2006-01-02T15:04:05Z07:00"'


def is_application_id(value: Value, path: str) -> str | None:
    """``/applications/<object id>``."""
    parts = str(value).split("/")
    if len(parts) == 3 and parts[0] == "" and parts[1] == "applications" and parts[2]:
        return None
    return (
        f'parsing "{value}": parsing the Application ID: the number of segments didn\'t match; expected '
        "/applications/applicationId"
    )


def web_redirect_uri(value: Value, path: str) -> str | None:
    """A redirect URI of the Web platform: a scheme, a host, a path, at most 256 characters."""
    text = str(value)
    if not text:
        return f'URI must not be empty for "{path}"'
    if text.startswith("urn:") and text.count(":") >= 2:
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return f'URI is in an invalid format for "{path}"'
    if not parts.netloc:
        return f'URI has no host for "{path}"'
    if not parts.path:
        return f'URI must have a trailing slash when there is no path segment for "{path}"'
    if parts.scheme not in _WEB_SCHEMES:
        return f'unexpected URI scheme for "{path}", expected one of: {", ".join(_WEB_SCHEMES)}'
    return None if len(text) <= _MAX_REDIRECT_URI else f'URI must be 256 characters or less for "{path}"'
