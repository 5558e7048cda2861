"""Writes the documents that are made from code, or checks that they are up to date: ``python -m tools.documents
[--check]``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from emulator.core.coverage import coverage_page
from tools import rotation_picture
from tools.complaints_page import complaints_page
from tools.error_catalogue import catalogue_page

ROOT: Final = Path(__file__).parents[1]

_BEGIN, _END = "<!-- configuration: begin -->", "<!-- configuration: end -->"


def configuration_table() -> str:
    """The README's table of configuration keys, from Pulumi.yaml."""
    keys: Mapping[str, Any] = yaml.safe_load((ROOT / "Pulumi.yaml").read_text("utf-8"))["config"]
    lines = ["| key | type | default | meaning |", "| --- | --- | --- | --- |"]
    for key, declared in keys.items():
        kind = declared["type"]
        if kind == "array":
            kind = f"list of {declared['items']['type']}s"
        default = f"`{json.dumps(declared['default'])}`" if "default" in declared else "required"
        lines.append(f"| `{key}` | {kind} | {default} | {declared['description']} |")
    return "\n".join(lines)


def readme() -> str:
    """The README with its generated part renewed."""
    text = (ROOT / "README.md").read_text("utf-8")
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}\n{configuration_table()}\n{_END}{after}"


DOCUMENTS: Final[Mapping[str, Callable[[], str]]] = {
    "README.md": readme,
    "docs/errors.md": catalogue_page,
    "docs/emulator-coverage.md": coverage_page,
    "docs/rotation.svg": rotation_picture.draw,
    "docs/complaints.md": complaints_page,
}


def main(arguments: list[str]) -> int:
    stale = []
    for name, make in DOCUMENTS.items():
        path = ROOT / name
        text = make()
        if path.exists() and path.read_text("utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in arguments:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
            sys.stdout.write(f"wrote {name}\n")
    if "--check" in arguments and stale:
        sys.stderr.write(f"Out of date: {', '.join(stale)}. Run `make docs` and commit the result.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
