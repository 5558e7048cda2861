"""A program run as in a rehearsal: the clock is an argument, and nothing is asked of a real cloud."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import pytest

from tests.component.recorded_program import Run, Situation, run_program


class Rehearse(Protocol):
    """Runs a program; `last` is the run before."""

    def __call__(
        self,
        program: Callable[[], Any],
        *,
        last: Run | None = None,
        now: str = ...,
        preview: bool = False,
        config: Mapping[str, str] | None = None,
        application: Mapping[str, Any] | None = None,
        failing_calls: Mapping[str, str] | None = None,
        state_is_readable: bool = True,
        left_out: Sequence[str] = (),
        replaced: Sequence[str] = (),
    ) -> Run: ...


@pytest.fixture
def rehearse(monkeypatch: pytest.MonkeyPatch) -> Rehearse:
    monkeypatch.setenv("ARM_METADATA_HOSTNAME", "localhost:1")
    monkeypatch.setenv("UNIFIED_API_KEY", "rehearsal-key")

    def run(program: Callable[[], Any], *, last: Run | None = None, **situation: Any) -> Run:
        given = Situation(**{key: value for key, value in situation.items() if value is not None})
        monkeypatch.setenv("UNIFIEDTO_REHEARSAL_CLOCK", given.now)
        return run_program(program, given, last)

    return run
