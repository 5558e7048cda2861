"""``azuread:index/applicationPassword:ApplicationPassword``: a client secret of an app registration.

Source: observed in ``application_password_resource.go`` of hashicorp/terraform-provider-azuread as bundled with
pulumi-azuread 6.11.1, and its requests recorded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from rehearsal.plugins.azuread import validation as rule
from rehearsal.plugins.azuread.application import object_id_of
from rehearsal.plugins.azuread.graph import GraphError, Patience
from rehearsal.plugins.azuread.resource import AzureAdResource, OperationError, is_gone, poll, text
from rehearsal.plugins.azuread.schema import Field, Schema
from rehearsal.plugins.contract import CheckFailure, Target
from rehearsal.plugins.values import UNKNOWN, Props, Secret, Value, contains_unknown

SCHEMA = Schema(
    version=1,
    timeouts_s={"create": 900, "delete": 300, "read": 300, "update": 300},
    fields={
        "applicationId": Field(required=True, forces_new=True),
        "displayName": Field(computed=True, forces_new=True),
        "endDate": Field(computed=True, forces_new=True),
        "endDateRelative": Field(forces_new=True),
        "keyId": Field(computed=True, input=False),
        "rotateWhenChanged": Field("map", forces_new=True),
        "startDate": Field(computed=True, forces_new=True),
        "value": Field(computed=True, input=False),
    },
)


class ApplicationPassword(AzureAdResource):
    """Every change makes a new secret; its value is known only to the state."""

    schema = SCHEMA

    def rules(self, inputs: Props, name: str) -> Iterable[CheckFailure]:
        """Ids and dates."""
        yield from rule.failures(
            [
                (inputs.get("applicationId"), "application_id", f"{name}.applicationId", rule.is_application_id),
                (inputs.get("startDate"), "start_date", f"{name}.startDate", rule.is_rfc3339),
                (inputs.get("endDate"), "end_date", f"{name}.endDate", rule.is_rfc3339),
            ]
        )
        if inputs.get("endDate") is not None and inputs.get("endDateRelative") is not None:
            for key, own, other in (
                ("endDate", "end_date", "end_date_relative"),
                ("endDateRelative", "end_date_relative", "end_date"),
            ):
                reason = f'Conflicting configuration arguments. "{own}": conflicts with {other}'
                yield CheckFailure("", f"{reason}. Examine values at '{name}.{key}'.")

    def do_create(self, target: Target, inputs: Props, *, preview: bool) -> tuple[str, Props]:
        """The value is secret from the start."""
        resource_id, outputs = super().do_create(target, inputs, preview=preview)
        return resource_id, _with_secret_value(outputs)

    def _stored(self, resource_id: str, outputs: Props) -> Props:
        return _with_secret_value(super()._stored(resource_id, outputs))

    def create(self, inputs: Props, patience: Patience) -> tuple[str, Props]:
        """Look at the application, add the password, look until it shows.

        Source of a trap: a failure while looking leaves a secret that is in no state.
        """
        object_id = object_id_of(inputs["applicationId"])
        with self.locks.of(object_id):
            try:
                self.graph.request("GET", f"/applications/{object_id}", patience)
            except GraphError as error:
                if is_gone(error):
                    raise OperationError(f"{_described(object_id)} was not found") from None
                raise OperationError(f"Retrieving {_described(object_id)}", error) from None
            added = self._add(object_id, inputs, patience)
            key_id, value = text(added.get("keyId")), text(added.get("secretText"))
            if not key_id:
                raise OperationError(
                    f"API error adding password for {_described(object_id)}", "nil or empty keyId received"
                )
            if not value:
                raise OperationError(
                    f"API error adding password for {_described(object_id)}", "nil or empty password received"
                )
            what = f"Waiting for password credential for {_described(object_id)}"
            poll(patience, lambda: self._look(object_id, key_id, patience, what), what)
        resource_id = f"{object_id}/password/{key_id}"
        prior = {**inputs, "value": Secret(value)}
        outputs = self.read(resource_id, prior, patience)
        if outputs is None:
            raise OperationError("password credential not found in application manifest", what)
        return resource_id, outputs

    def _add(self, object_id: str, inputs: Props, patience: Patience) -> dict[str, Any]:
        # endDateRelative is not sent: the plugin reads it and then forgets it
        credential = {
            "displayName": inputs.get("displayName"),
            "endDateTime": _rfc3339(inputs.get("endDate")),
            "startDateTime": _rfc3339(inputs.get("startDate")),
        }
        body = {"passwordCredential": {key: value for key, value in credential.items() if value}}
        try:
            added = self.graph.request("POST", f"/applications/{object_id}/addPassword", patience, body=body)
        except GraphError as error:
            raise OperationError(f"Adding password for {_described(object_id)}", error) from None
        return added or {}

    def _look(self, object_id: str, key_id: str, patience: Patience, what: str) -> dict[str, Any] | None:
        try:
            found = self.graph.request("GET", f"/applications/{object_id}", patience)
        except GraphError as error:
            raise OperationError(what, error) from None
        return _credential(found, key_id)

    def read(self, resource_id: str, prior: Props, patience: Patience) -> Props | None:
        """One GET of the application."""
        object_id, key_id = _split(resource_id)
        try:
            found = self.graph.request("GET", f"/applications/{object_id}", patience)
        except GraphError as error:
            if is_gone(error):
                return None
            raise OperationError(f"Retrieving {_described(object_id)}", error) from None
        credential = _credential(found, key_id)
        if credential is None:
            return None
        return {
            "applicationId": f"/applications/{object_id}",
            "displayName": text(credential.get("displayName")),
            "endDate": text(credential.get("endDateTime")),
            "endDateRelative": prior.get("endDateRelative"),
            "keyId": key_id,
            "rotateWhenChanged": prior.get("rotateWhenChanged"),
            "startDate": text(credential.get("startDateTime")),
            "value": prior.get("value"),
        }

    def update(self, resource_id: str, inputs: Props, prior: Props, keys: frozenset[str], patience: Patience) -> Props:
        """Nothing can be updated: this is reached only to settle an earlier failure."""
        outputs = self.read(resource_id, prior, patience)
        if outputs is None:
            raise OperationError("the password is gone")
        return outputs

    def delete(self, resource_id: str, prior: Props, patience: Patience) -> None:
        """Remove the password, then look until it does not show."""
        object_id, key_id = _split(resource_id)
        with self.locks.of(object_id):
            try:
                self.graph.request(
                    "POST", f"/applications/{object_id}/removePassword", patience, body={"keyId": key_id}
                )
            except GraphError as error:
                raise OperationError(
                    f'Removing password credential "{key_id}" from {_described(object_id)}', error
                ) from None
            what = f'Waiting for deletion of password credential "{key_id}" from {_described(object_id)}'

            def look() -> bool | None:
                return True if self._look(object_id, key_id, patience, what) is None else None

            poll(patience, look, what)


def _described(object_id: str) -> str:
    return f'Application (Application: "{object_id}")'


def _split(resource_id: str) -> tuple[str, str]:
    parts = resource_id.split("/")
    if len(parts) != 3 or parts[1] != "password":
        raise OperationError(f'Parsing password credential with ID "{resource_id}"')
    return parts[0], parts[2]


def _credential(application: Any, key_id: str) -> dict[str, Any] | None:
    for credential in (application or {}).get("passwordCredentials") or []:
        if text(credential.get("keyId")).lower() == key_id.lower():
            found: dict[str, Any] = credential
            return found
    return None


def _rfc3339(value: Value) -> str | None:
    """The checked date as Go prints it: without fractions, ``Z`` for UTC."""
    if not value:
        return None
    return re.sub(r"\.\d+", "", str(value)).replace("+00:00", "Z")


def _with_secret_value(outputs: Props) -> Props:
    value = outputs.get("value")
    if value is None or isinstance(value, Secret):
        return outputs
    return {**outputs, "value": Secret(UNKNOWN if contains_unknown(value) else value)}
