"""Errors after which the same run may succeed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .base import UnifiedtoError, tries


class LaterError(UnifiedtoError):
    """A remote system did not answer as it should; repeating the run is safe."""

    family = "later"


_AFTER: Final = " after {} attempts"


def _after_waiting(retry_after_s: float | None, then: str) -> str | None:
    """The next step where the remote system asks to wait; None where it does not."""
    return f"Wait at least {retry_after_s:.0f} s, as Unified.to asks, and run again: {then}" if retry_after_s else None


class ApiUnreachable(LaterError):
    """Unified.to cannot be reached."""

    code = "UNI301"
    usual_cause = "The network, a proxy, a firewall or a certificate prevents the connection, or apiUrl is wrong."
    remedy = "Check apiUrl, HTTPS_PROXY and SSL_CERT_FILE, and run again: the next run resumes."

    def __init__(
        self, *, request: str, api_url: str, reason: str, attempts: int = 1, was_reached: bool = False
    ) -> None:
        """was_reached: there was a connection, which broke before the answer was complete."""
        tried = tries(attempts, ", tried {} times")
        if was_reached:
            super().__init__(
                f"Unified.to was reached at {api_url}, but {reason} ({request}{tried}).",
                why="Unified.to, or a proxy on the way, closed the connection.",
                next_step="Run again: the next run resumes. If the error stays, check the proxies on the way.",
            )
        else:
            super().__init__(f"Unified.to cannot be reached at {api_url}: {reason} ({request}{tried}).")


class ApiUnavailable(LaterError):
    """Unified.to answers with server errors."""

    code = "UNI302"
    usual_cause = "Unified.to, or a proxy on the way, has a fault."
    remedy = "Check Unified.to's status page, wait, and run again: the next run resumes."

    def __init__(self, *, request: str, api_url: str, attempts: int = 1, retry_after_s: float | None = None) -> None:
        super().__init__(
            f"Unified.to answered {request} at {api_url}{tries(attempts)} with a server error.",
            next_step=_after_waiting(retry_after_s, "the next run resumes."),
        )


class RateLimited(LaterError):
    """Rate limit of Unified.to."""

    code = "UNI303"
    usual_cause = "The workspace has used up its calls for now; other programs may use the same workspace."
    remedy = "Wait, and run again: the next run resumes."

    def __init__(self, *, request: str, attempts: int = 1, retry_after_s: float | None = None) -> None:
        super().__init__(
            f"Unified.to limits the rate of calls: {request} was refused{tries(attempts, _AFTER)}.",
            next_step=_after_waiting(retry_after_s, "the next run resumes."),
        )


class MalformedAnswer(LaterError):
    """Answer that cannot be understood."""

    code = "UNI304"
    usual_cause = "A proxy or a sign-in page answered, the answer is incomplete, or the API has changed."
    remedy = "Check apiUrl and proxies, and run again. If the error stays, report it with the request id."

    def __init__(self, *, request: str, reason: str, next_step: str | None = None) -> None:
        super().__init__(f"The answer to {request} cannot be understood: {reason}.", next_step=next_step)


class ReadBackDiffers(LaterError):
    """Unified.to shows something else than what was written."""

    code = "UNI305"
    usual_cause = "Unified.to ignored a part of the update, or somebody else wrote at the same time."
    remedy = "Compare with the dashboard and run pulumi up --refresh, which writes it again."

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
    """Registration not verified."""

    code = "UNI306"
    usual_cause = "Unified.to accepted the registration, and does not show it yet."
    remedy = (
        "Run pulumi up --refresh in a minute: it writes and verifies it again. UNIFIED_API_VISIBILITY_S sets how many "
        "seconds a run waits for a change to show."
    )

    def __init__(self, *, integration_type: str, environment: str, reason: str, why: str | None = None) -> None:
        super().__init__(
            f'"{integration_type}" in environment "{environment}" is written, but not verified: {reason}.', why=why
        )


class WriteUncertain(LaterError):
    """Write whose result is not known."""

    code = "UNI307"
    usual_cause = "The request was sent and got no usable answer. Unified.to may have carried it out."
    remedy = "Run pulumi up --refresh, which writes the same again. The previous secret stays valid meanwhile."

    def __init__(self, *, request: str, reason: str, attempts: int = 1, retry_after_s: float | None = None) -> None:
        super().__init__(
            f"It is not known whether Unified.to carried out {request}{tries(attempts, _AFTER)}: {reason}.",
            next_step=_after_waiting(
                retry_after_s,
                "pulumi up --refresh writes the same again. The previous secret stays valid meanwhile.",
            ),
        )


class SecretNotAccepted(LaterError):
    """Entra does not accept the new secret."""

    code = "UNI308"
    usual_cause = "A new secret takes some seconds, at times minutes, to work everywhere in Entra."
    remedy = "Run again: the next run tries it again. The new secret was not registered; the previous one stays in use."

    def __init__(
        self, *, client_id: str, waited_s: float, why: str | None = None, next_step: str | None = None
    ) -> None:
        super().__init__(
            f"Entra did not accept the new secret of application {client_id} within {waited_s:.0f} s.",
            why=why,
            next_step=next_step,
        )


class PersonalSideNotReady(LaterError):
    """Application not yet known to the system for personal accounts."""

    code = "UNI309"
    usual_cause = "Microsoft keeps applications for personal accounts in two systems; the second one is slower."
    remedy = "Wait a few minutes and run again: the next run resumes."

    def __init__(self, *, operation: str) -> None:
        super().__init__(f"Microsoft's system for personal accounts was not ready to {operation}.")


class EntraUnreachable(LaterError):
    """Entra cannot be reached."""

    code = "UNI310"
    usual_cause = "The network, a proxy or a certificate prevents the connection, or Entra has a fault."
    remedy = "Check HTTPS_PROXY, REQUESTS_CA_BUNDLE, SSL_CERT_FILE and Microsoft's status page, and run again."

    def __init__(self, *, endpoint: str, reason: str) -> None:
        super().__init__(f"Entra cannot be reached at {endpoint}: {reason}.")


class EntraLookupFailed(LaterError):
    """Entra did not answer a question."""

    code = "UNI311"
    usual_cause = (
        "The azuread provider's credentials are missing, expired or of another tenant, or the network prevents the "
        "connection to Microsoft Graph."
    )
    remedy = "Sign in (az login, or ARM_CLIENT_ID and a secret, certificate or OIDC), and run again."

    def __init__(self, *, what: str, reason: str) -> None:
        super().__init__(f"Entra could not be asked for {what}: {reason.strip().rstrip('.')}.")


class EntraStepFailed(LaterError):
    """Entra did not carry out a step."""

    code = "UNI312"
    usual_cause = (
        "Microsoft Graph refused the request, or its answer was lost and it may have carried out the request. The "
        "azuread provider's own message says which."
    )
    remedy = (
        "Run again: the next run checks what is there, and resumes. If something is already gone, run pulumi refresh "
        "first. If the same message returns, do what it says."
    )

    def __init__(self, *, operation: str, resource: str) -> None:
        super().__init__(f"Entra did not {operation} {resource}.")


class UnexpectedFault(LaterError):
    """Fault of this package."""

    # Its own message is not shown, because it may hold a secret.
    code = "UNI399"
    usual_cause = "The package met something that it does not handle."
    remedy = "Run again; if the error stays, report it with this message and the package's version."

    def __init__(self, *, fault: str, place: str) -> None:
        super().__init__(f"pulumi_unifiedto failed with {fault} in {place}.")


class ApplicationChangeRefused(LaterError):
    """Change of the application refused."""

    code = "UNI313"
    usual_cause = (
        "The client secrets of the first application stay in use until those of the second one are registered, so the "
        "state must show which application has which. It cannot be read (a warning says so), the component was renamed "
        "in the same run, or an earlier change of the application has not finished."
    )
    remedy = (
        "Run pulumi up with the application that the last run had, until it succeeds. Then change the application. If "
        "that run cannot succeed, take the schedule out of the state (pulumi state delete, type RotationSchedule): the "
        "next run derives it from the client secrets in the state."
    )

    def __init__(self, *, old: str, new: str, reason: str) -> None:
        super().__init__(
            f"The client secrets cannot move from the application {old} to {new}: {reason}. Nothing was changed."
        )


class ProofNotRun(LaterError):
    """Proof of the client secret not run."""

    code = "UNI314"
    usual_cause = (
        "The Python interpreter that runs the program could not start the proof, or somebody stopped it. Entra was not "
        "asked."
    )
    remedy = (
        "Check that this Python has the package: python -m pip show pulumi-unifiedto. Then run pulumi up again. The "
        "new secret was not registered."
    )

    def __init__(self, *, resource: str, interpreter: str) -> None:
        super().__init__(f"The proof {resource} did not run with the interpreter {interpreter}.")
