"""Schemas of bridged resources: what Terraform's planning makes of inputs and state, in Pulumi's property names.

Source: observed, pulumi-azuread 6.11.1 driven over gRPC (checked inputs, diffs, previewed and stored outputs).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.plugins.contract import Change, CheckFailure
from rehearsal.plugins.values import (
    UNKNOWN,
    UNKNOWN_TEXT,
    Props,
    Unknown,
    Value,
    contains_unknown,
    differences,
    equal,
    joined,
)

DEFAULTS_KEY = "__defaults"
META_KEY = "__meta"
_TIMEOUTS_KEY = "e2bfb730-ecaa-11e6-8f88-34363bc7c4c0"
_NANOSECONDS = 1_000_000_000


@dataclass(frozen=True)
class Field:
    """One property.

    ``kind``: ``string``, ``bool``, ``int``, ``map``, ``set`` (of strings), ``block`` (at most one, shown as an object),
    ``blocks`` (a list of objects), ``block_set`` (objects whose order means nothing). ``computed``: the provider
    fills it in where the program says nothing. ``input``: False for outputs only. ``declared``: False for inputs of the
    plugin that the stand-in refuses, because no program here declares them.
    """

    kind: str = "string"
    required: bool = False
    computed: bool = False
    input: bool = True
    default: Any = None
    forces_new: bool = False
    declared: bool = True
    fields: Mapping[str, Field] = field(default_factory=dict)


@dataclass(frozen=True)
class Schema:
    """A resource: its properties, and what the bridge keeps about it in ``__meta``."""

    fields: Mapping[str, Field]
    version: int
    timeouts_s: Mapping[str, int]

    def meta(self) -> str:
        """The text that the bridge stores with each resource."""
        timeouts = {name: seconds * _NANOSECONDS for name, seconds in sorted(self.timeouts_s.items())}
        return json.dumps({_TIMEOUTS_KEY: timeouts, "schema_version": str(self.version)}, separators=(",", ":"))


def terraform_name(name: str) -> str:
    """``displayName`` → ``display_name``."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


# --- check


def checked(
    fields: Mapping[str, Field], inputs: Mapping[str, Value], resource: str
) -> tuple[Props, list[CheckFailure]]:
    """Inputs with defaults, each object with the list of those, and what is missing or unknown."""
    failures = []
    for name, item in fields.items():
        if item.required and inputs.get(name) is None:
            argument = terraform_name(name)
            failures.append(
                CheckFailure(
                    "",
                    f'Missing required argument. The argument "{argument}" is required, but no definition was found.. '
                    f"Examine values at '{resource}.{name}'.",
                )
            )
    failures += [
        CheckFailure("", f"Invalid or unknown key. Examine values at '{resource}.{name}'.")
        for name in inputs.keys() - fields.keys()
    ]
    failures += [
        CheckFailure(
            "",
            f"The stand-in for the azuread plugin does not have {path} of {resource}. Next: install the real plugins "
            "and run with PLUGINS=real.",
        )
        for path in _undeclared(fields, inputs)
    ]
    return _with_defaults(fields, inputs), failures


def _undeclared(fields: Mapping[str, Field], inputs: Mapping[str, Value], path: str = "") -> Iterator[str]:
    for name, value in inputs.items():
        item = fields.get(name)
        if item is None:
            continue
        if not item.input or not item.declared:
            yield joined(path, name)
        elif item.kind == "block" and isinstance(value, dict):
            yield from _undeclared(item.fields, value, joined(path, name))


def _with_defaults(fields: Mapping[str, Field], inputs: Mapping[str, Value]) -> Props:
    result: Props = {}
    for name, value in inputs.items():
        item = fields.get(name)
        if value is None:
            continue
        if item is not None and item.kind == "block" and isinstance(value, dict):
            result[name] = _with_defaults(item.fields, value)
        elif item is not None and item.kind in ("blocks", "block_set") and isinstance(value, list):
            result[name] = [
                _with_defaults(item.fields, element) if isinstance(element, dict) else element for element in value
            ]
        else:
            result[name] = value
    applied = [name for name, item in fields.items() if item.default and name not in result]
    for name in applied:
        if name != DEFAULTS_KEY:
            result[name] = fields[name].default
    result[DEFAULTS_KEY] = sorted(applied)
    return result


def plain(value: Value) -> Value:
    """A value without the bridge's own keys."""
    if isinstance(value, dict):
        return {key: plain(element) for key, element in value.items() if not key.startswith("__")}
    if isinstance(value, list):
        return [plain(element) for element in value]
    return value


# --- plan


def planned(fields: Mapping[str, Field], inputs: Mapping[str, Value], prior: Mapping[str, Value] | None) -> Props:
    """What the resource will look like: unknown where only the provider can tell."""
    return {name: _planned(item, inputs.get(name), prior, name) for name, item in fields.items()}


def _planned(item: Field, configured: Value, prior: Mapping[str, Value] | None, name: str) -> Value:
    before = None if prior is None else prior.get(name)
    if isinstance(configured, Unknown):
        return UNKNOWN
    if configured is None:
        return _unconfigured(item, before, is_new=prior is None)
    if item.kind == "block":
        return planned_block(item, configured, before if isinstance(before, dict) else None)
    if item.kind in ("blocks", "block_set"):
        return [_new_block(item, element) for element in configured]
    if item.kind == "set":
        return UNKNOWN if contains_unknown(configured) else sorted(configured)
    return configured


def planned_block(item: Field, configured: Mapping[str, Value], before: Mapping[str, Value] | None) -> Props:
    """One object: its unset properties keep what they are if that is nothing."""
    return {name: _planned(inner, configured.get(name), before or {}, name) for name, inner in item.fields.items()}


def _new_block(item: Field, element: Value) -> Value:
    if not isinstance(element, dict):
        return element
    return {
        name: element.get(name, inner.default) for name, inner in item.fields.items() if _is_kept(inner, element, name)
    }


def _is_kept(inner: Field, element: Mapping[str, Value], name: str) -> bool:
    return name in element or inner.default is not None or inner.kind != "string"


def _unconfigured(item: Field, before: Value, *, is_new: bool) -> Value:
    if item.computed:
        return UNKNOWN if is_new else before
    if item.default is not None:
        return item.default
    if not is_new and before is not None and is_nothing(item, before):
        return before
    return [] if item.kind in ("blocks", "block_set") else None


# --- diff


def is_nothing(item: Field, value: Value) -> bool:
    """True for a value that means the same as none: empty, false, or an object of such values."""
    if item.kind == "block" and isinstance(value, dict):
        return all(is_nothing(item.fields.get(name, Field()), element) for name, element in value.items())
    if item.kind == "int" and item.default is not None and value == item.default:
        return True
    return value in (None, "", False) or (isinstance(value, (list, dict)) and not value)


def same(item: Field, left: Value, right: Value) -> bool:
    """True if two values mean the same to Terraform; an unknown never does."""
    if contains_unknown(left) or contains_unknown(right):
        return False
    if is_nothing(item, left) and is_nothing(item, right):
        return True
    if item.kind == "block" and isinstance(left, dict) and isinstance(right, dict):
        return all(same(inner, left.get(name), right.get(name)) for name, inner in item.fields.items())
    if item.kind in ("set", "block_set") and isinstance(left, list) and isinstance(right, list):
        return sorted(map(_key, left)) == sorted(map(_key, right))
    if item.kind == "blocks" and isinstance(left, list) and isinstance(right, list):
        return [_key(element) for element in left] == [_key(element) for element in right]
    return equal(left, right)


def _key(value: Value) -> str:
    if isinstance(value, Unknown):
        return UNKNOWN_TEXT
    if isinstance(value, dict):
        kept = {name: element for name, element in plain(value).items() if element not in (None, "", [], {})}
        return json.dumps(kept, sort_keys=True)
    return json.dumps(value, sort_keys=True)


def changed(fields: Mapping[str, Field], plan: Mapping[str, Value], prior: Mapping[str, Value]) -> list[str]:
    """The properties that the plan changes.

    A collection that the provider fills in is unchanged as long as it is unknown (observed with the plugin).
    """
    return [
        name
        for name, item in fields.items()
        if item.input
        and name in plan
        and not same(item, plan[name], prior.get(name))
        and not (item.computed and item.kind == "set" and plan[name] is UNKNOWN)
    ]


def paths(item: Field, given: Value, prior: Value, path: str) -> dict[str, Change]:
    """Where exactly a changed property differs from what is given, by property path."""
    if given is UNKNOWN or (item.kind in ("map", "set") and contains_unknown(given)):
        return {path: "update"}
    if item.kind == "map" and not is_nothing(item, prior):
        return differences(prior, given or {}, path)
    if item.kind == "block" and isinstance(given, dict) and isinstance(prior, dict):
        found: dict[str, Change] = {}
        for name, inner in item.fields.items():
            value = given.get(name, inner.default)
            if not same(inner, value, prior.get(name)):
                found.update(paths(inner, value, prior.get(name), joined(path, name)))
        return found
    if given in (None, [], {}):
        return {path: "delete"}
    if is_nothing(item, prior):
        return {path: "add"}
    if item.kind in ("set", "block_set"):
        return _elements(given, prior, path)
    return differences(plain(prior), plain(given), path)


def _elements(given: list[Value], prior: list[Value], path: str) -> dict[str, Change]:
    """Of a set: what is gone and what is new, each with its index on its own side; at one index they are compared."""
    before, after = [list(map(_key, side)) for side in (prior, given)]
    gone = {index for index, key in enumerate(before) if key not in after}
    new = {index for index, key in enumerate(after) if key not in before}
    found: dict[str, Change] = {}
    for index in sorted(gone | new):
        where = f"{path}[{index}]"
        if index in gone & new:
            found.update(differences(plain(prior[index]), plain(given[index]), where))
        else:
            found[where] = "add" if index in new else "delete"
    return found


def known(plan: Mapping[str, Value]) -> Props:
    """The plan with nothing in place of unknowns, as it is stored after a failure half-way."""
    return {name: None if contains_unknown(value) else value for name, value in plan.items()}
