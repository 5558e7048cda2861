"""The life of a stack, as a user lives it. Each scenario ends settled: preview empty, refresh empty, no secret
astray."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

import httpx
import msal
import pytest

from emulator.unifiedto.seed import WORKSPACE_ID
from tests.support.stack import RehearsedStack


def test_the_first_up_creates_the_app_proves_its_secret_and_registers_it(stack: RehearsedStack) -> None:
    result = stack.up()

    outputs = stack.outputs()
    assert result.changes.get("create") == 10
    application = stack.application()
    assert application["appId"] == outputs["client_id"]
    assert application["signInAudience"] == "AzureADandPersonalMicrosoftAccount"
    assert application["api"]["requestedAccessTokenVersion"] == 2
    assert application["web"]["redirectUris"] == [f"{stack.emulator.base_url}/oauth/code"]
    assert len(application["passwordCredentials"]) == 1
    [registration] = outputs["registrations"]
    assert registration["client_id"] == outputs["client_id"]
    assert registration["redirect_uri"] == f"{stack.emulator.base_url}/oauth/code"
    assert registration["status"] == "verified"
    assert registration["active"] is True
    assert outputs["secret_days_left"] == 180
    assert stack.pulumi().outputs()["client_secret"].secret
    assert stack.sign_in()["signed_in"]
    stack.assert_settled()


def test_msal_gets_a_token_and_signs_a_person_in_with_what_is_registered(
    deployed: RehearsedStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(deployed.emulator.ca_bundle))
    outputs = deployed.outputs()
    [registration] = outputs["registrations"]

    def client(tenant: str) -> msal.ConfidentialClientApplication:
        return msal.ConfidentialClientApplication(
            registration["client_id"],
            authority=f"{deployed.emulator.base_url}/{tenant}",
            client_credential=outputs["client_secret"],
            instance_discovery=False,
        )

    token = client(outputs["tenant_id"]).acquire_token_for_client([f"{deployed.emulator.base_url}/.default"])
    assert "access_token" in token, token.get("error")

    # A sign-in by code with PKCE, at the redirect URI that Unified.to uses (account of another tenant).
    application = client("common")
    flow = application.initiate_auth_code_flow(["User.Read"], redirect_uri=registration["redirect_uri"])
    page = httpx.get(
        f"{flow['auth_uri']}&prompt=none&login_hint=piet@partner.example.com", verify=deployed.emulator.ssl_context
    )
    answered = dict(parse_qsl(urlsplit(page.headers["location"]).query))
    signed_in = application.acquire_token_by_auth_code_flow(flow, answered)
    assert signed_in.get("id_token_claims", {}).get("preferred_username") == "piet@partner.example.com", signed_in
    assert deployed.sign_in()["signed_in"]
    deployed.assert_settled()


def test_an_up_without_changes_sends_no_write_and_nothing_to_unified(deployed: RehearsedStack) -> None:
    before = deployed.mark()
    result = deployed.up()
    assert result.is_unchanged
    since = deployed.requests(since=before)
    assert [entry["path"] for entry in since if entry["service"] == "unifiedto"] == []
    assert {entry["method"] for entry in since if entry["service"] == "graph"} <= {"GET"}
    deployed.assert_settled()


def test_a_preview_sends_no_write(stack: RehearsedStack) -> None:
    preview = stack.preview()
    assert preview.changes.get("create") == 10
    writes = [
        entry for entry in stack.requests() if entry["service"] in ("graph", "unifiedto") and entry["method"] != "GET"
    ]
    assert writes == []


def test_a_change_of_permissions_changes_the_app_alone(deployed: RehearsedStack) -> None:
    before = deployed.mark()
    result = deployed.up(graphPermissions=["openid", "User.Read", "Mail.Read"])
    assert result.changes.get("update") == 1
    [access] = deployed.application()["requiredResourceAccess"]
    assert len(access["resourceAccess"]) == 3
    assert not list(deployed.requests("unifiedto", before))
    assert deployed.sign_in()["signed_in"]
    deployed.assert_settled()


def test_another_deadline_of_the_proof_proves_nothing_anew(deployed: RehearsedStack) -> None:
    before = deployed.mark()
    assert deployed.up(proofDeadline=300).is_unchanged
    assert not [entry for entry in deployed.requests("entra", before) if deployed.outputs()["client_id"] in str(entry)]
    deployed.assert_settled()


def test_a_second_registration_uses_the_same_client(deployed: RehearsedStack) -> None:
    result = deployed.up(
        registrations=[
            {"integrationType": "microsoft_ad", "isActive": True},
            {"integrationType": "microsoftoutlook", "environment": "Staging", "isActive": True},
        ]
    )
    assert result.changes.get("create") == 1
    first, second = deployed.outputs()["registrations"]
    assert first["client_id"] == second["client_id"]
    assert deployed.sign_in("microsoftoutlook", "Staging")["signed_in"]
    assert deployed.sign_in()["signed_in"]
    deployed.assert_settled()


def test_a_removed_registration_is_deactivated(deployed: RehearsedStack) -> None:
    result = deployed.up(registrations=[{"integrationType": "microsoftoutlook", "isActive": True}])
    assert result.changes.get("create") == 1
    assert result.changes.get("delete") == 1
    assert deployed.row()["is_active"] is False
    assert deployed.sign_in("microsoftoutlook")["signed_in"]
    deployed.assert_settled()


def test_a_client_id_changed_by_hand_shows_in_refresh_and_the_next_up_repairs_it(deployed: RehearsedStack) -> None:
    deployed.edit_row({"auth": {"client_id": "00000000-0000-4000-8000-00000000dead", "client_secret": "by-hand"}})
    assert not deployed.sign_in()["signed_in"]

    refreshed = deployed.refresh()
    assert not refreshed.is_unchanged
    repaired = deployed.up()
    assert repaired.changes.get("update") == 1
    assert deployed.sign_in()["signed_in"]
    deployed.assert_settled()


def test_a_registration_that_exists_is_adopted_and_keeps_what_was_not_declared(stack: RehearsedStack) -> None:
    stack.edit_row(
        {
            "is_active": True,
            "auth": {"client_id": "00000000-0000-4000-8000-00000000beef", "client_secret": "made-by-hand"},
            "permissions": ["hris_employee_read"],
            "display_order": 7,
        }
    )
    stack.up(registrations=[{"integrationType": "microsoft_ad"}])
    row = stack.row()
    assert row["permissions"] == ["hris_employee_read"]
    assert row["display_order"] == 7
    assert row["is_active"] is True
    assert stack.sign_in()["signed_in"]
    stack.assert_settled()


def test_a_failed_proof_leaves_unified_alone_and_the_next_up_goes_on(stack: RehearsedStack) -> None:
    stack.control.settings(secret_propagation_s=3600)
    before = stack.row()
    words = stack.fails(lambda: stack.up(proofDeadline=2))
    assert "Entra did not accept the new secret" in words
    assert stack.row() == before
    assert not [entry for entry in stack.requests("unifiedto") if entry["method"] == "PUT" and entry["seq"] > 0]
    stack.assert_no_secret_leaked()

    stack.later(hours=2)
    stack.up()
    assert len(stack.application()["passwordCredentials"]) == 1
    assert stack.sign_in()["signed_in"]
    stack.assert_settled()


def test_a_failed_write_at_unified_is_finished_by_the_next_up(stack: RehearsedStack) -> None:
    stack.control.add_fault({"kind": "status", "status": 403}, service="unifiedto", method="PUT", times=1000)
    words = stack.fails(stack.up)
    assert "The API key does not allow" in words
    assert 'mode to "manual"' in words
    stack.assert_no_secret_leaked()

    stack.control.clear_faults()
    stack.up()
    assert len(stack.application()["passwordCredentials"]) == 1
    assert stack.sign_in()["signed_in"]
    stack.assert_settled()


def test_manual_mode_leads_a_person_through_registration_and_rotation(stack: RehearsedStack) -> None:
    """The steps as they are printed, carried out by their words; the secret comes from the output that they name."""
    manual = {"integrationType": "microsoft_ad", "mode": "manual"}

    def enter_what_the_steps_say(printed: list[str]) -> None:
        words = "\n".join(printed)
        assert "UNI215" in words
        assert "pulumi stack output client_secret --show-secrets" in words
        outputs = stack.outputs()
        assert f"Enter {outputs['client_id']} as client id." in words
        credentials = {"client_id": outputs["client_id"], "client_secret": outputs["client_secret"]}
        stack.edit_row({"is_active": True, "auth": credentials})
        manual["enteredSecret"] = outputs["client_secret"][:3]

    def status() -> str:
        return str(stack.outputs()["registrations"][0]["status"])

    waiting = stack.up(registrations=[manual])
    assert status().startswith("waiting for a person")
    enter_what_the_steps_say(waiting.diagnostics)
    stack.up(registrations=[manual])
    assert status() == "verified"
    assert stack.sign_in()["signed_in"]
    stack.assert_settled()

    stack.later(days=91)
    waiting = stack.up()
    assert status().startswith("waiting for a person")
    assert stack.sign_in()["signed_in"], "the previous secret is valid until the person comes"
    enter_what_the_steps_say(waiting.diagnostics)
    stack.up(registrations=[manual])
    assert status() == "verified"
    stack.assert_settled()
    stack.later(days=91)
    stack.up()
    assert stack.sign_in()["signed_in"], "the rotation replaced the secret that nobody uses any more"


def test_an_address_of_a_custom_domain_leads_to_the_same_registration(deployed: RehearsedStack) -> None:
    other_address = deployed.emulator.base_url.replace("localhost", "127.0.0.1")
    result = deployed.up(apiUrl=other_address, redirectUris=[f"{deployed.emulator.base_url}/oauth/code"])
    assert "replace" not in result.changes
    assert deployed.sign_in()["signed_in"]
    deployed.assert_settled()


def test_destroy_takes_everything_away_and_a_second_destroy_succeeds(deployed: RehearsedStack) -> None:
    object_id = deployed.outputs()["application_object_id"]
    result = deployed.destroy()
    assert result.changes.get("delete") == 10
    assert deployed.row()["is_active"] is False
    assert deployed.graph("GET", "/v1.0/applications").get("value") == [] or all(
        application["id"] != object_id for application in deployed.graph("GET", "/v1.0/applications")["value"]
    )
    deployed.assert_no_secret_leaked()
    deployed.destroy()


def test_two_stacks_live_side_by_side(new_stack: Callable[..., RehearsedStack]) -> None:
    crm = new_stack("crm")
    mail = new_stack("mail", registrations=[{"integrationType": "microsoftoutlook", "isActive": True}])
    crm.up()
    mail.up()
    assert crm.outputs()["client_id"] != mail.outputs()["client_id"]
    mail.destroy()
    assert crm.sign_in()["signed_in"]
    assert crm.config["workspaceId"] == WORKSPACE_ID
    crm.assert_settled()
