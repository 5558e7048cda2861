"""An application's properties: shape, how changes merge, and the rules of each sign-in audience."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

from emulator.core.store import Document
from emulator.entra import graph_errors, redirect_uris
from emulator.entra.ids import is_uuid

ORGANISATION = "AzureADMyOrg"
ORGANISATIONS = "AzureADMultipleOrgs"
EVERYBODY = "AzureADandPersonalMicrosoftAccount"
PERSONAL = "PersonalMicrosoftAccount"
AUDIENCES = (ORGANISATION, ORGANISATIONS, EVERYBODY, PERSONAL)

MAX_SECRETS_WITH_PERSONAL_ACCOUNTS = 2
MAX_DISPLAY_NAME = 120
MAX_DISPLAY_NAME_WITH_PERSONAL_ACCOUNTS = 90
MAX_IDENTIFIER_URIS_WITH_PERSONAL_ACCOUNTS = 50
MAX_IDENTIFIER_URI_WITH_PERSONAL_ACCOUNTS = 120
MAX_PERMISSIONS_WITH_PERSONAL_ACCOUNTS = 200
MAX_PERMISSIONS_OF_ONE_API_WITH_PERSONAL_ACCOUNTS = 30
MAX_NOTES = 1024

_DEFAULTS: Document = {
    "addIns": [],
    "api": {
        "acceptMappedClaims": None,
        "knownClientApplications": [],
        "requestedAccessTokenVersion": None,
        "oauth2PermissionScopes": [],
        "preAuthorizedApplications": [],
    },
    "applicationTemplateId": None,
    "appRoles": [],
    "defaultRedirectUri": None,
    "description": None,
    "disabledByMicrosoftStatus": None,
    "groupMembershipClaims": None,
    "identifierUris": [],
    "info": {
        "logoUrl": None,
        "marketingUrl": None,
        "privacyStatementUrl": None,
        "supportUrl": None,
        "termsOfServiceUrl": None,
    },
    "isDeviceOnlyAuthSupported": None,
    "isFallbackPublicClient": None,
    "keyCredentials": [],
    "notes": None,
    "oauth2RequirePostResponse": False,
    "optionalClaims": None,
    "parentalControlSettings": {"countriesBlockedForMinors": [], "legalAgeGroupRule": "Allow"},
    "passwordCredentials": [],
    "publicClient": {"redirectUris": []},
    "requiredResourceAccess": [],
    "samlMetadataUrl": None,
    "serviceManagementReference": None,
    "signInAudience": ORGANISATION,
    "spa": {"redirectUris": []},
    "tags": [],
    "tokenEncryptionKeyId": None,
    "web": {
        "homePageUrl": None,
        "logoutUrl": None,
        "redirectUris": [],
        "implicitGrantSettings": {"enableAccessTokenIssuance": False, "enableIdTokenIssuance": False},
    },
}
_TEXT = {
    "applicationTemplateId",
    "defaultRedirectUri",
    "description",
    "groupMembershipClaims",
    "info.logoUrl",
    "info.marketingUrl",
    "info.privacyStatementUrl",
    "info.supportUrl",
    "info.termsOfServiceUrl",
    "notes",
    "parentalControlSettings.legalAgeGroupRule",
    "serviceManagementReference",
    "signInAudience",
    "tokenEncryptionKeyId",
    "web.homePageUrl",
    "web.logoutUrl",
}
_TYPES: dict[str, type] = {
    **dict.fromkeys(_TEXT, str),
    "api.acceptMappedClaims": bool,
    "api.requestedAccessTokenVersion": int,
    "isDeviceOnlyAuthSupported": bool,
    "isFallbackPublicClient": bool,
    "oauth2RequirePostResponse": bool,
    "optionalClaims": dict,
    "web.implicitGrantSettings.enableAccessTokenIssuance": bool,
    "web.implicitGrantSettings.enableIdTokenIssuance": bool,
}
"""Of every property that is neither an object of ``_DEFAULTS`` nor a list."""
_OBJECTS_IN = {
    "addIns",
    "api.oauth2PermissionScopes",
    "api.preAuthorizedApplications",
    "appRoles",
    "keyCredentials",
    "requiredResourceAccess",
}
"""Lists of objects; all others are lists of texts."""
_READ_ONLY = {
    "appId",
    "createdDateTime",
    "deletedDateTime",
    "disabledByMicrosoftStatus",
    "publisherDomain",
    "samlMetadataUrl",
}
_OUTSIDE_THE_MODEL = {"addIns", "keyCredentials", "tokenEncryptionKeyId"}


def has_personal_accounts(resource: Document) -> bool:
    """Whether the audience includes personal Microsoft accounts, which brings the narrower limits."""
    return resource["signInAudience"] in (EVERYBODY, PERSONAL)


def created(body: Document, fixed: Document) -> Document:
    """The resource of a new application: a POST body over the defaults, plus what the service sets itself (``fixed``).

    Raises ``GraphError`` as ``changed`` does.
    """
    if not body.get("displayName"):
        raise graph_errors.invalid_value("displayName")
    resource = {**fixed, "displayName": body["displayName"], **copy.deepcopy(_DEFAULTS)}
    return changed(resource, body)


def changed(resource: Document, body: Document) -> Document:
    """``resource`` after a PATCH: nested objects merge, arrays are replaced, null clears. Raises ``GraphError``.

    ``@odata.type`` and ``id`` are ignored (observed); unknown and read-only properties are refused, so that a client
    that writes something this emulator would lose is told.
    """
    result = copy.deepcopy(resource)
    for name, value in body.items():
        if name.startswith("@odata.") or name == "id":
            continue
        if name == "passwordCredentials":
            if (value or []) == result[name]:
                continue
            raise graph_errors.bad_request(
                "Property 'passwordCredentials' cannot be written; use the addPassword and removePassword actions."
            )
        if name in _READ_ONLY or (name in _OUTSIDE_THE_MODEL and value):
            raise graph_errors.bad_request(f"Property '{name}' is read-only and cannot be set.")
        if name != "displayName" and name not in _DEFAULTS:
            raise graph_errors.bad_request(f"Invalid property '{name}'.")
        result[name] = _merged(name, result.get(name), _DEFAULTS.get(name), value)
    _check(result)
    _require_disabled_first(resource["appRoles"], result["appRoles"])
    _require_disabled_first(resource["api"]["oauth2PermissionScopes"], result["api"]["oauth2PermissionScopes"])
    return result


def _merged(path: str, present: Any, default: Any, value: Any) -> Any:
    if value is None:
        return copy.deepcopy(default)
    if isinstance(default, dict):
        if not isinstance(value, dict):
            raise graph_errors.invalid_value(path)
        result = dict(present or default)
        for name, item in value.items():
            if name.startswith("@odata."):
                continue
            if name not in default:
                raise graph_errors.bad_request(f"Invalid property '{name}' of '{path}'.")
            result[name] = _merged(f"{path}.{name}", result.get(name), default[name], item)
        return result
    if isinstance(default, list):
        wanted = dict if path in _OBJECTS_IN else str
        if not isinstance(value, list) or not all(isinstance(item, wanted) for item in value):
            raise graph_errors.invalid_value(path)
    elif path in _TYPES and type(value) is not _TYPES[path]:
        raise graph_errors.invalid_value(path)
    return value


def _require_disabled_first(before: list[Document], after: list[Document]) -> None:
    """Roles and scopes may only go once they are disabled (text reported)."""
    kept = {item["id"] for item in after}
    if any(item.get("isEnabled", True) and item["id"] not in kept for item in before):
        raise graph_errors.GraphError(
            400,
            "CannotDeleteOrUpdateEnabledEntitlement",
            "Permission (scope or role) cannot be deleted or updated unless disabled first.",
        )


def _check(resource: Document) -> None:
    if resource["signInAudience"] not in AUDIENCES:
        raise graph_errors.invalid_value("signInAudience")
    personal = has_personal_accounts(resource)
    name = resource["displayName"]
    limit = MAX_DISPLAY_NAME_WITH_PERSONAL_ACCOUNTS if personal else MAX_DISPLAY_NAME
    if not isinstance(name, str) or not name.strip() or len(name) > limit:
        raise graph_errors.invalid_value("displayName")
    version = resource["api"]["requestedAccessTokenVersion"]
    if version not in (None, 1, 2) or (personal and version != 2):
        raise graph_errors.access_token_version_invalid()
    for property_name, items in (
        ("appRoles", resource["appRoles"]),
        ("api.oauth2PermissionScopes", resource["api"]["oauth2PermissionScopes"]),
    ):
        if not all(is_uuid(item.get("id")) for item in items):
            raise graph_errors.invalid_value(property_name)
    if len(resource["notes"] or "") > MAX_NOTES:
        raise graph_errors.invalid_value("notes")
    redirect_uris.check(resource, has_personal_accounts=personal)
    _check_permissions(resource["requiredResourceAccess"])
    if personal:
        _check_for_personal_accounts(resource)


def _check_permissions(access: list[Document]) -> None:
    for api in access:
        items = api.get("resourceAccess")
        if not isinstance(items, list) or not is_uuid(api.get("resourceAppId")):
            raise graph_errors.invalid_value("requiredResourceAccess")
        for item in items:
            if not isinstance(item, dict) or not is_uuid(item.get("id")) or item.get("type") not in ("Scope", "Role"):
                raise graph_errors.invalid_value("requiredResourceAccess.resourceAccess")
    apis = Counter(api["resourceAppId"].lower() for api in access)
    if any(times > 1 for times in apis.values()):
        raise graph_errors.invalid_value("requiredResourceAccess")


def _check_for_personal_accounts(resource: Document) -> None:
    """Limits of audiences with personal accounts (documented; their status is assumed)."""
    if resource["appRoles"]:
        raise graph_errors.bad_request("Application roles are not supported for applications with personal accounts.")
    uris = resource["identifierUris"]
    if len(uris) > MAX_IDENTIFIER_URIS_WITH_PERSONAL_ACCOUNTS:
        raise graph_errors.invalid_value("identifierUris")
    for uri in uris:
        if (
            len(uri) > MAX_IDENTIFIER_URI_WITH_PERSONAL_ACCOUNTS
            or uri.lower().startswith("urn:")
            or any(mark in uri for mark in "?#*")
        ):
            raise graph_errors.invalid_value("identifierUris")
    counts = [len(api["resourceAccess"]) for api in resource["requiredResourceAccess"]]
    if sum(counts) > MAX_PERMISSIONS_WITH_PERSONAL_ACCOUNTS or any(
        count > MAX_PERMISSIONS_OF_ONE_API_WITH_PERSONAL_ACCOUNTS for count in counts
    ):
        raise graph_errors.invalid_value("requiredResourceAccess")
    secrets = len(resource["passwordCredentials"])
    if secrets > MAX_SECRETS_WITH_PERSONAL_ACCOUNTS:
        raise graph_errors.bad_request(
            f"The application has {secrets} passwords; at most {MAX_SECRETS_WITH_PERSONAL_ACCOUNTS} are allowed for "
            "this sign-in audience."
        )
