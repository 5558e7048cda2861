"""Authorization codes and refresh tokens: single use, lifetimes, and who may redeem them. Only hashes are kept."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from dataclasses import asdict, dataclass

from emulator.core.world import World
from emulator.entra import login_errors
from emulator.entra.client_secrets import hash_of
from emulator.entra.login_errors import LoginError
from emulator.entra.tenants import Account, account_with_id

_CODES, _REFRESH_TOKENS, _CONSENTS = "entra.codes", "entra.refresh_tokens", "entra.consents"
_CODE_LIFETIME_S = 600


@dataclass(frozen=True)
class Grant:
    """What a user allowed an application. ``expires_at``: of its code, in seconds of the real clock since 1970."""

    app_id: str
    account_id: str
    scopes: list[str]
    redirect_uri: str
    nonce: str | None = None
    challenge: str | None = None  # PKCE, S256
    is_used: bool = False
    expires_at: float = 0

    @property
    def account(self) -> Account:
        """Who signed in."""
        account = account_with_id(self.account_id)
        assert account is not None  # only an account that exists can sign in
        return account


def issue_code(world: World, grant: Grant) -> str:
    """A new authorization code for the grant."""
    code = "0." + secrets.token_urlsafe(48)
    world.store.put(_CODES, hash_of(code), {**asdict(grant), "expires_at": time.time() + _CODE_LIFETIME_S})
    return code


def redeem_code(world: World, code: str, app_id: str, redirect_uri: str, verifier: str | None) -> Grant:
    """The grant behind a code, which is used up by it.

    Raises ``LoginError``: 70000 for an unknown code or another client's, 54005 used, 70008 expired, 500112
    another redirect URI, 501481 wrong or missing verifier. Only success uses the code up (assumed).
    """
    document = world.store.get(_CODES, hash_of(code))
    grant = None if document is None else Grant(**document)
    if grant is None or grant.app_id != app_id:
        raise LoginError(login_errors.GRANT_INVALID, name="code")
    if grant.is_used:
        raise LoginError(login_errors.CODE_USED)
    if time.time() >= grant.expires_at:
        raise LoginError(login_errors.CODE_EXPIRED)
    if grant.redirect_uri != redirect_uri:
        raise LoginError(login_errors.REDIRECT_URI_CHANGED, redirect_uri=redirect_uri)
    if not _verifies(grant, verifier):
        raise LoginError(login_errors.VERIFIER_MISMATCH)
    world.store.put(_CODES, hash_of(code), {**asdict(grant), "is_used": True})
    return grant


def issue_refresh_token(world: World, grant: Grant) -> str:
    """A refresh token for the same grant; earlier ones stay valid (documented)."""
    token = "1." + secrets.token_urlsafe(64)
    world.store.put(_REFRESH_TOKENS, hash_of(token), asdict(grant))
    return token


def redeem_refresh_token(world: World, token: str, app_id: str) -> Grant:
    """The grant behind a refresh token. Raises ``LoginError`` 70000 for one that is unknown."""
    document = world.store.get(_REFRESH_TOKENS, hash_of(token))
    grant = None if document is None else Grant(**document)
    if grant is None or grant.app_id != app_id:
        raise LoginError(login_errors.GRANT_INVALID, name="refresh_token")
    return grant


def consent_as_admin(world: World, app_id: str, tenant_id: str, scopes: tuple[str, ...]) -> None:
    """An administrator's consent counts for the whole tenant."""
    key = f"{app_id}:{tenant_id}"
    kept = world.store.get(_CONSENTS, key) or {"scopes": []}
    world.store.put(_CONSENTS, key, {"scopes": sorted({*kept["scopes"], *scopes})})


def has_admin_consent(world: World, app_id: str, tenant_id: str, scopes: tuple[str, ...]) -> bool:
    """Whether an administrator of the tenant has consented to all of ``scopes``."""
    kept = world.store.get(_CONSENTS, f"{app_id}:{tenant_id}") or {"scopes": []}
    return set(scopes) <= set(kept["scopes"])


def _verifies(grant: Grant, verifier: str | None) -> bool:
    if grant.challenge is None:
        return verifier is None
    if verifier is None:
        return False
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == grant.challenge
