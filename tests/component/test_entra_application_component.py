"""EntraApplication: what is registered with which inputs and options, and what is only read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pulumi
import pytest

from pulumi_unifiedto import EntraApplication, EntraApplicationArgs
from pulumi_unifiedto.entra.provider_errors import ADVICE_HOOK
from pulumi_unifiedto.errors import (
    ApplicationMismatch,
    ApplicationNotFound,
    CallerNotPermitted,
    EntraLookupFailed,
    InvalidInput,
    NationalCloud,
    UnknownGraphPermission,
)
from tests.component.conftest import Rehearse
from tests.component.recorded_program import (
    APPLICATION_TYPE,
    CALLER,
    GRAPH_SCOPES,
    SERVICE_PRINCIPAL_TYPE,
    TENANT_ID,
    UNKNOWN,
    Run,
)

CALLBACK = "https://api.unified.to/oauth/code"
COLLEAGUE = "77777777-7777-7777-7777-777777777777"
ADOPTED = "88888888-8888-8888-8888-888888888888"
OBJECT_ID = "99999999-9999-4999-8999-999999999999"
MICROSOFT_GRAPH = "00000003-0000-0000-c000-000000000000"
OUTPUTS = ("client_id", "object_id", "application_id", "tenant_id", "service_principal_object_id")

FITTING = {
    "objectId": "object of the adopted app",
    "signInAudience": "AzureADandPersonalMicrosoftAccount",
    "webs": [{"redirectUris": [CALLBACK], "homepageUrl": "", "logoutUrl": "", "implicitGrants": []}],
    "apis": [{"requestedAccessTokenVersion": 2, "mappedClaimsEnabled": False, "knownClientApplications": []}],
}
"""An app registration made by hand, as the azuread provider shows it, that can be adopted."""


def declaring(**changes: Any) -> Callable[[], None]:
    args = {"display_name": "Example CRM", "redirect_uris": [CALLBACK], **changes}

    def program() -> None:
        made = EntraApplication("login", cast(EntraApplicationArgs, args))
        for output in OUTPUTS:
            pulumi.export(output, getattr(made, output))

    return program


def scope_ids(run: Run) -> list[str]:
    accesses = run["login-application"].inputs["requiredResourceAccesses"]
    return [access["id"] for resource in accesses for access in resource["resourceAccesses"]]


def test_an_app_for_any_organization_and_personal_accounts_and_its_service_principal_are_declared(
    rehearse: Rehearse,
) -> None:
    run = rehearse(declaring())
    assert run.error is None
    assert run.custom == ["login-application", "login-service-principal"]
    application, principal = run["login-application"], run["login-service-principal"]
    assert application.type == APPLICATION_TYPE
    assert {key: value for key, value in application.inputs.items() if key != "requiredResourceAccesses"} == {
        "displayName": "Example CRM",
        "signInAudience": "AzureADandPersonalMicrosoftAccount",
        "api": {"requestedAccessTokenVersion": 2},
        "web": {"redirectUris": [CALLBACK]},
        "owners": [CALLER],
    }
    assert principal.type == SERVICE_PRINCIPAL_TYPE
    assert principal.inputs == {
        "clientId": application.outputs["clientId"],
        "owners": [CALLER],
        "useExisting": True,
    }


def test_both_are_children_of_the_component_and_explain_their_errors(rehearse: Rehearse) -> None:
    run = rehearse(declaring())
    assert run["login"].type == "unifiedto:index:EntraApplication"
    for name in run.custom:
        assert run[name].parent == "login"
        assert run[name].error_hooks == [ADVICE_HOOK]
        assert not run[name].request.ignoreChanges
    assert list(run.error_hooks) == [ADVICE_HOOK]


def test_the_usual_permissions_are_asked_for_by_name_in_sorted_order(rehearse: Rehearse) -> None:
    run = rehearse(declaring())
    usual = ("openid", "profile", "email", "offline_access", "User.Read")
    assert scope_ids(run) == sorted(GRAPH_SCOPES[name] for name in usual)
    (resource,) = run["login-application"].inputs["requiredResourceAccesses"]
    assert resource["resourceAppId"] == MICROSOFT_GRAPH
    assert {access["type"] for access in resource["resourceAccesses"]} == {"Scope"}


@pytest.mark.parametrize("wrap", [lambda value: value, pulumi.Output.from_input], ids=["plain", "output"])
def test_declared_permissions_owners_tags_and_notes_reach_the_app(wrap: Any, rehearse: Rehearse) -> None:
    def program() -> None:
        declaring(
            graph_permissions=wrap(["Mail.Read", "openid"]),
            owners=wrap([COLLEAGUE]),
            tags=wrap(["crm"]),
            notes=wrap("asked for by sales"),
        )()

    run = rehearse(program)
    assert run.error is None
    inputs = run["login-application"].inputs
    assert scope_ids(run) == sorted([GRAPH_SCOPES["Mail.Read"], GRAPH_SCOPES["openid"]])
    assert inputs["owners"] == [CALLER, COLLEAGUE]
    assert inputs["tags"] == ["crm"]
    assert inputs["notes"] == "asked for by sales"


def test_the_caller_stays_among_the_owners_once_and_first(rehearse: Rehearse) -> None:
    """Regression: without it a caller with Application.ReadWrite.OwnedBy loses the app at its second run."""
    run = rehearse(declaring(owners=[COLLEAGUE, CALLER, COLLEAGUE]))
    for name in run.custom:
        assert run[name].inputs["owners"] == [CALLER, COLLEAGUE]


def test_outputs_are_known_and_the_client_waits_for_the_service_principal(rehearse: Rehearse) -> None:
    run = rehearse(declaring())
    assert run.exports == {
        "client_id": "22222222-2222-2222-2222-2222222222ab",
        "object_id": "object of login-application",
        "application_id": "/applications/object of login-application",
        "tenant_id": TENANT_ID,
        "service_principal_object_id": "object of login-service-principal",
    }
    assert run.component_outputs["login"] == run.exports


def test_what_uses_the_client_is_created_after_the_service_principal(rehearse: Rehearse) -> None:
    def program() -> None:
        made = EntraApplication("login", {"display_name": "Example CRM", "redirect_uris": [CALLBACK]})
        for output in ("client_id", "object_id", "application_id"):
            EntraApplication(
                f"after-{output}",
                {"display_name": "x", "redirect_uris": [CALLBACK], "notes": getattr(made, output)},
            )

    run = rehearse(program)
    for output in ("client_id", "object_id", "application_id"):
        assert "login-service-principal" in run[f"after-{output}-application"].needs("notes")


def test_a_preview_of_a_new_app_knows_everything_but_the_ids(rehearse: Rehearse) -> None:
    preview, up = rehearse(declaring(), preview=True), rehearse(declaring())
    assert preview.error is None
    assert preview.custom == up.custom
    assert preview["login-application"].inputs == up["login-application"].inputs
    assert preview["login-service-principal"].inputs["clientId"] == UNKNOWN
    assert preview.exports == {**dict.fromkeys(OUTPUTS, UNKNOWN), "tenant_id": TENANT_ID}


def test_an_empty_list_of_permissions_asks_for_none(rehearse: Rehearse) -> None:
    run = rehearse(declaring(graph_permissions=[]))
    assert run.error is None
    assert run["login-application"].inputs["requiredResourceAccesses"] == []


def test_a_second_run_changes_nothing_and_a_permission_more_changes_the_app_alone(rehearse: Rehearse) -> None:
    first = rehearse(declaring())
    assert rehearse(declaring(), last=first, preview=True).changed_since(first) == set()
    wider = rehearse(declaring(graph_permissions=["openid", "Mail.Read"]), last=first, preview=True)
    assert wider.changed_since(first) == {"login-application"}


# --- refusals --------------------------------------------------------------------------------------------------------

BAD = [
    ({"display_name": "x" * 91}, InvalidInput, "91 characters; 90 are allowed"),
    ({"display_name": ""}, InvalidInput, "displayName is not usable: it is empty"),
    ({"redirect_uris": ["http://api.unified.to/oauth/code"]}, InvalidInput, "it is not https"),
    ({"redirect_uris": ["https://api.unified.to/oauth/code#x"]}, InvalidInput, "it has a fragment"),
    ({"redirect_uris": ["https://*.example.com/cb"]}, InvalidInput, "it has a wildcard"),
    ({"redirect_uris": ["https://api.unified.to/oauth/code?x=1"]}, InvalidInput, "it has a query"),
    ({"redirect_uris": []}, InvalidInput, "there is none"),
    ({"redirect_uris": [CALLBACK, CALLBACK]}, InvalidInput, "it is listed twice"),
    ({"owners": ["me@example.com"]}, InvalidInput, '"me@example.com" is a sign-in name'),
    ({"notes": "x" * 1025}, InvalidInput, "notes is not usable: it has 1025 characters; 1024 are allowed"),
    ({"graph_permissions": [f"A.{n}" for n in range(31)]}, InvalidInput, "has 31 different permissions"),
]


@pytest.mark.parametrize(("changes", "kind", "words"), BAD)
def test_a_bad_argument_is_refused_before_anything_is_registered(
    changes: dict[str, Any], kind: type[Exception], words: str, rehearse: Rehearse
) -> None:
    run = rehearse(declaring(**changes))
    assert isinstance(run.error, kind)
    assert words in str(run.error)
    assert run.resources == {}
    assert run.calls == []


@pytest.mark.parametrize("preview", [False, True])
@pytest.mark.parametrize(
    ("environment", "config"),
    [({"ARM_ENVIRONMENT": "usgovernment"}, {}), ({}, {"azuread:environment": "china"})],
    ids=["environment", "configuration"],
)
def test_a_national_cloud_is_refused_before_anything_is_asked_or_registered(
    environment: dict[str, str],
    config: dict[str, str],
    preview: bool,
    rehearse: Rehearse,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("ARM_METADATA_HOSTNAME")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    run = rehearse(declaring(), config=config, preview=preview)
    assert isinstance(run.error, NationalCloud)
    assert run.resources == {}
    assert run.calls == []


@pytest.mark.parametrize(("changes", "kind", "words"), BAD)
def test_a_bad_argument_that_another_resource_gives_is_refused_in_the_same_words(
    changes: dict[str, Any], kind: type[Exception], words: str, rehearse: Rehearse
) -> None:
    def program() -> None:
        declaring(**{key: pulumi.Output.from_input(value) for key, value in changes.items()})()

    run = rehearse(program)
    assert isinstance(run.error, kind)
    assert words in str(run.error)
    assert run.custom == []


def test_one_bad_redirect_uri_among_outputs_is_found(rehearse: Rehearse) -> None:
    def program() -> None:
        declaring(redirect_uris=[CALLBACK, pulumi.Output.from_input("http://auth.example.com/cb")])()

    run = rehearse(program)
    assert isinstance(run.error, InvalidInput)
    assert run.custom == []


def test_an_unknown_permission_is_refused_with_suggestions_before_the_app_is_registered(rehearse: Rehearse) -> None:
    run = rehearse(declaring(graph_permissions=["openid", "Mail.Reed"]))
    assert isinstance(run.error, UnknownGraphPermission)
    assert 'no delegated permission "Mail.Reed". Did you mean "Mail.Read"' in str(run.error)
    assert run.custom == []


# --- adoption --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("preview", [False, True])
def test_an_adopted_app_is_read_and_nothing_is_declared(preview: bool, rehearse: Rehearse) -> None:
    run = rehearse(declaring(client_id=ADOPTED), application=FITTING, preview=preview)
    assert run.error is None
    assert run.custom == []
    assert run.exports == {
        "client_id": ADOPTED,
        "object_id": "object of the adopted app",
        "application_id": "/applications/object of the adopted app",
        "tenant_id": TENANT_ID,
        "service_principal_object_id": f"principal of {ADOPTED}",
    }
    asked = {(token.rsplit(":", 1)[1], str(arguments.get("clientId", ""))) for token, arguments in run.calls}
    assert asked == {("getClientConfig", ""), ("getApplication", ADOPTED), ("getServicePrincipal", ADOPTED)}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"signInAudience": "AzureADMyOrg"}, "signInAudience is AzureADMyOrg"),
        ({"webs": []}, f"the redirect URI {CALLBACK} is not registered"),
        (
            {"apis": [{"requestedAccessTokenVersion": 1, "mappedClaimsEnabled": False, "knownClientApplications": []}]},
            "api.requestedAccessTokenVersion is 1, and 2 is needed",
        ),
    ],
)
def test_an_adopted_app_that_does_not_fit_is_refused_with_what_it_lacks(
    changes: dict[str, Any], words: str, rehearse: Rehearse
) -> None:
    run = rehearse(declaring(client_id=ADOPTED), application={**FITTING, **changes})
    assert isinstance(run.error, ApplicationMismatch)
    assert words in str(run.error)
    assert run.custom == []


def test_a_client_id_that_is_no_guid_is_refused_before_anything_is_asked(rehearse: Rehearse) -> None:
    run = rehearse(declaring(client_id="Example CRM"), application=FITTING)
    assert isinstance(run.error, InvalidInput)
    assert "clientId is not usable: it must be a GUID" in str(run.error)
    assert run.calls == []


def test_an_object_id_given_as_client_id_is_answered_with_the_client_id(rehearse: Rehearse) -> None:
    by_client_id = 'Application with client ID "x" was not found'
    run = rehearse(
        declaring(client_id=OBJECT_ID),
        application={**FITTING, "objectId": OBJECT_ID, "clientId": ADOPTED, "displayName": "Example CRM"},
        failing_calls={"getApplication by clientId": by_client_id},
    )
    assert isinstance(run.error, ApplicationNotFound)
    assert f"It is the object id of Example CRM. Set clientId to its client id, {ADOPTED}." in str(run.error)
    assert run.custom == []


def test_white_space_around_an_adopted_client_id_and_its_case_do_not_matter(rehearse: Rehearse) -> None:
    run = rehearse(declaring(client_id=f"  {ADOPTED.upper()}\n"), application=FITTING)
    assert run.error is None
    assert run.exports["client_id"] == ADOPTED


@pytest.mark.parametrize(
    ("function", "reason", "kind", "words"),
    [
        (
            "getApplication",
            f'Application with client ID "{ADOPTED}" was not found',
            ApplicationNotFound,
            f"has no application with client id {ADOPTED}",
        ),
        (
            "getServicePrincipal",
            f'Service principal with client ID "{ADOPTED}" was not found',
            ApplicationMismatch,
            f"Create it with: az ad sp create --id {ADOPTED}",
        ),
        (
            "getApplication",
            "unexpected status 403 (403 Forbidden) with error: Authorization_RequestDenied: Insufficient privileges",
            CallerNotPermitted,
            f"may not read the application {ADOPTED} in Entra",
        ),
        (
            "getClientConfig",
            "building client: unable to obtain access token",
            EntraLookupFailed,
            "Entra could not be asked for the deploying identity: ",
        ),
    ],
    ids=["no such app", "no service principal", "no right", "not signed in"],
)
def test_a_look_that_fails_ends_in_the_catalogue_s_words_before_anything_is_declared(
    function: str, reason: str, kind: type[Exception], words: str, rehearse: Rehearse
) -> None:
    run = rehearse(declaring(client_id=ADOPTED), application=FITTING, failing_calls={function: reason})
    assert isinstance(run.error, kind)
    assert words in str(run.error)
    assert run.custom == []
