"""Proves a client secret: asks Entra for a token with it until that works, or a deadline passes.

Run by a ``pulumi-command`` step between the creation of a secret and its registration at Unified.to, as
``python -m pulumi_unifiedto.client_secret.proof``. What to prove comes through the environment, so that it is in no
process list:

    UNIFIEDTO_PROOF_TENANT_ID      the home tenant, a GUID
    UNIFIEDTO_PROOF_CLIENT_ID      the application (client) id
    UNIFIEDTO_PROOF_CLIENT_SECRET  the secret's value
    UNIFIEDTO_PROOF_DEADLINE_S     seconds to go on trying; a new secret is refused for 4 to 18 s (reported by users
                                   of Microsoft Graph,
                                   https://github.com/microsoftgraph/microsoft-graph-docs/issues/17966)

Prints one line without any secret, which ends with the time of the proof; exits with 1 when the secret was not proven.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Final

import msal
import requests
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_exponential
from tenacity.wait import wait_base

from ..entra.cloud import entra_endpoints
from ..errors import SecretNotAccepted, UnifiedtoError

_PREFIX: Final = "UNIFIEDTO_PROOF_"

_WAIT: Final = wait_exponential(multiplier=0.5, max=8)
"""Half a second first, doubling up to eight: most secrets work within a few tries, and Entra is not flooded."""

_LONGEST_TRY_S: Final = 30.0
_SHORTEST_TRY_S: Final = 1.0
"""Time limits of one try: what is left until the deadline, within these bounds. pulumi-command has no time limit of its
own, so a server that accepts the connection and stays silent would hold the run for ever."""

_MAY_PASS: Final = frozenset({7000215, 700016, 7000222, 90033, 90024, 50033, 90055, 500011})
"""AADSTS codes of a secret, application or service principal that has not reached every server yet, or of a passing
fault (documented: https://learn.microsoft.com/entra/identity-platform/reference-error-codes; that they occur for a
young secret was reported by users). Any other refusal is final."""


@dataclass(frozen=True)
class Attempt:
    """What one try gave: `error` is None when Entra issued a token."""

    error: str | None
    code: int | None
    may_pass: bool
    correlation_id: str | None


class _TimedSession(requests.Session):
    """Requests that end when the time of a try is over. Unlike MSAL's own session it repeats nothing, not even a GET
    that was not answered in time: `prove` does."""

    def __init__(self, timeout_s: float) -> None:
        super().__init__()
        self._ends_at = time.monotonic() + timeout_s

    def request(self, *arguments: Any, **named: Any) -> requests.Response:
        left_s = max(self._ends_at - time.monotonic(), _SHORTEST_TRY_S)
        return super().request(*arguments, **{**named, "timeout": left_s})


def ask_for_token(
    authority: str, scope: str, client_id: str, client_secret: str, *, instance_discovery: bool, timeout_s: float
) -> Attempt:
    """One request for a token with client credentials, after one for the authority's endpoints.

    A new MSAL application each time: MSAL answers an identical request from its cache for a minute after a 400.
    timeout_s: for both requests together; no answer within it is an attempt that may pass.
    """
    try:
        application = msal.ConfidentialClientApplication(
            client_id,
            authority=authority,
            client_credential=client_secret,
            instance_discovery=None if instance_discovery else False,
            http_client=_TimedSession(timeout_s),
        )
        answer: Mapping[str, Any] = application.acquire_token_for_client(scopes=[scope]) or {}
    except (requests.RequestException, msal.exceptions.MsalServiceError, ValueError) as fault:
        return Attempt(error=type(fault).__name__, code=None, may_pass=True, correlation_id=None)
    if "access_token" in answer:
        return Attempt(error=None, code=None, may_pass=False, correlation_id=None)
    codes = [int(code) for code in answer.get("error_codes") or ()]
    return Attempt(
        error=str(answer.get("error") or "unknown"),
        code=codes[0] if codes else None,
        may_pass=bool(_MAY_PASS.intersection(codes)) or answer.get("error") == "temporarily_unavailable",
        correlation_id=answer.get("correlation_id"),
    )


def prove(
    attempt: Callable[[float], Attempt],
    *,
    client_id: str,
    deadline_s: float,
    wait: wait_base = _WAIT,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> int:
    """Tries until Entra accepts the secret; returns the number of tries.

    attempt: one try, given the seconds that it may take.

    Raises:
        SecretNotAccepted: the deadline passed, or Entra refused for a reason that does not pass by itself.
    """
    retrying = Retrying(
        retry=retry_if_result(lambda outcome: outcome.error is not None and outcome.may_pass),
        stop=stop_after_delay(deadline_s),
        wait=wait,
        sleep=sleep,
    )
    ends_at = monotonic() + deadline_s
    try:
        last = retrying(lambda: attempt(_within_bounds(ends_at - monotonic())))
    except RetryError as exhausted:
        last = exhausted.last_attempt.result()
    if last.error is not None:
        why, next_step = _advice(last)
        raise SecretNotAccepted(
            client_id=client_id,
            waited_s=float(retrying.statistics.get("delay_since_first_attempt", 0)),
            why=why,
            next_step=next_step,
        ).answered(f"AADSTS{last.code} {last.error}" if last.code else last.error, last.correlation_id)
    return int(retrying.statistics.get("attempt_number", 1))


def _within_bounds(left_s: float) -> float:
    """The seconds that a try may take when so many are left."""
    return max(_SHORTEST_TRY_S, min(_LONGEST_TRY_S, left_s))


def _advice(last: Attempt) -> tuple[str | None, str | None]:
    """Why and what next, where the usual cause (a secret too young) is not the one."""
    nothing_lost = "The new secret was not registered; the previous one stays in use."
    if not last.may_pass:
        return (
            "Entra refuses it for a reason that waiting does not change.",
            "Look the code up at https://login.microsoftonline.com/error, mend the cause, and run again. "
            f"{nothing_lost}",
        )
    if last.code is None:
        return (
            "Entra gave no usable answer, so it is not known whether the secret works.",
            "Check HTTPS_PROXY, REQUESTS_CA_BUNDLE and SSL_CERT_FILE, look at Microsoft's status page, and run again. "
            f"{nothing_lost}",
        )
    return None, None


def main(environment: Mapping[str, str] = os.environ) -> int:
    tenant_id, client_id = environment[f"{_PREFIX}TENANT_ID"], environment[f"{_PREFIX}CLIENT_ID"]
    client_secret = environment[f"{_PREFIX}CLIENT_SECRET"]
    deadline_s = float(environment[f"{_PREFIX}DEADLINE_S"])
    try:
        endpoints = entra_endpoints(environment, timeout_s=_within_bounds(deadline_s))
        prove(
            lambda timeout_s: ask_for_token(
                f"{endpoints.login}/{tenant_id}",
                f"{endpoints.graph}/.default",
                client_id,
                client_secret,
                instance_discovery=not environment.get("ARM_METADATA_HOSTNAME"),
                timeout_s=timeout_s,
            ),
            client_id=client_id,
            deadline_s=deadline_s,
        )
    except UnifiedtoError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    proven_at = datetime.now(timezone.utc).isoformat(timespec="microseconds")
    sys.stdout.write(f"Entra accepted the client secret of {client_id} at {proven_at}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
