"""What ``serve``, ``start`` and ``env`` print is all that a shell needs to work against the emulator."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from emulator.cli import shell_lines
from emulator.core.daemon import Daemon
from emulator.core.server import EmulatorServer

ROOT = Path(__file__).resolve().parents[3]
_SOMEWHERE_ELSE = {
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "ALL_PROXY": "http://127.0.0.1:9",
    "ARM_CLIENT_CERTIFICATE_PATH": "/another/login.pfx",
    "ARM_ENVIRONMENT": "china",
    "ARM_TENANT_ID": "another tenant",
    "ARM_USE_MSI": "true",
    "ARM_USE_OIDC": "true",
    "UNIFIED_API_KEY": "another key",
}
_PROBE = """
import os, sys, httpx, msal
from pulumi_unifiedto.secret_text import SecretText
from pulumi_unifiedto.unified.client import UnifiedApi
from pulumi_unifiedto.unified.rows import Identity

assert not [name for name in os.environ if name.startswith("ARM_USE_") or "CERTIFICATE" in name]
assert "ARM_ENVIRONMENT" not in os.environ
cloud = "https://" + os.environ["ARM_METADATA_HOSTNAME"]
client = msal.ConfidentialClientApplication(
    os.environ["ARM_CLIENT_ID"],
    authority=f"{cloud}/{os.environ['ARM_TENANT_ID']}",
    client_credential=os.environ["ARM_CLIENT_SECRET"],
    instance_discovery=False,
)
assert "access_token" in client.acquire_token_for_client([f"{cloud}/.default"])
api_url, workspace_id = sys.argv[1:]
identity = Identity(api_url, workspace_id, "Production", "microsoft_ad")
(row,) = UnifiedApi(api_url, SecretText(os.environ["UNIFIED_API_KEY"])).rows(identity)
assert row.fields["workspace_id"] == workspace_id
assert httpx.get(f"{api_url}/unified/integration/workspace/{workspace_id}").status_code == 200
"""


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    with EmulatorServer(tmp_path) as emulator:
        yield Daemon(os.getpid(), emulator.base_url, str(emulator.ca_bundle), emulator.env())


def configuration_in(lines: str) -> dict[str, str]:
    """Key and value of every ``pulumi config set`` that the lines name."""
    words = [line.split() for line in lines.splitlines() if "pulumi config set" in line]
    return {key: value for *_, key, value in words}


def test_msal_and_the_package_need_nothing_but_what_is_printed(daemon: Daemon, tmp_path: Path) -> None:
    environment = {**os.environ, **_SOMEWHERE_ELSE, "PYTHONPATH": str(ROOT / "components")}
    lines = shell_lines(daemon, environment)
    configured = configuration_in(lines)
    probe = tmp_path / "probe.py"
    probe.write_text(_PROBE, "utf-8")
    script = f'eval "$(cat)"; exec {sys.executable} {probe} {configured["apiUrl"]} {configured["workspaceId"]}'
    answer = subprocess.run(
        ["sh", "-euc", script], input=lines, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")


def test_the_configuration_it_names_is_that_of_this_project(daemon: Daemon) -> None:
    keys = yaml.safe_load((ROOT / "Pulumi.yaml").read_text("utf-8"))["config"]
    assert set(configuration_in(shell_lines(daemon, {}))) == {"apiUrl", "workspaceId"} <= keys.keys()


@pytest.mark.parametrize(
    ("caller", "expected"),
    [
        ({}, "localhost,127.0.0.1,::1"),
        ({"NO_PROXY": "corp.example.com, localhost"}, "localhost,127.0.0.1,::1,corp.example.com"),
        ({"NO_PROXY": "ignored", "no_proxy": ".example.com"}, "localhost,127.0.0.1,::1,.example.com"),
    ],
)
def test_no_proxy_gets_loopback_and_keeps_the_rest(daemon: Daemon, caller: dict[str, str], expected: str) -> None:
    lines = shell_lines(daemon, caller).splitlines()
    assert [line for line in lines if "_proxy=" in line.lower()] == [
        f"export NO_PROXY={expected}",
        f"export no_proxy={expected}",
    ]


def test_values_are_quoted_for_a_shell() -> None:
    lines = shell_lines(Daemon(1, "https://localhost:1", "", {"A": "x", "B": "it's $HOME"}), {}).splitlines()
    assert lines[:2] == ["export A=x", "export B='it'\"'\"'s $HOME'"]
