"""Turns the azuread provider's error texts into the catalogue's: what happened, why, and what to do next.

The provider reports Microsoft Graph's answers word for word (``unexpected status 403 (403 Forbidden) with error:
Authorization_RequestDenied: …``, observed with its upstream 3.9). An error hook sees the text and adds the advice.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import pulumi
from pulumi import ErrorHook, ErrorHookArgs

from ..errors import (
    CallerNotPermitted,
    EntraStepFailed,
    PersonalSideNotReady,
    ProofNotRun,
    SecretAlreadyGone,
    SecretLimitReached,
    TenantPolicyRefused,
    UnifiedtoError,
)
from ..program.once_in_a_run import once

ADVICE_HOOK: Final = "pulumi-unifiedto-advice"

_STATUS: Final = re.compile(r"unexpected status (\d{3}) \([^)]*\)(?: with error: (\w+))?")
_CATALOGUE_CODE: Final = re.compile(r"\bUNI\d{3} ")
_POLICY_ID: Final = re.compile(r"policy '([0-9a-fA-F-]{36})'")

_TABLE: Final[tuple[tuple[re.Pattern[str], Callable[[str, str, str], UnifiedtoError]], ...]] = (
    # text in Microsoft Graph's answer (reported in public issues, see each class) -> error of the catalogue
    (
        re.compile(r"Authorization_RequestDenied"),
        lambda resource, _text, operation: CallerNotPermitted(operation=f"{operation} {resource}"),
    ),
    (
        re.compile(r"Error_MsaAppDoesNotExist"),
        lambda resource, _text, operation: PersonalSideNotReady(operation=f"{operation} {resource}"),
    ),
    (
        re.compile(r"CredentialInvalidLifetimeAsPerAppPolicy|Credential lifetime exceeds"),
        lambda _resource, text, _operation: TenantPolicyRefused(policy=_policy_id(text)),
    ),
    (
        re.compile(r"maximum of \d+ passwords"),
        lambda resource, _text, _operation: SecretLimitReached(resource=resource),
    ),
    (
        re.compile(r"No password credential found with keyId"),
        lambda resource, _text, _operation: SecretAlreadyGone(resource=resource),
    ),
)


def advice_for(resource: str, text: str, *, operation: str) -> UnifiedtoError | None:
    """The catalogue's error for a text of the azuread provider; None for a text that the catalogue does not know."""
    for pattern, error in _TABLE:
        if pattern.search(text):
            return error(resource, text, operation).answered(_remote_code(text))
    return None


def step_failed(resource: str, text: str, operation: str) -> UnifiedtoError:
    """The catalogue's error for a step of the azuread provider that failed with a text."""
    known = advice_for(resource, text, operation=operation)
    return known or EntraStepFailed(operation=operation, resource=resource).answered(_remote_code(text))


def advice_hook() -> ErrorHook:
    """The hook, one for all resources of a run, that prints the catalogue's error beside the provider's own.

    It never asks for a retry. What passes by itself (429, 5xx) the provider has retried already; a 404 or 409 to the
    creation of a secret it has not (observed with its upstream 3.9), and the next run tries that again.
    """

    def advise(args: ErrorHookArgs) -> bool:
        pulumi.log.error(str(step_failed(args.name, args.errors[0] if args.errors else "", args.failed_operation)))
        return False

    return once("advice hook", lambda: ErrorHook(ADVICE_HOOK, advise))


def proof_advice_hook() -> ErrorHook:
    """The hook, one for all proofs of a run, that says what to do where a proof did not even start.

    A proof that ran has printed an error of the catalogue itself.
    """

    def advise(args: ErrorHookArgs) -> bool:
        if not _CATALOGUE_CODE.search(args.errors[0] if args.errors else ""):
            interpreter = (args.new_inputs or {}).get("interpreter") or ["unknown"]
            pulumi.log.error(str(ProofNotRun(resource=args.name, interpreter=str(interpreter[0]))))
        return False

    return once("proof advice hook", lambda: ErrorHook("pulumi-unifiedto-proof-advice", advise))


def _remote_code(text: str) -> str | None:
    """Status and error code of Microsoft Graph's answer."""
    status = _STATUS.search(text)
    return " ".join(filter(None, status.groups())) if status else None


def _policy_id(text: str) -> str | None:
    match = _POLICY_ID.search(text)
    return match.group(1) if match else None
