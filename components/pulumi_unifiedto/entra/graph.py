"""Lists an application's client secrets before one is created.

The azuread provider creates and removes the secrets. It cannot say *before* it acts that there is no room for another
secret, nor which secrets the application has (see `listed_secrets`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

import httpx
from azure.core.credentials import TokenCredential
from azure.identity import (
    AzureCliCredential,
    CertificateCredential,
    ClientAssertionCredential,
    ClientSecretCredential,
    ManagedIdentityCredential,
)

from ..errors import CallerNotPermitted, NationalCloud
from .cloud import EntraEndpoints, cloud_settings, entra_endpoints
from .listed_secret import ListedSecret

Configured = Callable[[str], str | None]
"""Gives a value of the stack's configuration, such as that of ``azuread:tenantId``, or None."""


def list_secrets(
    application_object_id: str, configured: Configured, environment: Mapping[str, str] = os.environ
) -> list[ListedSecret] | None:
    """The client secrets of an application, with the azuread provider's own credentials; one token, one GET.

    None for an empty `application_object_id` (the application does not exist yet), for an application that Graph does
    not show, and where the list cannot be read. In the last case a line on standard error says so, without the fault's
    own message, which may hold a secret. The run continues: the azuread provider reports the fault if it meets it too.

    Raises:
        CallerNotPermitted: Graph does not allow the caller to read the application.
        NationalCloud: the environment or the configuration names another cloud than the public one.
    """
    if not application_object_id:
        return None
    try:
        endpoints = entra_endpoints({**environment, **cloud_settings(lambda key: configured(f"azuread:{key}"))})
        token = _credential(configured, environment, endpoints).get_token(f"{endpoints.graph}/.default").token
        return _get_secrets(endpoints, token, application_object_id)
    except (CallerNotPermitted, NationalCloud):
        raise
    except Exception as fault:  # the run works without the list
        sys.stderr.write(
            f"The client secrets of the application could not be listed ({type(fault).__name__}). "
            "The run continues without this check.\n"
        )
        return None


def _get_secrets(endpoints: EntraEndpoints, token: str, application_object_id: str) -> list[ListedSecret] | None:
    """Documented: https://learn.microsoft.com/graph/api/application-get."""
    answer = httpx.get(
        f"{endpoints.graph}/v1.0/applications/{application_object_id}",
        params={"$select": "id,passwordCredentials"},
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    )
    if answer.status_code == httpx.codes.NOT_FOUND:
        return None
    if answer.status_code == httpx.codes.FORBIDDEN:
        refused = CallerNotPermitted(operation=f"read the application {application_object_id}")
        raise refused.answered("403", answer.headers.get("request-id"))
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


def _credential(configured: Configured, environment: Mapping[str, str], endpoints: EntraEndpoints) -> TokenCredential:
    """The identity that the azuread provider uses, in its order: certificate, secret, OIDC, managed identity, CLI.

    Reads the environment variables and the stack configuration. An explicit ``azuread.Provider`` of the program is not
    visible here; its credentials can be set in ``ARM_*`` too.
    """

    def setting(variable: str, key: str) -> str:
        return environment.get(variable) or configured(f"azuread:{key}") or ""

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
    """Gets a pipeline's federated token: from the settings, from a file, or from the pipeline's own endpoint."""

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
