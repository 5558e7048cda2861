"""The CLI from Pulumi's own site, by the Automation API's installer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from rehearsal.engine import children
from rehearsal.engine.progress import Progress, Say, shown_time

ADDRESS: Final = "https://get.pulumi.com"
ANSWER_LIMIT_S: Final = 10.0
_INSTALL_TIMEOUT_S: Final = 600.0
_LONGEST_REASON: Final = 300
_QUESTION: Final = """
import sys
from urllib import error, request
try:
    request.urlopen(request.Request(sys.argv[1], method="HEAD"))
except error.HTTPError:
    pass
except OSError as failure:
    sys.exit(str(getattr(failure, "reason", failure)))
"""
_INSTALLER: Final = """
import sys
from pulumi.automation import PulumiCommand
from semver import VersionInfo
PulumiCommand.install(root=sys.argv[1], version=VersionInfo.parse(sys.argv[2]))
"""


def obstacle() -> str:
    """Why the site cannot be used, empty if it answers.

    It is asked in a process of its own, which can be ended while it looks a name up.
    """
    try:
        asked = subprocess.run(
            [sys.executable, "-c", _QUESTION, ADDRESS],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=ANSWER_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it has not answered within {shown_time(ANSWER_LIMIT_S)}"
    return "" if asked.returncode == 0 else " ".join(asked.stderr.splitlines()[-1:])


def install(version: str, temporary: Path, say: Say) -> Path:
    """Installs a version below a directory; returns the directory that holds ``bin/pulumi``.

    Raises OSError with the reason if that fails or takes more than ten minutes.
    """
    home = temporary / "home"
    with Progress("Downloading Pulumi", None, say, limit_s=_INSTALL_TIMEOUT_S) as progress:
        finished = children.run(
            [sys.executable, "-c", _INSTALLER, home, version],
            env={**os.environ, "TMPDIR": str(temporary), "PULUMI_SKIP_UPDATE_CHECK": "true"},
            cwd=temporary,
            on_line=lambda _line: None,
            on_tick=progress.tick,
        )
    if finished.code != 0:
        said = " ".join(finished.output[-1:])[-_LONGEST_REASON:]
        raise OSError(said or f"exit code {finished.code}")
    return home
