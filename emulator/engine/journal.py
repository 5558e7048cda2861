"""What happened during an operation: steps, counts and messages, told to the caller as they come."""

from __future__ import annotations

import threading
import time
from collections import Counter

from emulator.engine.interface import OnEvent, OnMessage, OutputValue, Result, StepEvent
from emulator.engine.streams import own_output


class OperationJournal:
    """Collects steps and messages from every thread of an operation."""

    def __init__(self, on_event: OnEvent | None, on_message: OnMessage | None) -> None:
        self._on_event = on_event
        self._on_message = on_message
        self._started = time.monotonic()
        self._lock = threading.Lock()
        self._telling = threading.RLock()  # one callback at a time, so that what they print does not mingle
        self._steps: list[StepEvent] = []
        self._changes: Counter[str] = Counter()
        self.diagnostics: list[str] = []
        self.errors: list[str] = []

    def step(self, event: StepEvent, *, counted: bool, shown: bool) -> None:
        """A step began or ended; ``counted`` ones enter the summary once done."""
        with self._lock:
            if event.status == "done" and counted:
                self._changes[event.op] += 1
            if shown and event.status != "started":
                self._steps.append(event)
        if shown and self._on_event is not None:
            with self._telling, own_output():
                self._on_event(event)

    def message(self, severity: str, text: str) -> None:
        """A line for the user from the program, a provider or the engine."""
        if severity == "debug" or not text.strip():
            return
        with self._lock:
            self.diagnostics.append(text if severity == "info" else f"{severity}: {text}")
        if self._on_message is not None:
            with self._telling, own_output():
                self._on_message(severity, text)

    def error(self, text: str) -> None:
        """An error that makes the operation fail."""
        with self._lock:
            self.errors.append(text)
        self.message("error", text)

    def result(self, outputs: dict[str, OutputValue]) -> Result:
        """The account so far."""
        with self._lock:
            return Result(
                changes=dict(self._changes),
                steps=list(self._steps),
                outputs=outputs,
                diagnostics=list(self.diagnostics),
                duration_s=time.monotonic() - self._started,
            )
