"""The routes of Entra and Microsoft Graph, each with where its behaviour is known from.

"Provider" is the upstream of the azuread plugin, 3.9.0, driven against a recording server; "MSAL" is MSAL for Python
1.39.0 against the same. Documentation is at learn.microsoft.com, below ``/graph/api`` and ``/entra/identity-platform``.
An object id is a UUID, so that no function of a collection (``/delta``, ``/$count``) is taken for one.
"""

from __future__ import annotations

from emulator.core.routes import Handler, Missing, Route, Source
from emulator.entra import applications as apps
from emulator.entra import login
from emulator.entra import service_principals as principals
from emulator.entra.authorize import authorize

_DOCUMENTED, _OBSERVED, _ASSUMED = Source.DOCUMENTED, Source.OBSERVED, Source.ASSUMED


def _entra(method: str, path: str, handler: Handler, source: Source, reference: str) -> Route:
    return Route(method, path, handler, "entra", source, reference)


def _graph(method: str, path: str, handler: Handler, source: Source, reference: str) -> Route:
    return Route(method, path, handler, "graph", source, reference)


_APPLICATIONS = "/v1.0/applications"
_APPLICATION = "/v1.0/applications/{id:uuid}"
_PRINCIPALS = "/v1.0/servicePrincipals"
_PRINCIPAL = "/v1.0/servicePrincipals/{id:uuid}"
_BETA_APPLICATION = "/beta/applications/{id:uuid}"
_OWNER = "owners/{owner_id:uuid}/$ref"
_AUTHORIZE = "/{tenant}/oauth2/v2.0/authorize"

MISSING: tuple[Missing, ...] = (
    Missing("POST", "/{tenant}/oauth2/v2.0/devicecode", "entra", "v2-oauth2-device-code"),
    Missing("GET", "/{tenant}/oauth2/v2.0/logout", "entra", "v2-protocols-oidc: single sign-out"),
    Missing("POST", "/{tenant}/oauth2/token", "entra", "the v1.0 endpoints, here and for authorize"),
    Missing("GET", "/common/discovery/instance", "entra", "MSAL asks for it unless instance_discovery is off"),
    Missing("GET", "/oidc/userinfo", "entra", "userinfo (there on the Graph host)"),
    Missing("GET", f"{_APPLICATIONS}/$count", "graph", "application-list: $count; likewise servicePrincipals"),
    Missing("GET", f"{_APPLICATIONS}/delta", "graph", "application-delta; likewise servicePrincipals"),
    Missing("GET", f"{_APPLICATIONS}(appId='{{app_id}}')", "graph", "application-get; likewise servicePrincipals"),
    Missing("POST", f"{_APPLICATION}/addKey", "graph", "application-addkey, removeKey: no certificates are modelled"),
    Missing("GET", f"{_APPLICATION}/federatedIdentityCredentials", "graph", "application-list-federatedidentity…"),
    Missing("POST", f"{_PRINCIPAL}/addPassword", "graph", "serviceprincipal-addpassword, addKey and their removal"),
    Missing("GET", f"{_PRINCIPAL}/appRoleAssignments", "graph", "serviceprincipal-list-approleassignments"),
    Missing("GET", "/v1.0/oauth2PermissionGrants", "graph", "oauth2permissiongrant-list, create, update, delete"),
    Missing("GET", "/v1.0/directory/deletedItems/{kind}", "graph", "directory-deleteditems-list, restore, delete"),
    Missing("GET", "/v1.0/users", "graph", "user-list; likewise me, groups, and everything else of Graph"),
    Missing("POST", "/v1.0/$batch", "graph", "json-batching"),
)

ROUTES: tuple[Route, ...] = (
    _entra("GET", "/metadata/endpoints", login.metadata, _OBSERVED, "provider: minimal answer it accepts"),
    _entra("GET", "/{tenant}/v2.0/.well-known/openid-configuration", login.discovery, _OBSERVED, "MSAL constructor"),
    _entra("GET", "/{tenant}/discovery/v2.0/keys", login.keys, _DOCUMENTED, "access-tokens: signing keys"),
    _entra(
        "POST",
        "/{tenant}/oauth2/v2.0/token",
        login.token,
        _OBSERVED,
        "provider and MSAL forms; AADSTS meanings documented, pairing of number and status partly assumed",
    ),
    _entra("GET", _AUTHORIZE, authorize, _DOCUMENTED, "v2-oauth2-auth-code-flow; form of the error page assumed"),
    _entra("POST", _AUTHORIZE, authorize, _ASSUMED, "the account picker's own form; the real page posts elsewhere"),
    _graph("GET", _APPLICATIONS, apps.list_applications, _OBSERVED, "provider: filters by appId, displayName"),
    _graph("POST", _APPLICATIONS, apps.create_application, _OBSERVED, "provider: bodies; limits documented"),
    _graph("GET", _APPLICATION, apps.get_application, _OBSERVED, "provider: read, polls after changes"),
    _graph("PATCH", _APPLICATION, apps.change_application, _OBSERVED, "provider: merge; 409 reported"),
    _graph("DELETE", _APPLICATION, apps.delete_application, _DOCUMENTED, "application-delete; no way back here"),
    _graph(
        "POST",
        f"{_APPLICATION}/addPassword",
        apps.add_password,
        _OBSERVED,
        "provider: body and answer; refusals of third secret, dates and policy reported, some codes assumed",
    ),
    _graph(
        "POST",
        f"{_APPLICATION}/removePassword",
        apps.remove_password,
        _OBSERVED,
        "provider: body; effective at once assumed",
    ),
    _graph("GET", f"{_APPLICATION}/owners", apps.list_owners, _OBSERVED, "provider: read, filter by id"),
    _graph("POST", f"{_APPLICATION}/owners/$ref", apps.add_owner, _OBSERVED, "provider: second time 400"),
    _graph("DELETE", f"{_APPLICATION}/{_OWNER}", apps.remove_owner, _OBSERVED, "provider: 404 if none"),
    _graph("GET", _BETA_APPLICATION, apps.get_application, _OBSERVED, "provider: $select=oauth2RequirePostResponse"),
    _graph("PATCH", _BETA_APPLICATION, apps.change_application, _OBSERVED, "provider: oauth2RequirePostResponse"),
    _graph("GET", _PRINCIPALS, principals.list_service_principals, _OBSERVED, "provider: filter by appId"),
    _graph("POST", _PRINCIPALS, principals.create_service_principal, _OBSERVED, "provider: body, two retries"),
    _graph(
        "GET",
        _PRINCIPAL,
        principals.get_service_principal,
        _OBSERVED,
        "provider: read; replyUrls assumed to be the application's; Microsoft's permission ids from public listings",
    ),
    _graph("PATCH", _PRINCIPAL, principals.change_service_principal, _OBSERVED, "provider: description first"),
    _graph(
        "DELETE",
        _PRINCIPAL,
        principals.delete_service_principal,
        _DOCUMENTED,
        "serviceprincipal-delete; 403 for Microsoft's own assumed",
    ),
    _graph("GET", f"{_PRINCIPAL}/owners", principals.list_owners, _OBSERVED, "provider: read"),
    _graph("POST", f"{_PRINCIPAL}/owners/$ref", principals.add_owner, _OBSERVED, "provider: second time 400"),
    _graph("DELETE", f"{_PRINCIPAL}/{_OWNER}", principals.remove_owner, _OBSERVED, "provider: 404 if none"),
    _graph(
        "GET",
        "/beta/servicePrincipals/{id:uuid}",
        principals.get_service_principal,
        _OBSERVED,
        "provider: $select=samlMetadataUrl",
    ),
)
