"""Authorization codes and refresh tokens: single use, lifetimes, and who may redeem them. Only hashes are kept."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from dataclasses import asdict, dataclass
from datetime import datetime, timezone

from emulator.core.world import World
from emulator.entra import login_errors, permission_grants
from emulator.entra.client_secrets import hash_of
from emulator.entra.ids import TENANT_ID
from emulator.entra.login_errors import LoginError
from emulator.entra.tenants import Account, Authority, account_with_id

_CODES, _REFRESH_TOKENS, _CONSENTS = "entra.codes", "entra.refresh_tokens", "entra.consents"
_VERIFIER_LENGTHS = range(43, 129)


@dataclass(frozen=True)
class Grant:
    """What a user allowed an application. Times are seconds of the real clock since 1970."""

    app_id: str
    account_id: str
    scopes: list[str]
    authority: str
    redirect_uri: str
    issued_at: float
    expires_at: float
    nonce: str | None = None
    challenge: str | None = None
    challenge_method: str | None = None
    is_used: bool = False

    @property
    def account(self) -> Account:
        """Who signed in."""
        account = account_with_id(self.account_id)
        if account is None:
            raise LoginError(login_errors.GRANT_INVALID, name="code")
        return account


def challenge_problem(challenge: str | None, method: str | None) -> bool:
    """Whether a PKCE challenge cannot be accepted: S256 and plain (the default) are known (documented)."""
    if challenge is None:
        return method is not None
    return method not in (None, "plain", "S256") or len(challenge) not in _VERIFIER_LENGTHS


def issue_code(world: World, grant: Grant) -> str:
    """A new authorization code for the grant."""
    code = "0." + secrets.token_urlsafe(48)
    world.store.put(_CODES, hash_of(code), asdict(grant))
    return code


def redeem_code(
    world: World, code: str, *, app_id: str, authority: Authority, redirect_uri: str, verifier: str | None
) -> Grant:
    """The grant behind a code, which is used up by it.

    Raises ``LoginError``: 70000 for an unknown code or another client's, 54005 used, 70008 expired, 700005 other
    tenant, 500112 another redirect URI, 501481 wrong or missing verifier. Only success uses the code up (assumed).
    """
    document = world.store.get(_CODES, hash_of(code))
    grant = None if document is None else Grant(**document)
    if grant is None or grant.app_id != app_id:
        raise LoginError(login_errors.GRANT_INVALID, name="code")
    if grant.is_used:
        raise LoginError(login_errors.CODE_USED)
    if time.time() >= grant.expires_at:
        raise LoginError(login_errors.CODE_EXPIRED)
    _require_authority(grant, authority)
    if grant.redirect_uri != redirect_uri:
        raise LoginError(login_errors.REDIRECT_URI_CHANGED, redirect_uri=redirect_uri)
    if not _verifies(grant, verifier):
        raise LoginError(login_errors.VERIFIER_MISMATCH)
    world.store.put(_CODES, hash_of(code), {**asdict(grant), "is_used": True})
    return grant


def issue_refresh_token(world: World, grant: Grant) -> str:
    """A refresh token for the same grant; earlier ones stay valid (documented)."""
    token = "1." + secrets.token_urlsafe(64)
    now = time.time()
    lifetime = world.settings["refresh_token_expires_in"]
    kept = {**asdict(grant), "issued_at": now, "expires_at": now + lifetime}
    world.store.put(_REFRESH_TOKENS, hash_of(token), kept)
    return token


def redeem_refresh_token(world: World, token: str, *, app_id: str, authority: Authority) -> Grant:
    """The grant behind a refresh token. Raises ``LoginError`` 70000 unknown, 700082 expired, 700005 other tenant."""
    document = world.store.get(_REFRESH_TOKENS, hash_of(token))
    grant = None if document is None else Grant(**document)
    if grant is None or grant.app_id != app_id:
        raise LoginError(login_errors.GRANT_INVALID, name="refresh_token")
    if time.time() >= grant.expires_at:
        issued = datetime.fromtimestamp(grant.issued_at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        raise LoginError(login_errors.REFRESH_TOKEN_EXPIRED, issued=issued)
    _require_authority(grant, authority)
    return grant


def consent_as_admin(world: World, app_id: str, tenant_id: str, scopes: tuple[str, ...]) -> None:
    """An administrator's consent counts for the whole tenant."""
    key = f"{app_id}:{tenant_id}"
    kept = world.store.get(_CONSENTS, key) or {"scopes": []}
    world.store.put(_CONSENTS, key, {"scopes": sorted({*kept["scopes"], *scopes})})


def has_admin_consent(world: World, app_id: str, tenant_id: str, scopes: tuple[str, ...]) -> bool:
    """Whether an administrator of the tenant has consented to all of ``scopes``, while signing in or through Graph."""
    kept = world.store.get(_CONSENTS, f"{app_id}:{tenant_id}") or {"scopes": []}
    missing = set(scopes) - set(kept["scopes"])
    if tenant_id == TENANT_ID:
        granted = permission_grants.granted_to_everybody(world, app_id)
        missing = {scope for scope in missing if scope.lower() not in granted}
    return not missing


def _require_authority(grant: Grant, authority: Authority) -> None:
    """The same authority, or the signed-in account's own tenant."""
    if authority.name != grant.authority and authority.tenant_id != grant.account.tenant_id:
        raise LoginError(login_errors.OTHER_TENANTS_CODE, issued_for=grant.authority, tenant=authority.name)


def _verifies(grant: Grant, verifier: str | None) -> bool:
    if grant.challenge is None:
        return verifier is None
    if verifier is None:
        return False
    if grant.challenge_method == "S256":
        digest = hashlib.sha256(verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == grant.challenge
    return verifier == grant.challenge
