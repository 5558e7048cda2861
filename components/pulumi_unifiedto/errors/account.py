"""Errors that go away when something changes in Entra or at Unified.to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .base import UnifiedtoError, listed, tries


class AccountError(UnifiedtoError):
    """Something in Entra or at Unified.to prevents the step."""

    family = "account"


_OR_BY_HAND: Final = 'or set the registration\'s mode to "manual": the stack says what to enter, and verifies it.'


class ApiKeyMissing(AccountError):
    """No API key for Unified.to."""

    code = "UNI201"
    usual_cause = "Neither UNIFIED_API_KEY in the environment nor the secret config value unifiedto:apiKey is set."
    remedy = (
        "Create a key in the dashboard under Settings, API. Then export UNIFIED_API_KEY=<key> (best: no state file "
        "holds it), or pulumi config set --secret unifiedto:apiKey <key>."
    )

    def __init__(self) -> None:
        super().__init__("There is no API key for Unified.to.")


class ApiKeyRefused(AccountError):
    """API key refused."""

    code = "UNI202"
    usual_cause = (
        "The key is wrong or revoked, belongs to another region (each region has its own keys), its owner's role or "
        "the workspace's plan has no access to the API, or the workspace admits only certain IP addresses."
    )
    remedy = f"Compare the key and the region with the dashboard, Settings, API; {_OR_BY_HAND}"

    def __init__(self, *, request: str, where: str, dashboard_url: str) -> None:
        super().__init__(
            f"Unified.to refused the API key ({request} at {where}).",
            next_step=f"Compare the key and the region with {dashboard_url}/settings/api; {_OR_BY_HAND}",
        )


class ApiKeyNotPermitted(AccountError):
    """API key without the necessary right."""

    code = "UNI203"
    usual_cause = (
        "The key's role does not allow it, the workspace's plan does not include it, the key is of another region, or "
        "the workspace admits only certain IP addresses."
    )
    remedy = f"Use the key of a workspace admin, and check plan and IP restrictions in the dashboard; {_OR_BY_HAND}"

    def __init__(self, *, request: str, where: str) -> None:
        super().__init__(f"The API key does not allow {request} at {where}.")


class PlanRefused(AccountError):
    """Plan without own OAuth credentials."""

    code = "UNI204"
    usual_cause = "The workspace's plan does not include OAuth credentials of your own."
    remedy = (
        "Check the plan in the dashboard under Settings, Billing; or, where the dashboard accepts the credentials, set "
        'the registration\'s mode to "manual".'
    )

    def __init__(self, *, request: str, where: str) -> None:
        super().__init__(f"The workspace's plan does not allow {request} at {where}.")


class RegistrationMissing(AccountError):
    """Integration not activated in the environment."""

    code = "UNI205"
    usual_cause = (
        "Unified.to's API publishes no way to create a workspace integration. It is created when somebody activates "
        "the integration in the dashboard."
    )
    remedy = "Activate the integration once in the dashboard, in that environment, and run again."

    def __init__(self, *, integration_type: str, environment: str, dashboard_url: str) -> None:
        super().__init__(
            f'The workspace has no integration "{integration_type}" in environment "{environment}".',
            next_step=f'Open {dashboard_url}/integrations/{integration_type}, choose environment "{environment}", '
            "activate the integration once, and run again.",
        )


class AmbiguousRegistration(AccountError):
    """More than one registration for an integration and environment."""

    code = "UNI206"
    usual_cause = "One is expected, and nothing shows which of them Unified.to uses."
    remedy = "Remove all but one in the dashboard, or ask Unified.to's support which one it uses."

    def __init__(self, *, integration_type: str, environment: str, row_ids: Sequence[str]) -> None:
        super().__init__(
            f'Unified.to lists {len(row_ids)} registrations of "{integration_type}" in environment "{environment}": '
            f"{listed(row_ids)}. Nothing was written."
        )


class WorkspaceNotFound(AccountError):
    """Workspace not found."""

    code = "UNI207"
    usual_cause = "The workspace id is wrong or of another region (each region is a separate account)."
    remedy = "Compare workspace id and region with the dashboard, Settings, API."

    def __init__(self, *, workspace_id: str, where: str) -> None:
        super().__init__(f'Unified.to has no workspace "{workspace_id}" at {where}.')


class CallerNotPermitted(AccountError):
    """Deploying identity without the necessary right in Entra."""

    code = "UNI208"
    usual_cause = (
        "It needs the application permission Application.ReadWrite.OwnedBy (or .All) with admin consent, or the role "
        "Application Administrator. With OwnedBy it must own the application."
    )
    remedy = "Grant the permission, or add the identity to the application's owners, and run again."

    def __init__(self, *, operation: str) -> None:
        super().__init__(f"The deploying identity may not {operation} in Entra.")


class TenantPolicyRefused(AccountError):
    """Tenant policy refuses the client secret."""

    code = "UNI210"
    usual_cause = "The policy limits how long a client secret is valid. A secret is valid for two periods."
    remedy = "Shorten rotateEvery to at most half of the policy's limit, or ask the tenant's admin for an exemption."

    def __init__(self, *, policy: str | None) -> None:
        named = f' "{policy}"' if policy else ""
        super().__init__(f"A policy{named} of the tenant does not allow the client secret. Nothing was registered.")


class ForcedRotationRefused(AccountError):
    """Forced rotation would remove a registered secret."""

    code = "UNI211"
    usual_cause = (
        "The last rotation created a secret that is not registered yet. The next one would remove the secret that "
        "customers sign in with."
    )
    remedy = (
        "Take the new value back (pulumi config rm unifiedto:forceRotation), run pulumi up until every registration "
        "succeeds, and force again. If one cannot succeed, remove it from the program: its sign-ins end then."
    )

    def __init__(self, *, current: int, registered: int, replaced: int, secret: str, force_token: str) -> None:
        """registered: the oldest generation that a registration was last seen with. replaced, secret: generation and
        display name of what the rotation would have replaced."""
        uses = "still uses" if registered == replaced else "may use"
        super().__init__(
            f'The forced rotation "{force_token}" was not carried out: Unified.to {uses} the secret of generation '
            f'{replaced} ("{secret}"), while generation {current} waits to be registered.'
        )


class ApplicationNotFound(AccountError):
    """Application not found."""

    code = "UNI213"
    usual_cause = "The client id is wrong or of another tenant, or the application was deleted."
    remedy = "Compare clientId with Entra, App registrations; Deleted applications lists those of the last 30 days."

    def __init__(self, *, client_id: str, next_step: str | None = None) -> None:
        super().__init__(f"The tenant has no application with client id {client_id}.", next_step=next_step)


class ApplicationMismatch(AccountError):
    """Adopted application does not meet the requirements."""

    code = "UNI214"
    usual_cause = "The package does not change an adopted application; sign-ins through it would fail."
    remedy = (
        "Change the application in Entra, App registrations (redirect URIs and account types under Authentication, "
        "api.requestedAccessTokenVersion under Manifest), and run again."
    )

    def __init__(self, *, client_id: str, differences: Sequence[str], next_step: str | None = None) -> None:
        super().__init__(
            f"The application {client_id} cannot be used as it is: {'; '.join(differences)}.", next_step=next_step
        )


class ManualStepNeeded(AccountError):
    """A step by hand is needed."""

    # Printed and not raised: a run that fails stores no outputs, and the person needs the client secret from them.
    code = "UNI215"
    usual_cause = 'The registration\'s mode is "manual": the package only verifies what a person entered.'
    remedy = "Carry out the steps, then run again."

    def __init__(
        self,
        *,
        integration_type: str,
        environment: str,
        client_id: str,
        dashboard_url: str,
        found: str,
        further_steps: Sequence[str],
        hint_length: int,
    ) -> None:
        steps = (
            f"Open {dashboard_url}/integrations/{integration_type}.",
            f'Choose environment "{environment}".',
            f"Enter {client_id} as client id.",
            "Enter the client secret: once this run is over, pulumi stack output client_secret --show-secrets prints "
            "it (client_secret, or the name that the program gives the output).",
            *further_steps,
            f"Set enteredSecret of this registration to the first {hint_length} characters of the secret that you "
            "entered: the package cannot see which secret Unified.to has.",
            "Run pulumi up again: it verifies what you entered.",
        )
        numbered = "".join(f"\n    {number}. {step}" for number, step in enumerate(steps, start=1))
        super().__init__(
            f'"{integration_type}" in environment "{environment}" has to be registered by hand: {found}.',
            next_step=f"Carry out these steps:{numbered}",
        )


class SecretExpiresSoon(AccountError):
    """Client secret expires soon."""

    code = "UNI216"
    usual_cause = (
        "No pulumi up has rotated the secret in time, rotations failed, or nobody has entered the new secret of a "
        "registration in manual mode."
    )
    remedy = "Run pulumi up: it rotates the secret, or says what prevents that or what to enter by hand."

    def __init__(self, *, days_left: int, limit: int, expires_at: str) -> None:
        super().__init__(
            f"A client secret in use expires on {expires_at}: {days_left} days are left, and the limit is {limit}."
        )


class RegistrationRefused(AccountError):
    """Unified.to refuses the registration's content."""

    code = "UNI217"
    usual_cause = "Unified.to does not accept something in the request."
    remedy = (
        "Read the reason and correct the input it names. If it names a field that this package only sent back as "
        'found, set the registration\'s mode to "manual".'
    )

    def __init__(self, *, request: str, reason: str | None, attempts: int = 1, next_step: str | None = None) -> None:
        said = f", saying: {reason}" if reason else ", giving no reason"
        super().__init__(f"Unified.to refused {request}{tries(attempts)}{said}.", next_step=next_step)


class WorkspaceMismatch(AccountError):
    """API key of another workspace."""

    code = "UNI218"
    usual_cause = "A key belongs to one workspace. The write would change another product's sign-in."
    remedy = "Use the key of the declared workspace, or correct workspaceId. Nothing was written."

    def __init__(self, *, declared: str, found: str) -> None:
        super().__init__(f'The API key opens workspace "{found}", while the stack declares "{declared}".')


class SecretAlreadyGone(AccountError):
    """Client secret already removed."""

    code = "UNI219"
    usual_cause = "Somebody removed the secret by hand, and the stack's state still holds it."
    remedy = "Run pulumi refresh, which takes it out of the state, and then the same command again."

    def __init__(self, *, resource: str) -> None:
        super().__init__(f"The client secret of {resource} no longer exists in Entra.")


class SecretLimitReached(AccountError):
    """No room for another client secret."""

    code = "UNI209"
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

    def __init__(
        self, *, limit: int = 2, application: str = "", resource: str = "", secrets: Sequence[str] = ()
    ) -> None:
        """application: object id, where the secrets were listed before anything was changed; secrets: the facts about
        each. resource: name of the client secret that Microsoft Graph refused."""
        wanted = (
            f"the client secret {resource}" if resource else f"another client secret of the application {application}"
        )
        facts = "".join(f"\n    {number}. {fact}" for number, fact in enumerate(secrets, start=1))
        super().__init__(
            f"Entra has no room for {wanted}: the limit is {limit}."
            + (f" Nothing was changed. The application holds:{facts}" if secrets else "")
        )


class SecretOfAnotherGeneration(AccountError):
    """Client secret left out of the run."""

    code = "UNI222"
    usual_cause = (
        "The run leaves out the resource that holds the client secret (--target or --exclude). It would register an "
        "older secret as the new one."
    )
    remedy = "Run pulumi up without --target and --exclude."

    def __init__(self, *, generation: int, held: str) -> None:
        super().__init__(
            f"The schedule is at generation {generation}, and its slot holds the client secret of generation "
            f"{held or 'unknown'}. Nothing was registered."
        )


class ReplacementNotPlanned(AccountError):
    """Replacement of a client secret outside the rotation."""

    code = "UNI223"
    usual_cause = (
        "Somebody asked for a replacement with --replace, --target-replace or pulumi state taint. It could remove the "
        "secret that customers sign in with before another one is registered."
    )
    remedy = (
        "To get a new secret now, run pulumi config set unifiedto:forceRotation <a new value>, and then pulumi up "
        "without these options. If the resource is tainted, run pulumi state untaint first."
    )

    def __init__(self, *, resource: str, generation: int) -> None:
        super().__init__(
            f"The client secret of generation {generation} ({resource}) was not replaced: the rotation does not plan "
            "it."
        )


class WrittenSince(AccountError):
    """Registration changed since this stack's last write."""

    code = "UNI221"
    usual_cause = (
        "Another run, another stack or a person in the dashboard changed it, or the state was restored from a backup. "
        "The client secret of this state may be an older one than the one in use, and it was not proven in this run."
    )
    remedy = "Run pulumi refresh, which compares the state with Entra and Unified.to, and then pulumi up."

    def __init__(self, *, integration_type: str, environment: str, known: str, found: str) -> None:
        """known, found: the time of the last change, as the state and Unified.to have it."""
        super().__init__(
            f'Nothing was written: "{integration_type}" in environment "{environment}" was changed at {found}, and the '
            f"last change that this stack's state knows is of {known}."
        )
