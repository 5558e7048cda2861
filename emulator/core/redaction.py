"""What stands in the journal instead of a client's proof of itself."""

from __future__ import annotations

import hashlib
from urllib.parse import parse_qsl, urlencode

_PROOFS = ("client_secret", "client_assertion")


def fingerprint(value: str) -> str:
    """What stands in the journal instead of a secret."""
    return "sha256:" + hashlib.sha256(value.encode()).hexdigest()


def without_proofs(form: str) -> str:
    """The form of a token request, with the values of client secrets and assertions replaced by their fingerprints."""
    pairs = parse_qsl(form, keep_blank_values=True)
    if not any(name in _PROOFS for name, _ in pairs):
        return form
    return urlencode([(name, fingerprint(value) if name in _PROOFS else value) for name, value in pairs])
