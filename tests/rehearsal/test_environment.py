"""A rehearsal names no account, and talks to this computer only."""

from __future__ import annotations

import os

import pytest

from rehearsal.environment import (
    is_loopback,
    process_environment,
    refuse_remote_addresses,
    rehearsal_environment,
)
from rehearsal.results import RehearsalError


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
        ({}, {"azuread:metadataHost": "management.azure.com"}, "azuread:metadataHost"),
        ({}, {"shop:apiUrl": "https://api.unified.to"}, "shop:apiUrl"),
    ],
)
def test_another_address_is_refused_with_who_named_it(
    environment: dict[str, str], config: dict[str, str], named: str
) -> None:
    with pytest.raises(RehearsalError, match="which is not on this computer") as refused:
        refuse_remote_addresses(environment, config)
    assert named in str(refused.value)
    refuse_remote_addresses({"ARM_METADATA_HOSTNAME": "localhost:1"}, {"shop:apiUrl": "", "shop:name": "example.com"})


def test_a_run_changes_only_the_variables_that_differ_and_restores_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Regression: gRPC's threads read the environment while it was emptied and filled anew, and one of them crashed."""
    monkeypatch.setenv("STAYS", "as it is")
    monkeypatch.setenv("CHANGES", "before")
    monkeypatch.setenv("GOES", "away")
    monkeypatch.delenv("COMES", raising=False)
    before = dict(os.environ)
    wanted = {name: value for name, value in before.items() if name != "GOES"} | {"CHANGES": "now", "COMES": "now"}
    put: list[bytes] = []
    putenv = os.putenv

    def noted(name: bytes, value: bytes) -> None:
        put.append(name)
        putenv(name, value)

    monkeypatch.setattr(os, "putenv", noted)
    with process_environment(wanted):
        assert dict(os.environ) == wanted
        assert sorted(put) == [b"CHANGES", b"COMES"]
    assert dict(os.environ) == before
    assert sorted(put) == [b"CHANGES", b"CHANGES", b"COMES", b"GOES"]
