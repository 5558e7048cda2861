"""``azuread:index/servicePrincipal:ServicePrincipal`` with the properties that the components declare.

Source: observed in ``service_principal_resource.go`` of hashicorp/terraform-provider-azuread as bundled with
pulumi-azuread 6.11.1, and its requests recorded.
"""

from __future__ import annotations

import uuid
from contextlib import suppress
from typing import Any, ClassVar, Final

from rehearsal.plugins.azuread.application import FEATURE_TAGS
from rehearsal.plugins.azuread.graph import GraphClient, GraphError
from rehearsal.plugins.azuread.resource import Owned, creating, text
from rehearsal.plugins.azuread.schema import Field, meta
from rehearsal.plugins.values import Props

_PREFIX: Final = "/servicePrincipals/"

_UNDECLARED: Final[Props] = {
    "accountEnabled": True,
    "alternativeNames": [],
    "appRoleAssignmentRequired": False,
    "appRoleIds": {},
    "appRoles": [],
    "description": "",
    "featureTags": FEATURE_TAGS,
    "features": [
        {
            "customSingleSignOnApp": False,
            "enterpriseApplication": False,
            "galleryApplication": False,
            "visibleToUsers": True,
        }
    ],
    "homepageUrl": "",
    "loginUrl": "",
    "logoutUrl": "",
    "notes": "",
    "notificationEmailAddresses": [],
    "oauth2PermissionScopeIds": {},
    "oauth2PermissionScopes": [],
    "preferredSingleSignOnMode": "",
    "samlMetadataUrl": "",
    "samlSingleSignOn": {"relayState": ""},
    "servicePrincipalNames": [],
    "tags": [],
    "type": "Application",
}
"""The outputs of a service principal for what no component declares."""


class ServicePrincipal(Owned):
    """The local representation of an app registration in a tenant. One that there is, is taken over."""

    collection = "/servicePrincipals"
    entity = "servicePrincipal"
    fields: ClassVar = {"clientId": Field(forces_new=True), "owners": Field("set"), "useExisting": Field()}
    needed = ("clientId", "owners", "useExisting")
    defaults: ClassVar = {"accountEnabled": True}
    computed = ("applicationTenantId", "displayName", "objectId", "redirectUris", "signInAudience")
    meta = meta(1, create_s=600, update_s=600)
    null_until_refreshed = ("alternativeNames", "notificationEmailAddresses")

    def described(self, object_id: str) -> str:
        """The service principal in the plugin's words."""
        return f'Service Principal (Service Principal: "{object_id}")'

    def create(self, inputs: Props) -> tuple[str, Props]:
        """Take over the one that there is. Else POST with a temporary description, and PATCH the real one."""
        failing = "Could not list existing service principals"
        existing = find_service_principals(self.graph, inputs["clientId"], failing)
        if existing:
            resource_id = _PREFIX + text(existing[0]["id"])
            self.update(resource_id, inputs, {}, frozenset({"owners"} & inputs.keys()))
            return resource_id, self.present(resource_id, inputs)
        body = self.body(
            {
                **_properties({}),
                "appId": inputs["clientId"],
                "description": f"TERRAFORM_UPDATE_{uuid.uuid4()}",
                "owners@odata.bind": self.bound_owners(inputs),
            }
        )
        created = self.graph.request("POST", self.collection, body=body, failing="Could not create service principal")
        resource_id = _PREFIX + text(created["id"])
        with creating(resource_id):
            body = self.body({"description": None})
            failing = "Failed to patch service principal after creating"
            self.graph.request("PATCH", resource_id, body=body, failing=failing)
            return resource_id, self.present(resource_id, inputs)

    def update(self, resource_id: str, inputs: Props, prior: Props, keys: frozenset[str]) -> None:
        """One PATCH with everything; then the owners."""
        object_id = resource_id.removeprefix(_PREFIX)
        body = self.body({**_properties(prior), "description": None})
        self.graph.request("PATCH", resource_id, body=body, failing=f"Updating {self.described(object_id)}")
        if "owners" in keys:
            failing = f"Could not add owners to {self.described(object_id)}"
            self.update_owners(object_id, inputs.get("owners") or [], failing)

    def read(self, resource_id: str, prior: Props) -> Props | None:
        """Three GETs: the object, one property of its beta form, its owners."""
        object_id = resource_id.removeprefix(_PREFIX)
        found = self.graph.find(resource_id, failing=f"Retrieving {self.described(object_id)}")
        if found is None:
            return None
        read_saml_metadata_url(self.graph, object_id)
        return {
            **_UNDECLARED,
            "applicationTenantId": text(found.get("appOwnerOrganizationId")),
            "clientId": text(found.get("appId")),
            "displayName": text(found.get("displayName")),
            "objectId": text(found.get("id")),
            "owners": self.owners(object_id),
            "redirectUris": found.get("replyUrls") or [],
            "signInAudience": text(found.get("signInAudience")),
            "useExisting": prior.get("useExisting"),
        }

    def delete(self, resource_id: str) -> None:
        """DELETE; one that may have been taken over may refuse to go."""
        with suppress(GraphError):
            self.graph.request("DELETE", resource_id)


def find_service_principals(graph: GraphClient, client_id: str, failing: str) -> list[dict[str, Any]]:
    """The service principals of an application (client) id: one or none."""
    return graph.list("/servicePrincipals", query={"$filter": f"appId eq '{client_id}'"}, failing=failing)


def read_saml_metadata_url(graph: GraphClient, object_id: str) -> None:
    """The one property that only the beta API gives; no component uses it."""
    described = f'Service Principal (Service Principal: "{object_id}")'
    graph.request(
        "GET",
        _PREFIX + object_id,
        query={"$select": "samlMetadataUrl"},
        version="beta",
        failing=f"Retrieving {described} (beta API)",
    )


def _properties(prior: Props) -> dict[str, Any]:
    """Every group as the plugin writes it; what no component declares is empty."""
    return {
        "accountEnabled": True,
        "alternativeNames": [],
        "appRoleAssignmentRequired": False,
        "loginUrl": None,
        "notes": None,
        "notificationEmailAddresses": [],
        "preferredSingleSignOnMode": None,
        "samlSingleSignOnSettings": {"relayState": ""} if prior else {},
        "tags": [],
    }
