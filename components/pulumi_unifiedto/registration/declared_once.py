"""Which registrations a program has declared so far, so that the second one of a kind is noticed.

Two resources for one (workspace, environment, integration type) would undo each other's work in every run. Pulumi does
not notice: they have different names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import DuplicateRegistration
from ..program.arguments import is_known
from ..program.once_in_a_run import once
from .options import identity_of, normalise


def declare_once(name: str, args: Mapping[str, Any]) -> None:
    """Notes that the resource `name` declares the registration that `args` (of a `WorkspaceIntegration`) describe.

    Raises DuplicateRegistration, naming both, when another resource of this run does. Nothing is noted where the
    identity is not known before the run, nor without an engine.
    """
    normal, _faults = normalise({key: value for key, value in args.items() if is_known(value)})
    identity = identity_of(normal)
    if identity is None:
        return
    first = once(f"registration {identity.key}", lambda: name)
    if first != name:
        raise DuplicateRegistration(
            environment=identity.environment, integration_type=identity.integration_type, resources=(first, name)
        )
