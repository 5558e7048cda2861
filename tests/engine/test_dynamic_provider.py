"""Dynamic resources in the real ``pulumi.dynamic`` process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from emulator.engine.embedded import EmbeddedEngine
from emulator.engine.interface import ConfigValue, EngineError, Result
from tests.engine.fake_cloud import PROGRAMS


class _Bindings:
    """A stack of the program ``bindings``."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "state"
        self.ledger = directory / "ledger"
        self.ledger.touch()

    def engine(self, **config: Any) -> EmbeddedEngine:
        values = {"apiKey": ConfigValue("canary-key", secret=True), **{k: ConfigValue(v) for k, v in config.items()}}
        env = {"LEDGER": str(self.ledger)}
        return EmbeddedEngine(PROGRAMS / "bindings", "dev", self.directory, env=env, config=values, passphrase="p")

    def up(self, **config: Any) -> Result:
        return self.engine(**config).up()

    def calls(self) -> list[dict[str, Any]]:
        """What the provider was called for since the last look."""
        calls = [json.loads(line) for line in self.ledger.read_text("utf-8").splitlines()]
        self.ledger.write_text("", "utf-8")
        return calls


def test_a_dynamic_resource_lives_through_create_same_update_replace_and_delete(tmp_path: Path) -> None:
    bindings = _Bindings(tmp_path)
    result = bindings.up()
    assert result.changes == {"create": 6}
    assert result.outputs["address"].value == "https://a.example.com/here/there"
    assert result.outputs["normal"].value == "NARROW"
    assert result.outputs["token"].secret
    assert [call["call"] for call in bindings.calls()] == ["check", "create", "check", "create"]

    assert bindings.up().is_unchanged
    assert [call["call"] for call in bindings.calls()] == ["check", "diff", "check", "diff"]

    assert bindings.up(endpoint="https://b.example.com").changes == {"same": 3, "update": 3}
    assert [call["call"] for call in bindings.calls()] == ["check", "diff", "update"] * 2

    assert bindings.up(endpoint="https://b.example.com", place="elsewhere").changes == {
        "same": 3,
        "update": 2,
        "replace": 1,
    }
    calls = bindings.calls()
    writes = [call for call in calls if call["call"] in ("create", "update", "delete")]
    assert [call["call"] for call in writes] == ["delete", "create", "update"]
    asked = [call["unknown"] for call in calls if call["call"] == "diff"]
    assert ["endpoint", "token"] in asked, (
        "a dependent is asked whether it would be replaced, what it takes from the replaced one unknown"
    )

    assert bindings.engine().destroy().changes == {"delete": 6}
    assert all(call["key"] for call in bindings.calls()), "each process was configured with the secret key"


@pytest.mark.parametrize(
    ("config", "words"),
    [({"scope": "forbidden"}, "this scope is forbidden"), ({"endpoint": "broken"}, "the endpoint is broken")],
)
def test_a_dynamic_providers_refusal_and_its_failure_are_told(
    tmp_path: Path, config: dict[str, str], words: str
) -> None:
    with pytest.raises(EngineError) as caught:
        _Bindings(tmp_path).up(**config)
    assert words in "\n".join([str(caught.value), *caught.value.diagnostics])


def test_configuration_of_the_dynamic_provider_is_on_record_with_secrets_encrypted(tmp_path: Path) -> None:
    bindings = _Bindings(tmp_path)
    bindings.up()
    text = (bindings.directory / "dev.json").read_text("utf-8")
    assert "canary" not in text
    resources = json.loads(text)["checkpoint"]["latest"]["resources"]
    provider = next(item for item in resources if item["type"] == "pulumi:providers:pulumi-python")
    assert "ciphertext" in provider["inputs"]["bindings:apiKey"]
