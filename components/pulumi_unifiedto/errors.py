"""Every error a user can meet: what happened, why, what to do next.

One root, `UnifiedtoError`, and three families: *program* (change the program or its configuration), *account* (change
something in Entra or at Unified.to) and *later* (the same run may succeed if repeated). Printed, an error is a support
ticket:

    UNI202 Unified.to refused the API key (GET /unified/workspaceintegration at https://api.unified.to, region us).
      why: ...
      next: ...
      (remote code 401 Unauthorized, request id 4f1c...)

No error ever carries a request or response body, a header, an API key or a client secret: constructors take plain
facts, and the callers pass texts from a remote system through `redact` first. ``make docs``
writes the catalogue to docs/errors.md.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping, Sequence
from json import dumps
from types import MappingProxyType
from typing import Any, ClassVar, Final, Literal, NoReturn
from urllib.parse import quote, quote_plus

from pulumi import RunError

Family = Literal["program", "account", "later"]

STARS: Final = "********"

_SHORTEST_REDACTED: Final = 4
"""A shorter value is no secret anybody uses, and replacing it would tear words apart."""

_PART: Final = 12
"""A quoted part of a secret of at least this many characters is replaced too: validators cut what they quote."""


class SecretText:
    """A text that prints as stars; `reveal` is the only way to its value.

    It cannot be pickled or copied into JSON by accident, and comparing takes the same time wherever two values differ.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value, for the one place that sends it."""
        return self._value

    def __repr__(self) -> str:
        return f"SecretText({STARS})"

    def __str__(self) -> str:
        return STARS

    def __format__(self, _spec: str) -> str:
        return STARS

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SecretText):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((SecretText, self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not serialised")


def redact(text: str, secrets: Iterable[SecretText | str | None]) -> str:
    """The text with each secret in it replaced by stars, also where it stands URL-encoded, JSON-escaped or cut off."""
    values = {secret.reveal() if isinstance(secret, SecretText) else secret for secret in secrets if secret}
    for value in sorted((value for value in values if len(value) >= _SHORTEST_REDACTED), key=len, reverse=True):
        for spelling in sorted({value, quote(value, safe=""), quote_plus(value), dumps(value)[1:-1]}, key=len):
            text = _without_parts(text.replace(spelling, STARS), spelling)
    return text


def _without_parts(text: str, secret: str) -> str:
    """The text without any run of characters that occurs in the secret and is at least `_PART` long."""
    parts = {secret[start : start + _PART] for start in range(len(secret) - _PART + 1)}
    kept: list[str] = []
    position = 0
    while position < len(text):
        end = position
        while text[end : end + _PART] in parts:
            end += 1
        if end > position:
            kept.append(STARS)
            position = end + _PART - 1
        else:
            kept.append(text[position])
            position += 1
    return "".join(kept)


def _listed(names: Sequence[str], *, most: int = 12) -> str:
    """Names for a sentence: quoted, separated by commas, the end of a long list cut off."""
    shown = ", ".join(f'"{name}"' for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown or "none"


def _hint(suggestion: str | None) -> str:
    return f' Did you mean "{suggestion}"?' if suggestion else ""


def _after_waiting(retry_after_s: float | None, then: str) -> str | None:
    """The next step where the remote system asks to wait; None where it does not."""
    return f"Wait at least {retry_after_s:.0f} s, as Unified.to asks, and run again: {then}" if retry_after_s else None


class UnifiedtoError(RunError):
    """The root of all errors of this package.

    A `pulumi.RunError`, so that Pulumi prints its words alone and no stack trace when a program raises it.

    Class attributes: `code` is stable and may be searched for; `title`, `usual_cause` and `remedy` make the catalogue;
    `example` holds keyword arguments that build a specimen for it. Instances: `what` happened, `why`, the `next_step`,
    and, where a remote system answered, its `remote_code` (status and error code) and `request_id`.
    """

    code: ClassVar[str] = "UNI000"
    family: ClassVar[Family] = "program"
    title: ClassVar[str] = "an error of pulumi_unifiedto"
    usual_cause: ClassVar[str] = ""
    remedy: ClassVar[str] = ""
    example: ClassVar[Mapping[str, Any]] = MappingProxyType({})

    what: str
    why: str
    next_step: str
    remote_code: str | None
    request_id: str | None

    def __init__(
        self,
        what: str,
        *,
        why: str | None = None,
        next_step: str | None = None,
        remote_code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.why = why or self.usual_cause
        self.next_step = next_step or self.remedy
        self.remote_code = remote_code
        self.request_id = request_id

    def about(self, subject: str) -> UnifiedtoError:
        """The same error, saying first what it is about where its own words do not."""
        self.what = f"{subject}: {self.what}"
        return self

    def __str__(self) -> str:
        lines = [f"{self.code} {self.what}"]
        if self.why:
            lines.append(f"  why: {self.why}")
        if self.next_step:
            lines.append(f"  next: {self.next_step}")
        facts = []
        if self.remote_code:
            facts.append(f"remote code {self.remote_code}")
        if self.request_id:
            facts.append(f"request id {self.request_id}")
        if facts:
            lines.append(f"  ({', '.join(facts)})")
        return "\n".join(lines)


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
            f'Unified.to has no integration type "{name}".{_hint(suggestion)}',
            next_step=f"Set integrationType to one of {_listed(near)}." if near else None,
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
            f'The workspace has no environment "{name}"; it has {_listed(known)}.{_hint(suggestion)}',
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
        hint = f" Did you mean {_listed(suggestions, most=3)}?" if suggestions else ""
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
        super().__init__(f'Unified.to has no region "{region}"; there are {_listed(known)}.')


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
            why=f"It takes one of {_listed(allowed)}.",
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
            f'Nothing was written: "{integration_type}" in environment "{environment}" also holds {_listed(keys)}, '
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


# --- account: change something in Entra or at Unified.to ------------------------------------------------------------


class AccountError(UnifiedtoError):
    """Something in Entra or at Unified.to stands in the way."""

    family = "account"


_OR_BY_HAND: Final = (
    'or set the registration\'s mode to "manual": the stack then says what to enter by hand and verifies it.'
)


class ApiKeyMissing(AccountError):
    """Neither the environment nor the configuration holds an API key."""

    code = "UNI201"
    title = "no API key for Unified.to"
    usual_cause = (
        "Neither the environment variable UNIFIED_API_KEY nor the secret config value unifiedto:apiKey is set."
    )
    remedy = (
        "Create a key in the dashboard under Settings, API, and export UNIFIED_API_KEY=<key> (best: it "
        "reaches no state file), "
        "or pulumi config set --secret unifiedto:apiKey <key>."
    )

    def __init__(self) -> None:
        super().__init__("There is no API key for Unified.to.")


class ApiKeyRefused(AccountError):
    """Unified.to does not know the key (401)."""

    code = "UNI202"
    title = "API key refused"
    usual_cause = (
        "The key is mistyped or revoked, belongs to another region (each region has its own keys), its owner's role or "
        "the workspace's plan has no access to the API, or the workspace admits only certain IP addresses."
    )
    remedy = f"Compare the key and the region with the dashboard, Settings, API; {_OR_BY_HAND}"
    example = MappingProxyType(
        {
            "request": "GET /unified/workspaceintegration",
            "api_url": "https://api.unified.to",
            "region": "us",
            "dashboard_url": "https://app.unified.to",
            "remote_code": "401",
        }
    )

    def __init__(
        self,
        *,
        request: str,
        api_url: str,
        region: str | None = None,
        dashboard_url: str | None = None,
        remote_code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        where = f"{api_url}, region {region}" if region else api_url
        super().__init__(
            f"Unified.to refused the API key ({request} at {where}).",
            next_step=f"Compare the key and the region with {dashboard_url}/settings/api; {_OR_BY_HAND}"
            if dashboard_url
            else None,
            remote_code=remote_code,
            request_id=request_id,
        )


class ApiKeyNotPermitted(AccountError):
    """Unified.to knows the key, but the key may not do this (403)."""

    code = "UNI203"
    title = "API key without the right"
    usual_cause = (
        "The key's role does not allow it, the workspace's plan does not include it, the key is of another region, "
        "or the workspace admits only certain IP addresses."
    )
    remedy = f"Use a key of a workspace admin, and check plan and IP restrictions in the dashboard; {_OR_BY_HAND}"
    example = MappingProxyType(
        {
            "request": "PUT /unified/workspaceintegration/wi_1",
            "api_url": "https://api.unified.to",
            "region": "us",
            "remote_code": "403",
        }
    )

    def __init__(
        self,
        *,
        request: str,
        api_url: str,
        region: str | None = None,
        remote_code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        where = f"{api_url}, region {region}" if region else api_url
        super().__init__(
            f"The API key may not do this: {request} at {where}.", remote_code=remote_code, request_id=request_id
        )


class PlanRefused(AccountError):
    """The workspace's plan does not include own OAuth credentials (402, or 403 that speaks of the plan)."""

    code = "UNI204"
    title = "plan without own OAuth credentials"
    usual_cause = "The workspace's plan does not include OAuth credentials of your own."
    remedy = (
        "Compare the plan in the dashboard under Settings, Billing; or, where the dashboard accepts the "
        "credentials, set the "
        'registration\'s mode to "manual".'
    )
    example = MappingProxyType(
        {
            "request": "PUT /unified/workspaceintegration/wi_1",
            "api_url": "https://api.unified.to",
            "region": "us",
            "remote_code": "402",
        }
    )

    def __init__(
        self,
        *,
        request: str,
        api_url: str,
        region: str | None = None,
        remote_code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        where = f"{api_url}, region {region}" if region else api_url
        super().__init__(
            f"Unified.to refused for reasons of the plan: {request} at {where}.",
            remote_code=remote_code,
            request_id=request_id,
        )


class RegistrationMissing(AccountError):
    """The integration was never activated in this environment, so there is nothing to register in."""

    code = "UNI205"
    title = "integration not activated in the environment"
    usual_cause = (
        "Unified.to publishes no way to create a workspace integration through its API; "
        "it comes into being when the integration is activated in the dashboard."
    )
    remedy = "Activate the integration once in the dashboard, in that environment, and run again."
    example = MappingProxyType(
        {"integration_type": "microsoft_ad", "environment": "Production", "dashboard_url": "https://app.unified.to"}
    )

    def __init__(
        self,
        *,
        integration_type: str,
        environment: str,
        dashboard_url: str | None = None,
        creation_refused: str | None = None,
        request_id: str | None = None,
    ) -> None:
        page = f"{dashboard_url}/integrations/{integration_type}" if dashboard_url else "the dashboard"
        why = (
            f"An attempt to create it was refused ({creation_refused}). {self.usual_cause}"
            if creation_refused
            else None
        )
        super().__init__(
            f'The workspace has no integration "{integration_type}" in environment "{environment}".',
            why=why,
            next_step=f'Open {page}, choose environment "{environment}", activate the integration once, and run again.',
            remote_code=creation_refused,
            request_id=request_id,
        )


class AmbiguousRegistration(AccountError):
    """Several rows answer to one (workspace, type, environment)."""

    code = "UNI206"
    title = "more than one registration for an integration and environment"
    usual_cause = "One is expected for each workspace, integration type and environment; which one counts is unknown."
    remedy = "Remove all but one in the dashboard, or ask Unified.to's support which one counts. Nothing was written."
    example = MappingProxyType(
        {"integration_type": "microsoft_ad", "environment": "Production", "row_ids": ("wi_1", "wi_2")}
    )

    def __init__(self, *, integration_type: str, environment: str, row_ids: Sequence[str]) -> None:
        super().__init__(
            f'Unified.to lists {len(row_ids)} registrations of "{integration_type}" in environment "{environment}": '
            f"{_listed(row_ids)}.",
        )


class WorkspaceNotFound(AccountError):
    """The region has no such workspace."""

    code = "UNI207"
    title = "workspace not found"
    usual_cause = (
        "The workspace id is wrong, or the workspace lives in another region (each region is a separate account)."
    )
    remedy = "Compare workspace id and region with the dashboard, Settings, API."
    example = MappingProxyType(
        {"workspace_id": "ws_1", "api_url": "https://api-eu.unified.to", "region": "eu", "remote_code": "404"}
    )

    def __init__(
        self,
        *,
        workspace_id: str,
        api_url: str,
        region: str | None = None,
        remote_code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        where = f"{api_url}, region {region}" if region else api_url
        super().__init__(
            f'Unified.to knows no workspace "{workspace_id}" at {where}.',
            remote_code=remote_code,
            request_id=request_id,
        )


class CallerNotPermitted(AccountError):
    """Entra refuses the deploying identity (403 Authorization_RequestDenied)."""

    code = "UNI208"
    title = "deploying identity without the right in Entra"
    usual_cause = (
        "Creating app registrations needs the application permission Application.ReadWrite.OwnedBy (or .All) "
        "with admin consent, "
        "or the role Application Administrator; with OwnedBy the caller must own the application it changes."
    )
    remedy = (
        "Grant the permission with admin consent, or add the deploying identity to the application's owners, and "
        "run again."
    )
    example = MappingProxyType(
        {"operation": "create the app registration", "caller": "11111111-1111-1111-1111-111111111111"}
    )

    def __init__(
        self,
        *,
        operation: str = "change app registrations",
        caller: str | None = None,
        remote_code: str | None = "403 Authorization_RequestDenied",
        request_id: str | None = None,
    ) -> None:
        who = f"The deploying identity {caller}" if caller else "The deploying identity"
        super().__init__(f"{who} may not {operation} in Entra.", remote_code=remote_code, request_id=request_id)


class SecretLimitReached(AccountError):
    """The application already holds as many client secrets as Entra allows."""

    code = "UNI209"
    title = "application at its limit of client secrets"
    usual_cause = (
        "An app registration that personal accounts may use holds at most two client secrets, expired ones included."
    )
    remedy = "Remove a secret that nothing uses (Entra, App registrations, Certificates & secrets), then run again."
    example = MappingProxyType(
        {
            "application": "33333333-3333-3333-3333-333333333333",
            "limit": 2,
            "secrets": ('"made by hand" (hint abc, ends 2027-03-01)', '"old laptop" (hint xyz, ends 2026-12-31)'),
            "is_beforehand": True,
        }
    )

    def __init__(
        self,
        *,
        application: str,
        secrets: Sequence[str] = (),
        limit: int = 2,
        is_beforehand: bool = False,
        next_step: str | None = None,
        remote_code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        """is_beforehand: nothing was done yet; otherwise the secret that was to be replaced may be gone already."""
        held = f": {'; '.join(secrets)}" if secrets else ""
        super().__init__(
            f"The application {application} already holds {len(secrets) or limit} client secrets{held}."
            + (" Nothing was changed." if is_beforehand else ""),
            next_step=next_step,
            remote_code=remote_code,
            request_id=request_id,
        )


class TenantPolicyRefused(AccountError):
    """An app management policy of the tenant forbids the secret's lifetime, or client secrets at all."""

    code = "UNI210"
    title = "tenant policy refuses the client secret"
    usual_cause = (
        "The tenant has an app management policy that limits how long a client secret may live. A secret lives "
        "two periods."
    )
    remedy = (
        "Shorten rotateEvery to at most half of the policy's limit, or ask the tenant's administrator for an exemption."
    )
    example = MappingProxyType(
        {"policy": "55555555-5555-5555-5555-555555555555", "lifetime": "180 days", "input": "rotateEvery"}
    )

    def __init__(
        self,
        *,
        policy: str | None = None,
        lifetime: str | None = None,
        input: str = "rotateEvery",
        remote_code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        asked = f" of {lifetime}" if lifetime else ""
        by = f' policy "{policy}"' if policy else " policy"
        super().__init__(
            f"The tenant's{by} refuses a client secret with a lifetime{asked} (input {input}). Nothing was registered.",
            remote_code=remote_code,
            request_id=request_id,
        )


class ForcedRotationRefused(AccountError):
    """Forcing now would replace a secret that Unified.to may still hold."""

    code = "UNI211"
    title = "forced rotation would cut off a registered secret"
    usual_cause = (
        "The last rotation made a new secret that Unified.to is not known to have accepted; the next one would "
        "replace the secret that it may still use, and sign-ins would fail."
    )
    remedy = (
        "Take the new value back (pulumi config rm unifiedto:forceRotation), run pulumi up until every registration "
        "succeeds, then force again. One that cannot succeed can be removed from the program: its sign-ins end then."
    )
    example = MappingProxyType(
        {
            "current": 3,
            "registered": 2,
            "replaced": 2,
            "secret": "sign-in blue #2 until 2027-03-01",
            "force_token": "leak-2",
        }
    )

    def __init__(self, *, current: int, registered: int, replaced: int, secret: str, force_token: str) -> None:
        """registered: the oldest generation that a registration was last seen with. replaced, secret: generation and
        display name of what the rotation would have replaced."""
        if registered == replaced:
            use = f'Unified.to still uses the secret of generation {replaced} ("{secret}")'
        else:
            use = f'Unified.to may use the secret of generation {replaced} ("{secret}")'
        super().__init__(
            f'The forced rotation "{force_token}" was not carried out: {use}, '
            f"while generation {current} waits to be registered.",
        )


class OrphanedSecret(AccountError):
    """A secret of ours exists in Entra, but its value was lost with the answer."""

    code = "UNI212"
    title = "client secret whose value was lost"
    usual_cause = (
        "An earlier run had Entra create the secret, and the answer was lost on its way. No state holds its value, so "
        "neither this stack nor any of its registrations can use it."
    )
    remedy = "Remove it, then run again."
    example = MappingProxyType(
        {
            "display_name": "sign-in green #1 until 2027-03-01",
            "key_id": "44444444-4444-4444-4444-444444444444",
            "application": "33333333-3333-3333-3333-333333333333",
            "command": "az ad app credential delete --id <client id> --key-id 44444444-4444-4444-4444-444444444444",
        }
    )

    def __init__(self, *, display_name: str, key_id: str, application: str, command: str | None = None) -> None:
        self.key_id = key_id
        super().__init__(
            f'The application {application} holds a client secret "{display_name}" (key id {key_id}) that no '
            "state knows.",
            next_step=f"Remove it with: {command} and run again." if command else None,
        )


class StateOlderThanEntra(AccountError):
    """Entra holds later secrets of this stack than its state knows, and has no room for another."""

    code = "UNI220"
    title = "state older than what Entra holds"
    usual_cause = (
        "The state was restored from a backup, or another stack of the same project, name and component uses the "
        "application. Unified.to may use a secret that this state does not hold, so none is called unused."
    )
    remedy = (
        "Restore the newest state of the stack and run again. If there is none, find out which of the secrets nothing "
        "uses (Entra's sign-in logs name the key id that was used), remove that one, run pulumi refresh, and run again."
    )
    example = MappingProxyType(
        {
            "application": "33333333-3333-3333-3333-333333333333",
            "secrets": (
                "'crm/prod login blue #2 until 2027-03-01', key id 44444444-4444-4444-4444-444444444444, value begins "
                "abc…, until 2027-03-01T00:00:00Z (in this stack's state)",
                "'crm/prod login green #3 until 2027-06-01', key id 55555555-5555-5555-5555-555555555555, value begins "
                "xyz…, until 2027-06-01T00:00:00Z",
            ),
        }
    )

    def __init__(self, *, application: str, secrets: Sequence[str]) -> None:
        super().__init__(
            f"The application {application} holds client secrets that were made later than this stack's state: "
            f"{'; '.join(secrets)}. Nothing was changed."
        )


class ApplicationNotFound(AccountError):
    """The application to be adopted does not exist in this tenant."""

    code = "UNI213"
    title = "application not found"
    usual_cause = (
        "The client id is wrong, or belongs to another tenant, or the application was deleted (restorable for 30 days)."
    )
    remedy = "Compare clientId with Entra, App registrations, and the tenant you are signed in to."
    example = MappingProxyType({"client_id": "22222222-2222-2222-2222-222222222222", "tenant_id": None})

    def __init__(
        self,
        *,
        client_id: str,
        tenant_id: str | None = None,
        remote_code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        tenant = f" {tenant_id}" if tenant_id else ""
        super().__init__(
            f"The tenant{tenant} has no application with client id {client_id}.",
            remote_code=remote_code,
            request_id=request_id,
        )


class ApplicationMismatch(AccountError):
    """The application to be adopted lacks what Unified.to needs."""

    code = "UNI214"
    title = "adopted application lacks what is needed"
    usual_cause = "An adopted application is left as it is; sign-ins through Unified.to would fail."
    remedy = (
        "Change the application in Entra, App registrations, and run again: redirect URIs and supported account types "
        "under Authentication, api.requestedAccessTokenVersion under Manifest."
    )
    example = MappingProxyType(
        {
            "client_id": "22222222-2222-2222-2222-222222222222",
            "differences": ("it lacks the Web redirect URI https://api.unified.to/oauth/code",),
        }
    )

    def __init__(self, *, client_id: str, differences: Sequence[str], next_step: str | None = None) -> None:
        super().__init__(
            f"The application {client_id} cannot be used as it is: {'; '.join(differences)}.", next_step=next_step
        )


class ManualStepNeeded(AccountError):
    """A registration in manual mode waits for a person. Printed and not raised: a run that fails stores no outputs, and
    the person needs the client secret from them."""

    code = "UNI215"
    title = "a step by hand is needed"
    usual_cause = (
        'The registration\'s mode is "manual": nothing is written through the API, and what was entered is verified.'
    )
    remedy = "Carry out the steps, then run again."
    example = MappingProxyType(
        {
            "integration_type": "microsoft_ad",
            "environment": "Production",
            "client_id": "22222222-2222-2222-2222-222222222222",
            "dashboard_url": "https://app.unified.to",
            "found": "Unified.to uses no client id to be seen",
        }
    )

    def __init__(
        self,
        *,
        integration_type: str,
        environment: str,
        client_id: str,
        dashboard_url: str,
        found: str,
        further_steps: Sequence[str] = ("Save, and activate the integration.",),
        hint_length: int = 3,
        remote_code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        chosen = (
            f"Open {dashboard_url}/integrations/{integration_type}.",
            f'Choose environment "{environment}".',
            f"Enter {client_id} as client id.",
            "Enter the client secret: once this run is over, pulumi stack output client_secret --show-secrets prints "
            "it (client_secret, or as the program calls the output).",
            *further_steps,
            f"Set enteredSecret of this registration to the first {hint_length} characters of the secret that you "
            "entered: nothing that can be seen from here tells an old secret from the new one.",
            "Run pulumi up again: it verifies what was entered.",
        )
        numbered = "".join(f"\n    {number}. {step}" for number, step in enumerate(chosen, start=1))
        super().__init__(
            f'"{integration_type}" in environment "{environment}" has to be registered by hand: {found}.',
            next_step=f"Carry out these steps:{numbered}",
            remote_code=remote_code,
            request_id=request_id,
        )


class SecretExpiresSoon(AccountError):
    """The days of a secret in use are numbered; a warning, or a failure where the stack was asked to fail then."""

    code = "UNI216"
    title = "client secret expires soon"
    usual_cause = (
        "No pulumi up rotated the secret in time, the rotation has been failing, or a registration in manual mode "
        "waits for a person to enter the new one."
    )
    remedy = (
        "Run pulumi up: it rotates a secret whose period is over, and says what stands in the way, or what is to be "
        "entered by hand."
    )
    example = MappingProxyType({"days_left": 6, "limit": 14, "expires_at": "2027-03-01T00:00:00Z"})

    def __init__(self, *, days_left: int, limit: int, expires_at: str) -> None:
        super().__init__(
            f"A client secret in use expires on {expires_at}: {days_left} days are left, and the limit is {limit}.",
        )


class RegistrationRefused(AccountError):
    """Unified.to refuses the request's content (400, 422 and the like)."""

    code = "UNI217"
    title = "Unified.to refuses the registration's content"
    usual_cause = "Unified.to found something in the request that it does not accept."
    remedy = (
        "Read the reason. If it names a field that this package only echoed, set dropUnknownFields on the "
        "registration; "
        "otherwise correct the input it names."
    )
    example = MappingProxyType(
        {
            "request": "PUT /unified/workspaceintegration/wi_1",
            "reason": "unknown field: legacy_flag",
            "remote_code": "400",
            "request_id": "7f3b",
        }
    )

    def __init__(
        self,
        *,
        request: str,
        reason: str | None = None,
        attempts: int = 1,
        next_step: str | None = None,
        remote_code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        tries = f" {attempts} times" if attempts > 1 else ""
        said = f", saying: {reason}" if reason else ", giving no reason"
        super().__init__(
            f"Unified.to refused {request}{tries}{said}.",
            next_step=next_step,
            remote_code=remote_code,
            request_id=request_id,
        )


class WorkspaceMismatch(AccountError):
    """The API key opens another workspace than the declared one."""

    code = "UNI218"
    title = "API key of another workspace"
    usual_cause = (
        "A key belongs to one workspace. Writing would change another product's sign-in than the one declared."
    )
    remedy = "Use the key of the declared workspace, or correct workspaceId. Nothing was written."
    example = MappingProxyType({"declared": "ws_1", "found": "ws_2"})

    def __init__(self, *, declared: str, found: str) -> None:
        super().__init__(f'The API key opens workspace "{found}", while the stack declares "{declared}".')


class SecretAlreadyGone(AccountError):
    """Entra does not know the client secret that is to be removed."""

    code = "UNI219"
    title = "client secret already removed"
    usual_cause = "The secret was removed by hand, and the stack's state still holds it."
    remedy = "Run pulumi refresh, which takes it out of the state, and then the same command again."
    example = MappingProxyType({"resource": "sign-in-secret-blue"})

    def __init__(self, *, resource: str, remote_code: str | None = None, request_id: str | None = None) -> None:
        super().__init__(
            f"The client secret of {resource} does not exist in Entra any more.",
            remote_code=remote_code,
            request_id=request_id,
        )


# --- later: the same run may succeed if repeated --------------------------------------------------------------------


class LaterError(UnifiedtoError):
    """A remote system did not answer as it should; repeating the run is safe."""

    family = "later"


class ApiUnreachable(LaterError):
    """No answer from Unified.to: refused connection, unknown host, TLS failure, time-out."""

    code = "UNI301"
    title = "Unified.to cannot be reached"
    usual_cause = "The network, a proxy, a firewall or a certificate stands in between, or apiUrl is wrong."
    remedy = (
        "Open the address from this computer; check HTTPS_PROXY, SSL_CERT_FILE and apiUrl. Then run again: it "
        "goes on from here."
    )
    example = MappingProxyType(
        {
            "request": "GET /unified/workspaceintegration",
            "api_url": "https://api.unified.to",
            "reason": "connection refused",
            "attempts": 6,
        }
    )

    def __init__(
        self, *, request: str, api_url: str, reason: str, attempts: int = 1, was_reached: bool = False
    ) -> None:
        """was_reached: there was a connection, which broke before the whole answer came."""
        tries = f", tried {attempts} times" if attempts > 1 else ""
        if was_reached:
            super().__init__(
                f"Unified.to was reached at {api_url}, and gave no whole answer: {reason} ({request}{tries}).",
                why="Unified.to, or a proxy in between, broke the connection off.",
                next_step="Run again: it goes on from here. If this lasts, look for a proxy in between.",
            )
        else:
            super().__init__(f"Unified.to cannot be reached at {api_url}: {reason} ({request}{tries}).")


class ApiUnavailable(LaterError):
    """Unified.to keeps answering with a server error (5xx)."""

    code = "UNI302"
    title = "Unified.to answers with server errors"
    usual_cause = "Unified.to has a fault, or a proxy in between does."
    remedy = "Look at Unified.to's status page, wait, and run again: it goes on from here."
    example = MappingProxyType(
        {
            "request": "GET /unified/workspaceintegration",
            "api_url": "https://api.unified.to",
            "attempts": 6,
            "remote_code": "503",
        }
    )

    def __init__(
        self,
        *,
        request: str,
        api_url: str,
        attempts: int = 1,
        retry_after_s: float | None = None,
        remote_code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        tries = f" {attempts} times" if attempts > 1 else ""
        super().__init__(
            f"Unified.to answered {request} at {api_url}{tries} with a server error.",
            next_step=_after_waiting(retry_after_s, "it goes on from here."),
            remote_code=remote_code,
            request_id=request_id,
        )


class RateLimited(LaterError):
    """Unified.to keeps asking to slow down (429)."""

    code = "UNI303"
    title = "rate limit of Unified.to"
    usual_cause = (
        "The workspace has used up its calls for the moment, often through other clients of the same workspace."
    )
    remedy = "Wait, and run again: it goes on from here."
    example = MappingProxyType(
        {"request": "GET /unified/workspaceintegration", "attempts": 6, "retry_after_s": 60.0, "remote_code": "429"}
    )

    def __init__(
        self,
        *,
        request: str,
        attempts: int = 1,
        retry_after_s: float | None = None,
        remote_code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        tries = f" after {attempts} attempts" if attempts > 1 else ""
        super().__init__(
            f"Unified.to limits the rate of calls: {request} was refused{tries}.",
            next_step=_after_waiting(retry_after_s, "it goes on from here."),
            remote_code=remote_code,
            request_id=request_id,
        )


class MalformedAnswer(LaterError):
    """An answer that is not what the API promises: not JSON, cut off, or of another shape."""

    code = "UNI304"
    title = "answer that cannot be understood"
    usual_cause = (
        "A proxy or a sign-in page answered instead of Unified.to, the answer was cut off, or the API changed."
    )
    remedy = "Check apiUrl and proxies, and run again. If it stays, report it with the request id."
    example = MappingProxyType(
        {"request": "GET /unified/workspaceintegration", "reason": "it is HTML and not JSON", "remote_code": "200"}
    )

    def __init__(
        self,
        *,
        request: str,
        reason: str,
        next_step: str | None = None,
        remote_code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(
            f"The answer to {request} cannot be understood: {reason}.",
            next_step=next_step,
            remote_code=remote_code,
            request_id=request_id,
        )


class ReadBackDiffers(LaterError):
    """Unified.to accepted the write, and shows something else."""

    code = "UNI305"
    title = "Unified.to shows something else than what was written"
    usual_cause = "The update was ignored in part, or somebody else changed the registration at the same moment."
    remedy = "Compare with the dashboard and run again: it writes once more."
    example = MappingProxyType(
        {
            "integration_type": "microsoft_ad",
            "environment": "Production",
            "differences": (
                "client_id is 99999999-9999-9999-9999-999999999999 instead of 22222222-2222-2222-2222-222222222222",
            ),
        }
    )

    def __init__(
        self,
        *,
        integration_type: str,
        environment: str,
        differences: Sequence[str],
        why: str | None = None,
        next_step: str | None = None,
    ) -> None:
        super().__init__(
            f'"{integration_type}" in environment "{environment}" does not hold what was written: '
            f"{'; '.join(differences)}.",
            why=why,
            next_step=next_step,
        )


class NotVerified(LaterError):
    """The write was accepted, and whether it took effect could not be seen in time."""

    code = "UNI306"
    title = "registration not verified"
    usual_cause = "Unified.to accepted the registration, but does not show it (yet)."
    remedy = (
        "Run again in a minute: it writes the same once more and looks again. UNIFIED_API_VISIBILITY_S sets how "
        "long it looks."
    )
    example = MappingProxyType(
        {
            "integration_type": "microsoft_ad",
            "environment": "Production",
            "reason": "the change did not show within 20 s",
        }
    )

    def __init__(
        self,
        *,
        integration_type: str,
        environment: str,
        reason: str,
        why: str | None = None,
        next_step: str | None = None,
        remote_code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(
            f'"{integration_type}" in environment "{environment}" is written, but not verified: {reason}.',
            why=why,
            next_step=next_step,
            remote_code=remote_code,
            request_id=request_id,
        )


class WriteUncertain(LaterError):
    """The connection broke while writing, and repeating the same write did not settle it."""

    code = "UNI307"
    title = "write of unknown fate"
    usual_cause = "The connection broke after the request was sent, so Unified.to may or may not have carried it out."
    remedy = "Run again: it looks first and then writes the same. The previous secret stays valid meanwhile."
    example = MappingProxyType(
        {"request": "PUT /unified/workspaceintegration/wi_1", "reason": "the connection was reset", "attempts": 3}
    )

    def __init__(
        self,
        *,
        request: str,
        reason: str,
        attempts: int = 1,
        retry_after_s: float | None = None,
        remote_code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        tries = f" after {attempts} attempts" if attempts > 1 else ""
        super().__init__(
            f"It is not known whether Unified.to carried out {request}{tries}: {reason}.",
            next_step=_after_waiting(
                retry_after_s, "it looks first and then writes the same. The previous secret stays valid meanwhile."
            ),
            remote_code=remote_code,
            request_id=request_id,
        )


class SecretNotAccepted(LaterError):
    """Entra refuses the new secret until the deadline."""

    code = "UNI308"
    title = "Entra does not accept the new secret"
    usual_cause = "A new secret takes some seconds, at times minutes, to work everywhere in Entra."
    remedy = "Run again: it asks once more. Unified.to has not heard of the new secret; the previous one stays in use."
    example = MappingProxyType(
        {"client_id": "22222222-2222-2222-2222-222222222222", "waited_s": 300.0, "remote_code": "AADSTS7000215"}
    )

    def __init__(
        self,
        *,
        client_id: str,
        waited_s: float,
        why: str | None = None,
        next_step: str | None = None,
        remote_code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(
            f"Entra did not accept the new secret of application {client_id} within {waited_s:.0f} s.",
            why=why,
            next_step=next_step,
            remote_code=remote_code,
            request_id=request_id,
        )


class PersonalSideNotReady(LaterError):
    """Microsoft's side for personal accounts does not know the new application yet."""

    code = "UNI309"
    title = "personal accounts' side of the application not ready"
    usual_cause = (
        "An application for personal accounts exists in two systems of Microsoft, and the second follows after a while."
    )
    remedy = "Wait a few minutes and run again: it goes on from here."
    example = MappingProxyType(
        {"operation": "add a client secret", "waited_s": 120.0, "remote_code": "409 Error_MsaAppDoesNotExist"}
    )

    def __init__(
        self,
        *,
        operation: str = "change the application",
        waited_s: float | None = None,
        remote_code: str | None = "409 Error_MsaAppDoesNotExist",
        request_id: str | None = None,
    ) -> None:
        waited = f" within {waited_s:.0f} s" if waited_s else ""
        super().__init__(
            f"Microsoft's side for personal accounts was not ready to {operation}{waited}.",
            remote_code=remote_code,
            request_id=request_id,
        )


class EntraUnreachable(LaterError):
    """No usable answer from Entra or Microsoft Graph."""

    code = "UNI310"
    title = "Entra cannot be reached"
    usual_cause = "The network, a proxy, a firewall or a certificate stands in between, or Entra has a fault."
    remedy = "Check HTTPS_PROXY, REQUESTS_CA_BUNDLE and SSL_CERT_FILE, look at Microsoft's status page, and run again."
    example = MappingProxyType({"endpoint": "https://login.microsoftonline.com", "reason": "connection refused"})

    def __init__(
        self, *, endpoint: str, reason: str, remote_code: str | None = None, request_id: str | None = None
    ) -> None:
        super().__init__(
            f"Entra cannot be reached at {endpoint}: {reason}.", remote_code=remote_code, request_id=request_id
        )


class UnexpectedFault(LaterError):
    """A fault of this package itself; its own message is not shown, because it may hold a secret."""

    code = "UNI399"
    title = "fault of this package"
    usual_cause = "The package met something that it does not handle."
    remedy = "Run again; if it stays, report it with the place named here and the version of pulumi-unifiedto."
    example = MappingProxyType({"fault": "KeyError", "place": "registrar.py, line 100"})

    def __init__(self, *, fault: str, place: str) -> None:
        super().__init__(f"pulumi_unifiedto failed with {fault} in {place}.")


class EntraLookupFailed(LaterError):
    """Entra could not be asked about something that the stack builds on."""

    code = "UNI311"
    title = "Entra could not be asked"
    usual_cause = (
        "The azuread provider could not sign in or reach Microsoft Graph: its credentials are missing, expired or of "
        "another tenant, or the network stands in between."
    )
    remedy = "Sign in (az login, or ARM_TENANT_ID, ARM_CLIENT_ID and ARM_CLIENT_SECRET or OIDC) and run again."
    example = MappingProxyType(
        {"what": "the permissions of Microsoft Graph", "reason": "building client: no credentials"}
    )

    def __init__(self, *, what: str, reason: str) -> None:
        super().__init__(f"Entra could not be asked for {what}: {reason.strip().rstrip('.')}.")


class EntraStepFailed(LaterError):
    """The azuread provider could not create, update or delete something, for a reason of no other class."""

    code = "UNI312"
    title = "Entra did not carry out a step"
    usual_cause = (
        "Microsoft Graph refused the request, or its answer was lost on the way; the azuread provider's own words say "
        "which. Where the answer was lost, the request may have been carried out all the same."
    )
    remedy = (
        "Run again: it looks first, and goes on from here. If it names a client secret that is in the way, remove that "
        "with the command it gives; if it says that something is gone already, run pulumi refresh first. If the same "
        "words come back, do what they say."
    )
    example = MappingProxyType(
        {"operation": "create", "resource": "sign-in-secret-blue", "remote_code": "404 Request_ResourceNotFound"}
    )

    def __init__(self, *, operation: str, resource: str, remote_code: str | None = None) -> None:
        super().__init__(f"Entra did not {operation} {resource}.", remote_code=remote_code)


class MoveNeedsState(LaterError):
    """The secrets are to move to another application, and it is not known which of them the stack has."""

    code = "UNI313"
    title = "another application while the state cannot be told"
    usual_cause = (
        "The stack's last state could not be read (a warning says so), or the component was renamed in the same run, "
        "so that its secrets are not found under their names yet."
    )
    remedy = "Run again. If the component was renamed, run pulumi up with the old application first, then change it."
    example = MappingProxyType(
        {"old": "33333333-3333-3333-3333-333333333333", "new": "66666666-6666-6666-6666-666666666666"}
    )

    def __init__(self, *, old: str, new: str) -> None:
        super().__init__(
            f"The client secrets were not moved from the application {old} to {new}: it is not known which of them are "
            "in use. Nothing was changed."
        )


CATALOGUE: Final[tuple[type[UnifiedtoError], ...]] = (
    UnknownIntegrationType,
    UnknownEnvironment,
    InvalidWorkspaceId,
    InvalidRedirectUri,
    DisplayNameTooLong,
    DuplicateRegistration,
    UnknownGraphPermission,
    InvalidRotationPeriod,
    InvalidRegion,
    InvalidChoice,
    AuthKeysWouldBeLost,
    InvalidApiUrl,
    InvalidInput,
    ApiKeyNotSecret,
    ApiKeyMissing,
    ApiKeyRefused,
    ApiKeyNotPermitted,
    PlanRefused,
    RegistrationMissing,
    AmbiguousRegistration,
    WorkspaceNotFound,
    CallerNotPermitted,
    SecretLimitReached,
    TenantPolicyRefused,
    ForcedRotationRefused,
    OrphanedSecret,
    ApplicationNotFound,
    ApplicationMismatch,
    ManualStepNeeded,
    SecretExpiresSoon,
    RegistrationRefused,
    WorkspaceMismatch,
    SecretAlreadyGone,
    StateOlderThanEntra,
    ApiUnreachable,
    ApiUnavailable,
    RateLimited,
    MalformedAnswer,
    ReadBackDiffers,
    NotVerified,
    WriteUncertain,
    SecretNotAccepted,
    PersonalSideNotReady,
    EntraUnreachable,
    EntraLookupFailed,
    EntraStepFailed,
    MoveNeedsState,
    UnexpectedFault,
)

_FAMILIES: Final[Mapping[Family, tuple[str, str]]] = MappingProxyType(
    {
        "program": (
            "Fix the program",
            "Change the program or its configuration. A preview says so before anything is created or written.",
        ),
        "account": ("Fix the account", "Change something in Entra or at Unified.to, then run again."),
        "later": ("Try later", "Repeating the run is safe: it looks at what is there and goes on."),
    }
)


def catalogue_page() -> str:
    """The catalogue as a markdown page: each class with its cause, its remedy and a specimen as a user sees it."""
    lines = [
        "# Errors",
        "",
        "Made by `make docs` from the classes. Search for the code that stands in the message.",
        "",
        "Inputs are spelt as the keys of a stack's configuration are. In Python the same words are joined by "
        "underscores: `onDelete` is the argument `on_delete`, and `proofDeadline` is `proof_deadline_s`.",
    ]
    for family, (heading, meaning) in _FAMILIES.items():
        lines += ["", f"## {heading}", "", meaning]
        for kind in CATALOGUE:
            if kind.family != family:
                continue
            specimen = str(kind(**kind.example))
            lines += [
                "",
                f"### {kind.code} {kind.title}",
                "",
                f"- Class: `{kind.__name__}`",
                f"- Usual cause: {kind.usual_cause}",
                f"- What to do: {kind.remedy}",
                "",
                "```text",
                specimen,
                "```",
            ]
    return "\n".join(lines) + "\n"
