"""The functions of the azuread package that programs here use.

Source: observed in the data sources of hashicorp/terraform-provider-azuread as bundled with pulumi-azuread 6.11.1, and
their answers recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emulator.engine.providers.azuread.application import Application, application_outputs
from emulator.engine.providers.azuread.graph import GraphClient, GraphError, Patience
from emulator.engine.providers.azuread.resource import Locks, OperationError, is_gone, text
from emulator.engine.providers.azuread.service_principal import saml_metadata_url, service_principal_outputs
from emulator.engine.providers.base import ProviderError
from emulator.engine.values import Props

_TIMEOUT_S = 300.0

PUBLISHED_APP_IDS = {
    "AzureActiveDirectoryGraph": "00000002-0000-0000-c000-000000000000",
    "AzureKeyVault": "cfa8b339-82a2-471a-a3c9-0fc0be7a4093",
    "AzureResourceManager": "797f4846-ba00-4fd7-ba43-dac1f8f63013",
    "AzureServiceManagement": "797f4846-ba00-4fd7-ba43-dac1f8f63013",
    "AzureStorage": "e406a681-f3d4-42a8-90b6-c2b029497af1",
    "MicrosoftGraph": "00000003-0000-0000-c000-000000000000",
}
"""The best-known of some hundred ids that the real function returns."""


class Functions:
    """Calls by token."""

    def __init__(self, graph: GraphClient) -> None:
        self._graph = graph
        self._application = Application(graph, Locks())
        self._calls: dict[str, Callable[[Props], Props]] = {
            "getClientConfig": self._client_config,
            "getApplicationPublishedAppIds": self._published_app_ids,
            "getServicePrincipal": self._service_principal,
            "getApplication": self._find_application,
        }

    def call(self, token: str, args: Props) -> Props:
        """Call a function; raises ProviderError in the bridge's words, or for one that is not modelled."""
        name = token.rsplit(":", 1)[-1]
        call = self._calls.get(name)
        if call is None:
            raise ProviderError(f"the function {token} is not modelled by the embedded engine")
        try:
            return call(args)
        except (OperationError, GraphError) as error:
            raise ProviderError(f"invoking {token}: 1 error occurred:\n\t* {error}\n\n") from None

    def _client_config(self, args: Props) -> Props:
        caller = self._graph.caller
        return {
            "clientId": caller.client_id,
            "id": f"{caller.tenant_id}-{caller.client_id}-{caller.object_id}",
            "objectId": caller.object_id,
            "tenantId": caller.tenant_id,
        }

    def _published_app_ids(self, args: Props) -> Props:
        return {"id": "appIds", "result": dict(PUBLISHED_APP_IDS)}

    def _service_principal(self, args: Props) -> Props:
        patience = Patience(_TIMEOUT_S)
        _exactly_one(args, {"clientId": "client_id", "displayName": "display_name", "objectId": "object_id"})
        found = self._find_service_principal(args, patience)
        object_id = text(found.get("id"))
        outputs = service_principal_outputs(found, saml_metadata_url(self._application, object_id, patience))
        saml = found.get("samlSingleSignOnSettings")
        return {
            **outputs,
            "id": f"/servicePrincipals/{object_id}",
            "samlSingleSignOns": [] if saml is None else [{"relayState": text(saml.get("relayState"))}],
        }

    def _find_service_principal(self, args: Props, patience: Patience) -> dict[str, Any]:
        object_id = args.get("objectId")
        if object_id:
            described = f'Service Principal (Service Principal: "{object_id}")'
            return self._one("/servicePrincipals", str(object_id), described, patience)
        key, value = ("displayName", args["displayName"]) if args.get("displayName") else ("appId", args["clientId"])
        escaped = str(value).replace("'", "''")
        found = self._filtered("/servicePrincipals", f"{key} eq '{escaped}'", "service principals", patience)
        for item in found:
            if text(item.get(key)).lower() == str(value).lower():
                return item
        raise OperationError("No service principal found", "no service principal found")

    def _one(self, collection: str, object_id: str, described: str, patience: Patience) -> dict[str, Any]:
        try:
            found: dict[str, Any] = self._graph.request("GET", f"{collection}/{object_id}", patience) or {}
        except GraphError as error:
            if is_gone(error):
                raise OperationError(f"{described} was not found") from None
            raise OperationError(f"Retrieving {described}", error) from None
        return found

    def _filtered(self, collection: str, expression: str, what: str, patience: Patience) -> list[dict[str, Any]]:
        try:
            return self._graph.list(collection, patience, {"$filter": expression})
        except GraphError as error:
            raise OperationError(f'Listing {what} for filter "{expression}"', error) from None

    def _find_application(self, args: Props) -> Props:
        patience = Patience(_TIMEOUT_S)
        names = {
            "clientId": "client_id",
            "displayName": "display_name",
            "objectId": "object_id",
            "identifierUri": "identifier_uri",
        }
        _exactly_one(args, names)
        if args.get("objectId"):
            described = f'Application with object ID "{args["objectId"]}"'
            found = self._one("/applications", str(args["objectId"]), described, patience)
        else:
            found = self._application_by_filter(args, patience)
        resource_id = f"/applications/{found['id']}"
        outputs = self._application.read(resource_id, {}, patience)
        if outputs is None:
            raise OperationError("Application not found")
        return _as_function_result(outputs, args, resource_id)

    def _application_by_filter(self, args: Props, patience: Patience) -> dict[str, Any]:
        if args.get("clientId"):
            expression = f"appId eq '{args['clientId']}'"
        elif args.get("displayName"):
            expression = f"displayName eq '{args['displayName']}'"
        else:
            expression = f"identifierUris/any(uri:uri eq '{args['identifierUri']}')"
        found = self._filtered("/applications", expression, "applications", patience)
        if not found:
            raise OperationError("Application not found", f'no applications found matching filter: "{expression}"')
        if len(found) > 1:
            raise OperationError(
                "Multiple applications found", f'found multiple applications matching filter: "{expression}"'
            )
        return found[0]


def _exactly_one(args: Props, names: dict[str, str]) -> None:
    given = [name for name in names if args.get(name)]
    if len(given) != 1:
        listed = ",".join(sorted(names.values()))
        raise OperationError(f"Invalid combination of arguments: one of `{listed}` must be specified")


def _as_function_result(outputs: Props, args: Props, resource_id: str) -> Props:
    """The resource's outputs as the function shows them: single blocks are lists."""
    shown = application_outputs({}) | outputs

    def listed(value: Any) -> list[Any]:
        return [] if value is None else [value]

    web = shown["web"]
    webs = [] if web is None else [{**web, "implicitGrants": listed(web.get("implicitGrant"))}]
    for item in webs:
        item.pop("implicitGrant", None)
    hidden = ("api", "optionalClaims", "publicClient", "singlePageApplication", "web", "logoImage", "password")
    kept = {key: value for key, value in shown.items() if key not in (*hidden, "preventDuplicateNames", "templateId")}
    return {
        **kept,
        "apis": listed(shown["api"]),
        "id": resource_id,
        "identifierUri": text(args.get("identifierUri")),
        "optionalClaims": listed(shown["optionalClaims"]),
        "publicClients": listed(shown["publicClient"]),
        "singlePageApplications": listed(shown["singlePageApplication"]),
        "webs": webs,
    }
