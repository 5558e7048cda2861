"""What the package declares is what it imports, and what this project pins is what it declares."""

from __future__ import annotations

import ast
import sys
from importlib.metadata import packages_distributions, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "components" / "pulumi_unifiedto"


def declared() -> dict[str, Requirement]:
    """The distribution's dependencies by name, as pip reads them."""
    requirements = map(Requirement, requires("pulumi-unifiedto") or ())
    return {canonicalize_name(requirement.name): requirement for requirement in requirements}


def imported() -> set[str]:
    """The distributions of all modules that the package imports, now or in a function."""
    modules: set[str] = set()
    for source in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                modules.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module.partition(".")[0])
    others = modules - set(sys.stdlib_module_names) - {"pulumi_unifiedto"}
    distributions = packages_distributions()
    return {canonicalize_name(name) for module in others for name in distributions[module]}


def pinned() -> dict[str, Requirement]:
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    found = [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]
    return {canonicalize_name(requirement.name): requirement for requirement in found}


def test_the_package_declares_what_it_imports_and_nothing_else() -> None:
    assert set(declared()) == imported()


def test_the_pins_are_of_what_the_package_declares_and_within_its_ranges() -> None:
    pins = pinned()
    assert set(pins) == set(declared())
    for name, requirement in declared().items():
        [pin] = pins[name].specifier
        assert pin.operator == "=="
        assert requirement.specifier.contains(pin.version), f"{name} {pin.version} is not in {requirement.specifier}"
