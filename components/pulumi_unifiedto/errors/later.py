"""Errors after which the same run may succeed."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

from .base import UnifiedtoError, after_waiting

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
            next_step=after_waiting(retry_after_s, "it goes on from here."),
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
            next_step=after_waiting(retry_after_s, "it goes on from here."),
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
            next_step=after_waiting(
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


class ApplicationChangeRefused(LaterError):
    """The secrets are to move to another application, and the stack's state does not allow that yet."""

    code = "UNI313"
    title = "another application before the state allows it"
    usual_cause = (
        "The client secrets of the first application stay in use until those of the second one are registered, so the "
        "state must show which application has which. It cannot be read (a warning says so), the component was renamed "
        "in the same run, or an earlier change of the application has not finished."
    )
    remedy = "Run pulumi up with the application that the last run had, until it succeeds. Then change the application."
    example = MappingProxyType(
        {
            "old": "33333333-3333-3333-3333-333333333333",
            "new": "66666666-6666-6666-6666-666666666666",
            "reason": "an earlier change to 33333333-3333-3333-3333-333333333333 has not finished",
        }
    )

    def __init__(self, *, old: str, new: str, reason: str) -> None:
        super().__init__(
            f"The client secrets cannot move from the application {old} to {new}: {reason}. Nothing was changed."
        )


class ProofNotRun(LaterError):
    """The command that proves a client secret did not start, or ended without a result."""

    code = "UNI314"
    title = "proof of the client secret did not run"
    usual_cause = (
        "The Python interpreter that runs the program could not start the proof, or somebody stopped it. Entra was not "
        "asked."
    )
    remedy = (
        "Check that this Python has the package: python -m pip show pulumi-unifiedto. Then run pulumi up again. The "
        "new secret was not registered."
    )
    example = MappingProxyType({"resource": "login-proof", "interpreter": "/srv/app/venv/bin/python"})

    def __init__(self, *, resource: str, interpreter: str) -> None:
        super().__init__(f"The proof {resource} did not run with the interpreter {interpreter}.")
