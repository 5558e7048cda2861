"""Scripted faults: which request fails, and how."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from emulator.core.routes import ServiceName

KINDS: dict[str, str] = {
    "status": "answer with a status, without acting",
    "status_after": "act, then answer with a status",
    "refuse": "close the connection instead of acting or answering; with `seconds`, the port is closed that long",
    "reset_before": "TCP reset before the service acts",
    "reset_after": "TCP reset after the service acted, without an answer",
    "timeout": "hold the request for `seconds` without acting or answering, then close",
    "half_body": "act, send half of the answer's body, then close",
    "not_json": "act, then answer 200 with a page of HTML",
    "stale_read": "GET: answer as before the last write of the service",
}
_TAKES: dict[str, frozenset[str]] = {
    "status": frozenset({"status", "body", "headers"}),
    "status_after": frozenset({"status", "body", "headers"}),
    "refuse": frozenset({"seconds"}),
    "timeout": frozenset({"seconds"}),
}
_RULE_FIELDS = {"service", "method", "path", "skip", "times", "action"}
_SERVICES = tuple(name for name in get_args(ServiceName) if name != "control")
_METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[!-~]([\t -~]*[!-~])?")
_FRAMING = ("content-length", "transfer-encoding")
MAX_CLOSED_S = 60.0
"""How long a fault may close the port. Control is out of reach meanwhile, so it is short and happens once."""
MAX_HELD_S = 3600.0
"""How long a fault may hold one request."""


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
    action = _parse_action(description.get("action"))
    times = description.get("times", 1)
    skip = description.get("skip", 0)
    if not _is_count(skip) or (times is not None and (not _is_count(times) or times == 0)):
        raise InvalidFault("skip must be 0 or more, times 1 or more or null")
    if action.kind == "refuse" and action.seconds is not None and times != 1:
        raise InvalidFault("refuse with seconds closes the port for everybody, control included: times must be 1")
    service = description.get("service")
    if service is not None and service not in _SERVICES:
        raise InvalidFault(f"service must be one of {', '.join(_SERVICES)}")
    return Rule(action, service, _parse_method(description, action.kind), _parse_path(description), skip, times)


def _parse_action(action: object) -> Action:
    if isinstance(action, str):
        action = {"kind": action}
    kind = action.get("kind") if isinstance(action, dict) else None
    if not isinstance(action, dict) or not isinstance(kind, str) or kind not in KINDS:
        raise InvalidFault(f"action.kind must be one of {', '.join(KINDS)}")
    unknown = sorted(action.keys() - _TAKES.get(kind, frozenset()) - {"kind"})
    if unknown:
        raise InvalidFault(f"unknown fields of an action of kind {kind}: {', '.join(unknown)}")
    if kind in ("status", "status_after") and action.get("status") is None:
        raise InvalidFault(f"{kind} needs the number `status`")
    status = action.get("status", 503)
    if not _is_count(status) or not 200 <= status <= 599:
        raise InvalidFault("status must be a final HTTP status: 200 to 599")
    seconds = action.get("seconds")
    longest = MAX_CLOSED_S if kind == "refuse" else MAX_HELD_S
    if seconds is not None and not (_is_number(seconds) and 0 <= seconds <= longest):
        raise InvalidFault(f"seconds of {kind} must be a number from 0 to {longest:.0f}")
    return Action(kind, status, action.get("body"), _parse_headers(action.get("headers") or {}), seconds)


def _parse_headers(headers: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(headers, dict) or not all(
        _HEADER_NAME.fullmatch(name) and isinstance(value, str) and _HEADER_VALUE.fullmatch(value)
        for name, value in headers.items()
    ):
        raise InvalidFault("headers must map names to printable values")
    if any(name.lower() in _FRAMING for name in headers):
        raise InvalidFault(f"headers cannot set {' or '.join(_FRAMING)}: half_body breaks an answer")
    return tuple(headers.items())


def _parse_method(description: Mapping[str, Any], kind: str) -> str | None:
    method = description.get("method")
    if method is None:
        return "GET" if kind == "stale_read" else None
    if not isinstance(method, str) or method.upper() not in _METHODS:
        raise InvalidFault(f"method must be one of {', '.join(_METHODS)}")
    if kind == "stale_read" and method.upper() != "GET":
        raise InvalidFault("stale_read is for GET: nothing else only reads")
    return method.upper()


def _parse_path(description: Mapping[str, Any]) -> re.Pattern[str] | None:
    pattern = description.get("path")
    if pattern is None:
        return None
    if not isinstance(pattern, str):
        raise InvalidFault("path must be a regular expression as text")
    try:
        return re.compile(pattern)
    except re.error as error:
        raise InvalidFault(f"path is not a regular expression: {error}") from error


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


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
                if rule.matches(service, method, path):
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
