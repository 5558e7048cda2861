"""The user's cache directory: finished CLIs by version, and the temporary directory of the one that is being made.

Below ``<user's cache>/pulumi-unifiedto``: ``pulumi-<version>/bin/pulumi``, ``making-<random>``, ``lock``.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import filelock
import platformdirs

from rehearsal.engine.progress import LINE_EVERY_S, Say, shown_time

_MAKING: Final = "making-"
_REMOVAL_TRIES: Final = 50
_PAUSE_S: Final = 0.1


def directory() -> Path:
    """Where it lies, on this system and for this user."""
    return platformdirs.user_cache_path("pulumi-unifiedto", appauthor=False)


def cli(version: str) -> Path:
    """Where the CLI of a version is kept, whether it is there or not."""
    return _home(version) / "bin" / "pulumi"


@contextmanager
def held(say: Say) -> Iterator[None]:
    """Lets one process at a time get a CLI; says that it waits for another. Raises OSError."""
    directory().mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(directory() / "lock")
    started, is_told = time.monotonic(), False
    timeout = 0.0
    while not lock.is_locked:
        try:
            lock.acquire(timeout=timeout)
        except filelock.Timeout:
            waited = f" ({shown_time(time.monotonic() - started)} by now)" if is_told else ""
            say(f"Another process is getting Pulumi; waiting for it{waited}.")
            is_told, timeout = True, LINE_EVERY_S
    try:
        yield
    finally:
        lock.release()


@contextmanager
def making(say: Say) -> Iterator[Path]:
    """A temporary directory, to be used while the cache is held. Raises OSError.

    Whatever a process left that was killed is removed first: only the holder of the cache has such a directory.
    """
    for leftover in directory().glob(f"{_MAKING}*"):
        say("What an earlier run left when it was killed is removed.")
        _remove(leftover)
    made = Path(tempfile.mkdtemp(prefix=_MAKING, dir=directory()))
    try:
        yield made
    finally:
        try:
            say("Temporary files are removed.")
        finally:
            _remove(made)


def keep(home: Path, version: str) -> None:
    """Moves a directory with a working ``bin/pulumi`` to its place, in one step. Raises OSError."""
    place = _home(version)
    if place.exists():
        _remove(place)
    os.rename(home, place)


def _home(version: str) -> Path:
    return directory() / f"pulumi-{version}"


def _remove(path: Path) -> None:
    """Removes a directory, although processes of a run that was killed may write to it for a moment yet."""
    for _ in range(_REMOVAL_TRIES):
        shutil.rmtree(path, ignore_errors=True)
        if not path.exists():
            return
        time.sleep(_PAUSE_S)
    shutil.rmtree(path)
