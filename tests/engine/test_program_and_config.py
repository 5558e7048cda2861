"""How a program is run, what it is told, and what is refused before it runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from emulator.engine.embedded import EmbeddedEngine
from emulator.engine.environment import is_loopback, rehearsal_environment
from emulator.engine.interface import ConfigValue, EngineError
from emulator.engine.project import Project, resolve_config
from tests.engine.fake_cloud import PROGRAMS, Stack, item


def _identity(directory: Path, **options: Any) -> EmbeddedEngine:
    return EmbeddedEngine(PROGRAMS / "identity", "test", directory, passphrase="p", **options)


def test_a_program_runs_as_the_language_host_runs_it(tmp_path: Path) -> None:
    before = (os.getcwd(), dict(os.environ))
    result = _identity(tmp_path).up()
    outputs = {name: output.value for name, output in result.outputs.items()}
    assert outputs["cwd"] == str(PROGRAMS / "identity")
    assert outputs["argv"] == [str(PROGRAMS / "identity")]
    assert outputs["name"] == "__main__"
    assert (outputs["organization"], outputs["stack"], outputs["dry_run"]) == ("organization", "test", False)
    assert result.diagnostics == [
        "printed by the program",
        "and complained about",
        "warning: a warning of the program",
    ]
    assert (os.getcwd(), dict(os.environ)) == before


def test_a_second_run_in_the_same_process_executes_the_programs_modules_afresh(tmp_path: Path) -> None:
    assert _identity(tmp_path).up().outputs["runs"].value == 11
    assert _identity(tmp_path).up().outputs["runs"].value == 11


def test_the_callers_accounts_are_not_seen_by_a_rehearsal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARM_CLIENT_SECRET", "the caller's")
    monkeypatch.setenv("UNIFIED_API_KEY", "the caller's")
    variables = _identity(tmp_path, env={"GIVEN": "yes"}).up().outputs["variables"].value
    assert variables == {"GIVEN": "yes"} or variables == {
        "ARM_CLIENT_SECRET": None,
        "UNIFIED_API_KEY": None,
        "GIVEN": "yes",
    }


@pytest.mark.parametrize(
    "name",
    [
        "ARM_TENANT_ID",
        "AZURE_CLIENT_ID",
        "UNIFIED_API_KEY",
        "PULUMI_ACCESS_TOKEN",
        "TF_LOG",
        "ACTIONS_ID_TOKEN_REQUEST_URL",
        "AZURESUBSCRIPTION_TENANT_ID",
        "IDENTITY_ENDPOINT",
        "IDENTITY_HEADER",
        "MSI_ENDPOINT",
        "SYSTEM_ACCESSTOKEN",
    ],
)
def test_a_variable_that_names_an_account_is_taken_away(name: str) -> None:
    environment = rehearsal_environment({}, {name: "the caller's", "HOME": "/home/someone"})
    assert name not in environment
    assert environment["HOME"] == "/home/someone"


def test_proxies_lead_nowhere_but_for_loopback() -> None:
    environment = rehearsal_environment({}, {"https_proxy": "http://proxy.example.com:3128"})
    assert environment["https_proxy"] == environment["HTTPS_PROXY"] == "http://127.0.0.1:9"
    assert environment["NO_PROXY"] == "localhost,127.0.0.1,::1"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("localhost:8443", True),
        ("https://localhost:8443/path", True),
        ("127.0.0.1", True),
        ("https://127.1.2.3:1/", True),
        ("https://[::1]:8443", True),
        ("management.azure.com", False),
        ("https://api.unified.to", False),
        ("https://localhost.example.com", False),
        ("https://localhost@example.com", False),
        ("10.0.0.1", False),
        ("https://", False),
    ],
)
def test_only_loopback_is_this_computer(address: str, expected: bool) -> None:
    assert is_loopback(address) is expected


@pytest.mark.parametrize(
    ("environment", "config", "named"),
    [
        ({"ARM_METADATA_HOSTNAME": "management.azure.com"}, {}, "ARM_METADATA_HOSTNAME"),
        ({"UNIFIED_API_URL": "https://api.unified.to"}, {}, "UNIFIED_API_URL"),
        ({}, {"azuread:metadataHost": "management.azure.com"}, "azuread:metadataHost"),
        ({}, {"apiUrl": "https://api.unified.to"}, "declared:apiUrl"),
    ],
)
def test_another_address_is_refused_before_anything_runs(
    tmp_path: Path, environment: dict[str, str], config: dict[str, str], named: str
) -> None:
    stack = Stack(tmp_path, env=environment)
    for operation in ("up", "preview", "refresh", "destroy"):
        with pytest.raises(EngineError, match="refuses any other address") as refused:
            getattr(stack.engine(resources=[item("a")], **config), operation)()
        assert named in str(refused.value)
    assert stack.cloud.calls == []


# --- configuration


def _project(tmp_path: Path, config: str) -> Project:
    (tmp_path / "Pulumi.yaml").write_text(f"name: shop\nruntime: python\nconfig:\n{config}", "utf-8")
    return Project.load(tmp_path)


_DECLARED = """
  size: {type: integer, default: 3}
  fast: {type: boolean, default: true}
  tags: {type: array, items: {type: string}, default: [a, b]}
  owner: {type: string}
  apiKey: {type: string, secret: true}
  azuread:tenantId: {value: tenant}
"""


def test_defaults_and_values_reach_the_program_as_text(tmp_path: Path) -> None:
    config = resolve_config(
        _project(tmp_path, _DECLARED),
        "dev",
        {"owner": ConfigValue("me"), "fast": ConfigValue(False), "apiKey": ConfigValue("k", True)},
    )
    assert config.values == {
        "shop:size": "3",
        "shop:fast": "false",
        "shop:tags": '["a","b"]',
        "shop:owner": "me",
        "shop:apiKey": "k",
        "azuread:tenantId": "tenant",
    }
    assert config.secret_keys == {"shop:apiKey"}
    assert config.for_package("azuread") == {"tenantId": "tenant"}
    assert "k" not in repr(config).replace("Key", "").replace("Stack", "")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "Stack 'dev' is missing configuration value 'owner'"),
        ({"owner": 1}, "Stack 'dev' with configuration key 'owner' must be of type 'string'"),
        ({"size": "many"}, "Stack 'dev' with configuration key 'size' must be of type 'integer'"),
        ({"size": True}, "Stack 'dev' with configuration key 'size' must be of type 'integer'"),
        ({"fast": "perhaps"}, "Stack 'dev' with configuration key 'fast' must be of type 'boolean'"),
        ({"tags": "a"}, "Stack 'dev' with configuration key 'tags' must be of type 'array<string>'"),
        ({"tags": [1]}, "Stack 'dev' with configuration key 'tags' must be of type 'array<string>'"),
        ({"apiKey": "plain"}, "Stack 'dev' with configuration key 'apiKey' must be encrypted as it's secret"),
    ],
)
def test_a_bad_configuration_is_refused_in_pulumis_words(tmp_path: Path, given: dict[str, Any], words: str) -> None:
    owner = {"owner": ConfigValue("me")} if given else {}
    values = {key: ConfigValue(value) for key, value in given.items()}
    with pytest.raises(EngineError) as refused:
        resolve_config(
            _project(tmp_path, _DECLARED), "dev", {"apiKey": ConfigValue("k", secret=True), **owner, **values}
        )
    assert str(refused.value) == words


def test_a_default_of_a_secret_is_refused_like_a_plain_value(tmp_path: Path) -> None:
    project = _project(tmp_path, '  apiKey: {type: string, secret: true, default: ""}\n')
    with pytest.raises(EngineError, match="configuration key 'apiKey' must be encrypted as it's secret"):
        resolve_config(project, "dev", {})


def test_a_number_written_as_text_is_a_number(tmp_path: Path) -> None:
    config = resolve_config(
        _project(tmp_path, _DECLARED),
        "dev",
        {"owner": ConfigValue("me"), "size": ConfigValue("12"), "apiKey": ConfigValue("k", secret=True)},
    )
    assert config.values["shop:size"] == "12"


def test_stored_configuration_is_used_by_the_next_operation_and_secrets_are_encrypted(stack: Stack) -> None:
    stack.engine().set_config({"exports": ConfigValue({"one": "1"}), "other:key": ConfigValue("canary", True)})
    assert "canary" not in (stack.directory / "Pulumi.dev.yaml").read_text("utf-8")
    assert stack.up().outputs["one"].value == "1"
    stack.engine().set_config({"exports": ConfigValue({"two": "2"})})
    assert set(stack.up().outputs) == {"two"}
    assert "canary" not in (stack.directory / "dev.json").read_text("utf-8")


def test_a_directory_without_a_project_and_a_project_of_another_language_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"no Pulumi\.yaml project file found"):
        EmbeddedEngine(tmp_path, "dev", tmp_path / "state")
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: nodejs\n", "utf-8")
    with pytest.raises(EngineError, match="runs Python programs, not 'nodejs'"):
        EmbeddedEngine(tmp_path, "dev", tmp_path / "state")
