"""``python -m rehearsal.engine``: gets Pulumi's CLI, if there is none; what ``make engine`` runs."""

from __future__ import annotations

import os
import sys

from rehearsal.engine.find import EngineUnavailable, ensure


def main() -> int:
    """The exit code: 0 if there is a CLI, 1 if none could be got, 130 if interrupted."""
    try:
        ensure(_say)
    except EngineUnavailable as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted. What was begun has been removed; run this again to start anew.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
