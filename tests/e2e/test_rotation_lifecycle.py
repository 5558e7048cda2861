"""Create, rotate, force, run late, destroy: the life of a client secret."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rehearsal.results import OperationFailed
from tests.matrix.watch import Watch
from tests.support.stack import RehearsedStack

RENAMED = Path(__file__).parent / "programs" / "renamed"


@contextmanager
def nobody_locked_out(stack: RehearsedStack) -> Iterator[None]:
    """At every request of the block the registered secret signs in, and no printed command removes one that does."""
    watch = Watch(stack.emulator.world)
    with watch.watching():
        yield
    watch.assert_content()
    for object_id, key_id in set(re.findall(r"az ad app credential delete --id (\S+) --key-id (\S+)", stack.words())):
        if "<" not in key_id:
            stack.graph("POST", f"/v1.0/applications/{object_id}/removePassword", json={"keyId": key_id})
    assert stack.sign_in()["signed_in"]


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
    assert {slot: int(value["generation"]) for slot, value in stack.outputs()["secret_slots"].items()} == {
        "blue": 0,
        "green": 1,
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
    deployed.assert_settled()


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
    client_id = stack.app_made_by_hand()["appId"]
    [created] = [app for app in stack.graph("GET", "/v1.0/applications")["value"] if app["appId"] == client_id]
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
    assert "Entra has no room for another client secret" in words
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


@pytest.mark.parametrize("rotations", [0, 1])
def test_a_renamed_component_keeps_its_secrets(new_stack: Callable[..., RehearsedStack], rotations: int) -> None:
    stack = new_stack("renamed", project_dir=RENAMED, base={"displayName": "Example CRM"})
    stack.up()
    for _rotation in range(rotations):
        stack.later(days=91)
        stack.up()
    held = {secret["keyId"] for secret in secrets_of(stack)}
    with nobody_locked_out(stack):
        assert stack.up(name="mail").changes.get("replace", 0) == 0
    assert {secret["keyId"] for secret in secrets_of(stack)} == held
    assert "UNI212" not in stack.words()
    stack.assert_settled()


def secrets_of(stack: RehearsedStack) -> list[dict[str, str]]:
    [app] = [app for app in stack.graph("GET", "/v1.0/applications")["value"] if app["displayName"] == "Example CRM"]
    found: list[dict[str, str]] = app["passwordCredentials"]
    return found


@pytest.mark.parametrize("proof_fails", [False, True])
def test_another_application_takes_over_only_when_its_secret_is_registered(
    deployed: RehearsedStack, proof_fails: bool
) -> None:
    deployed.later(days=91)
    deployed.up()
    client_id = deployed.app_made_by_hand()["appId"]
    with nobody_locked_out(deployed):
        if proof_fails:
            deployed.control.settings(secret_propagation_s=3600)
            words = deployed.fails(lambda: deployed.up(clientId=client_id, proofDeadline=1))
            assert "UNI308" in words
            deployed.control.settings(secret_propagation_s=0)
            deployed.later(hours=2)
        deployed.up(clientId=client_id)
    assert deployed.outputs()["client_id"] == client_id
    deployed.assert_settled()


def test_an_application_that_a_refresh_lost_is_made_anew_without_a_gap(deployed: RehearsedStack) -> None:
    """A passing 404 in the refresh; the azuread provider takes it for the end of the application."""
    before = deployed.outputs()["client_id"]
    deployed.control.add_fault(
        {"kind": "status", "status": 404}, service="graph", method="GET", path="^/v1.0/applications/[^/]+$", times=1000
    )
    deployed.refresh()
    deployed.control.clear_faults()
    with nobody_locked_out(deployed):
        deployed.up()
    assert deployed.outputs()["client_id"] != before
    deployed.assert_settled()


@pytest.mark.parametrize("skip", range(3))
def test_a_secret_that_a_refresh_lost_is_never_called_unused(deployed: RehearsedStack, skip: int) -> None:
    deployed.later(days=91)
    deployed.up()
    deployed.control.add_fault(
        {"kind": "status", "status": 404},
        service="graph",
        method="GET",
        path="^/v1.0/applications/[^/]+$",
        skip=skip,
        times=1,
    )
    deployed.refresh()
    deployed.control.clear_faults()
    with nobody_locked_out(deployed):
        try:
            deployed.up()
        except OperationFailed as error:  # the state lost the secret in use, and Entra has no room for another
            words = str(error)
            live, previous = deployed.outputs()["secret_slots"]["green"], deployed.outputs()["secret_slots"]["blue"]
            assert "UNI209" in words
            assert f"key id {live['key_id']};" in words
            assert f"--key-id {live['key_id']}" not in words
            # A sign-in has told the person that customers use the other one.
            object_id = deployed.outputs()["application_object_id"]
            path = f"/v1.0/applications/{object_id}/removePassword"
            deployed.graph("POST", path, json={"keyId": previous["key_id"]})
            deployed.refresh()
            deployed.up()
    assert deployed.sign_in()["signed_in"]
    deployed.assert_settled()


def test_a_second_stack_on_the_same_application_does_not_call_the_first_one_s_secrets_unused(
    new_stack: Callable[..., RehearsedStack],
) -> None:
    first = new_stack("first")
    client_id = first.app_made_by_hand()["appId"]
    first.up(clientId=client_id)
    second = new_stack(
        "second", clientId=client_id, registrations=[{"integrationType": "microsoftoutlook", "isActive": True}]
    )
    with nobody_locked_out(first):
        second.up()
        first.later(days=91)
        assert "UNI209" in second.fails(second.up)


def test_a_preview_warns_of_the_secret_that_is_registered_while_its_successor_cannot_be(
    deployed: RehearsedStack,
) -> None:
    deployed.control.add_fault({"kind": "status", "status": 403}, service="unifiedto", method="PUT", times=None)
    deployed.later(days=91)
    deployed.fails(deployed.up)
    deployed.later(days=84)
    preview = deployed.preview()
    assert any("UNI216" in line and "5 days are left" in line for line in preview.diagnostics), preview.diagnostics
