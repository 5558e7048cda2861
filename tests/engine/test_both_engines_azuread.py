"""The embedded engine beside Pulumi with the real plugins, on this project's own program: what Microsoft Graph is asked
and what is on record of its objects."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from emulator.core.server import EmulatorServer
from tests.support import real_pulumi
from tests.support.deployed_once import embedded
from tests.support.stack import MakeEngine, RehearsedStack

pytestmark = real_pulumi.MARKS

_GRAPH_ITSELF: Final = "00000003-0000-0000-c000-000000000000"
_CHANGING: Final = (
    (re.compile(rf"(?!{_GRAPH_ITSELF})[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}"), "<id>"),
    (re.compile(r"localhost:\d+"), "<emulator>"),
    (re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?Z)?"), "<time>"),
)
_LEFT_OUT: Final = {
    "ciphertext",  # encrypted anew with each writing
    "__pulumi_raw_state_delta",  # the bridge's notes on Terraform's own form of the state, which has no meaning here
}

Told = tuple[str, Counter[tuple[str, ...]], dict[str, Any]]


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


def _life(make_engine: MakeEngine, directory: Path) -> list[Told]:
    told: list[Told] = []
    with EmulatorServer(directory / "emulator") as server:
        stack = RehearsedStack(server, make_engine, directory / "state")
        stack.control.settings(secret_propagation_s=0)

        def step(name: str, run: Callable[[], object]) -> None:
            mark = stack.mark()
            run()
            asked: Counter[tuple[str, ...]] = Counter(
                (entry["method"], _plain(entry["path"]), _plain(str(entry["query"])), _body(entry["request_body"]))
                for entry in stack.requests("graph", since=mark)
            )
            resources = {
                resource["urn"].split("::")[-1]: _kept({key: resource.get(key) for key in ("inputs", "outputs")})
                for resource in stack.engine.export()["deployment"].get("resources") or []
                if resource["type"].startswith("azuread:")
            }
            told.append((name, asked, resources))

        step("create", lambda: stack.up(notes="hello", tags=["b", "a"]))
        step("no change", stack.up)
        step(
            "change",
            lambda: stack.up(graphPermissions=["openid", "Mail.Read"], displayName="Other", notes="", tags=[]),
        )
        stack.later(days=91)
        step("rotate", stack.up)
        stack.graph(
            "PATCH",
            f"/v1.0/applications/{stack.outputs()['application_object_id']}",
            json={"displayName": "by hand", "web": {"redirectUris": ["https://x.example/a"]}},
        )
        step("refresh", stack.refresh)
        step("repair", stack.up)
        step("destroy", stack.destroy)
    return told


def _writes(asked: Counter[tuple[str, ...]]) -> dict[tuple[str, ...], int]:
    return {request: count for request, count in asked.items() if request[0] != "GET"}


def test_both_engines_ask_graph_the_same_and_keep_the_same_of_it(tmp_path: Path) -> None:
    ours = _life(embedded, tmp_path / "embedded")
    theirs = _life(real_pulumi.pulumi, tmp_path / "pulumi")
    for (name, asked, kept), (_, asked_by_pulumi, kept_by_pulumi) in zip(ours, theirs, strict=True):
        assert _writes(asked) == _writes(asked_by_pulumi), name
        # The plugin reads until it has seen a change several times, so how often it reads is its own.
        assert asked.keys() == asked_by_pulumi.keys(), name
        assert kept == kept_by_pulumi, name
