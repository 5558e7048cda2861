"""Errors that go away when the program or its configuration changes."""

from __future__ import annotations

from collections.abc import Sequence

from .base import UnifiedtoError, cut, hint, listed


class ProgramError(UnifiedtoError):
    """The program or its configuration asks for something impossible."""

    family = "program"


class UnknownIntegrationType(ProgramError):
    """Unknown integration type."""

    code = "UNI101"
    usual_cause = "The name is misspelt, or Unified.to does not offer the integration in this region."
    remedy = "Use the last part of the integration's address in the dashboard, such as microsoft_ad."

    def __init__(self, *, name: str, known: Sequence[str], suggestion: str | None = None) -> None:
        near = [kind for kind in known if kind.startswith(name[:5])] or known
        super().__init__(
            f'Unified.to has no integration type "{name}".{hint(suggestion)}',
            next_step=f"Set integrationType to one of {listed(near)}.",
        )


class UnknownEnvironment(ProgramError):
    """Unknown environment."""

    code = "UNI102"
    usual_cause = "The name is misspelt (names are case-sensitive), or nobody has added the environment yet."
    remedy = "Correct the environment, or add it in the dashboard under Settings, Environments."

    def __init__(self, *, name: str, known: Sequence[str], suggestion: str | None = None) -> None:
        super().__init__(f'The workspace has no environment "{name}"; it has {listed(known)}.{hint(suggestion)}')


class DuplicateRegistration(ProgramError):
    """Two registrations for one integration and environment."""

    code = "UNI106"
    usual_cause = "A workspace holds one OAuth client for each integration type and environment."
    remedy = "Keep one of the two, or give the second another environment."

    def __init__(self, *, integration_type: str, environment: str, resources: Sequence[str] = ()) -> None:
        by = f" by {' and by '.join(resources)}" if resources else ""
        super().__init__(f'"{integration_type}" in environment "{environment}" is declared twice{by}.')


class UnknownGraphPermission(ProgramError):
    """Unknown Graph permission."""

    code = "UNI107"
    usual_cause = "The name is misspelt, or it is an application permission, which users cannot grant."
    remedy = "Correct the name: https://learn.microsoft.com/graph/permissions-reference lists them."

    def __init__(self, *, name: str, suggestions: Sequence[str]) -> None:
        near = f" Did you mean {listed(suggestions, most=3)}?" if suggestions else ""
        super().__init__(f'Microsoft Graph has no delegated permission "{name}".{near}')


class AuthKeysWouldBeLost(ProgramError):
    """Update that could erase other credentials of the registration."""

    code = "UNI111"
    usual_cause = (
        "The registration holds credentials besides client id and secret. Unified.to shows them masked only, so they "
        "cannot be sent back, and its API does not say whether an update keeps what is not sent."
    )
    remedy = (
        'Set the registration\'s mode to "manual" and enter client id and secret in the dashboard; or remove the other '
        "credentials there, if nobody needs them, and run again."
    )

    def __init__(self, *, integration_type: str, environment: str, keys: Sequence[str]) -> None:
        super().__init__(
            f'Nothing was written: "{integration_type}" in environment "{environment}" also holds {listed(keys)}, '
            "which the update could erase."
        )


class InvalidInput(ProgramError):
    """Input that cannot be used."""

    code = "UNI113"
    usual_cause = "The input is missing, has another form than expected, or exceeds a limit of Entra or Unified.to."
    remedy = "Correct the input and run again."

    def __init__(self, *, name: str, reason: str, value: str = "", next_step: str | None = None) -> None:
        """value: of an input that can hold no secret."""
        shown = f' ("{cut(value, 120)}")' if value else ""
        super().__init__(f"The input {name} is not usable{shown}: {reason}.", next_step=next_step)


class ApiKeyNotSecret(ProgramError):
    """Plain-text API key in the configuration."""

    code = "UNI114"
    usual_cause = "It was set without --secret: the settings file, and soon the state, hold it in plain text."
    remedy = (
        "Run pulumi config rm unifiedto:apiKey. Create a new key in the dashboard under Settings, API, because others "
        "may know this one. Then export UNIFIED_API_KEY=<key>, or pulumi config set --secret unifiedto:apiKey <key>."
    )

    def __init__(self) -> None:
        super().__init__("The config value unifiedto:apiKey is not a secret.")


class NationalCloud(ProgramError):
    """National cloud without personal accounts."""

    code = "UNI115"
    usual_cause = (
        "The app registration accepts personal Microsoft accounts, which only the public cloud supports: "
        "https://learn.microsoft.com/entra/identity-platform/v2-supported-account-types."
    )
    remedy = (
        "Use a tenant of the public cloud: unset ARM_ENVIRONMENT, or run pulumi config rm azuread:environment. Nothing "
        "was created."
    )

    def __init__(self, *, cloud: str) -> None:
        super().__init__(
            f'The azuread provider is set to the cloud "{cloud}"; this package works in the public cloud only.'
        )
