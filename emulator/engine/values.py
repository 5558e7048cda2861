"""Property values as Pulumi's engine knows them, and their three encodings.

In memory a value is None, bool, int, float, str, list, dict, :data:`UNKNOWN` or :class:`Secret`. On the wire it is a
protobuf ``Struct``; in a state file it is JSON in which a secret holds a ciphertext. Resource references stay
what they are in both encodings: a dict with a signature key.

Source of the encodings: documented in ``sdk/proto`` of pulumi/pulumi, and observed with engine 3.260.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from google.protobuf import struct_pb2

Value: TypeAlias = Any
Props: TypeAlias = dict[str, Any]

SIGNATURE_KEY = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a marker of the wire format
RESOURCE_SIGNATURE = "5cf8f73096256a8f31e491e813e4eb8e"
OUTPUT_VALUE_SIGNATURE = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
ASSET_SIGNATURE = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE_SIGNATURE = "0def7320c3a5731c473e5ecbe6d01bc7"
UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

_MAX_EXACT_INTEGER = 2**53


class Unknown:
    """A value that is not known yet; there is one instance, :data:`UNKNOWN`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


class Secret:
    """A value that is encrypted in every state file and shown as ``[secret]``.

    ``ciphertext`` is remembered once known, so that an unchanged secret keeps its ciphertext from one write to the
    next.
    """

    __slots__ = ("_opened", "_value", "ciphertext")

    def __init__(self, value: Value) -> None:
        self._value: Value = value.value if isinstance(value, Secret) else value
        self._opened: Callable[[], Value] | None = None
        self.ciphertext: str | None = None

    @classmethod
    def sealed(cls, ciphertext: str, opened: Callable[[], Value]) -> Secret:
        """A secret of a state file; ``opened`` decrypts it, when its value is first asked for."""
        secret = cls(None)
        secret.ciphertext, secret._opened = ciphertext, opened
        return secret

    @property
    def value(self) -> Value:
        """The plain value."""
        opened = self._opened
        if opened is not None:
            self._value = opened()  # twice where two threads ask at once, with the same outcome
            self._opened = None
        return self._value

    def __repr__(self) -> str:
        return "Secret([secret])"


class UnmodelledValueError(ValueError):
    """A program used a kind of value that the embedded engine does not model (assets, output values)."""


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
            if signature in (ASSET_SIGNATURE, ARCHIVE_SIGNATURE):
                raise UnmodelledValueError("assets and archives are not modelled by the embedded engine")
            if signature == OUTPUT_VALUE_SIGNATURE:
                raise UnmodelledValueError("output values are not modelled by the embedded engine")
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
        raise UnmodelledValueError(f"a value of type {type(value).__name__} cannot be sent to a provider")


def to_json(value: Value, encrypt: Callable[[str], str]) -> Any:
    """The form of a value in a state file; ``encrypt`` turns JSON text into a ciphertext."""
    if isinstance(value, Secret):
        if value.ciphertext is None:
            plain = json.dumps(to_json(value.value, encrypt), separators=(",", ":"), ensure_ascii=False)
            value.ciphertext = encrypt(plain)
        return {SIGNATURE_KEY: SECRET_SIGNATURE, "ciphertext": value.ciphertext}
    if isinstance(value, dict):
        return {key: to_json(element, encrypt) for key, element in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(element, encrypt) for element in value]
    if isinstance(value, Unknown):
        return UNKNOWN_TEXT
    return value


def from_json(value: Any, decrypt: Callable[[str], str]) -> Value:
    """Read a value of a state file; ``decrypt`` turns a ciphertext into JSON text."""
    if isinstance(value, dict):
        if value.get(SIGNATURE_KEY) == SECRET_SIGNATURE:
            ciphertext = value.get("ciphertext")
            if ciphertext is None:
                return Secret(from_json(json.loads(value["plaintext"]), decrypt))
            return Secret.sealed(ciphertext, lambda: from_json(json.loads(decrypt(ciphertext)), decrypt))
        return {key: from_json(element, decrypt) for key, element in value.items()}
    if isinstance(value, list):
        return [from_json(element, decrypt) for element in value]
    if isinstance(value, float):
        return exact_number(value)
    return UNKNOWN if value == UNKNOWN_TEXT else value


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


def contains_secret(value: Value) -> bool:
    """True if any part of the value is secret."""
    return _any(value, lambda part: isinstance(part, Secret))


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


def changed_keys(old: Mapping[str, Value], new: Mapping[str, Value]) -> list[str]:
    """The keys whose values differ, unknowns counted as different, secret markers ignored, sorted."""
    keys = []
    for key in old.keys() | new.keys():
        if (key in old) != (key in new):
            keys.append(key)
            continue
        before, after = unwrap(old[key]), unwrap(new[key])
        if contains_unknown(before) or contains_unknown(after) or not equal(before, after):
            keys.append(key)
    return sorted(keys)


def copy(value: Value) -> Value:
    """A deep copy of containers; secrets are shared, as they are never modified."""
    if isinstance(value, dict):
        return {key: copy(element) for key, element in value.items()}
    if isinstance(value, list):
        return [copy(element) for element in value]
    return value
