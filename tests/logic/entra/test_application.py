"""What an app registration is refused for before anything is created, in the words that a user sees."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pulumi_unifiedto.entra.application import AUDIENCE, check_adopted, resolve_permissions
from pulumi_unifiedto.entra.redirect_uris import validate_redirect_uris
from pulumi_unifiedto.errors import (
    ApplicationMismatch,
    InvalidInput,
    UnknownGraphPermission,
)

CLIENT_ID = "22222222-2222-2222-2222-222222222222"
OBJECT_ID = "33333333-3333-3333-3333-333333333333"
CALLBACK = "https://api.unified.to/oauth/code"


# --- redirect URIs ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "uri",
    [
        CALLBACK,
        "https://api-eu.unified.to/oauth/code",
        "https://auth.example.com/oauth/code",
        "https://auth.example.com:8443/oauth/code",
        "HTTPS://auth.example.com/oauth/code",
        "http://localhost:8080/oauth/code",
        "http://127.0.0.1/oauth/code",
        "https://auth.example.com/" + "x" * (256 - len("https://auth.example.com/")),
    ],
)
def test_a_redirect_uri_that_entra_takes_is_taken(uri: str) -> None:
    validate_redirect_uris([uri])


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("http://api.unified.to/oauth/code", "it is not https"),
        ("ftp://auth.example.com/oauth/code", "it is not https"),
        ("http://localhost.example.com/oauth/code", "it is not https"),
        ("https://auth.example.com/oauth/code#top", "it has a fragment"),
        ("https://auth.example.com/oauth/code#", "it has a fragment"),
        ("https://auth.example.com/oauth/code?tenant=1", "it has a query"),
        ("https://auth.example.com/oauth/code?", "it has a query"),
        ("https://*.example.com/oauth/code", "it has a wildcard"),
        ("https://auth.example.com/*", "it has a wildcard"),
        ("https://auth.example.com/oauth(code)", "it holds the character ("),
        ("https://auth.example.com/oauth/\u200bcode", "it holds the character U+200B (ZERO WIDTH SPACE)"),
        ("https://auth.example.com/oauth/cod\u0435", "it holds the character U+0435 (CYRILLIC SMALL LETTER IE)"),
        ("https://auth.example.com/oauth/code\u00a0", "it holds the character U+00A0 (NO-BREAK SPACE)"),
        ("https://auth.example.com/oauth code", "it holds the character U+0020 (SPACE)"),
        ("https://auth.example.com/oauth/code\n", "it holds the character U+000A (a control character)"),
        ("https://auth.example.com:port/oauth/code", "it is not a URI"),
        ("https://auth.example.com:99999/oauth/code", "it is not a URI"),
        ("https://[auth.example.com/oauth/code", "it is not a URI"),
        ("https:///oauth/code", "it names no host"),
        ("api.unified.to/oauth/code", "it names no host"),
        ("", "it names no host"),
        ("https://auth.example.com/" + "x" * 232, "it has 257 characters and 256 are allowed"),
    ],
)
def test_a_redirect_uri_that_entra_would_refuse_is_refused_in_words(uri: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        validate_redirect_uris([CALLBACK, uri])
    message = str(refused.value)
    assert message.startswith("UNI113 The input redirectUris is not usable")
    assert f": {reason}" in message
    assert (
        "next: Leave redirectUris out to use the region's own, or use https://<your API domain>/oauth/code." in message
    )


def test_a_password_in_a_redirect_uri_is_refused_and_not_printed() -> None:
    with pytest.raises(InvalidInput) as refused:
        validate_redirect_uris(["https://someone:pass-w0rd@auth.example.com/oauth/code"])
    assert "it holds a user name" in str(refused.value)
    assert "pass-w0rd" not in str(refused.value)
    assert "auth.example.com/oauth/code" in str(refused.value)


def test_an_app_without_a_redirect_uri_is_refused() -> None:
    with pytest.raises(InvalidInput, match="there is none"):
        validate_redirect_uris([])


def test_a_hundred_redirect_uris_are_taken_and_one_more_is_not() -> None:
    uris = [f"https://auth-{number}.example.com/oauth/code" for number in range(101)]
    validate_redirect_uris(uris[:100])
    with pytest.raises(InvalidInput, match="it has 101 URIs; 100 are allowed"):
        validate_redirect_uris(uris)


# --- Graph permissions by name ---------------------------------------------------------------------------------------

SCOPES = {
    # ids as Microsoft publishes them: entra-graph, in no particular order
    "User.Read": "e1fe6dd8-ba31-4d61-89e7-88639da4683d",
    "openid": "37f7f235-527c-4136-accd-4a02d197296e",
    "profile": "14dad69e-099b-42c9-810b-d002981feec1",
    "Mail.Read": "570282fd-fa5c-430d-a7fd-fc8dc98a9dca",
    "Mail.ReadBasic": "a4b8392a-d8d1-4954-a029-8e668a39a170",
    "Calendars.Read": "465a38f9-76ea-45b9-9f34-9e8b0d4b0b42",
}


def test_permissions_become_ids_in_sorted_order_whatever_order_they_are_declared_in() -> None:
    names = ["User.Read", "openid", "Mail.Read", "profile"]
    ids = resolve_permissions(names, SCOPES)
    assert ids == sorted(ids)
    assert ids == resolve_permissions(list(reversed(names)), dict(reversed(SCOPES.items())))
    assert set(ids) == {SCOPES[name] for name in names}


def test_a_permission_named_twice_is_asked_for_once() -> None:
    assert resolve_permissions(["openid", "openid"], SCOPES) == [SCOPES["openid"]]


def test_no_permissions_are_no_ids() -> None:
    assert resolve_permissions([], SCOPES) == []


@pytest.mark.parametrize(
    ("misspelt", "suggested"),
    [
        ("Mail.Reed", "Mail.Read"),
        ("mail.read", "Mail.Read"),
        ("UserRead", "User.Read"),
        ("open_id", "openid"),
        ("Calendar.Read", "Calendars.Read"),
    ],
)
def test_a_misspelt_permission_is_answered_with_the_nearest_names(misspelt: str, suggested: str) -> None:
    with pytest.raises(UnknownGraphPermission) as refused:
        resolve_permissions(["openid", misspelt], SCOPES)
    message = str(refused.value)
    assert message.startswith(f'UNI107 Microsoft Graph has no delegated permission "{misspelt}". Did you mean ')
    assert f'"{suggested}"' in message.splitlines()[0]
    assert "https://learn.microsoft.com/graph/permissions-reference" in message


def test_a_permission_like_no_other_gets_no_suggestion() -> None:
    with pytest.raises(UnknownGraphPermission) as refused:
        resolve_permissions(["Zebra.Ride"], SCOPES)
    assert "Did you mean" not in str(refused.value)


# --- adoption --------------------------------------------------------------------------------------------------------


def found_app(**changes: Any) -> dict[str, Any]:
    """An app registration made by hand, as the azuread provider shows it, that fits."""
    return {
        "object_id": OBJECT_ID,
        "audience": AUDIENCE,
        "webs": [{"redirect_uris": [CALLBACK, "https://other.example.com/cb"]}],
        "spas": [],
        "public_clients": None,
        "apis": [{"requested_access_token_version": 2.0}],
        "wanted": [CALLBACK],
        **changes,
    }


def test_an_app_that_fits_is_adopted_by_its_object_id() -> None:
    assert check_adopted(CLIENT_ID, found_app()) == OBJECT_ID


def test_the_provider_s_own_result_types_are_read_like_plain_ones() -> None:
    as_objects = found_app(
        webs=[SimpleNamespace(redirect_uris=[CALLBACK])],
        apis=[SimpleNamespace(requested_access_token_version=2)],
    )
    assert check_adopted(CLIENT_ID, as_objects) == OBJECT_ID


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"audience": "AzureADMyOrg"},
            "signInAudience is AzureADMyOrg, and AzureADandPersonalMicrosoftAccount is needed",
        ),
        ({"apis": [{"requested_access_token_version": 1.0}]}, "api.requestedAccessTokenVersion is 1, and 2 is needed"),
        ({"webs": []}, f"the redirect URI {CALLBACK} is not registered"),
        (
            {"webs": [], "spas": [{"redirect_uris": [CALLBACK]}]},
            f"the redirect URI {CALLBACK} is registered for the platform Single-page application, and Web is needed",
        ),
        (
            {"webs": [], "public_clients": [{"redirect_uris": [CALLBACK]}]},
            f"{CALLBACK} is registered for the platform Mobile and desktop applications, and Web is needed",
        ),
        ({"webs": None}, f"the redirect URI {CALLBACK} is not registered"),
        ({"webs": [{"redirect_uris": None}]}, f"the redirect URI {CALLBACK} is not registered"),
        ({"webs": [{"redirect_uris": [CALLBACK.upper()]}]}, f"the redirect URI {CALLBACK} is not registered"),
    ],
    ids=["audience", "token version", "no Web", "another platform", "desktop", "null", "null URIs", "case counts"],
)
def test_an_adopted_app_that_lacks_something_is_refused_and_left_as_it_is(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ApplicationMismatch) as refused:
        check_adopted(CLIENT_ID, found_app(**changes))
    message = str(refused.value)
    assert f"The application {CLIENT_ID} cannot be used as it is: " in message
    assert words in message
    assert "next: Change the application in Entra" in message
    assert "api.requestedAccessTokenVersion under Manifest" in message


def test_everything_that_an_adopted_app_lacks_is_said_at_once() -> None:
    with pytest.raises(ApplicationMismatch) as refused:
        check_adopted(CLIENT_ID, found_app(audience="AzureADMultipleOrgs", webs=[], wanted=[CALLBACK, "https://b/cb"]))
    assert refused.value.what.count("; ") == 2
