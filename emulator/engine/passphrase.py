"""The passphrase of a rehearsal's state: its own, never the user's."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

_PASSPHRASE_BYTES = 24


def rehearsal_passphrase(state_dir: Path) -> str:
    """The passphrase of a state directory, made on first use and kept there, readable by its owner only."""
    path = state_dir / "passphrase"
    if not path.exists():
        state_dir.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(_PASSPHRASE_BYTES))
    return path.read_text(encoding="utf-8").strip()
