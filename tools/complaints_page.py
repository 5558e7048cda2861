"""The page of public complaints and the tests that answer them, made from the tests' own docstrings.

A test answers a complaint when its docstring begins ``Complaint <number>: <what>``. Lines that begin with ``https://``
name where it was made; ``No public issue: …`` stands for one without an address; ``See also: <path>::<test>`` points
to a further proof. Any other test whose docstring cites one of the addresses is listed too.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).parents[1] / "tests"
COMPLAINTS: Final = 27
"""How many are known; the page is made only when each has its test."""

_COMPLAINT: Final = re.compile(r"Complaint (?P<number>\d+): (?P<what>.+?)\.?$")
_ADDRESS: Final = re.compile(r"https://github\.com/(?P<repository>[\w.-]+/[\w-]+)(?:/(?:issues|pull)/(?P<number>\d+))?")
_NOT_RECHECKED: Final = "(not re-checked)"
_INTRODUCTION: Final = """\
# Complaints about similar systems, and the tests that prevent them here

`make docs` generates this page from the tests' docstrings. It lists problems that users of related systems (Terraform
and Pulumi providers, secret managers, integration platforms) have reported in public. For each problem, it names the
tests that show that this project does not have it. Tests without a file name are in
[test_complaints.py](../tests/e2e/test_complaints.py).

An asterisk marks an address that could not be checked again.

| # | complaint | tests | where |
| --- | --- | --- | --- |
"""


class IncompletePage(Exception):
    """A complaint has no test or no address, or a test that is named does not exist."""


@dataclass(frozen=True)
class Proof:
    """A test function: its file relative to the project (posix), its name, and the lines of its docstring."""

    file: str
    name: str
    lines: tuple[str, ...]

    @property
    def link(self) -> str:
        shown = self.name.removeprefix("test_").replace("_", " ")
        if self.file == "tests/e2e/test_complaints.py":
            return shown
        return f"{shown} ([{Path(self.file).name}](../{self.file}))"


@dataclass
class Complaint:
    """One complaint: its own words, where it was made (address to the words shown for it), who answers it."""

    number: int
    what: str
    sources: dict[str, str] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)
    tests: dict[Proof, None] = field(default_factory=dict)

    def row(self) -> str:
        tests = "<br>".join(test.link for test in self.tests)
        where = "<br>".join([*self.sources.values(), *self.notes])
        return f"| {self.number} | {self.what.replace('``', '`')} | {tests} | {where} |"


def complaints_page() -> str:
    """The page as markdown. Raises IncompletePage."""
    return _INTRODUCTION + "".join(f"{complaint.row()}\n" for complaint in complaints(list(all_tests())))


def all_tests(root: Path = TESTS) -> Iterator[Proof]:
    """Every test function with a docstring, by file and position."""
    for path in sorted(root.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_"):
                lines = (ast.get_docstring(node) or "").splitlines()
                yield Proof(path.relative_to(root.parent).as_posix(), node.name, tuple(line.strip() for line in lines))


def complaints(tests: list[Proof]) -> list[Complaint]:
    """The complaints in the order of their numbers, each with at least one test and one source."""
    found: dict[int, Complaint] = {}
    by_place = {f"{test.file}::{test.name}": test for test in tests}
    for test in tests:
        match = _COMPLAINT.match(test.lines[0]) if test.lines else None
        if match is None:
            continue
        number = int(match["number"])
        complaint = found.setdefault(number, Complaint(number, match["what"]))
        complaint.tests[test] = None
        for line in test.lines[1:]:
            if line.startswith("https://"):
                complaint.sources.setdefault(_key(line), _shown(line))
            elif line.startswith("No public issue: "):
                complaint.notes[line.rstrip(".")] = None
            elif line.startswith("See also: "):
                place = line.removeprefix("See also: ")
                if place not in by_place:
                    raise IncompletePage(f"{test.name} points to {place}, which does not exist")
                complaint.tests[by_place[place]] = None
    _require_all(found)
    answering = {test for test in tests if test.lines and _COMPLAINT.match(test.lines[0])}
    for test in tests:
        cited = {_key(match[0]) for match in _ADDRESS.finditer(" ".join(test.lines))}
        for complaint in found.values():
            if cited & complaint.sources.keys() and test not in answering:
                complaint.tests[test] = None
    return [found[number] for number in sorted(found)]


def _require_all(found: dict[int, Complaint]) -> None:
    missing = sorted(set(range(1, COMPLAINTS + 1)) - found.keys())
    if missing:
        raise IncompletePage(f"no test answers complaint {', '.join(map(str, missing))}")
    nameless = [number for number, complaint in found.items() if not (complaint.sources or complaint.notes)]
    if nameless:
        raise IncompletePage(f"nothing says where complaint {', '.join(map(str, sorted(nameless)))} was made")


def _key(line: str) -> str:
    """What makes two spellings of an address the same: GitHub leads from an issue's to a pull request's by itself."""
    match = _ADDRESS.match(line)
    if match is None:
        raise IncompletePage(f"not an address at GitHub: {line}")
    return f"{match['repository']}#{match['number'] or ''}"


def _shown(line: str) -> str:
    match = _ADDRESS.match(line)
    assert match is not None
    name = match["repository"] + (f"#{match['number']}" if match["number"] else "")
    rest = line[match.end() :].strip()
    star = "\\*" if rest == _NOT_RECHECKED else ""
    comment = f" {rest}" if rest and not star else ""
    return f"[{name}]({match[0]}){star}{comment}"
