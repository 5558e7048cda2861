"""The page of all errors, made from their classes and a specimen of each."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pulumi_unifiedto import errors
from pulumi_unifiedto.errors import UnifiedtoError
from pulumi_unifiedto.errors.base import Family

_FAMILIES: Final[Mapping[Family, tuple[str, str]]] = MappingProxyType(
    {
        "program": (
            "Fix the program",
            "Change the program or its configuration. A preview reports these errors before anything is created or "
            "written.",
        ),
        "account": ("Fix the account", "Change something in Entra or at Unified.to, then run again."),
        "later": ("Try later", "It is safe to repeat the run: it checks what exists, and resumes."),
    }
)

SPECIMENS: Final[tuple[UnifiedtoError, ...]] = (
    errors.UnknownIntegrationType(name="microsft_ad", known=("microsoft", "microsoft_ad"), suggestion="microsoft_ad"),
    errors.UnknownEnvironment(name="Staging", known=("Production", "Sandbox")),
    errors.DuplicateRegistration(integration_type="microsoft_ad", environment="Production"),
    errors.UnknownGraphPermission(name="Mail.Reed", suggestions=("Mail.Read", "Mail.ReadBasic")),
    errors.AuthKeysWouldBeLost(integration_type="microsoft_ad", environment="Production", keys=("saml_idp_url",)),
    errors.InvalidInput(name="redirectUris", value="http://api.unified.to/oauth/code", reason="it is not https"),
    errors.ApiKeyNotSecret(),
    errors.NationalCloud(cloud="usgovernment"),
    errors.ApiKeyMissing(),
    errors.ApiKeyRefused(
        request="GET /unified/workspaceintegration",
        where="https://api.unified.to, region us",
        dashboard_url="https://app.unified.to",
    ).answered("401"),
    errors.ApiKeyNotPermitted(
        request="PUT /unified/workspaceintegration/wi_1", where="https://api.unified.to, region us"
    ).answered("403"),
    errors.PlanRefused(
        request="PUT /unified/workspaceintegration/wi_1", where="https://api.unified.to, region us"
    ).answered("402"),
    errors.RegistrationMissing(
        integration_type="microsoft_ad", environment="Production", dashboard_url="https://app.unified.to"
    ),
    errors.AmbiguousRegistration(integration_type="microsoft_ad", environment="Production", row_ids=("wi_1", "wi_2")),
    errors.WorkspaceNotFound(workspace_id="ws_1", where="https://api-eu.unified.to, region eu").answered("404"),
    errors.CallerNotPermitted(operation="create sign-in-application").answered("403 Authorization_RequestDenied"),
    errors.SecretLimitReached(
        application="33333333-3333-3333-3333-333333333333",
        secrets=(
            '"crm/prod login blue #2 until 2027-03-01"; key id 44444444-4444-4444-4444-444444444444; value begins with '
            "abc; valid from 2026-09-02T00:00:00Z to 2027-03-01T00:00:00Z; in this stack's state; on record with "
            "login-Production-microsoft_ad",
            '"made by hand"; key id 55555555-5555-5555-5555-555555555555; value begins with xyz; valid from '
            "2026-01-01T00:00:00Z to 2027-01-01T00:00:00Z; not in this stack's state; on record with no registration",
        ),
    ),
    errors.TenantPolicyRefused(policy="55555555-5555-5555-5555-555555555555").answered(
        "400 CredentialInvalidLifetimeAsPerAppPolicy"
    ),
    errors.ForcedRotationRefused(current=3, registered=2, replaced=2, secret="sign-in blue #2", force_token="leak-2"),
    errors.ApplicationNotFound(client_id="22222222-2222-2222-2222-222222222222"),
    errors.ApplicationMismatch(
        client_id="22222222-2222-2222-2222-222222222222",
        differences=("the redirect URI https://api.unified.to/oauth/code is not registered",),
    ),
    errors.ManualStepNeeded(
        integration_type="microsoft_ad",
        environment="Production",
        client_id="22222222-2222-2222-2222-222222222222",
        dashboard_url="https://app.unified.to",
        found="Unified.to shows no client id",
        further_steps=("Save, and activate the integration.",),
        hint_length=3,
    ),
    errors.SecretExpiresSoon(days_left=6, limit=14, expires_at="2027-03-01T00:00:00Z"),
    errors.RegistrationRefused(
        request="PUT /unified/workspaceintegration/wi_1", reason="unknown field: legacy_flag"
    ).answered("400"),
    errors.WorkspaceMismatch(declared="ws_1", found="ws_2"),
    errors.SecretAlreadyGone(resource="sign-in-secret-blue").answered("400 Request_BadRequest"),
    errors.WrittenSince(
        integration_type="microsoft_ad",
        environment="Production",
        known="2027-01-01T00:00:00.000Z",
        found="2027-02-01T00:00:00.000Z",
    ),
    errors.SecretOfAnotherGeneration(generation=3, held="1"),
    errors.ReplacementNotPlanned(resource="sign-in-secret-blue", generation=2),
    errors.ApiUnreachable(
        request="GET /unified/environment", api_url="https://api.unified.to", reason="no answer in time"
    ),
    errors.ApiUnavailable(request="GET /unified/environment", api_url="https://api.unified.to", attempts=6).answered(
        "503"
    ),
    errors.RateLimited(request="GET /unified/workspaceintegration", attempts=6, retry_after_s=60.0).answered("429"),
    errors.MalformedAnswer(request="GET /unified/workspaceintegration", reason="it is HTML and not JSON").answered(
        "200"
    ),
    errors.ReadBackDiffers(
        integration_type="microsoft_ad", environment="Production", differences=("is_active is False instead of True",)
    ),
    errors.NotVerified(
        integration_type="microsoft_ad", environment="Production", reason="it does not show in the list"
    ),
    errors.WriteUncertain(
        request="PUT /unified/workspaceintegration/wi_1", reason="no answer came in time", attempts=3
    ),
    errors.SecretNotAccepted(client_id="22222222-2222-2222-2222-222222222222", waited_s=300.0).answered(
        "AADSTS7000215"
    ),
    errors.PersonalSideNotReady(operation="create sign-in-secret-blue").answered("409 Error_MsaAppDoesNotExist"),
    errors.EntraUnreachable(endpoint="https://login.microsoftonline.com", reason="connection refused"),
    errors.EntraLookupFailed(what="the permissions of Microsoft Graph", reason="building client: no credentials"),
    errors.EntraStepFailed(operation="create", resource="sign-in-secret-blue").answered("404 Request_ResourceNotFound"),
    errors.ApplicationChangeRefused(
        old="33333333-3333-3333-3333-333333333333",
        new="66666666-6666-6666-6666-666666666666",
        reason="an earlier change to 33333333-3333-3333-3333-333333333333 has not finished",
    ),
    errors.ProofNotRun(resource="sign-in-proof", interpreter="/srv/crm/venv/bin/python"),
    errors.UnexpectedFault(fault="KeyError", place="registrar.py, line 100"),
)
"""Each error of the catalogue once, as a user may meet it."""


def title_of(kind: type[UnifiedtoError]) -> str:
    """An error's heading: its docstring without the full stop."""
    return (inspect.getdoc(kind) or "").rstrip(".")


def catalogue_page() -> str:
    """The catalogue as a markdown page: each class with its cause, its remedy and a specimen."""
    lines = [
        "# Errors",
        "",
        "`make docs` generates this page from the error classes. Search it for the code in the message.",
        "",
        "Inputs have the names of the configuration keys. In Python, the names have underscores: `onDelete` is the "
        "argument `on_delete`.",
    ]
    for family, (heading, meaning) in _FAMILIES.items():
        lines += ["", f"## {heading}", "", meaning]
        for specimen in SPECIMENS:
            if specimen.family == family:
                lines += [
                    "",
                    f"### {specimen.code} {title_of(type(specimen))}",
                    "",
                    f"- Class: `{type(specimen).__name__}`",
                    f"- Usual cause: {specimen.usual_cause}",
                    f"- What to do: {specimen.remedy}",
                    "",
                    "```text",
                    str(specimen),
                    "```",
                ]
    return "\n".join(lines) + "\n"
