"""The coverage page claims what is true, no more."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from emulator.cli import main
from emulator.core import services
from emulator.core.coverage import coverage_page
from emulator.core.routes import Missing, Route, Source
from emulator.core.server import EmulatorServer
from emulator.entra.ids import TENANT_ID
from emulator.unifiedto.seed import API_KEY
from emulator.unifiedto.switches import UnifiedSwitches

LOADED = services.load()
ROUTES = [route for service in LOADED for route in service.routes]
MISSING = [gap for service in LOADED for gap in service.missing]

FORMS = {"graph": {"error"}, "entra": {"error", "error_codes"}, "unifiedto": {"statusCode", "message"}}
"""What the errors of a service have, that those of the others have not."""


def named(item: Route | Missing) -> str:
    return f"{item.method} {item.path}"


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with (
        EmulatorServer(tmp_path_factory.mktemp("emulator")) as emulator,
        httpx.Client(base_url=emulator.base_url, verify=emulator.ssl_context, trust_env=False) as client,
    ):
        yield client


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_every_route_says_where_its_behaviour_is_known_from(route: Route) -> None:
    assert route.reference.strip()
    assert (route.source is Source.OWN) is (route.service in ("control", "portal"))


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_a_route_that_is_known_from_a_model_only_is_not_called_documented(route: Route) -> None:
    assert "published model" not in route.reference
    assert (route.source is Source.MODEL) is route.reference.startswith("Unified-python-sdk")


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_every_numbered_assumption_is_a_switch(route: Route) -> None:
    numbers = set(re.findall(r"\bU\d+\b", route.reference))
    described = [str(field.description) for field in UnifiedSwitches.model_fields.values()]
    assert numbers <= {description.partition(":")[0] for description in described}


@pytest.mark.parametrize("gap", MISSING, ids=named)
def test_what_is_named_as_missing_is_answered_501_in_the_form_of_its_service(http: httpx.Client, gap: Missing) -> None:
    path = re.sub(r"\{tenant\}", TENANT_ID, gap.path)
    path = re.sub(r"\{[^}]*\}", TENANT_ID, path)
    answer = http.request(gap.method, path, headers={"authorization": f"Bearer {API_KEY}"})
    shown = answer.json()
    form = {
        "graph": lambda: shown["error"]["code"],
        "entra": lambda: shown["error_codes"],
        "unifiedto": lambda: shown["message"],
    }
    assert (answer.status_code, bool(form[gap.service]())) == (501, True)


def test_the_page_lists_every_route_with_its_source_and_everything_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["coverage"]) == 0
    page = capsys.readouterr().out
    assert page == coverage_page()
    assert "| graph | POST | `/v1.0/applications/{id}/addPassword` | observed |" in page
    assert "| unifiedto | GET | `/unified/connection` | published model |" in page
    assert "| unifiedto | GET | `/unified/secretsmanager` |" in page
    routes, _, missing = page.partition("## What is missing")
    for part, width, count in ((routes, 5, len(ROUTES)), (missing, 4, len(MISSING))):
        rows = [line for line in part.splitlines() if line.startswith("| ")][1:]
        assert len(rows) == count
        assert all(len(row.split(" | ")) == width for row in rows)
