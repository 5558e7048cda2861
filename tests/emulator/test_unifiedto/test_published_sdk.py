"""Unified.to's own published client (Unified-python-sdk) understands what the emulator answers."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from emulator.unifiedto.seed import API_KEY, ENVIRONMENTS, WORKSPACE_ID
from tests.emulator.test_unifiedto.conftest import CLIENT_ID, Api

unified_python_sdk = pytest.importorskip("unified_python_sdk", reason="Unified-python-sdk is not installed")
operations = pytest.importorskip("unified_python_sdk.models.operations")
shared = pytest.importorskip("unified_python_sdk.models.shared")


@pytest.fixture
def sdk(api: Api) -> Iterator[object]:
    with httpx.Client(verify=api.emulator.ssl_context, trust_env=False) as http:
        yield unified_python_sdk.UnifiedTo(
            security=shared.Security(jwt=API_KEY), server_url=api.emulator.base_url, client=http
        )


def test_the_sdk_lists_integrations(sdk, api: Api) -> None:  # type: ignore[no-untyped-def]
    api.register()
    answer = sdk.integration.list_unified_integrations(request={"type": "microsoft_ad", "limit": 10, "offset": 0})
    [entry] = answer.integrations
    assert (entry.type, entry.is_active) == ("microsoft_ad", True)
    everything = sdk.integration.list_unified_integration_workspaces(request={"workspace_id": WORKSPACE_ID})
    assert {"microsoft", "slack"} <= {entry.type for entry in everything.integrations}


def test_the_sdk_lists_environments(sdk) -> None:  # type: ignore[no-untyped-def]
    assert sdk.unified.list_unified_environments().environments == list(ENVIRONMENTS)


def test_the_sdk_gets_the_authorization_url(sdk, api: Api) -> None:  # type: ignore[no-untyped-def]
    api.register()
    request = {
        "workspace_id": WORKSPACE_ID,
        "integration_type": "microsoft_ad",
        "env": "Production",
        "scopes": ["hris_employee_read", "hris_group_read"],
    }
    url = sdk.integration.get_unified_integration_auth(request=request).res
    parameters = parse_qs(urlsplit(url).query)
    assert parameters["client_id"] == [CLIENT_ID]
    assert {"User.Read.All", "Group.Read.All"} <= set(parameters["scope"][0].split())


def test_the_sdk_lists_connections(sdk, api: Api) -> None:  # type: ignore[no-untyped-def]
    assert sdk.connection.list_unified_connections(request={}).connections == []
    row = api.workspace.find("Production", "microsoftoutlook")
    assert row is not None
    user = {"user_id": "1", "name": "Ada Example", "email": "ada@example.com"}
    made = api.workspace.add_connection(row, user, "customer-7", ["messaging_message_read"])
    [connection] = sdk.connection.list_unified_connections(request={"external_xref": "customer-7"}).connections
    assert (connection.id, connection.integration_type) == (made["id"], "microsoftoutlook")
    assert connection.auth.emails == ["ada@example.com"]
    assert sdk.connection.get_unified_connection(request={"id": made["id"]}).connection.environment == "Production"


def test_the_sdk_raises_its_own_error_for_a_wrong_key(api: Api) -> None:
    with httpx.Client(verify=api.emulator.ssl_context, trust_env=False) as http:
        stranger = unified_python_sdk.UnifiedTo(
            security=shared.Security(jwt="another-key"), server_url=api.emulator.base_url, client=http
        )
        with pytest.raises(Exception, match="401"):
            stranger.unified.list_unified_environments()
