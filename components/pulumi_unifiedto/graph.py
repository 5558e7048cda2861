"""A read-only look at an application's client secrets, before a secret is created.

The azuread provider creates and removes the secrets. What it cannot do is say *before* it acts that there is no room
for another secret, whose secrets are in the way, or that an earlier run left one behind whose value was lost. That
takes one token and one GET, with the credentials that the azuread provider uses.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
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

from .entra_cloud import EntraEndpoints, cloud_settings, entra_endpoints
from .errors import CallerNotPermitted, OrphanedSecret, SecretLimitReached, UnifiedtoError

MOST_SECRETS: Final = 2
"""Client secrets that an application for personal accounts can hold (documented:
https://learn.microsoft.com/entra/identity-platform/supported-accounts-validation)."""

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


@dataclass(frozen=True)
class SecretSeen:
    """A client secret as Microsoft Graph lists it; the value itself is never listed.

    `hint` holds the value's first three characters; absent fields are empty texts.
    """

    key_id: str
    display_name: str
    hint: str
    ends_at: str

    def describe(self) -> str:
        name = f"{self.display_name!r}" if self.display_name else "(no name)"
        return f"{name}, key id {self.key_id}, value begins {self.hint or '???'}…, until {self.ends_at or 'unknown'}"


def find_obstacle(
    secrets: Sequence[SecretSeen],
    *,
    application_object_id: str,
    display_name: str,
    known_key_ids: AbstractSet[str],
    replaced_key_id: str | None,
    kept_key_id: str | None,
) -> UnifiedtoError | None:
    """Why the next secret cannot be created, or None.

    Args:
        secrets: what the application holds.
        display_name: of the secret that is about to be created.
        known_key_ids: the secrets in the stack's state.
        replaced_key_id: the one of them that is removed just before, if any.
        kept_key_id: the one of them that is the wanted secret already, if any.
    """
    if kept_key_id is not None and any(secret.key_id == kept_key_id for secret in secrets):
        return None
    remaining = [secret for secret in secrets if secret.key_id != replaced_key_id]
    if len(remaining) < MOST_SECRETS:
        return None
    orphans = [
        secret
        for secret in remaining
        if is_same_secret(secret.display_name, display_name) and secret.key_id not in known_key_ids
    ]
    if orphans:
        return _orphan(application_object_id, orphans[0])
    return SecretLimitReached(
        application=application_object_id,
        secrets=[secret.describe() for secret in remaining],
        limit=MOST_SECRETS,
        is_beforehand=True,
    )


def is_same_secret(name: str, other: str) -> bool:
    """Whether two display names are of one slot and generation; a repeated try may have another end date."""
    return name.rpartition(" until ")[0] == other.rpartition(" until ")[0] != ""


def _orphan(application_object_id: str, secret: SecretSeen) -> OrphanedSecret:
    return OrphanedSecret(
        display_name=secret.display_name,
        key_id=secret.key_id,
        application=application_object_id,
        command=f"az ad app credential delete --id {application_object_id} --key-id {secret.key_id}",
    )


def check_room_for_secret(
    *,
    application_object_id: str,
    display_name: str,
    known_key_ids: AbstractSet[str],
    replaced_key_id: str | None,
    kept_key_id: str | None,
    config: Config,
    environment: Mapping[str, str] = os.environ,
) -> None:
    """Raises when the caller may not create a secret, or when the application has no room for one.

    An empty `application_object_id` (an application that does not exist yet) checks the caller's right alone. Where
    the look itself is impossible, a line on standard error says so, without the fault's own message, which may hold a
    secret, and the run goes on: the azuread provider then reports what it meets.

    Raises:
        CallerNotPermitted, SecretLimitReached, OrphanedSecret.
    """
    try:
        endpoints = entra_endpoints({**environment, **cloud_settings(lambda key: config.get(f"azuread:{key}"))})
        token = _credential(config, environment, endpoints).get_token(f"{endpoints.graph}/.default").token
        _check_roles(token)
        secrets = list_secrets(endpoints, token, application_object_id) if application_object_id else None
    except CallerNotPermitted:
        raise
    except Exception as fault:  # whatever it is, the look is not what the run is for
        sys.stderr.write(
            f"The application's client secrets could not be listed beforehand ({type(fault).__name__}); "
            "going on without.\n"
        )
        return
    if secrets is None:
        return
    obstacle = find_obstacle(
        secrets,
        application_object_id=application_object_id,
        display_name=display_name,
        known_key_ids=known_key_ids,
        replaced_key_id=replaced_key_id,
        kept_key_id=kept_key_id,
    )
    if obstacle is not None:
        raise obstacle
    for secret in secrets:
        if is_same_secret(secret.display_name, display_name) and secret.key_id not in known_key_ids:
            sys.stderr.write(f"{_orphan(application_object_id, secret)}\n")


def list_secrets(endpoints: EntraEndpoints, token: str, application_object_id: str) -> list[SecretSeen] | None:
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
        SecretSeen(
            key_id=str(entry.get("keyId") or ""),
            display_name=str(entry.get("displayName") or ""),
            hint=str(entry.get("hint") or ""),
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
