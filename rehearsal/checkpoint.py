"""The files in which the CLI's file backend keeps a stack, and how they are mended after a run was killed.

Source: observed in ``pkg/backend/diy`` of pulumi/pulumi 3.274, and its bucket of files (gocloud.dev ``fileblob``). To
store a state, the CLI renames ``<stack>.json`` to ``<stack>.json.bak``, writes ``<stack>.json.attrs`` in place, and
then puts the new ``<stack>.json`` there by a rename. A kill in between leaves no state, or attributes that are cut off.
"""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any, Final

from rehearsal.results import RehearsalError

_LOCKS: Final = Path("backend", ".pulumi", "locks")


def checkpoint(state_dir: Path, project: str, stack: str) -> Path:
    """The file that holds a stack's state."""
    return state_dir / "backend" / ".pulumi" / "stacks" / project / f"{stack}.json"


def has_resources(path: Path) -> bool:
    """Whether a stack has resources; True for a file that cannot be read: it is not empty at least."""
    if not path.exists():
        return _backup(path).exists() and has_resources(_backup(path))
    content = _json(path)
    if content is None:
        return True
    latest = content.get("checkpoint", {}).get("latest")
    return bool(latest and latest.get("resources"))


def mend(path: Path) -> str:
    """Mends what a kill has left of a stack's state; what was done in one sentence, or nothing.

    Only while nobody works on the stack. Raises RehearsalError where the state cannot be mended.
    """
    attributes, backup = path.with_name(f"{path.name}.attrs"), _backup(path)
    if attributes.exists() and _json(attributes) is None:
        attributes.unlink()  # the CLI does without them
    if _json(path) is not None or not (path.exists() or backup.exists()):
        return ""
    if _json(backup) is None:
        older = path.parents[2] / "backups" / path.parent.name / path.stem
        raise RehearsalError(
            f"The state of the stack was cut off when a run was killed, and so was its backup: {path} cannot be read. "
            "Nothing was done.\n"
            f"Next: copy the newest readable file of {older} to {path}, then run the same again. "
            "If there is none: `make clean` removes the rehearsal with everything in it, and `make up` begins anew."
        )
    attributes.unlink(missing_ok=True)
    os.replace(backup, path)
    return (
        "The state of the stack was cut off when a run was killed. The state before its last step has been restored "
        f"from {backup.name}."
    )


def _backup(path: Path) -> Path:
    return path.with_name(f"{path.name}.bak")


def _json(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


# --- locks -----------------------------------------------------------------------------------------------------------


def workers(state_dir: Path) -> list[int]:
    """The processes that hold a lock on a stack; 0 stands for one that cannot be told to have ended.

    Source of a lock's content: observed in ``pkg/backend/diy/lock.go`` of pulumi/pulumi 3.260.
    """
    found = []
    for lock in (state_dir / _LOCKS).rglob("*.json"):
        content = _json(lock) or {}
        pid = content.get("pid")
        if content.get("hostname") != socket.gethostname() or not isinstance(pid, int):
            found.append(0)
        elif _is_alive(pid):
            found.append(pid)
    return found


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
