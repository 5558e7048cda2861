"""The properties of an application, and the plugin's checks of them.

Source: observed in ``internal/services/applications`` of hashicorp/terraform-provider-azuread as bundled with
pulumi-azuread 6.11.1.
"""

from __future__ import annotations

from collections.abc import Iterable

from rehearsal.plugins.azuread import validation as rule
from rehearsal.plugins.azuread.schema import Field, Schema
from rehearsal.plugins.contract import CheckFailure
from rehearsal.plugins.values import Props, Value

PERSONAL_AUDIENCES = ("AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount")
_AUDIENCES = ("AzureADMyOrg", "AzureADMultipleOrgs", *PERSONAL_AUDIENCES)
_ACCESS = Field("blocks", fields={"id": Field(required=True), "type": Field(required=True)})


def undeclared(kind: str = "string", *, computed: bool = False, forces_new: bool = False) -> Field:
    """An input of the plugin that no program here gives."""
    return Field(kind, computed=computed, forces_new=forces_new, declared=False)


SCHEMA = Schema(
    version=2,
    timeouts_s={"create": 600, "delete": 300, "read": 300, "update": 600},
    fields={
        "api": Field(
            "block",
            fields={
                "knownClientApplications": undeclared("set"),
                "mappedClaimsEnabled": undeclared("bool"),
                "oauth2PermissionScopes": undeclared("block_set"),
                "requestedAccessTokenVersion": Field("int", default=1),
            },
        ),
        "appRoleIds": Field("map", computed=True, input=False),
        "appRoles": undeclared("block_set"),
        "clientId": Field(computed=True, input=False),
        "description": undeclared(),
        "deviceOnlyAuthEnabled": undeclared("bool"),
        "disabledByMicrosoft": Field(computed=True, input=False),
        "displayName": Field(required=True),
        "fallbackPublicClientEnabled": undeclared("bool"),
        "featureTags": undeclared("blocks", computed=True),
        "groupMembershipClaims": undeclared("set"),
        "identifierUris": undeclared("set"),
        "logoImage": undeclared(),
        "logoUrl": Field(computed=True, input=False),
        "marketingUrl": undeclared(),
        "notes": Field(),
        "oauth2PermissionScopeIds": Field("map", computed=True, input=False),
        "oauth2PostResponseRequired": undeclared("bool"),
        "objectId": Field(computed=True, input=False),
        "optionalClaims": undeclared("block"),
        "owners": Field("set"),
        "password": undeclared("block"),
        "preventDuplicateNames": Field("bool", default=False, declared=False),
        "privacyStatementUrl": undeclared(),
        "publicClient": undeclared("block"),
        "publisherDomain": Field(computed=True, input=False),
        "requiredResourceAccesses": Field(
            "block_set", fields={"resourceAccesses": _ACCESS, "resourceAppId": Field(required=True)}
        ),
        "serviceManagementReference": undeclared(),
        "signInAudience": Field(default="AzureADMyOrg"),
        "singlePageApplication": undeclared("block"),
        "supportUrl": undeclared(),
        "tags": Field("set", computed=True),
        "templateId": undeclared(computed=True, forces_new=True),
        "termsOfServiceUrl": undeclared(),
        "web": Field(
            "block",
            fields={
                "homepageUrl": undeclared(),
                "implicitGrant": undeclared("block"),
                "logoutUrl": undeclared(),
                "redirectUris": Field("set"),
            },
        ),
    },
)


def value_rules(inputs: Props, name: str) -> Iterable[CheckFailure]:
    """The plugin's checks of single values."""
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
    values += _each(web_redirect_uris(inputs), "web.0.redirect_uris", f"{name}.web.redirectUris", rule.web_redirect_uri)
    values += _accesses(inputs.get("requiredResourceAccesses"), name)
    yield from rule.failures(values)


def web_redirect_uris(props: Props) -> list[Value]:
    """The redirect URIs of the Web platform; none while they are not known."""
    block = props.get("web")
    uris = block.get("redirectUris") if isinstance(block, dict) else None
    return uris if isinstance(uris, list) else []


def _each(values: Value, path: str, shown: str, check: rule.Rule) -> list[tuple[Value, str, str, rule.Rule]]:
    if not isinstance(values, list):
        return []
    return [(value, f"{path}.{index}", shown, check) for index, value in enumerate(values)]


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
