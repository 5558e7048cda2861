"""Nobody is locked out by a rotation. `make bench` measures the same through a hundred of them."""

from __future__ import annotations

from pathlib import Path

from emulator.core.server import EmulatorServer
from tests.support.fork_server import ForkServer
from tools.bench import sign_ins
from tools.bench.episodes import short_life


def test_no_sign_in_is_refused_through_rotations_on_time_late_forced_failed_and_killed(
    emulator: EmulatorServer, tmp_path: Path
) -> None:
    with ForkServer() as server:
        measured = sign_ins.measure(emulator, server, tmp_path, short_life())
    assert measured.rotations == len(short_life())
    assert measured.timeline.proven_later, "no secret had to be waited for: the measurement would not see a hasty PUT"
    assert measured.timeline.most_secrets_at_once <= 2
    assert not measured.refused, measured.reasons
    assert not measured.expired
