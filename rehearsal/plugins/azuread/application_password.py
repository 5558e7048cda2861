"""``azuread:index/applicationPassword:ApplicationPassword``: a client secret of an app registration.

Source: observed in ``application_password_resource.go`` of hashicorp/terraform-provider-azuread as bundled with
pulumi-azuread 6.11.1, and its requests recorded.
"""

from __future__ import annotations

from typing import Any, ClassVar

from rehearsal.plugins.azuread.application import object_id_of
from rehearsal.plugins.azuread.resource import AzureAdResource, text, until
from rehearsal.plugins.azuread.schema import Field, meta
from rehearsal.plugins.contract import ProviderError
from rehearsal.plugins.values import Props, Secret


class ApplicationPassword(AzureAdResource):
    """Every change makes a new secret; its value is known only to the state."""

    fields: ClassVar = {
        "applicationId": Field(forces_new=True),
        "displayName": Field(computed=True, forces_new=True),
        "endDate": Field(computed=True, forces_new=True),
        "rotateWhenChanged": Field("map", forces_new=True),
    }
    needed = ("applicationId",)
    computed = ("displayName", "endDate", "keyId", "startDate", "value")
    meta = meta(1, create_s=900, update_s=300)

    def create(self, inputs: Props) -> tuple[str, Props]:
        """Look at the application, add the password, look until it shows.

        Source of a trap: a failure while looking leaves a secret that is in no state.
        """
        object_id = object_id_of(inputs["applicationId"])
        described = _described(object_id)
        if self.graph.find(f"/applications/{object_id}", failing=f"Retrieving {described}") is None:
            raise ProviderError(f"{described} was not found")
        credential = {"displayName": inputs.get("displayName"), "endDateTime": inputs.get("endDate")}
        added = self.graph.request(
            "POST",
            f"/applications/{object_id}/addPassword",
            body={"passwordCredential": {key: value for key, value in credential.items() if value}},
            failing=f"Adding password for {described}",
        )
        key_id = text(added["keyId"])
        until(lambda: self._is_there(object_id, key_id), f"Waiting for password credential for {described}")
        resource_id = f"{object_id}/password/{key_id}"
        return resource_id, self.present(resource_id, {**inputs, "value": Secret(added["secretText"])})

    def _is_there(self, object_id: str, key_id: str) -> bool:
        return _credential(self.graph.request("GET", f"/applications/{object_id}"), key_id) is not None

    def read(self, resource_id: str, prior: Props) -> Props | None:
        """One GET of the application."""
        object_id, _, key_id = resource_id.split("/")
        found = self.graph.find(f"/applications/{object_id}", failing=f"Retrieving {_described(object_id)}")
        credential = _credential(found or {}, key_id)
        if credential is None:
            return None
        return {
            "applicationId": f"/applications/{object_id}",
            "displayName": text(credential.get("displayName")),
            "endDate": text(credential.get("endDateTime")),
            "endDateRelative": None,
            "keyId": key_id,
            "rotateWhenChanged": prior.get("rotateWhenChanged"),
            "startDate": text(credential.get("startDateTime")),
            "value": Secret(prior.get("value")),
        }

    def update(self, resource_id: str, inputs: Props, prior: Props, keys: frozenset[str]) -> None:
        """Nothing can be changed in place."""

    def delete(self, resource_id: str) -> None:
        """Remove the password, then look until it does not show."""
        object_id, _, key_id = resource_id.split("/")
        which = f'password credential "{key_id}" from {_described(object_id)}'
        path = f"/applications/{object_id}/removePassword"
        self.graph.request("POST", path, body={"keyId": key_id}, failing=f"Removing {which}")
        until(lambda: not self._is_there(object_id, key_id), f"Waiting for deletion of {which}")


def _described(object_id: str) -> str:
    return f'Application (Application: "{object_id}")'


def _credential(application: dict[str, Any], key_id: str) -> dict[str, Any] | None:
    found: list[dict[str, Any]] = application.get("passwordCredentials") or []
    return next((credential for credential in found if credential["keyId"] == key_id), None)
