"""The environment of a rehearsal, and the rule that a rehearsal talks to this computer only."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from pulumi_unifiedto.unified import addresses
from rehearsal.results import RehearsalError

_REPLACED_PREFIXES = (
    *("ARM_", "AZURE", "UNIFIED_", "UNIFIEDTO_", "PULUMI_", "TF_"),
    *("IDENTITY_", "IMDS_", "MSI_"),  # managed identities of Azure
    *("ACTIONS_ID_TOKEN", "SYSTEM_ACCESSTOKEN", "SYSTEM_OIDC"),  # tokens of GitHub's and Azure's pipelines
)
_REPLACED = frozenset(["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"])
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_NOWHERE = "http://127.0.0.1:9"
_ADDRESS_VARIABLES = ("ARM_METADATA_HOSTNAME", "ARM_METADATA_HOST", "ARM_OIDC_REQUEST_URL", "ARM_MSI_ENDPOINT")
_ADDRESS_KEYS = ("apiUrl", "metadataHost", "msiEndpoint", "oidcRequestUrl")


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
    return addresses.is_loopback(host or "")


def refuse_remote_addresses(environment: Mapping[str, str], config: Mapping[str, Any]) -> None:
    """Raises RehearsalError if a variable, or a value of the configuration by key, names an address elsewhere."""
    named = {f"The environment variable {name}": environment.get(name) for name in _ADDRESS_VARIABLES}
    named |= {
        f"The configuration value {key}": value
        for key, value in config.items()
        if key.rpartition(":")[2] in _ADDRESS_KEYS
    }
    for what, address in named.items():
        if address and not is_loopback(str(address)):
            raise RehearsalError(
                f"{what} names {address}, which is not on this computer. A rehearsal talks to the local emulator only, "
                "so nothing was done.\n"
                "Next: take the value out. To deploy to real accounts, run `pulumi up` (README, Deploy it)."
            )


@contextmanager
def process_environment(environment: Mapping[str, str]) -> Iterator[None]:
    """Replace ``os.environ`` as a whole for the duration of a run in this process."""
    before = dict(os.environ)
    _set_environment(environment)
    try:
        yield
    finally:
        _set_environment(before)


def _set_environment(environment: Mapping[str, str]) -> None:
    """Changes only what differs: gRPC's threads read the environment meanwhile, and the C library does not protect them
    from a variable that is added or removed at that moment."""
    for name in os.environ.keys() - environment.keys():
        del os.environ[name]
    for name, value in environment.items():
        if os.environ.get(name) != value:
            os.environ[name] = value
