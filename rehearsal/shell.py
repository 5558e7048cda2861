"""What a shell needs to use ``pulumi`` itself on the rehearsal's stack: what ``make env`` prints."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from rehearsal.passphrase import passphrase_file
from rehearsal.stack import Stack


def shell_lines(stack: Stack, cli: Path, caller: Mapping[str, str]) -> str:
    """Lines for ``eval "$(make -s env)"``. ``caller``: the shell's environment. No secret is among them."""
    variables = {
        **stack.places(),
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(passphrase_file(stack.state_dir)),
        "PULUMI_STACK": stack.name,
    }
    directories = [*map(str, stack.directories), str(cli.parent)]
    path = [name for name in caller.get("PATH", "").split(os.pathsep) if name and name not in directories]
    return "\n".join(
        [
            "# This shell's pulumi works on the rehearsal's stack now, not on a stack of yours.",
            *(f"export {name}={shlex.quote(value)}" for name, value in variables.items()),
            "unset PULUMI_CONFIG_PASSPHRASE PULUMI_ACCESS_TOKEN",
            f"export PATH={shlex.quote(os.pathsep.join([*directories, *path]))}",
        ]
    )
