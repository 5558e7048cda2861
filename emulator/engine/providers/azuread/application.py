"""``azuread:index/application:Application``.

Source: observed in ``internal/services/applications`` of hashicorp/terraform-provider-azuread as bundled with
pulumi-azuread 6.11.1, and its requests recorded. The ``password`` block, logos and templates are refused.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from emulator.engine.providers.azuread import validation as rule
from emulator.engine.providers.azuread.graph import GraphError, Patience
from emulator.engine.providers.azuread.resource import (
    AzureAdResource,
    Created,
    OperationError,
    is_gone,
    or_null,
    poll,
    text,
)
from emulator.engine.providers.azuread.schema import Field, Schema
from emulator.engine.providers.base import CheckFailure
from emulator.engine.values import Props, Value, contains_unknown

_PERSONAL_AUDIENCES = ("AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount")
_AUDIENCES = ("AzureADMyOrg", "AzureADMultipleOrgs", *_PERSONAL_AUDIENCES)
_FOR_PERSONAL = 'when `sign_in_audience` is "AzureADandPersonalMicrosoftAccount" or "PersonalMicrosoftAccount"'
_UNMODELLED = ("password", "logoImage", "templateId")
_PREFIX = "/applications/"
_MAX_OWNERS_AT_CREATION = 20
_ODATA_TYPE = {"@odata.type": "#microsoft.graph.application"}

_REDIRECT_URIS = {"redirectUris": Field("set")}
_CLAIM = Field(
    "blocks",
    fields={
        "name": Field(required=True),
        "essential": Field("bool"),
        "source": Field(),
        "additionalProperties": Field("list"),
    },
)
_PERMISSION_SCOPE = {
    "adminConsentDescription": Field(),
    "adminConsentDisplayName": Field(),
    "enabled": Field("bool", default=True),
    "id": Field(required=True),
    "type": Field(default="User"),
    "userConsentDescription": Field(),
    "userConsentDisplayName": Field(),
    "value": Field(),
}
_APP_ROLE = {
    "allowedMemberTypes": Field("set", required=True),
    "description": Field(required=True),
    "displayName": Field(required=True),
    "enabled": Field("bool", default=True),
    "id": Field(required=True),
    "value": Field(),
}
FEATURE_TAGS = Field(
    "blocks",
    computed=True,
    fields={name: Field("bool") for name in ("customSingleSignOn", "enterprise", "gallery", "hide")},
)
_ACCESS = Field("blocks", fields={"id": Field(required=True), "type": Field(required=True)})

SCHEMA = Schema(
    version=2,
    timeouts_s={"create": 600, "delete": 300, "read": 300, "update": 600},
    fields={
        "api": Field(
            "block",
            fields={
                "knownClientApplications": Field("set"),
                "mappedClaimsEnabled": Field("bool"),
                "oauth2PermissionScopes": Field("block_set", fields=_PERMISSION_SCOPE),
                "requestedAccessTokenVersion": Field("int", default=1),
            },
        ),
        "appRoleIds": Field("map", computed=True, input=False),
        "appRoles": Field("block_set", fields=_APP_ROLE),
        "clientId": Field(computed=True, input=False),
        "description": Field(),
        "deviceOnlyAuthEnabled": Field("bool"),
        "disabledByMicrosoft": Field(computed=True, input=False),
        "displayName": Field(required=True),
        "fallbackPublicClientEnabled": Field("bool"),
        "featureTags": FEATURE_TAGS,
        "groupMembershipClaims": Field("set"),
        "identifierUris": Field("set"),
        "logoImage": Field(),
        "logoUrl": Field(computed=True, input=False),
        "marketingUrl": Field(),
        "notes": Field(),
        "oauth2PermissionScopeIds": Field("map", computed=True, input=False),
        "oauth2PostResponseRequired": Field("bool"),
        "objectId": Field(computed=True, input=False),
        "optionalClaims": Field("block", fields={"accessTokens": _CLAIM, "idTokens": _CLAIM, "saml2Tokens": _CLAIM}),
        "owners": Field("set"),
        "password": Field("block"),
        "preventDuplicateNames": Field("bool", default=False),
        "privacyStatementUrl": Field(),
        "publicClient": Field("block", fields=_REDIRECT_URIS),
        "publisherDomain": Field(computed=True, input=False),
        "requiredResourceAccesses": Field(
            "block_set", fields={"resourceAccesses": _ACCESS, "resourceAppId": Field(required=True)}
        ),
        "serviceManagementReference": Field(),
        "signInAudience": Field(default="AzureADMyOrg"),
        "singlePageApplication": Field("block", fields=_REDIRECT_URIS),
        "supportUrl": Field(),
        "tags": Field("set", computed=True),
        "templateId": Field(computed=True, forces_new=True),
        "termsOfServiceUrl": Field(),
        "web": Field(
            "block",
            fields={
                "homepageUrl": Field(),
                "implicitGrant": Field(
                    "block",
                    fields={
                        "accessTokenIssuanceEnabled": Field("bool"),
                        "idTokenIssuanceEnabled": Field("bool"),
                    },
                ),
                "logoutUrl": Field(),
                "redirectUris": Field("set"),
            },
        ),
    },
)


def object_id_of(resource_id: str) -> str:
    """The bare UUID of ``/applications/<uuid>``."""
    return resource_id.removeprefix(_PREFIX)


class Application(AzureAdResource):
    """An app registration with its redirect URIs, permissions and owners."""

    schema = SCHEMA

    # --- checks

    def rules(self, inputs: Props, name: str) -> Iterable[CheckFailure]:
        """The plugin's checks of single values, and what is not modelled."""
        for key in _UNMODELLED:
            if inputs.get(key) is not None:
                yield CheckFailure(
                    "", f"{key} is not modelled by the embedded engine. Examine values at '{name}.{key}'."
                )
        api = inputs.get("api") if isinstance(inputs.get("api"), dict) else {}
        values: list[tuple[Value, str, str, rule.Rule]] = [
            (inputs.get("displayName"), "display_name", f"{name}.displayName", rule.is_not_empty),
            (inputs.get("notes"), "notes", f"{name}.notes", rule.is_not_empty),
            (inputs.get("signInAudience"), "sign_in_audience", f"{name}.signInAudience", rule.one_of(*_AUDIENCES)),
            (
                (api or {}).get("requestedAccessTokenVersion"),
                "api.0.requested_access_token_version",
                f"{name}.api.requestedAccessTokenVersion",
                rule.is_token_version,
            ),
        ]
        values += _each(inputs.get("owners"), "owners", f"{name}.owners", rule.is_uuid)
        values += _redirect_uris(inputs, name)
        values += _accesses(inputs.get("requiredResourceAccesses"), name)
        yield from rule.failures(values)

    def validate_plan(self, plan: Props, prior: Props | None, patience: Patience) -> None:
        """Duplicate names, and what an audience with personal accounts demands."""
        self._refuse_duplicate(plan, prior, patience)
        if plan.get("signInAudience") not in _PERSONAL_AUDIENCES:
            return
        api = plan.get("api")
        version = api.get("requestedAccessTokenVersion") if isinstance(api, dict) else 1
        if not contains_unknown(version) and version != 2:
            raise OperationError(f"`requested_access_token_version` must be 2 {_FOR_PERSONAL}")
        uris = [_uris_of(plan, platform) for platform in ("publicClient", "singlePageApplication", "web")]
        if any(len(platform) > 100 for platform in uris):
            raise OperationError(f"`redirect_uris` must have no more than 100 URIs {_FOR_PERSONAL}")
        if any("*" in urlsplit(str(uri)).netloc for platform in uris for uri in platform):
            raise OperationError(f"`redirect_uris` having wildcard hosts are not supported {_FOR_PERSONAL}")
        identifiers = plan.get("identifierUris")
        if isinstance(identifiers, list) and len(identifiers) > 50:
            raise OperationError(f"`identifier_uris` must have no more than 50 URIs {_FOR_PERSONAL}")
        _validate_permissions(plan.get("requiredResourceAccesses"))

    def _refuse_duplicate(self, plan: Props, prior: Props | None, patience: Patience) -> None:
        name = plan.get("displayName")
        if not plan.get("preventDuplicateNames") or contains_unknown(name) or not name:
            return
        if prior is not None and prior.get("displayName") == name:
            return
        for found in self.graph.list("/applications", patience, {"$filter": f"displayName eq '{name}'"}):
            if found.get("displayName") == name:
                raise OperationError(
                    f'An existing "azuread_application" with name "{name}" (ID: "{found["id"]}") was found and '
                    "`prevent_duplicate_names` was specified. To be managed via Terraform, this resource needs to be "
                    'imported into the State. Please see the resource documentation for "azuread_application" for more '
                    "information."
                )

    # --- requests

    def create(self, inputs: Props, patience: Patience) -> tuple[str, Props]:
        """POST, then two PATCHes of the display name, which tell whether the new object can be written yet."""
        caller = self.graph.caller.object_id
        owners = [owner for owner in inputs.get("owners") or [] if owner.lower() != caller.lower()]
        first = [caller, *owners[: _MAX_OWNERS_AT_CREATION - 1]]
        body = {**_ODATA_TYPE, **_body(inputs), "owners@odata.bind": [self._reference(owner) for owner in first]}
        maps_claims = body["api"]["acceptMappedClaims"]
        if maps_claims:
            del body["api"]["acceptMappedClaims"]
        try:
            created = self.graph.request("POST", "/applications", patience, body=body)
        except GraphError as error:
            raise OperationError("Could not create application", error) from None
        object_id = text((created or {}).get("id"))
        if not object_id:
            raise OperationError("Object ID returned for application is nil/empty", "bad API response")
        resource_id = _PREFIX + object_id
        try:
            self._finish_creation(object_id, inputs, maps_claims, owners[_MAX_OWNERS_AT_CREATION - 1 :], patience)
            outputs = self.read(resource_id, {}, patience)
        except (OperationError, GraphError) as error:
            cause = error if isinstance(error, OperationError) else OperationError(str(error))
            raise Created(resource_id, cause) from None
        if outputs is None:
            raise OperationError("the application was created but is not there")
        return resource_id, outputs

    def _finish_creation(
        self, object_id: str, inputs: Props, maps_claims: bool, more_owners: list[str], patience: Patience
    ) -> None:
        path = f"/applications/{object_id}"
        for name in (f"TERRAFORM_UPDATE_{uuid.uuid4()}", inputs["displayName"]):
            try:
                self.graph.request(
                    "PATCH", path, patience, body={**_ODATA_TYPE, "displayName": name}, retry=_retries_update
                )
            except GraphError as error:
                if is_gone(error):
                    raise OperationError(
                        "Timed out whilst waiting for new application to be replicated in Azure AD", error
                    ) from None
                raise OperationError(
                    f'Failed to patch application with object ID "{object_id}" after creating', error
                ) from None
        if inputs.get("oauth2PostResponseRequired") is not None:
            self._set_post_response(object_id, inputs, patience)
        if maps_claims:
            api = {key: value for key, value in _body(inputs)["api"].items() if value is not None}
            self._sent(
                "PATCH",
                path,
                {**_ODATA_TYPE, "api": api},
                patience,
                "Failed to patch application after creating to set `api.0.mapped_claims_enabled` property",
            )
        for owner in more_owners:
            self._add_owner(object_id, owner, patience)
        caller = self.graph.caller.object_id
        if caller.lower() not in [owner.lower() for owner in inputs.get("owners") or []]:
            self._sent(
                "DELETE",
                f"{path}/owners/{caller}/$ref",
                None,
                patience,
                f'Could not remove initial owner from application with object ID: "{object_id}"',
            )

    def _sent(self, method: str, path: str, body: dict[str, Any] | None, patience: Patience, summary: str) -> None:
        try:
            self.graph.request(method, path, patience, body=body)
        except GraphError as error:
            raise OperationError(summary, error) from None

    def _set_post_response(self, object_id: str, inputs: Props, patience: Patience) -> None:
        body = {**_ODATA_TYPE, "oauth2RequirePostResponse": bool(inputs.get("oauth2PostResponseRequired"))}
        try:
            self.graph.request("PATCH", f"/applications/{object_id}", patience, body=body, version="beta")
        except GraphError as error:
            raise OperationError(
                f"Failed to set `oauth2_post_response_required` for {_described(object_id)}", error
            ) from None

    def _reference(self, object_id: str) -> str:
        return self.graph.url(f"/directoryObjects/{object_id}")

    def _add_owner(self, object_id: str, owner: str, patience: Patience) -> None:
        self._sent(
            "POST",
            f"/applications/{object_id}/owners/$ref",
            {"@odata.id": self._reference(owner)},
            patience,
            f'Could not add owners to application with object ID: "{object_id}"',
        )

    def update(self, resource_id: str, inputs: Props, prior: Props, keys: frozenset[str], patience: Patience) -> Props:
        """One PATCH with every scalar group, collections only if they changed; then the owners."""
        object_id = object_id_of(resource_id)
        body = _body({**inputs, "tags": inputs.get("tags", prior.get("tags"))})
        for group, key in (
            ("appRoles", "appRoles"),
            ("identifierUris", "identifierUris"),
            ("optionalClaims", "optionalClaims"),
            ("requiredResourceAccess", "requiredResourceAccesses"),
        ):
            if key not in keys:
                del body[group]
        if "api" not in keys or body["api"]["oauth2PermissionScopes"] == _scopes(prior.get("api")):
            del body["api"]["oauth2PermissionScopes"]
        with self.locks.of(object_id):
            self._sent(
                "PATCH",
                f"/applications/{object_id}",
                {**_ODATA_TYPE, **body},
                patience,
                f'Could not update application with object ID: "{object_id}"',
            )
            if "oauth2PostResponseRequired" in keys:
                self._set_post_response(object_id, inputs, patience)
            if "owners" in keys:
                self._update_owners(object_id, inputs.get("owners") or [], patience)
        outputs = self.read(resource_id, prior, patience)
        if outputs is None:
            raise OperationError("the application is gone")
        return outputs

    def _update_owners(self, object_id: str, wanted: list[str], patience: Patience) -> None:
        present = self._owners(object_id, patience)
        for owner in wanted:
            if owner not in present:
                self._add_owner(object_id, owner, patience)
        for owner in present:
            if owner not in wanted:
                self._sent(
                    "DELETE",
                    f"/applications/{object_id}/owners/{owner}/$ref",
                    None,
                    patience,
                    f'Could not add owners to application with object ID: "{object_id}"',
                )

    def _owners(self, object_id: str, patience: Patience) -> list[str]:
        try:
            return [text(item.get("id")) for item in self.graph.list(f"/applications/{object_id}/owners", patience)]
        except GraphError as error:
            raise OperationError(f"Could not retrieve owners for {_described(object_id)}", error) from None

    def read(self, resource_id: str, prior: Props, patience: Patience) -> Props | None:
        """Three GETs: the object, one property of its beta form, its owners."""
        object_id = object_id_of(resource_id)
        try:
            found = self.graph.request("GET", f"/applications/{object_id}", patience)
        except GraphError as error:
            if is_gone(error):
                return None
            raise OperationError(f"Retrieving {_described(object_id)}", error) from None
        try:
            beta = self.graph.request(
                "GET",
                f"/applications/{object_id}",
                patience,
                query={"$select": "oauth2RequirePostResponse"},
                version="beta",
            )
        except GraphError as error:
            raise OperationError(f"Retrieving additional properties for {_described(object_id)}", error) from None
        outputs = application_outputs(found or {})
        outputs["oauth2PostResponseRequired"] = bool((beta or {}).get("oauth2RequirePostResponse"))
        outputs["owners"] = sorted(self._owners(object_id, patience))
        outputs["preventDuplicateNames"] = bool(prior.get("preventDuplicateNames"))
        outputs["logoImage"] = ""
        outputs["password"] = None
        return outputs

    def delete(self, resource_id: str, prior: Props, patience: Patience) -> None:
        """DELETE, then GET until it is not found."""
        object_id = object_id_of(resource_id)
        path = f"/applications/{object_id}"
        self._sent("DELETE", path, None, patience, f"deleting {_described(object_id)}")

        def look() -> bool | None:
            try:
                self.graph.request("GET", path, patience)
            except GraphError as error:
                if is_gone(error):
                    return True
                raise OperationError(
                    f'Waiting for deletion of application with object ID "{object_id}"', error
                ) from None
            return None

        poll(patience, look, f'Waiting for deletion of application with object ID "{object_id}"')


def _described(object_id: str) -> str:
    return f'Application (Application: "{object_id}")'


def _retries_update(status: int, message: str) -> bool:
    return status in (404, 409) or (status == 400 and "disabled first" in message)


# --- values → requests


def _each(values: Value, path: str, shown: str, check: rule.Rule) -> list[tuple[Value, str, str, rule.Rule]]:
    if not isinstance(values, list):
        return []
    return [(value, f"{path}.{index}", shown, check) for index, value in enumerate(values)]


def _redirect_uris(inputs: Props, name: str) -> list[tuple[Value, str, str, rule.Rule]]:
    platforms = {
        "web": ("web", rule.redirect_uri(allows_urn=True, allows_all_schemes=False)),
        "singlePageApplication": (
            "single_page_application",
            rule.redirect_uri(allows_urn=False, allows_all_schemes=False),
        ),
        "publicClient": ("public_client", rule.redirect_uri(allows_urn=True, allows_all_schemes=True)),
    }
    values = []
    for platform, (path, check) in platforms.items():
        uris = _uris_of(inputs, platform)
        values += _each(uris, f"{path}.0.redirect_uris", f"{name}.{platform}.redirectUris", check)
    return values


def _uris_of(props: Props, platform: str) -> list[Value]:
    block = props.get(platform)
    uris = block.get("redirectUris") if isinstance(block, dict) else None
    return uris if isinstance(uris, list) else []


def _accesses(resources: Value, name: str) -> list[tuple[Value, str, str, rule.Rule]]:
    if not isinstance(resources, list):
        return []
    shown = f"{name}.requiredResourceAccesses"
    values: list[tuple[Value, str, str, rule.Rule]] = []
    for index, resource in enumerate(resources):
        accesses = resource.get("resourceAccesses") if isinstance(resource, dict) else None
        for position, access in enumerate(accesses if isinstance(accesses, list) else []):
            if isinstance(access, dict):
                path = f"required_resource_access.{index}.resource_access.{position}"
                values.append((access.get("id"), f"{path}.id", shown, rule.is_uuid))
                values.append((access.get("type"), f"{path}.type", shown, rule.one_of("Role", "Scope")))
    return values


def _validate_permissions(resources: Value) -> None:
    if not isinstance(resources, list) or contains_unknown(resources):
        return
    counts = [len(resource.get("resourceAccesses") or []) for resource in resources]
    if len(counts) > 50:
        raise OperationError(f"maximum of 50 `required_resource_access` blocks are supported {_FOR_PERSONAL}")
    if any(count > 30 for count in counts):
        raise OperationError(
            "maximum of 30 `resource_access` blocks for each `required_resource_access` block are supported "
            f"{_FOR_PERSONAL}"
        )
    if sum(counts) > 200:
        raise OperationError(f"maximum of 30 `resource_access` blocks per application are supported {_FOR_PERSONAL}")


def _body(inputs: Props) -> dict[str, Any]:
    """Every group of an application as the plugin writes it."""
    api = inputs.get("api") or {}
    web = inputs.get("web") or {}
    grant = web.get("implicitGrant") or {}
    tags = inputs.get("tags")
    if inputs.get("featureTags"):
        tags = feature_tags_as_tags(inputs["featureTags"])
    return {
        "api": {
            "acceptMappedClaims": bool(api.get("mappedClaimsEnabled")),
            "knownClientApplications": api.get("knownClientApplications") or [],
            "oauth2PermissionScopes": _scopes(api),
            "requestedAccessTokenVersion": api.get("requestedAccessTokenVersion", 1),
        },
        "appRoles": [_app_role(role) for role in inputs.get("appRoles") or []],
        "description": or_null(inputs.get("description")),
        "displayName": inputs["displayName"],
        "groupMembershipClaims": or_null(",".join(inputs.get("groupMembershipClaims") or [])),
        "identifierUris": inputs.get("identifierUris") or [],
        "info": {
            "marketingUrl": or_null(inputs.get("marketingUrl")),
            "privacyStatementUrl": or_null(inputs.get("privacyStatementUrl")),
            "supportUrl": or_null(inputs.get("supportUrl")),
            "termsOfServiceUrl": or_null(inputs.get("termsOfServiceUrl")),
        },
        "isDeviceOnlyAuthSupported": bool(inputs.get("deviceOnlyAuthEnabled")),
        "isFallbackPublicClient": bool(inputs.get("fallbackPublicClientEnabled")),
        "notes": or_null(inputs.get("notes")),
        "optionalClaims": _optional_claims(inputs.get("optionalClaims")),
        "publicClient": {"redirectUris": _uris_of(inputs, "publicClient")},
        "requiredResourceAccess": [
            {
                "resourceAccess": [
                    {"id": access["id"], "type": access["type"]} for access in resource.get("resourceAccesses") or []
                ],
                "resourceAppId": resource["resourceAppId"],
            }
            for resource in inputs.get("requiredResourceAccesses") or []
        ],
        "serviceManagementReference": or_null(inputs.get("serviceManagementReference")),
        "signInAudience": inputs.get("signInAudience", "AzureADMyOrg"),
        "spa": {"redirectUris": _uris_of(inputs, "singlePageApplication")},
        "tags": tags or [],
        "web": {
            "homePageUrl": or_null(web.get("homepageUrl")),
            "implicitGrantSettings": {
                "enableAccessTokenIssuance": bool(grant.get("accessTokenIssuanceEnabled")),
                "enableIdTokenIssuance": bool(grant.get("idTokenIssuanceEnabled")),
            },
            "logoutUrl": or_null(web.get("logoutUrl")),
            "redirectUris": web.get("redirectUris") or [],
        },
    }


def _scopes(api: Value) -> list[dict[str, Any]]:
    scopes = (api or {}).get("oauth2PermissionScopes") or []
    return [
        {
            "adminConsentDescription": text(scope.get("adminConsentDescription")),
            "adminConsentDisplayName": text(scope.get("adminConsentDisplayName")),
            "id": scope["id"],
            "isEnabled": scope.get("enabled", True),
            "type": scope.get("type", "User"),
            "userConsentDescription": text(scope.get("userConsentDescription")),
            "userConsentDisplayName": text(scope.get("userConsentDisplayName")),
            "value": text(scope.get("value")),
        }
        for scope in scopes
    ]


def _app_role(role: Props) -> dict[str, Any]:
    return {
        "allowedMemberTypes": role.get("allowedMemberTypes") or [],
        "description": role["description"],
        "displayName": role["displayName"],
        "id": role["id"],
        "isEnabled": role.get("enabled", True),
        "value": text(role.get("value")),
    }


def _optional_claims(claims: Value) -> dict[str, Any]:
    names = {"accessTokens": "accessToken", "idTokens": "idToken", "saml2Tokens": "saml2Token"}
    return {
        graph_name: [_claim(claim) for claim in claims.get(name) or []] for name, graph_name in names.items() if claims
    }


def _claim(claim: Props) -> dict[str, Any]:
    body = {
        "additionalProperties": claim.get("additionalProperties") or [],
        "essential": bool(claim.get("essential")),
        "name": claim["name"],
    }
    return {**body, "source": claim["source"]} if claim.get("source") else body


_FEATURE_TAGS = {
    "customSingleSignOn": "WindowsAzureActiveDirectoryCustomSingleSignOnApplication",
    "enterprise": "WindowsAzureActiveDirectoryIntegratedApp",
    "gallery": "WindowsAzureActiveDirectoryGalleryApplicationNonPrimaryV1",
    "hide": "HideApp",
}


def feature_tags_as_tags(blocks: list[Props]) -> list[str]:
    """The tags that feature tags stand for."""
    return [tag for name, tag in _FEATURE_TAGS.items() if blocks and blocks[0].get(name)]


# --- answers → values


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
