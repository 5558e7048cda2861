"""The settings of the client of Unified.to, and the API key."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ..errors import InvalidInput
from ..secret_text import SecretText
from .retry_policy import RetryPolicy


@dataclass(frozen=True)
class Timing:
    """Clock, sleep and random numbers, which tests replace. `monotonic` and `sleep` count seconds."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random


@dataclass(frozen=True)
class ApiSettings:
    """What a user may set in the environment. All times are in seconds."""

    timeout_s: float = 30.0
    visibility_s: float = 20.0
    policy: RetryPolicy = field(default_factory=RetryPolicy)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> ApiSettings:
        """Reads UNIFIED_API_TIMEOUT_S, UNIFIED_API_VISIBILITY_S, UNIFIED_API_RETRIES and UNIFIED_API_RETRY_WAIT_S.

        Raises InvalidInput for one that is not a number in its range.
        """
        usual = cls()
        return cls(
            timeout_s=_number(environment, "UNIFIED_API_TIMEOUT_S", usual.timeout_s, least=0.001),
            visibility_s=_number(environment, "UNIFIED_API_VISIBILITY_S", usual.visibility_s),
            policy=RetryPolicy(
                retries=int(_number(environment, "UNIFIED_API_RETRIES", usual.policy.retries)),
                base_wait_s=_number(environment, "UNIFIED_API_RETRY_WAIT_S", usual.policy.base_wait_s),
            ),
        )


def _number(environment: Mapping[str, str], name: str, usual: float, *, least: float = 0.0) -> float:
    text = environment.get(name, "").strip()
    if not text:
        return usual
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not least <= value <= 3600:
        raise InvalidInput(
            name=name,
            reason=f"it must be a number from {least:g} to 3600",
            next_step=f"Set the environment variable {name} to a number, or unset it.",
        )
    return value


def api_key_from(environment: Mapping[str, str], configured: str | None) -> SecretText | None:
    """The key in UNIFIED_API_KEY, else the configured one, without white space around it; None if both are blank.

    Raises InvalidInput, without the key, for one that could not be sent in a header: a key is one word of ASCII
    (assumed: no format is documented).
    """
    for name, value in (("UNIFIED_API_KEY", environment.get("UNIFIED_API_KEY")), ("unifiedto:apiKey", configured)):
        key = (value or "").strip()
        if not key:
            continue
        if not key.isascii() or not key.isprintable() or " " in key:
            raise InvalidInput(
                name=name,
                reason="it contains white space, a line break or a character that no key has",
                next_step="Copy the key again from the dashboard, Settings, API: it is one word.",
            )
        return SecretText(key)
    return None
