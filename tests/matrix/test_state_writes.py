"""The CLI killed while it writes the state: a run after it ends as after a kill at a boundary."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from emulator.core.faults import Action
from rehearsal.processes import end_all
from rehearsal.results import OperationFailed
from tests.matrix import crashes
from tests.matrix.laboratory import Laboratory
from tests.matrix.recovery import assert_in_force, follow_up, remove_orphans
from tests.matrix.watch import Watch
from tests.support.stack import RehearsedStack

SCENARIO = crashes.SCENARIOS["rotate"]
_LOOK_EVERY_S = 0.0005


class KillerAtWrites(threading.Thread):
    """Kills the CLI, and what it started, when its backend is seen to change for the ``nth`` time.

    The backend writes a new file beside the old one and renames it, so that a change is seen while one is under way.
    """

    def __init__(self, stack: RehearsedStack, nth: int) -> None:
        super().__init__(daemon=True)
        self._stack = stack
        self._left = nth
        self.is_over = threading.Event()
        self.has_killed = threading.Event()

    def run(self) -> None:
        before = self._seen()
        while self._left and not self.is_over.wait(_LOOK_EVERY_S):
            now = self._seen()
            self._left -= now != before
            before = now
        if not self._left:
            self.has_killed.set()
            end_all(self._stack.state_dir)

    def _seen(self) -> frozenset[tuple[str, int]]:
        directory = self._stack.state_dir / "backend" / ".pulumi" / "stacks"
        return frozenset((path.name, inode) for path in directory.rglob("*") if (inode := _inode(path)))


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return 0


@pytest.mark.filterwarnings("ignore:Error in event stream")
@pytest.mark.parametrize("nth", [1, 2, 4, 6, 8, 10])
def test_a_cli_killed_while_it_writes_the_state_locks_nobody_out(
    laboratory: Laboratory, nth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch(laboratory.emulator.world)
    with laboratory.case(SCENARIO.situation) as stack, watch.watching():
        killer = KillerAtWrites(stack, nth)
        faults = laboratory.emulator.world.faults
        # The stand-ins live in this process, and would go on with their requests.
        monkeypatch.setattr(
            faults, "take", lambda *_request: Action(kind="reset_before") if killer.has_killed.is_set() else None
        )
        killer.start()
        try:
            stack.up()
        except OperationFailed:
            assert killer.has_killed.is_set()
        else:
            raise AssertionError(f"the run ended before its write {nth}")
        finally:
            killer.is_over.set()
            killer.join()
            monkeypatch.undo()
        assert stack.tools.warm is not None
        stack.tools.warm.wait_until_idle()
        follow_up(stack, stack.up)
        remove_orphans(stack)
        assert SCENARIO.generation is not None
        assert_in_force(stack, SCENARIO.generation)
    watch.assert_content()
