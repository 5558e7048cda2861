"""Your own Microsoft Entra OAuth2 client at Unified.to: declared, proven, registered and rotated with Pulumi.

The names below are imported when they are first used: Pulumi starts this package's dynamic providers and its proof as
processes of their own, which need a small part of it and should not wait for the rest (half a second, measured).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .client_secret.rotating_client_secret import RotatingClientSecret, RotatingClientSecretArgs, SlotSummary
    from .entra.application import EntraApplication, EntraApplicationArgs
    from .microsoft_integration import MicrosoftIntegration, MicrosoftIntegrationArgs, RegistrationSummary
    from .registration.options import RegistrationArgs, WorkspaceIntegrationArgs
    from .registration.workspace_integration import WorkspaceIntegration

__all__ = [
    "EntraApplication",
    "EntraApplicationArgs",
    "MicrosoftIntegration",
    "MicrosoftIntegrationArgs",
    "RegistrationArgs",
    "RegistrationSummary",
    "RotatingClientSecret",
    "RotatingClientSecretArgs",
    "SlotSummary",
    "WorkspaceIntegration",
    "WorkspaceIntegrationArgs",
]

_MODULES = {
    "RotatingClientSecret": "client_secret.rotating_client_secret",
    "RotatingClientSecretArgs": "client_secret.rotating_client_secret",
    "SlotSummary": "client_secret.rotating_client_secret",
    "EntraApplication": "entra.application",
    "EntraApplicationArgs": "entra.application",
    "MicrosoftIntegration": "microsoft_integration",
    "MicrosoftIntegrationArgs": "microsoft_integration",
    "RegistrationArgs": "registration.options",
    "RegistrationSummary": "microsoft_integration",
    "WorkspaceIntegration": "registration.workspace_integration",
    "WorkspaceIntegrationArgs": "registration.options",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
