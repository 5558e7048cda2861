"""The limits of an app registration, checked before anything is created."""

from __future__ import annotations

from typing import Any

import pytest

from pulumi_unifiedto.entra.limits import checked
from pulumi_unifiedto.errors import InvalidInput

OWNER = "11111111-2222-4333-8444-555555555555"


def guid(number: int) -> str:
    return f"11111111-2222-4333-8444-{number:012x}"


@pytest.mark.parametrize(
    "args",
    [
        {"display_name": "x"},
        {"display_name": "x" * 90},
        {"display_name": "Пример ☕"},
        {"notes": ""},
        {"notes": "x" * 1024},
        {"graph_permissions": []},
        {"graph_permissions": [f"Permission.{number}" for number in range(30)]},
        {"graph_permissions": ["Mail.Read"] * 31},
        {"owners": []},
        {"owners": [OWNER.upper()]},
        {"owners": [guid(number) for number in range(99)]},
        {"owners": [OWNER] * 100},
        {"redirect_uris": ["https://api.unified.to/oauth/code", "https://API.unified.to/oauth/code"]},
        {"tags": ["team sign-in", "team sign-in"]},
        {"client_id": OWNER},
    ],
)
def test_what_entra_accepts_passes_unchanged(args: dict[str, Any]) -> None:
    assert checked(args) == args


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"display_name": "x" * 91}, "The input displayName is not usable: it has 91 characters; 90 are allowed."),
        ({"display_name": "x" * 1000}, "The input displayName is not usable: it has 1000 characters; 90 are allowed."),
        ({"notes": "x" * 1025}, "The input notes is not usable: it has 1025 characters; 1024 are allowed."),
        ({"notes": "é\n" * 600}, "The input notes is not usable: it has 1200 characters; 1024 are allowed."),
        (
            {"graph_permissions": [f"Permission.{number}" for number in range(31)]},
            "The input graphPermissions is not usable: it has 31 different permissions; 30 are allowed.",
        ),
        (
            {"owners": [guid(number) for number in range(100)]},
            "The input owners is not usable: it has 100 entries; 99 are allowed.",
        ),
    ],
)
def test_more_than_a_limit_is_refused_with_both_numbers_and_without_the_value(args: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        checked(args)
    message = str(refused.value)
    assert message.startswith(f"UNI113 {words}")
    assert "next: Shorten the value or the list." in message
    assert len(message) < 400


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"display_name": ""}, "The input displayName is not usable: it is empty."),
        ({"display_name": "   "}, "The input displayName is not usable: it is empty."),
        (
            {"owners": [OWNER, "me@example.com"]},
            'owners is not usable: "me@example.com" is a sign-in name, and an object id is needed.',
        ),
        (
            {"owners": ["me@example.com"]},
            "next: Use what az ad user show --id me@example.com --query id prints.",
        ),
        ({"owners": ["Example Admins"]}, '"Example Admins" is not a GUID, and an object id is needed.'),
        ({"owners": [f" {OWNER}"]}, "is not a GUID"),
        (
            {"redirect_uris": ["https://auth.example.com/cb", "https://auth.example.com/cb"]},
            'redirectUris is not usable ("https://auth.example.com/cb"): it is listed twice.',
        ),
        ({"redirect_uris": ['https://auth.example.com/"cb']}, 'it holds the character "'),
        ({"redirect_uris": ["https://auth.example.com/<cb>"]}, "it holds the character <"),
        ({"redirect_uris": ["https://auth.example.com/c\\b"]}, "it holds the character \\"),
    ],
)
def test_a_value_of_another_form_is_refused_with_what_to_use(args: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        checked(args)
    assert words in str(refused.value)
