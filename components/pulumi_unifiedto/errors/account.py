"""Errors that are mended by changing something in Entra or at Unified.to."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

from .base import UnifiedtoError, listed

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
            f"{listed(row_ids)}.",
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


class SecretLimitReached(AccountError):
    """The application holds as many client secrets as Entra allows, and the plan replaces none of them."""

    code = "UNI209"
    title = "no room for another client secret"
    usual_cause = (
        "An app registration that personal accounts may use holds at most two client secrets, expired ones included. "
        "A secret of the list may be the one that customers sign in with, also where this stack's state does not hold "
        "it: the state may have lost it, or be older than Entra."
    )
    remedy = (
        "Find out which secret customers sign in with. Unified.to's dashboard shows a workspace admin the client "
        "secret of each integration: compare its first characters with the list. Or sign in once as a customer and "
        "compare the key id in Entra's sign-in logs. If customers sign in with both, give all integrations the same "
        "one in the dashboard. Then remove a secret that nobody signs in with: az ad app credential delete --id "
        "<object id> --key-id <key id>. Run pulumi refresh, and then pulumi up."
    )
    example = MappingProxyType(
        {
            "application": "33333333-3333-3333-3333-333333333333",
            "limit": 2,
            "secrets": (
                '"crm/prod login blue #2 until 2027-03-01"; key id 44444444-4444-4444-4444-444444444444; value begins '
                "with abc; valid from 2026-09-02T00:00:00Z to 2027-03-01T00:00:00Z; in this stack's state; on record "
                "with login-Production-microsoft_ad",
                '"made by hand"; key id 55555555-5555-5555-5555-555555555555; value begins with xyz; valid from '
                "2026-01-01T00:00:00Z to 2027-01-01T00:00:00Z; not in this stack's state; on record with no "
                "registration",
            ),
        }
    )

    def __init__(
        self, *, application: str = "", resource: str = "", limit: int = 2, secrets: Sequence[str] = ()
    ) -> None:
        """application or resource: the object id, or the name of the resource that Entra refused to create.
        secrets: the facts about each, where the list was read before anything was changed."""
        listed = "".join(f"\n    {number}. {facts}" for number, facts in enumerate(secrets, start=1))
        wanted = (
            f"the client secret {resource}" if resource else f"another client secret of the application {application}"
        )
        super().__init__(
            f"Entra has no room for {wanted}: the limit is {limit}."
            + (f" Nothing was changed. The application holds:{listed}" if secrets else "")
        )


class SecretOfAnotherGeneration(AccountError):
    """A run left the client secret out, and would register an older one as the new one."""

    code = "UNI222"
    title = "client secret left out of the run"
    usual_cause = (
        "The run leaves out the resource that holds the client secret (--target or --exclude). It would register an "
        "older secret as the new one."
    )
    remedy = "Run pulumi up without --target and --exclude."
    example = MappingProxyType({"generation": 3, "held": "1"})

    def __init__(self, *, generation: int, held: str) -> None:
        super().__init__(
            f"The schedule is at generation {generation}, and its slot holds the client secret of generation "
            f"{held or 'unknown'}. Nothing was registered."
        )


class ReplacementNotPlanned(AccountError):
    """Somebody asked Pulumi to replace a client secret outside the rotation."""

    code = "UNI223"
    title = "new client secret outside the rotation"
    usual_cause = (
        "Somebody asked for a replacement with --replace, --target-replace or pulumi state taint. It could remove the "
        "secret that customers sign in with before another one is registered."
    )
    remedy = (
        "To get a new secret now, run pulumi config set unifiedto:forceRotation <a new value>, and then pulumi up "
        "without these options. If the resource is tainted, run pulumi state untaint first."
    )
    example = MappingProxyType({"resource": "login-secret-blue", "generation": 2})

    def __init__(self, *, resource: str, generation: int) -> None:
        super().__init__(
            f"Pulumi was not allowed to create the client secret of generation {generation} ({resource}) again: the "
            "rotation does not plan it."
        )
