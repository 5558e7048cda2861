"""A read-only look at an application's client secrets, before a secret is created.

The azuread provider creates and removes the secrets. What it cannot do is say *before* it acts that there is no room
for another secret, whose secrets are in the way, or that an earlier run left one behind whose value was lost (see
`listed_secrets`).
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

import httpx
from azure.core.credentials import TokenCredential
from azure.identity import (
    AzureCliCredential,
    CertificateCredential,
    ClientAssertionCredential,
    ClientSecretCredential,
    ManagedIdentityCredential,
)

from ..errors import CallerNotPermitted
from .cloud import EntraEndpoints, cloud_settings, entra_endpoints
from .listed_secret import ListedSecret

_ROLES_THAT_CREATE: Final = frozenset(
    {"Application.ReadWrite.OwnedBy", "Application.ReadWrite.All", "Directory.ReadWrite.All"}
)
"""App roles of Microsoft Graph, one of which creates applications and secrets (documented:
https://learn.microsoft.com/graph/api/application-post-applications, …/application-addpassword)."""

_EVERYBODYS_DIRECTORY_ROLE: Final = "0997a1d0-0d1d-4acb-b408-d5ca73121e90"
"""Stands in the ``wids`` of every application's token and gives no right (reported by users). Any other id there is a
directory role, such as Application Administrator, and what it allows cannot be read from the token (documented:
https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference)."""


class Config(Protocol):
    """Stack configuration, as a dynamic provider is given it."""

    def get(self, key: str) -> str | None: ...


def look_at_secrets(
    application_object_id: str, config: Config, environment: Mapping[str, str] = os.environ
) -> list[ListedSecret] | None:
    """The client secrets of an application, asked for with the azuread provider's own credentials; one token, one GET.

    None where they cannot be told: for an empty `application_object_id` (an application that does not exist yet, where
    the caller's right alone is checked), for one that Graph does not show, and where the look itself is impossible. The
    last says so in a line on standard error, without the fault's own message, which may hold a secret, and the run goes
    on: the azuread provider then reports what it meets.

    Raises:
        CallerNotPermitted: the caller may not create a secret.
    """
    try:
        endpoints = entra_endpoints({**environment, **cloud_settings(lambda key: config.get(f"azuread:{key}"))})
        token = _credential(config, environment, endpoints).get_token(f"{endpoints.graph}/.default").token
        _check_roles(token)
        return list_secrets(endpoints, token, application_object_id) if application_object_id else None
    except CallerNotPermitted:
        raise
    except Exception as fault:  # whatever it is, the look is not what the run is for
        sys.stderr.write(
            f"The application's client secrets could not be listed beforehand ({type(fault).__name__}); "
            "going on without.\n"
        )
        return None


def list_secrets(endpoints: EntraEndpoints, token: str, application_object_id: str) -> list[ListedSecret] | None:
    """The client secrets of an application; None when Microsoft Graph does not show the application (yet).

    Documented: https://learn.microsoft.com/graph/api/application-get.
    """
    answer = httpx.get(
        f"{endpoints.graph}/v1.0/applications/{application_object_id}",
        params={"$select": "id,passwordCredentials"},
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    )
    if answer.status_code == httpx.codes.NOT_FOUND:
        return None
    answer.raise_for_status()
    return [
        ListedSecret(
            key_id=str(entry.get("keyId") or ""),
            display_name=str(entry.get("displayName") or ""),
            hint=str(entry.get("hint") or ""),
            starts_at=str(entry.get("startDateTime") or ""),
            ends_at=str(entry.get("endDateTime") or ""),
        )
        for entry in answer.json().get("passwordCredentials") or ()
    ]


def _check_roles(token: str) -> None:
    """An application's own token names its rights in ``roles``; the rights of a person, and those of a directory role,
    cannot be read from a token, so they pass."""
    claims = _claims(token)
    if claims is None or "scp" in claims or set(claims.get("wids") or ()) - {_EVERYBODYS_DIRECTORY_ROLE}:
        return
    roles = {str(role) for role in claims.get("roles") or ()}
    if not roles & _ROLES_THAT_CREATE:
        caller = claims.get("appid") or claims.get("azp")
        raise CallerNotPermitted(
            operation="create app registrations and client secrets", caller=caller, remote_code=None
        )


def _claims(token: str) -> dict[str, Any] | None:
    """A token's claims, unverified: they only serve to word an error earlier. None for a token that is no JWT."""
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (IndexError, ValueError, binascii.Error):
        return None
    return claims if isinstance(claims, dict) else None


# --- credentials, in the azuread provider's order: certificate, secret, OIDC, managed identity, CLI ------------------


def _credential(config: Config, environment: Mapping[str, str], endpoints: EntraEndpoints) -> TokenCredential:
    """The identity that the azuread provider uses, from its environment variables or its stack configuration.

    An explicit ``azuread.Provider`` in a program is out of sight here; its credentials can be given in ``ARM_*`` too.
    """

    def setting(variable: str, key: str) -> str:
        return environment.get(variable) or config.get(f"azuread:{key}") or ""

    def is_on(variable: str, key: str) -> bool:
        return setting(variable, key).lower() in {"1", "true"}

    tenant, client = setting("ARM_TENANT_ID", "tenantId"), setting("ARM_CLIENT_ID", "clientId")
    common: dict[str, Any] = {
        "authority": endpoints.login,
        "disable_instance_discovery": bool(environment.get("ARM_METADATA_HOSTNAME")),
        "retry_total": 2,
    }
    if certificate := setting("ARM_CLIENT_CERTIFICATE_PATH", "clientCertificatePath"):
        password = setting("ARM_CLIENT_CERTIFICATE_PASSWORD", "clientCertificatePassword") or None
        return CertificateCredential(tenant, client, certificate, password=password, **common)
    if secret := setting("ARM_CLIENT_SECRET", "clientSecret"):
        return ClientSecretCredential(tenant, client, secret, **common)
    if is_on("ARM_USE_OIDC", "useOidc"):
        return ClientAssertionCredential(tenant, client, _assertion(setting, environment), **common)
    if is_on("ARM_USE_MSI", "useMsi"):
        return ManagedIdentityCredential(client_id=client or None)
    return AzureCliCredential(tenant_id=tenant)


def _assertion(setting: Callable[[str, str], str], environment: Mapping[str, str]) -> Callable[[], str]:
    """Gives the federated token of a pipeline: given in clear, in a file, or fetched from the pipeline's own
    endpoint."""

    def fetch() -> str:
        if token := setting("ARM_OIDC_TOKEN", "oidcToken"):
            return token
        if path := setting("ARM_OIDC_TOKEN_FILE_PATH", "oidcTokenFilePath"):
            with open(path, encoding="utf-8") as file:
                return file.read().strip()
        url = setting("ARM_OIDC_REQUEST_URL", "oidcRequestUrl") or environment.get("ACTIONS_ID_TOKEN_REQUEST_URL", "")
        bearer = setting("ARM_OIDC_REQUEST_TOKEN", "oidcRequestToken") or environment.get(
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN", ""
        )
        # documented: https://docs.github.com/actions/reference/security/oidc
        answer = httpx.get(
            url,
            params={"audience": "api://AzureADTokenExchange"},
            headers={"Authorization": f"Bearer {bearer}"},
            timeout=30,
        )
        answer.raise_for_status()
        return str(answer.json()["value"])

    return fetch
