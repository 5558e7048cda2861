"""Bad input and bad answers as a user meets them: clear words, nothing created needlessly, nothing lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from emulator.unifiedto.routes import workspace_of
from rehearsal.results import Result
from tests.support.stack import RehearsedStack

LONG = "x" * 91


KNOWN_FROM_UNIFIED: list[Any] = [
    pytest.param(
        {"registrations": [{"integrationType": "microsft_ad"}]},
        ["UNI101", 'no integration type "microsft_ad"', 'Did you mean "microsoft_ad"?'],
        id="unknown integration type",
    ),
    pytest.param(
        {"registrations": [{"integrationType": "microsoft_ad", "environment": "Stagging"}]},
        ["UNI102", 'no environment "Stagging"', '"Production", "Sandbox", "Staging"'],
        id="unknown environment",
    ),
]

KNOWN_BEFOREHAND: list[Any] = [
    pytest.param(
        {"workspaceId": "my workspace"}, ["UNI113", "my workspace", "Settings, API"], id="malformed workspace"
    ),
    pytest.param(
        {"redirectUris": ["http://api.example.com/oauth/code"]}, ["UNI113", "it is not https"], id="redirect not https"
    ),
    pytest.param(
        {"redirectUris": ["https://api.example.com/oauth/code#x"]}, ["UNI113", "has a fragment"], id="redirect fragment"
    ),
    pytest.param(
        {"redirectUris": ["https://*.example.com/oauth/code"]}, ["UNI113", "has a wildcard"], id="redirect wildcard"
    ),
    pytest.param(
        {"redirectUris": ["https://api.example.com/oauth/code?a=b"]}, ["UNI113", "has a query"], id="redirect query"
    ),
    pytest.param(
        {"redirectUris": [f"https://api.example.com/{'x' * 256}"]},
        ["UNI113", "256 are allowed"],
        id="redirect too long",
    ),
    pytest.param(
        {"redirectUris": ["https://api.example.com"]},
        ["UNI113", "it has no path; for the host alone, write https://api.example.com/"],
        id="redirect without path",
    ),
    pytest.param(
        {"apiUrl": "https://localhost:9/unified"},
        ["UNI113", 'apiUrl is not usable ("https://localhost:9/unified")', "it has a path", "set region"],
        id="API address",
    ),
    pytest.param({"displayName": LONG}, ["UNI113", "91 characters; 90 are allowed"], id="display name too long"),
    pytest.param(
        {"registrations": [{"integrationType": "microsoft_ad"}, {"integrationType": "microsoft_ad"}]},
        ["UNI106", '"microsoft_ad" in environment "Production" is declared twice'],
        id="two registrations of one kind",
    ),
    pytest.param(
        {"graphPermissions": ["User.Read", "Mail.Reed"]},
        ["UNI107", 'no delegated permission "Mail.Reed"', '"Mail.Read"'],
        id="unknown Graph permission",
    ),
    pytest.param({"rotateEvery": "90 days"}, ["UNI113", "not an ISO 8601 duration"], id="rotation period"),
    pytest.param(
        {"apiUrl": "", "region": "uk"},
        ["UNI113", 'region is not usable ("uk"): it is not one of us, eu, au'],
        id="region",
    ),
    pytest.param(
        {"registrations": [{"integrationType": "microsoft_ad", "onDelete": "remove"}]},
        ["UNI113", 'registrations[0]: The input onDelete is not usable ("remove"): it is not one of deactivate, keep'],
        id="onDelete",
    ),
    pytest.param(
        {"registrations": [{"integrationType": "microsoft_ad"}, {"integrationType": "Microsoft AD"}]},
        ["UNI113", "registrations[1]: The input integrationType", "small letters, digits, hyphens and underscores"],
        id="form of the integration type",
    ),
    pytest.param(
        {"registrations": [{"integrationType": 7}]},
        ["UNI113", "registrations[0].integrationType", "it must be a string"],
        id="integration type as number",
    ),
    pytest.param(
        {"registrations": [{"integrationType": "microsoft_ad", "mode": "by hand"}]},
        ["UNI113", 'mode is not usable ("by hand"): it is not one of api, manual'],
        id="mode",
    ),
    pytest.param(
        {"registrations": [{"integrationType": "microsoft_ad", "permissions": "auth_login"}]},
        ["UNI113", "registrations[0].permissions", "it must be a list of strings"],
        id="permissions as text",
    ),
    pytest.param(
        {"registrations": [{"integrationType": "microsoft_ad", "scopeOverrides": {"auth_login": 1}}]},
        ["UNI113", "registrations[0].scopeOverrides", "it must map names to strings"],
        id="scope overrides",
    ),
    pytest.param(
        {"registrations": [{"integrationType": "microsoft_ad", "isActive": "yes"}]},
        ["UNI113", "registrations[0].isActive", "it must be true or false"],
        id="flag as text",
    ),
    pytest.param(
        {"registrations": [{"environment": "Production"}]}, ["UNI113", "integrationType is missing"], id="missing key"
    ),
    pytest.param({"proofDeadline": -5}, ["UNI113", "proofDeadline", "above 0 and up to 3600"], id="proof deadline"),
    pytest.param({"clientId": "my app"}, ["UNI113", "clientId", "it must be a GUID"], id="client id"),
    pytest.param(
        {"registrations": [{"integrationType": "microsoft_ad", "onDelte": "keep"}]},
        ["UNI113", "unknown key onDelte", "did you mean onDelete?"],
        id="misspelt key",
    ),
    pytest.param({"registrations": []}, ["UNI113", "it is empty"], id="no registration"),
    pytest.param(
        {"clientId": "00000000-0000-4000-8000-00000000dead"},
        ["UNI213", "no application with client id 00000000-0000-4000-8000-00000000dead"],
        id="adopted application does not exist",
    ),
]


@pytest.mark.parametrize("operation", [RehearsedStack.preview, RehearsedStack.up])
@pytest.mark.parametrize(("config", "words"), KNOWN_BEFOREHAND)
def test_what_can_be_known_beforehand_fails_preview_and_up_alike_and_nothing_is_created(
    undeployed: RehearsedStack,
    operation: Callable[[RehearsedStack], Result],
    config: Mapping[str, Any],
    words: list[str],
) -> None:
    """Also for ``pulumi up --skip-preview``."""
    undeployed.config.update(config)
    said = undeployed.fails(lambda: operation(undeployed))
    for word in words:
        assert word in said
    assert "Traceback" not in said
    assert_nothing_written(undeployed)


@pytest.mark.parametrize(("config", "words"), KNOWN_FROM_UNIFIED)
def test_what_only_unified_knows_fails_the_preview_and_nothing_is_created(
    undeployed: RehearsedStack, config: Mapping[str, Any], words: list[str]
) -> None:
    undeployed.config.update(config)
    said = undeployed.fails(undeployed.preview)
    for word in words:
        assert word in said
    assert "Traceback" not in said
    assert_nothing_written(undeployed)


@pytest.mark.parametrize("operation", [RehearsedStack.preview, RehearsedStack.up])
@pytest.mark.parametrize("key", [None, "", "  \n"])
def test_a_missing_api_key_is_said_with_both_ways_to_give_one_and_nothing_is_created(
    undeployed: RehearsedStack, operation: Callable[[RehearsedStack], Result], key: str | None
) -> None:
    del undeployed.environment["UNIFIED_API_KEY"]
    if key is not None:
        undeployed.environment["UNIFIED_API_KEY"] = key
    said = undeployed.fails(lambda: operation(undeployed))
    assert "UNI201" in said
    assert "UNIFIED_API_KEY" in said
    assert "pulumi config set --secret unifiedto:apiKey" in said
    assert_nothing_written(undeployed)


@pytest.mark.parametrize("operation", [RehearsedStack.preview, RehearsedStack.up])
def test_an_api_key_in_clear_in_the_configuration_is_refused_unprinted_and_nothing_is_created(
    stack: RehearsedStack, operation: Callable[[RehearsedStack], Result]
) -> None:
    """Also where the environment holds a key: Pulumi would copy this one into the state in clear."""
    stack.config["unifiedto:apiKey"] = "key-set-without-secret"
    said = stack.fails(lambda: operation(stack))
    assert "UNI114 The config value unifiedto:apiKey is not a secret." in said
    assert "pulumi config rm unifiedto:apiKey" in said
    assert "key-set-without-secret" not in stack.words()
    assert_nothing_written(stack)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param({"status": 401}, ["UNI202", "refused the API key"], id="key refused"),
        pytest.param({"status": 403}, ["UNI203", "The API key does not allow"], id="key without right"),
        pytest.param({"status": 402}, ["UNI204", "The workspace's plan does not allow"], id="plan"),
        pytest.param({"status": 200, "body": []}, ["UNI205", "has no integration"], id="not activated"),
    ],
)
def test_what_a_first_registration_would_meet_fails_the_preview_and_nothing_is_created(
    undeployed: RehearsedStack, answer: Mapping[str, Any], words: list[str]
) -> None:
    undeployed.control.add_fault(
        {"kind": "status", **answer}, service="unifiedto", method="GET", path="workspaceintegration", times=1000
    )
    said = undeployed.fails(undeployed.preview)
    for word in words:
        assert word in said
    assert "Traceback" not in said
    assert_nothing_written(undeployed)


def test_an_api_that_cannot_be_reached_fails_the_preview_and_nothing_is_created(
    undeployed: RehearsedStack,
) -> None:
    undeployed.config["apiUrl"] = "https://localhost:9"
    said = undeployed.fails(undeployed.preview)
    assert "UNI301" in said
    assert "https://localhost:9" in said
    assert_nothing_written(undeployed)


@pytest.mark.parametrize("key", ["two words of-a-canary", "canary-first\nline", "canary-schlüssel"])
def test_an_api_key_that_cannot_be_one_is_refused_unprinted_and_nothing_is_created(
    undeployed: RehearsedStack, key: str
) -> None:
    undeployed.environment["UNIFIED_API_KEY"] = key
    said = undeployed.fails(undeployed.up)
    assert "UNI113 The input UNIFIED_API_KEY is not usable" in said
    assert "canary" not in said
    assert_nothing_written(undeployed)


@pytest.mark.parametrize("operation", [RehearsedStack.preview, RehearsedStack.up])
def test_a_missing_api_key_is_said_before_a_rotation_begins(
    undeployed: RehearsedStack, operation: Callable[[RehearsedStack], Result]
) -> None:
    undeployed.up()
    undeployed.later(days=91)
    key = undeployed.environment.pop("UNIFIED_API_KEY")
    before = undeployed.mark()
    assert "UNI201" in undeployed.fails(lambda: operation(undeployed))
    since = [*undeployed.requests("graph", before), *undeployed.requests("unifiedto", before)]
    assert {entry["method"] for entry in since} <= {"GET"}
    undeployed.environment["UNIFIED_API_KEY"] = key
    undeployed.up()
    undeployed.assert_settled()


def test_a_registration_by_hand_needs_no_api_key(undeployed: RehearsedStack) -> None:
    del undeployed.environment["UNIFIED_API_KEY"]
    undeployed.config["registrations"] = [{"integrationType": "microsoft_ad", "mode": "manual"}]
    assert "UNI215" in "\n".join(undeployed.up().diagnostics)


def test_a_caller_without_the_right_to_create_applications_is_told_before_anything_is_created(
    undeployed: RehearsedStack,
) -> None:
    undeployed.control.settings(caller_roles=["User.Read.All"])
    said = undeployed.fails(undeployed.preview)
    assert "UNI208" in said
    assert "Application.ReadWrite.OwnedBy" in said
    assert_nothing_written(undeployed)


def assert_the_next_up_goes_on(stack: RehearsedStack) -> None:
    """The failure told no secret, and once its cause is gone the stack ends where it should."""
    stack.assert_no_secret_leaked()
    stack.control.clear_faults()
    stack.up()
    assert stack.sign_in()["signed_in"]
    stack.assert_settled()


AT_UNIFIED: list[Any] = [
    pytest.param({"status": 401}, "GET", ["UNI202", "refused the API key", "region"], id="key refused"),
    pytest.param({"status": 403}, "PUT", ["UNI203", "The API key does not allow", '"manual"'], id="key without right"),
    pytest.param({"status": 402}, "PUT", ["UNI204", "The workspace's plan does not allow", '"manual"'], id="plan"),
    pytest.param(
        {"status": 404},
        "GET",
        ["UNI304", "GET /unified/workspaceintegration", "does not know this request", "next: Check apiUrl and region"],
        id="not found",
    ),
    pytest.param({"status": 429, "headers": {"Retry-After": "3600"}}, "GET", ["UNI303", "3600 s"], id="rate limit"),
    pytest.param({"status": 503}, "GET", ["UNI302", "server error"], id="unavailable"),
]


@pytest.mark.parametrize(("answer", "method", "words"), AT_UNIFIED)
def test_each_refusal_of_unified_has_its_own_words_and_the_next_up_goes_on(
    undeployed: RehearsedStack, answer: Mapping[str, Any], method: str, words: list[str]
) -> None:
    undeployed.control.add_fault(
        {"kind": "status", **answer}, service="unifiedto", method=method, path="workspaceintegration", times=1000
    )
    said = undeployed.fails(undeployed.up)
    for word in words:
        assert word in said
    assert_the_next_up_goes_on(undeployed)
    assert len(undeployed.application()["passwordCredentials"]) == 1


@pytest.mark.parametrize(
    ("action", "words"),
    [
        pytest.param({"kind": "not_json"}, ["UNI304", "cannot be understood"], id="not JSON"),
        pytest.param(
            {"kind": "half_body"}, ["UNI301", "was reached", "check the proxies on the way"], id="half a body"
        ),
    ],
)
def test_an_unusable_answer_of_unified_is_said_and_the_next_up_goes_on(
    undeployed: RehearsedStack, action: Mapping[str, Any], words: list[str]
) -> None:
    undeployed.control.add_fault(action, service="unifiedto", method="GET", path="workspaceintegration", times=1000)
    said = undeployed.fails(undeployed.up)
    for word in words:
        assert word in said
    assert_the_next_up_goes_on(undeployed)


def test_the_key_of_another_region_s_account_is_refused_with_region_and_dashboard(
    undeployed: RehearsedStack,
) -> None:
    """Each region is a separate account with its own keys: another one's is unknown there."""
    right, other = undeployed.environment["UNIFIED_API_KEY"], "key-of-the-european-account"
    undeployed.environment["UNIFIED_API_KEY"] = other
    undeployed.secrets.add(other)
    said = undeployed.fails(undeployed.up)
    assert "UNI202 Unified.to refused the API key (GET /unified/workspaceintegration at https://localhost:" in said
    assert "belongs to another region (each region has its own keys)" in said
    assert "next: Compare the key and the region with https://localhost:" in said
    undeployed.assert_no_secret_leaked()
    undeployed.environment["UNIFIED_API_KEY"] = right
    undeployed.up()
    assert undeployed.sign_in()["signed_in"]
    undeployed.assert_settled()


def test_the_workspace_of_another_account_is_told_from_the_key_s_and_nothing_is_written(
    undeployed: RehearsedStack,
) -> None:
    right, other = undeployed.config["workspaceId"], "00c0ffee00c0ffee00c0ffee"
    said = undeployed.fails(lambda: undeployed.up(workspaceId=other))
    assert f'UNI218 The API key opens workspace "{right}", while the stack declares "{other}".' in said
    assert "next: Use the key of the declared workspace, or correct workspaceId. Nothing was written." in said
    assert not [entry for entry in undeployed.requests("unifiedto") if entry["method"] != "GET"]
    undeployed.up(workspaceId=right)
    assert undeployed.sign_in()["signed_in"]
    undeployed.assert_settled()


def test_an_integration_that_was_never_activated_is_said_with_the_page_to_activate_it_on(
    undeployed: RehearsedStack,
) -> None:
    workspace_of(undeployed.emulator.world).remove_by_hand("Production", "microsoft_ad")
    said = undeployed.fails(undeployed.up)
    assert 'UNI205 The workspace has no integration "microsoft_ad" in environment "Production".' in said
    page = f"{undeployed.emulator.base_url}/integrations/microsoft_ad"
    assert f'next: Open {page}, choose environment "Production", activate the integration once, and run again.' in said
    assert not [entry for entry in undeployed.requests("unifiedto") if entry["method"] != "GET"]
    undeployed.assert_no_secret_leaked()


def test_an_unreachable_api_is_said_with_its_address(undeployed: RehearsedStack) -> None:
    said = undeployed.fails(lambda: undeployed.up(apiUrl="https://localhost:9"))
    assert "UNI301" in said
    assert "https://localhost:9" in said
    undeployed.assert_no_secret_leaked()


def test_an_answer_that_disagrees_with_what_was_written_fails_with_the_difference(
    undeployed: RehearsedStack,
) -> None:
    undeployed.control.add_fault(
        {"kind": "status", "status": 200, "body": {}}, service="unifiedto", method="PUT", times=1000
    )
    said = undeployed.fails(undeployed.up)
    assert 'UNI306 "microsoft_ad" in environment "Production" is written, but not verified: it shows no' in said
    assert ", before the write: is_active is False instead of True." in said
    assert "next: Run pulumi up --refresh in a minute: it writes and verifies it again." in said
    assert_the_next_up_goes_on(undeployed)


def test_a_tenant_policy_on_lifetimes_is_named_with_the_input_to_shorten(undeployed: RehearsedStack) -> None:
    """https://github.com/microsoft/PubSec-Info-Assistant/issues/681 (address as listed, not re-checked)"""
    undeployed.control.settings(lifetime_policy_max_days=90)
    said = undeployed.fails(undeployed.up)
    assert "UNI210" in said
    assert "rotateEvery" in said
    assert not [entry for entry in undeployed.requests("unifiedto") if entry["method"] == "PUT"]
    undeployed.up(rotateEvery="P45D")
    assert undeployed.sign_in()["signed_in"]
    undeployed.assert_settled()


def test_a_conflict_of_the_personal_side_that_persists_ends_with_advice(undeployed: RehearsedStack) -> None:
    error = {"code": "Error_MsaAppDoesNotExist", "message": "The corresponding MSA application does not exist."}
    conflict = {"error": error}
    undeployed.control.add_fault(
        {"kind": "status", "status": 409, "body": conflict}, service="graph", method="PATCH", times=100_000
    )
    said = undeployed.fails(undeployed.up)
    assert "Error_MsaAppDoesNotExist" in said
    assert "UNI309" in said
    assert_the_next_up_goes_on(undeployed)


def assert_nothing_written(stack: RehearsedStack) -> None:
    written = [
        entry for entry in stack.requests() if entry["service"] in ("graph", "unifiedto") and entry["method"] != "GET"
    ]
    assert written == []
    stack.assert_no_secret_leaked()
