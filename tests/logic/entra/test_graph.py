"""The list of an application's secrets before one is created: who asks, and what the list says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from pulumi_unifiedto.entra import graph
from pulumi_unifiedto.entra.graph import list_secrets
from pulumi_unifiedto.entra.listed_secret import ListedSecret
from pulumi_unifiedto.errors import CallerNotPermitted, NationalCloud

APP = "33333333-3333-3333-3333-333333333333"
SECRET = "Zq8~canary-of-the-caller"
TOKEN = "canary-of-the-token"

BY_HAND = ListedSecret(
    key_id="hand",
    display_name="made by hand",
    hint="abc",
    starts_at="2026-09-02T00:00:00Z",
    ends_at="2027-03-01T00:00:00Z",
)


# --- listing ---------------------------------------------------------------------------------------------------------


Answer = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Answer, list[httpx.Request]]]:
    """Put (answer, requests) in: every request goes to that answer, and is noted."""
    wired: list[tuple[Answer, list[httpx.Request]]] = []

    def get(url: str, **named: Any) -> httpx.Response:
        answer, requests = wired[-1]

        def handle(request: httpx.Request) -> httpx.Response:
            requests.append(request)
            return answer(request)

        with httpx.Client(transport=httpx.MockTransport(handle)) as client:
            return client.get(url, **named)

    monkeypatch.setattr(httpx, "get", get)
    return wired


def application(*entries: Mapping[str, Any] | None) -> Answer:
    return lambda _request: httpx.Response(200, json={"id": APP, "passwordCredentials": list(entries)})


# --- who asks: the azuread provider's identity ----------------------------------------------------------------------


class Credentials:
    """Stands in for azure-identity: notes which credential was chosen with which arguments."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.chosen: str | None = None
        self.positional: tuple[Any, ...] = ()
        self.named: dict[str, Any] = {}
        self.scopes: list[str] = []
        self.fault: Exception | None = None
        for name in (
            "CertificateCredential",
            "ClientSecretCredential",
            "ClientAssertionCredential",
            "ManagedIdentityCredential",
            "AzureCliCredential",
        ):
            monkeypatch.setattr(graph, name, self._maker(name))

    def _maker(self, name: str) -> Callable[..., Credentials]:
        def make(*positional: Any, **named: Any) -> Credentials:
            self.chosen, self.positional, self.named = name, positional, named
            return self

        return make

    def get_token(self, scope: str) -> AccessToken:
        self.scopes.append(scope)
        if self.fault is not None:
            raise self.fault
        return AccessToken(TOKEN, 0)


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> Credentials:
    return Credentials(monkeypatch)


def listed(environment: Mapping[str, str], config: dict[str, str] | None = None) -> list[ListedSecret] | None:
    return list_secrets(APP, (config or {}).get, environment)


ALL = {
    "ARM_TENANT_ID": "tenant",
    "ARM_CLIENT_ID": "client",
    "ARM_CLIENT_CERTIFICATE_PATH": "/etc/deploy/cert.pfx",
    "ARM_CLIENT_SECRET": SECRET,
    "ARM_USE_OIDC": "true",
    "ARM_USE_MSI": "true",
}


def without(*names: str) -> dict[str, str]:
    return {name: value for name, value in ALL.items() if name not in names}


@pytest.mark.parametrize(
    ("environment", "chosen"),
    [
        (ALL, "CertificateCredential"),
        (without("ARM_CLIENT_CERTIFICATE_PATH"), "ClientSecretCredential"),
        (without("ARM_CLIENT_CERTIFICATE_PATH", "ARM_CLIENT_SECRET"), "ClientAssertionCredential"),
        (without("ARM_CLIENT_CERTIFICATE_PATH", "ARM_CLIENT_SECRET", "ARM_USE_OIDC"), "ManagedIdentityCredential"),
        ({"ARM_TENANT_ID": "tenant"}, "AzureCliCredential"),
        ({"ARM_USE_OIDC": "false", "ARM_USE_MSI": "0", "ARM_TENANT_ID": "tenant"}, "AzureCliCredential"),
        ({}, "AzureCliCredential"),
    ],
    ids=["certificate", "secret", "OIDC", "managed identity", "Azure CLI", "switched off", "nothing set"],
)
def test_credentials_are_chosen_in_the_azuread_provider_s_order(
    environment: dict[str, str], chosen: str, credentials: Credentials
) -> None:
    listed(environment)
    assert credentials.chosen == chosen
    assert credentials.scopes == ["https://graph.microsoft.com/.default"]


def test_the_stack_s_configuration_serves_where_the_environment_says_nothing(credentials: Credentials) -> None:
    config = {"azuread:tenantId": "from config", "azuread:clientId": "client", "azuread:clientSecret": SECRET}
    listed({"ARM_TENANT_ID": "from environment"}, config)
    assert credentials.chosen == "ClientSecretCredential"
    assert credentials.positional == ("from environment", "client", SECRET)


def test_only_an_emulator_switches_the_discovery_of_the_authority_off(
    credentials: Credentials, network: list[Any]
) -> None:
    listed(ALL)
    assert credentials.named["authority"] == "https://login.microsoftonline.com"
    assert credentials.named["disable_instance_discovery"] is False
    metadata = {
        "microsoftGraphResourceId": "https://localhost:8443",
        "authentication": {"loginEndpoint": "https://localhost:8443"},
    }
    network.append((lambda _request: httpx.Response(200, json=metadata), []))
    listed({**ALL, "ARM_METADATA_HOSTNAME": "localhost:8443"})
    assert credentials.named["authority"] == "https://localhost:8443"
    assert credentials.named["disable_instance_discovery"] is True


OIDC = {"ARM_TENANT_ID": "tenant", "ARM_CLIENT_ID": "client", "ARM_USE_OIDC": "true"}


def test_a_pipeline_s_token_is_taken_as_given(credentials: Credentials) -> None:
    listed({**OIDC, "ARM_OIDC_TOKEN": "federated"})
    assert credentials.positional[2]() == "federated"


def test_a_pipeline_s_token_is_read_from_its_file_each_time(credentials: Credentials, tmp_path: Path) -> None:
    file = tmp_path / "token"
    listed({**OIDC, "ARM_OIDC_TOKEN_FILE_PATH": str(file)})
    file.write_text("first\n", encoding="utf-8")
    assert credentials.positional[2]() == "first"
    file.write_text("second", encoding="utf-8")
    assert credentials.positional[2]() == "second"


@pytest.mark.parametrize(
    "names",
    [
        ("ARM_OIDC_REQUEST_URL", "ARM_OIDC_REQUEST_TOKEN"),
        ("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"),
    ],
)
def test_a_pipeline_s_token_is_fetched_from_its_endpoint(
    names: tuple[str, str], credentials: Credentials, network: list[Any]
) -> None:
    requests: list[httpx.Request] = []
    network.append((lambda _request: httpx.Response(200, json={"value": "federated"}), requests))
    listed({**OIDC, names[0]: "https://pipeline.example.com/token?v=1", names[1]: "bearer"})
    assert credentials.positional[2]() == "federated"
    assert dict(requests[-1].url.params)["audience"] == "api://AzureADTokenExchange"
    assert requests[-1].headers["Authorization"] == "Bearer bearer"


# --- the list --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("credentials")
def test_one_get_lists_the_secrets_and_nothing_else(network: list[Any]) -> None:
    requests: list[httpx.Request] = []
    entry = {
        "keyId": "hand",
        "displayName": "made by hand",
        "hint": "abc",
        "startDateTime": "2026-09-02T00:00:00Z",
        "endDateTime": "2027-03-01T00:00:00Z",
    }
    network.append((application(entry), requests))
    assert listed(ALL) == [BY_HAND]
    (request,) = requests
    assert request.method == "GET"
    assert str(request.url.copy_with(query=None)) == f"https://graph.microsoft.com/v1.0/applications/{APP}"
    assert dict(request.url.params) == {"$select": "id,passwordCredentials"}
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"


@pytest.mark.usefixtures("credentials")
def test_absent_and_null_fields_are_empty_texts(network: list[Any]) -> None:
    network.append((application({"keyId": "k", "displayName": None, "hint": None}), []))
    assert listed(ALL) == [ListedSecret(key_id="k", display_name="", hint="", starts_at="", ends_at="")]


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize("body", [{"id": APP}, {"id": APP, "passwordCredentials": None}])
def test_an_application_without_secrets_lists_none(body: dict[str, Any], network: list[Any]) -> None:
    network.append((lambda _request: httpx.Response(200, json=body), []))
    assert listed(ALL) == []


@pytest.mark.usefixtures("credentials")
def test_an_application_that_graph_does_not_show_yet_is_told_apart_from_one_without_secrets(network: list[Any]) -> None:
    network.append((lambda _request: httpx.Response(404, json={"error": {"code": "Request_ResourceNotFound"}}), []))
    assert listed(ALL) is None


def test_an_application_that_does_not_exist_yet_costs_neither_a_token_nor_a_request(
    credentials: Credentials, network: list[Any]
) -> None:
    requests: list[httpx.Request] = []
    network.append((application(), requests))
    assert list_secrets("", lambda _key: None, ALL) is None
    assert requests == []
    assert credentials.scopes == []


@pytest.mark.usefixtures("credentials")
def test_a_caller_that_may_not_read_the_application_is_told_which_right_it_needs(network: list[Any]) -> None:
    refusal = {"error": {"code": "Authorization_RequestDenied", "message": f"quoted {SECRET}"}}
    network.append((lambda _request: httpx.Response(403, json=refusal, headers={"request-id": "7f3b"}), []))
    with pytest.raises(CallerNotPermitted) as refused:
        listed(ALL)
    message = str(refused.value)
    assert f"The deploying identity may not read the application {APP} in Entra." in message
    assert "Application.ReadWrite.OwnedBy" in message
    assert "Grant the permission" in message
    assert "(remote code 403, request id 7f3b)" in message
    assert TOKEN not in message
    assert SECRET not in message


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize(
    "answer",
    [
        lambda _request: httpx.Response(404),
        lambda _request: httpx.Response(500),
        lambda _request: httpx.Response(200, text="<html>sign in</html>"),
        lambda _request: httpx.Response(200, json=["another", "shape"]),
        lambda _request: httpx.Response(200, json={"passwordCredentials": "another shape"}),
    ],
    ids=["404", "500", "not JSON", "a list", "texts"],
)
def test_a_list_that_cannot_be_read_does_not_stop_the_run(
    answer: Answer, network: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    network.append((answer, []))
    listed(ALL)
    printed = capsys.readouterr().err
    assert SECRET not in printed
    assert TOKEN not in printed
    assert len(printed.splitlines()) <= 1


@pytest.mark.parametrize(
    "fault",
    [
        ClientAuthenticationError(f"refused {SECRET}"),
        httpx.ConnectError(f"refused {SECRET}"),
        ValueError(f"refused {SECRET}"),
        FileNotFoundError(f"no token file {SECRET}"),
        KeyError(SECRET),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_credentials_that_fail_do_not_stop_the_run_and_only_the_kind_of_fault_is_printed(
    fault: Exception, credentials: Credentials, capsys: pytest.CaptureFixture[str]
) -> None:
    credentials.fault = fault
    listed(ALL)
    printed = capsys.readouterr().err
    assert f"could not be listed ({type(fault).__name__}). The run continues without this check." in printed
    assert SECRET not in printed


@pytest.mark.parametrize(
    ("environment", "config"),
    [({"ARM_ENVIRONMENT": "usgovernment"}, {}), ({}, {"azuread:environment": "china"})],
    ids=["environment", "configuration"],
)
def test_a_national_cloud_is_refused_before_anything_is_asked(
    environment: dict[str, str], config: dict[str, str], credentials: Credentials
) -> None:
    with pytest.raises(NationalCloud):
        listed({**ALL, **environment}, config)
    assert credentials.chosen is None
