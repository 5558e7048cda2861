"""The embedded engine beside Pulumi itself: the same program gives the same steps, outputs and state."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from emulator.engine.embedded import EmbeddedEngine
from emulator.engine.interface import ConfigValue, Engine, EngineError, Result
from emulator.engine.pulumi_cli import PulumiEngine
from tests.engine.fake_cloud import PROGRAMS
from tests.support import real_pulumi

pytestmark = real_pulumi.MARKS

_LIFE: list[tuple[str, dict[str, Any]]] = [
    ("preview", {}),
    ("up", {}),
    ("up", {}),
    ("up", {"endpoint": "https://b.example.com"}),
    ("preview", {"place": "elsewhere"}),
    ("up", {"place": "elsewhere"}),
    ("up", {"scope": "forbidden"}),
    ("up", {"scope": "wide", "endpoint": "broken"}),
    ("up", {"endpoint": "https://c.example.com", "trigger": "second", "with": False}),
    ("refresh", {}),
    ("destroy", {}),
]
_FORGOTTEN = ("created", "modified", "sourcePosition", "stackTrace")


def _told(result: Result) -> dict[str, Any]:
    """What two engines must agree on; Pulumi tells steps that run side by side in any order."""
    done = Counter((step.type, step.name, step.op) for step in result.steps if step.status == "done")
    outputs = {name: (output.value, output.secret) for name, output in result.outputs.items()}
    return {"changes": result.changes, "done": done, "outputs": outputs}


def _resources(engine: Engine) -> dict[str, Any]:
    """The state without times, ciphertexts and the random part of ids."""
    resources = {}
    for resource in engine.export()["deployment"].get("resources", []):
        kept = {key: value for key, value in resource.items() if key not in _FORGOTTEN}
        if resource["type"].startswith("pulumi:providers:"):
            continue
        kept["provider"] = kept.get("provider", "").rsplit("::", 1)[0]
        if resource["type"] == "command:local:Command":
            kept["id"] = kept["id"][:-8]
        for dependencies in (kept.get("dependencies"), *kept.get("propertyDependencies", {}).values()):
            (dependencies or []).sort()  # the SDK sends a set
        resources[resource["urn"]] = _without_ciphertexts(kept)
    return resources


def _without_ciphertexts(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: "…" if key == "ciphertext" else _without_ciphertexts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_ciphertexts(item) for item in value]
    return value


def _differences(mine: Any, its: Any, path: str = "") -> list[str]:
    """Where two results differ, each with both values."""
    if isinstance(mine, dict) and isinstance(its, dict):
        keys = sorted(mine.keys() | its.keys(), key=str)
        return [line for key in keys for line in _differences(mine.get(key), its.get(key), f"{path}/{key}")]
    return [] if mine == its else [f"{path}: {mine} here, {its} in Pulumi"]


def _run(engine: Engine, life: list[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    engine.set_config({"apiKey": ConfigValue("canary-key", secret=True)})
    for operation, config in life:
        engine.set_config({key: ConfigValue(value) for key, value in config.items()})
        try:
            told.append(_told(getattr(engine, operation)()))
        except EngineError as error:
            told.append({"failed": error.result.changes if error.result is not None else {}})
        told[-1]["resources"] = _resources(engine)
    return told


def test_a_life_of_a_stack_is_the_same_on_both_engines(tmp_path: Path) -> None:
    ledgers = [tmp_path / "embedded-ledger", tmp_path / "pulumi-ledger"]
    embedded = EmbeddedEngine(
        PROGRAMS / "bindings",
        "dev",
        tmp_path / "embedded",
        env={"LEDGER": str(ledgers[0])},
        passphrase="passphrase of the tests",
    )
    pulumi = PulumiEngine(
        PROGRAMS / "bindings",
        "dev",
        tmp_path / "pulumi",
        env={"LEDGER": str(ledgers[1])},
        passphrase="passphrase of the tests",
    )
    ours, theirs = _run(embedded, _LIFE), _run(pulumi, _LIFE)
    for (operation, config), mine, its in zip(_LIFE, ours, theirs, strict=True):
        assert _differences(mine, its) == [], f"{operation} with {config}"
    asked = [Counter(path.read_text("utf-8").splitlines()) for path in ledgers]
    assert asked[0] == asked[1], "the dynamic provider was asked the same"
    assert json.dumps(ours[-1]["resources"]) == "{}"
