"""What a program's WorkspaceIntegration sends to Pulumi's engine: secrets marked, the provider by name, every input."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks, rpc

from pulumi_unifiedto.registration.options import OPTIONS, WorkspaceIntegrationArgs
from pulumi_unifiedto.registration.workspace_integration import OUTPUT_KEYS, WorkspaceIntegration

SECRET = "Zq8~canary.secret_of-forty.characters~40"
ARGS: WorkspaceIntegrationArgs = {
    "workspace_id": "5f9d7c3e81b24a0017d6e4c2",
    "integration_type": "microsoft_ad",
    "client_id": "22222222-2222-2222-2222-2222222222ab",
    "client_secret": SECRET,
}


class Answers(mocks.Mocks):
    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        return "wi_1", {**args.inputs, "active": True, "status": "verified", "secret_generation": 3}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        return {}, None


class Recorder(mocks.MockMonitor):
    """Keeps the requests: a mock does not get the options."""

    def __init__(self) -> None:
        super().__init__(Answers())
        self.requests: dict[str, Any] = {}

    def RegisterResource(self, request: Any) -> Any:
        self.requests[request.name] = request
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    recording = Recorder()
    loop = asyncio.new_event_loop()  # whatever ran in this process before may have taken the current one away
    asyncio.set_event_loop(loop)
    pulumi.runtime.set_mocks(recording.mocks, project="link", stack="test", preview=False, monitor=recording)
    yield recording
    pulumi.runtime.settings.reset_options()
    asyncio.set_event_loop(None)
    loop.close()


def declared(recorder: Recorder) -> tuple[dict[str, Any], Any, dict[str, Any]]:
    """A declared resource: its inputs as sent, the request, and some of its outputs as the program gets them."""
    seen: dict[str, Any] = {}

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def program() -> Any:
        made = WorkspaceIntegration("link", ARGS)
        outputs = {key: getattr(made, key) for key in (*OPTIONS, *OUTPUT_KEYS) if hasattr(made, key)}
        return pulumi.Output.all(**outputs).apply(seen.update)

    program()
    request = recorder.requests["link"]
    return rpc.deserialize_properties(request.object), request, seen


def test_the_type_and_the_provider_are_what_users_states_hold(recorder: Recorder) -> None:
    inputs, request, _outputs = declared(recorder)
    assert request.type == "pulumi-python:dynamic/unifiedto:WorkspaceIntegration"
    assert rpc.is_rpc_secret(inputs["__provider"])
    stored = base64.b64decode(rpc.unwrap_rpc_secret(inputs["__provider"]))
    assert b"pulumi_unifiedto.registration.workspace_integration" in stored
    assert len(stored) < 120


def test_secrets_are_marked_whatever_the_program_did(recorder: Recorder) -> None:
    inputs, request, _outputs = declared(recorder)
    assert rpc.is_rpc_secret(inputs["client_secret"])
    assert set(request.additionalSecretOutputs) == {"client_secret", "secret_fingerprint"}
    plain = {key: value for key, value in inputs.items() if not rpc.is_rpc_secret(value)}
    assert SECRET not in repr(plain)


def test_what_nobody_declared_is_not_sent(recorder: Recorder) -> None:
    inputs, _request, _outputs = declared(recorder)
    assert set(inputs) == {*ARGS, "__provider"}


def test_outputs_have_their_types(recorder: Recorder) -> None:
    _inputs, _request, outputs = declared(recorder)
    assert outputs["active"] is True
    assert outputs["secret_generation"] == 3
    assert outputs["status"] == "verified"
    assert outputs["updated_at"] is None


def test_no_option_hides_a_change_of_the_secret(recorder: Recorder) -> None:
    """Regression: ignore_changes on a secret hid its rotation (peer: the Cognito module's pull request 371)."""
    _inputs, request, _outputs = declared(recorder)
    assert list(request.ignoreChanges) == []
