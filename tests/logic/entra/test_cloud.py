"""Which cloud is used, and what time it is: the environment alone decides."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import httpx
import pytest

from pulumi_unifiedto.entra.cloud import EntraEndpoints, current_instant, entra_endpoints, is_emulated
from pulumi_unifiedto.errors import EntraUnreachable, NationalCloud

METADATA = {
    "name": "Example",
    "resourceManager": "https://localhost:8443",
    "microsoftGraphResourceId": "https://localhost:8443/",
    "authentication": {"loginEndpoint": "https://localhost:8443/"},
}


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: Any, **_named: Any) -> httpx.Response:
        raise AssertionError("nothing is asked for")

    monkeypatch.setattr(httpx, "get", refuse)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize(
    "environment",
    [{}, {"ARM_ENVIRONMENT": ""}, {"ARM_ENVIRONMENT": "public"}, {"ARM_ENVIRONMENT": "Global"}],
)
def test_the_public_cloud_is_known_without_asking(environment: dict[str, str]) -> None:
    assert entra_endpoints(environment) == EntraEndpoints(
        login="https://login.microsoftonline.com", graph="https://graph.microsoft.com"
    )


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("cloud", ["usgovernment", "USGovernmentL5", "dod", "china", "mars"])
def test_every_other_cloud_is_refused_with_the_reason(cloud: str) -> None:
    with pytest.raises(NationalCloud) as refused:
        entra_endpoints({"ARM_ENVIRONMENT": cloud})
    message = str(refused.value)
    assert f'the cloud "{cloud}"' in message
    assert "personal Microsoft accounts, which only the public cloud supports" in message
    assert "unset ARM_ENVIRONMENT, or run pulumi config rm azuread:environment" in message


def test_a_metadata_host_takes_precedence_over_the_name_of_a_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[httpx.URL] = []

    def answer(url: str, **named: Any) -> httpx.Response:
        request = httpx.Request("GET", url, params=named["params"])
        asked.append(request.url)
        return httpx.Response(200, json=METADATA, request=request)

    monkeypatch.setattr(httpx, "get", answer)
    endpoints = entra_endpoints({"ARM_METADATA_HOSTNAME": "localhost:8443", "ARM_ENVIRONMENT": "china"})
    assert endpoints == EntraEndpoints(login="https://localhost:8443", graph="https://localhost:8443")
    assert [str(url) for url in asked] == ["https://localhost:8443/metadata/endpoints?api-version=2022-09-01"]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"{}"),
        (404, b""),
        (200, b"<html>sign in</html>"),
        (200, b"{}"),
        (200, b"[]"),
        (200, b'{"authentication": null, "microsoftGraphResourceId": "https://x"}'),
    ],
    ids=["500", "404", "not JSON", "no endpoints", "a list", "null"],
)
def test_a_metadata_host_that_gives_no_endpoints_is_an_error_in_words(
    status: int, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        httpx, "get", lambda url, **_named: httpx.Response(status, content=body, request=httpx.Request("GET", url))
    )
    with pytest.raises(EntraUnreachable) as failed:
        entra_endpoints({"ARM_METADATA_HOSTNAME": "localhost:8443"})
    assert "https://localhost:8443/metadata/endpoints" in str(failed.value)
    assert failed.value.__cause__ is None


def test_a_metadata_host_that_does_not_answer_is_an_error_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_url: str, **_named: Any) -> httpx.Response:
        raise httpx.ConnectError("connection refused")

    monkeypatch.setattr(httpx, "get", refuse)
    with pytest.raises(EntraUnreachable, match="ConnectError"):
        entra_endpoints({"ARM_METADATA_HOSTNAME": "localhost:8443"})


@pytest.mark.parametrize(
    ("host", "emulated"),
    [
        ("localhost:8443", True),
        ("localhost", True),
        ("127.0.0.1:8443", True),
        ("[::1]:8443", True),
        ("", False),
        ("localhost.example.com:8443", False),
        ("192.0.2.1:8443", False),
        ("management.azure.com", False),
    ],
)
def test_only_this_computer_is_an_emulator(host: str, emulated: bool) -> None:
    assert is_emulated({"ARM_METADATA_HOSTNAME": host}) is emulated


def test_a_rehearsal_may_set_the_clock() -> None:
    environment = {
        "ARM_METADATA_HOSTNAME": "localhost:8443",
        "UNIFIEDTO_REHEARSAL_CLOCK": "2027-02-21T12:25:31.5+01:00",
    }
    assert current_instant(environment) == datetime(2027, 2, 21, 11, 25, 31, tzinfo=timezone.utc)


@pytest.mark.parametrize("host", ["", "management.azure.com"])
def test_a_real_deployment_ignores_a_rehearsal_s_clock(host: str) -> None:
    environment = {"ARM_METADATA_HOSTNAME": host, "UNIFIEDTO_REHEARSAL_CLOCK": "2001-01-01T00:00:00Z"}
    now = current_instant(environment)
    assert datetime.now(timezone.utc) - now < timedelta(minutes=1)
    assert now.microsecond == 0
    assert now.tzinfo is timezone.utc
