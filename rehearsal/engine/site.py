"""The CLI from Pulumi's own site, by the Automation API's installer."""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

from rehearsal.engine import children
from rehearsal.engine.progress import Progress, Say

ADDRESS: Final = "https://get.pulumi.com"
_CONNECT_TIMEOUT_S: Final = 5.0
_INSTALL_TIMEOUT_S: Final = 600.0
_LONGEST_REASON: Final = 300
_INSTALLER: Final = """
import sys
from pulumi.automation import PulumiCommand
from semver import VersionInfo
PulumiCommand.install(root=sys.argv[1], version=VersionInfo.parse(sys.argv[2]))
"""


def obstacle() -> str:
    """Why the site cannot be used, empty if it answers."""
    try:
        request = urllib.request.Request(ADDRESS, method="HEAD")
        with urllib.request.build_opener().open(request, timeout=_CONNECT_TIMEOUT_S):
            return ""
    except urllib.error.HTTPError:
        return ""
    except urllib.error.URLError as error:
        return str(error.reason)
    except OSError as error:
        return str(error)


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
