"""``azuread:index/application:Application`` with the properties that the components declare.

Source: observed in ``internal/services/applications`` of hashicorp/terraform-provider-azuread as bundled with
pulumi-azuread 6.11.1, and its requests recorded.
"""

from __future__ import annotations

import uuid
from typing import Any, ClassVar, Final

from rehearsal.plugins.azuread.resource import Owned, creating, in_set_order, text, until
from rehearsal.plugins.azuread.schema import Field, meta
from rehearsal.plugins.values import Props

_PREFIX: Final = "/applications/"
_NOT_READY: Final = frozenset([404, 409])
"""Answers to the first changes of an application that Entra has not copied everywhere yet."""

FEATURE_TAGS: Final = [{"customSingleSignOn": False, "enterprise": False, "gallery": False, "hide": False}]

_UNDECLARED: Final[Props] = {
    "appRoleIds": {},
    "appRoles": [],
    "description": "",
    "deviceOnlyAuthEnabled": False,
    "disabledByMicrosoft": "",
    "fallbackPublicClientEnabled": False,
    "featureTags": FEATURE_TAGS,
    "groupMembershipClaims": [],
    "identifierUris": [],
    "logoImage": "",
    "logoUrl": "",
    "marketingUrl": "",
    "oauth2PermissionScopeIds": {},
    "oauth2PostResponseRequired": False,
    "optionalClaims": None,
    "password": None,
    "preventDuplicateNames": False,
    "privacyStatementUrl": "",
    "publicClient": {"redirectUris": []},
    "serviceManagementReference": "",
    "singlePageApplication": {"redirectUris": []},
    "supportUrl": "",
    "templateId": "",
    "termsOfServiceUrl": "",
}
"""The outputs of an application for what no component declares."""


def object_id_of(resource_id: str) -> str:
    """The bare UUID of ``/applications/<uuid>``."""
    return resource_id.removeprefix(_PREFIX)


class Application(Owned):
    """An app registration with its redirect URIs, permissions and owners."""

    collection = "/applications"
    entity = "application"
    fields: ClassVar = {
        "api": Field("block", {"requestedAccessTokenVersion": Field()}),
        "displayName": Field(),
        "notes": Field(),
        "owners": Field("set"),
        "requiredResourceAccesses": Field(
            "blocks",
            {"resourceAccesses": Field("blocks", {"id": Field(), "type": Field()}), "resourceAppId": Field()},
        ),
        "signInAudience": Field(),
        "tags": Field("set", computed=True),
        "web": Field("block", {"redirectUris": Field("set")}),
    }
    needed = ("api", "displayName", "owners", "signInAudience", "web")
    computed = ("clientId", "objectId", "publisherDomain", "tags")
    meta = meta(2, create_s=600, update_s=600)
    null_until_refreshed = ("groupMembershipClaims", "identifierUris")

    def described(self, object_id: str) -> str:
        """The application in the plugin's words."""
        return f'Application (Application: "{object_id}")'

    def create(self, inputs: Props) -> tuple[str, Props]:
        """POST, then two PATCHes of the display name, which tell whether the new object can be written yet."""
        body = self.body({**_properties(inputs), "owners@odata.bind": self.bound_owners(inputs)})
        created = self.graph.request("POST", self.collection, body=body, failing="Could not create application")
        object_id = text(created["id"])
        resource_id = _PREFIX + object_id
        with creating(resource_id):
            for name in (f"TERRAFORM_UPDATE_{uuid.uuid4()}", inputs["displayName"]):
                self.graph.request(
                    "PATCH",
                    resource_id,
                    body=self.body({"displayName": name}),
                    also_retried=_NOT_READY,
                    failing=f'Failed to patch application with object ID "{object_id}" after creating',
                )
            outputs = self.present(resource_id, {})
        outputs["api"]["knownClientApplications"] = None  # until the first update
        return resource_id, outputs

    def update(self, resource_id: str, inputs: Props, prior: Props, keys: frozenset[str]) -> None:
        """One PATCH with every scalar group, permissions only if they changed; then the owners."""
        object_id = object_id_of(resource_id)
        body = self.body(_properties({**inputs, "tags": inputs.get("tags", prior.get("tags"))}))
        for collection in ("appRoles", "identifierUris", "optionalClaims"):
            del body[collection]
        del body["api"]["oauth2PermissionScopes"]
        if "requiredResourceAccesses" not in keys:
            del body["requiredResourceAccess"]
        failing = f'Could not update application with object ID: "{object_id}"'
        self.graph.request("PATCH", resource_id, body=body, failing=failing)
        if "owners" in keys:
            failing = f'Could not add owners to application with object ID: "{object_id}"'
            self.update_owners(object_id, inputs.get("owners") or [], failing)

    def read(self, resource_id: str, prior: Props) -> Props | None:
        """Three GETs: the object, one property of its beta form, its owners."""
        object_id = object_id_of(resource_id)
        found = self.graph.find(resource_id, failing=f"Retrieving {self.described(object_id)}")
        if found is None:
            return None
        self.graph.request(
            "GET",
            resource_id,
            query={"$select": "oauth2RequirePostResponse"},
            version="beta",
            failing=f"Retrieving additional properties for {self.described(object_id)}",
        )
        return {**_UNDECLARED, **_outputs(found), "owners": self.owners(object_id)}

    def delete(self, resource_id: str) -> None:
        """DELETE, then GET until it is not found."""
        object_id = object_id_of(resource_id)
        self.graph.request("DELETE", resource_id, failing=f"deleting {self.described(object_id)}")
        what = f'Waiting for deletion of application with object ID "{object_id}"'
        until(lambda: self.graph.find(resource_id) is None, what)


def _properties(inputs: Props) -> dict[str, Any]:
    """Every group of an application as the plugin writes it; what no component declares is empty."""
    return {
        "api": {
            "acceptMappedClaims": False,
            "knownClientApplications": [],
            "oauth2PermissionScopes": [],
            "requestedAccessTokenVersion": inputs["api"]["requestedAccessTokenVersion"],
        },
        "appRoles": [],
        "description": None,
        "displayName": inputs["displayName"],
        "groupMembershipClaims": None,
        "identifierUris": [],
        "info": {"marketingUrl": None, "privacyStatementUrl": None, "supportUrl": None, "termsOfServiceUrl": None},
        "isDeviceOnlyAuthSupported": False,
        "isFallbackPublicClient": False,
        "notes": inputs.get("notes"),
        "optionalClaims": {},
        "publicClient": {"redirectUris": []},
        "requiredResourceAccess": [
            {"resourceAccess": resource["resourceAccesses"], "resourceAppId": resource["resourceAppId"]}
            for resource in inputs.get("requiredResourceAccesses") or []
        ],
        "serviceManagementReference": None,
        "signInAudience": inputs["signInAudience"],
        "spa": {"redirectUris": []},
        "tags": in_set_order(inputs.get("tags") or []),
        "web": {
            "homePageUrl": None,
            "implicitGrantSettings": {"enableAccessTokenIssuance": False, "enableIdTokenIssuance": False},
            "logoutUrl": None,
            "redirectUris": in_set_order(inputs["web"]["redirectUris"], ";"),
        },
    }


def _outputs(found: dict[str, Any]) -> Props:
    """Graph's application in the provider's shape."""
    return {
        "api": {
            "knownClientApplications": [],
            "mappedClaimsEnabled": False,
            "oauth2PermissionScopes": [],
            "requestedAccessTokenVersion": found["api"].get("requestedAccessTokenVersion") or 1,
        },
        "clientId": text(found.get("appId")),
        "displayName": text(found.get("displayName")),
        "notes": text(found.get("notes")),
        "objectId": text(found.get("id")),
        "publisherDomain": text(found.get("publisherDomain")),
        "requiredResourceAccesses": [
            {"resourceAccesses": resource["resourceAccess"], "resourceAppId": resource["resourceAppId"]}
            for resource in found.get("requiredResourceAccess") or []
        ],
        "signInAudience": text(found.get("signInAudience")),
        "tags": sorted(found.get("tags") or []),
        "web": {
            "homepageUrl": "",
            "implicitGrant": {"accessTokenIssuanceEnabled": False, "idTokenIssuanceEnabled": False},
            "logoutUrl": "",
            "redirectUris": sorted(found["web"].get("redirectUris") or []),
        },
    }
