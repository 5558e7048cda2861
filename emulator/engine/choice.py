"""Which engine a rehearsal's stack is worked on with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from emulator.engine.embedded import EmbeddedEngine
from emulator.engine.interface import EngineError
from emulator.engine.pulumi_cli import EngineChoice, PulumiEngine, find_pulumi

_CHECKPOINTS: Final = {
    EmbeddedEngine.name: "embedded/{stack}.json",
    PulumiEngine.name: "pulumi/pulumi/backend/.pulumi/stacks/*/{stack}.json",
}
"""Where each engine keeps its state, below the rehearsal's directory."""


def holding_engines(state_dir: Path, stack: str) -> list[str]:
    """The engines whose state in this directory has resources: one of them, or none."""
    return [
        name
        for name, pattern in _CHECKPOINTS.items()
        if any(_has_resources(checkpoint) for checkpoint in state_dir.glob(pattern.format(stack=stack)))
    ]


def _has_resources(checkpoint: Path) -> bool:
    try:
        latest = json.loads(checkpoint.read_text("utf-8"))["checkpoint"]["latest"]
    except (ValueError, KeyError, TypeError):
        return True  # it is not empty at least, and the engine says what is wrong with it
    return bool(latest and latest.get("resources"))


def choose_engine(wanted: str, state_dir: Path, stack: str, *, may_install: bool) -> EngineChoice:
    """The engine of this rehearsal: the one that holds its stack already, else the one asked for, else the best there
    is.

    Raises EngineError when another engine is asked for than the one that holds the stack: it would deploy everything
    anew.
    """
    holding = holding_engines(state_dir, stack)
    held = wanted if wanted in holding else next(iter(holding), "")
    if held == PulumiEngine.name or (not held and wanted != EmbeddedEngine.name):
        choice = find_pulumi(state_dir, may_install=may_install)
        if held and choice.name != PulumiEngine.name:
            raise EngineError(
                f"This rehearsal's stack was deployed by Pulumi, which cannot be used now: {choice.obstacle} Nothing "
                "was done.\nNext: make Pulumi and its plugins available again, or `make clean`: it removes the "
                "rehearsal with everything in it, and `make up` begins anew."
            )
        if wanted == PulumiEngine.name and choice.name != PulumiEngine.name:
            raise EngineError(
                f"ENGINE=pulumi asks for Pulumi, which cannot be used: {choice.obstacle} Nothing was done.\n"
                "Next: install Pulumi (https://www.pulumi.com/docs/install/), or leave ENGINE out for the embedded "
                "engine."
            )
    else:
        reason = "it holds this rehearsal's stack" if held else "as asked"
        choice = EngineChoice(EmbeddedEngine.name, f"The embedded engine is used: {reason}.")
    if held and wanted not in ("auto", held):
        raise EngineError(
            f"This rehearsal's stack was deployed by the {held} engine; the {wanted} engine does not know its state.\n"
            "Next: run `make destroy` first, or leave ENGINE out."
        )
    return choice
