"""What a person sees of an operation: a line for each step as it happens, then a summary, outputs and the duration.

The words and signs are Pulumi's, so that a rehearsal reads like the real thing. Secrets are shown as ``[secret]``.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any, TextIO

from rehearsal.results import Diagnostic, OperationFailed, OutputValue, Result, StepEvent

_SIGNS = {
    "same": "  ",
    "create": "+ ",
    "update": "~ ",
    "delete": "- ",
    "replace": "+-",
    "create-replacement": "++",
    "delete-replaced": "--",
    "refresh": "  ",
    "read": "> ",
    "remove-pending-replace": "~ ",
}
_PRESENT = {
    "create": "creating",
    "update": "updating",
    "delete": "deleting",
    "replace": "replacing",
    "create-replacement": "creating replacement",
    "delete-replaced": "deleting original",
    "refresh": "refreshing",
    "read": "reading",
}
_PAST = {
    "create": "created",
    "update": "updated",
    "delete": "deleted",
    "replace": "replaced",
    "create-replacement": "created replacement",
    "delete-replaced": "deleted original",
    "refresh": "refreshed",
    "read": "read",
    "same": "unchanged",
    "remove-pending-replace": "taken out of the state: it was deleted for a replacement",
}
_PLANNED = {
    "create": "create",
    "update": "update",
    "delete": "delete",
    "replace": "replace",
    "create-replacement": "create replacement",
    "delete-replaced": "delete original",
    "read": "read",
    "same": "unchanged",
    "remove-pending-replace": "take out of the state: it was deleted for a replacement",
}
_SECRET = "[secret]"  # noqa: S105 - what stands in its place
_HEADINGS = {"up": "Updating", "preview": "Previewing update", "refresh": "Refreshing", "destroy": "Destroying"}
_SUMMARY_ORDER = ("create", "update", "delete", "replace", "read")


def say(text: str = "", stream: TextIO | None = None) -> None:
    """Prints a line at once. Where the reader has gone away (``make up | head``), the rest goes nowhere."""
    stream = sys.stdout if stream is None else stream
    try:
        stream.write(f"{text}\n")
        stream.flush()
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def short_type(type_: str) -> str:
    """``azuread:index/application:Application`` → ``azuread:index:Application``, as Pulumi shows it."""
    parts = type_.split(":")
    if len(parts) == 3:
        module, _, member = parts[1].partition("/")
        if member.lower() == parts[2].lower():
            parts[1] = module
    return ":".join(parts)


class Printer:
    """Prints one operation; give its methods to a stack as ``on_step`` and ``on_message``.

    ``operation``: ``up``, ``preview``, ``refresh`` or ``destroy``.
    """

    def __init__(self, operation: str, stack: str, stream: TextIO | None = None) -> None:
        self._operation = operation
        self._stack = stack
        self._stream = stream if stream is not None else sys.stdout  # a program's prints are redirected later
        self._started: dict[tuple[str, str], float] = {}
        self._messages: list[Diagnostic] = []

    def _line(self, text: str = "") -> None:
        say(text, self._stream)

    def begin(self) -> None:
        """The heading."""
        self._line(f"{_HEADINGS[self._operation]} ({self._stack}):")

    def on_step(self, event: StepEvent) -> None:
        """One line for each step that ended; a preview says what would be done."""
        key = (event.urn, event.op)
        if event.status == "started":
            self._started[key] = time.monotonic()
            return
        if event.op in ("same", "refresh") and event.status == "done":
            return
        keys = f" [diff: {','.join(f'~{name}' for name in event.diff_keys)}]" if event.diff_keys else ""
        what = f"{short_type(event.type)} {event.name}"
        self._line(f" {_SIGNS.get(event.op, '  ')} {what} {self._ending(event, key)}{keys}")

    def _ending(self, event: StepEvent, key: tuple[str, str]) -> str:
        if event.status == "failed":
            return f"{_PRESENT.get(event.op, event.op)} failed"
        if self._operation == "preview":
            return _PLANNED.get(event.op, event.op)
        ended = time.monotonic()
        seconds = ended - self._started.pop(key, ended)
        return f"{_PAST.get(event.op, event.op)} ({seconds:.2f}s)"

    def on_message(self, message: Diagnostic) -> None:
        """Kept for the section of diagnostics, so that steps stay readable."""
        self._messages.append(message)

    def end(self, result: Result) -> None:
        """Diagnostics, outputs, summary and duration of an operation that succeeded."""
        self._diagnostics()
        self._outputs(result.outputs)
        self._summary(result)
        self._line()
        self._line(f"Duration: {_duration(result.duration_s)}")

    def fail(self, error: OperationFailed) -> None:
        """Diagnostics, what was done before the failure, and the error itself if the diagnostics have none."""
        if not any(message.severity == "error" for message in self._messages):
            self.on_message(Diagnostic("error", str(error)))
        self._diagnostics()
        if error.result.changes:
            self._summary(error.result)

    def _diagnostics(self) -> None:
        if not self._messages:
            return
        self._line()
        self._line("Diagnostics:")
        for message in self._messages:
            for line in str(message).rstrip("\n").split("\n"):
                self._line(f"    {line}")

    def _outputs(self, outputs: dict[str, OutputValue]) -> None:
        if not outputs:
            return
        self._line()
        self._line("Outputs:")
        width = max(len(name) for name in outputs)
        for name in sorted(outputs):
            output = outputs[name]
            value = _SECRET if output.secret else _laid_out(output.value, "    ")
            self._line(f"    {name.ljust(width)}: {value}")

    def _summary(self, result: Result) -> None:
        is_plan = self._operation == "preview"
        words = _PLANNED if is_plan else _PAST
        self._line()
        self._line("Resources:")
        changed = 0
        for op in (*_SUMMARY_ORDER, *sorted(result.changes.keys() - {*_SUMMARY_ORDER, "same"})):
            count = result.changes.get(op, 0)
            if count:
                changed += count
                word = words.get(op, op)
                self._line(f"    {_SIGNS.get(op, '  ')}{count} {f'to {word}' if is_plan else word}")
        unchanged = result.changes.get("same", 0)
        if unchanged:
            prefix = f"{changed} changes. " if changed > 1 else ""
            self._line(f"    {prefix}{unchanged} unchanged")


def shown(output: OutputValue) -> str:
    """An output as JSON on one line, a secret one as ``[secret]``."""
    return _SECRET if output.secret else json.dumps(output.value, ensure_ascii=False, default=str, sort_keys=True)


def _laid_out(value: Any, indent: str) -> str:
    """A value as Pulumi lays outputs out: one line for each member, names aligned."""
    if isinstance(value, dict) and value:
        width = max(map(len, value))
        members = {name.ljust(width): value[name] for name in sorted(value)}
        opening, closing = "{", "}"
    elif isinstance(value, list) and value:
        members = {f"[{index}]": item for index, item in enumerate(value)}
        opening, closing = "[", "]"
    else:
        return json.dumps(value, ensure_ascii=False, default=str)
    inner = f"{indent}    "
    lines = [f"{inner}{name}: {_laid_out(item, inner)}" for name, item in members.items()]
    return "\n".join([opening, *lines, f"{indent}{closing}"])


def _duration(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
