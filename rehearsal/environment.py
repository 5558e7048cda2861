"""The environment of a rehearsal, and the rule that a rehearsal talks to this computer only."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

_REPLACED_PREFIXES = (
    *("ARM_", "AZURE", "UNIFIED_", "UNIFIEDTO_", "PULUMI_", "TF_"),
    *("IDENTITY_", "IMDS_", "MSI_"),  # managed identities of Azure
    *("ACTIONS_ID_TOKEN", "SYSTEM_ACCESSTOKEN", "SYSTEM_OIDC"),  # tokens of GitHub's and Azure's pipelines
)
_REPLACED = frozenset(["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"])
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_NOWHERE = "http://127.0.0.1:9"


def rehearsal_environment(given: Mapping[str, str], caller: Mapping[str, str] | None = None) -> dict[str, str]:
    """The whole environment of a rehearsal.

    The caller's environment without anything that names an account (``ARM_*``, ``AZURE*``, ``UNIFIED_*``,
    ``PULUMI_*``, ``TF_*``, managed identities, tokens of pipelines), then ``given``. Proxies lead nowhere except for
    loopback, so a program that tries another host gets a refused connection.
    """
    kept = {
        name: value
        for name, value in (os.environ if caller is None else caller).items()
        if not name.startswith(_REPLACED_PREFIXES)
        and name not in _REPLACED
        and name.upper() not in (*_PROXIES, "NO_PROXY")
    }
    for name in _PROXIES:
        kept[name] = kept[name.lower()] = _NOWHERE
    kept["NO_PROXY"] = kept["no_proxy"] = "localhost,127.0.0.1,::1"
    return {**kept, **given}


def is_loopback(address: str) -> bool:
    """True if a URL, or a ``host[:port]`` without a scheme, names this computer's loopback interface."""
    try:
        host = urlsplit(address if "//" in address else f"//{address}").hostname
    except ValueError:
        return False
    if not host:
        return False
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def process_environment(environment: Mapping[str, str]) -> Iterator[None]:
    """Replace ``os.environ`` as a whole for the duration of a run in this process."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
