"""WorkspaceIntegration as Pulumi's engine drives it, against the emulated Unified.to with every unknown switched both
ways.

The provider runs in its real process and is spoken to over gRPC. U1 to U15 are the numbers of what is not known about
Unified.to's API; each has tests with the emulator switched to each possible answer.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from emulator.core.server import EmulatorServer
from emulator.unifiedto.model import Row
from emulator.unifiedto.routes import workspace_of
from emulator.unifiedto.seed import API_KEY, SHARED_CLIENT_ID, VAULT_CLIENT_ID, WORKSPACE_ID
from emulator.unifiedto.state import Workspace
from pulumi_unifiedto.registration.workspace_integration import WorkspaceIntegrationProvider
from tests.contract.dynamic_provider import (
    UNKNOWN,
    Checked,
    Created,
    DynamicProvider,
    DynamicProviderProcess,
    ProviderFailure,
)

CLIENT_ID = "22222222-2222-2222-2222-2222222222ab"
OTHER_ID = "99999999-9999-9999-9999-999999999999"
SECRET = "Zq8~canary.secret_of-forty.characters~40"
SECOND_SECRET = "Yp7~canary.second_of-forty.characters~40"
API_KEY_CANARY = "canary-api-key-that-nobody-knows"
CANARIES = (SECRET, SECOND_SECRET, API_KEY_CANARY)

LIST = "/unified/workspaceintegration"
KIND = "microsoft_ad"

Call = tuple[str, str]


@dataclass
class Stage:
    """One emulator, one provider process, and what a test says about both."""

    emulator: EmulatorServer
    process: DynamicProviderProcess
    provider: DynamicProvider
    environment: Mapping[str, str]

    # --- the remote side ---------------------------------------------------------------------------------------------

    @property
    def workspace(self) -> Workspace:
        return workspace_of(self.emulator.world)

    def switch(self, **values: Any) -> None:
        self.emulator.world.settings.update(values)

    def fault(
        self, kind: str, *, method: str | None = None, path: str = "/unified/", times: int = 1, **action: Any
    ) -> None:
        skip = action.pop("skip", 0)
        rule = {"action": {"kind": kind, **action}, "method": method, "path": path, "times": times, "skip": skip}
        self.emulator.world.faults.add(rule)

    def row(self, environment: str = "Production", kind: str = KIND) -> Row:
        found = self.workspace.find(environment, kind)
        assert found is not None
        return found

    def by_hand(self, environment: str = "Production", **changes: Any) -> None:
        self.workspace.edit_by_hand(environment, KIND, changes)

    @property
    def callback(self) -> str:
        return f"{self.emulator.base_url}/oauth/code"

    def calls(self) -> list[Call]:
        """The requests to Unified.to so far: method, and the path without ids."""
        entries = self.emulator.world.journal.entries(service="unifiedto")
        return [(entry["method"], re.sub(r"/[0-9a-f]{24}", "", entry["path"])) for entry in entries]

    def forget_calls(self) -> None:
        self.emulator.world.journal.clear()

    # --- the engine's side -------------------------------------------------------------------------------------------

    def program(self, **changes: Any) -> dict[str, Any]:
        """A program's inputs. None takes one away."""
        inputs = {
            "api_url": self.emulator.base_url,
            "workspace_id": WORKSPACE_ID,
            "integration_type": KIND,
            "client_id": CLIENT_ID,
            "client_secret": SECRET,
            "is_active": True,
            **changes,
        }
        return {key: value for key, value in inputs.items() if value is not None}

    def checked(self, olds: Mapping[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
        checked = self.provider.check(olds or {}, self.program(**changes))
        assert checked.failures == []
        return checked.inputs

    def refused(self, **changes: Any) -> Checked:
        """A check that names what is wrong, by no property name: Pulumi would print the property's value."""
        checked = self.provider.check({}, self.program(**changes))
        assert checked.failures
        assert {name for name, _reason in checked.failures} == {""}
        assert_no_canary(checked.reasons)
        return checked

    def create(self, **changes: Any) -> Created:
        return self.provider.create(self.checked(**changes))

    def up(self, created: Created, **changes: Any) -> Created:
        """What an engine does for a resource that exists: check, diff, and the update that diff asks for."""
        inputs = self.checked(created.outputs, **changes)
        answer = self.provider.diff(created.id, created.outputs, inputs)
        assert answer.replaces == []
        if not answer.changes:
            return created
        return Created(created.id, self.provider.update(created.id, created.outputs, inputs))

    def refresh(self, created: Created) -> Created:
        read = self.provider.read(created.id, created.outputs)
        return Created(read.id, read.outputs)

    def create_fails(self, **changes: Any) -> str:
        inputs = self.checked(**changes)
        with pytest.raises(ProviderFailure) as failed:
            self.provider.create(inputs)
        return words_of(failed.value)

    def update_fails(self, created: Created, **changes: Any) -> str:
        inputs = self.checked(created.outputs, **changes)
        with pytest.raises(ProviderFailure) as failed:
            self.provider.update(created.id, created.outputs, inputs)
        return words_of(failed.value)

    def read_fails(self, created: Created) -> str:
        with pytest.raises(ProviderFailure) as failed:
            self.provider.read(created.id, created.outputs)
        return words_of(failed.value)

    def delete_fails(self, created: Created) -> str:
        with pytest.raises(ProviderFailure) as failed:
            self.provider.delete(created.id, created.outputs)
        return words_of(failed.value)

    def is_settled(self, created: Created, **changes: Any) -> bool:
        """Whether the next preview and the next refresh are both empty."""
        inputs = self.checked(created.outputs, **changes)
        unchanged = self.provider.diff(created.id, created.outputs, inputs).changes is False
        read = self.provider.read(created.id, created.outputs)
        return unchanged and read.id == created.id and read.outputs == created.outputs and read.inputs is None


def assert_no_canary(text: str) -> None:
    for canary in CANARIES:
        for start in range(0, len(canary) - 12, 4):
            assert canary[start : start + 12] not in text


def words_of(failure: ProviderFailure) -> str:
    """What a user sees: a short traceback that ends in the error's words, and no secret."""
    text = str(failure)
    assert_no_canary(text)
    assert "During handling of the above exception" not in text
    assert "The above exception was the direct cause" not in text
    assert text.count("File ") <= 4
    error = re.search(r"^pulumi_unifiedto\.errors\.\w+\.\w+: (UNI\d{3} .*)", text, re.DOTALL | re.MULTILINE)
    assert error is not None, text
    return error.group(1).strip()


# --- fixtures --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorServer]:
    with tempfile.TemporaryDirectory() as state_dir, EmulatorServer(Path(state_dir)) as running:
        yield running


def tuned(emulator: EmulatorServer, **changes: str) -> dict[str, str]:
    return {
        **emulator.env(),
        "UNIFIED_API_RETRY_WAIT_S": "0.01",
        "UNIFIED_API_RETRIES": "2",
        "UNIFIED_API_TIMEOUT_S": "2",
        "UNIFIED_API_VISIBILITY_S": "0.6",
        **changes,
    }


@pytest.fixture(scope="module")
def process(emulator: EmulatorServer) -> Iterator[DynamicProviderProcess]:
    with DynamicProviderProcess(tuned(emulator)) as running:
        running.configure({})
        yield running
        assert_no_canary(running.printed())


@pytest.fixture
def stage(emulator: EmulatorServer, process: DynamicProviderProcess) -> Stage:
    """An emulator as new, and the provider with a key that may do everything."""
    emulator.control.reset()
    provider = process.provider(WorkspaceIntegrationProvider())
    return Stage(emulator, process, provider, tuned(emulator))


@pytest.fixture
def stage_with(emulator: EmulatorServer, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """As `stage`, with a provider process of its own: `@pytest.mark.parametrize("stage_with", [{...}], indirect=True)`
    gives its environment (None takes a variable away) and, under "config", its configuration."""
    wanted = dict(request.param)
    config = wanted.pop("config", {})
    environment = {**tuned(emulator), **wanted}
    environment = {name: value for name, value in environment.items() if value is not None}
    emulator.control.reset()
    with DynamicProviderProcess(environment) as running:
        running.configure(config)
        yield Stage(emulator, running, running.provider(WorkspaceIntegrationProvider()), environment)
    assert_no_canary(running.printed())


# --- create: adopt, merge, write, read back, verify ------------------------------------------------------------------


def test_a_registration_is_adopted_written_and_verified(stage: Stage) -> None:
    created = stage.create(secret_generation=3)
    row = stage.row()
    assert (row.client_id, row.client_secret, row.is_active) == (CLIENT_ID, SECRET, True)
    expected = {
        "registration_id": row.id,
        "registered_client_id": CLIENT_ID,
        "registered_redirect_uri": stage.callback,
        "active": True,
        "found_active": False,
        "status": "verified",
        "secret_generation": 3,
        "client_secret": SECRET,
    }
    assert created.id == row.id
    assert {key: created.outputs[key] for key in expected} == expected
    assert SECRET not in created.outputs["secret_fingerprint"]
    assert stage.is_settled(created, secret_generation=3)


def test_creating_costs_a_list_a_put_a_read_back_and_an_authorization_url(stage: Stage) -> None:
    stage.create()
    assert stage.calls() == [
        ("GET", LIST),
        ("PUT", LIST),
        ("GET", LIST),
        ("GET", f"/unified/integration/auth/{KIND}"),
    ]


def test_a_run_without_changes_costs_nothing(stage: Stage) -> None:
    created = stage.create()
    stage.forget_calls()
    assert stage.up(created) is created
    assert stage.calls() == []


def test_a_refresh_of_twenty_registrations_in_two_environments_costs_four_lists(stage: Stage) -> None:
    kinds = [row.integration_type for row in stage.workspace.rows() if row.environment == "Production"][:10]
    registrations = [
        stage.create(integration_type=kind, environment=environment)
        for environment in ("Production", "Staging")
        for kind in kinds
    ]
    for _run in range(2):
        stage.forget_calls()
        with ThreadPoolExecutor(4) as threads:
            read = list(threads.map(stage.refresh, registrations))
        assert read == registrations
        calls = stage.calls()
        assert calls.count(("GET", LIST)) <= 4
        assert len([path for _method, path in calls if "/auth/" in path]) == 20
        assert len(calls) <= 24


def test_fields_that_nobody_declared_survive(stage: Stage) -> None:
    stage.by_hand(permissions=["auth_login"], overriden_scopes={"auth_login": "User.Read"}, prompt_region=True)
    before = stage.row().fields
    stage.create()
    after = stage.row().fields
    changed = {name for name in before if before[name] != after.get(name)}
    assert changed <= {"is_active", "updated_at", "categories"}


def test_declared_permissions_and_scopes_are_written(stage: Stage) -> None:
    created = stage.create(permissions=["auth_login"], scope_overrides={"auth_login": "User.Read"})
    fields = stage.row().fields
    assert fields["permissions"] == ["auth_login"]
    assert fields["overriden_scopes"] == {"auth_login": "User.Read"}
    assert stage.is_settled(created, permissions=["auth_login"], scope_overrides={"auth_login": "User.Read"})


def test_activation_is_left_as_found_unless_declared(stage: Stage) -> None:
    created = stage.create(is_active=None)
    assert not stage.row().is_active
    assert created.outputs["active"] is False
    assert created.outputs["status"].startswith("not verified: the integration is not active")
    assert stage.is_settled(created, is_active=None)


def test_a_hidden_secret_is_written_once_on_adoption_and_never_again(stage: Stage) -> None:
    stage.by_hand(is_active=True, auth={"client_id": CLIENT_ID, "client_secret": SECRET})
    created = stage.create()
    assert stage.calls().count(("PUT", LIST)) == 1
    stage.up(stage.refresh(created))
    assert stage.calls().count(("PUT", LIST)) == 1


def test_sandbox_is_registered_and_says_that_it_cannot_be_verified(stage: Stage) -> None:
    created = stage.create(environment="Sandbox")
    assert stage.row("Sandbox").client_id == CLIENT_ID
    assert created.outputs["status"] == "not verified: Sandbox mocks credentials and gives no authorization URL"
    assert not any("/auth/" in path for _method, path in stage.calls())
    assert stage.is_settled(created, environment="Sandbox")


# --- update ----------------------------------------------------------------------------------------------------------


def test_a_new_secret_is_sent(stage: Stage) -> None:
    """Regression: a rotated secret that never reached the platform
    (https://github.com/fivetran/terraform-provider-fivetran/issues/390)."""
    created = stage.create(secret_generation=0)
    updated = stage.up(created, client_secret=SECOND_SECRET, secret_generation=1)
    assert stage.row().client_secret == SECOND_SECRET
    assert updated.outputs["secret_generation"] == 1
    assert updated.outputs["secret_fingerprint"] != created.outputs["secret_fingerprint"]
    assert updated.outputs["found_active"] is False
    assert stage.is_settled(updated, client_secret=SECOND_SECRET, secret_generation=1)


def test_a_change_that_is_only_remembered_costs_nothing(stage: Stage) -> None:
    created = stage.create(secret_generation=0)
    stage.forget_calls()
    updated = stage.up(created, on_delete="keep", secret_generation=1)
    assert stage.calls() == []
    assert (updated.outputs["on_delete"], updated.outputs["secret_generation"]) == ("keep", 1)
    assert stage.is_settled(updated, on_delete="keep", secret_generation=1)


@pytest.mark.parametrize("key", ["workspace_id", "environment", "integration_type"])
def test_another_identity_is_another_registration(stage: Stage, key: str) -> None:
    created = stage.create()
    changed = {"workspace_id": "another", "environment": "Staging"}
    inputs = {**stage.checked(), key: changed.get(key, "microsoftoutlook")}
    answer = stage.provider.diff(created.id, created.outputs, inputs)
    assert (answer.changes, answer.replaces) == (True, [key])


def test_another_address_of_the_same_workspace_is_the_same_registration(stage: Stage) -> None:
    """A custom domain: a replacement would create what exists, and then take it away."""
    created = stage.create()
    other_address = {"api_url": stage.emulator.base_url.replace("localhost", "127.0.0.1")}
    moved = stage.up(created, redirect_uris=[stage.callback], **other_address)
    assert moved.id == created.id
    assert stage.row().is_active
    assert stage.is_settled(moved, redirect_uris=[stage.callback], **other_address)


def test_the_order_of_permissions_says_nothing(stage: Stage) -> None:
    created = stage.create(permissions=["hris_employee_read", "hris_group_read"])
    assert stage.is_settled(created, permissions=["hris_group_read", "hris_employee_read"])


@pytest.mark.parametrize("key", ["api_url", "workspace_id", "client_id", "client_secret", "redirect_uris"])
def test_an_unknown_value_is_a_change_and_never_a_replacement(stage: Stage, key: str) -> None:
    created = stage.create()
    inputs = {**created.outputs, key: UNKNOWN}
    answer = stage.provider.diff(created.id, created.outputs, inputs)
    assert (answer.changes, answer.replaces) == (True, [])


# --- preview: what can be known before the client exists -------------------------------------------------------------


def unborn(stage: Stage, **changes: Any) -> Checked:
    """The check of a registration in a preview, before its client is created."""
    return stage.provider.check({}, stage.program(client_id=UNKNOWN, client_secret=UNKNOWN, **changes))


def test_a_preview_of_a_new_registration_costs_one_list_and_passes_unknown_values_on(stage: Stage) -> None:
    checked = unborn(stage, secret_generation=UNKNOWN)
    assert checked.failures == []
    assert checked.inputs["client_secret"] == UNKNOWN
    assert set(stage.calls()) == {("GET", LIST)}
    assert len(stage.calls()) <= 2


def test_a_preview_of_a_rotation_calls_nobody(stage: Stage) -> None:
    created = stage.create()
    stage.forget_calls()
    checked = stage.provider.check(created.outputs, stage.program(client_secret=UNKNOWN))
    assert checked.failures == []
    assert stage.calls() == []


def test_previews_of_many_new_registrations_share_the_list_of_their_environment(stage: Stage) -> None:
    kinds = sorted({row.integration_type for row in stage.workspace.rows() if row.environment == "Production"})[:8]
    assert len(kinds) == 8
    with ThreadPoolExecutor(4) as engine:
        assert all(checked.failures == [] for checked in engine.map(lambda k: unborn(stage, integration_type=k), kinds))
    assert len(stage.calls()) <= 2


@pytest.mark.parametrize(
    ("happening", "code"),
    [
        pytest.param(lambda stage: stage.fault("status", status=401), "UNI202", id="key refused"),
        pytest.param(lambda stage: stage.fault("status", status=403), "UNI203", id="key without the right"),
        pytest.param(lambda stage: stage.fault("status", status=402), "UNI204", id="plan"),
        pytest.param(lambda stage: stage.workspace.remove_by_hand("Production", KIND), "UNI205", id="not activated"),
        pytest.param(lambda stage: stage.workspace.add_by_hand("Production", KIND), "UNI206", id="two rows"),
        pytest.param(lambda stage: stage.by_hand(auth={"saml_pem": "theirs"}), "UNI111", id="other credentials"),
        pytest.param(lambda stage: stage.fault("reset_before", times=1000), "UNI301", id="unreachable"),
    ],
)
def test_a_preview_names_what_a_first_registration_will_meet(stage: Stage, happening: Any, code: str) -> None:
    happening(stage)
    checked = unborn(stage)
    assert [name for name, _reason in checked.failures] == [""]
    assert checked.reasons.startswith(code)


def test_a_preview_names_a_workspace_that_is_not_the_keys_own(stage: Stage) -> None:
    assert unborn(stage, workspace_id="another").reasons.startswith("UNI218")


# --- refresh: drift --------------------------------------------------------------------------------------------------


def test_a_client_id_changed_by_hand_shows_in_a_refresh_and_the_next_up_repairs_it(stage: Stage) -> None:
    """Regression: a correction by hand that nobody saw was overwritten (Contio-AI Nango provider, CON-6127)."""
    created = stage.create()
    stage.by_hand(auth={"client_id": OTHER_ID, "client_secret": "something else"})
    read = stage.provider.read(created.id, created.outputs)
    assert read.inputs is not None
    assert read.inputs["client_id"] == read.outputs["client_id"] == OTHER_ID
    assert read.outputs["registered_client_id"] == OTHER_ID
    assert read.outputs["status"] == "not verified: changed since the last up: client_id"
    assert stage.row().client_id == OTHER_ID, "nothing is written before the next up"
    repaired = stage.up(Created(read.id, read.outputs))
    assert (stage.row().client_id, stage.row().client_secret) == (CLIENT_ID, SECRET)
    assert repaired.outputs["status"] == "verified"
    assert stage.is_settled(repaired)


@pytest.mark.parametrize(
    "change",
    [
        {"auth": {"client_id": OTHER_ID, "client_secret": "x"}},
        {"is_active": False},
        {"permissions": ["hris_group_read"]},
    ],
    ids=["client", "activation", "permissions"],
)
def test_drift_that_nobody_has_repaired_stays_drift_however_often_it_is_looked_at(
    stage: Stage, change: dict[str, Any]
) -> None:
    declared = {"permissions": ["hris_employee_read"]}
    created = stage.create(**declared)
    stage.by_hand(**change)
    once = stage.refresh(created)
    twice = stage.refresh(once)
    assert once.outputs["status"].startswith("not verified: changed since the last up")
    assert twice.outputs == once.outputs
    assert stage.up(twice, **declared).outputs["status"] == "verified"


def test_a_client_id_that_came_back_does_not_prove_the_secret(stage: Stage) -> None:
    created = stage.create()
    stage.by_hand(auth={"client_id": OTHER_ID, "client_secret": "something else"})
    drifted = stage.refresh(created)
    stage.by_hand(auth={"client_id": CLIENT_ID, "client_secret": "still something else"})
    back = stage.refresh(drifted)
    stage.up(back)
    assert stage.row().client_secret == SECRET


def test_removed_credentials_are_drift(stage: Stage) -> None:
    created = stage.create()
    stage.by_hand(auth=None)
    drifted = stage.refresh(created)
    assert drifted.outputs["client_id"] == ""
    stage.up(drifted)
    assert stage.row().client_secret == SECRET


def test_a_changed_activation_and_permissions_are_drift_and_repaired(stage: Stage) -> None:
    declared = {"permissions": ["auth_login"]}
    created = stage.create(**declared)
    stage.by_hand(is_active=False, permissions=[])
    drifted = stage.refresh(created)
    assert drifted.outputs["status"] == "not verified: changed since the last up: is_active, permissions"
    repaired = stage.up(drifted, **declared)
    assert stage.row().is_active
    assert stage.row().fields["permissions"] == ["auth_login"]
    assert stage.is_settled(repaired, **declared)


def test_a_changed_redirect_uri_is_drift(stage: Stage) -> None:
    created = stage.create()
    stage.switch(custom_domain="https://auth.example.com")
    drifted = stage.refresh(created)
    assert drifted.outputs["redirect_uris"] == ["https://auth.example.com/oauth/code"]
    assert "https://auth.example.com/oauth/code" in stage.update_fails(drifted)


def test_a_row_that_is_gone_is_dropped_from_the_state(stage: Stage) -> None:
    created = stage.create()
    stage.workspace.remove_by_hand("Production", KIND)
    assert stage.provider.read(created.id, created.outputs).id == ""


def test_a_list_that_is_empty_once_does_not_make_a_registration_forgotten(stage: Stage) -> None:
    created = stage.create()
    stage.fault("status", method="GET", path=LIST, status=200, body=[])
    assert stage.refresh(created) == created


def test_an_authorization_url_that_is_refused_once_is_no_drift(stage: Stage) -> None:
    created = stage.create()
    stage.fault("status", method="GET", path="/unified/integration/auth/", status=403)
    assert stage.refresh(created) == created


def test_a_row_that_was_made_anew_is_adopted_again(stage: Stage) -> None:
    created = stage.create()
    stage.workspace.remove_by_hand("Production", KIND)
    stage.workspace.add_by_hand("Production", KIND)
    assert stage.provider.read(created.id, created.outputs).id == ""
    assert stage.create().outputs["status"] == "verified"


# --- delete ----------------------------------------------------------------------------------------------------------


NOW = '"microsoft_ad" in environment "Production" is now'
STAYS = '"microsoft_ad" in environment "Production" stays'


@pytest.mark.parametrize(
    ("on_delete", "found_active", "active", "client_id", "said"),
    [
        (None, False, False, CLIENT_ID, f"{NOW} inactive and keeps client id {CLIENT_ID}."),
        (None, True, True, CLIENT_ID, f"{STAYS} active, and keeps the credentials it has: sign-ins through it fail"),
        ("restore", False, False, CLIENT_ID, f"{NOW} inactive and keeps client id {CLIENT_ID}."),
        ("deactivate", True, False, CLIENT_ID, f"{NOW} inactive and keeps client id {CLIENT_ID}."),
        ("keep", False, True, CLIENT_ID, f"{STAYS} registered with client id {CLIENT_ID}, as onDelete says."),
        ("clear", True, True, "", f"{NOW} active and holds no credentials any more."),
        ("clear", False, False, "", f"{NOW} inactive and holds no credentials any more."),
    ],
)
def test_a_destroy_leaves_the_row_as_on_delete_says_and_says_so(
    stage: Stage, on_delete: str | None, found_active: bool, active: bool, client_id: str, said: str
) -> None:
    stage.by_hand(is_active=found_active)
    created = stage.create(on_delete=on_delete)
    printed = len(stage.process.printed())
    stage.provider.delete(created.id, created.outputs)
    row = stage.row()
    assert (row.is_active, row.client_id) == (active, client_id)
    assert stage.process.has_printed(said, since=printed)
    stage.provider.delete(created.id, created.outputs)


def test_a_destroy_keeps_the_fields_that_nobody_declared(stage: Stage) -> None:
    before = stage.row().fields
    created = stage.create()
    stage.provider.delete(created.id, created.outputs)
    after = stage.row().fields
    assert {name for name in before if before[name] != after.get(name)} <= {"updated_at"}


def test_keeping_costs_no_call(stage: Stage) -> None:
    created = stage.create(on_delete="keep")
    stage.forget_calls()
    stage.provider.delete(created.id, created.outputs)
    assert stage.calls() == []


@pytest.mark.parametrize("on_delete", ["restore", "deactivate", "clear"])
def test_a_row_that_is_gone_needs_no_destroying(stage: Stage, on_delete: str) -> None:
    created = stage.create(on_delete=on_delete)
    stage.workspace.remove_by_hand("Production", KIND)
    stage.provider.delete(created.id, created.outputs)


def test_a_row_that_goes_during_the_destroy_is_no_failure(stage: Stage) -> None:
    created = stage.create()
    stage.fault("status", method="PUT", status=404)
    stage.provider.delete(created.id, created.outputs)


def test_a_destroy_leaves_somebody_elses_client_alone(stage: Stage) -> None:
    created = stage.create(on_delete="clear")
    stage.by_hand(auth={"client_id": OTHER_ID, "client_secret": "theirs"})
    stage.provider.delete(created.id, created.outputs)
    assert (stage.row().client_id, stage.row().is_active) == (OTHER_ID, True)


def test_a_destroy_leaves_somebody_elses_client_alone_where_no_url_shows_it(stage: Stage) -> None:
    stage.switch(mask="clear")
    created = stage.create(environment="Sandbox", on_delete="clear")
    theirs = {"client_id": OTHER_ID, "client_secret": "theirs"}
    stage.by_hand("Sandbox", auth=theirs)
    stage.provider.delete(created.id, {**created.outputs, "updated_at": ""})
    assert stage.row("Sandbox").auth == theirs


def test_a_renamed_resource_does_not_undo_its_successor(stage: Stage) -> None:
    old = stage.create()
    stage.create()
    stage.provider.delete(old.id, old.outputs)
    assert stage.row().is_active


@pytest.mark.parametrize("on_delete", ["restore", "deactivate", "clear"])
@pytest.mark.parametrize("stage_with", [{}], indirect=True)
def test_a_renamed_resource_does_not_undo_its_successor_in_a_later_run_either(
    stage_with: Stage, on_delete: str
) -> None:
    """The run that made the successor failed elsewhere, so that the old resource is deleted by another process."""
    old = stage_with.create(on_delete=on_delete)
    stage_with.emulator.world.clock.advance(60)
    stage_with.create(client_secret=SECOND_SECRET)
    with DynamicProviderProcess(stage_with.environment) as later:
        later.configure({})
        later.provider(WorkspaceIntegrationProvider()).delete(old.id, old.outputs)
    assert (stage_with.row().is_active, stage_with.row().client_secret) == (True, SECOND_SECRET)


@pytest.mark.parametrize("environment", ["Production", "Sandbox"])
def test_clearing_is_verified(stage: Stage, environment: str) -> None:
    stage.by_hand(environment, is_active=False)
    created = stage.create(environment=environment, on_delete="clear", is_active=None)
    stage.fault("status", method="PUT", status=200)
    assert "it still shows credentials" in stage.delete_fails(created)


# --- the activation that was found -----------------------------------------------------------------------------------


def activation_after_destroy(stage: Stage, created: Created) -> bool:
    stage.provider.delete(created.id, created.outputs)
    return stage.row().is_active


def test_a_first_run_that_failed_after_its_write_leaves_the_activation_as_it_was_found(stage: Stage) -> None:
    stage.switch(custom_domain="https://auth.example.com")
    assert "UNI305" in stage.create_fails()
    assert not stage.row().is_active
    created = stage.create(redirect_uris=["https://auth.example.com/oauth/code"])
    assert activation_after_destroy(stage, created) is False


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"kind": "not_json"}, "UNI304"),
        ({"kind": "status", "status": 401}, "UNI202"),
        ({"kind": "status", "status": 403}, "UNI203"),
        ({"kind": "status", "status": 503}, "UNI302"),
    ],
)
def test_the_activation_is_taken_back_though_nothing_can_be_listed_any_more(
    stage: Stage, fault: dict[str, Any], code: str
) -> None:
    stage.fault(method="GET", path=LIST, skip=1, times=1000, **fault)
    assert code in stage.create_fails()
    assert not stage.row().is_active
    stage.emulator.control.clear_faults()
    assert activation_after_destroy(stage, stage.create()) is False


@pytest.mark.parametrize(("status", "words"), [(403, "UNI203"), (400, "UNI217")])
def test_a_first_write_that_was_refused_needs_no_taking_back(stage: Stage, status: int, words: str) -> None:
    stage.fault("status", method="PUT", status=status, times=1000)
    assert words in stage.create_fails()
    assert [method for method, _path in stage.calls() if method == "PUT"] == ["PUT"]


@pytest.mark.parametrize("stage_with", [{"UNIFIED_API_RETRIES": "0"}], indirect=True)
def test_the_activation_of_a_row_that_may_have_been_created_is_taken_back(stage_with: Stage) -> None:
    stage_with.switch(post="present")
    stage_with.workspace.remove_by_hand("Production", KIND)
    stage_with.fault("reset_after", method="POST", path=LIST)
    assert "UNI307" in stage_with.create_fails(create_if_missing=True)
    assert not stage_with.row().is_active


def test_the_activation_of_a_row_that_showed_too_late_is_taken_back(stage: Stage) -> None:
    stage.switch(post="present")
    stage.workspace.remove_by_hand("Production", KIND)
    journal = stage.emulator.world.journal
    stage.fault("status", method="GET", path=LIST, status=200, body="[]", times=1000)

    def show_after_the_wait(entry: Any) -> None:
        if entry["path"] == LIST and seen() > 3:
            stage.emulator.world.faults.clear()

    def seen() -> int:
        return stage.calls().count(("GET", LIST))

    stop = journal.listen(show_after_the_wait)
    try:
        assert "UNI306" in stage.create_fails(create_if_missing=True)
    finally:
        stop()
    assert not stage.row().is_active


def test_an_activation_that_cannot_be_taken_back_is_mentioned(stage: Stage) -> None:
    stage.switch(custom_domain="https://auth.example.com")
    stage.fault("status", method="PUT", status=403, skip=1)
    stage.create_fails()
    assert stage.process.has_printed("was not active before, and could not be deactivated again")


def test_a_row_that_is_active_with_our_own_client_is_left_active(stage: Stage) -> None:
    stage.switch(mask="clear")
    stage.create()
    again = stage.create()
    assert "found_active" not in again.outputs
    assert activation_after_destroy(stage, again) is True


def test_the_activation_that_was_found_is_remembered_in_manual_mode_too(stage: Stage) -> None:
    created = stage.create()
    by_hand = stage.up(created, **MANUAL)
    assert activation_after_destroy(stage, stage.up(by_hand)) is False


# --- U1: no route to create ------------------------------------------------------------------------------------------


def test_u1_without_a_row_the_error_says_what_to_activate_where(stage: Stage) -> None:
    stage.workspace.remove_by_hand("Production", KIND)
    words = stage.create_fails()
    assert words.startswith('UNI205 The workspace has no integration "microsoft_ad" in environment "Production".')
    assert f"Open {stage.emulator.base_url}/integrations/microsoft_ad" in words
    assert not any(method in ("PUT", "POST") for method, _path in stage.calls())


@pytest.mark.parametrize(("post", "status"), [("absent", "404"), ("not_allowed", "405")])
def test_u1_an_attempt_to_create_that_is_refused_leads_back_to_the_advice(stage: Stage, post: str, status: str) -> None:
    stage.switch(post=post)
    stage.workspace.remove_by_hand("Production", KIND)
    words = stage.create_fails(create_if_missing=True)
    assert "UNI205" in words
    assert f"An attempt to create it was refused ({status})" in words


@pytest.mark.parametrize("answer", ["object", "empty", "no_content"])
def test_u1_where_creating_works_the_new_row_is_listed_and_verified(stage: Stage, answer: str) -> None:
    stage.switch(post="present", put_answer=answer)
    stage.workspace.remove_by_hand("Production", KIND)
    created = stage.create(create_if_missing=True)
    assert created.id == stage.row().id
    assert (stage.row().client_secret, created.outputs["found_active"]) == (SECRET, False)
    assert stage.is_settled(created, create_if_missing=True)


@pytest.mark.parametrize("kind", ["reset_before", "reset_after"])
def test_u1_a_lost_answer_to_the_creation_makes_one_row(stage: Stage, kind: str) -> None:
    stage.switch(post="present")
    stage.workspace.remove_by_hand("Production", KIND)
    stage.fault(kind, method="POST")
    stage.create(create_if_missing=True)
    rows = [row for row in stage.workspace.rows() if (row.environment, row.integration_type) == ("Production", KIND)]
    assert [row.client_secret for row in rows] == [SECRET]


# --- U2, U3: picked by id, never removed -----------------------------------------------------------------------------


def test_u2_no_route_but_the_list_is_used_to_find_a_row(stage: Stage) -> None:
    created = stage.create()
    stage.refresh(created)
    assert {path for method, path in stage.calls() if method == "GET" and "auth" not in path} == {LIST}


def test_u3_a_destroy_never_removes_the_row(stage: Stage) -> None:
    created = stage.create(on_delete="clear")
    stage.provider.delete(created.id, created.outputs)
    assert "DELETE" not in {method for method, _path in stage.calls()}
    assert stage.row().id == created.id


# --- U4: merging or replacing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("auth_semantics", ["merge", "replace"])
@pytest.mark.parametrize("put_semantics", ["merge", "replace"])
def test_u4_nothing_is_lost_whether_a_put_merges_or_replaces(
    stage: Stage, put_semantics: str, auth_semantics: str
) -> None:
    stage.switch(put_semantics=put_semantics, auth_semantics=auth_semantics)
    before = stage.row().fields
    created = stage.create()
    updated = stage.up(created, client_secret=SECOND_SECRET)
    row = stage.row()
    assert (row.client_id, row.client_secret) == (CLIENT_ID, SECOND_SECRET)
    stage.provider.delete(created.id, updated.outputs)
    after = stage.row().fields
    assert {name for name in before if before[name] != after.get(name)} <= {"updated_at"}
    assert stage.row().client_secret == SECOND_SECRET


# --- U5: masks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mask", ["full", "partial", "absent", "null", "clear"])
def test_u5_no_mask_is_ever_sent_back_and_none_causes_a_diff(stage: Stage, mask: str) -> None:
    stage.switch(mask=mask)
    stage.by_hand(auth={"client_id": OTHER_ID, "client_secret": "made by hand"})
    created = stage.create()
    assert stage.is_settled(created)
    updated = stage.up(created, client_secret=SECOND_SECRET)
    assert stage.row().auth == {"client_id": CLIENT_ID, "client_secret": SECOND_SECRET}
    assert stage.is_settled(updated, client_secret=SECOND_SECRET)
    queries = [entry["query"] for entry in stage.emulator.world.journal.entries(service="unifiedto")]
    assert not any(query.get("include_credentials") == "true" for query in queries)


SAML = {"client_id": OTHER_ID, "client_secret": "x", "saml_idp_url": "https://idp.example.com/canary"}


@pytest.mark.parametrize("mask", ["full", "partial", "clear"])
def test_u5_other_credentials_stop_the_write_until_they_are_supplied(stage: Stage, mask: str) -> None:
    stage.switch(mask=mask, auth_semantics="replace")
    stage.by_hand(auth=SAML)
    words = stage.create_fails()
    assert words.startswith(
        'UNI111 Nothing was written: "microsoft_ad" in environment "Production" also holds "saml_idp_url"'
    )
    assert "idp.example.com" not in words
    assert stage.row().auth == SAML
    extras = {"saml_idp_url": "https://idp.example.com/new"}
    created = stage.create(auth_extras=extras)
    assert stage.row().auth == {"client_id": CLIENT_ID, "client_secret": SECRET, **extras}
    assert stage.is_settled(created, auth_extras=extras)


def test_u5_the_loss_of_other_credentials_can_be_accepted(stage: Stage) -> None:
    stage.by_hand(auth=SAML)
    stage.create(auth_extras={"saml_idp_url": ""})
    assert not (stage.row().auth or {}).get("saml_idp_url")


def test_u5_a_destroy_that_would_lose_other_credentials_leaves_the_row(stage: Stage) -> None:
    created = stage.create()
    stage.by_hand(auth={"client_id": CLIENT_ID, "client_secret": SECRET, "saml_pem": "theirs"})
    unseen = {**created.outputs, "updated_at": ""}
    stage.provider.delete(created.id, unseen)
    assert stage.row().is_active
    words = stage.delete_fails(Created(created.id, {**unseen, "on_delete": "deactivate"}))
    assert words.startswith("UNI111")
    assert "pulumi state delete" in words


# --- U6, U7, U8: answers, errors, rights -----------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["object", "empty", "no_content"])
def test_u6_whatever_a_put_answers_the_list_tells_the_truth(stage: Stage, answer: str) -> None:
    stage.switch(put_answer=answer)
    assert stage.create().outputs["status"] == "verified"


def test_u6_an_answer_that_is_a_page_is_not_the_truth_either(stage: Stage) -> None:
    stage.fault("not_json", method="PUT")
    assert stage.create().outputs["status"] == "verified"


@pytest.mark.parametrize("form", ["json", "text", "html", "empty"])
@pytest.mark.parametrize("quotes", [False, True])
def test_u7_a_refusal_is_explained_in_every_form_and_never_quotes_the_secret(
    stage: Stage, form: str, quotes: bool
) -> None:
    stage.switch(error_format=form, errors_quote_request=quotes, unknown_fields="refused")
    words = stage.create_fails()
    assert words.startswith("UNI217 Unified.to refused PUT /unified/workspaceintegration/")
    assert ("giving no reason" in words) == (form == "empty")
    assert words.endswith("(remote code 400)")


@pytest.mark.parametrize(
    ("switches", "code", "words"),
    [
        ({"key_may_list": False}, "UNI203", "GET /unified/workspaceintegration"),
        ({"key_may_write": False}, "UNI203", 'set the registration\'s mode to "manual"'),
        ({"key_may_write": False, "key_refusal_status": 401}, "UNI202", "/settings/api"),
        ({"ip_allowed": False}, "UNI203", "IP"),
        ({"plan_allows_own_credentials": False}, "UNI204", "plan"),
        ({"plan_allows_own_credentials": False, "plan_refusal_status": 403}, "UNI204", "plan"),
    ],
)
def test_u8_a_key_or_plan_without_the_right_is_named_with_the_way_out(
    stage: Stage, switches: dict[str, Any], code: str, words: str
) -> None:
    stage.switch(**switches)
    said = stage.create_fails()
    assert said.startswith(code)
    assert words in said
    assert stage.row().client_id == ""


# --- U9: filters, pages, missing environment -------------------------------------------------------------------------


@pytest.mark.parametrize("filters", ["honoured", "ignored"])
@pytest.mark.parametrize(
    ("paging", "page_size"), [("honoured", 1), ("honoured", 3), ("honoured", 100), ("ignored", 100)]
)
def test_u9_the_row_is_found_whatever_filters_and_pages_do(
    stage: Stage, filters: str, paging: str, page_size: int
) -> None:
    stage.switch(filters=filters, paging=paging, page_size=page_size)
    created = stage.create(environment="Staging")
    assert stage.row("Staging").client_id == CLIENT_ID
    assert stage.row("Production").client_id == ""
    assert stage.is_settled(created, environment="Staging")


def test_u9_a_row_without_environment_is_productions(stage: Stage) -> None:
    stage.switch(row_without_environment=True, filters="ignored")
    created = stage.create()
    assert stage.row().client_id == CLIENT_ID
    assert stage.is_settled(created)


def test_u9_two_rows_stop_before_anything_is_written(stage: Stage) -> None:
    stage.workspace.add_by_hand("Production", KIND)
    words = stage.create_fails()
    assert words.startswith('UNI206 Unified.to lists 2 registrations of "microsoft_ad" in environment "Production"')
    assert ("PUT", LIST) not in stage.calls()


def test_u9_a_second_row_does_not_break_the_refresh_of_the_first(stage: Stage) -> None:
    created = stage.create()
    stage.workspace.add_by_hand("Production", KIND)
    assert stage.provider.read(created.id, created.outputs).id == created.id


# --- U10: odd fields -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "switches",
    [
        {"read_only_fields": "refused"},
        {"null_fields": "refused"},
        {"read_only_fields": "refused", "null_fields": "refused"},
    ],
)
def test_u10_neither_read_only_fields_nor_nulls_are_sent(stage: Stage, switches: dict[str, Any]) -> None:
    stage.by_hand(base_url=None)
    stage.switch(**switches)
    assert stage.create().outputs["status"] == "verified"


def test_u10_a_refused_unknown_field_is_loud_and_can_be_left_out(stage: Stage) -> None:
    stage.switch(unknown_fields="refused")
    assert "set dropUnknownFields" in stage.create_fails()
    created = stage.create(drop_unknown_fields=True)
    assert stage.row().client_id == CLIENT_ID
    assert "display_order" in stage.row().fields
    assert stage.is_settled(created, drop_unknown_fields=True)


# --- U11, U12: the authorization URL, and delays ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("no_credentials", "words"),
    [
        ("4xx", "UNI306"),
        ("page", "a page instead of an authorization URL"),
        ("shared_client", f"uses client_id {SHARED_CLIENT_ID} instead of {CLIENT_ID}"),
    ],
)
def test_u11_a_url_counts_only_with_our_client_id(stage: Stage, no_credentials: str, words: str) -> None:
    """The write is swallowed: Unified.to answers 200 and changes nothing but the activation."""
    stage.by_hand(is_active=True)
    stage.switch(no_credentials=no_credentials)
    stage.fault("status", method="PUT", status=200, times=1)
    assert words in stage.create_fails()


@pytest.mark.parametrize("no_credentials", ["4xx", "page", "shared_client"])
def test_u11_credentials_that_vanish_are_drift_in_each_way(stage: Stage, no_credentials: str) -> None:
    stage.switch(no_credentials=no_credentials)
    created = stage.create()
    stage.by_hand(auth=None)
    drifted = stage.refresh(created)
    assert drifted.outputs["client_id"] == (SHARED_CLIENT_ID if no_credentials == "shared_client" else "")
    assert stage.up(drifted).outputs["status"] == "verified"


@pytest.mark.parametrize("inactive", ["refused", "answered"])
def test_u11_an_inactive_integration_need_not_give_a_url(stage: Stage, inactive: str) -> None:
    stage.switch(inactive=inactive)
    created = stage.create(is_active=False)
    assert (created.outputs["status"] == "verified") == (inactive == "answered")
    assert stage.is_settled(created, is_active=False)


@pytest.mark.parametrize("reads", [0, 1, 2])
def test_u12_a_change_that_shows_late_is_waited_for(stage: Stage, reads: int) -> None:
    stage.switch(visible_after_reads=reads)
    assert stage.create().outputs["status"] == "verified"


def test_u12_a_change_that_does_not_show_in_time_is_reported(stage: Stage) -> None:
    stage.switch(visible_after_reads=1000)
    words = stage.create_fails()
    assert words.startswith("UNI306")
    assert "it shows no change since" in words
    assert "it is not active" in words
    assert "shows it late or has not carried it out" in words
    assert "Run again" in words


def test_u12_the_next_run_after_a_late_change_succeeds(stage: Stage) -> None:
    stage.switch(visible_after_reads=1000)
    stage.create_fails()
    stage.switch(visible_after_reads=0)
    assert stage.create().outputs["status"] == "verified"


@pytest.mark.parametrize("reads", [0, 1])
def test_u12_a_new_secret_that_shows_late_is_waited_for_though_all_else_agrees(stage: Stage, reads: int) -> None:
    """The client id was right before: the time of the last change is all that tells a write from none."""
    created = stage.create()
    stage.switch(visible_after_reads=reads)
    renewed = stage.up(created, client_secret=SECOND_SECRET)
    assert renewed.outputs["status"] == "verified"
    assert renewed.outputs["updated_at"] == stage.row().fields["updated_at"]
    assert stage.is_settled(renewed, client_secret=SECOND_SECRET)


def test_u12_a_new_secret_that_shows_only_after_the_second_write_is_still_ours_to_withdraw(stage: Stage) -> None:
    """The list shows the first of the two writes, so what it says of the time is not that of the last."""
    created = stage.create()
    stage.switch(visible_after_reads=6)
    renewed = stage.up(created, client_secret=SECOND_SECRET)
    stage.switch(visible_after_reads=0)
    assert stage.calls().count(("PUT", LIST)) == 3
    printed = len(stage.process.printed())
    refreshed = stage.refresh(stage.refresh(stage.refresh(renewed)))
    stage.provider.delete(refreshed.id, refreshed.outputs)
    assert not stage.row().is_active
    assert "somebody else" not in stage.process.printed()[printed:]


def test_u12_a_first_secret_for_a_client_that_was_there_before_is_looked_for_too(stage: Stage) -> None:
    stage.switch(mask="clear")
    stage.by_hand(is_active=True, auth={"client_id": CLIENT_ID, "client_secret": "of-an-earlier-stack"})
    stage.fault("status", status=200, method="PUT", path=LIST, body="{}")
    assert stage.create().outputs["status"] == "verified"
    assert stage.row().client_secret == SECRET


def test_u12_in_sandbox_nothing_is_waited_for(stage: Stage) -> None:
    created = stage.create(environment="Sandbox")
    stage.fault("status", status=200, method="PUT", path=LIST, body="{}")
    stage.forget_calls()
    stage.up(created, environment="Sandbox", client_secret=SECOND_SECRET)
    assert [method for method, path in stage.calls() if path == LIST] == ["GET", "PUT", "GET"]


def test_u12_a_redirect_of_another_address_is_explained_though_the_list_is_late(stage: Stage) -> None:
    stage.switch(custom_domain="https://auth.example.com")
    stage.by_hand(is_active=True)
    body = json.dumps([{**stage.row().fields, "auth": {"client_id": "********"}}])
    stage.fault("status", status=200, method="GET", path=LIST, body=body, times=1000)
    words = stage.create_fails()
    assert words.startswith("UNI305")
    assert "Set customDomain to auth.example.com" in words


def test_u12_a_new_secret_that_never_shows_is_not_called_verified(stage: Stage) -> None:
    created = stage.create()
    noted = stage.row().fields["updated_at"]
    stage.fault("status", status=200, method="PUT", path=LIST, body="{}", times=1000)
    renewed = stage.up(created, client_secret=SECOND_SECRET)
    assert renewed.outputs["status"] == f"verified, except for the secret: Unified.to notes no change since {noted}"
    assert stage.process.has_printed("force no rotation until then")
    assert stage.is_settled(renewed, client_secret=SECOND_SECRET), "nothing is written again and again for it"

    stage.by_hand(is_active=True)
    assert stage.refresh(renewed).outputs["status"] == "verified", "there is a change to be seen by now"


def test_u12_a_new_secret_without_a_trace_is_written_again(stage: Stage) -> None:
    """An answer of 200 to a write that was not carried out."""
    created = stage.create()
    stage.fault("status", status=200, method="PUT", path=LIST, body="{}")
    stage.forget_calls()
    renewed = stage.up(created, client_secret=SECOND_SECRET)
    assert renewed.outputs["status"] == "verified"
    assert stage.calls().count(("PUT", LIST)) == 2
    auth = stage.row().auth
    assert auth is not None
    assert auth["client_secret"] == SECOND_SECRET


def test_u12_where_no_time_of_a_change_is_shown_a_new_secret_is_not_waited_for(stage: Stage) -> None:
    created = stage.create()
    without_time = {key: value for key, value in stage.row().fields.items() if key != "updated_at"}
    body = json.dumps([{**without_time, "auth": {"client_id": "********"}}])
    stage.fault("status", status=200, method="GET", path=LIST, body=body, times=100)
    stage.forget_calls()
    renewed = stage.up(created, client_secret=SECOND_SECRET)
    assert renewed.outputs["status"] == "verified"
    assert [call for call in stage.calls() if call == ("GET", LIST)] == [("GET", LIST)] * 2


def test_a_change_by_somebody_else_that_cannot_be_seen_is_mentioned_and_is_no_drift(stage: Stage) -> None:
    created = stage.create()
    printed = len(stage.process.printed())
    stage.by_hand(auth={"client_id": CLIENT_ID, "client_secret": "typed-wrong"})
    refreshed = stage.refresh(created)
    assert refreshed.outputs == created.outputs
    assert stage.process.has_printed("the client secret cannot be seen", since=printed)


# --- U13, U14, U15 ---------------------------------------------------------------------------------------------------


def test_u13_a_row_in_a_vault_keeps_its_reference_and_is_mentioned(stage: Stage) -> None:
    stage.by_hand(secretsmanager_id="sm_1", secretsmanager_key="microsoft/client")
    created = stage.create()
    fields = stage.row().fields
    assert (fields["secretsmanager_id"], fields["secretsmanager_key"]) == ("sm_1", "microsoft/client")
    assert stage.process.has_printed("points to a secrets manager")
    assert created.outputs["status"] == "verified"


def test_u13_a_vault_that_wins_is_noticed_by_the_client_id(stage: Stage) -> None:
    stage.switch(vault="wins")
    stage.by_hand(secretsmanager_id="sm_1")
    words = stage.create_fails()
    assert words.startswith("UNI305")
    assert f"uses client_id {VAULT_CLIENT_ID}" in words
    assert "Store the new client id and secret in the vault" in words


def test_u14_a_field_that_somebody_else_wrote_at_the_same_moment_is_named(stage: Stage) -> None:
    journal = stage.emulator.world.journal

    def somebody_else(entry: Any) -> None:
        if entry["method"] == "PUT":
            stage.by_hand(base_url="https://theirs.example.com")

    stage.by_hand(base_url="https://ours.example.com")
    stop = journal.listen(somebody_else)
    try:
        stage.create()
    finally:
        stop()
    assert stage.process.has_printed("these fields are not as they were found: base_url.")
    assert "theirs.example.com" not in stage.process.printed()


def test_u14_the_row_is_read_right_before_it_is_written(stage: Stage) -> None:
    created = stage.create()
    stage.by_hand(base_url="https://theirs.example.com")
    stage.up(created, client_secret=SECOND_SECRET)
    assert stage.row().fields["base_url"] == "https://theirs.example.com"


def test_u15_a_custom_domain_that_the_stack_does_not_know_is_explained(stage: Stage) -> None:
    stage.switch(custom_domain="https://auth.example.com")
    words = stage.create_fails()
    assert "redirect_uri https://auth.example.com/oauth/code instead of" in words
    assert (
        "Set customDomain to auth.example.com, or redirectUris to all of "
        f"{stage.callback}, https://auth.example.com/oauth/code, so that Entra accepts it"
    ) in words


def test_u15_a_custom_domain_among_the_redirect_uris_is_verified(stage: Stage) -> None:
    stage.switch(custom_domain="https://auth.example.com")
    uris = [stage.callback, "https://auth.example.com/oauth/code"]
    created = stage.create(redirect_uris=uris)
    assert created.outputs["registered_redirect_uri"] == "https://auth.example.com/oauth/code"
    assert stage.is_settled(created, redirect_uris=uris)


def test_u15_an_integration_that_insists_on_unifieds_redirect_is_verified_as_such(stage: Stage) -> None:
    stage.switch(custom_domain="https://auth.example.com")
    stage.by_hand(use_unified_redirect=True)
    assert stage.create().outputs["registered_redirect_uri"] == stage.callback


# --- faults ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "half_body"])
def test_a_put_of_unknown_fate_is_looked_after_and_written_again(stage: Stage, kind: str) -> None:
    stage.fault(kind, method="PUT")
    assert stage.create().outputs["status"] == "verified"
    writes_and_lists = [method for method, path in stage.calls() if path == LIST]
    assert writes_and_lists == ["GET", "PUT", "GET", "PUT", "GET"]


@pytest.mark.parametrize("status", [409, 500, 502, 503, 504])
@pytest.mark.parametrize("kind", ["status", "status_after"])
def test_a_put_answered_with_a_server_error_is_looked_after(stage: Stage, kind: str, status: int) -> None:
    stage.fault(kind, method="PUT", status=status)
    assert stage.create().outputs["status"] == "verified"
    assert [method for method, path in stage.calls() if path == LIST] == ["GET", "PUT", "GET", "PUT", "GET"]


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "0"}])
def test_a_rate_limit_is_waited_out(stage: Stage, headers: dict[str, str]) -> None:
    stage.fault("status", status=429, times=2, headers=headers)
    assert stage.create().outputs["status"] == "verified"


def test_a_write_that_stays_uncertain_says_so_and_the_next_run_goes_on(stage: Stage) -> None:
    stage.fault("reset_before", method="PUT", times=3)
    words = stage.create_fails()
    assert words.startswith("UNI307 It is not known whether Unified.to carried out PUT /unified/workspaceintegration/")
    assert "after 3 attempts" in words
    assert stage.create().outputs["status"] == "verified"


def test_a_look_that_fails_too_says_both(stage: Stage) -> None:
    stage.fault("reset_after", method="PUT")
    stage.fault("status", method="GET", path=LIST, status=401, skip=1)
    words = stage.create_fails()
    assert words.startswith("UNI307")
    assert "looking failed too" in words


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        ({"kind": "status", "status": 503}, "UNI302", "3 times with a server error"),
        ({"kind": "status", "status": 429}, "UNI303", "refused after 3 attempts"),
        ({"kind": "status", "status": 429, "headers": {"Retry-After": "3600"}}, "UNI303", "Wait at least 3600 s"),
        ({"kind": "not_json"}, "UNI304", "it is HTML and not JSON"),
        ({"kind": "half_body"}, "UNI301", "was reached at https://localhost:"),
        ({"kind": "reset_before"}, "UNI301", "tried 3 times"),
    ],
)
def test_a_list_that_fails_for_good_is_explained_and_nothing_is_written(
    stage: Stage, fault: dict[str, Any], code: str, words: str
) -> None:
    stage.fault(method="GET", path=LIST, times=10, **fault)
    said = stage.create_fails()
    stage.emulator.world.faults.clear()
    assert said.startswith(code)
    assert words in said
    assert stage.row().client_id == ""


@pytest.mark.parametrize("body", ['[{"id": "wi_1"}]', '{"data": []}', "[1]", '[{"id": "wi'])
def test_a_partial_answer_is_explained(stage: Stage, body: str) -> None:
    stage.fault("status", method="GET", path=LIST, status=200, body=body, times=10)
    said = stage.create_fails()
    stage.emulator.world.faults.clear()
    assert said.startswith("UNI304")


def test_a_stale_read_back_is_read_again(stage: Stage) -> None:
    stage.fault("stale_read", method="GET", path=LIST, skip=1)
    assert stage.create().outputs["status"] == "verified"


def test_an_answer_that_disagrees_with_what_was_written_fails_with_the_difference(stage: Stage) -> None:
    """Somebody else writes at the same moment, and wins."""

    def somebody_else(entry: Any) -> None:
        if entry["method"] == "PUT":
            stage.by_hand(auth={"client_id": OTHER_ID, "client_secret": "theirs"})

    stop = stage.emulator.world.journal.listen(somebody_else)
    try:
        words = stage.create_fails()
    finally:
        stop()
    assert words.startswith("UNI305")
    assert f"the authorization URL uses client_id {OTHER_ID} instead of {CLIENT_ID}" in words


def test_a_write_that_is_answered_and_not_carried_out_fails_with_the_difference(stage: Stage) -> None:
    """Regression: the platform answers 200 and ignores the change
    (https://github.com/DataDog/terraform-provider-datadog/issues/2483)."""
    stage.by_hand(is_active=True, auth={"client_id": OTHER_ID, "client_secret": "x"})
    stage.fault("status", method="PUT", status=200)
    words = stage.create_fails()
    assert words.startswith("UNI306")
    assert f"the authorization URL uses client_id {OTHER_ID} instead of {CLIENT_ID}" in words


def test_a_failed_update_keeps_the_old_state_and_the_next_up_goes_on(stage: Stage) -> None:
    created = stage.create()
    stage.fault("reset_before", method="PUT", times=3)
    assert "UNI307" in stage.update_fails(created, client_secret=SECOND_SECRET)
    updated = stage.up(created, client_secret=SECOND_SECRET)
    assert stage.row().client_secret == SECOND_SECRET
    assert stage.is_settled(updated, client_secret=SECOND_SECRET)


def test_a_refresh_that_cannot_read_fails_and_forgets_nothing(stage: Stage) -> None:
    created = stage.create()
    stage.fault("status", method="GET", status=500, times=10)
    assert stage.read_fails(created).startswith("UNI302")
    stage.emulator.world.faults.clear()
    assert stage.is_settled(created)


def test_an_unreachable_api_is_named(stage: Stage) -> None:
    created = stage.create()
    elsewhere = {**created.outputs, "api_url": "https://localhost:1"}
    words = stage.read_fails(Created(created.id, elsewhere))
    assert words.startswith("UNI301 Unified.to cannot be reached at https://localhost:1: the connection was refused")


def test_four_threads_register_at_once(stage: Stage) -> None:
    kinds = [row.integration_type for row in stage.workspace.rows() if row.environment == "Production"][:8]
    with ThreadPoolExecutor(4) as threads:
        created = list(threads.map(lambda kind: stage.create(integration_type=kind), kinds))
    assert {each.outputs["status"] for each in created} == {"verified"}
    assert all(stage.row(kind=kind).client_secret == SECRET for kind in kinds)


# --- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"integration_type": "microsft_ad"}, 'UNI101 Unified.to has no integration type "microsft_ad".'),
        ({"integration_type": "microsft_ad"}, 'Did you mean "microsoft_ad"?'),
        ({"environment": "Stagin"}, 'UNI102 The workspace has no environment "Stagin"; it has "Production", "Sandbox"'),
        ({"environment": "production"}, 'Did you mean "Production"?'),
        ({"workspace_id": "my workspace"}, "UNI103"),
        ({"redirect_uris": ["http://api.unified.to/oauth/code"]}, "UNI104"),
        ({"client_secret": CLIENT_ID}, "it is the secret's ID and not its value"),
        ({"api_url": "http://api.unified.to"}, "UNI112"),
    ],
)
def test_a_bad_input_is_refused_in_the_preview(stage: Stage, changes: dict[str, Any], words: str) -> None:
    assert words in stage.refused(**changes).reasons
    assert not any(method in ("PUT", "POST") for method, _path in stage.calls())


def test_a_type_taken_off_the_catalogue_is_explained(stage: Stage) -> None:
    stage.switch(catalogue=["microsoft", "microsoftoutlook"])
    stage.workspace.remove_by_hand("Production", KIND)
    assert stage.create_fails().startswith('UNI101 Unified.to has no integration type "microsoft_ad"')


def test_an_explanation_that_cannot_be_had_does_not_hide_what_it_explains(stage: Stage) -> None:
    stage.workspace.remove_by_hand("Production", KIND)
    stage.fault("status", path="/unified/(environment|integration)", status=500, times=50)
    words = stage.create_fails()
    stage.emulator.world.faults.clear()
    assert words.startswith("UNI205")


def test_a_workspace_that_is_not_the_keys_own_is_noticed_before_the_write(stage: Stage) -> None:
    words = stage.create_fails(workspace_id="0000000000000000000000ff")
    assert words.startswith(f'UNI218 The API key opens workspace "{WORKSPACE_ID}"')
    assert stage.row().client_id == ""


def test_a_workspace_of_another_region_is_explained(stage: Stage) -> None:
    stage.workspace.remove_by_hand("Production", KIND)
    words = stage.create_fails(workspace_id="0000000000000000000000ff")
    assert words.startswith("UNI207")
    assert "another region" in words


# --- the API key -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage_with", [{"UNIFIED_API_KEY": None}], indirect=True)
def test_a_missing_key_is_noticed_in_the_preview(stage_with: Stage) -> None:
    words = stage_with.refused().reasons
    assert words.startswith("UNI201 There is no API key for Unified.to.")
    assert "pulumi config set --secret unifiedto:apiKey" in words
    assert stage_with.calls() == []


@pytest.mark.parametrize("stage_with", [{"UNIFIED_API_KEY": None}], indirect=True)
def test_a_run_without_changes_needs_no_key_and_a_destroy_says_that_it_does(stage_with: Stage) -> None:
    inputs = {**stage_with.program(), "redirect_uris": [stage_with.callback], "environment": "Production"}
    olds = {**inputs, "on_delete": "restore", "mode": "api", "create_if_missing": False, "drop_unknown_fields": False}
    assert stage_with.provider.check(olds, inputs).failures == []
    assert stage_with.delete_fails(Created("wi_1", olds)).startswith("UNI201")


@pytest.mark.parametrize(
    "stage_with",
    [{"UNIFIED_API_KEY": None, "config": {"unifiedto:apiKey": "rehearsal-workspace-api-key"}}],
    indirect=True,
)
def test_the_key_may_come_from_the_configuration(stage_with: Stage) -> None:
    created = stage_with.create()
    assert created.outputs["status"] == "verified"
    assert API_KEY not in json.dumps(created.outputs)


@pytest.mark.parametrize(
    "stage_with", [{"config": {"unifiedto:apiKey": API_KEY_CANARY}}, {"UNIFIED_API_KEY": API_KEY_CANARY}], indirect=True
)
def test_the_key_of_the_environment_comes_first_and_a_refused_one_is_not_shown(stage_with: Stage) -> None:
    if stage_with.environment["UNIFIED_API_KEY"] == API_KEY_CANARY:
        words = stage_with.create_fails()
        assert words.startswith("UNI202 Unified.to refused the API key (GET /unified/workspaceintegration at https://")
    else:
        assert stage_with.create().outputs["status"] == "verified"


@pytest.mark.parametrize("stage_with", [{"UNIFIED_API_RETRIES": "many"}], indirect=True)
def test_a_setting_that_is_no_number_is_named(stage_with: Stage) -> None:
    with pytest.raises(ProviderFailure) as failed:
        stage_with.provider.check({}, stage_with.program())
    assert words_of(failed.value).startswith("UNI113 The input UNIFIED_API_RETRIES is not usable")


@pytest.mark.parametrize("stage_with", [{"UNIFIED_API_TIMEOUT_S": "0.2"}], indirect=True)
def test_time_outs_are_looked_after_like_other_lost_answers(stage_with: Stage) -> None:
    stage_with.fault("timeout", method="PUT", seconds=0.5)
    stage_with.fault("timeout", method="GET", seconds=0.5)
    assert stage_with.create().outputs["status"] == "verified"


@pytest.mark.parametrize("stage_with", [{"SSL_CERT_FILE": None, "REQUESTS_CA_BUNDLE": None}], indirect=True)
def test_a_certificate_that_is_not_trusted_is_named_at_once(stage_with: Stage) -> None:
    words = stage_with.create_fails()
    assert words.startswith("UNI301")
    assert "its certificate is not trusted" in words
    assert "tried" not in words


# --- manual mode -----------------------------------------------------------------------------------------------------

MANUAL = {"mode": "manual"}
CONFIRMED = {**MANUAL, "entered_secret": SECRET[:3]}


def enter_by_hand(stage: Stage, secret: str = SECRET) -> None:
    stage.by_hand(is_active=True, auth={"client_id": CLIENT_ID, "client_secret": secret})


def is_waiting(created: Created) -> bool:
    return str(created.outputs["status"]).startswith("waiting for a person")


@pytest.mark.parametrize("stage_with", [{"UNIFIED_API_KEY": None}], indirect=True)
def test_manual_mode_gives_the_steps_and_verifies_what_was_entered_without_a_key(stage_with: Stage) -> None:
    declared = {"permissions": ["hris_employee_read"], "scope_overrides": {"hris_employee_read": "User.Read.All"}}
    waiting = stage_with.create(secret_generation=0, **declared, **MANUAL)
    assert is_waiting(waiting)
    assert waiting.outputs["secret_generation"] == -1
    for step in (
        'UNI215 "microsoft_ad" in environment "Production" has to be registered by hand',
        f"1. Open {stage_with.emulator.base_url}/integrations/microsoft_ad.",
        '2. Choose environment "Production".',
        f"3. Enter {CLIENT_ID} as client id.",
        "4. Enter the client secret: once this run is over, pulumi stack output client_secret --show-secrets prints",
        "5. Choose exactly these permissions: hris_employee_read.",
        "6. Override these scopes: hris_employee_read as User.Read.All.",
        "7. Save, and activate the integration.",
        "8. Set enteredSecret of this registration to the first 3 characters of the secret that you entered",
        "9. Run pulumi up again",
    ):
        assert stage_with.process.has_printed(step), step
    enter_by_hand(stage_with)
    confirmed = {"secret_generation": 0, **declared, **CONFIRMED}
    created = stage_with.up(waiting, **confirmed)
    assert created.outputs["status"] == "verified, except for permissions, scopeOverrides"
    assert created.outputs["secret_generation"] == 0
    assert stage_with.is_settled(created, **confirmed)
    stage_with.provider.delete(created.id, created.outputs)
    assert stage_with.row().client_secret == SECRET
    assert {path.split("/")[-2] for _method, path in stage_with.calls()} == {"auth"}


def test_manual_mode_waits_on_and_tells_so_in_every_run_and_no_refresh_changes_it(stage: Stage) -> None:
    waiting = stage.create(**MANUAL)
    assert stage.refresh(waiting) == waiting
    printed = len(stage.process.printed())
    assert is_waiting(stage.up(waiting, **MANUAL))
    assert stage.process.has_printed("UNI215", since=printed)


def test_manual_mode_does_not_trust_a_wrong_client_id(stage: Stage) -> None:
    stage.by_hand(is_active=True, auth={"client_id": OTHER_ID, "client_secret": "x"})
    assert is_waiting(stage.create(**CONFIRMED))
    assert stage.process.has_printed(f"Unified.to uses client id {OTHER_ID}")


def test_manual_mode_does_not_trust_the_right_client_id_with_a_secret_that_nobody_confirmed(stage: Stage) -> None:
    enter_by_hand(stage, "made by hand long ago")
    assert is_waiting(stage.create(**MANUAL))


def test_manual_mode_explains_a_redirect_uri_that_differs(stage: Stage) -> None:
    enter_by_hand(stage)
    stage.switch(custom_domain="https://auth.example.com")
    assert "Set customDomain to auth.example.com, or redirectUris to all of" in stage.create_fails(**CONFIRMED)


def test_manual_mode_asks_for_a_new_secret_until_a_person_confirms_it(stage: Stage) -> None:
    enter_by_hand(stage)
    created = stage.create(secret_generation=0, **CONFIRMED)
    rotated = {"client_secret": SECOND_SECRET, "secret_generation": 1}
    waiting = stage.up(created, **rotated, **CONFIRMED)
    assert is_waiting(waiting)
    assert waiting.outputs["secret_generation"] == 0, "what Unified.to is known to hold"
    assert is_waiting(stage.up(waiting, **rotated, **CONFIRMED))
    rotated["entered_secret"] = SECOND_SECRET[:3]
    updated = stage.up(waiting, **rotated, **MANUAL)
    assert updated.outputs["status"] == "verified"
    assert updated.outputs["secret_generation"] == 1
    assert stage.is_settled(updated, **rotated, **MANUAL)


def test_manual_mode_sees_drift(stage: Stage) -> None:
    enter_by_hand(stage)
    created = stage.create(**CONFIRMED)
    stage.by_hand(auth={"client_id": OTHER_ID, "client_secret": "x"})
    drifted = stage.refresh(created)
    assert drifted.outputs["client_id"] == OTHER_ID
    assert is_waiting(stage.up(drifted, **CONFIRMED))


def test_a_registration_moves_from_manual_mode_to_the_api_and_is_written(stage: Stage) -> None:
    enter_by_hand(stage, "a secret with a typing error")
    created = stage.create(**CONFIRMED)
    updated = stage.up(created)
    assert stage.row().client_secret == SECRET
    assert updated.outputs["registration_id"] == stage.row().id
    assert stage.is_settled(updated)


def test_a_secret_that_the_api_registered_needs_no_confirmation_in_manual_mode(stage: Stage) -> None:
    assert stage.up(stage.create(), **MANUAL).outputs["status"] == "verified"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"environment": "Sandbox"}, "not verified: Sandbox"),
        ({"is_active": False}, "not verified: the integration is not to be active"),
    ],
)
def test_manual_mode_says_where_nothing_can_be_verified(stage: Stage, changes: dict[str, Any], status: str) -> None:
    assert is_waiting(stage.create(**changes, **MANUAL))
    created = stage.create(**changes, **CONFIRMED)
    assert created.outputs["status"].startswith(status)
    assert created.outputs["active"] is changes.get("is_active", True)


# --- what a user must never meet -------------------------------------------------------------------------------------


def test_a_state_that_is_not_ours_is_explained(stage: Stage) -> None:
    words = stage.read_fails(Created("wi_1", {"environment": "Production"}))
    assert words.startswith("UNI113")
    assert "adopted" in words


def test_a_fault_of_our_own_shows_its_place_and_no_value(stage: Stage) -> None:
    created = stage.create()
    words = stage.read_fails(Created(created.id, {**created.outputs, "auth_extras": [SECRET]}))
    assert words.startswith("UNI399 pulumi_unifiedto failed with AttributeError in inputs.py, line ")


def test_the_secret_is_stored_in_no_other_output(stage: Stage) -> None:
    outputs = dict(stage.create().outputs)
    assert outputs.pop("client_secret") == SECRET
    assert_no_canary(json.dumps(outputs))


def test_the_secret_reaches_nobody_but_the_registration(stage: Stage) -> None:
    stage.create()
    for entry in stage.emulator.world.journal.entries():
        if (entry["method"], entry["service"]) != ("PUT", "unifiedto"):
            assert_no_canary(json.dumps(entry))
