"""Registrations as they stand in a stack's configuration."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from .errors import InvalidInput
from .program.arguments import spelling
from .registration.options import RegistrationArgs

_KEYS: Final[Mapping[str, str]] = {spelling(key): key for key in RegistrationArgs.__annotations__}
"""Key of the configuration to argument."""


def registrations_from(configured: Sequence[Mapping[str, Any]]) -> list[RegistrationArgs]:
    """`RegistrationArgs` from objects with camelCase keys, as the ``registrations`` value of a stack's configuration
    has them.

    Raises InvalidInput for a key that is not known, with the nearest one, and for an object without
    ``integrationType``.
    """
    if not isinstance(configured, (list, tuple)):
        raise InvalidInput(name="registrations", reason="it must be a list of objects")
    registrations = []
    for index, entry in enumerate(configured):
        where = f"registrations[{index}]"
        if not isinstance(entry, Mapping):
            raise InvalidInput(name=where, reason="it is not an object with integrationType")
        for key in entry:
            if key not in _KEYS:
                near = difflib.get_close_matches(key, _KEYS, n=1)
                hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(_KEYS)}"
                raise InvalidInput(name=where, reason=f"it has the unknown key {key}{hint}")
        if not entry.get("integrationType"):
            raise InvalidInput(name=where, reason="integrationType is missing")
        registrations.append(cast(RegistrationArgs, {_KEYS[key]: value for key, value in entry.items()}))
    if not registrations:
        raise InvalidInput(name="registrations", reason="it is empty, and the client would be used nowhere")
    return registrations
