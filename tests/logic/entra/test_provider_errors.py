"""The azuread provider's texts, and the advice that a user reads beside them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from pulumi_unifiedto.entra.provider_errors import (
    ADVICE_HOOK,
    advice_for,
    advice_hook,
    proof_advice_hook,
    step_failed,
)
from pulumi_unifiedto.errors import (
    CallerNotPermitted,
    EntraStepFailed,
    PersonalSideNotReady,
    SecretAlreadyGone,
    SecretLimitReached,
    TenantPolicyRefused,
    UnifiedtoError,
)
from tools.error_catalogue import SPECIMENS

POLICY = "55555555-5555-5555-5555-555555555555"


def provider_text(what: str, status: str, code: str, message: str) -> str:
    """An error as the provider words it: the answer of Microsoft Graph after its own sentence."""
    return f"{what}: unexpected status {status} with error: {code}: {message}"


NOT_PERMITTED = provider_text(
    "creating application",
    "403 (403 Forbidden)",
    "Authorization_RequestDenied",
    "Insufficient privileges to complete the operation.",
)
NO_PERSONAL_SIDE = provider_text(
    "Could not update application",
    "409 (409 Conflict)",
    "Error_MsaAppDoesNotExist",
    "The corresponding MSA application does not exist.",
)
LIFETIME = provider_text(
    "adding password",
    "400 (400 Bad Request)",
    "CredentialInvalidLifetimeAsPerAppPolicy",
    f"Credential lifetime exceeds the max value allowed as per assigned policy '{POLICY}'.",
)
THIRD_SECRET = provider_text(
    "adding password",
    "400 (400 Bad Request)",
    "Request_BadRequest",
    "Not allowed to add 3 passwords. You can only add a maximum of 2 passwords.",
)
GONE = provider_text(
    "removing password credential",
    "400 (400 Bad Request)",
    "Request_BadRequest",
    "No password credential found with keyId '44444444-4444-4444-4444-444444444444'.",
)


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        (
            NOT_PERMITTED,
            CallerNotPermitted,
            "The deploying identity may not create login-app in Entra.",
        ),
        (NOT_PERMITTED, CallerNotPermitted, "Grant the permission, or add the identity to the application's owners"),
        (NO_PERSONAL_SIDE, PersonalSideNotReady, "login-app"),
        (LIFETIME, TenantPolicyRefused, f'A policy "{POLICY}" of the tenant does not allow the client secret.'),
        (LIFETIME, TenantPolicyRefused, "Shorten rotateEvery to at most half of the policy's limit"),
        (THIRD_SECRET, SecretLimitReached, "Entra has no room for the client secret login-app: the limit is 2."),
        (THIRD_SECRET, SecretLimitReached, "az ad app credential delete --id <object id> --key-id <key id>"),
        (GONE, SecretAlreadyGone, "The client secret of login-app no longer exists in Entra."),
        (GONE, SecretAlreadyGone, "Run pulumi refresh"),
    ],
)
def test_a_known_answer_of_graph_gets_the_catalogue_s_words(text: str, kind: type[UnifiedtoError], words: str) -> None:
    error = advice_for("login-app", text, operation="create")
    assert type(error) is kind
    assert words in str(error)


@pytest.mark.parametrize("text", [NOT_PERMITTED, NO_PERSONAL_SIDE, LIFETIME, THIRD_SECRET, GONE])
def test_each_says_what_graph_answered(text: str) -> None:
    code = text.partition("with error: ")[2].partition(":")[0]
    status = text.partition("unexpected status ")[2][:3]
    error = advice_for("login-app", text, operation="create")
    assert error is not None
    assert error.remote_code == f"{status} {code}"


@pytest.mark.parametrize(
    ("text", "kind", "resource"),
    [
        (NOT_PERMITTED, CallerNotPermitted, "sign-in-application"),
        (NO_PERSONAL_SIDE, PersonalSideNotReady, "sign-in-secret-blue"),
        (LIFETIME, TenantPolicyRefused, "sign-in-secret-blue"),
        (GONE, SecretAlreadyGone, "sign-in-secret-blue"),
    ],
)
def test_the_catalogue_s_page_shows_what_a_user_sees(text: str, kind: type[UnifiedtoError], resource: str) -> None:
    (specimen,) = (specimen for specimen in SPECIMENS if type(specimen) is kind)
    assert str(specimen) == str(step_failed(resource, text, "create"))


def test_a_third_secret_that_entra_refused_is_not_said_to_have_changed_nothing() -> None:
    """The secret that was to be replaced was removed before."""
    assert "Nothing was changed" not in str(advice_for("login-app", THIRD_SECRET, operation="create"))


def test_the_policy_s_text_alone_is_recognised_too_and_needs_no_id() -> None:
    error = advice_for("login-app", "Credential lifetime exceeds the max value allowed", operation="create")
    assert isinstance(error, TenantPolicyRefused)
    assert "None" not in str(error)


@pytest.mark.parametrize(
    ("text", "remote_code"),
    [
        ("", None),
        (
            "unexpected status 404 (404 Not Found) with error: Request_ResourceNotFound: Resource 'x' does not exist",
            "404 Request_ResourceNotFound",
        ),
        (
            "unexpected status 409 (409 Conflict) with error: Directory_ConcurrencyViolation: Error due to requests",
            "409 Directory_ConcurrencyViolation",
        ),
        ("unexpected status 503 (503 Service Unavailable) received with no body", "503"),
        ("dial tcp: lookup graph.microsoft.com: no such host", None),
    ],
)
def test_another_answer_gets_the_advice_to_run_again_and_its_code(text: str, remote_code: str | None) -> None:
    assert advice_for("login-app", text, operation="create") is None
    error = step_failed("login-app", text, "create")
    assert type(error) is EntraStepFailed
    assert error.remote_code == remote_code
    assert str(error).startswith("UNI312 Entra did not create login-app.")


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a hook prints; no hook is registered anywhere."""
    monkeypatch.setattr("pulumi.resource_hooks.register_error_hook", lambda _hook: None)
    lines: list[str] = []
    monkeypatch.setattr(pulumi.log, "error", lambda text, *_rest: lines.append(text))
    return lines


@pytest.mark.parametrize(
    ("errors", "code"), [([NOT_PERMITTED], "UNI208"), (["something else"], "UNI312"), ([], "UNI312")]
)
def test_the_hook_prints_its_advice_and_never_asks_for_a_retry(
    errors: list[str], code: str, printed: list[str]
) -> None:
    hook: Any = advice_hook()
    assert hook.name == ADVICE_HOOK
    assert hook.callback(SimpleNamespace(name="login-app", failed_operation="create", errors=errors)) is False
    [line] = printed
    assert line.startswith(f"{code} ")


def test_the_advice_does_not_repeat_the_answer_which_stands_beside_it(printed: list[str]) -> None:
    hook: Any = advice_hook()
    hook.callback(
        SimpleNamespace(
            name="login-app", failed_operation="create", errors=[f"{NOT_PERMITTED} secret value Zq8~canary"]
        )
    )
    assert "canary" not in printed[0]


# --- the proof -------------------------------------------------------------------------------------------------------

NOT_STARTED = "fork/exec /venv/bin/python: no such file or directory: running "


@pytest.mark.parametrize("errors", [[NOT_STARTED], ["exit status 137: running "], []])
def test_a_proof_that_did_not_run_gets_advice_that_names_the_interpreter(errors: list[str], printed: list[str]) -> None:
    hook: Any = proof_advice_hook()
    inputs = {"interpreter": ["/venv/bin/python", "-m", "pulumi_unifiedto.client_secret.proof"]}
    assert hook.callback(SimpleNamespace(name="login-proof", new_inputs=inputs, errors=errors)) is False
    [line] = printed
    assert line.startswith("UNI314 The proof login-proof did not run with the interpreter /venv/bin/python.")


def test_a_proof_that_ran_has_said_itself_what_happened(printed: list[str]) -> None:
    hook: Any = proof_advice_hook()
    said = "exit status 1: running : UNI308 Entra did not accept the new secret of application 2222 within 120 s."
    assert hook.callback(SimpleNamespace(name="login-proof", new_inputs={}, errors=[said])) is False
    assert printed == []


def test_the_advice_about_a_proof_holds_nothing_of_its_environment(printed: list[str]) -> None:
    hook: Any = proof_advice_hook()
    inputs = {"interpreter": ["/venv/bin/python"], "environment": {"UNIFIEDTO_PROOF_CLIENT_SECRET": "Zq8~canary"}}
    hook.callback(SimpleNamespace(name="login-proof", new_inputs=inputs, errors=["killed Zq8~canary"]))
    assert "canary" not in printed[0]
