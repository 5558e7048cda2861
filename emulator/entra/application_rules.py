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
AUDIENCES = (ORGANISATION, ORGANISATIONS, EVERYBODY)

MAX_SECRETS_WITH_PERSONAL_ACCOUNTS = 2
MAX_DISPLAY_NAME = 120
MAX_DISPLAY_NAME_WITH_PERSONAL_ACCOUNTS = 90
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
_TYPES: dict[str, type] = {
    "api.acceptMappedClaims": bool,
    "api.requestedAccessTokenVersion": int,
    "isDeviceOnlyAuthSupported": bool,
    "isFallbackPublicClient": bool,
}
"""Types of properties whose default is null and that are no strings."""
_NOT_MODELLED = {
    "addIns",
    "api.knownClientApplications",
    "api.oauth2PermissionScopes",
    "api.preAuthorizedApplications",
    "appRoles",
    "identifierUris",
    "keyCredentials",
    "optionalClaims",
    "publicClient.redirectUris",
    "spa.redirectUris",
    "tokenEncryptionKeyId",
}
"""Properties that a client may write only as empty: no component declares them, and nothing here would follow them."""
_READ_ONLY = {
    "appId",
    "createdDateTime",
    "deletedDateTime",
    "disabledByMicrosoftStatus",
    "publisherDomain",
    "samlMetadataUrl",
}


def has_personal_accounts(resource: Document) -> bool:
    """Whether the audience includes personal Microsoft accounts, which have narrower limits."""
    return bool(resource["signInAudience"] == EVERYBODY)


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

    ``@odata.type`` and ``id`` are ignored (observed). A property that is unknown, read-only or not modelled is refused,
    because the emulator would lose what the client wrote.
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
        if name in _READ_ONLY:
            raise graph_errors.bad_request(f"Property '{name}' is read-only and cannot be set.")
        if name != "displayName" and name not in _DEFAULTS:
            raise graph_errors.bad_request(f"Invalid property '{name}'.")
        result[name] = _merged(name, result.get(name), _DEFAULTS.get(name), value)
    _check(result)
    return result


def _merged(path: str, present: Any, default: Any, value: Any) -> Any:
    if path in _NOT_MODELLED and value:
        raise graph_errors.bad_request(f"The emulator does not model '{path}'.")
    if value is None or path in _NOT_MODELLED:
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
    wanted = _TYPES.get(path, str if default is None else type(default))
    if type(value) is not wanted:
        raise graph_errors.invalid_value(path)
    item_type = dict if path == "requiredResourceAccess" else str
    if isinstance(value, list) and not all(isinstance(item, item_type) for item in value):
        raise graph_errors.invalid_value(path)
    return value


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
