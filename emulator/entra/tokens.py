"""Signed tokens. Their lifetimes follow the real clock, because their holders count in real seconds."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from emulator.core.world import World

_KEY_BITS = 2048
TOKEN_LIFETIME_S = 3599


class Signer:
    """The signing key. It is kept in memory only: an emulator that starts again refuses earlier access tokens."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
        self._public = self._key.public_key()
        self._key_id = secrets.token_urlsafe(20)

    def sign(self, claims: dict[str, Any]) -> str:
        """A JWT, RS256."""
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self._key_id})

    def verify(self, token: str, audiences: Sequence[str]) -> dict[str, Any]:
        """The claims of a token. Raises ``jwt.InvalidTokenError`` for one of another issuer or for another audience,
        and for an expired one."""
        return jwt.decode(token, self._public, algorithms=["RS256"], audience=audiences)

    def public_key_set(self, issuer: str) -> dict[str, Any]:
        """The JWKS document."""
        key = RSAAlgorithm.to_jwk(self._public, as_dict=True)
        key.update({"use": "sig", "alg": "RS256", "kid": self._key_id, "x5t": self._key_id, "issuer": issuer})
        return {"keys": [key]}


def signer_of(world: World) -> Signer:
    """The world's signer."""
    return world.keep("entra.signer", Signer)


def times() -> dict[str, int]:
    """``iat``, ``nbf``, ``exp`` of a token that is issued now."""
    now = int(time.time())
    return {"iat": now, "nbf": now, "exp": now + TOKEN_LIFETIME_S}
