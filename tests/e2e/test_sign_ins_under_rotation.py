"""Nobody is locked out by a rotation. `make bench` measures the same through a hundred of them."""

from __future__ import annotations

from pathlib import Path

from emulator.core.server import EmulatorServer
from tests.support.tools import Tools
from tools.bench import sign_ins
from tools.bench.episodes import short_life


def test_no_sign_in_is_refused_through_rotations_on_time_late_forced_failed_and_killed(
    emulator: EmulatorServer, stand_in_tools: Tools, tmp_path: Path
) -> None:
    measured = sign_ins.measure(emulator, stand_in_tools, tmp_path, short_life())
    assert measured.rotations == len(short_life())
    assert measured.timeline.proven_later, "no secret had to be waited for: the measurement would not see a hasty PUT"
    assert measured.timeline.most_secrets_at_once <= 2
    assert not measured.refused, measured.reasons
    assert not measured.expired
