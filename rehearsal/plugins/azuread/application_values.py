"""An application in Graph's shape and in the plugin's.

Source: observed in ``internal/services/applications`` of hashicorp/terraform-provider-azuread as bundled with
pulumi-azuread 6.11.1, and its requests recorded.
"""

from __future__ import annotations

from typing import Any

from rehearsal.plugins.azuread.resource import in_set_order, or_null, text
from rehearsal.plugins.values import Props, Value


def application_body(inputs: Props) -> dict[str, Any]:
    """Every group of an application as the plugin writes it; what no component declares is empty."""
    web = inputs.get("web") or {}
    return {
        "api": {
            "acceptMappedClaims": False,
            "knownClientApplications": [],
            "oauth2PermissionScopes": [],
            "requestedAccessTokenVersion": (inputs.get("api") or {}).get("requestedAccessTokenVersion", 1),
        },
        "appRoles": [],
        "description": None,
        "displayName": inputs["displayName"],
        "groupMembershipClaims": None,
        "identifierUris": [],
        "info": {"marketingUrl": None, "privacyStatementUrl": None, "supportUrl": None, "termsOfServiceUrl": None},
        "isDeviceOnlyAuthSupported": False,
        "isFallbackPublicClient": False,
        "notes": or_null(inputs.get("notes")),
        "optionalClaims": {},
        "publicClient": {"redirectUris": []},
        "requiredResourceAccess": [
            {
                "resourceAccess": [
                    {"id": access["id"], "type": access["type"]} for access in resource.get("resourceAccesses") or []
                ],
                "resourceAppId": resource["resourceAppId"],
            }
            for resource in inputs.get("requiredResourceAccesses") or []
        ],
        "serviceManagementReference": None,
        "signInAudience": inputs.get("signInAudience", "AzureADMyOrg"),
        "spa": {"redirectUris": []},
        "tags": in_set_order(inputs.get("tags") or []),
        "web": {
            "homePageUrl": None,
            "implicitGrantSettings": {"enableAccessTokenIssuance": False, "enableIdTokenIssuance": False},
            "logoutUrl": None,
            "redirectUris": in_set_order(web.get("redirectUris") or [], ";"),
        },
    }


_FEATURE_TAGS = {
    "customSingleSignOn": "WindowsAzureActiveDirectoryCustomSingleSignOnApplication",
    "enterprise": "WindowsAzureActiveDirectoryIntegratedApp",
    "gallery": "WindowsAzureActiveDirectoryGalleryApplicationNonPrimaryV1",
    "hide": "HideApp",
}


def tags_as_feature_tags(tags: list[str]) -> list[Props]:
    """The feature tags that tags stand for."""
    present = {tag.lower() for tag in tags}
    return [{name: tag.lower() in present for name, tag in _FEATURE_TAGS.items()}]


def app_roles(roles: Value) -> list[Props]:
    """Graph's app roles in the provider's shape."""
    return [
        {
            "allowedMemberTypes": role.get("allowedMemberTypes") or [],
            "description": text(role.get("description")),
            "displayName": text(role.get("displayName")),
            "enabled": bool(role.get("isEnabled")),
            "id": text(role.get("id")),
            "value": text(role.get("value")),
        }
        for role in roles or []
    ]


def permission_scopes(scopes: Value) -> list[Props]:
    """Graph's delegated permissions in the provider's shape."""
    return [
        {
            "adminConsentDescription": text(scope.get("adminConsentDescription")),
            "adminConsentDisplayName": text(scope.get("adminConsentDisplayName")),
            "enabled": bool(scope.get("isEnabled")),
            "id": text(scope.get("id")),
            "type": text(scope.get("type")),
            "userConsentDescription": text(scope.get("userConsentDescription")),
            "userConsentDisplayName": text(scope.get("userConsentDisplayName")),
            "value": text(scope.get("value")),
        }
        for scope in scopes or []
    ]


def ids_by_value(items: Value) -> Props:
    """Permission names → ids; nameless ones are left out."""
    return {item["value"]: item["id"] for item in items or [] if item.get("value") and item.get("id")}


def application_outputs(found: dict[str, Any]) -> Props:
    """Graph's application in the provider's shape, without what further requests tell."""
    api = found.get("api")
    info = found.get("info") or {}
    web = found.get("web")
    claims = found.get("groupMembershipClaims")
    return {
        "api": None if api is None else _api_outputs(api),
        "appRoleIds": ids_by_value(found.get("appRoles")),
        "appRoles": app_roles(found.get("appRoles")),
        "clientId": text(found.get("appId")),
        "description": text(found.get("description")),
        "deviceOnlyAuthEnabled": bool(found.get("isDeviceOnlyAuthSupported")),
        "disabledByMicrosoft": text(found.get("disabledByMicrosoftStatus")),
        "displayName": text(found.get("displayName")),
        "fallbackPublicClientEnabled": bool(found.get("isFallbackPublicClient")),
        "featureTags": tags_as_feature_tags(found.get("tags") or []),
        "groupMembershipClaims": sorted(claim.strip() for claim in claims.split(",")) if claims else [],
        "identifierUris": sorted(found.get("identifierUris") or []),
        "logoUrl": text(info.get("logoUrl")),
        "marketingUrl": text(info.get("marketingUrl")),
        "notes": text(found.get("notes")),
        "oauth2PermissionScopeIds": ids_by_value((api or {}).get("oauth2PermissionScopes")),
        "objectId": text(found.get("id")),
        "optionalClaims": _claims_outputs(found.get("optionalClaims")),
        "privacyStatementUrl": text(info.get("privacyStatementUrl")),
        "publicClient": _uris_outputs(found.get("publicClient")),
        "publisherDomain": text(found.get("publisherDomain")),
        "requiredResourceAccesses": [
            {
                "resourceAccesses": [
                    {"id": text(access.get("id")), "type": text(access.get("type"))}
                    for access in resource.get("resourceAccess") or []
                ],
                "resourceAppId": text(resource.get("resourceAppId")),
            }
            for resource in found.get("requiredResourceAccess") or []
        ],
        "serviceManagementReference": text(found.get("serviceManagementReference")),
        "signInAudience": text(found.get("signInAudience")),
        "singlePageApplication": _uris_outputs(found.get("spa")),
        "supportUrl": text(info.get("supportUrl")),
        "tags": sorted(found.get("tags") or []),
        "templateId": text(found.get("applicationTemplateId")),
        "termsOfServiceUrl": text(info.get("termsOfServiceUrl")),
        "web": None if web is None else _web_outputs(web),
    }


def _api_outputs(api: dict[str, Any]) -> Props:
    return {
        "knownClientApplications": sorted(api.get("knownClientApplications") or []),
        "mappedClaimsEnabled": bool(api.get("acceptMappedClaims")),
        "oauth2PermissionScopes": permission_scopes(api.get("oauth2PermissionScopes")),
        "requestedAccessTokenVersion": api.get("requestedAccessTokenVersion") or 1,
    }


def _uris_outputs(platform: Value) -> Props | None:
    return None if platform is None else {"redirectUris": sorted(platform.get("redirectUris") or [])}


def _web_outputs(web: dict[str, Any]) -> Props:
    grant = web.get("implicitGrantSettings")
    return {
        "homepageUrl": text(web.get("homePageUrl")),
        "implicitGrant": None
        if grant is None
        else {
            "accessTokenIssuanceEnabled": bool(grant.get("enableAccessTokenIssuance")),
            "idTokenIssuanceEnabled": bool(grant.get("enableIdTokenIssuance")),
        },
        "logoutUrl": text(web.get("logoutUrl")),
        "redirectUris": sorted(web.get("redirectUris") or []),
    }


def _claims_outputs(claims: Value) -> Props | None:
    if claims is None:
        return None
    names = {"accessTokens": "accessToken", "idTokens": "idToken", "saml2Tokens": "saml2Token"}
    return {
        name: [
            {
                "additionalProperties": claim.get("additionalProperties") or [],
                "essential": bool(claim.get("essential")),
                "name": text(claim.get("name")),
                "source": text(claim.get("source")),
            }
            for claim in claims.get(graph_name) or []
        ]
        for name, graph_name in names.items()
    }
