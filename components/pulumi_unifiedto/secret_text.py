"""A string that never prints its value, and the redaction of texts that may contain one."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from json import dumps
from typing import Final, NoReturn
from urllib.parse import quote, quote_plus

STARS: Final = "********"

_SHORTEST_REDACTED: Final = 4
"""No secret in use is shorter, and replacing shorter values would damage words."""

_PART: Final = 12
"""A part of a secret of at least this many characters is replaced too: validators shorten what they quote."""


class SecretText:
    """A string that prints as stars; `reveal` gives its value.

    It cannot be pickled or written as JSON by accident. Comparing values takes the same time wherever they differ.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value, for the one place that sends it."""
        return self._value

    def __repr__(self) -> str:
        return f"SecretText({STARS})"

    def __str__(self) -> str:
        return STARS

    def __format__(self, _spec: str) -> str:
        return STARS

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SecretText):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((SecretText, self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not serialised")


def redact(text: str, secrets: Iterable[SecretText | str | None]) -> str:
    """The text with each secret replaced by stars, also where the secret is URL-encoded, JSON-escaped or shortened."""
    values = {secret.reveal() if isinstance(secret, SecretText) else secret for secret in secrets if secret}
    for value in sorted((value for value in values if len(value) >= _SHORTEST_REDACTED), key=len, reverse=True):
        for spelling in sorted({value, quote(value, safe=""), quote_plus(value), dumps(value)[1:-1]}, key=len):
            text = _without_parts(text.replace(spelling, STARS), spelling)
    return text


def _without_parts(text: str, secret: str) -> str:
    """The text without any run of characters that occurs in the secret and is at least `_PART` long."""
    parts = {secret[start : start + _PART] for start in range(len(secret) - _PART + 1)}
    kept: list[str] = []
    position = 0
    while position < len(text):
        end = position
        while text[end : end + _PART] in parts:
            end += 1
        if end > position:
            kept.append(STARS)
            position = end + _PART - 1
        else:
            kept.append(text[position])
            position += 1
    return "".join(kept)
