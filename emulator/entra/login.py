"""Sign-in routes that answer JSON: ARM metadata, OIDC discovery, keys, token."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from emulator.core.world import World, world_of
from emulator.entra import clients, grants, graph_access, login_errors, scopes
from emulator.entra.directory import DirectoryObject
from emulator.entra.grants import Grant
from emulator.entra.ids import DEPLOYER_APP_ID
from emulator.entra.login_errors import LoginError
from emulator.entra.switches import EntraSwitches
from emulator.entra.tenants import Authority, authority_named
from emulator.entra.tokens import TOKEN_LIFETIME_S, signer_of, times

_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


async def metadata(request: Request) -> Response:
    """The cloud's addresses, as the provider asks for them."""
    base_url = world_of(request).base_url
    return JSONResponse(
        {
            "name": "Emulator",
            "resourceManager": base_url,
            "microsoftGraphResourceId": base_url,
            "authentication": {
                "loginEndpoint": base_url,
                "audiences": [base_url],
                "tenant": "common",
                "identityProvider": "AAD",
            },
        }
    )


async def discovery(request: Request) -> Response:
    """OpenID Connect discovery."""
    base_url = world_of(request).base_url
    tenant = request.path_params["tenant"]
    authority = authority_named(tenant)
    root = f"{base_url}/{tenant}"
    issuer_tenant = authority.tenant_id or "{tenantid}"
    return JSONResponse(
        {
            "issuer": f"{base_url}/{issuer_tenant}/v2.0",
            "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
            "token_endpoint": f"{root}/oauth2/v2.0/token",
            "jwks_uri": f"{root}/discovery/v2.0/keys",
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "scopes_supported": list(scopes.OPENID_SCOPES),
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
        }
    )


async def keys(request: Request) -> Response:
    """The public keys that tokens are signed with."""
    world = world_of(request)
    authority = authority_named(request.path_params["tenant"])
    issuer = f"{world.base_url}/{authority.tenant_id or '{tenantid}'}/v2.0"
    return JSONResponse(signer_of(world).public_key_set(issuer))


async def token(request: Request) -> Response:
    """The token endpoint."""
    world = world_of(request)
    authority = authority_named(request.path_params["tenant"])
    form = await form_of(request)
    grant_type = _required(form, "grant_type")
    answer = _GRANTS.get(grant_type)
    if answer is None:
        raise LoginError(login_errors.GRANT_UNSUPPORTED, grant=grant_type)
    if "client_assertion" in form:
        raise LoginError(login_errors.REQUEST_MALFORMED, detail="The emulator does not model client assertions.")
    return JSONResponse(await answer(world, authority, form), headers=_NO_STORE)


async def _client_credentials(world: World, authority: Authority, form: dict[str, str]) -> dict[str, Any]:
    app_id = _required(form, "client_id").lower()
    scope = _required(form, "scope")
    if not authority.is_tenant:
        raise LoginError(login_errors.GRANT_NEEDS_TENANT)
    application, principal = clients.principal_at(world, app_id, authority.name)
    clients.prove(world, application, form.get("client_secret"), login_errors.NO_SECRET_CLIENT_CREDENTIALS)
    audience = scopes.resource_of(world, scope, authority.name)
    claims: dict[str, Any] = {
        "aud": audience,
        "iss": f"{world.base_url}/{authority.name}/v2.0",
        **times(),
        "appid": app_id,
        "azp": app_id,
        "idtyp": "app",
        "oid": principal.id,
        "sub": principal.id,
        "tid": authority.name,
        "ver": "2.0",
    }
    if app_id == DEPLOYER_APP_ID and audience in graph_access.graph_audiences(world):
        claims["roles"] = world.settings.of(EntraSwitches).caller_roles
    return {
        "token_type": "Bearer",
        "expires_in": TOKEN_LIFETIME_S,
        "ext_expires_in": TOKEN_LIFETIME_S,
        "access_token": signer_of(world).sign(claims),
    }


async def _authorization_code(world: World, authority: Authority, form: dict[str, str]) -> dict[str, Any]:
    app_id = _required(form, "client_id").lower()
    code = _required(form, "code")
    redirect_uri = _required(form, "redirect_uri")
    application = clients.application_at(world, app_id, authority)
    clients.prove(world, application, form.get("client_secret"), login_errors.NO_SECRET)
    grant = grants.redeem_code(world, code, app_id, redirect_uri, form.get("code_verifier"))
    return _user_tokens(world, grant, _granted(world, grant, application, form))


async def _refresh_token(world: World, authority: Authority, form: dict[str, str]) -> dict[str, Any]:
    app_id = _required(form, "client_id").lower()
    refresh_token = _required(form, "refresh_token")
    application = clients.application_at(world, app_id, authority)
    grant = grants.redeem_refresh_token(world, refresh_token, app_id)
    clients.prove(world, application, form.get("client_secret"), login_errors.NO_SECRET)
    return _user_tokens(world, grant, _granted(world, grant, application, form))


_GRANTS: dict[str, Callable[[World, Authority, dict[str, str]], Awaitable[dict[str, Any]]]] = {
    "client_credentials": _client_credentials,
    "authorization_code": _authorization_code,
    "refresh_token": _refresh_token,
}


def _granted(world: World, grant: Grant, application: DirectoryObject, form: dict[str, str]) -> list[str]:
    """The scopes of the answer: of those that the user granted, those asked for now (assumed)."""
    if not form.get("scope"):
        return grant.scopes
    wanted = scopes.delegated(world, form["scope"], application).values
    return [value for value in grant.scopes if value in wanted]


def _user_tokens(world: World, grant: Grant, granted: list[str]) -> dict[str, Any]:
    account = grant.account
    issuer = f"{world.base_url}/{account.tenant_id}/v2.0"
    pairwise = base64.urlsafe_b64encode(hashlib.sha256(f"{grant.app_id}{account.object_id}".encode()).digest())
    common: dict[str, Any] = {
        "iss": issuer,
        **times(),
        "oid": account.object_id,
        "sub": pairwise.rstrip(b"=").decode(),
        "tid": account.tenant_id,
        "name": account.name,
        "ver": "2.0",
    }
    visible = [value for value in granted if value != "offline_access"]
    access_claims = {
        **common,
        "aud": world.base_url,
        "appid": grant.app_id,
        "azp": grant.app_id,
        "idtyp": "user",
        "scp": " ".join(visible),
        "upn": account.user_name,
    }
    answer: dict[str, Any] = {
        "token_type": "Bearer",
        "scope": " ".join(visible),
        "expires_in": TOKEN_LIFETIME_S,
        "ext_expires_in": TOKEN_LIFETIME_S,
        "access_token": signer_of(world).sign(access_claims),
    }
    if "openid" in granted:
        id_claims = {**common, "aud": grant.app_id, "preferred_username": account.user_name}
        if "email" in granted:
            id_claims["email"] = account.user_name
        if grant.nonce is not None:
            id_claims["nonce"] = grant.nonce
        answer["id_token"] = signer_of(world).sign(id_claims)
    if "offline_access" in granted:
        answer["refresh_token"] = grants.issue_refresh_token(world, grant)
    client_info = json.dumps({"uid": account.object_id, "utid": account.tenant_id}).encode()
    answer["client_info"] = base64.urlsafe_b64encode(client_info).rstrip(b"=").decode()
    return answer


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form."""
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))


def _required(form: dict[str, str], name: str) -> str:
    value = form.get(name)
    if not value:
        raise LoginError(login_errors.PARAMETER_MISSING, name=name)
    return value
