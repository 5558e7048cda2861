"""Which parts of an exchange are secrets, and what stands in the journal instead of them."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from typing import Any
from urllib.parse import parse_qsl, urlencode

SECRET_NAMES: frozenset[str] = frozenset(
    {
        "access_token",
        "client_assertion",
        "client_secret",
        "code_verifier",
        "consumer_secret",
        "dev_api_key",
        "id_token",
        "key",
        "password",
        "pem",
        "reauth_token",
        "refresh_token",
        "saml_pem",
        "secret_text",
    }
)
"""Members, form fields and query parameters whose values are written to disk as fingerprints only, in any spelling
(``secretText``, ``client-secret``) and in any request: a client that uses a wrong address or form sends the same
secrets."""

NAMES_SENT: frozenset[str] = SECRET_NAMES | {"code"}
"""The same for what a client sends. ``code`` is an authorization code there; in an answer it names an error."""

PROVES_NOTHING: frozenset[str] = frozenset({"client_secret", "client_assertion"})
"""What is not even kept in memory, except of requests to Unified.to: tests compare those."""


def fingerprint(value: str) -> str:
    """What stands in the journal instead of a secret."""
    return "sha256:" + hashlib.sha256(value.encode()).hexdigest()


def without(body: str | None, names: frozenset[str], in_text: frozenset[str] = frozenset()) -> str | None:
    """``body`` with the values of ``names`` replaced by their fingerprints.

    Of JSON and forms everything else stays, but text inside them that quotes a name with a value (an error that
    repeats the request) goes as a whole; so does a body that is neither and mentions a name: half of a request, a page.
    ``in_text`` are further names that count in such texts only.
    """
    if not body:
        return body
    in_text |= names
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        pairs = parse_qsl(body, keep_blank_values=True)
        if pairs and all(_FIELD_NAME.fullmatch(name) for name, _ in pairs):
            masked_pairs = _masked_pairs(pairs, names, in_text)
            return body if masked_pairs == pairs else urlencode(masked_pairs)
        if _spelling(in_text).search(body) is None:
            return body
        return f"{fingerprint(body)} ({len(body)} characters that may hold a secret)"
    masked = _masked(value, names, in_text)
    return body if masked == value else json.dumps(masked, ensure_ascii=False)


def without_values(query: dict[str, str], names: frozenset[str]) -> dict[str, str]:
    """The same for the parameters of a query."""
    return dict(_masked_pairs(list(query.items()), names, names))


_FIELD_NAME = re.compile(r"[\w.$@\[\]-]+")


@functools.cache
def _spelling(names: frozenset[str]) -> re.Pattern[str]:
    """Finds a name in a text, with any separator between its words."""
    alternatives = "|".join(sorted(name.replace("_", "[_-]?") for name in names))
    return re.compile(rf"(?<![A-Za-z0-9_])(?:{alternatives})(?![A-Za-z0-9_])", re.IGNORECASE)


@functools.cache
def _quotation(names: frozenset[str]) -> re.Pattern[str]:
    """Finds a name with what separates it from a value, as JSON, forms and HTML write it."""
    between = r"""(?:[\s\\"']|&quot;|&#34;|&#39;|&#x27;|%22|value)*(?:[=:>]|%3[AD])"""
    return re.compile(_spelling(names).pattern + between, re.IGNORECASE)


def _masked(value: Any, names: frozenset[str], in_text: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {
            name: _masked_item(item) if _spelling(names).fullmatch(name) else _masked(item, names, in_text)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [_masked(item, names, in_text) for item in value]
    if isinstance(value, str) and _quotation(in_text).search(value):
        return fingerprint(value)
    return value


def _masked_item(value: Any) -> Any:
    if value is None:
        return None
    return fingerprint(value if isinstance(value, str) else json.dumps(value))


def _masked_pairs(
    pairs: list[tuple[str, str]], names: frozenset[str], in_text: frozenset[str]
) -> list[tuple[str, str]]:
    return [
        (name, fingerprint(text) if _spelling(names).fullmatch(name) else str(_masked(text, names, in_text)))
        for name, text in pairs
    ]
