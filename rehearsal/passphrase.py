"""The passphrase of a rehearsal's state: its own, never the user's."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

_PASSPHRASE_BYTES = 24
_DRAFT_BYTES = 8


def rehearsal_passphrase(state_dir: Path) -> str:
    """The passphrase of a state directory, made on first use and kept there, readable by its owner only.

    Of several first uses at the same time one makes it, and the others take that one.
    """
    path = state_dir / "passphrase"
    if not path.exists():
        state_dir.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".passphrase.{secrets.token_hex(_DRAFT_BYTES)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(_PASSPHRASE_BYTES))
        try:
            os.link(draft, path)  # whole from its first moment, and only if there is none
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="utf-8").strip()
