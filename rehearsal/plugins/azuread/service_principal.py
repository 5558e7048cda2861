"""``azuread:index/servicePrincipal:ServicePrincipal``.

Source: observed in ``service_principal_resource.go`` of hashicorp/terraform-provider-azuread as bundled with
pulumi-azuread 6.11.1, and its requests recorded.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from rehearsal.plugins.azuread import validation as rule
from rehearsal.plugins.azuread.application_schema import undeclared
from rehearsal.plugins.azuread.application_values import (
    app_roles,
    ids_by_value,
    permission_scopes,
    tags_as_feature_tags,
)
from rehearsal.plugins.azuread.graph import GraphError, Patience
from rehearsal.plugins.azuread.resource import (
    AzureAdResource,
    Created,
    OperationError,
    in_set_order,
    is_gone,
    poll,
    text,
)
from rehearsal.plugins.azuread.schema import Field, Schema
from rehearsal.plugins.contract import CheckFailure
from rehearsal.plugins.values import Props

_PREFIX = "/servicePrincipals/"
_MAX_OWNERS_AT_CREATION = 20
_ODATA_TYPE = {"@odata.type": "#microsoft.graph.servicePrincipal"}


def _output(kind: str = "string") -> Field:
    return Field(kind, computed=True, input=False)


SCHEMA = Schema(
    version=1,
    timeouts_s={"create": 600, "delete": 300, "read": 300, "update": 600},
    fields={
        "accountEnabled": Field("bool", default=True, declared=False),
        "alternativeNames": undeclared("set"),
        "appRoleAssignmentRequired": undeclared("bool"),
        "appRoleIds": _output("map"),
        "appRoles": _output("blocks"),
        "applicationTenantId": _output(),
        "clientId": Field(required=True, forces_new=True),
        "description": undeclared(),
        "displayName": _output(),
        "featureTags": undeclared("blocks", computed=True),
        "features": undeclared("blocks", computed=True),
        "homepageUrl": _output(),
        "loginUrl": undeclared(),
        "logoutUrl": _output(),
        "notes": undeclared(),
        "notificationEmailAddresses": undeclared("set"),
        "oauth2PermissionScopeIds": _output("map"),
        "oauth2PermissionScopes": _output("blocks"),
        "objectId": _output(),
        "owners": Field("set"),
        "preferredSingleSignOnMode": undeclared(),
        "redirectUris": _output("list"),
        "samlMetadataUrl": _output(),
        "samlSingleSignOn": undeclared("block"),
        "servicePrincipalNames": _output("list"),
        "signInAudience": _output(),
        "tags": undeclared("set", computed=True),
        "type": _output(),
        "useExisting": Field("bool"),
    },
)


class ServicePrincipal(AzureAdResource):
    """The local representation of an app registration in a tenant."""

    schema = SCHEMA

    def rules(self, inputs: Props, name: str) -> Iterable[CheckFailure]:
        """Ids."""
        values = [(inputs.get("clientId"), "client_id", f"{name}.clientId", rule.is_uuid)]
        owners = inputs.get("owners")
        for index, owner in enumerate(owners if isinstance(owners, list) else []):
            values.append((owner, f"owners.{index}", f"{name}.owners", rule.is_uuid))
        yield from rule.failures(values)

    def create(self, inputs: Props, patience: Patience) -> tuple[str, Props]:
        """Look for one, POST with a temporary description, PATCH the real one."""
        client_id = text(inputs["clientId"])
        existing = self._existing(client_id, patience)
        if existing is not None and inputs.get("useExisting"):
            resource_id = _PREFIX + existing
            return resource_id, self.update(
                resource_id, inputs, {}, frozenset(["owners"] if "owners" in inputs else []), patience
            )
        if existing is not None:
            raise OperationError(
                f'A resource with the ID "{existing}" already exists',
                "To be managed via Terraform, this resource needs to be imported into the State. Please see the "
                'resource documentation for "azuread_service_principal" for more information.',
            )
        caller = self.graph.caller.object_id
        owners = [owner for owner in in_set_order(inputs.get("owners") or []) if owner.lower() != caller.lower()]
        first = [caller, *owners[: _MAX_OWNERS_AT_CREATION - 1]]
        body = {
            **_ODATA_TYPE,
            **_body({}),
            "appId": client_id,
            "description": f"TERRAFORM_UPDATE_{uuid.uuid4()}",
            "owners@odata.bind": [self._reference(owner) for owner in first],
        }
        try:
            created = self.graph.request("POST", "/servicePrincipals", patience, body=body, retry=_retries_creation)
        except GraphError as error:
            raise OperationError("Could not create service principal", error) from None
        object_id = text((created or {}).get("id"))
        if not object_id:
            raise OperationError("Bad API response", "object ID returned for service principal is nil")
        try:
            self._finish_creation(object_id, inputs, owners[_MAX_OWNERS_AT_CREATION - 1 :], patience)
            outputs = self.read(_PREFIX + object_id, inputs, patience)
        except (OperationError, GraphError) as error:
            cause = error if isinstance(error, OperationError) else OperationError(str(error))
            raise Created(_PREFIX + object_id, cause) from None
        if outputs is None:
            raise OperationError("the service principal was created but is not there")
        return _PREFIX + object_id, outputs

    def _existing(self, client_id: str, patience: Patience) -> str | None:
        escaped = client_id.replace("'", "''")
        try:
            found = self.graph.list("/servicePrincipals", patience, {"$filter": f"appId eq '{escaped}'"})
        except GraphError as error:
            raise OperationError("Could not list existing service principals", error) from None
        if len(found) > 1:
            raise OperationError(
                "Could not list existing service principals",
                f"unexpected number of service principals returned (expected: 1, received: {len(found)}",
            )
        return text(found[0].get("id")) if found else None

    def _finish_creation(self, object_id: str, inputs: Props, more_owners: list[str], patience: Patience) -> None:
        path = f"/servicePrincipals/{object_id}"
        try:
            body = {**_ODATA_TYPE, "description": None}
            self.graph.request("PATCH", path, patience, body=body)
        except GraphError as error:
            if is_gone(error):
                raise OperationError(
                    "Timed out whilst waiting for new service principal to be replicated in Azure AD", error
                ) from None
            raise OperationError("Failed to patch service principal after creating", error) from None
        for owner in more_owners:
            self._add_owner(object_id, owner, patience)
        caller = self.graph.caller.object_id
        if caller.lower() not in [owner.lower() for owner in inputs.get("owners") or []]:
            try:
                self.graph.request("DELETE", f"{path}/owners/{caller}/$ref", patience)
            except GraphError as error:
                raise OperationError(f"Could not remove initial owner from {_described(object_id)}", error) from None

    def _reference(self, object_id: str) -> str:
        return self.graph.url(f"/directoryObjects/{object_id}")

    def _add_owner(self, object_id: str, owner: str, patience: Patience) -> None:
        body = {"@odata.id": self._reference(owner)}
        try:
            self.graph.request("POST", f"/servicePrincipals/{object_id}/owners/$ref", patience, body=body)
        except GraphError as error:
            raise OperationError(f"Could not add owners to {_described(object_id)}", error) from None

    def update(self, resource_id: str, inputs: Props, prior: Props, keys: frozenset[str], patience: Patience) -> Props:
        """One PATCH with everything; then the owners."""
        object_id = resource_id.removeprefix(_PREFIX)
        body = {
            **_ODATA_TYPE,
            **_body(prior),
            "description": None,
        }
        try:
            self.graph.request("PATCH", f"/servicePrincipals/{object_id}", patience, body=body)
        except GraphError as error:
            raise OperationError(f"Updating {_described(object_id)}", error) from None
        if "owners" in keys:
            self._update_owners(object_id, inputs.get("owners") or [], patience)
        outputs = self.read(resource_id, {**prior, **inputs}, patience)
        if outputs is None:
            raise OperationError("the service principal is gone")
        return outputs

    def _update_owners(self, object_id: str, wanted: list[str], patience: Patience) -> None:
        present = self._owners(object_id, patience)
        for owner in wanted:
            if owner not in present:
                self._add_owner(object_id, owner, patience)
        for owner in present:
            if owner not in wanted:
                try:
                    self.graph.request("DELETE", f"/servicePrincipals/{object_id}/owners/{owner}/$ref", patience)
                except GraphError as error:
                    raise OperationError(f"Could not add owners to {_described(object_id)}", error) from None

    def _owners(self, object_id: str, patience: Patience) -> list[str]:
        try:
            found = self.graph.list(f"/servicePrincipals/{object_id}/owners", patience)
        except GraphError as error:
            raise OperationError(f"Could not retrieve owners for {_described(object_id)}", error) from None
        return [text(item.get("id")) for item in found]

    def read(self, resource_id: str, prior: Props, patience: Patience) -> Props | None:
        """Three GETs: the object, one property of its beta form, its owners."""
        object_id = resource_id.removeprefix(_PREFIX)
        try:
            found = self.graph.request("GET", f"/servicePrincipals/{object_id}", patience)
        except GraphError as error:
            if is_gone(error):
                return None
            raise OperationError(f"Retrieving {_described(object_id)}", error) from None
        outputs = service_principal_outputs(found or {}, saml_metadata_url(self, object_id, patience))
        saml = (found or {}).get("samlSingleSignOnSettings")
        outputs["samlSingleSignOn"] = None if saml is None else {"relayState": text(saml.get("relayState"))}
        outputs["owners"] = sorted(self._owners(object_id, patience))
        outputs["useExisting"] = prior.get("useExisting")
        return outputs

    def delete(self, resource_id: str, prior: Props, patience: Patience) -> None:
        """DELETE, then GET until it is not found; an adopted one may refuse to go."""
        object_id = resource_id.removeprefix(_PREFIX)
        path = f"/servicePrincipals/{object_id}"
        try:
            self.graph.request("DELETE", path, patience)
        except GraphError as error:
            if prior.get("useExisting"):
                return
            raise OperationError(f"Deleting {_described(object_id)}", error) from None
        if prior.get("useExisting"):
            return
        what = f"Waiting for deletion of {_described(object_id)}"

        def look() -> bool | None:
            try:
                self.graph.request("GET", path, patience)
            except GraphError as error:
                if is_gone(error):
                    return True
                raise OperationError(what, error) from None
            return None

        poll(patience, look, what)


def _described(object_id: str) -> str:
    return f'Service Principal (Service Principal: "{object_id}")'


def _retries_creation(status: int, message: str) -> bool:
    if status == 400:
        return "The appId '" in message and "does not reference a valid application object" in message
    return status == 403 and (
        "When using this permission, the backing application of the service principal being created must in the local "
        "tenant" in message
    )


def _body(prior: Props) -> dict[str, Any]:
    """Every group as the plugin writes it; what no component declares is empty, or what it was where the plugin keeps
    that."""
    saml = prior.get("samlSingleSignOn")
    return {
        "accountEnabled": True,
        "alternativeNames": [],
        "appRoleAssignmentRequired": False,
        "loginUrl": None,
        "notes": None,
        "notificationEmailAddresses": [],
        "preferredSingleSignOnMode": None,
        "samlSingleSignOnSettings": {} if saml is None else {"relayState": ""},
        "tags": in_set_order(prior.get("tags") or []),
    }


def saml_metadata_url(resource: AzureAdResource, object_id: str, patience: Patience) -> str:
    """The one property that only the beta API gives."""
    try:
        beta = resource.graph.request(
            "GET",
            f"/servicePrincipals/{object_id}",
            patience,
            query={"$select": "samlMetadataUrl"},
            version="beta",
        )
    except GraphError as error:
        raise OperationError(f"Retrieving {_described(object_id)} (beta API)", error) from None
    return text((beta or {}).get("samlMetadataUrl"))


def service_principal_outputs(found: dict[str, Any], metadata_url: str) -> Props:
    """Graph's service principal in the provider's shape, as far as resource and function agree."""
    app_id = text(found.get("appId"))
    tags = found.get("tags") or []
    features = tags_as_feature_tags(tags)[0]
    return {
        "accountEnabled": bool(found.get("accountEnabled")),
        "alternativeNames": sorted(found.get("alternativeNames") or []),
        "appRoleAssignmentRequired": bool(found.get("appRoleAssignmentRequired")),
        "appRoleIds": ids_by_value(found.get("appRoles")),
        "appRoles": app_roles(found.get("appRoles")),
        "applicationTenantId": text(found.get("appOwnerOrganizationId")),
        "clientId": app_id,
        "description": text(found.get("description")),
        "displayName": text(found.get("displayName")),
        "featureTags": tags_as_feature_tags(tags),
        "features": [
            {
                "customSingleSignOnApp": features["customSingleSignOn"],
                "enterpriseApplication": features["enterprise"],
                "galleryApplication": features["gallery"],
                "visibleToUsers": not features["hide"],
            }
        ],
        "homepageUrl": text(found.get("homepage")),
        "loginUrl": text(found.get("loginUrl")),
        "logoutUrl": text(found.get("logoutUrl")),
        "notes": text(found.get("notes")),
        "notificationEmailAddresses": sorted(found.get("notificationEmailAddresses") or []),
        "oauth2PermissionScopeIds": ids_by_value(found.get("oauth2PermissionScopes")),
        "oauth2PermissionScopes": permission_scopes(found.get("oauth2PermissionScopes")),
        "objectId": text(found.get("id")),
        "preferredSingleSignOnMode": text(found.get("preferredSingleSignOnMode")),
        "redirectUris": found.get("replyUrls") or [],
        "samlMetadataUrl": metadata_url,
        "servicePrincipalNames": [
            name for name in found.get("servicePrincipalNames") or [] if name.lower() != app_id.lower()
        ],
        "signInAudience": text(found.get("signInAudience")),
        "tags": sorted(tags),
        "type": text(found.get("servicePrincipalType")),
    }
