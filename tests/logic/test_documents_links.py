"""What the documents for a user link to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_every_local_link_leads_to_a_file_of_this_repository(document: str) -> None:
    linked = _LINK.findall((ROOT / document).read_text("utf-8"))
    assert [target for target in linked if not (ROOT / target).exists()] == []


def test_the_readme_leads_to_what_a_run_that_breaks_does() -> None:
    linked = _LINK.findall((ROOT / "README.md").read_text("utf-8"))
    assert {"docs/errors.md", "docs/fault-matrix.md", "docs/crash-matrix.md"} <= set(linked)
