"""``rehearsal.yaml``: what a rehearsal deploys, by the keys of a stack's configuration."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any, Final

import yaml

from rehearsal.results import RehearsalError

_OF_THE_EMULATOR: Final = ("workspaceId", "apiUrl")


def configured_by(settings: Path, project_file: Path) -> dict[str, Any]:
    """What the file says, by key without the project's name.

    ``project_file``: the Pulumi.yaml that declares the keys. Raises RehearsalError where the file is no mapping of
    keys that the project declares.
    """
    try:
        configured = yaml.safe_load(settings.read_text("utf-8")) or {}
    except (OSError, UnicodeDecodeError) as error:
        raise RehearsalError(f"{settings} cannot be read: {error}.\nNext: `git checkout` brings it back.") from None
    except yaml.YAMLError as error:
        raise RehearsalError(
            f"{settings} is not YAML: {error}.\nNext: mend that line; `git diff` shows what was changed."
        ) from None
    if not isinstance(configured, dict) or not all(isinstance(key, str) for key in configured):
        raise RehearsalError(
            f"{settings} has to be a mapping, `key: value` on each line, and is a {type(configured).__name__}.\n"
            "Next: write it as the README's table of configuration keys says."
        )
    project = yaml.safe_load(project_file.read_text("utf-8"))
    declared = list(project["config"])
    plain = {key.removeprefix(f"{project['name']}:"): value for key, value in configured.items()}
    for key in plain:
        if key in _OF_THE_EMULATOR:
            raise RehearsalError(f"{settings} sets {key}, which is the emulator's in a rehearsal.\nNext: take it out.")
        if key not in declared and ":" not in key:
            raise RehearsalError(f'{settings} sets "{key}", which nothing reads.\nNext: {_remedy(key, declared)}')
    return plain


def _remedy(key: str, declared: list[str]) -> str:
    near = difflib.get_close_matches(key, declared, n=1, cutoff=0.5)
    if near:
        return f'write "{near[0]}" if that is meant, or take it out.'
    return f"take it out. The keys are {', '.join(declared)}."
