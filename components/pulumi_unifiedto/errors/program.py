"""Errors that are mended by changing the program or its configuration."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

from .base import UnifiedtoError, hint, listed

# --- program: change the program or its configuration ---------------------------------------------------------------


class ProgramError(UnifiedtoError):
    """The program or its configuration asks for something impossible."""

    family = "program"


class UnknownIntegrationType(ProgramError):
    """The catalogue of the workspace has no such integration type."""

    code = "UNI101"
    title = "unknown integration type"
    usual_cause = "The name is misspelt, or the integration is not offered in this workspace's region."
    remedy = (
        "Use the last part of the integration's address in the dashboard, such as microsoft_ad or microsoftoutlook."
    )
    example = MappingProxyType(
        {
            "name": "microsft_ad",
            "known": ("microsoft", "microsoft_ad", "microsoftoutlook"),
            "suggestion": "microsoft_ad",
        }
    )

    def __init__(
        self,
        *,
        name: str,
        known: Sequence[str] = (),
        suggestion: str | None = None,
        remote_code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        near = [kind for kind in known if kind.startswith(name[:5])] or list(known)
        super().__init__(
            f'Unified.to has no integration type "{name}".{hint(suggestion)}',
            next_step=f"Set integrationType to one of {listed(near)}." if near else None,
            remote_code=remote_code,
            request_id=request_id,
        )


class UnknownEnvironment(ProgramError):
    """The workspace has no such environment."""

    code = "UNI102"
    title = "unknown environment"
    usual_cause = (
        "Production and Sandbox exist from the start; others are added in the dashboard. Upper and lower case count."
    )
    remedy = (
        "Correct the environment, or add it in the dashboard under Settings, Environments. This package never adds one."
    )
    example = MappingProxyType({"name": "Staging", "known": ("Production", "Sandbox")})

    def __init__(self, *, name: str, known: Sequence[str], suggestion: str | None = None) -> None:
        super().__init__(
            f'The workspace has no environment "{name}"; it has {listed(known)}.{hint(suggestion)}',
        )


class InvalidWorkspaceId(ProgramError):
    """The workspace id is not one."""

    code = "UNI103"
    title = "malformed workspace id"
    usual_cause = "The id was cut, or a name, an address or a key was pasted instead."
    remedy = "Copy the workspace id from the dashboard, Settings, API: pulumi config set workspaceId <id>."
    example = MappingProxyType({"workspace_id": "my workspace", "reason": "it contains a space"})

    def __init__(self, *, workspace_id: str, reason: str) -> None:
        # What was pasted by mistake may be a key.
        shown = workspace_id if len(workspace_id) <= 16 else f"{workspace_id[:6]}..."
        super().__init__(f'The workspace id "{shown}" is malformed: {reason}.')


class InvalidRedirectUri(ProgramError):
    """Entra would refuse the redirect URI, or Unified.to would never send it."""

    code = "UNI104"
    title = "redirect URI that Entra refuses"
    usual_cause = (
        "An app registration for personal accounts takes only https addresses of at most 256 characters, "
        "without query, fragment or wildcard."
    )
    remedy = "Leave redirectUris out to use the region's own, or give https://<your API domain>/oauth/code."
    example = MappingProxyType({"uri": "http://api.unified.to/oauth/code", "reason": "it does not begin with https://"})

    def __init__(self, *, uri: str, reason: str) -> None:
        shown = uri if len(uri) <= 120 else f"{uri[:117]}..."
        super().__init__(f'The redirect URI "{shown}" cannot be registered: {reason}.')


class DisplayNameTooLong(ProgramError):
    """Entra limits the application's name."""

    code = "UNI105"
    title = "display name too long"
    usual_cause = "The name of an app registration that personal accounts may use holds at most 90 characters."
    remedy = "Shorten displayName. Users see it on Microsoft's consent page."
    example = MappingProxyType({"display_name": "x" * 91, "length": 91, "limit": 90})

    def __init__(self, *, display_name: str, length: int | None = None, limit: int = 90) -> None:
        shown = display_name if len(display_name) <= 40 else f"{display_name[:37]}..."
        super().__init__(
            f'The display name "{shown}" has {length or len(display_name)} characters; {limit} are allowed.',
        )


class DuplicateRegistration(ProgramError):
    """Two registrations would fight over one workspace integration."""

    code = "UNI106"
    title = "two registrations for one integration and environment"
    usual_cause = (
        "A workspace holds one OAuth client for each integration type and environment: each would undo the other."
    )
    remedy = "Keep one of the two, or give the second another environment."
    example = MappingProxyType({"integration_type": "microsoft_ad", "environment": "Production"})

    def __init__(self, *, integration_type: str, environment: str, resources: Sequence[str] = ()) -> None:
        by = f" by {' and by '.join(resources)}" if resources else ""
        super().__init__(f'"{integration_type}" in environment "{environment}" is declared twice{by}.')


class UnknownGraphPermission(ProgramError):
    """Microsoft Graph has no delegated permission of this name."""

    code = "UNI107"
    title = "unknown Graph permission"
    usual_cause = "The name is misspelt, or it is an application permission, which a user cannot grant at sign-in."
    remedy = "Correct the name: https://learn.microsoft.com/graph/permissions-reference lists them."
    example = MappingProxyType({"name": "Mail.Reed", "suggestions": ("Mail.Read", "Mail.ReadBasic")})

    def __init__(self, *, name: str, suggestions: Sequence[str] = (), why: str | None = None) -> None:
        hint = f" Did you mean {listed(suggestions, most=3)}?" if suggestions else ""
        super().__init__(f'Microsoft Graph has no delegated permission "{name}".{hint}', why=why)


class InvalidRotationPeriod(ProgramError):
    """The rotation period is no duration, or out of range."""

    code = "UNI108"
    title = "invalid rotation period"
    usual_cause = "A period is an ISO 8601 duration between one hour and one year; a secret lives two periods."
    remedy = "Set rotateEvery to a duration such as P90D (90 days) or P6M (six months)."
    example = MappingProxyType({"period": "90 days", "reason": "it is not an ISO 8601 duration"})

    def __init__(self, *, period: str, reason: str) -> None:
        super().__init__(f'Secrets cannot be rotated every "{period}": {reason}.')


class InvalidRegion(ProgramError):
    """Unified.to has no such region."""

    code = "UNI109"
    title = "unknown region"
    usual_cause = "Each region of Unified.to is a separate account with its own workspace and key."
    remedy = (
        "Use the region in whose dashboard you sign in (app.unified.to is us, app-eu.unified.to is eu), or set apiUrl."
    )
    example = MappingProxyType({"region": "uk", "known": ("us", "eu", "au")})

    def __init__(self, *, region: str, known: Sequence[str] = ("us", "eu", "au")) -> None:
        super().__init__(f'Unified.to has no region "{region}"; there are {listed(known)}.')


class InvalidChoice(ProgramError):
    """An input takes one of a few values, and got another."""

    code = "UNI110"
    title = "value out of the allowed ones"
    usual_cause = "The input takes one of a fixed list of values."
    remedy = "Use one of the allowed values."
    example = MappingProxyType(
        {"name": "onDelete", "value": "remove", "allowed": ("restore", "deactivate", "keep", "clear")}
    )

    def __init__(self, *, name: str, value: str, allowed: Sequence[str]) -> None:
        super().__init__(
            f'{name} cannot be "{value}".',
            why=f"It takes one of {listed(allowed)}.",
            next_step=f"Set {name} to one of these, or leave it out.",
        )


class AuthKeysWouldBeLost(ProgramError):
    """The registration holds credentials besides id and secret, which a write could wipe."""

    code = "UNI111"
    title = "other credentials of the registration would be lost"
    usual_cause = (
        "The registration holds credentials besides client id and secret. Unified.to shows them masked only, "
        "so they cannot be "
        "sent back, and its API does not say whether an update keeps what is not sent."
    )
    remedy = "Supply them in authExtras (secret), or accept their loss by giving them there as empty texts."
    example = MappingProxyType(
        {"integration_type": "microsoft_ad", "environment": "Production", "keys": ("saml_idp_url",)}
    )

    def __init__(
        self, *, integration_type: str, environment: str, keys: Sequence[str], next_step: str | None = None
    ) -> None:
        self.keys = tuple(keys)
        super().__init__(
            f'Nothing was written: "{integration_type}" in environment "{environment}" also holds {listed(keys)}, '
            "which the update could wipe.",
            next_step=next_step,
        )


class InvalidApiUrl(ProgramError):
    """The address of Unified.to's API cannot be used."""

    code = "UNI112"
    title = "unusable API address"
    usual_cause = (
        "The API key would travel to this address: only https is used, and plain http towards this computer only."
    )
    remedy = "Leave apiUrl out and set region, or give your own API domain as https://<domain> without a path."
    example = MappingProxyType({"url": "http://api.unified.to", "reason": "it does not begin with https://"})

    def __init__(self, *, url: str, reason: str) -> None:
        super().__init__(f'The API address "{url}" cannot be used: {reason}.')


class ApiKeyNotSecret(ProgramError):
    """The configured API key stands in clear."""

    code = "UNI114"
    title = "API key in clear in the configuration"
    usual_cause = (
        "It was set without --secret: it stands in clear in the stack's settings file, and Pulumi would copy it into "
        "the state like that."
    )
    remedy = (
        "Run pulumi config rm unifiedto:apiKey, make a new key in the dashboard under Settings, API (this one may have "
        "been seen), and export UNIFIED_API_KEY=<key> (best: it reaches no state file), or pulumi config set --secret "
        "unifiedto:apiKey <key>."
    )

    def __init__(self) -> None:
        super().__init__("The config value unifiedto:apiKey is not a secret.")


class InvalidInput(ProgramError):
    """An input is missing, empty or of the wrong kind."""

    code = "UNI113"
    title = "missing or malformed input"
    usual_cause = "The input is missing, empty, or of another form than expected."
    remedy = "Correct the input and run again."
    example = MappingProxyType({"name": "clientId", "reason": "it is not a GUID"})

    def __init__(self, *, name: str, reason: str, next_step: str | None = None) -> None:
        super().__init__(f"The input {name} is not usable: {reason}.", next_step=next_step)
