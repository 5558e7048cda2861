"""The switches of Entra and Graph: which of the behaviours seen in the wild this world shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

SWITCHES: dict[str, Any] = {
    "secret_propagation_s": 0,
    "msa_conflicts": 0,
    "lifetime_policy_max_days": None,
    "caller_roles": ["Application.ReadWrite.OwnedBy"],
}
"""Names and defaults.

secret_propagation_s
    virtual seconds until a new secret works at the token endpoint: a number, or ``[least, most]`` for a different
    delay of each secret (reported: 4 to 18 s); at most a year, as all delays;
msa_conflicts
    changes of a new application with personal accounts that answer 409 Error_MsaAppDoesNotExist first (reported);
lifetime_policy_max_days
    tenant policy on the lifetime of secrets; None for no policy (reported);
caller_roles
    application roles in the deployer's tokens;
"""


def problem_with_switch(name: str, value: object) -> str | None:
    """Why a switch of Entra or Graph cannot have that value; None when it can, or when it is not one of these."""
    check = _CHECKS.get(name)
    if check is None or check(value):
        return None
    return f"{name} cannot be {value!r}"


_MAX_COUNT = 2**31 - 1
_MAX_DAYS = 100 * 366
_MAX_S = 366 * 86400


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_COUNT


def _is_days(value: object) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _MAX_DAYS)


def _is_seconds(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= _MAX_S


def _is_delay(value: object) -> bool:
    if isinstance(value, list):
        return len(value) == 2 and all(map(_is_seconds, value)) and value[0] <= value[1]
    return _is_seconds(value)


def _is_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


_CHECKS: dict[str, Callable[[object], bool]] = {
    "secret_propagation_s": _is_delay,
    "msa_conflicts": _is_count,
    "lifetime_policy_max_days": _is_days,
    "caller_roles": _is_names,
}
