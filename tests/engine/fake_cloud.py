"""A provider in memory, package ``fake``, whose behaviour a test scripts; and the stacks that use it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emulator.engine.embedded import EmbeddedEngine
from emulator.engine.interface import ConfigValue, EngineError, Result
from emulator.engine.providers.base import (
    CheckFailure,
    CheckResult,
    DiffResult,
    PartialFailureError,
    ProviderError,
    ReadResult,
    Surroundings,
    Target,
)
from emulator.engine.values import UNKNOWN, Props, changed_keys

PROGRAMS = Path(__file__).with_name("programs")


@dataclass
class FakeCloud:
    """What is really there, and every call in its order.

    Properties with a meaning: ``fixed`` forces a replacement, ``note`` is no change at all, ``made`` is an output.
    ``refuses``: words by (call, name), raised as often as listed. ``half``: names whose creation or update fails after
    the fact. ``deletes_first``: names for which the provider asks for that.
    """

    there: dict[str, Props] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    refuses: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    half: set[str] = field(default_factory=set)
    deletes_first: set[str] = field(default_factory=set)
    check_failures: dict[str, CheckFailure] = field(default_factory=dict)
    seen_unknown: list[str] = field(default_factory=list)
    accepts_secrets: bool = False
    supports_preview: bool = False
    before: Callable[[str, str], None] | None = None
    _count: int = 0

    def factory(self, surroundings: Surroundings) -> FakeCloud:
        """The provider for an operation: this very object."""
        del surroundings
        return self

    def writes(self) -> list[tuple[str, str]]:
        """The calls that change something."""
        return [call for call in self.calls if call[0] in ("create", "update", "delete")]

    def forget(self) -> None:
        """Start a new list of calls."""
        self.calls.clear()
        self.seen_unknown.clear()

    def _meet(self, call: str, target: Target) -> None:
        self.calls.append((call, target.name))
        if self.before is not None:
            self.before(call, target.name)
        words = self.refuses.get((call, target.name))
        if words:
            raise ProviderError(words.pop(0))

    def check(self, target: Target, old_inputs: Props, new_inputs: Props) -> CheckResult:
        self._meet("check", target)
        failure = self.check_failures.get(target.name)
        return CheckResult(new_inputs, [failure] if failure else [])

    def diff(
        self, target: Target, resource_id: str, old_inputs: Props, old_outputs: Props, new_inputs: Props
    ) -> DiffResult:
        self._meet("diff", target)
        outputs = {key: value for key, value in old_outputs.items() if key != "made"}
        keys = [key for key in changed_keys(outputs, new_inputs) if key != "note"]
        self.seen_unknown += [f"{target.name}.{key}" for key, value in new_inputs.items() if value is UNKNOWN]
        return DiffResult(bool(keys), [key for key in keys if key == "fixed"], keys, target.name in self.deletes_first)

    def create(self, target: Target, inputs: Props, *, preview: bool) -> tuple[str, Props]:
        self._meet("create", target)
        self._count += 1
        resource_id = f"{target.name}-{self._count}"
        self.there[resource_id] = dict(inputs)
        outputs = {**inputs, "made": f"made-{self._count}"}
        if target.name in self.half:
            raise PartialFailureError("created, but not well", resource_id, outputs)
        return resource_id, outputs

    def update(
        self,
        target: Target,
        resource_id: str,
        old_inputs: Props,
        old_outputs: Props,
        new_inputs: Props,
        *,
        preview: bool,
    ) -> Props:
        self._meet("update", target)
        self.there[resource_id] = dict(new_inputs)
        outputs = {**new_inputs, "made": old_outputs.get("made")}
        if target.name in self.half:
            raise PartialFailureError("updated, but not well", resource_id, outputs)
        return outputs

    def read(self, target: Target, resource_id: str, inputs: Props, outputs: Props) -> ReadResult:
        self._meet("read", target)
        if resource_id not in self.there:
            return ReadResult("", {})
        return ReadResult(resource_id, {**self.there[resource_id], "made": outputs.get("made")})

    def delete(self, target: Target, resource_id: str, inputs: Props, outputs: Props) -> None:
        self._meet("delete", target)
        self.there.pop(resource_id, None)

    def invoke(self, token: str, args: Props) -> Props:
        raise ProviderError(f"unknown function {token}")

    def close(self) -> None:
        """Nothing is held."""


class Stack:
    """A stack of the program ``declared`` in a fake cloud; each operation is a new engine object, as in real life."""

    def __init__(self, directory: Path, program: str = "declared", **options: Any) -> None:
        self.cloud = FakeCloud()
        self.directory = directory
        self.program = program
        self.options = options
        self.config: dict[str, Any] = {}

    def engine(self, **config: Any) -> EmbeddedEngine:
        values = {key: ConfigValue(value) for key, value in {**self.config, **config}.items()}
        return EmbeddedEngine(
            PROGRAMS / self.program,
            "dev",
            self.directory,
            config=values,
            passphrase="passphrase of the tests",
            providers={"fake": self.cloud.factory},
            **self.options,
        )

    def up(self, *resources: Mapping[str, Any], **config: Any) -> Result:
        """Deploy these resources; no others stay."""
        return self.engine(resources=list(resources), **config).up()

    def preview(self, *resources: Mapping[str, Any], **config: Any) -> Result:
        return self.engine(resources=list(resources), **config).preview()

    def fails(self, *resources: Mapping[str, Any], **config: Any) -> EngineError:
        """The error of a deployment that must fail."""
        try:
            self.up(*resources, **config)
        except EngineError as error:
            return error
        raise AssertionError("the deployment was expected to fail")

    def state(self) -> list[dict[str, Any]]:
        """The resources on record, default providers left out."""
        path = self.directory / "dev.json"
        latest = json.loads(path.read_text("utf-8"))["checkpoint"]["latest"]
        return [item for item in latest["resources"] if not item["type"].startswith("pulumi:providers:")]

    def recorded(self, name: str) -> dict[str, Any]:
        """The one state of a resource; fails if there are several."""
        found = [item for item in self.state() if item["urn"].endswith(f"::{name}")]
        assert len(found) == 1, f"{len(found)} states of {name}"
        return found[0]

    def names(self) -> list[str]:
        """The names of the resources on record but the stack's, in alphabetical order: several may be made at once."""
        states = [state for state in self.state() if state["type"] != "pulumi:pulumi:Stack"]
        return sorted(state["urn"].rsplit("::", 1)[-1] for state in states)


def item(name: str, /, opts: Mapping[str, Any] | None = None, **props: Any) -> dict[str, Any]:
    """A resource of the fake cloud."""
    return {"name": name, "props": props, "opts": dict(opts or {})}


def group(name: str, /, opts: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A component."""
    return {"name": name, "component": True, "opts": dict(opts or {}), **more}


def output_of(name: str, key: str = "made") -> dict[str, str]:
    """Another resource's output as a property."""
    return {"from": f"{name}.{key}"}


def secret(value: Any) -> dict[str, Any]:
    """A secret property."""
    return {"secret": value}
