"""Property values of Pulumi, and their form on the wire.

In memory a value is None, bool, int, float, str, list, dict, :data:`UNKNOWN` or :class:`Secret`. On the wire it is a
protobuf ``Struct``.

Source: documented in ``sdk/proto`` of pulumi/pulumi, and observed with engine 3.260.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import zip_longest
from typing import Any, Final, Literal, TypeAlias

from google.protobuf import struct_pb2

Value: TypeAlias = Any
Props: TypeAlias = dict[str, Any]

SIGNATURE_KEY = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a marker of the wire format
UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

_MAX_EXACT_INTEGER = 2**53
_ABSENT: Final = object()
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_$][\w$]*")


class Unknown:
    """A value that is not known yet; there is one instance, :data:`UNKNOWN`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


class Secret:
    """A value that is encrypted in every state file and shown as ``[secret]``."""

    __slots__ = ("value",)

    def __init__(self, value: Value) -> None:
        self.value: Value = value.value if isinstance(value, Secret) else value

    def __repr__(self) -> str:
        return "Secret([secret])"


class UnmodelledValueError(ValueError):
    """A kind of value that no stand-in takes: assets, archives."""


def from_struct(struct: struct_pb2.Struct) -> Props:
    """Decode a Struct; raises UnmodelledValueError for assets, archives and output values."""
    return {key: _from_protobuf(value) for key, value in struct.fields.items()}


def _from_protobuf(value: struct_pb2.Value) -> Value:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        text = value.string_value
        return UNKNOWN if text == UNKNOWN_TEXT else text
    if kind == "number_value":
        return exact_number(value.number_value)
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        return [_from_protobuf(element) for element in value.list_value.values]
    if kind == "struct_value":
        fields = value.struct_value.fields
        if SIGNATURE_KEY in fields:
            signature = fields[SIGNATURE_KEY].string_value
            if signature == SECRET_SIGNATURE:
                return Secret(_from_protobuf(fields["value"]))
            raise UnmodelledValueError(
                "The stand-ins for the azuread and command plugins take no assets, archives or resource references. "
                "Next: install the real plugins and run with PLUGINS=real."
            )
        return {key: _from_protobuf(element) for key, element in fields.items()}
    return None


def exact_number(number: float) -> int | float:
    """A double as an int where that loses nothing, so that 3.0 is written as 3."""
    if number.is_integer() and abs(number) < _MAX_EXACT_INTEGER:
        return int(number)
    return number


def to_struct(props: Mapping[str, Value]) -> struct_pb2.Struct:
    """Encode properties with secrets and unknowns in Pulumi's wire form."""
    struct = struct_pb2.Struct()
    for key, value in props.items():
        _to_protobuf(value, struct.fields[key])
    return struct


def _to_protobuf(value: Value, target: struct_pb2.Value) -> None:
    if value is None:
        target.null_value = struct_pb2.NULL_VALUE
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, (int, float)):
        target.number_value = value
    elif isinstance(value, dict):
        target.struct_value.SetInParent()
        for key, element in value.items():
            _to_protobuf(element, target.struct_value.fields[key])
    elif isinstance(value, (list, tuple)):
        target.list_value.SetInParent()
        for element in value:
            _to_protobuf(element, target.list_value.values.add())
    elif isinstance(value, Secret):
        target.struct_value.fields[SIGNATURE_KEY].string_value = SECRET_SIGNATURE
        _to_protobuf(value.value, target.struct_value.fields["value"])
    elif isinstance(value, Unknown):
        target.string_value = UNKNOWN_TEXT
    else:
        raise TypeError(f"a value of type {type(value).__name__} cannot be sent to Pulumi")


def unwrap(value: Value) -> Value:
    """The value without its secret markers, at any depth."""
    if isinstance(value, Secret):
        return unwrap(value.value)
    if isinstance(value, dict):
        return {key: unwrap(element) for key, element in value.items()}
    if isinstance(value, list):
        return [unwrap(element) for element in value]
    return value


def _any(value: Value, test: Callable[[Value], bool]) -> bool:
    if test(value):
        return True
    if isinstance(value, Secret):
        return _any(value.value, test)
    children: Iterable[Value] = ()
    if isinstance(value, dict):
        children = value.values()
    elif isinstance(value, list):
        children = value
    return any(_any(child, test) for child in children)


def contains_unknown(value: Value) -> bool:
    """True if any part of the value is unknown."""
    return _any(value, lambda part: isinstance(part, Unknown))


def equal(left: Value, right: Value) -> bool:
    """Deep equality as the engine has it: a boolean is no number, a secret equals only a secret, 3 equals 3.0.

    An unknown equals an unknown (``DeepEquals`` of the engine), although a provider treats it as a change.
    """
    if isinstance(left, Secret) or isinstance(right, Secret):
        return isinstance(left, Secret) and isinstance(right, Secret) and equal(left.value, right.value)
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(value, right[key]) for key, value in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(equal(a, b) for a, b in zip(left, right, strict=True))
    return bool(type(left) is type(right) or _are_numbers(left, right)) and bool(left == right)


def _are_numbers(left: Value, right: Value) -> bool:
    return isinstance(left, (int, float)) and isinstance(right, (int, float))


def differences(old: Value, new: Value, path: str = "") -> dict[str, Literal["add", "delete", "update"]]:
    """Where two values differ, by property path; what is there only on one side counts whole. Secret markers count not.

    Source: observed in ``NewDetailedDiffFromObjectDiff`` of pulumi/pulumi 3.260.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        members: list[tuple[str, Value, Value]] = [
            (joined(path, key), old.get(key, _ABSENT), new.get(key, _ABSENT)) for key in sorted(old.keys() | new.keys())
        ]
    elif isinstance(old, list) and isinstance(new, list):
        pairs = zip_longest(old, new, fillvalue=_ABSENT)
        members = [(f"{path}[{index}]", before, after) for index, (before, after) in enumerate(pairs)]
    elif old is _ABSENT:
        return {path: "add"}
    elif new is _ABSENT:
        return {path: "delete"}
    else:
        return {} if equal(old, new) and not contains_unknown(new) else {path: "update"}
    return {where: change for place, a, b in members for where, change in differences(a, b, place).items()}


def joined(path: str, key: str) -> str:
    """A property path with one more key."""
    if not _PLAIN_KEY.fullmatch(key):
        escaped = key.replace('"', '\\"')
        return f'{path}["{escaped}"]'
    return f"{path}.{key}" if path else key
