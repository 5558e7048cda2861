"""Create, rotate, force, run late, destroy: the life of a client secret."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.stack import RehearsedStack


def test_create_rotate_force_late_run_destroy(stack: RehearsedStack) -> None:
    """One life, on either engine: after every change sign-ins work and the stack is settled."""
    stack.up()
    first = stack.outputs()["client_secret"]

    stack.later(days=89)
    assert stack.preview().is_unchanged
    stack.later(days=2)
    preview = stack.preview()
    slots = [step for step in preview.steps if "ApplicationPassword" in step.type and step.op != "same"]
    assert {step.name for step in slots} == {"microsoft-secret-green"}
    stack.up()
    second = stack.outputs()["client_secret"]
    assert second != first
    assert {slot: value["state"] for slot, value in stack.outputs()["secret_slots"].items()} == {
        "blue": "previous, still valid",
        "green": "current",
    }
    assert stack.sign_in()["signed_in"]
    stack.assert_settled()

    stack.up(forceRotation="leak")
    third = stack.outputs()["client_secret"]
    assert third not in (first, second)
    assert len(stack.application()["passwordCredentials"]) == 2
    assert stack.sign_in()["signed_in"]
    stack.assert_settled()

    stack.later(days=400)
    assert not stack.sign_in()["signed_in"]
    stack.up()
    assert stack.outputs()["secret_days_left"] == 180
    assert stack.sign_in()["signed_in"]
    assert len(stack.application()["passwordCredentials"]) == 2
    stack.assert_settled()

    stack.destroy()
    stack.assert_no_secret_leaked()


def test_a_preview_of_a_rotation_names_one_slot_and_the_one_after_is_empty(deployed: RehearsedStack) -> None:
    deployed.later(days=91)
    deployed.up()
    deployed.later(days=91)
    preview = deployed.preview()
    touched = {step.name for step in preview.steps if "ApplicationPassword" in step.type and step.op != "same"}
    assert touched == {"microsoft-secret-blue"}
    deployed.up()
    assert deployed.preview().is_unchanged


def test_a_rotation_replaces_no_secret_that_unified_holds_while_its_registration_fails(
    deployed: RehearsedStack,
) -> None:
    held = deployed.outputs()["client_secret"]
    deployed.control.add_fault({"kind": "status", "status": 500}, service="unifiedto", method="PUT", times=1000)
    deployed.fails(lambda: deployed.up(forceRotation="leak 1"))
    assert deployed.sign_in()["signed_in"]

    deployed.control.clear_faults()
    words = deployed.fails(lambda: deployed.up(forceRotation="leak 2"))
    assert "UNI211" in words
    assert "pulumi config rm unifiedto:forceRotation" in words
    assert deployed.sign_in()["signed_in"]
    assert len(deployed.application()["passwordCredentials"]) == 2

    deployed.up(forceRotation="leak 1")
    assert deployed.outputs()["client_secret"] != held
    assert deployed.sign_in()["signed_in"]
    deployed.up(forceRotation="leak 2")
    assert deployed.sign_in()["signed_in"]
    deployed.assert_settled()


def test_an_adopted_app_keeps_its_hand_made_secret(new_stack: Callable[..., RehearsedStack]) -> None:
    stack = new_stack("adopting")
    created = stack.graph(
        "POST",
        "/v1.0/applications",
        json={
            "displayName": "Made by hand",
            "signInAudience": "AzureADandPersonalMicrosoftAccount",
            "api": {"requestedAccessTokenVersion": 2},
            "web": {"redirectUris": [f"{stack.emulator.base_url}/oauth/code"]},
        },
    )
    stack.graph("POST", "/v1.0/servicePrincipals", json={"appId": created["appId"]})
    by_hand = stack.graph(
        "POST",
        f"/v1.0/applications/{created['id']}/addPassword",
        json={"passwordCredential": {"displayName": "by hand"}},
    )

    stack.up(clientId=created["appId"])
    assert stack.outputs()["client_id"] == created["appId"]
    names = {secret["displayName"] for secret in stack.application()["passwordCredentials"]}
    assert "by hand" in names
    assert len(names) == 2
    assert stack.sign_in()["signed_in"]
    stack.assert_settled()

    stack.later(days=91)
    words = stack.fails(stack.up)
    assert "already holds 2 client secrets" in words
    assert "by hand" in words
    assert by_hand["keyId"] in words
    assert stack.sign_in()["signed_in"]
    assert len(stack.application()["passwordCredentials"]) == 2

    stack.graph("POST", f"/v1.0/applications/{created['id']}/removePassword", json={"keyId": by_hand["keyId"]})
    stack.up()
    assert stack.sign_in()["signed_in"]
    stack.assert_settled()
    stack.destroy()
    assert stack.graph("GET", f"/v1.0/applications/{created['id']}")["appId"] == created["appId"]


def test_a_secret_removed_in_the_portal_is_renewed_alone(deployed: RehearsedStack) -> None:
    object_id = deployed.outputs()["application_object_id"]
    [secret] = deployed.application()["passwordCredentials"]
    deployed.graph("POST", f"/v1.0/applications/{object_id}/removePassword", json={"keyId": secret["keyId"]})
    assert not deployed.sign_in()["signed_in"]

    refreshed = deployed.refresh()
    gone = [step.name for step in refreshed.steps if step.op == "delete"]
    assert gone == ["microsoft-secret-blue"]
    result = deployed.up()
    assert result.changes.get("create") == 1
    assert deployed.sign_in()["signed_in"]
    deployed.assert_settled()
