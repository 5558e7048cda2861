"""The routes of Entra and Microsoft Graph, each with where its behaviour is known from.

"Provider" is the upstream of the azuread plugin, 3.9.0, driven against a recording server; "MSAL" is MSAL for Python
1.39.0 against the same. Documentation is at learn.microsoft.com, below ``/graph/api`` and ``/entra/identity-platform``.
An object id is a UUID, so that no function of a collection (``/delta``, ``/$count``) is taken for one.
"""

from __future__ import annotations

from emulator.core.routes import Handler, Missing, Route, Source
from emulator.entra import applications, authorize, directory_objects, login, permission_grants, service_principals

_DOCUMENTED, _OBSERVED, _ASSUMED = Source.DOCUMENTED, Source.OBSERVED, Source.ASSUMED


def _entra(method: str, path: str, handler: Handler, source: Source, reference: str) -> Route:
    return Route(method, path, handler, "entra", source, reference)


def _graph(method: str, path: str, handler: Handler, source: Source, reference: str) -> Route:
    return Route(method, path, handler, "graph", source, reference)


_APPLICATIONS = "/v1.0/applications"
_APPLICATION = "/v1.0/applications/{id:uuid}"
_PRINCIPALS = "/v1.0/servicePrincipals"
_PRINCIPAL = "/v1.0/servicePrincipals/{id:uuid}"
_GRANTS = "/v1.0/oauth2PermissionGrants"
_DELETED = "/v1.0/directory/deletedItems"

MISSING: tuple[Missing, ...] = (
    Missing("POST", "/{tenant}/oauth2/v2.0/devicecode", "entra", "v2-oauth2-device-code"),
    Missing("GET", "/{tenant}/oauth2/v2.0/logout", "entra", "v2-protocols-oidc: single sign-out"),
    Missing("POST", "/{tenant}/oauth2/token", "entra", "the v1.0 endpoints, here and for authorize"),
    Missing("GET", "/common/discovery/instance", "entra", "MSAL asks for it unless instance_discovery is off"),
    Missing("GET", f"{_APPLICATIONS}/$count", "graph", "application-list: $count; likewise servicePrincipals"),
    Missing("GET", f"{_APPLICATIONS}/delta", "graph", "application-delta; likewise servicePrincipals"),
    Missing("POST", f"{_APPLICATION}/addKey", "graph", "application-addkey, removeKey: no certificates are modelled"),
    Missing("GET", f"{_APPLICATION}/federatedIdentityCredentials", "graph", "application-list-federatedidentity…"),
    Missing("POST", f"{_PRINCIPAL}/addPassword", "graph", "serviceprincipal-addpassword, addKey and their removal"),
    Missing("GET", f"{_PRINCIPAL}/appRoleAssignments", "graph", "serviceprincipal-list-approleassignments"),
    Missing("GET", _GRANTS, "graph", "oauth2permissiongrant-list"),
    Missing("GET", "/v1.0/users", "graph", "user-list; likewise groups, organization, and everything else of Graph"),
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
    _entra(
        "GET",
        "/{tenant}/oauth2/v2.0/authorize",
        authorize.authorize,
        _DOCUMENTED,
        "v2-oauth2-auth-code-flow; form of the error page assumed",
    ),
    _entra(
        "POST",
        "/{tenant}/oauth2/v2.0/authorize",
        authorize.authorize,
        _ASSUMED,
        "the account picker's own form; the real page posts elsewhere",
    ),
    _entra("GET", "/oidc/userinfo", login.userinfo, _DOCUMENTED, "userinfo (there on the Graph host)"),
    _graph("GET", _APPLICATIONS, applications.list_applications, _OBSERVED, "provider: filters by appId, displayName"),
    _graph("POST", _APPLICATIONS, applications.create_application, _OBSERVED, "provider: bodies; limits documented"),
    _graph(
        "GET",
        "/v1.0/applications(appId='{app_id}')",
        applications.get_application_by_app_id,
        _DOCUMENTED,
        "application-get: alternate key",
    ),
    _graph("GET", _APPLICATION, applications.get_application, _OBSERVED, "provider: read, polls after changes"),
    _graph("PATCH", _APPLICATION, applications.change_application, _OBSERVED, "provider: merge; 409 reported"),
    _graph("DELETE", _APPLICATION, applications.delete_application, _DOCUMENTED, "application-delete: soft"),
    _graph(
        "POST",
        f"{_APPLICATION}/addPassword",
        applications.add_password,
        _OBSERVED,
        "provider: body and answer; refusals of third secret, dates and policy reported, some codes assumed",
    ),
    _graph(
        "POST",
        f"{_APPLICATION}/removePassword",
        applications.remove_password,
        _OBSERVED,
        "provider: body; effective at once assumed",
    ),
    _graph("GET", f"{_APPLICATION}/owners", applications.list_owners, _OBSERVED, "provider: read, filter by id"),
    _graph("POST", f"{_APPLICATION}/owners/$ref", applications.add_owner, _OBSERVED, "provider: second time 400"),
    _graph(
        "DELETE",
        f"{_APPLICATION}/owners/{{owner_id:uuid}}/$ref",
        applications.remove_owner,
        _OBSERVED,
        "provider: 404 if none",
    ),
    _graph(
        "GET",
        "/beta/applications/{id:uuid}",
        applications.get_application,
        _OBSERVED,
        "provider: $select=oauth2RequirePostResponse",
    ),
    _graph(
        "PATCH",
        "/beta/applications/{id:uuid}",
        applications.change_application,
        _OBSERVED,
        "provider source: oauth2RequirePostResponse",
    ),
    _graph("GET", _PRINCIPALS, service_principals.list_service_principals, _OBSERVED, "provider: filter by appId"),
    _graph("POST", _PRINCIPALS, service_principals.create_service_principal, _OBSERVED, "provider: body, two retries"),
    _graph(
        "GET",
        "/v1.0/servicePrincipals(appId='{app_id}')",
        service_principals.get_service_principal_by_app_id,
        _DOCUMENTED,
        "serviceprincipal-get: alternate key",
    ),
    _graph(
        "GET",
        _PRINCIPAL,
        service_principals.get_service_principal,
        _OBSERVED,
        "provider: read; replyUrls assumed to be the application's; Microsoft's permission ids from public listings",
    ),
    _graph("PATCH", _PRINCIPAL, service_principals.change_service_principal, _OBSERVED, "provider: description first"),
    _graph(
        "DELETE",
        _PRINCIPAL,
        service_principals.delete_service_principal,
        _DOCUMENTED,
        "serviceprincipal-delete; 403 for Microsoft's own assumed",
    ),
    _graph("GET", f"{_PRINCIPAL}/owners", service_principals.list_owners, _OBSERVED, "provider: read"),
    _graph("POST", f"{_PRINCIPAL}/owners/$ref", service_principals.add_owner, _OBSERVED, "provider: second time 400"),
    _graph(
        "DELETE",
        f"{_PRINCIPAL}/owners/{{owner_id:uuid}}/$ref",
        service_principals.remove_owner,
        _OBSERVED,
        "provider: 404 if none",
    ),
    _graph(
        "GET",
        "/beta/servicePrincipals/{id:uuid}",
        service_principals.get_service_principal,
        _OBSERVED,
        "provider: $select=samlMetadataUrl",
    ),
    _graph(
        "POST", _GRANTS, permission_grants.create_grant, _OBSERVED, "provider: body, 404 retried; second one assumed"
    ),
    _graph("GET", f"{_GRANTS}/{{grant_id}}", permission_grants.get_grant, _OBSERVED, "provider: read"),
    _graph(
        "PATCH",
        f"{_GRANTS}/{{grant_id}}",
        permission_grants.change_grant,
        _DOCUMENTED,
        "oauth2permissiongrant-update: scope only",
    ),
    _graph(
        "DELETE", f"{_GRANTS}/{{grant_id}}", permission_grants.delete_grant, _DOCUMENTED, "oauth2permissiongrant-delete"
    ),
    _graph("GET", f"{_DELETED}/{{kind}}", directory_objects.list_deleted, _DOCUMENTED, "directory-deleteditems-list"),
    _graph("GET", f"{_DELETED}/{{id:uuid}}", directory_objects.get_deleted, _DOCUMENTED, "directory-deleteditems-get"),
    _graph(
        "POST",
        f"{_DELETED}/{{id:uuid}}/restore",
        directory_objects.restore_deleted,
        _DOCUMENTED,
        "directory-deleteditems-restore: within 30 days",
    ),
    _graph(
        "DELETE",
        f"{_DELETED}/{{id:uuid}}",
        directory_objects.purge_deleted,
        _DOCUMENTED,
        "directory-deleteditems-delete",
    ),
    _graph(
        "GET",
        "/v1.0/directoryObjects/{id:uuid}",
        directory_objects.get_directory_object,
        _DOCUMENTED,
        "directoryobject-get",
    ),
    _graph("GET", "/v1.0/me", directory_objects.get_me, _DOCUMENTED, "user-get, with User.Read"),
)
