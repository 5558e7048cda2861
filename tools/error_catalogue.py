"""The page of all errors, made from their classes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pulumi_unifiedto.errors import CATALOGUE
from pulumi_unifiedto.errors.base import Family

_FAMILIES: Final[Mapping[Family, tuple[str, str]]] = MappingProxyType(
    {
        "program": (
            "Fix the program",
            "Change the program or its configuration. A preview says so before anything is created or written.",
        ),
        "account": ("Fix the account", "Change something in Entra or at Unified.to, then run again."),
        "later": ("Try later", "Repeating the run is safe: it looks at what is there and goes on."),
    }
)


def catalogue_page() -> str:
    """The catalogue as a markdown page: each class with its cause, its remedy and a specimen as a user sees it."""
    lines = [
        "# Errors",
        "",
        "Made by `make docs` from the classes. Search for the code that stands in the message.",
        "",
        "Inputs are spelt as the keys of a stack's configuration are. In Python the same words are joined by "
        "underscores: `onDelete` is the argument `on_delete`, and `proofDeadline` is `proof_deadline_s`.",
    ]
    for family, (heading, meaning) in _FAMILIES.items():
        lines += ["", f"## {heading}", "", meaning]
        for kind in CATALOGUE:
            if kind.family != family:
                continue
            specimen = str(kind(**kind.example))
            lines += [
                "",
                f"### {kind.code} {kind.title}",
                "",
                f"- Class: `{kind.__name__}`",
                f"- Usual cause: {kind.usual_cause}",
                f"- What to do: {kind.remedy}",
                "",
                "```text",
                specimen,
                "```",
            ]
    return "\n".join(lines) + "\n"
