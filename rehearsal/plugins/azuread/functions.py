"""The functions of the azuread package that programs here use.

Source: observed in the data sources of hashicorp/terraform-provider-azuread as bundled with pulumi-azuread 6.11.1, and
their answers recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rehearsal.plugins.azuread.application import Application
from rehearsal.plugins.azuread.graph import GraphClient, GraphError, Patience
from rehearsal.plugins.azuread.resource import Locks, OperationError, text
from rehearsal.plugins.azuread.service_principal import saml_metadata_url, service_principal_outputs
from rehearsal.plugins.contract import ProviderError
from rehearsal.plugins.values import Props

_TIMEOUT_S = 300.0


class Functions:
    """Calls by token."""

    def __init__(self, graph: GraphClient) -> None:
        self._graph = graph
        self._application = Application(graph, Locks())
        self._calls: dict[str, Callable[[Props], Props]] = {
            "getClientConfig": self._client_config,
            "getServicePrincipal": self._service_principal,
            "getApplication": self._find_application,
        }

    def call(self, token: str, args: Props) -> Props:
        """Call a function; raises ProviderError in the bridge's words, or for one that is not modelled."""
        name = token.rsplit(":", 1)[-1]
        call = self._calls.get(name)
        if call is None:
            known = ", ".join(self._calls)
            raise ProviderError(
                f"The stand-in for the azuread plugin has the functions {known} only, not {token}. Next: install the "
                "real plugins and run with PLUGINS=real."
            )
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

    def _service_principal(self, args: Props) -> Props:
        patience = Patience(_TIMEOUT_S)
        client_id = _client_id(args)
        escaped = client_id.replace("'", "''")
        listed = self._filtered("/servicePrincipals", f"appId eq '{escaped}'", "service principals", patience)
        found = next((item for item in listed if text(item.get("appId")).lower() == client_id.lower()), None)
        if found is None:
            raise OperationError("No service principal found", "no service principal found")
        object_id = text(found.get("id"))
        outputs = service_principal_outputs(found, saml_metadata_url(self._application, object_id, patience))
        saml = found.get("samlSingleSignOnSettings")
        return {
            **outputs,
            "id": f"/servicePrincipals/{object_id}",
            "samlSingleSignOns": [] if saml is None else [{"relayState": text(saml.get("relayState"))}],
        }

    def _filtered(self, collection: str, expression: str, what: str, patience: Patience) -> list[dict[str, Any]]:
        try:
            return self._graph.list(collection, patience, {"$filter": expression})
        except GraphError as error:
            raise OperationError(f'Listing {what} for filter "{expression}"', error) from None

    def _find_application(self, args: Props) -> Props:
        patience = Patience(_TIMEOUT_S)
        expression = f"appId eq '{_client_id(args)}'"
        found = self._filtered("/applications", expression, "applications", patience)
        if not found:
            raise OperationError("Application not found", f'no applications found matching filter: "{expression}"')
        resource_id = f"/applications/{found[0]['id']}"
        outputs = self._application.read(resource_id, {}, patience)
        if outputs is None:
            raise OperationError("Application not found")
        return _as_function_result(outputs, resource_id)


def _client_id(args: Props) -> str:
    if set(args) != {"clientId"}:
        raise OperationError(
            "the stand-in for the azuread plugin finds by clientId only, not by "
            f"{', '.join(sorted(args)) or 'nothing'}. "
            "Next: install the real plugins and run with PLUGINS=real."
        )
    return str(args["clientId"])


def _as_function_result(shown: Props, resource_id: str) -> Props:
    """The resource's outputs as the function shows them: single blocks are lists."""

    def listed(value: Any) -> list[Any]:
        return [] if value is None else [value]

    web = shown["web"]
    webs = [] if web is None else [{**web, "implicitGrants": listed(web.get("implicitGrant"))}]
    for item in webs:
        item.pop("implicitGrant", None)
    blocks = ("api", "optionalClaims", "publicClient", "singlePageApplication", "web", "password")
    of_the_resource = ("description", "logoImage", "preventDuplicateNames", "templateId")
    kept = {key: value for key, value in shown.items() if key not in (*blocks, *of_the_resource)}
    return {
        **kept,
        "apis": listed(shown["api"]),
        "id": resource_id,
        "optionalClaims": listed(shown["optionalClaims"]),
        "publicClients": listed(shown["publicClient"]),
        "singlePageApplications": listed(shown["singlePageApplication"]),
        "webs": webs,
    }
