"""A first registration: adopt, merge, write, read back, verify."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.contract.registration.stage import CLIENT_ID, KIND, LIST, SECRET, Stage


def test_a_registration_is_adopted_written_and_verified(stage: Stage) -> None:
    created = stage.create(secret_generation=3)
    row = stage.row()
    assert (row.client_id, row.client_secret, row.is_active) == (CLIENT_ID, SECRET, True)
    expected = {
        "registration_id": row.id,
        "registered_client_id": CLIENT_ID,
        "registered_redirect_uri": stage.callback,
        "active": True,
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
    assert created.outputs["status"] == "not verified: not active (isActive)"
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
