"""What a registration decides without the network: row, body, differences, drift, and which inputs are refused."""

from __future__ import annotations

import base64
import pickle
import subprocess
import sys
from typing import Any

import pytest
from pulumi.output import Unknown

from pulumi_unifiedto import errors
from pulumi_unifiedto.registration.merge import (
    Desired,
    choose_row,
    differences,
    fields_changed_meanwhile,
    in_words,
    merged_body,
    status_without_target,
)
from pulumi_unifiedto.registration.observation import Observed, drift_in
from pulumi_unifiedto.registration.options import (
    IDENTITY_KEYS,
    OPTIONS,
    REMOTE_KEYS,
    WorkspaceIntegrationArgs,
    desired_of,
    identity_of,
    normalise,
)
from pulumi_unifiedto.registration.workspace_integration import WorkspaceIntegrationProvider
from pulumi_unifiedto.secret_text import SecretText
from pulumi_unifiedto.unified.rows import Body, Identity, Row, Target
from tests.contract.dynamic_provider import serialised

CLIENT_ID = "2f2a2222-2222-2222-2222-2222222222ab"
OTHER_ID = "99999999-9999-9999-9999-999999999999"
SECRET = "Zq8~canary.secret_of-forty+characters/40"
CALLBACK = "https://api.unified.to/oauth/code"
IDENTITY = Identity("https://api.unified.to", "ws_1", "Production", "microsoft_ad")


def row(**fields: Any) -> Row:
    return Row.parse(
        {"id": "wi_1", "workspace_id": "ws_1", "integration_type": "microsoft_ad", "is_active": False, **fields}
    )


def desired(**fields: Any) -> Desired:
    return Desired(client_id=CLIENT_ID, client_secret=SecretText(SECRET), redirect_uris=(CALLBACK,), **fields)


# --- choosing the row ------------------------------------------------------------------------------------------------


def test_the_row_of_type_and_environment_is_chosen() -> None:
    rows = [row(id="wi_2", integration_type="microsoft"), row(id="wi_3", environment="Staging"), row()]
    found = choose_row(rows, IDENTITY)
    assert found is not None
    assert found.id == "wi_1"


def test_no_row_is_no_error_yet() -> None:
    assert choose_row([row(environment="Staging")], IDENTITY) is None


def test_the_same_row_seen_twice_is_one() -> None:
    assert choose_row([row(), row()], IDENTITY) is not None


def test_two_rows_stop() -> None:
    with pytest.raises(errors.AmbiguousRegistration, match='"wi_1", "wi_2"'):
        choose_row([row(id="wi_2"), row()], IDENTITY)


def test_of_two_rows_a_refresh_takes_the_one_it_knows() -> None:
    found = choose_row([row(id="wi_2"), row()], IDENTITY, known_id="wi_2")
    assert found is not None
    assert found.id == "wi_2"


def test_a_key_of_another_workspace_is_noticed_before_anything_is_written() -> None:
    with pytest.raises(errors.WorkspaceMismatch, match='opens workspace "ws_2", while the stack declares "ws_1"'):
        choose_row([row(workspace_id="ws_2")], IDENTITY)


# --- the body --------------------------------------------------------------------------------------------------------


def test_everything_found_is_sent_back_with_both_credentials() -> None:
    found = row(
        display_order=7,
        permissions=["auth_login"],
        created_at="2026-01-01T00:00:00Z",
        updated_at="2026-01-01T00:00:00Z",
        base_url=None,
        auth={"client_id": "****0001", "client_secret": "********"},
    )
    assert merged_body(found, IDENTITY, desired()).to_json() == {
        "id": "wi_1",
        "workspace_id": "ws_1",
        "integration_type": "microsoft_ad",
        "environment": "Production",
        "is_active": False,
        "permissions": ["auth_login"],
        "display_order": 7,
        "auth": {"client_id": CLIENT_ID, "client_secret": SECRET},
    }


def test_what_is_declared_wins_over_what_was_found() -> None:
    wanted = desired(is_active=True, permissions=("a", "b"), scope_overrides={"a": "User.Read"})
    sent = merged_body(row(permissions=["c"], overriden_scopes={"c": "x"}), IDENTITY, wanted).to_json()
    assert (sent["is_active"], sent["permissions"], sent["overriden_scopes"]) == (True, ["a", "b"], {"a": "User.Read"})


def test_a_declared_nothing_is_not_the_same_as_undeclared() -> None:
    sent = merged_body(row(permissions=["c"]), IDENTITY, desired(permissions=())).to_json()
    assert sent["permissions"] == []


def test_other_credentials_stop_the_write() -> None:
    found = row(auth={"client_id": "****", "saml_idp_url": "****", "saml_pem": "****", "key": ""})
    with pytest.raises(errors.AuthKeysWouldBeLost, match='"saml_idp_url", "saml_pem"'):
        merged_body(found, IDENTITY, desired())


def test_bodies_and_wishes_print_no_secret() -> None:
    assert SECRET not in repr(desired()) + repr(merged_body(row(), IDENTITY, desired()))


# --- what differs ----------------------------------------------------------------------------------------------------

DIFFERENCES: dict[str, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
    "nothing": ({}, {}, []),
    "activation": ({"is_active": True}, {"is_active": False}, ["is_active is True instead of False"]),
    "activation nobody declared": ({"is_active": True}, {}, []),
    "permissions in another order": ({"permissions": ["b", "a"]}, {"permissions": ("a", "b")}, []),
    "permissions": (
        {"permissions": ["a"]},
        {"permissions": ("a", "b")},
        ["permissions is ['a'] instead of ['a', 'b']"],
    ),
    "permissions nobody declared": ({"permissions": ["a"]}, {}, []),
    "scopes": ({}, {"scope_overrides": {"a": "x"}}, ["scope_overrides is {} instead of {'a': 'x'}"]),
    "a masked client id": ({"auth": {"client_id": "****0001"}}, {}, []),
    "a mask of stars": ({"auth": {"client_id": "********"}}, {}, []),
    "no auth": ({"auth": None}, {}, []),
    "the same client id in capitals": ({"auth": {"client_id": CLIENT_ID.upper()}}, {}, []),
    "another client id": (
        {"auth": {"client_id": OTHER_ID}},
        {},
        [f"client_id is {OTHER_ID} instead of {CLIENT_ID}"],
    ),
}


@pytest.mark.parametrize("case", DIFFERENCES)
def test_a_row_is_compared_with_what_was_declared(case: str) -> None:
    shown, declared, wanted = DIFFERENCES[case]
    wishes = desired(**declared)
    assert in_words(differences(wishes, row(**shown), None), wishes) == wanted


def test_the_authorization_url_is_compared_with_the_client_id_in_any_case() -> None:
    assert differences(desired(), None, Target(CLIENT_ID.upper(), CALLBACK)) == {}
    assert differences(desired(), None, Target(problem="no URL")) == {}
    other = differences(desired(), None, Target(OTHER_ID, "https://auth.example.com/oauth/code"))
    assert in_words(other, desired()) == [
        f"client_id is {OTHER_ID} instead of {CLIENT_ID}",
        f"redirect_uris is ['https://auth.example.com/oauth/code'] instead of ['{CALLBACK}']",
    ]


def test_fields_that_changed_meanwhile_are_named_without_their_values() -> None:
    sent = merged_body(row(base_url="a", widget={"x": 1}, categories=["auth"], notes=""), IDENTITY, desired())
    after = row(base_url="b", categories=["hris"], updated_at="later", environment=None)
    assert fields_changed_meanwhile(sent, after) == ["base_url", "widget"]


def test_sandbox_and_inactive_rows_are_excused_from_verification() -> None:
    sandbox = Identity(IDENTITY.api_url, "ws_1", "Sandbox", "microsoft_ad")
    assert "Sandbox" in str(status_without_target(sandbox, row()))
    assert "not active" in str(status_without_target(IDENTITY, row()))
    assert status_without_target(IDENTITY, row(is_active=True)) is None


def test_fingerprints_tell_secrets_and_registrations_apart() -> None:
    other = Identity(IDENTITY.api_url, "ws_1", "Staging", "microsoft_ad")
    made = IDENTITY.fingerprint(SecretText(SECRET))
    assert made == IDENTITY.fingerprint(SecretText(SECRET))
    assert len({made, IDENTITY.fingerprint(SecretText("x")), other.fingerprint(SecretText(SECRET))}) == 3
    assert SECRET not in made


@pytest.mark.parametrize("missing", ["id", "integration_type"])
def test_a_row_without_identity_is_refused(missing: str) -> None:
    shown = {"id": "wi_1", "integration_type": "microsoft_ad"}
    shown[missing] = ""
    with pytest.raises(ValueError, match=missing):
        Row.parse(shown)


# --- drift -----------------------------------------------------------------------------------------------------------

DECLARED: dict[str, Any] = {"is_active": True, "permissions": ("a", "b")}
AS_DECLARED = {"is_active": True, "permissions": ["b", "a"]}

DRIFT: dict[str, tuple[dict[str, Any], dict[str, Any], Target | None, dict[str, Any]]] = {
    "none": ({}, {}, Target(CLIENT_ID.upper(), CALLBACK), {}),
    "masks": ({}, {"auth": {"client_id": "****0001"}}, Target(CLIENT_ID, CALLBACK), {}),
    "client id": ({}, {}, Target(OTHER_ID, CALLBACK), {"client_id": OTHER_ID}),
    "client id in clear, no URL": ({}, {"auth": {"client_id": OTHER_ID}}, None, {"client_id": OTHER_ID}),
    "credentials removed": ({}, {}, Target(problem="no URL"), {"client_id": ""}),
    "never verified": ({"status": "not verified: x"}, {}, Target(problem="no URL"), {}),
    "never to be seen": ({}, {}, None, {}),
    "redirect URI": ({}, {}, Target(CLIENT_ID, "https://b.example.com"), {"redirect_uris": ["https://b.example.com"]}),
    "activation": ({}, {"is_active": False}, None, {"is_active": False}),
    "activation nobody declared": ({"is_active": None}, {"is_active": False}, None, {}),
    "permissions": ({}, {"permissions": ["a"]}, Target(CLIENT_ID, CALLBACK), {"permissions": ["a"]}),
    "permissions nobody declared": ({"permissions": None}, {"permissions": []}, Target(CLIENT_ID, CALLBACK), {}),
    "scopes": (
        {"scope_overrides": {"a": "x"}},
        {"overriden_scopes": {"a": "y"}},
        Target(CLIENT_ID, CALLBACK),
        {"scope_overrides": {"a": "y"}},
    ),
}


@pytest.mark.parametrize("case", DRIFT)
def test_a_refresh_sees_drift_of_what_was_declared_and_nothing_else(case: str) -> None:
    state, shown, target, wanted = DRIFT[case]
    declared = {**DECLARED, **state}
    status = declared.pop("status", "verified")
    observed = Observed(row(**{**AS_DECLARED, **shown}), target, "")
    assert drift_in(desired(**declared), status, observed) == wanted


# --- inputs ----------------------------------------------------------------------------------------------------------

INPUTS: dict[str, Any] = {
    "workspace_id": "5f9d7c3e81b24a0017d6e4c2",
    "integration_type": "microsoft_ad",
    "client_id": CLIENT_ID.upper(),
    "client_secret": SECRET,
}


def test_inputs_get_defaults_and_one_spelling() -> None:
    inputs, faults = normalise({**INPUTS, "api_url": "https://API-EU.unified.to/", "secret_generation": 3.0})
    assert not faults
    assert inputs == {
        **INPUTS,
        "client_id": CLIENT_ID,
        "api_url": "https://api-eu.unified.to",
        "environment": "Production",
        "redirect_uris": ["https://api-eu.unified.to/oauth/code"],
        "secret_generation": 3,
        "on_delete": "deactivate",
        "mode": "api",
    }
    assert desired_of(inputs).client_secret == SecretText(SECRET)
    identity = identity_of(inputs)
    assert identity is not None
    assert identity.environment == "Production"


BAD_INPUTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "workspace id": ({"workspace_id": "my workspace"}, "UNI113", "an id has 4 to 64 letters"),
    "workspace id that is an address": ({"workspace_id": "https://app.unified.to/x"}, "UNI113", "nothing else"),
    "type": ({"integration_type": "Microsoft AD"}, "UNI113", "microsoft_ad"),
    "no type": ({"integration_type": None}, "UNI113", "integrationType is not usable: it is missing"),
    "client id": ({"client_id": SECRET}, "UNI113", "Application (client) ID"),
    "secret's id instead of its value": ({"client_secret": OTHER_ID}, "UNI113", "it is the secret's ID"),
    "secret with a line end": ({"client_secret": SECRET + "\n"}, "UNI113", "white space"),
    "no secret": ({"client_secret": ""}, "UNI113", "clientSecret"),
    "redirect URI in clear": ({"redirect_uris": ["http://api.unified.to/oauth/code"]}, "UNI113", "https"),
    "redirect URI with a fragment": ({"redirect_uris": [CALLBACK + "#x"]}, "UNI113", "fragment"),
    "redirect URI with a query": ({"redirect_uris": [CALLBACK + "?x=1"]}, "UNI113", "query"),
    "redirect URI with a wildcard": ({"redirect_uris": ["https://*.example.com/"]}, "UNI113", "wildcard"),
    "redirect URI too long": ({"redirect_uris": [CALLBACK + "x" * 256]}, "UNI113", "256"),
    "API address": ({"api_url": "http://api.unified.to"}, "UNI113", "unencrypted"),
    "environment": ({"environment": " "}, "UNI113", "environment"),
    "on_delete": ({"on_delete": "remove"}, "UNI113", "deactivate, keep"),
    "mode": ({"mode": "automatic"}, "UNI113", "api, manual"),
    "is_active": ({"is_active": "yes"}, "UNI113", "it must be true or false"),
    "permissions": ({"permissions": "auth_login"}, "UNI113", "it must be a list of strings"),
    "empty permission": ({"permissions": ["auth_login", ""]}, "UNI113", "it must be a list of strings"),
    "empty scope": ({"scope_overrides": {"a": ""}}, "UNI113", "it must map names to strings"),
    "scopes": ({"scope_overrides": {"a": 1}}, "UNI113", "it must map names to strings"),
    "generation": ({"secret_generation": 1.5}, "UNI113", "it must be a whole number"),
}


@pytest.mark.parametrize("case", BAD_INPUTS)
def test_a_bad_input_is_refused_in_words_without_the_secret(case: str) -> None:
    change, code, words = BAD_INPUTS[case]
    _inputs, faults = normalise({**INPUTS, **change})
    assert [fault.code for fault in faults] == [code]
    assert words in str(faults[0])
    assert SECRET not in str(faults[0])


def test_the_api_addresss_own_redirect_uri_comes_before_those_that_are_added() -> None:
    inputs, _faults = normalise({**INPUTS, "redirect_uris": ["https://auth.example.com/cb", CALLBACK]})
    assert inputs["redirect_uris"] == [CALLBACK, "https://auth.example.com/cb"]


def test_every_argument_is_an_option_and_every_option_an_argument() -> None:
    assert set(OPTIONS) == set(WorkspaceIntegrationArgs.__annotations__)
    assert {option.change for option in OPTIONS.values()} == {"replace", "write", "remember"}
    assert set(IDENTITY_KEYS) == {"workspace_id", "environment", "integration_type"}
    assert not set(IDENTITY_KEYS) & set(REMOTE_KEYS)


def test_every_bad_input_is_named_at_once() -> None:
    _inputs, faults = normalise({"client_id": "x", "mode": "x"})
    assert len(faults) == 5


@pytest.mark.parametrize("key", OPTIONS)
def test_unknown_values_are_passed_on_untouched(key: str) -> None:
    unknown = Unknown()  # type: ignore[no-untyped-call]
    inputs, faults = normalise({**INPUTS, key: unknown})
    assert not faults
    assert inputs[key] is unknown


# --- what Pulumi stores ----------------------------------------------------------------------------------------------


def test_pulumi_stores_the_name_of_the_provider_and_nothing_else() -> None:
    stored = base64.b64decode(serialised(WorkspaceIntegrationProvider()))
    assert len(stored) < 120
    assert isinstance(pickle.loads(stored), WorkspaceIntegrationProvider)
    assert WorkspaceIntegrationProvider.__module__ == "pulumi_unifiedto.registration.workspace_integration"
    assert not vars(WorkspaceIntegrationProvider())


def test_what_pulumi_imports_of_the_provider_loads_neither_azuread_nor_an_http_client() -> None:
    program = (
        "import sys, pulumi_unifiedto.registration.workspace_integration\n"
        "print({'httpx', 'requests', 'pulumi_azuread', 'pulumi_command', 'msal'} & set(sys.modules))"
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "set()"


def test_a_body_is_readable_without_its_secrets() -> None:
    assert Body({"is_active": True}, {"client_secret": SecretText(SECRET)}).fields == {"is_active": True}
