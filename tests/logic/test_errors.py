"""What every error promises: words for a person, a code to search for, and no secret."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path

import pytest

from pulumi_unifiedto import errors
from pulumi_unifiedto.errors import CATALOGUE, UnifiedtoError
from pulumi_unifiedto.secret_text import STARS, SecretText, redact
from tools.error_catalogue import SPECIMENS, catalogue_page, title_of

ROOT = Path(__file__).resolve().parents[2]
SECRET = "Zq8~canary.secret_of-forty+characters/40"

FAMILY_CLASSES = {errors.ProgramError, errors.AccountError, errors.LaterError}


def leaves(kind: type[UnifiedtoError]) -> set[type[UnifiedtoError]]:
    below = kind.__subclasses__()
    return {kind} if not below else set().union(*map(leaves, below))


def test_the_catalogue_holds_every_error_once() -> None:
    assert set(CATALOGUE) == leaves(UnifiedtoError) - FAMILY_CLASSES
    codes = [kind.code for kind in CATALOGUE]
    assert len(codes) == len(set(codes))


def test_the_page_has_a_specimen_of_every_error_in_the_order_of_the_codes() -> None:
    assert tuple(map(type, SPECIMENS)) == CATALOGUE


@pytest.mark.parametrize("error", SPECIMENS, ids=lambda error: type(error).__name__)
def test_every_error_says_what_happened_why_and_what_to_do(error: UnifiedtoError) -> None:
    what, _, rest = str(error).partition("\n  why: ")
    assert what == f"{error.code} {error.what}"
    assert "\n  next: " in rest
    assert error.usual_cause.endswith(".")
    assert error.remedy.endswith(".")
    sentence, *items = error.what.splitlines()
    assert sentence.endswith(":" if items else (".", '"', "?")), "a sentence"
    assert all(item.startswith(f"    {number}. ") for number, item in enumerate(items, start=1))


@pytest.mark.parametrize("kind", CATALOGUE, ids=lambda kind: kind.__name__)
def test_the_code_tells_the_family(kind: type[UnifiedtoError]) -> None:
    assert kind.code[:4] == {"program": "UNI1", "account": "UNI2", "later": "UNI3"}[kind.family]
    assert (kind.__doc__ or "").endswith(".")
    assert kind.__doc__ != kind.__base__.__doc__


@pytest.mark.parametrize(
    ("error", "what", "next_step"),
    [
        (
            errors.SecretOfAnotherGeneration(generation=3, held="1"),
            "UNI222 The schedule is at generation 3, and its slot holds the client secret of generation 1. Nothing was "
            "registered.",
            "Run pulumi up without --target and --exclude.",
        ),
        (
            errors.SecretOfAnotherGeneration(generation=3, held=""),
            "UNI222 The schedule is at generation 3, and its slot holds the client secret of generation unknown. "
            "Nothing was registered.",
            "Run pulumi up without --target and --exclude.",
        ),
        (
            errors.ReplacementNotPlanned(resource="login-secret-blue", generation=2),
            "UNI223 The client secret of generation 2 (login-secret-blue) was not replaced: the rotation does not "
            "plan it.",
            "pulumi config set unifiedto:forceRotation <a new value>",
        ),
        (
            errors.ApplicationChangeRefused(old="app 1", new="app 2", reason="the stack's state could not be read"),
            "UNI313 The client secrets cannot move from the application app 1 to app 2: the stack's state could not be "
            "read. Nothing was changed.",
            "Run pulumi up with the application that the last run had, until it succeeds. Then change the application.",
        ),
        (
            errors.ProofNotRun(resource="login-proof", interpreter="/venv/bin/python"),
            "UNI314 The proof login-proof did not run with the interpreter /venv/bin/python.",
            "The new secret was not registered.",
        ),
        (
            errors.SecretLimitReached(application="app 1", secrets=["one", "two"]),
            "UNI209 Entra has no room for another client secret of the application app 1: the limit is 2. Nothing was "
            "changed. The application holds:\n    1. one\n    2. two",
            "az ad app credential delete --id <object id> --key-id <key id>",
        ),
    ],
    ids=lambda case: case.code if isinstance(case, UnifiedtoError) else "",
)
def test_an_error_about_client_secrets_says_what_was_found_and_what_to_do(
    error: UnifiedtoError, what: str, next_step: str
) -> None:
    assert str(error).startswith(f"{what}\n  why: ")
    assert next_step in error.next_step


def test_remote_code_and_request_id_end_the_message() -> None:
    error = errors.RegistrationRefused(request="PUT /unified/workspaceintegration/wi_1", reason="no").answered(
        "400", "7f3b"
    )
    assert str(error).splitlines()[-1] == "  (remote code 400, request id 7f3b)"


def test_the_page_holds_every_code() -> None:
    page = catalogue_page()
    for kind in CATALOGUE:
        assert f"### {kind.code} {title_of(kind)}" in page


def test_an_unknown_type_is_answered_with_the_nearest_known_one() -> None:
    error = errors.UnknownIntegrationType(
        name="microsft_ad", known=["hubspot", "microsoft_ad"], suggestion="microsoft_ad"
    )
    assert 'Did you mean "microsoft_ad"?' in error.what


def test_a_secret_prints_as_stars_wherever_it_is_printed() -> None:
    secret = SecretText(SECRET)
    printed = [
        str(secret),
        repr(secret),
        f"{secret}",
        f"{secret:>50}",
        str([secret]),
        str({"x": secret}),
    ]
    assert all(SECRET not in text and STARS in text for text in printed)
    assert secret.reveal() == SECRET


def test_a_secret_is_not_pickled_copied_or_written_as_json() -> None:
    for attempt in (pickle.dumps, copy.deepcopy, json.dumps):
        with pytest.raises(TypeError):
            attempt(SecretText(SECRET))


def test_secrets_compare_by_value() -> None:
    assert SecretText("one") == SecretText("one")
    assert SecretText("one") != SecretText("two")
    assert len({SecretText("one"), SecretText("one")}) == 1
    assert not SecretText("")


@pytest.mark.parametrize(
    "text",
    [
        f"invalid client_secret {SECRET} given",
        f"body was {json.dumps({'client_secret': SECRET})}",
        "url had client_secret=Zq8~canary.secret_of-forty%2Bcharacters%2F40&x=1",
        f"value {SECRET[:25]}... is too long",
        f"...{SECRET[-20:]} is wrong",
    ],
    ids=["whole", "in JSON", "URL-encoded", "its beginning", "its end"],
)
def test_a_quoted_secret_is_replaced(text: str) -> None:
    clean = redact(text, [SecretText(SECRET), None])
    assert STARS in clean
    for start in range(len(SECRET) - 12):
        assert SECRET[start : start + 12] not in clean


def test_redaction_leaves_other_words_alone() -> None:
    text = "this API key may not change workspace integrations"
    assert redact(text, [SecretText("rehearsal-workspace-api-key"), SecretText(SECRET), SecretText("is")]) == text
