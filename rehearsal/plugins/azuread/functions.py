"""The functions of the azuread package that the components call, with the results that they read.

Source: observed in the data sources of hashicorp/terraform-provider-azuread as bundled with pulumi-azuread 6.11.1, and
their answers recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from rehearsal.plugins.azuread.application import Application
from rehearsal.plugins.azuread.graph import GraphClient
from rehearsal.plugins.azuread.resource import text
from rehearsal.plugins.azuread.service_principal import find_service_principals, read_saml_metadata_url
from rehearsal.plugins.contract import ProviderError
from rehearsal.plugins.values import Props


def _client_config(graph: GraphClient, _args: Props) -> Props:
    caller = graph.caller
    return {
        "clientId": caller.client_id,
        "id": f"{caller.tenant_id}-{caller.client_id}-{caller.object_id}",
        "objectId": caller.object_id,
        "tenantId": caller.tenant_id,
    }


def _service_principal(graph: GraphClient, args: Props) -> Props:
    client_id = _client_id(args)
    failing = f"Listing service principals for filter \"appId eq '{client_id}'\""
    listed = find_service_principals(graph, client_id, failing)
    if not listed:
        raise ProviderError("No service principal found: no service principal found")
    (found,) = listed
    object_id = text(found["id"])
    read_saml_metadata_url(graph, object_id)
    return {
        "clientId": text(found.get("appId")),
        "displayName": text(found.get("displayName")),
        "id": f"/servicePrincipals/{object_id}",
        "oauth2PermissionScopeIds": {scope["value"]: scope["id"] for scope in found["oauth2PermissionScopes"]},
        "objectId": object_id,
    }


def _application(graph: GraphClient, args: Props) -> Props:
    find = _application_of_object_id if set(args) == {"objectId"} else _application_of_client_id
    found = find(graph, args)
    resource_id = f"/applications/{found['id']}"
    shown = Application(graph).present(resource_id, {})
    return {
        "apis": [{"requestedAccessTokenVersion": shown["api"]["requestedAccessTokenVersion"]}],
        "clientId": shown["clientId"],
        "displayName": shown["displayName"],
        "id": resource_id,
        "objectId": shown["objectId"],
        "publicClients": [{"redirectUris": found["publicClient"]["redirectUris"]}],
        "signInAudience": shown["signInAudience"],
        "singlePageApplications": [{"redirectUris": found["spa"]["redirectUris"]}],
        "webs": [{"redirectUris": shown["web"]["redirectUris"]}],
    }


def _application_of_client_id(graph: GraphClient, args: Props) -> dict[str, Any]:
    matching = f"appId eq '{_client_id(args)}'"
    failing = f'Listing applications for filter "{matching}"'
    found = graph.list("/applications", query={"$filter": matching}, failing=failing)
    if not found:
        raise ProviderError(f'Application not found: no applications found matching filter: "{matching}"')
    return found[0]


def _application_of_object_id(graph: GraphClient, args: Props) -> dict[str, Any]:
    named = f'Application with object ID "{args["objectId"]}"'
    found = graph.find(f"/applications/{args['objectId']}", failing=f"Retrieving {named}")
    if found is None:
        raise ProviderError(f"{named} was not found")
    return found


def _client_id(args: Props) -> str:
    if set(args) != {"clientId"}:
        raise ProviderError(
            "the stand-in for the azuread plugin finds by clientId only, not by "
            f"{', '.join(sorted(args)) or 'nothing'}. "
            "Next: install the real plugins and run with PLUGINS=real."
        )
    return str(args["clientId"])


FUNCTIONS: Final[Mapping[str, Callable[[GraphClient, Props], Props]]] = {
    "azuread:index/getClientConfig:getClientConfig": _client_config,
    "azuread:index/getServicePrincipal:getServicePrincipal": _service_principal,
    "azuread:index/getApplication:getApplication": _application,
}
