"""One emulated Unified.to, one provider process, and what a test says about both.

The provider runs in its real process and is spoken to over gRPC. U1 to U15 are the numbers of what is not known about
Unified.to's API; each has tests with the emulator switched to each possible answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from emulator.core.server import EmulatorServer
from emulator.unifiedto.model import Row
from emulator.unifiedto.routes import workspace_of
from emulator.unifiedto.seed import WORKSPACE_ID
from emulator.unifiedto.state import Workspace
from tests.contract.dynamic_provider import (
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
MANUAL = {"mode": "manual"}
CONFIRMED = {**MANUAL, "entered_secret": SECRET[:3]}
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
    printed_before: int = 0

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

    def has_printed(self, text: str, *, since: int | None = None, within_s: float = 5.0) -> bool:
        """Whether the process prints a text, in this test or since it had printed so many characters."""
        since = self.printed_before if since is None else since
        return self.process.has_printed(text, since=since, within_s=within_s)


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


def tuned(emulator: EmulatorServer, **changes: str) -> dict[str, str]:
    return {
        **emulator.env(),
        "UNIFIED_API_RETRY_WAIT_S": "0.01",
        "UNIFIED_API_RETRIES": "2",
        "UNIFIED_API_TIMEOUT_S": "2",
        "UNIFIED_API_VISIBILITY_S": "0.6",
        **changes,
    }
