"""Scripted faults: which request fails, and how."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KINDS: dict[str, str] = {
    "status": "answer with a status, without acting",
    "status_after": "act, then answer with a status",
    "refuse": "close the connection at once; with `seconds`, the port refuses connections that long",
    "reset_before": "TCP reset before the service acts",
    "reset_after": "TCP reset after the service acted, without an answer",
    "timeout": "hold the request for `seconds` without acting or answering, then close",
    "half_body": "act, send half of the answer's body, then close",
    "not_json": "act, then answer 200 with a page of HTML",
    "stale_read": "GET: answer as before the last write of the service",
    "delay": "wait `seconds`, then behave normally",
}
_NEEDS_NUMBER = {"status": "status", "status_after": "status", "delay": "seconds"}
_FIELDS = {"kind", "status", "body", "headers", "seconds"}
_RULE_FIELDS = {"service", "method", "path", "skip", "times", "action"}


class InvalidFault(ValueError):
    """A fault description that cannot be carried out."""


@dataclass(frozen=True)
class Action:
    """What happens to a request. ``status``, ``body``, ``headers``: for the status kinds. ``seconds`` are real ones."""

    kind: str
    status: int = 503
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    seconds: float | None = None


@dataclass
class Rule:
    """Which requests meet an action: skip the first ``skip`` that match, then act on ``times`` (None: on all)."""

    action: Action
    service: str | None
    method: str | None
    path: re.Pattern[str] | None
    skip: int
    times: int | None

    def matches(self, service: str, method: str, path: str) -> bool:
        """Whether the rule speaks about this request."""
        return (
            (self.service is None or self.service == service)
            and (self.method is None or self.method == method)
            and (self.path is None or self.path.search(path) is not None)
        )

    @property
    def meets_every_connection(self) -> bool:
        """A `refuse` without conditions acts when a connection opens, before any request is read."""
        return self.action.kind == "refuse" and self.service is None and self.method is None and self.path is None

    def as_dict(self) -> dict[str, Any]:
        """The rule as control routes show it, with what is left of ``skip`` and ``times``."""
        return {
            "service": self.service,
            "method": self.method,
            "path": None if self.path is None else self.path.pattern,
            "skip": self.skip,
            "times": self.times,
            "action": {"kind": self.action.kind},
        }


def parse_rule(description: Mapping[str, Any]) -> Rule:
    """A rule from its JSON description.

    ``{"service"?, "method"?, "path"?: regex searched in the path, "skip"?: 0, "times"?: 1 (null: for ever),
    "action": {"kind", ...} or the kind alone}``. Raises ``InvalidFault``.
    """
    unknown = sorted(description.keys() - _RULE_FIELDS)
    if unknown:
        raise InvalidFault(f"unknown fields of a fault: {', '.join(unknown)}")
    action = description.get("action")
    if isinstance(action, str):
        action = {"kind": action}
    if not isinstance(action, dict) or action.get("kind") not in KINDS:
        raise InvalidFault(f"action.kind must be one of {', '.join(KINDS)}")
    unknown = sorted(action.keys() - _FIELDS)
    if unknown:
        raise InvalidFault(f"unknown fields of an action: {', '.join(unknown)}")
    kind = action["kind"]
    needed = _NEEDS_NUMBER.get(kind)
    if needed and not isinstance(action.get(needed), (int, float)):
        raise InvalidFault(f"{kind} needs the number `{needed}`")
    times = description.get("times", 1)
    skip = description.get("skip", 0)
    if not isinstance(skip, int) or skip < 0 or (times is not None and (not isinstance(times, int) or times < 1)):
        raise InvalidFault("skip must be 0 or more, times 1 or more or null")
    pattern = description.get("path")
    try:
        path = None if pattern is None else re.compile(pattern)
    except re.error as error:
        raise InvalidFault(f"path is not a regular expression: {error}") from error
    method = description.get("method")
    return Rule(
        action=Action(
            kind=kind,
            status=int(action.get("status", 503)),
            body=action.get("body"),
            headers=tuple((str(name), str(value)) for name, value in (action.get("headers") or {}).items()),
            seconds=action.get("seconds"),
        ),
        service=description.get("service"),
        method=None if method is None else str(method).upper(),
        path=path,
        skip=skip,
        times=times,
    )


class Faults:
    """The rules in force, oldest first; a rule that has done its work disappears."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Rule] = []

    def add(self, description: Mapping[str, Any]) -> None:
        """Script a fault (see ``parse_rule``)."""
        rule = parse_rule(description)
        with self._lock:
            self._rules.append(rule)

    def clear(self) -> None:
        """Drop all rules."""
        with self._lock:
            self._rules.clear()

    def pending(self) -> list[dict[str, Any]]:
        """Rules that still wait for a request."""
        with self._lock:
            return [rule.as_dict() for rule in self._rules]

    def take(self, service: str, method: str, path: str) -> Action | None:
        """The action that this request meets, counted; None for most."""
        if not self._rules:
            return None
        with self._lock:
            for rule in self._rules:
                if not rule.meets_every_connection and rule.matches(service, method, path):
                    action = self._count(rule)
                    if action is not None:
                        return action
        return None

    def take_connection(self) -> Action | None:
        """The action that a new connection meets."""
        if not self._rules:
            return None
        with self._lock:
            for rule in self._rules:
                if rule.meets_every_connection:
                    action = self._count(rule)
                    if action is not None:
                        return action
        return None

    def _count(self, rule: Rule) -> Action | None:
        if rule.skip > 0:
            rule.skip -= 1
            return None
        if rule.times is not None:
            rule.times -= 1
            if rule.times == 0:
                self._rules.remove(rule)
        return rule.action
