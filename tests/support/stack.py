"""A stack under test: this project's program (or another) on Pulumi's engine, against one emulator."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import httpx
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS

from emulator.core.journal import Entry
from emulator.core.redaction import fingerprint
from emulator.core.server import EmulatorServer
from emulator.unifiedto.seed import API_KEY, WORKSPACE_ID
from rehearsal.results import ConfigValue, OperationFailed, Result
from rehearsal.stack import Stack
from tests.support.graph import call_graph
from tests.support.tools import Tools

# A test's process sees hundreds of runs, each with connections to ports of its own, which the SDK does not close. gRPC
# shares what it knows of a port in a process: a new run on the port of an old one would be refused as that one now is.
_GRPC_CHANNEL_OPTIONS.append(("grpc.use_local_subchannel_pool", 1))

ROOT: Final = Path(__file__).parents[2]

_SECRET_TEXT: Final = re.compile(r'"secretText": ?"([^"]+)"')

_SECRET_MAY_PASS: Final = {
    # where a client secret's value has to travel: (service, path ending)
    ("graph", "/addPassword"),
    ("unifiedto", "/unified/workspaceintegration"),
}


class RehearsedStack:
    """Runs a program as a user does, keeps what was printed, and knows every secret that must not be seen anywhere
    else."""

    def __init__(
        self,
        emulator: EmulatorServer,
        tools: Tools,
        state_dir: Path,
        *,
        project_dir: Path = ROOT,
        stack: str = "test",
        base: Mapping[str, Any] | None = None,
        **config: Any,
    ) -> None:
        """`config` goes on top of `base`, which is a whole configuration of the project's own program by default."""
        self.emulator = emulator
        self.control = emulator.control
        self.state_dir = state_dir
        self.project_dir = project_dir
        self.stack = stack
        own = {"displayName": "Example CRM", "registrations": [{"integrationType": "microsoft_ad", "isActive": True}]}
        self.config: dict[str, Any] = {
            "workspaceId": WORKSPACE_ID,
            "apiUrl": emulator.base_url,
            **(own if base is None else base),
            **config,
        }
        self.environment: dict[str, str] = {
            **emulator.env(),
            # The emulator's own root alone: reading the public ones takes longer than most requests.
            **dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), str(emulator.ca_bundle.with_name("ca.pem"))),
            "UNIFIED_API_RETRY_WAIT_S": "0.01",
            "UNIFIED_API_VISIBILITY_S": "2",
            "UNIFIED_API_TIMEOUT_S": "3",
        }
        self.printed: list[str] = []
        self.secrets: set[str] = {API_KEY, self.environment["ARM_CLIENT_SECRET"]}
        self.tools = tools
        self._learnt_up_to = 0

    # --- running -----------------------------------------------------------------------------------------------------

    def pulumi(self, *, secrets: Mapping[str, str] | None = None, **options: Any) -> Stack:
        """Pulumi's commands on the stack, with the emulator's present clock. ``secrets``: further values of the
        configuration, encrypted."""
        environment = {**self.environment, "UNIFIEDTO_REHEARSAL_CLOCK": str(self.control.clock()["now"])}
        config = {key: ConfigValue(value) for key, value in self.config.items()}
        config |= {key: ConfigValue(value, secret=True) for key, value in (secrets or {}).items()}
        return Stack(
            self.project_dir,
            self.stack,
            self.state_dir,
            cli=self.tools.cli,
            plugins=self.tools.plugins,
            python=self.tools.python,
            env=environment,
            config=config,
            **options,
        )

    def up(self, **config: Any) -> Result:
        """Deploys; values given change the configuration for good."""
        self.config.update(config)
        return self.run(Stack.up)

    def preview(self) -> Result:
        return self.run(Stack.preview)

    def refresh(self) -> Result:
        return self.run(Stack.refresh)

    def destroy(self) -> Result:
        return self.run(Stack.destroy)

    def fails(self, operation: Callable[[], Result]) -> str:
        """The words that a user sees when an operation fails, as it must."""
        try:
            operation()
        except OperationFailed as error:
            return "\n".join([str(error), *error.diagnostics])
        raise AssertionError("the operation was expected to fail and succeeded")

    def run(self, operation: Callable[..., Result], **options: Any) -> Result:
        """One operation of ``Stack``, with options of its own; what it prints is kept."""
        try:
            result = operation(self.pulumi(), **options)
        except OperationFailed as error:
            self.printed += [str(error), error.stderr, *error.diagnostics]
            raise
        finally:
            self._learn_secrets()
        self.printed += result.diagnostics
        self.printed += [repr(step) for step in result.steps]
        return result

    def _learn_secrets(self) -> None:
        """Every secret that Entra ever handed out, from its answers in the journal."""
        for entry in self.control.journal(since=self._learnt_up_to, service="graph"):
            self._learnt_up_to = entry["seq"]
            if entry["path"].endswith("/addPassword"):
                handed_out = _SECRET_TEXT.findall(entry["response_body"] or "")
                assert handed_out or entry["status"] != 200 or entry["fault"], "a secret that could not be learnt"
                self.secrets.update(handed_out)

    def words(self) -> str:
        """Everything that was printed so far."""
        return "\n".join(self.printed)

    # --- looking -----------------------------------------------------------------------------------------------------

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs in plain form."""
        shown: dict[str, Any] = json.loads(self.pulumi().run("stack", "output", "--json", "--show-secrets"))
        return shown

    def resources(self) -> list[dict[str, Any]]:
        """What the state has, secrets encrypted."""
        return list(self.pulumi().export()["deployment"].get("resources") or [])

    def requests(self, service: str | None = None, since: int = 0) -> list[Entry]:
        return self.control.journal(since=since, service=service)

    def mark(self) -> int:
        """A point in the journal: pass it to `requests` as `since`."""
        return self.control.last_seq()

    def later(self, *, days: float = 0, hours: float = 0) -> None:
        """Lets the emulated time pass."""
        self.control.clock(advance_s=(days * 24 + hours) * 3600)

    def sign_in(self, integration_type: str = "microsoft_ad", environment: str = "Production") -> dict[str, Any]:
        """Signs a person in through the registered integration, as a customer of the product would."""
        answer = httpx.post(
            f"{self.emulator.base_url}/_emulator/sign-in",
            json={"integration_type": integration_type, "environment": environment},
            verify=self.emulator.ssl_context,
            timeout=30,
        )
        answer.raise_for_status()
        result: dict[str, Any] = answer.json()
        return result

    def row(self, integration_type: str = "microsoft_ad", environment: str = "Production") -> dict[str, Any]:
        """What Unified.to lists for one integration in one environment, credentials masked."""
        answer = self._unified("GET", "/unified/workspaceintegration", params={"env": environment})
        rows = [row for row in answer.json() if row["integration_type"] == integration_type]
        assert len(rows) == 1, f"{len(rows)} rows of {integration_type} in {environment}"
        found: dict[str, Any] = rows[0]
        return found

    def edit_row(self, changes: Mapping[str, Any], integration_type: str = "microsoft_ad") -> None:
        """Changes a registration as a person in the dashboard does."""
        row = self.row(integration_type)
        body = {"integration_type": row["integration_type"], "is_active": row["is_active"], **changes}
        self._unified("PUT", f"/unified/workspaceintegration/{row['id']}", json=body)

    def _unified(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        answer = httpx.request(
            method,
            f"{self.emulator.base_url}{path}",
            headers={"Authorization": f"Bearer {API_KEY}"},
            verify=self.emulator.ssl_context,
            **arguments,
        )
        answer.raise_for_status()
        return answer

    def application(self) -> dict[str, Any]:
        """The app registration as Microsoft Graph shows it to the deploying identity."""
        return self.graph("GET", f"/v1.0/applications/{self.outputs()['application_object_id']}")

    def graph(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        """One call of Microsoft Graph as the deploying identity."""
        return call_graph(self.emulator, self.environment, method, path, **arguments)

    def app_made_by_hand(self) -> dict[str, Any]:
        """Another app registration that fits, made in the portal, with its service principal's id as `principal`."""
        created = self.graph(
            "POST",
            "/v1.0/applications",
            json={
                "displayName": "Made by hand",
                "signInAudience": "AzureADandPersonalMicrosoftAccount",
                "api": {"requestedAccessTokenVersion": 2},
                "web": {"redirectUris": [f"{self.emulator.base_url}/oauth/code"]},
            },
        )
        principal = self.graph("POST", "/v1.0/servicePrincipals", json={"appId": created["appId"]})
        return {**created, "principal": principal["id"]}

    # --- what holds after every change -------------------------------------------------------------------------------

    def assert_settled(self) -> None:
        """The next preview is empty, refresh is empty, and no secret is where it does not belong."""
        preview = self.preview()
        assert preview.is_unchanged, f"the next preview is not empty: {_changed(preview)}"
        refreshed = self.refresh()
        assert refreshed.is_unchanged, f"the refresh is not empty: {_changed(refreshed)}"
        again = self.preview()
        assert again.is_unchanged, f"the preview after the refresh is not empty: {_changed(again)}"
        self.assert_no_secret_leaked()

    def assert_no_secret_leaked(self) -> None:
        """No secret in the state's files, in anything printed, or in a request to or answer of a host it is not meant
        for."""
        for path in self.state_dir.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                for secret in self.secrets:
                    assert secret.encode() not in content, f"a secret stands in clear in {path.name}"
                    assert secret not in path.name, "a secret is part of a file's name"
        printed = "\n".join(self.printed)
        for secret in self.secrets:
            assert secret not in printed, "a secret was printed"
        for entry in self.requests():
            where = f"{entry['service']}: {entry['method']} {entry['path']}"
            texts = [entry["path"], str(entry["query"])]
            allowed = any(
                entry["service"] == service and (entry["path"].endswith(ending) or ending in entry["path"])
                for service, ending in _SECRET_MAY_PASS
            )
            if not allowed:
                texts += [entry["request_body"] or "", entry["response_body"] or ""]
            # A fingerprint that stands for a secret tells of it too; at Entra a client has to show its own.
            digests = {fingerprint(secret).rpartition(":")[2] for secret in self.secrets}
            for sign in self.secrets | (digests if entry["service"] != "entra" else set()):
                assert not any(sign in text for text in texts), f"a secret went through {where}"


def _changed(result: Result) -> str:
    changes = {op: count for op, count in result.changes.items() if op not in ("same", "read") and count}
    steps = [
        f"{step.op} {step.name} {list(step.diff_keys)}" for step in result.steps if step.op not in ("same", "read")
    ]
    return f"{changes} {steps}"
