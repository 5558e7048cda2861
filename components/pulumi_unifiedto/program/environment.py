"""Environment variables that every connection depends on, checked before anything is created.

The HTTP libraries read them in their own ways (httpx, and requests for MSAL and azure-identity): what one of them does
not accept fails late, and in words that name no variable.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from ..errors import UnusableEnvironment
from ..secret_text import STARS

_PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_BUNDLES: Final = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def require_usable_environment(environment: Mapping[str, str] = os.environ) -> None:
    """Raises UnusableEnvironment for the first proxy, exception to it or certificate bundle that cannot be used."""
    for name in (*_PROXIES, "NO_PROXY"):
        for spelling in (name, name.lower()):
            value = environment.get(spelling, "")
            reason = _why_no_exception(value) if name == "NO_PROXY" else _why_no_proxy(value)
            if value and reason:
                raise UnusableEnvironment(variable=spelling, value=_without_credentials(value), reason=reason)
    for name in _BUNDLES:
        value = environment.get(name, "")
        # requests also takes a directory of certificates.
        is_directory = name != "SSL_CERT_FILE" and os.path.isdir(value)
        if value and not is_directory and (reason := _why_no_bundle(value)):
            raise UnusableEnvironment(variable=name, value=value, reason=reason)


def _why_no_proxy(value: str) -> str | None:
    if value != value.strip():
        return "it begins or ends with white space"
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "its host or its port is malformed"
    if parts.scheme not in ("http", "https"):
        return f"a proxy of the kind {parts.scheme} is not supported, only http and https are"
    return None if host else "it names no host"


def _why_no_exception(value: str) -> str | None:
    return "an IPv6 address stands there without brackets" if "[" in value else None


def _why_no_bundle(path: str) -> str | None:
    try:
        ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        return "the file holds no certificate in PEM form"
    except OSError as fault:
        return f"the file cannot be read ({fault.strerror})"
    return None


def _without_credentials(value: str) -> str:
    scheme, separator, rest = value.rpartition("://")
    _credentials, at, host = rest.rpartition("@")
    return f"{scheme}{separator}{STARS}@{host}" if at else value
