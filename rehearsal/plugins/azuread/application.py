"""``azuread:index/application:Application``: its requests.

Source: observed in ``internal/services/applications`` of hashicorp/terraform-provider-azuread as bundled with
pulumi-azuread 6.11.1, and its requests recorded.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from rehearsal.plugins.azuread.application_schema import PERSONAL_AUDIENCES, SCHEMA, value_rules, web_redirect_uris
from rehearsal.plugins.azuread.application_values import application_body, application_outputs
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
from rehearsal.plugins.contract import CheckFailure
from rehearsal.plugins.values import Props, Value, contains_unknown

_FOR_PERSONAL = 'when `sign_in_audience` is "AzureADandPersonalMicrosoftAccount" or "PersonalMicrosoftAccount"'
_PREFIX = "/applications/"
_MAX_OWNERS_AT_CREATION = 20
_ODATA_TYPE = {"@odata.type": "#microsoft.graph.application"}


def object_id_of(resource_id: str) -> str:
    """The bare UUID of ``/applications/<uuid>``."""
    return resource_id.removeprefix(_PREFIX)


class Application(AzureAdResource):
    """An app registration with its redirect URIs, permissions and owners."""

    schema = SCHEMA

    def rules(self, inputs: Props, name: str) -> Iterable[CheckFailure]:
        """The plugin's checks of single values."""
        return value_rules(inputs, name)

    def validate_plan(self, plan: Props) -> None:
        """What an audience with personal accounts demands."""
        if plan.get("signInAudience") not in PERSONAL_AUDIENCES:
            return
        api = plan.get("api")
        version = api.get("requestedAccessTokenVersion") if isinstance(api, dict) else 1
        if not contains_unknown(version) and version != 2:
            raise OperationError(f"`requested_access_token_version` must be 2 {_FOR_PERSONAL}")
        uris = web_redirect_uris(plan)
        if len(uris) > 100:
            raise OperationError(f"`redirect_uris` must have no more than 100 URIs {_FOR_PERSONAL}")
        if any("*" in urlsplit(str(uri)).netloc for uri in uris):
            raise OperationError(f"`redirect_uris` having wildcard hosts are not supported {_FOR_PERSONAL}")
        _validate_permissions(plan.get("requiredResourceAccesses"))

    def create(self, inputs: Props, patience: Patience) -> tuple[str, Props]:
        """POST, then two PATCHes of the display name, which tell whether the new object can be written yet."""
        caller = self.graph.caller.object_id
        owners = [owner for owner in in_set_order(inputs.get("owners") or []) if owner.lower() != caller.lower()]
        first = [caller, *owners[: _MAX_OWNERS_AT_CREATION - 1]]
        references = [self._reference(owner) for owner in first]
        body = {**_ODATA_TYPE, **application_body(inputs), "owners@odata.bind": references}
        try:
            created = self.graph.request("POST", "/applications", patience, body=body)
        except GraphError as error:
            raise OperationError("Could not create application", error) from None
        object_id = text((created or {}).get("id"))
        if not object_id:
            raise OperationError("Object ID returned for application is nil/empty", "bad API response")
        resource_id = _PREFIX + object_id
        try:
            self._finish_creation(object_id, inputs, owners[_MAX_OWNERS_AT_CREATION - 1 :], patience)
            outputs = self.read(resource_id, {}, patience)
        except (OperationError, GraphError) as error:
            cause = error if isinstance(error, OperationError) else OperationError(str(error))
            raise Created(resource_id, cause) from None
        if outputs is None:
            raise OperationError("the application was created but is not there")
        return resource_id, outputs

    def _finish_creation(self, object_id: str, inputs: Props, more_owners: list[str], patience: Patience) -> None:
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
        body = application_body({**inputs, "tags": inputs.get("tags", prior.get("tags"))})
        for group, key in (
            ("appRoles", "appRoles"),
            ("identifierUris", "identifierUris"),
            ("optionalClaims", "optionalClaims"),
            ("requiredResourceAccess", "requiredResourceAccesses"),
        ):
            if key not in keys:
                del body[group]
        if not (prior.get("api") or {}).get("oauth2PermissionScopes"):
            del body["api"]["oauth2PermissionScopes"]
        with self.locks.of(object_id):
            self._sent(
                "PATCH",
                f"/applications/{object_id}",
                {**_ODATA_TYPE, **body},
                patience,
                f'Could not update application with object ID: "{object_id}"',
            )
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
        outputs["preventDuplicateNames"] = False
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
