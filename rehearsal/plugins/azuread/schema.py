"""Inputs of bridged resources as far as the components declare them: check, and what a change of them is.

Source: observed, pulumi-azuread 6.11.1 driven over gRPC (checked inputs, diffs, stored outputs).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from rehearsal.plugins.contract import Change
from rehearsal.plugins.values import Props, Value, contains_unknown, differences, joined


@dataclass(frozen=True)
class Field:
    """One input.

    ``kind``: ``block`` is one object, ``blocks`` a list of objects, ``set`` a list of strings whose order means
    nothing. ``fields``: of each object. ``computed``: where the program gives no value, the provider's stays.
    """

    kind: Literal["value", "map", "set", "block", "blocks"] = "value"
    fields: Mapping[str, Field] = field(default_factory=dict)
    computed: bool = False
    forces_new: bool = False


def meta(version: int, *, create_s: int, update_s: int) -> str:
    """What the bridge stores with each resource as ``__meta``: Terraform's timeouts and the version of its schema."""
    seconds = {"create": create_s, "delete": 300, "read": 300, "update": update_s}
    timeouts = {name: limit * 1_000_000_000 for name, limit in seconds.items()}
    return json.dumps(
        {"e2bfb730-ecaa-11e6-8f88-34363bc7c4c0": timeouts, "schema_version": str(version)}, separators=(",", ":")
    )


def checked(fields: Mapping[str, Field], inputs: Props, refused: list[str], path: str = "") -> Props:
    """The inputs as the bridge keeps them: each object names its defaults, of which there are none.

    The paths of inputs that the stand-in does not have are added to ``refused``.
    """
    result: Props = {"__defaults": []}
    for name, value in inputs.items():
        where, item = joined(path, name), fields.get(name)
        if item is None:
            refused.append(where)
        elif item.kind == "block" and isinstance(value, dict):
            result[name] = checked(item.fields, value, refused, where)
        elif item.kind == "blocks" and isinstance(value, list):
            result[name] = [checked(item.fields, element, refused, where) for element in value]
        elif value is not None:
            result[name] = value
    return result


def plain(value: Value) -> Value:
    """A value without the bridge's own keys."""
    if isinstance(value, dict):
        return {key: plain(element) for key, element in value.items() if not key.startswith("__")}
    if isinstance(value, list):
        return [plain(element) for element in value]
    return value


def changes(item: Field, given: Value, prior: Value, path: str) -> dict[str, Change]:
    """Where what is given differs from what is on record, by property path. Nothing is as good as empty."""
    if item.kind == "block" and isinstance(given, dict) and isinstance(prior, dict):
        return {
            where: change
            for name, inner in item.fields.items()
            for where, change in changes(inner, given.get(name), prior.get(name), joined(path, name)).items()
        }
    if contains_unknown(given):
        return {path: "update"}
    if not given and not prior:
        return {}
    if not given or not prior:
        return {path: "add" if given else "delete"}
    if item.kind in ("set", "blocks"):
        return _elements(given, prior, path)
    return differences(prior, given, path)


def _elements(given: list[Value], prior: list[Value], path: str) -> dict[str, Change]:
    """Of a set: what is gone and what is new, each with its index on its own side; at one index they are compared."""
    before, after = [[json.dumps(element, sort_keys=True) for element in side] for side in (prior, given)]
    gone = {index for index, key in enumerate(before) if key not in after}
    new = {index for index, key in enumerate(after) if key not in before}
    found: dict[str, Change] = {}
    for index in sorted(gone | new):
        where = f"{path}[{index}]"
        if index in gone & new:
            found.update(differences(prior[index], given[index], where))
        else:
            found[where] = "add" if index in new else "delete"
    return found
