"""HTML pages from Jinja2 templates that escape every value."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def templates_of(module_file: str) -> Environment:
    """The templates in the folder ``templates`` beside a module, given by its ``__file__``.

    A template that uses a name without a value raises ``jinja2.UndefinedError``.
    """
    return Environment(
        loader=FileSystemLoader(Path(module_file).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
