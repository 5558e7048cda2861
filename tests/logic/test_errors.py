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
    lines = str(error).splitlines()
    assert lines[0] == f"{error.code} {error.what}"
    assert lines[1].startswith("  why: ")
    assert lines[2].startswith("  next: ")
    assert error.usual_cause.endswith(".")
    assert error.remedy.endswith(".")
    assert error.what.rstrip("?").endswith((".", '"')) or error.what.endswith("?"), "a sentence"


@pytest.mark.parametrize("kind", CATALOGUE, ids=lambda kind: kind.__name__)
def test_the_code_tells_the_family(kind: type[UnifiedtoError]) -> None:
    assert kind.code[:4] == {"program": "UNI1", "account": "UNI2", "later": "UNI3"}[kind.family]
    assert (kind.__doc__ or "").endswith(".")
    assert kind.__doc__ != kind.__base__.__doc__


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


def test_a_key_pasted_as_workspace_id_is_not_printed() -> None:
    key = "eyJhbGciOi.a-long-key-that-was-pasted-by-mistake.x"
    assert key not in str(errors.InvalidWorkspaceId(workspace_id=key, reason="it holds a dot"))


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
