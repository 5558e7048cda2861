"""MicrosoftIntegration: app, secret, proof and registrations, in this order, with nothing secret where it is seen."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, cast

import pulumi
import pytest

from pulumi_unifiedto import MicrosoftIntegration, MicrosoftIntegrationArgs, WorkspaceIntegration
from pulumi_unifiedto.client_secret.proof_step import proven_at
from pulumi_unifiedto.client_secret.stack_state import PASSWORD_TYPE, REGISTRATION_TYPE
from pulumi_unifiedto.entra.provider_errors import ADVICE_HOOK
from pulumi_unifiedto.errors import (
    ApiKeyMissing,
    ApiKeyNotSecret,
    DuplicateRegistration,
    InvalidInput,
    SecretExpiresSoon,
)
from pulumi_unifiedto.program.once_in_a_run import name_once
from tests.component.conftest import Rehearse
from tests.component.recorded_program import (
    APPLICATION_TYPE,
    COMMAND_TYPE,
    PROVEN_AT,
    SERVICE_PRINCIPAL_TYPE,
    TENANT_ID,
    UNKNOWN,
    Registered,
    Run,
    Secret,
    holds_secret,
    reveal,
)

DUE = "2027-02-21T11:25:31Z"
"""Ninety days after the first run."""

CALLBACK = "https://api.unified.to/oauth/code"
CLIENT_ID = "22222222-2222-2222-2222-2222222222ab"
ADOPTED = "88888888-8888-8888-8888-888888888888"
PROOF_MODULE = ("-m", "pulumi_unifiedto.client_secret.proof")
PROOF_ADVICE_HOOK = "pulumi-unifiedto-proof-advice"
OUTPUTS = (
    "client_id",
    "client_secret",
    "application_object_id",
    "tenant_id",
    "secret_expires_at",
    "secret_rotates_at",
    "secret_days_left",
    "secret_slots",
    "registrations",
)
AD = {"integration_type": "microsoft_ad"}
OUTLOOK = {"integration_type": "microsoftoutlook", "environment": "Sandbox"}


def arguments(**changes: Any) -> MicrosoftIntegrationArgs:
    args = {"display_name": "Example CRM", "workspace_id": "ws_example", "registrations": [AD], **changes}
    return cast(MicrosoftIntegrationArgs, args)


def declaring(name: str = "login", **changes: Any) -> Callable[[], None]:
    def program() -> None:
        made = MicrosoftIntegration(name, arguments(**changes))
        for output in OUTPUTS:
            pulumi.export(output, getattr(made, output))

    return program


@pytest.fixture
def first(rehearse: Rehearse) -> Run:
    run = rehearse(declaring(registrations=[AD, OUTLOOK]))
    assert run.error is None
    return run


def again(first: Run, rehearse: Rehearse, **changes: Any) -> Run:
    """The next run of the same stack."""
    situation = {key: changes.pop(key) for key in ("now", "preview", "config", "state_is_readable") if key in changes}
    return rehearse(declaring(**{"registrations": [AD, OUTLOOK], **changes}), last=first, **situation)


# --- what is registered ----------------------------------------------------------------------------------------------


def test_the_whole_integration_is_declared_with_names_that_begin_with_its_own(first: Run) -> None:
    assert {name: (resource.type, resource.parent) for name, resource in first.resources.items()} == {
        "login": ("unifiedto:index:MicrosoftIntegration", ""),
        "login-entra": ("unifiedto:index:EntraApplication", "login"),
        "login-entra-application": (APPLICATION_TYPE, "login-entra"),
        "login-entra-service-principal": (SERVICE_PRINCIPAL_TYPE, "login-entra"),
        "login-secret": ("unifiedto:index:RotatingClientSecret", "login"),
        "login-secret-schedule": ("pulumi-python:dynamic/unifiedto:RotationSchedule", "login-secret"),
        "login-secret-blue": (PASSWORD_TYPE, "login-secret"),
        "login-proof": (COMMAND_TYPE, "login"),
        "login-Production-microsoft_ad": (REGISTRATION_TYPE, "login"),
        "login-Sandbox-microsoftoutlook": (REGISTRATION_TYPE, "login"),
    }


def test_the_order_is_app_principal_secret_proof_registration(first: Run) -> None:
    order = (
        "login-entra-application",
        "login-entra-service-principal",
        "login-secret-schedule",
        "login-secret-blue",
        "login-proof",
        "login-Production-microsoft_ad",
    )
    for position, name in enumerate(order):
        assert set(order[:position]) <= first[name].depends_on, name


def test_every_registration_waits_for_the_proof(first: Run) -> None:
    """Regression: a new secret is refused for seconds (https://github.com/hashicorp/vault-plugin-secrets-azure/issues/23):
    Unified.to hears of it only once Entra has accepted it."""
    for name in first.of_type(REGISTRATION_TYPE):
        assert "login-proof" in first[name].depends_on


def test_no_option_hides_a_change_and_nothing_is_stored_as_the_component_s_input(first: Run) -> None:
    """Regression: ignore_changes on a secret hid its rotation (peer: the Cognito module's pull request 371)."""
    for resource in first.resources.values():
        assert not resource.request.ignoreChanges, resource.name
        assert not resource.request.retainOnDelete, resource.name
        if not resource.request.custom:
            assert resource.inputs == {}, resource.name


def test_the_secrets_go_with_the_application_and_the_schedule_does_not(first: Run) -> None:
    """Pulumi replaces with the application what is deleted with it, and lets children inherit it: a schedule that is
    replaced would start over, and empty the slot that is in use."""
    application = first["login-entra-application"].urn
    deleted_with = {name: resource.request.deletedWith for name, resource in first.resources.items()}
    assert {name for name, urn in deleted_with.items() if urn == application} == {
        "login-entra-service-principal",
        "login-secret-blue",
    }
    assert set(deleted_with.values()) == {"", application}


def test_the_errors_of_azuread_and_of_the_proof_are_explained_by_one_hook_each(first: Run) -> None:
    assert set(first.error_hooks) == {ADVICE_HOOK, PROOF_ADVICE_HOOK}
    bound = {name: first[name].error_hooks for name in first.custom if first[name].error_hooks}
    assert bound == {
        "login-entra-application": [ADVICE_HOOK],
        "login-entra-service-principal": [ADVICE_HOOK],
        "login-secret-blue": [ADVICE_HOOK],
        "login-proof": [PROOF_ADVICE_HOOK],
    }


def test_what_the_user_protects_stays_protected_and_the_secrets_are_not(rehearse: Rehearse) -> None:
    """Regression: with protected secrets each rotation from the second on failed."""

    def program() -> None:
        MicrosoftIntegration("login", arguments(), pulumi.ResourceOptions(protect=True, retain_on_delete=True))

    run = rehearse(program)
    assert run.error is None
    assert not run["login-secret-blue"].request.protect
    assert not run["login-secret-blue"].request.retainOnDelete
    assert run["login"].request.protect


# --- the proof -------------------------------------------------------------------------------------------------------


@pytest.fixture
def proof(first: Run) -> Registered:
    return first["login-proof"]


def test_the_proof_has_the_secret_in_its_environment_alone(proof: Registered) -> None:
    inputs = dict(proof.inputs)
    assert inputs.pop("environment") == {
        "UNIFIEDTO_PROOF_TENANT_ID": TENANT_ID,
        "UNIFIEDTO_PROOF_CLIENT_ID": CLIENT_ID,
        "UNIFIEDTO_PROOF_CLIENT_SECRET": Secret("canary~login-secret-blue~0"),
        "UNIFIEDTO_PROOF_DEADLINE_S": "120",
        "UNIFIEDTO_PROOF_RUN": "2026-11-23T11:25:31Z",
        "UNIFIEDTO_PROOF_GENERATION": "0",
        "UNIFIEDTO_PROOF_KEY_ID": "key of login-secret-blue #0",
    }
    assert "canary" not in repr(inputs)


def test_the_proof_is_run_by_the_interpreter_of_the_program_and_no_shell(proof: Registered) -> None:
    assert proof.inputs["interpreter"] == [sys.executable, *PROOF_MODULE]
    assert proof.inputs["create"] == "prove"


def test_the_proof_prints_nothing_and_keeps_its_environment_secret(proof: Registered) -> None:
    assert set(proof.inputs) == {"create", "interpreter", "environment", "logging"}
    assert proof.inputs["logging"] == "none"
    assert "environment" in proof.request.additionalSecretOutputs
    assert proof.outputs["environment"] == Secret(reveal(proof.inputs["environment"]))


def test_when_the_secret_was_proven_is_the_end_of_what_the_proof_printed(rehearse: Rehearse) -> None:
    def program() -> None:
        pulumi.export("proven_at", proven_at(MicrosoftIntegration("login", arguments()).proof))

    assert rehearse(program).exports["proven_at"] == PROVEN_AT


LATER = "2026-12-01T00:00:00Z"
ANOTHER_PYTHON = "/srv/another/venv/bin/python"


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next run is on another computer."""
    monkeypatch.setattr(sys, "executable", ANOTHER_PYTHON)


def is_proven_again(last: Run, run: Run) -> bool:
    """Whether the proof runs: by this interpreter, with this run's deadline. Otherwise nothing of it changes."""
    assert run.error is None
    inputs, before = run["login-proof"].inputs, last["login-proof"].inputs
    if inputs == before:
        return False
    assert inputs["interpreter"] == [ANOTHER_PYTHON, *PROOF_MODULE]
    assert inputs["environment"]["UNIFIEDTO_PROOF_DEADLINE_S"] == "300"
    assert inputs["environment"]["UNIFIEDTO_PROOF_RUN"] == run.situation.now
    return True


PREVIEW_AND_UPDATE = pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])


@PREVIEW_AND_UPDATE
@pytest.mark.usefixtures("elsewhere")
def test_another_interpreter_deadline_or_day_proves_nothing_again(
    preview: bool, first: Run, rehearse: Rehearse
) -> None:
    run = again(first, rehearse, proof_deadline=300, now=LATER, preview=preview)
    assert not is_proven_again(first, run)
    assert run.changed_since(first) == set()


@PREVIEW_AND_UPDATE
@pytest.mark.usefixtures("elsewhere")
def test_the_next_secret_is_proven(preview: bool, first: Run, rehearse: Rehearse) -> None:
    run = again(first, rehearse, proof_deadline=300, now=DUE, preview=preview)
    assert is_proven_again(first, run)
    if preview:
        assert run["login-proof"].inputs["environment"]["UNIFIEDTO_PROOF_CLIENT_SECRET"] == Secret(UNKNOWN)


@pytest.mark.parametrize(
    "variable", ["UNIFIEDTO_PROOF_KEY_ID", "UNIFIEDTO_PROOF_CLIENT_ID", "UNIFIEDTO_PROOF_CLIENT_SECRET"]
)
@pytest.mark.usefixtures("elsewhere")
def test_another_secret_of_the_same_generation_or_another_client_is_proven(
    variable: str, first: Run, rehearse: Rehearse
) -> None:
    first["login-proof"].outputs["environment"].value[variable] = "what the last run proved"
    assert is_proven_again(first, again(first, rehearse, proof_deadline=300, now=LATER))


@PREVIEW_AND_UPDATE
@pytest.mark.usefixtures("elsewhere")
def test_a_new_registration_is_given_a_secret_that_was_proven_in_the_same_run(
    preview: bool, first: Run, rehearse: Rehearse
) -> None:
    registrations = [AD, OUTLOOK, {**AD, "environment": "Staging"}]
    run = again(first, rehearse, proof_deadline=300, now=LATER, registrations=registrations, preview=preview)
    assert is_proven_again(first, run)


@PREVIEW_AND_UPDATE
@pytest.mark.parametrize("key_id", ["key of an older secret", ""])
@pytest.mark.usefixtures("elsewhere")
def test_a_registration_that_lags_is_given_a_secret_that_was_proven_in_the_same_run(
    key_id: str, preview: bool, first: Run, rehearse: Rehearse
) -> None:
    first["login-Sandbox-microsoftoutlook"].outputs["secret_key_id"] = key_id
    assert is_proven_again(first, again(first, rehearse, proof_deadline=300, now=LATER, preview=preview))


@pytest.mark.usefixtures("elsewhere")
def test_a_registration_by_hand_that_waits_for_a_person_asks_for_no_proof(rehearse: Rehearse) -> None:
    declared = [AD, {**OUTLOOK, "mode": "manual"}]
    last = rehearse(declaring(registrations=declared, proof_deadline=300))
    assert last.error is None
    last["login-Sandbox-microsoftoutlook"].outputs["secret_key_id"] = "key of an older secret"
    assert not is_proven_again(last, again(last, rehearse, registrations=declared, now=LATER))


@pytest.mark.usefixtures("elsewhere")
def test_a_state_that_cannot_be_read_asks_for_a_proof(first: Run, rehearse: Rehearse) -> None:
    run = again(first, rehearse, proof_deadline=300, now=LATER, state_is_readable=False)
    assert is_proven_again(first, run)


@pytest.mark.parametrize(("given", "passed_on"), [(30, "30"), (0.5, "0.5"), (300.0, "300")])
def test_the_deadline_of_the_proof_can_be_set(given: float, passed_on: str, rehearse: Rehearse) -> None:
    run = rehearse(declaring(proof_deadline=given))
    assert run["login-proof"].inputs["environment"]["UNIFIEDTO_PROOF_DEADLINE_S"] == passed_on


# --- the registrations -----------------------------------------------------------------------------------------------


def inputs_of(run: Run, name: str) -> dict[str, Any]:
    return {key: value for key, value in run[name].inputs.items() if key != "__provider"}


def test_a_registration_gets_client_secret_and_generation_and_leaves_the_rest_as_found(first: Run) -> None:
    assert inputs_of(first, "login-Production-microsoft_ad") == {
        "api_url": "https://api.unified.to",
        "workspace_id": "ws_example",
        "integration_type": "microsoft_ad",
        "environment": "Production",
        "client_id": CLIENT_ID,
        "client_secret": Secret("canary~login-secret-blue~0"),
        "secret_generation": 0,
        "secret_key_id": "key of login-secret-blue #0",
        "secret_proven_at": "2026-11-23T11:25:40.000001+00:00",
        "redirect_uris": [CALLBACK],
    }
    assert inputs_of(first, "login-Sandbox-microsoftoutlook")["environment"] == "Sandbox"


def test_everything_that_is_declared_on_a_registration_reaches_it(rehearse: Rehearse) -> None:
    declared = {
        "permissions": ["auth_login"],
        "scope_overrides": {"auth_login": "openid"},
        "is_active": False,
        "on_delete": "keep",
        "mode": "manual",
    }
    run = rehearse(declaring(registrations=[{**AD, **declared}]))
    assert run.error is None
    inputs = inputs_of(run, "login-Production-microsoft_ad")
    assert {key: inputs[key] for key in declared} == declared


def test_the_same_values_given_by_other_resources_reach_it_too(rehearse: Rehearse) -> None:
    def program() -> None:
        wrap = pulumi.Output.from_input
        declaring(
            display_name=wrap("Example CRM"),
            workspace_id=wrap("ws_example"),
            owners=wrap(["77777777-7777-7777-7777-777777777777"]),
            notes=wrap("asked for by sales"),
            registrations=[{**AD, "permissions": wrap(["auth_login"]), "is_active": wrap(True)}],
        )()

    run = rehearse(program)
    assert run.error is None
    inputs = inputs_of(run, "login-Production-microsoft_ad")
    assert (inputs["workspace_id"], inputs["permissions"], inputs["is_active"]) == ("ws_example", ["auth_login"], True)
    assert run["login-entra-application"].inputs["notes"] == "asked for by sales"


@pytest.mark.parametrize(
    ("given", "api_url", "redirect_uris"),
    [
        ({"region": "eu"}, "https://api-eu.unified.to", ["https://api-eu.unified.to/oauth/code"]),
        (
            {"redirect_uris": ["https://auth.example.com/oauth/code"]},
            "https://api.unified.to",
            [CALLBACK, "https://auth.example.com/oauth/code"],
        ),
        ({"api_url": "HTTPS://LOCALHOST:8443/"}, "https://localhost:8443", ["https://localhost:8443/oauth/code"]),
    ],
    ids=["region", "one more", "API address"],
)
def test_app_and_registrations_agree_on_the_redirect_uris(
    given: dict[str, Any], api_url: str, redirect_uris: list[str], rehearse: Rehearse
) -> None:
    run = rehearse(declaring(**given))
    assert run["login-entra-application"].inputs["web"]["redirectUris"] == redirect_uris
    inputs = inputs_of(run, "login-Production-microsoft_ad")
    assert (inputs["api_url"], inputs["redirect_uris"]) == (api_url, redirect_uris)


@pytest.mark.parametrize("absent", ["", None])
def test_an_empty_text_counts_as_absent_as_in_a_stack_s_configuration(absent: str | None, rehearse: Rehearse) -> None:
    optional = ("region", "api_url", "redirect_uris", "notes", "client_id", "rotate_every")
    run = rehearse(declaring(**dict.fromkeys((*optional, "force_rotation", "owners", "tags"), absent)))
    usual = rehearse(declaring())
    assert run.error is None
    assert run.changed_since(usual) == set()


# --- run after run ---------------------------------------------------------------------------------------------------


def test_a_second_run_changes_nothing(first: Run, rehearse: Rehearse) -> None:
    assert again(first, rehearse, preview=True, now="2027-02-21T11:25:30Z").changed_since(first) == set()


def test_a_rotation_touches_one_slot_the_proof_and_the_registrations(first: Run, rehearse: Rehearse) -> None:
    touched = {
        "login-secret-schedule",
        "login-secret-green",
        "login-proof",
        "login-Production-microsoft_ad",
        "login-Sandbox-microsoftoutlook",
    }
    assert again(first, rehearse, now=DUE, preview=True).changed_since(first) == touched
    rotated = again(first, rehearse, now=DUE)
    assert rotated.changed_since(first) == touched
    assert again(rotated, rehearse, now=DUE, preview=True).changed_since(rotated) == set()


def test_the_rotated_secret_is_sent(first: Run, rehearse: Rehearse) -> None:
    """Regression: a rotated secret was never sent
    (https://github.com/fivetran/terraform-provider-fivetran/issues/390)."""
    rotated = again(first, rehearse, now=DUE)
    for name in rotated.of_type(REGISTRATION_TYPE):
        assert rotated[name].inputs["client_secret"] == Secret("canary~login-secret-green~1")
        assert rotated[name].inputs["secret_generation"] == 1


def test_another_permission_of_one_registration_touches_that_one_alone(first: Run, rehearse: Rehearse) -> None:
    run = again(first, rehearse, registrations=[{**AD, "permissions": ["auth_login"]}, OUTLOOK], preview=True)
    assert run.changed_since(first) == {"login-Production-microsoft_ad"}


def test_a_removed_registration_touches_that_one_alone(first: Run, rehearse: Rehearse) -> None:
    assert again(first, rehearse, registrations=[AD], preview=True).changed_since(first) == {
        "login-Sandbox-microsoftoutlook"
    }


def test_the_schedule_is_told_which_secret_each_registration_accepted(first: Run, rehearse: Rehearse) -> None:
    assert again(first, rehearse, preview=True)["login-secret-schedule"].inputs["registrations"] == [
        {"name": name, "generation": 0, "key_id": "key of login-secret-blue #0"}
        for name in ("login-Production-microsoft_ad", "login-Sandbox-microsoftoutlook")
    ]


def test_forcing_again_while_a_registration_lags_is_refused(first: Run, rehearse: Rehearse) -> None:
    forced = again(first, rehearse, force_rotation="leak 1")
    forced["login-Sandbox-microsoftoutlook"].outputs["secret_generation"] = 0
    run = again(forced, rehearse, force_rotation="leak 2")
    assert 'UNI211 The forced rotation "leak 2" was not carried out' in str(run.error)
    assert run.of_type(PASSWORD_TYPE) == []


@pytest.mark.parametrize(
    ("argument", "configured"),
    [(None, None), (None, "leak 1"), ("leak 2", None), ("leak 1", "leak 1"), ("leak 2", "leak 1"), ("", "leak 1")],
)
def test_the_force_token_is_the_argument_and_the_stack_s_configuration_together(
    argument: str | None, configured: str | None, rehearse: Rehearse
) -> None:
    config = {} if configured is None else {"unifiedto:forceRotation": configured}
    run = rehearse(declaring(force_rotation=argument), config=config)
    assert run.error is None
    assert run["login-secret-schedule"].inputs["force_tokens"] == [argument or "", configured or ""]


# --- outputs ---------------------------------------------------------------------------------------------------------


def test_outputs_are_what_a_user_needs_to_know(first: Run) -> None:
    exports = first.exports
    assert exports["client_id"] == CLIENT_ID
    assert exports["client_secret"] == Secret("canary~login-secret-blue~0")
    assert exports["application_object_id"] == "object of login-entra-application"
    assert exports["tenant_id"] == TENANT_ID
    assert exports["secret_expires_at"] == "2027-05-22T11:25:31Z"
    assert exports["secret_rotates_at"] == DUE
    assert exports["secret_days_left"] == 180
    assert exports["secret_slots"]["blue"]["key_id"] == "key of login-secret-blue #0"
    assert exports["registrations"] == [
        {
            "id": "row of login-Production-microsoft_ad",
            "integration_type": "microsoft_ad",
            "environment": "Production",
            "client_id": CLIENT_ID,
            "redirect_uri": CALLBACK,
            "active": True,
            "status": "verified",
        },
        {
            "id": "row of login-Sandbox-microsoftoutlook",
            "integration_type": "microsoftoutlook",
            "environment": "Sandbox",
            "client_id": CLIENT_ID,
            "redirect_uri": CALLBACK,
            "active": True,
            "status": "verified",
        },
    ]


def test_the_client_secret_is_secret_and_nothing_else_is(first: Run, rehearse: Rehearse) -> None:
    for run in (first, again(first, rehearse, now=DUE)):
        for outputs in (run.exports, run.component_outputs["login"]):
            assert {name for name, value in outputs.items() if holds_secret(value)} == {"client_secret"}


def test_a_secret_is_nowhere_without_its_mark(first: Run, rehearse: Rehearse) -> None:
    for run in (first, again(first, rehearse, now=DUE), again(first, rehearse, now=DUE, preview=True)):
        seen: list[Any] = [run.exports, run.component_outputs, run.logged, run.calls]
        seen += [[resource.inputs, resource.outputs] for resource in run.resources.values()]
        assert "canary" not in repr(_unmarked(seen))


def _unmarked(value: Any) -> Any:
    """What stands in clear."""
    if isinstance(value, Secret):
        return None
    if isinstance(value, dict):
        return {key: _unmarked(item) for key, item in value.items()}
    return [_unmarked(item) for item in value] if isinstance(value, Sequence) and not isinstance(value, str) else value


def test_the_component_registers_its_outputs(first: Run) -> None:
    registered = first.component_outputs["login"]
    assert registered == {key: first.exports[key] for key in registered}
    assert {"client_id", "client_secret", "secret_expires_at", "registrations"} <= set(registered)


# --- previews --------------------------------------------------------------------------------------------------------


def test_the_first_preview_declares_what_the_first_run_declares(first: Run, rehearse: Rehearse) -> None:
    preview = rehearse(declaring(registrations=[AD, OUTLOOK]), preview=True)
    assert preview.error is None
    assert set(preview.resources) == set(first.resources)
    exports = preview.exports
    assert exports["client_secret"] == Secret(UNKNOWN)
    assert exports["client_id"] == UNKNOWN
    assert (exports["tenant_id"], exports["secret_days_left"]) == (TENANT_ID, 180)
    registration = inputs_of(preview, "login-Production-microsoft_ad")
    assert registration["client_secret"] == Secret(UNKNOWN)
    assert registration["secret_generation"] == 0
    assert preview["login-proof"].inputs["environment"]["UNIFIEDTO_PROOF_CLIENT_SECRET"] == Secret(UNKNOWN)


# --- days left -------------------------------------------------------------------------------------------------------


def test_enough_days_left_are_nothing_to_say(first: Run) -> None:
    assert first.logged == []


@pytest.mark.parametrize("preview", [False, True])
def test_fewer_days_than_the_limit_give_a_warning_in_preview_and_up(
    preview: bool, first: Run, rehearse: Rehearse
) -> None:
    run = again(first, rehearse, warn_days_left=181, preview=preview)
    assert run.error is None
    (warning,) = run.logged
    assert warning.startswith("UNI216 A client secret in use expires on 2027-05-22T11:25:31Z: 180 days are left")
    assert "the limit is 181" in warning
    assert "Run pulumi up" in warning


def test_as_many_days_as_the_limit_are_enough(rehearse: Rehearse) -> None:
    assert rehearse(declaring(warn_days_left=180)).logged == []


def test_the_usual_limit_is_thirty_days(rehearse: Rehearse) -> None:
    assert rehearse(declaring(rotate_every="P15D")).logged == []
    assert len(rehearse(declaring(rotate_every="P14D")).logged) == 1


def test_it_is_a_failure_when_asked_for_and_only_after_all_that_could_mend_it(rehearse: Rehearse) -> None:
    run = rehearse(declaring(warn_days_left=181, fail_below_limit=True))
    assert isinstance(run.error, SecretExpiresSoon)
    assert "180 days are left, and the limit is 181" in str(run.error)
    assert run["login-Production-microsoft_ad"].outputs["status"] == "verified"


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"region": "uk"}, InvalidInput, 'region is not usable ("uk"): it is not one of us, eu, au'),
        (
            {"workspace_id": "my workspace"},
            InvalidInput,
            'workspaceId is not usable ("my workspace")',
        ),
        ({"display_name": "x" * 91}, InvalidInput, "has 91 characters; 90 are allowed"),
        ({"notes": "x" * 1025}, InvalidInput, "notes is not usable: it has 1025 characters; 1024 are allowed"),
        ({"owners": ["me@example.com"]}, InvalidInput, '"me@example.com" is a sign-in name'),
        ({"display_name": ""}, InvalidInput, "displayName is not usable: it is empty"),
        ({"redirect_uris": ["http://auth.example.com/cb"]}, InvalidInput, "it is not https"),
        ({"redirect_uris": ["https://auth.example.com/cb?x"]}, InvalidInput, "it has a query"),
        ({"redirect_uris": ["https://auth.example.com"]}, InvalidInput, "write https://auth.example.com/"),
        ({"api_url": "http://api.unified.to"}, InvalidInput, "it does not begin with https://"),
        ({"rotate_every": "90 days"}, InvalidInput, "not an ISO 8601 duration"),
        ({"rotate_evry": "P30D"}, InvalidInput, "did you mean rotate_every?"),
        ({"client_id": "my app"}, InvalidInput, "clientId is not usable: it must be a GUID"),
        ({"registrations": [AD, {**OUTLOOK, "on_delte": "keep"}]}, InvalidInput, "registrations[1].on_delte"),
        (
            {"registrations": [{**AD, "on_delete": "remove"}]},
            InvalidInput,
            '[0]: The input onDelete is not usable ("remove"): it is not one of deactivate, keep',
        ),
        ({"registrations": [{"environment": "Sandbox"}]}, InvalidInput, "registrations[0].integrationType"),
        ({"registrations": [AD, OUTLOOK, AD]}, DuplicateRegistration, '"microsoft_ad" in environment "Production"'),
    ],
)
def test_a_bad_argument_is_refused_before_anything_is_registered(
    changes: dict[str, Any], kind: type[Exception], words: str, rehearse: Rehearse
) -> None:
    run = rehearse(declaring(**changes))
    assert isinstance(run.error, kind)
    assert words in str(run.error)
    assert run.resources == {}
    assert run.calls == []


@pytest.mark.parametrize("is_first_run", [True, False])
def test_without_an_api_key_nothing_begins_while_a_registration_needs_one(
    is_first_run: bool, first: Run, rehearse: Rehearse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Regression: a rotation replaced and proved the secret, and failed at the registration."""
    monkeypatch.delenv("UNIFIED_API_KEY")
    registrations = [{**AD, "mode": "manual"}, OUTLOOK]
    run = rehearse(declaring(registrations=registrations), last=None if is_first_run else first, now=DUE)
    assert isinstance(run.error, ApiKeyMissing)
    assert "export UNIFIED_API_KEY=<key>" in str(run.error)
    assert run.resources == {}


def test_a_program_whose_registrations_are_all_by_hand_needs_no_api_key(
    rehearse: Rehearse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UNIFIED_API_KEY")
    assert rehearse(declaring(registrations=[{**AD, "mode": "manual"}])).error is None
    assert rehearse(declaring(registrations=[])).error is None


# --- adoption, and more than one -------------------------------------------------------------------------------------


def test_an_adopted_app_gets_a_secret_a_proof_and_registrations_and_is_not_declared(rehearse: Rehearse) -> None:
    application = {
        "objectId": "object of the adopted app",
        "signInAudience": "AzureADandPersonalMicrosoftAccount",
        "webs": [{"redirectUris": [CALLBACK], "homepageUrl": "", "logoutUrl": "", "implicitGrants": []}],
        "apis": [{"requestedAccessTokenVersion": 2, "mappedClaimsEnabled": False, "knownClientApplications": []}],
    }
    run = rehearse(declaring(client_id=ADOPTED), application=application)
    assert run.error is None
    assert run.of_type(APPLICATION_TYPE) == []
    assert run.of_type(SERVICE_PRINCIPAL_TYPE) == []
    assert run["login-secret-blue"].inputs["applicationId"] == "/applications/object of the adopted app"
    assert run["login-secret-schedule"].inputs["application_object_id"] == "object of the adopted app"
    assert inputs_of(run, "login-Production-microsoft_ad")["client_id"] == ADOPTED
    assert run.exports["client_id"] == ADOPTED


def test_two_components_of_different_names_live_in_one_program(rehearse: Rehearse) -> None:
    def program() -> None:
        for name in ("login", "mail"):
            MicrosoftIntegration(name, arguments(registrations=[{**AD, "environment": name}]))

    run = rehearse(program)
    assert run.error is None
    assert len(run.of_type(PASSWORD_TYPE)) == 2
    assert set(run.error_hooks) == {ADVICE_HOOK, PROOF_ADVICE_HOOK}
    for name, other in (("login", "mail"), ("mail", "login")):
        mine = [resource for resource in run.custom if resource.startswith(name)]
        assert len(mine) == 6
        for resource in mine:
            assert not {needed for needed in run[resource].depends_on if needed.startswith(other)}
    assert rehearse(program, last=run, preview=True).changed_since(run) == set()


class Wrapper(pulumi.ComponentResource):
    """A component of somebody's own, of any type."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"example:index:{kind}", kind)


def test_two_components_of_one_name_are_refused_under_whichever_parents(rehearse: Rehearse) -> None:
    """Pulumi takes them for two, and their secrets in the state could not be told apart."""

    def program() -> None:
        for kind, environment in (("Product", "Production"), ("Trial", "Staging")):
            registrations = [{**AD, "environment": environment}]
            MicrosoftIntegration(
                "login", arguments(registrations=registrations), pulumi.ResourceOptions(parent=Wrapper(kind))
            )

    run = rehearse(program)
    assert isinstance(run.error, InvalidInput)
    assert 'two MicrosoftIntegration of this program are called "login"' in str(run.error)
    assert "Give each its own name" in str(run.error)


def test_an_api_key_in_clear_is_refused_by_a_registration_alone_too(rehearse: Rehearse) -> None:
    def program() -> None:
        WorkspaceIntegration(
            "own",
            {
                "workspace_id": "ws_example",
                "integration_type": "microsoft_ad",
                "client_id": CLIENT_ID,
                "client_secret": "s",
            },
        )

    run = rehearse(program, config={"unifiedto:apiKey": "key-set-without-secret"})
    assert isinstance(run.error, ApiKeyNotSecret)
    assert run.custom == []


def test_a_component_of_one_name_may_be_declared_again_as_unit_tests_do(rehearse: Rehearse) -> None:
    """They share a monitor, and each declares what it tests; a real engine refuses a second resource of one URN."""

    def program() -> None:
        for _test in range(2):
            name_once(cast(Any, object()), "login", None)

    assert rehearse(program).error is None


def two_components(*, second: dict[str, Any]) -> Callable[[], None]:
    def program() -> None:
        MicrosoftIntegration("login", arguments())
        MicrosoftIntegration("mail", arguments(**second))

    return program


@pytest.mark.parametrize("second", [{}, {"registrations": [{**AD, "environment": " Production "}]}])
def test_two_components_for_one_registration_are_refused_by_name(second: dict[str, Any], rehearse: Rehearse) -> None:
    run = rehearse(two_components(second=second))
    assert isinstance(run.error, DuplicateRegistration)
    assert "declared twice by login-Production-microsoft_ad and by mail-Production-microsoft_ad." in str(run.error)


@pytest.mark.parametrize(
    "second",
    [{"workspace_id": "ws_other"}, {"registrations": [OUTLOOK]}],
    ids=["workspace", "integration"],
)
def test_two_components_for_different_registrations_are_not_mixed_up(
    second: dict[str, Any], rehearse: Rehearse
) -> None:
    for _run in range(2):
        assert rehearse(two_components(second=second)).error is None


def test_a_registration_declared_beside_a_component_that_has_it_is_refused(rehearse: Rehearse) -> None:
    def program() -> None:
        made = MicrosoftIntegration("login", arguments())
        WorkspaceIntegration(
            "own",
            {
                "workspace_id": "ws_example",
                "integration_type": "microsoft_ad",
                "client_id": made.client_id,
                "client_secret": made.client_secret,
            },
        )

    run = rehearse(program)
    assert isinstance(run.error, DuplicateRegistration)
    assert "by login-Production-microsoft_ad and by own." in str(run.error)


def test_a_program_without_registrations_declares_the_rest(rehearse: Rehearse) -> None:
    run = rehearse(declaring(registrations=[]))
    assert run.error is None
    assert run.exports["registrations"] == []
