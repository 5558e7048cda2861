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


class InvalidWorkspaceId(ProgramError):
    """Malformed workspace id."""

    code = "UNI103"
    usual_cause = "The id is incomplete, or it is a name, an address or a key."
    remedy = "Copy the workspace id from the dashboard, Settings, API: pulumi config set workspaceId <id>."

    def __init__(self, *, workspace_id: str, reason: str) -> None:
        # What was pasted by mistake may be a key.
        shown = workspace_id if len(workspace_id) <= 16 else f"{workspace_id[:6]}..."
        super().__init__(f'The workspace id "{shown}" is malformed: {reason}.')


class InvalidRedirectUri(ProgramError):
    """Redirect URI that Entra refuses."""

    code = "UNI104"
    usual_cause = "Entra takes https addresses of at most 256 characters without query, fragment or wildcard."
    remedy = "Leave redirectUris out to use the region's own, or use https://<your API domain>/oauth/code."

    def __init__(self, *, uri: str, reason: str) -> None:
        super().__init__(f'The redirect URI "{cut(uri, 120)}" cannot be registered: {reason}.')


class LimitExceeded(ProgramError):
    """Value beyond a limit of Entra."""

    code = "UNI105"
    usual_cause = (
        "Entra and the azuread provider limit what an app registration for personal accounts holds: "
        "https://learn.microsoft.com/entra/identity-platform/supported-accounts-validation."
    )
    remedy = "Shorten the value or the list. Nothing was changed."

    def __init__(self, *, name: str, size: int, unit: str, limit: int) -> None:
        """name: of the input. unit: what is counted, such as ``characters``."""
        super().__init__(f"The input {name} has {size} {unit}; {limit} are allowed.")


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


class InvalidRotationPeriod(ProgramError):
    """Invalid rotation period."""

    code = "UNI108"
    usual_cause = "A period is an ISO 8601 duration from one hour to one year; a secret is valid for two."
    remedy = "Set rotateEvery to a duration such as P90D (90 days) or P6M (six months)."

    def __init__(self, *, period: str, reason: str) -> None:
        super().__init__(f'Secrets cannot be rotated every "{period}": {reason}.')


class InvalidRegion(ProgramError):
    """Unknown region."""

    code = "UNI109"
    usual_cause = "Each region of Unified.to is a separate account with its own workspace and key."
    remedy = (
        "Use the region in whose dashboard you sign in (app.unified.to is us, app-eu.unified.to is eu), or set apiUrl."
    )

    def __init__(self, *, region: str, known: Sequence[str]) -> None:
        super().__init__(f'Unified.to has no region "{region}"; there are {listed(known)}.')


class InvalidChoice(ProgramError):
    """Value that is not one of the allowed ones."""

    code = "UNI110"
    usual_cause = "The input takes one of a fixed list of values."
    remedy = "Use one of the allowed values, or leave the input out."

    def __init__(self, *, name: str, value: str, allowed: Sequence[str]) -> None:
        super().__init__(f'{name} cannot be "{value}".', why=f"It takes one of {listed(allowed)}.")


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


class InvalidApiUrl(ProgramError):
    """Unusable API address."""

    code = "UNI112"
    usual_cause = "The API key is sent there, so it must be https (or http to this computer)."
    remedy = "Leave apiUrl out and set region, or use https://<your API domain> without a path."

    def __init__(self, *, url: str, reason: str) -> None:
        super().__init__(f'The API address "{url}" cannot be used: {reason}.')


class InvalidInput(ProgramError):
    """Missing or malformed input."""

    code = "UNI113"
    usual_cause = "The input is missing, empty, or has another form than expected."
    remedy = "Correct the input and run again."

    def __init__(self, *, name: str, reason: str, next_step: str | None = None) -> None:
        super().__init__(f"The input {name} is not usable: {reason}.", next_step=next_step)


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


class UnusableEnvironment(ProgramError):
    """Environment variable that no connection can use."""

    code = "UNI116"
    usual_cause = "Every connection to Entra and Unified.to uses this variable. It is often set for other programs."
    remedy = "Correct the variable, or unset it for this run (env -u <variable> pulumi up). Nothing was changed."

    def __init__(self, *, variable: str, value: str, reason: str) -> None:
        """value: without credentials."""
        super().__init__(
            f'The environment variable {variable} ("{cut(value, 120)}") cannot be used: {reason}.',
            next_step=f"Correct it, or unset it for this run: env -u {variable} pulumi up. Nothing was changed.",
        )
