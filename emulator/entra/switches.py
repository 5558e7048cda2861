"""The switches of Entra and Graph: which of the behaviours seen in the wild this world shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

SWITCHES: dict[str, Any] = {
    "secret_propagation_s": 0,
    "app_propagation_s": 0,
    "app_visible_after_reads": 0,
    "principal_visible_after_reads": 0,
    "password_visible_after_reads": 0,
    "msa_conflicts": 0,
    "lifetime_policy_max_days": None,
    "application_quota": None,
    "graph_page_size": 100,
    "caller_roles": ["Application.ReadWrite.OwnedBy"],
    "token_expires_in": 3599,
    "token_omits": [],
    "code_expires_in": 600,
    "refresh_token_expires_in": 90 * 86400,
}
"""Names and defaults.

secret_propagation_s
    virtual seconds until a new secret works at the token endpoint: a number, or ``[least, most]`` for a different
    delay of each secret (reported: 4 to 18 s); at most a year, as all delays;
app_propagation_s
    virtual seconds until the token endpoint knows a new service principal: AADSTS700016 until then (reported for new
    applications);
app_visible_after_reads
    requests on a new application that answer 404 first (reported);
principal_visible_after_reads
    requests on a new service principal that answer 404 first: one is enough to make the provider give up (observed);
password_visible_after_reads
    reads of an application that still show its credentials as they were before one was added or removed (reported);
msa_conflicts
    changes of a new application with personal accounts that answer 409 Error_MsaAppDoesNotExist first (reported);
lifetime_policy_max_days
    tenant policy on the lifetime of secrets; None for no policy (reported);
application_quota
    applications a directory may hold, soft-deleted ones included; None for no limit (documented: deleted ones count);
graph_page_size
    items on one page of a list;
caller_roles
    application roles in the deployer's tokens;
token_expires_in, code_expires_in, refresh_token_expires_in
    lifetimes in real seconds; 0 makes things that have expired when they are issued;
token_omits
    claims left out of access tokens, ``oid`` for one.
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


def _is_limit(value: object) -> bool:
    return value is None or (_is_count(value) and value != 0)


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
    "app_propagation_s": _is_seconds,
    "app_visible_after_reads": _is_count,
    "principal_visible_after_reads": _is_count,
    "password_visible_after_reads": _is_count,
    "msa_conflicts": _is_count,
    "lifetime_policy_max_days": _is_days,
    "application_quota": _is_limit,
    "graph_page_size": lambda value: _is_count(value) and value != 0,
    "caller_roles": _is_names,
    "token_expires_in": _is_count,
    "token_omits": _is_names,
    "code_expires_in": _is_count,
    "refresh_token_expires_in": _is_count,
}
