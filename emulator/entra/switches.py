"""The switches of Entra and Graph: which of the behaviours seen in the wild this world shows."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from emulator.core.schemas import Strict

_MAX_S = 366 * 86400
_Seconds = Annotated[float, Field(ge=0, le=_MAX_S)]


class EntraSwitches(Strict):
    """Values live in the emulator's settings under the switch's name (``PUT /_emulator/settings``)."""

    secret_propagation_s: _Seconds | Annotated[list[_Seconds], Field(min_length=2, max_length=2)] = Field(
        0.0,
        description="virtual seconds until a new secret works at the token endpoint: a number, or [least, most] for a "
        "different delay of each secret (reported: 4 to 18 s); at most a year",
    )
    msa_conflicts: int = Field(
        0,
        ge=0,
        description="changes of a new application with personal accounts that answer 409 Error_MsaAppDoesNotExist "
        "first (reported)",
    )
    lifetime_policy_max_days: int | None = Field(
        None, ge=1, le=36600, description="tenant policy on the lifetime of secrets; null for no policy (reported)"
    )
    caller_roles: list[str] = Field(
        default_factory=lambda: ["Application.ReadWrite.OwnedBy"],
        description="application roles in the deployer's tokens",
    )
