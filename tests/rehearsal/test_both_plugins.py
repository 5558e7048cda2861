"""The same life of a stack with the stand-ins and with the real plugins: what Graph is asked, what is on record, what
Pulumi tells."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from emulator.core.server import EmulatorServer
from rehearsal.plugins.choice import Plugins, choose_plugins
from rehearsal.results import RehearsalError, Result
from tests.rehearsal.deployed import Deployed
from tests.support.graph import call_graph

_GRAPH_ITSELF: Final = "00000003-0000-0000-c000-000000000000"
_CHANGING: Final = (
    (re.compile(rf"(?!{_GRAPH_ITSELF})[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}"), "<id>"),
    (re.compile(r"localhost:\d+"), "<emulator>"),
    (re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00))?"), "<time>"),
    (re.compile(r"(?<=-proof)[0-9a-f]{8}"), "<hex>"),
)
_LEFT_OUT: Final = {
    "ciphertext",  # encrypted anew with each writing
    "__pulumi_raw_state_delta",  # the bridge's notes on Terraform's own form of the state, which has no meaning here
}


@dataclass
class Told:
    """What one operation did: requests to Graph, resources on record, changed properties, counts."""

    name: str
    asked: Counter[tuple[str, ...]]
    resources: dict[str, Any]
    steps: list[tuple[Any, ...]]
    changes: dict[str, int]


@pytest.fixture
def real() -> Plugins:
    try:
        return choose_plugins("real")
    except RehearsalError as missing:
        pytest.skip(str(missing))


def _plain(text: str) -> str:
    for pattern, sign in _CHANGING:
        text = pattern.sub(sign, text)
    return text


def _kept(value: Any) -> Any:
    """Without what differs from run to run, and lists in one order: Graph's have none."""
    if isinstance(value, dict):
        return {key: _kept(item) for key, item in value.items() if key not in _LEFT_OUT}
    if isinstance(value, list):
        return sorted(map(_kept, value), key=lambda item: json.dumps(item, sort_keys=True))
    return _plain(value) if isinstance(value, str) else value


def _body(text: str | None) -> str:
    return _plain(json.dumps(json.loads(text), sort_keys=True)) if text else ""


def _steps(result: Result) -> list[tuple[Any, ...]]:
    """What each step changes, with the paths of the changes."""
    told = []
    for event in result.events:
        if event.resource_pre_event is not None:
            step = event.resource_pre_event.metadata
            paths = {path: diff.diff_kind.value for path, diff in (step.detailed_diff or {}).items()}
            told.append((step.op.value, step.urn.split("::")[-1], sorted(step.diffs or ()), sorted(paths.items())))
    return sorted(told)


def _by_hand(deployed: Deployed) -> None:
    """Somebody changes the app registration in Entra's portal."""
    emulator = deployed.emulator
    object_id = deployed.stack().outputs()["application_object_id"].value
    changes = {"displayName": "by hand", "web": {"redirectUris": ["https://x.example/a"]}}
    call_graph(emulator, emulator.env(), "PATCH", f"/v1.0/applications/{object_id}", json=changes)


def _life(plugins: Plugins, cli: Path, directory: Path) -> list[Told]:
    told: list[Told] = []
    with EmulatorServer(directory / "emulator") as server:
        deployed = Deployed(server, directory / "state", cli, plugins)

        def step(name: str, run: Callable[[], Result]) -> None:
            mark = deployed.control.last_seq()
            result = run()
            asked: Counter[tuple[str, ...]] = Counter(
                (entry["method"], _plain(entry["path"]), _plain(str(entry["query"])), _body(entry["request_body"]))
                for entry in deployed.requests("graph", mark)
            )
            resources = {
                _plain(resource["urn"]): _kept({key: resource.get(key) for key in ("id", "inputs", "outputs")})
                for resource in deployed.stack().export()["deployment"].get("resources") or []
                if resource["type"].startswith(("azuread:", "command:"))
            }
            told.append(Told(name, asked, resources, _steps(result), result.changes))

        step("preview", lambda: deployed.stack().preview())
        step("create", lambda: deployed.up(notes="hello", tags=["b", "a"]))
        step("no change", deployed.up)
        step(
            "change",
            lambda: deployed.up(graphPermissions=["openid", "Mail.Read"], displayName="Other", notes="", tags=[]),
        )
        deployed.later(days=91)
        step("preview of a rotation", lambda: deployed.stack().preview())
        step("rotate", deployed.up)
        deployed.later(days=91)
        step("rotate again", deployed.up)
        _by_hand(deployed)
        step("refresh", lambda: deployed.stack().refresh())
        step("repair", deployed.up)
        step("destroy", lambda: deployed.stack().destroy())
    return told


def _writes(asked: Counter[tuple[str, ...]]) -> dict[tuple[str, ...], int]:
    return {request: count for request, count in asked.items() if request[0] != "GET"}


def test_stand_ins_and_plugins_ask_graph_the_same_and_keep_and_tell_the_same(
    real: Plugins, cli: Path, tmp_path: Path
) -> None:
    ours = _life(choose_plugins("stand-in"), cli, tmp_path / "stand-in")
    theirs = _life(real, cli, tmp_path / "real")
    for mine, its in zip(ours, theirs, strict=True):
        assert _writes(mine.asked) == _writes(its.asked), mine.name
        # The plugin reads until it has seen a change several times, so how often it reads is its own.
        assert mine.asked.keys() == its.asked.keys(), mine.name
        assert mine.resources == its.resources, mine.name
        assert mine.steps == its.steps, mine.name
        assert mine.changes == its.changes, mine.name
