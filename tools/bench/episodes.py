"""Rotations as they go: what is on when the next one is due, and how it ends well after all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any, Final

from tools.bench.life import Life

_PUT: Final[dict[str, Any]] = {"service": "unifiedto", "method": "PUT"}
_ADD: Final[dict[str, Any]] = {"service": "graph", "method": "POST", "path": "/addPassword$"}
_REMOVE: Final[dict[str, Any]] = {"service": "graph", "method": "POST", "path": "/removePassword$"}
_ALWAYS: Final = 1000


@dataclass(frozen=True)
class Episode:
    """One piece of a life. ``happens`` ends with a run that succeeded; ``rotations``: how many new secrets Unified.to
    holds one after the other by then."""

    title: str
    happens: Callable[[Life], None]
    rotations: int = 1


def _on_time(life: Life) -> None:
    life.wait_one_period()
    life.run()


def _late(life: Life) -> None:
    life.wait(days=life.random.uniform(100, 176))
    life.run()


def _forced(life: Life) -> None:
    life.force()
    life.run()


def _forced_twice(life: Life) -> None:
    _forced(life)
    _forced(life)


def _forced_while_unregistered(life: Life) -> None:
    life.force()
    first = life.stack.config["forceRotation"]
    with life.fault({"kind": "status", "status": 403}, **_PUT):
        life.run_fails("The API key does not allow")
    life.force()
    life.run_fails("UNI211")
    life.stack.config["forceRotation"] = first
    life.run()


def _proof_fails(life: Life) -> None:
    life.wait_one_period()
    with life.secrets_that_spread_too_slowly():
        life.run_fails("did not accept the new secret")
    life.wait(days=1)
    life.run()


def _put_refused(life: Life) -> None:
    life.wait_one_period()
    with life.fault({"kind": "status", "status": 403}, **_PUT):
        life.run_fails("The API key does not allow")
    life.run()


def _put_fails_and_nobody_looks(life: Life) -> None:
    life.wait_one_period()
    with life.fault({"kind": "status", "status": 503}, times=_ALWAYS, **_PUT):
        life.run_fails("UNI3")
    life.wait(days=40)
    life.run()


def _put_answer_lost(life: Life) -> None:
    life.wait_one_period()
    with life.fault("reset_after", **_PUT):
        life.run()


def _add_refused(life: Life) -> None:
    life.wait_one_period()
    with life.fault({"kind": "status", "status": 403}, **_ADD):
        life.run_fails("addPassword|Authorization|may not|403")
    life.run_again()


def _add_answer_lost(life: Life) -> None:
    life.wait_one_period()
    with life.fault("reset_after", **_ADD):
        life.run_fails("")
    life.run_again()


def _remove_fails(life: Life) -> None:
    life.wait_one_period()
    with life.fault({"kind": "status", "status": 403}, **_REMOVE):
        life.run_fails("")
    life.run_again()


def _killed(at: str) -> Callable[[Life], None]:
    def happens(life: Life) -> None:
        life.wait_one_period()
        life.run_is_killed(at)
        life.run_again()

    return happens


def _nobody_for_a_year(life: Life) -> None:
    life.wait(days=400, expires=True)
    life.run()


ON_TIME: Final = Episode("on time", _on_time)
LATE: Final = Episode("late", _late)
FORCED: Final = Episode("forced", _forced)
FORCED_TWICE: Final = Episode("forced twice in a row", _forced_twice, rotations=2)
NOBODY_FOR_A_YEAR: Final = Episode("nobody ran it for 400 days", _nobody_for_a_year)

FAILED: Final[Sequence[Episode]] = (
    Episode("Entra does not accept the secret in time", _proof_fails),
    Episode("PUT refused", _put_refused),
    Episode("PUT fails, and nobody looks for 40 days", _put_fails_and_nobody_looks),
    Episode("PUT's answer lost", _put_answer_lost),
    Episode("addPassword refused", _add_refused),
    Episode("addPassword's answer lost", _add_answer_lost),
    Episode("removePassword refused", _remove_fails),
    Episode("forced again while the registration fails", _forced_while_unregistered),
    Episode("killed before removePassword", _killed(r"^before:delete azuread:.*:ApplicationPassword")),
    Episode("killed after removePassword", _killed(r"^after:delete azuread:.*:ApplicationPassword")),
    Episode("killed after addPassword", _killed(r"^after:create azuread:.*:ApplicationPassword")),
    Episode("killed before the proof", _killed(r"^before:update command:")),
    Episode("killed after the proof", _killed(r"^after:update command:")),
    Episode("killed before the PUT", _killed(r"^before:update .*:WorkspaceIntegration")),
    Episode("killed after the PUT", _killed(r"^after:update .*:WorkspaceIntegration")),
)


def long_life() -> list[Episode]:
    """At least a hundred rotations: every failure twice, far apart, with runs on time, late and forced between
    them."""
    quiet = cycle(((ON_TIME, LATE), (FORCED, ON_TIME), (ON_TIME, ON_TIME), (ON_TIME, FORCED_TWICE)))
    life = [ON_TIME, ON_TIME, ON_TIME]
    for trouble in (*FAILED, NOBODY_FOR_A_YEAR, *FAILED):
        life += [*next(quiet), trouble]
    return life


def short_life() -> list[Episode]:
    """Six rotations: on time, forced, late, and after a failed proof, a failed PUT and a killed engine."""
    by_title = {episode.title: episode for episode in FAILED}
    return [
        ON_TIME,
        by_title["Entra does not accept the secret in time"],
        FORCED,
        by_title["PUT refused"],
        by_title["killed after addPassword"],
        LATE,
    ]
