"""One test or more for each public complaint about the systems nearest to this one: none of them may come true here.

Each docstring begins with the complaint and its number, and names where it was made; ``docs/complaints.md`` is made
from them. Addresses marked "not re-checked" are as they were noted down.

Most tests run with the stand-ins, from a stack that is deployed once for all of them. Those that use `stack` or
`deployed` run with the real plugins too, where they are found.
"""

from __future__ import annotations

import ast
import base64
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.core.clock import parse_instant
from emulator.core.journal import Entry
from emulator.entra.directory import APPLICATION, Directory
from emulator.entra.ids import GRAPH_SERVICE_PRINCIPAL_ID
from emulator.unifiedto.holding import holding_of
from emulator.unifiedto.routes import workspace_of
from emulator.unifiedto.seed import API_KEY
from rehearsal.results import Result, StepEvent
from tests.support.deployed_once import DeployedOnce
from tests.support.stack import ROOT, RehearsedStack

OTHER_CLIENT = "00000000-0000-4000-8000-00000000dead"
TYPE, ENVIRONMENT = "microsoft_ad", "Production"


# --- situations ------------------------------------------------------------------------------------------------------


@pytest.fixture
def rotated(living: RehearsedStack) -> RehearsedStack:
    """A stack one rotation later: two secrets, the older one inside its grace period."""
    living.later(days=91)
    living.up()
    return living


@dataclass
class Watch:
    """What was seen after every single request."""

    stack: RehearsedStack
    looks: int = 0
    most_secrets: int = 0
    refusals: list[str] = field(default_factory=list)
    added: list[tuple[datetime, Entry]] = field(default_factory=list)
    """Each request for a new client secret, with the emulated instant."""

    def see(self, entry: Entry) -> None:
        world = self.stack.emulator.world
        for application in Directory(world).find(APPLICATION, lambda _any: True):
            self.most_secrets = max(self.most_secrets, len(application.resource["passwordCredentials"]))
        row = workspace_of(world).find(ENVIRONMENT, TYPE)
        holding = holding_of(world, row) if row is not None else None
        if holding is not None:
            self.looks += 1
            if not holding.is_accepted:
                self.refusals.append(f"after {entry['method']} {entry['path']}: {holding.problem}")
        if entry["path"].endswith("/addPassword"):
            self.added.append((world.clock.now(), entry))


@contextmanager
def watched(stack: RehearsedStack) -> Iterator[Watch]:
    watch = Watch(stack)
    stop = stack.emulator.world.journal.listen(watch.see)
    try:
        yield watch
    finally:
        stop()


@contextmanager
def slow_entra(stack: RehearsedStack) -> Iterator[list[Entry]]:
    """New secrets are refused for 18 s, which pass when one refusal was given; yields the attempts.

    The clock stands still otherwise, so that no secret becomes usable because this computer is busy.
    """
    attempts: list[Entry] = []
    clock = stack.emulator.world.clock
    client = f"client_id={stack.outputs()['client_id']}"

    def see(entry: Entry) -> None:
        if entry["service"] == "entra" and client in (entry["request_body"] or ""):
            attempts.append(entry)
            if entry["status"] == 401:
                clock.change(advance_s=18)

    stack.control.settings(secret_propagation_s=18)
    stack.control.clock(scale=0)
    stop = stack.emulator.world.journal.listen(see)
    try:
        yield attempts
    finally:
        stop()


@dataclass
class Rotations:
    """Ten rotations in a row: nine on time, the eighth forced."""

    watch: Watch
    results: list[Result]
    applications: list[dict[str, Any]]
    outputs: list[dict[str, Any]]
    base_url: str


@pytest.fixture(scope="module")
def ten_rotations(deployed_once: DeployedOnce, tmp_path_factory: pytest.TempPathFactory) -> Rotations:
    stack = deployed_once.again(tmp_path_factory.mktemp("rotations") / "state")
    seen = Rotations(Watch(stack), [], [], [], stack.emulator.base_url)
    with slow_entra(stack), watched(stack) as seen.watch:
        for number in range(10):
            if number != 7:
                stack.later(days=91)
            seen.results.append(stack.up(forceRotation="leak" if number >= 7 else ""))
            seen.applications.append(stack.application())
            seen.outputs.append(stack.outputs())
    stack.assert_no_secret_leaked()
    return seen


# --- looking ---------------------------------------------------------------------------------------------------------


def changed(result: Result) -> list[StepEvent]:
    return [step for step in result.steps if step.op not in ("same", "read", "refresh")]


def changed_names(result: Result, of_type: str = "") -> set[str]:
    return {step.name for step in changed(result) if of_type in step.type}


def writes_at_unified(stack: RehearsedStack, since: int = 0) -> list[Entry]:
    return [entry for entry in stack.requests("unifiedto", since) if entry["method"] != "GET"]


def new_secrets(stack: RehearsedStack, since: int = 0) -> list[Entry]:
    return [entry for entry in stack.requests("graph", since) if entry["path"].endswith("/addPassword")]


def key_ids(stack: RehearsedStack) -> set[str]:
    return {secret["keyId"] for secret in stack.application()["passwordCredentials"]}


def token_is_given(stack: RehearsedStack, secret: str) -> bool:
    """Whether Entra gives the stack's application a token for a client secret, now."""
    outputs = stack.outputs()
    answer = httpx.post(
        f"{stack.emulator.base_url}/{outputs['tenant_id']}/oauth2/v2.0/token",
        data={
            "grant_type": "client_credentials",
            "client_id": outputs["client_id"],
            "client_secret": secret,
            "scope": f"{stack.emulator.base_url}/.default",
        },
        verify=stack.emulator.ssl_context,
    )
    return answer.status_code == 200


def body_of(entry: Entry) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(entry["request_body"] or "{}")
    return body


def made_by_hand(stack: RehearsedStack) -> dict[str, Any]:
    """An app registration with a service principal and a client secret, made in the portal."""
    created = stack.app_made_by_hand()
    return {**created, "secret": secret_by_hand(stack, created["id"])}


def secret_by_hand(stack: RehearsedStack, object_id: str) -> dict[str, Any]:
    body = {"passwordCredential": {"displayName": "by hand"}}
    return stack.graph("POST", f"/v1.0/applications/{object_id}/addPassword", json=body)


def remove_secret(stack: RehearsedStack, key_id: str) -> None:
    object_id = stack.outputs()["application_object_id"]
    stack.graph("POST", f"/v1.0/applications/{object_id}/removePassword", json={"keyId": key_id})


# --- never sent, always dirty ----------------------------------------------------------------------------------------


def test_a_rotated_secret_shows_in_the_plan_and_reaches_unified(living: RehearsedStack) -> None:
    """Complaint 1: a rotated secret is never sent to the platform.

    https://github.com/fivetran/terraform-provider-fivetran/issues/390
    https://github.com/fivetran/terraform-provider-fivetran/issues/461
    """
    living.later(days=91)
    before = living.mark()
    planned = [step for step in changed(living.preview()) if "WorkspaceIntegration" in step.type]
    assert [step.op for step in planned] == ["update"]
    assert writes_at_unified(living, before) == []

    living.up()
    [write] = writes_at_unified(living, before)
    assert body_of(write)["auth"]["client_secret"] == living.outputs()["client_secret"]
    assert living.sign_in()["signed_in"]
    living.assert_settled()


def test_a_correction_by_hand_is_shown_and_not_overwritten_before_up(living: RehearsedStack) -> None:
    """Complaint 2: a correction made by hand at the platform is overwritten unseen.

    No public issue: reported in the changes of a Terraform provider for Nango (CON-6127).
    """
    ours = living.outputs()["client_id"]
    living.control.edit_registration(
        ENVIRONMENT, TYPE, auth={"client_id": OTHER_CLIENT, "client_secret": "entered-by-hand"}
    )
    before = living.mark()
    refreshed = living.refresh()
    assert not refreshed.is_unchanged
    said = "\n".join(refreshed.diagnostics)
    assert ours in said
    assert OTHER_CLIENT in said
    planned = living.preview()
    assert changed_names(planned) == {f"microsoft-{ENVIRONMENT}-{TYPE}"}
    assert writes_at_unified(living, before) == []

    living.up()
    assert len(writes_at_unified(living, before)) == 1
    assert living.sign_in()["signed_in"]
    living.assert_settled()


def test_whatever_a_mask_hides_nothing_is_planned_and_nothing_written(living: RehearsedStack) -> None:
    """Complaint 3: always dirty, because the API hides the secret.

    https://github.com/hashicorp/terraform-provider-azurerm/issues/7298
    https://github.com/hashicorp/terraform-provider-azurerm/issues/7757 (not re-checked)
    https://github.com/auth0/terraform-provider-auth0/issues/1391
    See also: tests/contract/registration/test_writes.py::test_u5_no_mask_is_ever_sent_back_and_none_causes_a_diff
    """
    before = living.mark()
    for mask in ("full", "absent", "clear"):
        living.control.settings(mask=mask)
        assert living.refresh().is_unchanged, mask
        assert living.preview().is_unchanged, mask
    assert writes_at_unified(living, before) == []


def test_nothing_is_planned_after_up_nor_after_refresh(deployed: RehearsedStack) -> None:
    """Complaint 3: always dirty, because the API hides the secret.

    https://github.com/hashicorp/terraform-provider-azurerm/issues/7298
    """
    before = deployed.mark()
    deployed.assert_settled()
    assert writes_at_unified(deployed, before) == []


def test_an_edited_component_plans_no_change(
    living: RehearsedStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Complaint 4: a change of the provider's code shows as a change of every resource.

    https://github.com/pulumi/pulumi/issues/12401
    """
    later_release = tmp_path / "later release"
    shutil.copytree(ROOT / "components" / "pulumi_unifiedto", later_release / "pulumi_unifiedto")
    for module in (later_release / "pulumi_unifiedto").glob("*.py"):
        text = module.read_text("utf-8")
        edited = text.replace(
            "(ResourceProvider):\n",
            '(ResourceProvider):\n    EDITED = True\n\n    def added(self) -> str:\n        return "later"\n\n',
        )
        module.write_text(f"{edited}\n# later release\n", "utf-8")
    living.environment["PYTHONPATH"] = str(later_release)
    monkeypatch.syspath_prepend(str(later_release))
    for name in [name for name in sys.modules if name.split(".")[0] == "pulumi_unifiedto"]:
        monkeypatch.delitem(sys.modules, name)

    assert living.preview().is_unchanged
    assert Path(str(sys.modules["pulumi_unifiedto"].__file__)).is_relative_to(later_release)
    assert living.refresh().is_unchanged
    assert living.up().is_unchanged
    for name in [name for name in sys.modules if name.split(".")[0] == "pulumi_unifiedto"]:
        monkeypatch.delitem(sys.modules, name)


def test_no_component_ignores_changes() -> None:
    """Complaint 5: ``ignore_changes`` on a secret hides its rotation.

    https://github.com/lgallard/terraform-aws-cognito-user-pool/pull/371
    """
    sources = [*(ROOT / "components").rglob("*.py"), ROOT / "__main__.py", *(ROOT / "examples").rglob("*.py")]
    assert len(sources) > 10
    for source in sources:
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            names = (getattr(node, name, None) for name in ("arg", "attr", "id"))
            assert "ignore_changes" not in names, f"{source.name} ignores changes"


# --- destroying ------------------------------------------------------------------------------------------------------


def test_destroy_withdraws_and_what_is_gone_already_is_no_failure(living: RehearsedStack) -> None:
    """Complaint 6: delete does nothing, or fails now and then.

    https://github.com/hashicorp/terraform-provider-azuread/issues/505
    https://github.com/hashicorp/terraform-provider-azuread/issues/661
    https://github.com/hashicorp/terraform-provider-azuread/issues/1578
    """
    living.control.add_fault({"kind": "status", "status": 503}, service="graph", method="DELETE", times=1)
    living.control.add_fault({"kind": "status", "status": 503}, service="unifiedto", method="PUT", times=1)
    client_id = living.outputs()["client_id"]
    living.destroy()
    assert living.row()["is_active"] is False
    assert client_id not in {app["appId"] for app in living.graph("GET", "/v1.0/applications")["value"]}
    assert living.destroy().is_unchanged


def test_destroy_succeeds_where_the_registration_was_removed_by_hand(living: RehearsedStack) -> None:
    """Complaint 6: delete does nothing, or fails now and then.

    https://github.com/hashicorp/terraform-provider-azuread/issues/661
    """
    workspace_of(living.emulator.world).remove_by_hand(ENVIRONMENT, TYPE)
    living.destroy()
    assert "not registered any more" in "\n".join(living.printed)
    living.destroy()


def test_destroy_succeeds_where_a_secret_was_removed_by_hand(living: RehearsedStack) -> None:
    """Complaint 6: delete does nothing, or fails now and then.

    The secrets go with the application, so that nothing is asked about one that is gone.

    https://github.com/hashicorp/terraform-provider-azuread/issues/505
    """
    object_id = living.outputs()["application_object_id"]
    [key_id] = key_ids(living)
    remove_secret(living, key_id)
    living.destroy()
    assert living.row()["is_active"] is False
    assert object_id not in {application["id"] for application in living.graph("GET", "/v1.0/applications")["value"]}


# --- ten rotations ---------------------------------------------------------------------------------------------------


def test_ten_rotations_never_meet_a_third_secret(ten_rotations: Rotations) -> None:
    """Complaint 7: an app for personal accounts holds two secrets at most, and a rotation makes a third.

    https://github.com/microsoft/coe-starter-kit/issues/3695 (not re-checked)
    https://github.com/wso2/docs-apim/pull/10892
    https://github.com/hashicorp/terraform-provider-azuread/issues/640
    """
    assert [result.changes["replace"] for result in ten_rotations.results[1:]] == [1] * 9
    assert ten_rotations.watch.most_secrets == 2
    assert [entry["status"] for _now, entry in ten_rotations.watch.added] == [200] * 10


def test_the_registered_secret_logs_in_after_every_request_of_ten_rotations(ten_rotations: Rotations) -> None:
    """Complaint 8: the replacement of a secret leaves a gap.

    https://github.com/hashicorp/terraform-provider-azuread/issues/1549
    https://github.com/hashicorp/terraform-provider-azuread/issues/1599
    https://github.com/hashicorp/terraform-provider-azuread/issues/480
    """
    assert ten_rotations.watch.looks > 100
    assert ten_rotations.watch.refusals == []


def test_the_end_date_asked_for_is_the_one_in_graph(ten_rotations: Rotations) -> None:
    """Complaint 11: the end date asked for is ignored, and the secret lives two years.

    https://github.com/hashicorp/terraform-provider-azuread/issues/1424
    """
    for (now, entry), application, outputs in zip(
        ten_rotations.watch.added, ten_rotations.applications, ten_rotations.outputs, strict=True
    ):
        asked = body_of(entry)["passwordCredential"]["endDateTime"]
        given = json.loads(entry["response_body"] or "{}")
        [listed] = [one for one in application["passwordCredentials"] if one["keyId"] == given["keyId"]]
        assert asked == given["endDateTime"] == listed["endDateTime"] == outputs["secret_expires_at"]
        assert abs(parse_instant(asked) - now - timedelta(days=180)) < timedelta(hours=1)


def test_no_request_carries_a_start_date(ten_rotations: Rotations) -> None:
    """Complaint 26: a start date in the past is refused when a secret is created again.

    https://github.com/hashicorp/terraform-provider-azuread/issues/1582
    """
    for _now, entry in ten_rotations.watch.added:
        assert "startDateTime" not in body_of(entry)["passwordCredential"]


def test_a_secret_that_is_created_again_much_later_carries_no_start_date(living: RehearsedStack) -> None:
    """Complaint 26: a start date in the past is refused when a secret is created again.

    https://github.com/hashicorp/terraform-provider-azuread/issues/1582
    """
    living.later(days=40)
    [key_id] = key_ids(living)
    remove_secret(living, key_id)
    living.refresh()
    before = living.mark()
    living.up()
    [created] = new_secrets(living, before)
    assert "startDateTime" not in body_of(created)["passwordCredential"]
    assert living.sign_in()["signed_in"]
    living.assert_settled()


# --- a tenant that is slow, or says no -------------------------------------------------------------------------------


def test_a_personal_side_that_is_late_is_waited_for(undeployed: RehearsedStack) -> None:
    """Complaint 9: 409, the corresponding MSA application does not exist.

    https://github.com/hashicorp/terraform-provider-azuread/issues/1764
    https://github.com/microsoftgraph/msgraph-sdk-powershell/issues/3380 (not re-checked)
    """
    undeployed.control.settings(msa_conflicts=3)
    undeployed.up()
    conflicts = [entry for entry in undeployed.requests("graph") if entry["status"] == 409]
    assert len(conflicts) == 3
    assert undeployed.sign_in()["signed_in"]
    undeployed.assert_settled()


def test_a_personal_side_that_never_comes_is_explained_at_the_deadline(undeployed: RehearsedStack) -> None:
    """Complaint 9: 409, the corresponding MSA application does not exist.

    https://github.com/hashicorp/terraform-provider-azuread/issues/1764
    """
    conflict = {"error": {"code": "Error_MsaAppDoesNotExist", "message": "The corresponding MSA application ..."}}
    undeployed.control.add_fault(
        {"kind": "status", "status": 409, "body": conflict},
        service="graph",
        method="POST",
        path="/addPassword$",
        times=None,
    )
    words = undeployed.fails(undeployed.up)
    assert "UNI309" in words
    assert "Wait a few minutes and run again" in words
    assert writes_at_unified(undeployed) == []


def test_another_conflict_is_not_taken_for_the_personal_side(undeployed: RehearsedStack) -> None:
    """Complaint 9: 409, the corresponding MSA application does not exist; other conflicts keep their own rule.

    https://github.com/hashicorp/terraform-provider-azuread/issues/1764
    """
    conflict = {"error": {"code": "Directory_ConcurrencyViolation", "message": "Error due to concurrent requests."}}
    undeployed.control.add_fault(
        {"kind": "status", "status": 409, "body": conflict},
        service="graph",
        method="POST",
        path="/addPassword$",
        times=None,
    )
    words = undeployed.fails(undeployed.up)
    assert "Directory_ConcurrencyViolation" in words
    assert "UNI309" not in words


def test_unified_hears_of_a_secret_only_after_entra_has_taken_it(living: RehearsedStack) -> None:
    """Complaint 10: a new secret is refused for 4 to 18 seconds.

    https://github.com/microsoftgraph/microsoft-graph-docs/issues/17966
    https://github.com/hashicorp/vault-plugin-secrets-azure/issues/23
    """
    before = living.mark()
    with slow_entra(living) as attempts:
        living.up(forceRotation="leak")
    assert [attempt["status"] for attempt in attempts] == [401, 200]
    at_unified = living.requests("unifiedto", before)
    assert min(entry["seq"] for entry in at_unified) > attempts[-1]["seq"]
    assert len(writes_at_unified(living, before)) == 1
    assert living.sign_in()["signed_in"]
    living.assert_settled()


def test_a_tenant_policy_is_named_with_the_input_to_shorten(undeployed: RehearsedStack) -> None:
    """Complaint 25: the tenant's policy refuses the secret's lifetime.

    https://github.com/microsoft/PubSec-Info-Assistant/issues/681
    """
    undeployed.control.settings(lifetime_policy_max_days=90)
    before = undeployed.row()
    words = undeployed.fails(undeployed.up)
    assert "UNI210" in words
    assert "rotateEvery" in words
    assert "policy" in words
    assert undeployed.row() == before
    assert writes_at_unified(undeployed) == []

    undeployed.up(rotateEvery="P45D")
    assert undeployed.sign_in()["signed_in"]
    undeployed.assert_settled()


# --- time ------------------------------------------------------------------------------------------------------------


def test_days_left_are_an_output_and_too_few_of_them_warn_or_fail(living: RehearsedStack) -> None:
    """Complaint 12: the expiry of a secret goes unnoticed.

    https://github.com/hashicorp/terraform-provider-azuread/issues/80
    https://github.com/hashicorp/terraform-provider-azuread/issues/641
    """
    assert living.outputs()["secret_days_left"] == 180
    living.later(days=85)
    living.config["warnDaysLeft"] = 95
    assert "UNI216" not in "\n".join(living.preview().diagnostics)
    living.config["warnDaysLeft"] = 96
    warned = living.preview()
    assert "95 days are left, and the limit is 96" in "\n".join(warned.diagnostics)
    assert warned.is_unchanged
    living.config["failBelowLimit"] = True
    assert "UNI216" in living.fails(living.up)

    living.later(days=70)
    mending = living.preview()
    assert "UNI216" in "\n".join(mending.diagnostics), "the run that mends it is not stopped by its own preview"
    assert changed_names(mending, "ApplicationPassword") == {"microsoft-secret-green"}
    living.up()
    assert living.outputs()["secret_days_left"] == 180
    living.assert_settled()


def test_with_the_clock_stopped_every_preview_decides_alike(living: RehearsedStack) -> None:
    """Complaint 13: a clock resource rotates endlessly, or drifts.

    https://github.com/hashicorp/terraform-provider-time/issues/354
    https://github.com/hashicorp/terraform-provider-time/issues/195
    https://github.com/hashicorp/terraform-provider-time/issues/44
    """
    living.control.clock(scale=0)
    assert [living.preview().is_unchanged for _ in range(2)] == [True, True]
    living.later(days=91)
    first, second = living.preview(), living.preview()
    assert changed(first) == changed(second)
    assert not first.is_unchanged


def test_three_periods_late_is_exactly_one_step(living: RehearsedStack) -> None:
    """Complaint 13: a clock resource rotates endlessly, or drifts.

    https://github.com/hashicorp/terraform-provider-time/issues/354
    """
    living.control.clock(scale=0)
    living.later(days=270)
    now = parse_instant(living.control.clock()["now"])
    before = living.mark()
    living.up()
    assert len(new_secrets(living, before)) == 1
    assert parse_instant(living.outputs()["secret_rotates_at"]) == now.replace(microsecond=0) + timedelta(days=90)
    assert living.up().is_unchanged
    assert living.sign_in()["signed_in"]
    living.assert_settled()


# --- what others do to secrets ---------------------------------------------------------------------------------------


def test_of_two_secrets_only_the_one_removed_in_the_portal_is_renewed(rotated: RehearsedStack) -> None:
    """Complaint 14: a secret is removed or made outside.

    https://github.com/hashicorp/terraform-provider-azuread/issues/671
    See also: tests/e2e/test_rotation_lifecycle.py::test_a_secret_removed_in_the_portal_is_renewed_alone
    """
    slots = rotated.outputs()["secret_slots"]
    remove_secret(rotated, slots["green"]["key_id"])
    refreshed = rotated.refresh()
    assert {step.name for step in refreshed.steps if step.op == "delete"} == {"microsoft-secret-green"}

    renewed = rotated.up()
    assert changed_names(renewed, "ApplicationPassword") == {"microsoft-secret-green"}
    assert slots["blue"]["key_id"] in key_ids(rotated)
    assert len(key_ids(rotated)) == 2
    assert rotated.sign_in()["signed_in"]
    rotated.assert_settled()


def test_a_secret_of_somebody_else_survives_everything_that_the_stack_does(undeployed: RehearsedStack) -> None:
    """Complaint 15: an upgrade deletes the secrets of others.

    https://github.com/hashicorp/terraform-provider-azuread/pull/1430
    See also: tests/e2e/test_rotation_lifecycle.py::test_an_adopted_app_keeps_its_hand_made_secret
    """
    stack = undeployed
    app = made_by_hand(stack)
    foreign = app["secret"]["keyId"]

    def survives() -> bool:
        found = stack.graph("GET", f"/v1.0/applications/{app['id']}")["passwordCredentials"]
        return foreign in {secret["keyId"] for secret in found}

    stack.up(clientId=app["appId"])
    assert survives()
    assert token_is_given(stack, app["secret"]["secretText"])
    stack.refresh()
    assert survives()
    stack.up(registrations=[{"integrationType": "microsoftoutlook", "isActive": True}])
    assert survives()
    stack.later(days=91)
    words = stack.fails(stack.up)
    assert "UNI209" in words
    assert survives()
    stack.destroy()
    assert survives()
    assert len(stack.graph("GET", f"/v1.0/applications/{app['id']}")["passwordCredentials"]) == 1


def test_the_previous_secret_logs_in_until_its_grace_ends(living: RehearsedStack) -> None:
    """Complaint 16: the old secret is revoked at once.

    https://github.com/hashicorp/vault/issues/31758
    """
    previous = living.outputs()["client_secret"]
    living.later(days=91)
    living.up()
    assert living.outputs()["client_secret"] != previous
    living.assert_settled()
    assert token_is_given(living, previous)
    living.later(days=88)
    living.up()
    assert token_is_given(living, previous)
    living.later(days=2)
    assert not token_is_given(living, previous)
    assert living.sign_in()["signed_in"]


def test_inside_the_grace_period_and_right_after_it_everything_succeeds_and_changes_nothing(
    rotated: RehearsedStack,
) -> None:
    """Complaint 17: every apply fails around the end of the previous secret.

    https://github.com/pingidentity/terraform-provider-pingone/issues/1359
    """
    for days in (45, 44.5):  # the previous secret ends after 89 days, the next rotation is due after 90
        rotated.later(days=days)
        assert rotated.refresh().is_unchanged
        assert rotated.preview().is_unchanged
        assert rotated.up().is_unchanged
    ends = [parse_instant(secret["ends_at"]) for secret in rotated.outputs()["secret_slots"].values()]
    now = parse_instant(str(rotated.control.clock()["now"]))
    assert sorted(end > now for end in ends) == [False, True]


def test_a_secret_in_the_state_that_works_no_more_does_not_break_a_refresh(rotated: RehearsedStack) -> None:
    """Complaint 18: a rotated value in the state breaks the refresh.

    https://github.com/betr-io/terraform-provider-mssql/issues/92
    """
    for slot in rotated.outputs()["secret_slots"].values():
        remove_secret(rotated, slot["key_id"])
    assert not rotated.sign_in()["signed_in"]
    refreshed = rotated.refresh()
    gone = {step.name for step in refreshed.steps if step.op == "delete"}
    assert gone == {"microsoft-secret-blue", "microsoft-secret-green"}
    rotated.up()
    assert rotated.sign_in()["signed_in"]
    rotated.assert_settled()


def test_secrets_that_ended_long_ago_do_not_break_a_refresh(living: RehearsedStack) -> None:
    """Complaint 18: a rotated value in the state breaks the refresh.

    https://github.com/betr-io/terraform-provider-mssql/issues/92
    """
    living.later(days=500)
    assert living.refresh().is_unchanged
    planned = living.preview()
    assert changed_names(planned, "ApplicationPassword") == {"microsoft-secret-green"}


# --- the platform ----------------------------------------------------------------------------------------------------


def test_a_registration_that_exists_is_adopted_by_its_name_with_one_write_and_none_after(
    undeployed: RehearsedStack,
) -> None:
    """Complaint 19: what exists cannot be imported.

    https://github.com/DataDog/terraform-provider-datadog/issues/2663
    https://github.com/pulumi/pulumi/issues/16175
    See also: tests/e2e/test_lifecycle.py::test_a_registration_that_exists_is_adopted_and_keeps_what_was_not_declared
    """
    undeployed.control.edit_registration(
        ENVIRONMENT, TYPE, is_active=True, auth={"client_id": OTHER_CLIENT, "client_secret": "entered-by-hand"}
    )
    row_id = undeployed.row()["id"]
    undeployed.up()
    [write] = writes_at_unified(undeployed)
    assert write["path"].endswith(row_id)
    assert undeployed.outputs()["registrations"][0]["id"] == row_id

    before = undeployed.mark()
    undeployed.assert_settled()
    assert undeployed.up().is_unchanged
    assert writes_at_unified(undeployed, before) == []


def test_a_write_that_is_answered_200_and_not_kept_fails_with_the_difference(undeployed: RehearsedStack) -> None:
    """Complaint 20: the backend ignores a change and says nothing.

    https://github.com/DataDog/terraform-provider-datadog/pull/2483
    See also: tests/contract/registration/test_verification.py::test_u12_a_secret_without_a_trace_is_not_called_verified
    """
    undeployed.control.edit_registration(
        ENVIRONMENT, TYPE, is_active=True, auth={"client_id": OTHER_CLIENT, "client_secret": "entered-by-hand"}
    )
    undeployed.control.add_fault({"kind": "status", "status": 200}, service="unifiedto", method="PUT", times=None)
    undeployed.environment["UNIFIED_API_VISIBILITY_S"] = "0.2"
    words = undeployed.fails(undeployed.up)
    assert "UNI306" in words
    assert f"client_id is {OTHER_CLIENT} instead of" in words
    undeployed.assert_no_secret_leaked()

    undeployed.control.clear_faults()
    undeployed.up()
    assert undeployed.sign_in()["signed_in"]
    undeployed.assert_settled()


def test_one_up_rotates_and_registers_and_a_broken_one_is_finished_by_the_next(deployed: RehearsedStack) -> None:
    """Complaint 21: the registration is not updated when credentials rotate.

    https://github.com/DataDog/terraform-provider-datadog/issues/3187 (not re-checked)
    """
    deployed.later(days=91)
    deployed.control.add_fault({"kind": "status", "status": 403}, service="unifiedto", method="PUT", times=None)
    before = deployed.mark()
    deployed.fails(deployed.up)
    assert deployed.sign_in()["signed_in"]

    deployed.control.clear_faults()
    deployed.up()
    assert len(new_secrets(deployed, before)) == 1
    last = writes_at_unified(deployed, before)[-1]
    assert body_of(last)["auth"]["client_secret"] == deployed.outputs()["client_secret"]
    assert deployed.sign_in()["signed_in"]
    deployed.assert_settled()


# --- secrets ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "break_it",
    [
        pytest.param(lambda control: control.settings(plan_allows_own_credentials=False), id="plan"),
        pytest.param(
            lambda control: control.settings(errors_quote_request=True, unknown_fields="refused"), id="quoted request"
        ),
        pytest.param(
            lambda control: control.add_fault("half_body", service="graph", path="/addPassword$"), id="half an answer"
        ),
    ],
)
def test_no_secret_is_in_any_error_output_or_state(living: RehearsedStack, break_it: Callable[[Any], None]) -> None:
    """Complaint 22: secrets stand in logs and in serialised providers.

    https://github.com/pulumi/pulumi/issues/8265
    https://github.com/pulumi/pulumi/pull/13315
    https://github.com/pulumi/pulumi/pull/15864
    https://github.com/pulumi/pulumi/issues/15539
    """
    break_it(living.control)
    assert living.fails(lambda: living.up(forceRotation="leak"))
    living.assert_no_secret_leaked()


def test_serialised_providers_and_an_api_key_in_the_configuration_show_no_secret(living: RehearsedStack) -> None:
    """Complaint 22: secrets stand in logs and in serialised providers.

    https://github.com/pulumi/pulumi/issues/8265
    https://github.com/pulumi/pulumi/issues/15539
    """
    del living.environment["UNIFIED_API_KEY"]
    result = living.pulumi(secrets={"unifiedto:apiKey": API_KEY}).up()
    living.printed += result.diagnostics
    living.assert_no_secret_leaked()

    text = json.dumps(living.resources())
    for secret in living.secrets:
        assert secret not in text
    from pulumi.dynamic.dynamic import serialize_provider

    from pulumi_unifiedto.client_secret.schedule import RotationScheduleProvider
    from pulumi_unifiedto.registration.workspace_integration import WorkspaceIntegrationProvider

    for provider in (RotationScheduleProvider(), WorkspaceIntegrationProvider()):
        pickled = base64.b64decode(serialize_provider(provider))
        assert len(pickled) < 120
        assert type(provider).__name__.encode() in pickled


# --- the app registration --------------------------------------------------------------------------------------------


def test_ten_rotations_leave_the_redirect_uris_as_declared(ten_rotations: Rotations) -> None:
    """Complaint 23: redirect URIs are wiped.

    https://github.com/hashicorp/terraform-provider-azuread/issues/1695
    https://github.com/pulumi/pulumi-azuread/issues/1036 (not re-checked)
    https://github.com/pulumi/pulumi-azuread/issues/1169
    """
    for application in ten_rotations.applications:
        assert application["web"]["redirectUris"] == [f"{ten_rotations.base_url}/oauth/code"]


def test_further_ups_and_changes_leave_the_redirect_uris_as_declared(living: RehearsedStack) -> None:
    """Complaint 23: redirect URIs are wiped.

    https://github.com/hashicorp/terraform-provider-azuread/issues/1695
    https://github.com/pulumi/pulumi-azuread/issues/1169
    """
    declared = [f"{living.emulator.base_url}/oauth/code", "https://login.example.com/oauth/code"]
    living.up(redirectUris=declared)
    assert set(living.application()["web"]["redirectUris"]) == set(declared)
    living.up(notes="Owned by the CRM team", graphPermissions=["openid", "Mail.Read"])
    assert set(living.application()["web"]["redirectUris"]) == set(declared)
    living.assert_settled()
    living.up()
    assert set(living.application()["web"]["redirectUris"]) == set(declared)


def test_with_ownership_alone_two_ups_in_a_row_and_a_destroy_succeed(deployed: RehearsedStack) -> None:
    """Complaint 24: the caller loses the ownership of its app, and with it the right to change it.

    https://github.com/equinor/terraform-azuread-app (a comment in its code)
    """
    assert deployed.control.settings()["caller_roles"] == ["Application.ReadWrite.OwnedBy"]
    object_id = deployed.outputs()["application_object_id"]
    owners = deployed.graph("GET", f"/v1.0/applications/{object_id}/owners")["value"]
    assert len(owners) == 1
    deployed.up(notes="Owned by the CRM team")
    deployed.up(notes="Owned by the sales team", forceRotation="leak")
    assert deployed.graph("GET", f"/v1.0/applications/{object_id}/owners")["value"] == owners
    deployed.assert_settled()
    deployed.destroy()
    refused = [entry for entry in deployed.requests("graph") if entry["status"] in (401, 403)]
    assert refused == []


def test_destroy_leaves_service_principals_that_the_stack_did_not_create(undeployed: RehearsedStack) -> None:
    """Complaint 27: an existing service principal is deleted.

    https://github.com/pulumi/pulumi-azuread/issues/2045
    """
    app = made_by_hand(undeployed)
    undeployed.up(clientId=app["appId"])
    undeployed.destroy()
    for principal in (app["principal"], GRAPH_SERVICE_PRINCIPAL_ID):
        assert undeployed.graph("GET", f"/v1.0/servicePrincipals/{principal}")["id"] == principal
    deletions = [entry["path"] for entry in undeployed.requests("graph") if entry["method"] == "DELETE"]
    assert deletions == []
