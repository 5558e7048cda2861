"""Pulumi's passphrase secrets provider: what it encrypts, this decrypts, and the other way round.

Source: observed in ``pkg/secrets/passphrase`` and ``sdk/go/common/resource/config/crypt.go`` of pulumi/pulumi 3.260.
A state is ``v1:<salt>:v1:<nonce>:<ciphertext of "pulumi">``; a value is ``v1:<nonce>:<ciphertext>``, everything in
base64; the key is PBKDF2-HMAC-SHA256 of the passphrase with 1,000,000 iterations; the cipher is AES-256-GCM.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_ITERATIONS = 1_000_000
_KEY_BYTES = 32
_NONCE_BYTES = 12
_SALT_BYTES = 8

_keys: dict[tuple[str, bytes], bytes] = {}
_new_states: dict[str, str] = {}
_lock = threading.Lock()


class WrongPassphraseError(Exception):
    """The passphrase does not open this state."""


def _derive_key(passphrase: str, salt: bytes) -> bytes:
    with _lock:
        key = _keys.get((passphrase, salt))
        if key is None:
            key = hashlib.pbkdf2_hmac("sha256", passphrase.encode(), salt, _ITERATIONS, _KEY_BYTES)
            _keys[passphrase, salt] = key
        return key


def _encode(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


class PassphraseSecrets:
    """Encrypts and decrypts with one passphrase and one salt. The key is derived on first use, once per process.

    ``state``: the text kept in a stack's settings and state; None makes a new one. New states of one process share a
    salt for the same passphrase, which keeps hundreds of test stacks cheap.
    """

    def __init__(self, passphrase: str, state: str | None = None) -> None:
        self._passphrase = passphrase
        self._given = state
        self._cipher: AESGCM | None = None
        self._opening = threading.Lock()

    def __repr__(self) -> str:
        return "PassphraseSecrets([secret])"

    @property
    def state(self) -> str:
        """The passphrase state; for a new stack it is made now."""
        if self._given is None:
            with self._opening:
                if self._given is None:
                    self._given = self._new_state()
        return self._given

    def _new_state(self) -> str:
        with _lock:
            known = _new_states.get(self._passphrase)
        if known is not None:
            return known
        salt = os.urandom(_SALT_BYTES)
        cipher = _cipher(_derive_key(self._passphrase, salt))
        state = f"v1:{_encode(salt)}:{_seal(cipher, 'pulumi')}"
        with _lock:
            return _new_states.setdefault(self._passphrase, state)

    def prepare(self) -> None:
        """Derive the key on another thread while this one goes on; about a quarter of a second of one core."""
        if self._cipher is None:
            threading.Thread(target=self._prepare, name="derive-key", daemon=True).start()

    def _prepare(self) -> None:
        with contextlib.suppress(WrongPassphraseError, ValueError):  # told to whoever calls verify()
            self._open()

    def verify(self) -> None:
        """Wait for the key; raises WrongPassphraseError if it does not open the state."""
        self._open()

    def _open(self) -> AESGCM:
        if self._cipher is not None:
            return self._cipher
        state = self.state
        with self._opening:
            if self._cipher is None:
                parts = state.split(":", 2)
                if len(parts) != 3 or parts[0] != "v1":
                    raise ValueError("the secrets provider's state is malformed")
                cipher = _cipher(_derive_key(self._passphrase, base64.b64decode(parts[1])))
                if _unseal(cipher, parts[2]) != "pulumi":
                    raise WrongPassphraseError("incorrect passphrase")
                self._cipher = cipher
            return self._cipher

    def encrypt(self, text: str) -> str:
        """The ciphertext of a text, different at each call."""
        return _seal(self._open(), text)

    def decrypt(self, ciphertext: str) -> str:
        """The text of a ciphertext; raises WrongPassphraseError if it was made with another key."""
        return _unseal(self._open(), ciphertext)


def _cipher(key: bytes) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - 40 ms that a preview may not need

    return AESGCM(key)


def _seal(cipher: AESGCM, text: str) -> str:
    nonce = os.urandom(_NONCE_BYTES)
    return f"v1:{_encode(nonce)}:{_encode(cipher.encrypt(nonce, text.encode(), None))}"


def _unseal(cipher: AESGCM, text: str) -> str:
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415

    parts = text.split(":")
    if len(parts) != 3 or parts[0] != "v1":
        raise ValueError("a ciphertext is malformed")
    try:
        return cipher.decrypt(base64.b64decode(parts[1]), base64.b64decode(parts[2]), None).decode()
    except InvalidTag:
        raise WrongPassphraseError("incorrect passphrase") from None
