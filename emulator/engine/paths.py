"""Property paths such as ``root.list[0]["a key"]`` and ``triggers[*]``, for ignoreChanges and replaceOnChanges.

Source: observed in ``sdk/go/common/resource/properties_path.go`` of pulumi/pulumi 3.260.
"""

from __future__ import annotations

import re
from typing import TypeAlias

from emulator.engine.values import Props, Value, copy

Path: TypeAlias = tuple["str | int", ...]

_TOKEN = re.compile(r'\.?(?:\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|\[(\*)\]|([^.\[\]]+))')


def parse_path(text: str) -> Path | None:
    """The path's segments; None for text that is no path, which the engine ignores."""
    segments: list[str | int] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            return None
        quoted, index, star, name = match.groups()
        if quoted is not None:
            segments.append(re.sub(r"\\(.)", r"\1", quoted))
        elif index is not None:
            segments.append(int(index))
        else:
            segments.append(star or name)
        position = match.end()
    return tuple(segments) or None


def contains(pattern: Path, path: Path) -> bool:
    """True if ``path`` is the pattern or lies below it; ``*`` in the pattern stands for any segment."""
    if len(path) < len(pattern):
        return False
    return all(mine in ("*", theirs) for mine, theirs in zip(pattern, path, strict=False))


def reset(path: Path, old: Value, new: Value) -> bool:
    """Set what ``path`` names in ``new`` back to what it is in ``old``, in place; False where the path does not fit."""
    if not path:
        return False
    head, rest = path[0], path[1:]
    if isinstance(old, dict) and isinstance(new, dict) and isinstance(head, str):
        keys = sorted(old.keys() | new.keys()) if head == "*" else [head]
        outcomes = [_reset_key(key, rest, old, new) for key in keys]  # all of them, also after a misfit
        return all(outcomes)
    if isinstance(old, list) and isinstance(new, list):
        if head == "*":
            if len(old) != len(new):
                return False
            outcomes = [_reset_index(index, rest, old, new) for index in range(len(old))]
            return all(outcomes)
        if isinstance(head, int) and head < len(old) and head < len(new):
            return _reset_index(head, rest, old, new)
    return False


def _reset_key(key: str, rest: Path, old: Props, new: Props) -> bool:
    if not rest:
        if key in old:
            new[key] = copy(old[key])
        else:
            new.pop(key, None)
        return True
    if key not in old and key not in new:
        return True
    return key in old and key in new and reset(rest, old[key], new[key])


def _reset_index(index: int, rest: Path, old: list[Value], new: list[Value]) -> bool:
    if not rest:
        new[index] = copy(old[index])
        return True
    return reset(rest, old[index], new[index])
