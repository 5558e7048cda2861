"""Writes the documents that are made from code, or checks that they are up to date: ``python -m tools.documents
[--check]``."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import yaml

from emulator.core.coverage import coverage_page
from pulumi_unifiedto.program.arguments import spelling
from pulumi_unifiedto.registration.options import OPTIONS
from tools import rotation_picture
from tools.complaints_page import complaints_page
from tools.error_catalogue import catalogue_page

ROOT: Final = Path(__file__).parents[1]

_OPTIONS: Final = ROOT / "components" / "pulumi_unifiedto" / "registration" / "options.py"


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


def registration_table() -> str:
    """The README's table of a registration's options, from the annotations and descriptions of `RegistrationArgs`."""
    classes = (node for node in ast.parse(_OPTIONS.read_text("utf-8")).body if isinstance(node, ast.ClassDef))
    (arguments,) = (node for node in classes if node.name == "RegistrationArgs")
    lines = ["| key | type | default | meaning |", "| --- | --- | --- | --- |"]
    for declared, description in pairwise(arguments.body):
        if isinstance(declared, ast.AnnAssign) and isinstance(declared.target, ast.Name):
            name, annotation = declared.target.id, ast.unparse(declared.annotation)
            kind = next(kind for sign, kind in _KINDS.items() if sign in annotation)
            default = OPTIONS[name].default
            shown = f"`{json.dumps(default)}`" if default else "" if "NotRequired" in annotation else "required"
            meaning = ast.literal_eval(description.value) if isinstance(description, ast.Expr) else ""
            lines.append(f"| `{spelling(name)}` | {kind} | {shown} | {meaning} |")
    return "\n".join(lines)


_KINDS: Final = {"bool": "boolean", "Sequence": "list of strings", "Mapping": "object of strings", "str": "string"}


def readme() -> str:
    """The README with its generated parts renewed."""
    text = (ROOT / "README.md").read_text("utf-8")
    for name, table in (("configuration", configuration_table()), ("registration", registration_table())):
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}\n{table}\n{end}{after}"
    return text


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
