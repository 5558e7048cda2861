"""What exists from the start: Microsoft Graph's service principal and the deploying identity."""

from __future__ import annotations

from typing import Any

from emulator.core.clock import format_instant
from emulator.core.store import Document
from emulator.core.world import World
from emulator.entra import application_rules, client_secrets
from emulator.entra.directory import APPLICATION, SERVICE_PRINCIPAL, Directory, DirectoryObject
from emulator.entra.ids import (
    DEPLOYER_APP_ID,
    DEPLOYER_KEY_ID,
    DEPLOYER_OBJECT_ID,
    DEPLOYER_SECRET,
    DEPLOYER_SERVICE_PRINCIPAL_ID,
    GRAPH_APP_ID,
    GRAPH_PUBLIC_URL,
    GRAPH_SERVICE_PRINCIPAL_ID,
    MICROSOFT_TENANT_ID,
    TENANT_DOMAIN,
    TENANT_ID,
)
from emulator.entra.permissions import ROLES, SCOPES, Permission
from emulator.entra.service_principals import new_resource

_FAR_FUTURE = "2299-12-31T00:00:00Z"


def seed(world: World) -> None:
    """Put both into an empty directory. The deployer's secret is public and does not end within any rehearsal."""
    directory = Directory(world)
    now = format_instant(world.clock.now())
    graph = {
        **new_resource(GRAPH_APP_ID, GRAPH_SERVICE_PRINCIPAL_ID, now),
        "appDisplayName": "Microsoft Graph",
        "appOwnerOrganizationId": MICROSOFT_TENANT_ID,
        "appRoles": [_role(role) for role in ROLES],
        "displayName": "Microsoft Graph",
        "oauth2PermissionScopes": [_scope(scope) for scope in SCOPES],
        "replyUrls": [],
        "samlMetadataUrl": None,
        "servicePrincipalNames": [GRAPH_APP_ID, GRAPH_PUBLIC_URL],
        "signInAudience": application_rules.ORGANISATIONS,
    }
    directory.save(DirectoryObject(SERVICE_PRINCIPAL, GRAPH_SERVICE_PRINCIPAL_ID, graph))
    fixed: Document = {
        "id": DEPLOYER_OBJECT_ID,
        "deletedDateTime": None,
        "appId": DEPLOYER_APP_ID,
        "createdDateTime": now,
        "publisherDomain": TENANT_DOMAIN,
    }
    resource = application_rules.created({"displayName": "Deployer"}, fixed)
    resource["passwordCredentials"] = [
        {
            "customKeyIdentifier": None,
            "displayName": "Rehearsals",
            "endDateTime": _FAR_FUTURE,
            "hint": DEPLOYER_SECRET[:3],
            "keyId": DEPLOYER_KEY_ID,
            "secretText": None,
            "startDateTime": "2000-01-01T00:00:00Z",
        }
    ]
    secret = {"hash": client_secrets.hash_of(DEPLOYER_SECRET), "usable_at": "2000-01-01T00:00:00Z"}
    directory.save(DirectoryObject(APPLICATION, DEPLOYER_OBJECT_ID, resource, secrets={DEPLOYER_KEY_ID: secret}))
    principal = {**new_resource(DEPLOYER_APP_ID, DEPLOYER_SERVICE_PRINCIPAL_ID, now), "displayName": "Deployer"}
    directory.save(DirectoryObject(SERVICE_PRINCIPAL, DEPLOYER_SERVICE_PRINCIPAL_ID, principal))


def environment(world: World) -> dict[str, str]:
    """Variables that make azuread and this project's programs talk to the emulator as the seeded deployer."""
    return {
        "ARM_METADATA_HOSTNAME": world.base_url.removeprefix("https://"),
        "ARM_TENANT_ID": TENANT_ID,
        "ARM_CLIENT_ID": DEPLOYER_APP_ID,
        "ARM_CLIENT_SECRET": DEPLOYER_SECRET,
    }


RIVALS: tuple[str, ...] = (
    "ARM_CLIENT_CERTIFICATE",
    "ARM_CLIENT_CERTIFICATE_PASSWORD",
    "ARM_CLIENT_CERTIFICATE_PATH",
    "ARM_CLIENT_ID_FILE_PATH",
    "ARM_CLIENT_SECRET_FILE_PATH",
    "ARM_ENVIRONMENT",
    "ARM_MSI_ENDPOINT",
    "ARM_OIDC_REQUEST_TOKEN",
    "ARM_OIDC_REQUEST_URL",
    "ARM_OIDC_TOKEN",
    "ARM_OIDC_TOKEN_FILE_PATH",
    "ARM_USE_AKS_WORKLOAD_IDENTITY",
    "ARM_USE_MSI",
    "ARM_USE_OIDC",
)
"""Variables that must not be set beside those of ``environment``: a certificate wins over the secret, another name or
secret contradicts it, and an environment that the plugin does not know is refused before anything is asked (provider
source). The other ways to log in come after the secret, and only look as if they were used."""


def _scope(permission: Permission) -> dict[str, Any]:
    return {
        "adminConsentDescription": f"Allows the app {permission.value} on behalf of the signed-in user.",
        "adminConsentDisplayName": permission.value,
        "id": permission.id,
        "isEnabled": True,
        "type": "Admin" if permission.needs_admin else "User",
        "userConsentDescription": f"Allows the app {permission.value} on your behalf.",
        "userConsentDisplayName": permission.value,
        "value": permission.value,
    }


def _role(permission: Permission) -> dict[str, Any]:
    return {
        "allowedMemberTypes": ["Application"],
        "description": f"Allows the app {permission.value} without a signed-in user.",
        "displayName": permission.value,
        "id": permission.id,
        "isEnabled": True,
        "origin": "Application",
        "value": permission.value,
    }
