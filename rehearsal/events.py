"""Pulumi's engine events as a result: steps, messages, outputs."""

from __future__ import annotations

import re
import threading
from typing import Any, Final

from pulumi import automation

from rehearsal.plugins.values import SIGNATURE_KEY
from rehearsal.results import Diagnostic, OnMessage, OnStep, OutputValue, Result, StepEvent

_STACK: Final = "pulumi:pulumi:Stack"
_SECRET: Final = "[secret]"  # noqa: S105 - what stands in its place
MARKUP: Final = re.compile(r"<\{%.*?%\}>")
_NOISE: Final = re.compile(r"(update|preview|refresh|destroy) failed|using pulumi-resource-\S+ from \$PATH at .*")
"""What says nothing about the stack: that the operation failed, as its errors say; where a plugin was found."""


class Listener:
    """Collects the events of one operation; ``on_step`` and ``on_message`` are told of each as it comes.

    Default providers are left out: Pulumi does not count them either.
    """

    def __init__(self, on_step: OnStep | None = None, on_message: OnMessage | None = None) -> None:
        self._on_step = on_step
        self._on_message = on_message
        self._result = Result()
        self._begun: dict[tuple[str, str], StepEvent] = {}
        self._lock = threading.RLock()

    def on_event(self, event: automation.EngineEvent) -> None:
        """One event of the log."""
        with self._lock:
            self._result.events.append(event)
            if event.resource_pre_event is not None:
                self._begin(event.resource_pre_event.metadata)
            elif event.res_outputs_event is not None:
                self._end(event.res_outputs_event.metadata, "done")
            elif event.res_op_failed_event is not None:
                self._end(event.res_op_failed_event.metadata, "failed")
            elif event.diagnostic_event is not None:
                self._message(event.diagnostic_event)
            elif event.summary_event is not None:
                counts = event.summary_event.resource_changes
                self._result.changes = {_word(op): count for op, count in counts.items() if count}

    def result(self, duration_s: float) -> Result:
        """The account so far. Components report no end of their own, so they end here."""
        with self._lock:
            for begun in list(self._begun.values()):
                self._tell(StepEvent(begun.op, begun.urn, begun.type, begun.name, "done", begun.diff_keys))
            self._begun.clear()
            self._result.duration_s = duration_s
            return self._result

    def _begin(self, metadata: Any) -> None:
        step = _step(metadata, "started")
        if not _is_default_provider(step):
            self._begun[step.urn, step.op] = step
            self._tell(step)

    def _end(self, metadata: Any, status: str) -> None:
        step = _step(metadata, status)
        if step.type == _STACK and metadata.new is not None and metadata.new.outputs is not None:
            self._result.outputs = {name: _output(value) for name, value in metadata.new.outputs.items()}
        begun = self._begun.pop((step.urn, step.op), None) or self._begun.pop((step.urn, "refresh"), None)
        if begun is not None:  # a component's outputs come a second time
            self._tell(step)

    def _tell(self, step: StepEvent) -> None:
        if step.status != "started":
            self._result.steps.append(step)
        if self._on_step is not None:
            self._on_step(step)

    def _message(self, diagnostic: automation.events.DiagnosticEvent) -> None:
        text = MARKUP.sub("", diagnostic.message).rstrip("\n")
        severity = diagnostic.severity.partition("#")[0]
        if not text.strip() or severity == "debug" or _NOISE.fullmatch(text):
            return
        message = Diagnostic(severity, text.removeprefix("error: "), diagnostic.urn or "")
        self._result.messages.append(message)
        if self._on_message is not None:
            self._on_message(message)


def _step(metadata: Any, status: str) -> StepEvent:
    urn = str(metadata.urn)
    return StepEvent(
        _word(metadata.op), urn, metadata.type, urn.split("::", 3)[3], status, tuple(sorted(metadata.diffs or ()))
    )


def _output(value: Any) -> OutputValue:
    """An output; one with a secret part is secret as a whole."""
    is_secret = SIGNATURE_KEY in str(value)
    return OutputValue(_SECRET if is_secret else value, is_secret)


def _is_default_provider(step: StepEvent) -> bool:
    return step.type.startswith("pulumi:providers:") and step.name.startswith("default")


def _word(op: Any) -> str:
    return str(getattr(op, "value", op))
