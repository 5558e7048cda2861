"""What follows from a MicrosoftIntegration's arguments alone: names, addresses, refusals."""

from __future__ import annotations

from typing import Any, cast

import pytest

from pulumi_unifiedto.errors import (
    DuplicateRegistration,
    InvalidInput,
)
from pulumi_unifiedto.microsoft_integration import (
    MicrosoftIntegrationArgs,
    api_url_of,
    first_end_in_use,
    redirect_uris_of,
    registration_names,
)
from pulumi_unifiedto.registration.options import RegistrationArgs, require_valid


def arguments(**given: Any) -> MicrosoftIntegrationArgs:
    return cast(MicrosoftIntegrationArgs, {"display_name": "Example CRM", "workspace_id": "ws_example", **given})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "https://api.unified.to"),
        ({"region": "us"}, "https://api.unified.to"),
        ({"region": "eu"}, "https://api-eu.unified.to"),
        ({"region": "AU"}, "https://api-au.unified.to"),
        ({"region": "eu", "api_url": "https://unified.example.com/"}, "https://unified.example.com"),
        ({"region": "", "api_url": ""}, "https://api.unified.to"),
        ({"api_url": "HTTPS://API.unified.to"}, "https://api.unified.to"),
    ],
)
def test_the_api_s_address_follows_from_the_region_unless_it_is_given(given: dict[str, Any], expected: str) -> None:
    assert api_url_of(arguments(**given)) == expected


@pytest.mark.parametrize(
    ("api_url", "words"),
    [
        ("http://api.unified.to", "it does not begin with https://, and the API key would be sent unencrypted"),
        ("https://ada:word@api.unified.to", "it contains a user name or a password"),
        ("api.unified.to", "it does not begin with https://"),
        ("https://api.unified.to/v1", "it has a path"),
    ],
)
def test_an_api_address_to_which_no_key_may_travel_is_refused(api_url: str, words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        api_url_of(arguments(api_url=api_url))
    message = str(refused.value)
    assert words in message
    assert "next: Leave apiUrl out and set region" in message
    assert "word@" not in message


def test_an_unknown_region_is_answered_with_the_known_ones() -> None:
    with pytest.raises(InvalidInput) as refused:
        api_url_of(arguments(region="uk"))
    assert str(refused.value).startswith('UNI113 The input region is not usable ("uk"): it is not one of us, eu, au.')
    assert "next: Use the region in whose dashboard you sign in" in str(refused.value)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ["https://api.unified.to/oauth/code"]),
        ({"region": "eu"}, ["https://api-eu.unified.to/oauth/code"]),
        (
            {"redirect_uris": ["https://auth.example.com/cb"]},
            ["https://api.unified.to/oauth/code", "https://auth.example.com/cb"],
        ),
        ({"redirect_uris": ["https://api.unified.to/oauth/code"]}, ["https://api.unified.to/oauth/code"]),
        ({"api_url": "https://localhost:8443"}, ["https://localhost:8443/oauth/code"]),
    ],
)
def test_redirect_uris_are_added_to_the_region_s_own(given: dict[str, Any], expected: list[str]) -> None:
    args = arguments(**given)
    assert redirect_uris_of(args, api_url_of(args)) == expected


def registration(integration_type: str, environment: str | None = None) -> RegistrationArgs:
    if environment is None:
        return {"integration_type": integration_type}
    return {"integration_type": integration_type, "environment": environment}


def test_each_registration_is_named_after_its_environment_and_type() -> None:
    declared = [registration("microsoft_ad"), registration("microsoft_ad", "Sandbox"), registration("microsoftoutlook")]
    assert registration_names("login", declared) == [
        "login-Production-microsoft_ad",
        "login-Sandbox-microsoft_ad",
        "login-Production-microsoftoutlook",
    ]


@pytest.mark.parametrize("environment", [None, "", "Production"])
def test_two_registrations_for_one_integration_and_environment_are_refused(environment: str | None) -> None:
    with pytest.raises(DuplicateRegistration) as refused:
        registration_names(
            "login", [registration("microsoft_ad", "Production"), registration("microsoft_ad", environment)]
        )
    message = str(refused.value)
    assert message.startswith('UNI106 "microsoft_ad" in environment "Production" is declared twice.')
    assert "next: Keep one of the two, or give the second another environment." in message


@pytest.mark.parametrize("workspace_id", ["65f0c0ffee0123456789abcd", "ws_example", "a-b_c-1"])
def test_what_could_be_a_workspace_id_is_taken(workspace_id: str) -> None:
    require_valid({"workspace_id": workspace_id})


@pytest.mark.parametrize("workspace_id", ["", "abc", "my workspace", "https://app.unified.to/ws_example", "x" * 65])
def test_what_can_never_be_a_workspace_id_is_refused_in_words(workspace_id: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        require_valid({"workspace_id": workspace_id})
    message = str(refused.value)
    assert message.startswith("UNI113 The input workspaceId is not usable")
    assert "letters, digits, hyphens or underscores and nothing else" in message
    assert "next: Copy the workspace id from the dashboard, Settings, API" in message


def test_an_api_key_pasted_as_workspace_id_is_not_printed() -> None:
    key = "eyJhbGciOiJIUzI1NiJ9.a-key-pasted-by-mistake.signature"
    with pytest.raises(InvalidInput) as refused:
        require_valid({"workspace_id": key})
    assert key not in str(refused.value)
    assert "pasted-by-mistake" not in str(refused.value)


@pytest.mark.parametrize(
    ("current", "registered", "ends"),
    [
        (4, [4, 4], "2027-09-01T00:00:00Z"),
        (4, [4, 3], "2027-06-01T00:00:00Z"),
        (4, [-1, None], "2027-09-01T00:00:00Z"),
        (4, [2], "2027-09-01T00:00:00Z"),
        (4, [], "2027-09-01T00:00:00Z"),
    ],
)
def test_a_secret_counts_as_in_use_while_a_registration_holds_it(
    current: int, registered: list[float | None], ends: str
) -> None:
    assert first_end_in_use({"3": "2027-06-01T00:00:00Z", "4": "2027-09-01T00:00:00Z"}, current, registered) == ends
