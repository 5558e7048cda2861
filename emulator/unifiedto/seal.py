"""Credentials at rest: a row's ``auth`` is encrypted in the emulator's database, so that a search through its files
finds no secret.

The key lies in the same database: this hides secrets from a search and from a careless copy of a row, not from
someone who owns the computer. The emulator must be able to open what it holds, because its OAuth callback exchanges
codes with it.
"""

from __future__ import annotations

import json
from typing import Any, cast

from cryptography.fernet import Fernet


class Seal:
    """Seals and opens JSON objects with one key."""

    def __init__(self, key: str) -> None:
        self._fernet = Fernet(key.encode("ascii"))

    @staticmethod
    def new_key() -> str:
        """A fresh key, printable."""
        return Fernet.generate_key().decode("ascii")

    def close(self, value: dict[str, Any]) -> str:
        """``value`` as printable cipher text."""
        return self._fernet.encrypt(json.dumps(value).encode("utf-8")).decode("ascii")

    def open(self, sealed: str) -> dict[str, Any]:
        """The object that ``close`` sealed.

        Raises ``cryptography.fernet.InvalidToken`` for text that this key did not make.
        """
        return cast("dict[str, Any]", json.loads(self._fernet.decrypt(sealed.encode("ascii"))))
