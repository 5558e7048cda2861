"""Signed tokens. Their lifetimes follow the real clock: whoever holds one counts in real seconds."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from pathlib import Path
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from emulator.core.tls import write_private
from emulator.core.world import World

_KEY_BITS = 2048
_KEPT_VERDICTS = 512
TOKEN_LIFETIME_S = 3599


class InvalidToken(Exception):
    """A token that this world did not issue, or that has expired."""


class Signer:
    """The signing key of one state directory: made once, kept in a file that only its owner can read.

    A file that holds no key, as after a full disk, is written anew: what the old key signed is valid for an hour only.
    """

    def __init__(self, path: Path) -> None:
        self._key = _key_in(path) or _new_key_in(path)
        self._public = self._key.public_key()
        der = self._public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.key_id = base64.urlsafe_b64encode(hashlib.sha256(der).digest()[:20]).rstrip(b"=").decode()
        self._verified: dict[str, dict[str, Any]] = {}

    def sign(self, claims: dict[str, Any]) -> str:
        """A JWT, RS256."""
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self.key_id})

    def verify(self, token: str) -> dict[str, Any]:
        """The claims of a token of ours that has not expired. Raises ``InvalidToken``."""
        claims = self._verified.get(token)
        if claims is None:
            options: Any = {"verify_aud": False, "verify_iat": False, "verify_nbf": False, "verify_exp": False}
            try:
                claims = jwt.decode(token, self._public, algorithms=["RS256"], options=options)
            except jwt.InvalidTokenError as error:
                raise InvalidToken(str(error)) from error
            if len(self._verified) >= _KEPT_VERDICTS:
                self._verified.clear()
            self._verified[token] = claims
        if claims.get("exp", 0) <= time.time():
            raise InvalidToken("the token has expired")
        return claims

    def public_key_set(self, issuer: str) -> dict[str, Any]:
        """The JWKS document."""
        key: dict[str, Any] = json.loads(RSAAlgorithm.to_jwk(self._public))
        key.pop("key_ops", None)
        key.update({"use": "sig", "alg": "RS256", "kid": self.key_id, "x5t": self.key_id, "issuer": issuer})
        return {"keys": [key]}


def _key_in(path: Path) -> rsa.RSAPrivateKey | None:
    try:
        loaded = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (FileNotFoundError, ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return loaded if isinstance(loaded, rsa.RSAPrivateKey) else None


def _new_key_in(path: Path) -> rsa.RSAPrivateKey:
    key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write_private(path, pem)
    return key


def signer_of(world: World) -> Signer:
    """The world's signer."""
    return world.keep("entra.signer", lambda: Signer(world.state_dir / "signing-key.pem"))


def times() -> dict[str, int]:
    """``iat``, ``nbf``, ``exp`` of a token that is issued now."""
    now = int(time.time())
    return {"iat": now, "nbf": now, "exp": now + TOKEN_LIFETIME_S}
