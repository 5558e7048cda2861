"""Checks a component's arguments: their keys, and the types of plain values.

The arguments are TypedDicts, which Python does not check at run time: a misspelt key would be ignored silently.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar, Union, get_args, get_origin

import pulumi
from typing_extensions import NotRequired, get_type_hints, is_typeddict

from ..errors import InvalidInput

Arguments = TypeVar("Arguments")

_PLAIN_KINDS: Final[Mapping[Any, tuple[tuple[type, ...], str]]] = {
    # declared type -> types that fit, and why a value of another type is refused
    str: ((str,), "it must be a string"),
    bool: ((bool,), "it must be true or false"),
    int: ((int,), "it must be a whole number"),
    float: ((int, float), "it must be a number"),
}


def validated(kind: type[Arguments], args: Arguments, *, within: str = "") -> Arguments:
    """The arguments without the absent ones. None, and an empty string for an optional argument, count as absent.

    kind: the TypedDict. within: begins every name in a message, such as ``registrations[0].``.
    Raises InvalidInput for a key that `kind` does not have, with the nearest one; for a required argument that is
    missing; and for a value of another type, if the value is known already.
    """
    if not isinstance(args, Mapping):
        raise InvalidInput(name=within.rstrip(".") or "args", reason="it must be an object")
    # pulumi.Input contains "Output[T]" as a string, and the TypedDict's module does not import these names.
    hints = get_type_hints(kind, localns={"Output": pulumi.Output, "T": Any}, include_extras=True)
    for key in args:
        if key not in hints:
            near = difflib.get_close_matches(str(key), hints, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(hints)}"
            raise InvalidInput(name=f"{within}{key}", reason=f"there is no such argument; {hint}")
    present: dict[str, Any] = {}
    for key, declared in hints.items():
        value, name = args.get(key), f"{within}{spelling(key)}"
        origin: Any = get_origin(declared)
        is_optional = origin is NotRequired
        if value is None or (is_optional and isinstance(value, str) and not value):
            if not is_optional:
                raise InvalidInput(name=name, reason="it is missing")
            continue
        if reason := why_unfit(value, get_args(declared)[0] if is_optional else declared):
            raise InvalidInput(name=name, reason=reason)
        present[key] = value
    return present  # type: ignore[return-value]


def spelling(key: str) -> str:
    """An argument's name in messages: spelt like the key of a stack's configuration."""
    first, *others = key.split("_")
    return first + "".join(map(str.capitalize, others))


def is_known(value: Any) -> bool:
    """Whether nothing in a value comes from a resource."""
    if isinstance(value, Mapping):
        return all(map(is_known, value.values()))
    if isinstance(value, (list, tuple)):
        return all(map(is_known, value))
    return not _is_output(value)


def _is_output(value: Any) -> bool:
    return isinstance(value, pulumi.Output) or inspect.isawaitable(value)


def why_unfit(value: Any, declared: Any) -> str | None:
    """Why a value does not fit its declared type; None if it does."""
    if get_origin(declared) is Union:  # pulumi.Input[T] is a union of T and what becomes one
        return None if _is_output(value) else why_unfit(value, get_args(declared)[0])
    if _is_output(value):
        return "it comes from a resource, but must be known before the run"
    kind, parts = get_origin(declared) or declared, get_args(declared)
    if kind is Sequence:
        fits = (
            isinstance(value, (list, tuple))
            and "" not in value
            and not any(why_unfit(item, parts[0]) for item in value)
        )
        return None if fits else f"it must be a list of {'objects' if is_typeddict(parts[0]) else 'strings'}"
    if kind is Mapping or is_typeddict(kind):
        fits = isinstance(value, Mapping) and (not parts or _all_fit(value.values(), parts[1]))
        return None if fits else "it must map names to strings"
    if kind is int and isinstance(value, float) and value.is_integer():
        return None  # programs in other languages send whole numbers like this
    types, reason = _PLAIN_KINDS[kind]
    fits = isinstance(value, types) and isinstance(value, bool) == (kind is bool)
    return None if fits else reason


def _all_fit(items: Iterable[Any], declared: Any) -> bool:
    return not any(item == "" or why_unfit(item, declared) for item in items)
