"""Scripted faults: which request fails, and how."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, field_validator

from emulator.core.routes import ServiceName
from emulator.core.schemas import Strict, checked

Kind = Literal[
    "status",
    "status_after",
    "refuse",
    "reset_before",
    "reset_after",
    "timeout",
    "half_body",
    "not_json",
    "stale_read",
]
"""What happens to a request.

status
    answer with a status, without acting;
status_after
    act, then answer with a status;
refuse
    close the connection instead of acting or answering;
reset_before
    TCP reset before the service acts;
reset_after
    TCP reset after the service acted, without an answer;
timeout
    hold the request for ``seconds`` without acting or answering, then close;
half_body
    act, send half of the answer's body, then close;
not_json
    act, then answer 200 with a page of HTML;
stale_read
    GET only: answer as before the last write of the service.
"""


class Action(Strict):
    """What happens to a request.

    ``status``, ``body`` and ``headers`` are for the status kinds; without ``body`` the service's own words are sent.
    ``seconds`` are real ones.
    """

    kind: Kind
    status: int = Field(default=503, ge=200, le=599)
    body: Any = None
    headers: dict[str, str] = Field(default_factory=dict)
    seconds: float = Field(default=60.0, ge=0, le=3600)


class Rule(Strict):
    """Which requests meet an action: skip the first ``skip`` that match, then act on ``times`` (None: on all).

    ``path`` is a regular expression that is searched in the path. An action may be its kind alone.
    """

    action: Action
    service: ServiceName | None = None
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] | None = None
    path: re.Pattern[str] | None = None
    skip: int = Field(0, ge=0)
    times: int | None = Field(1, ge=1)

    @field_validator("action", mode="before")
    @classmethod
    def _of_kind(cls, action: object) -> object:
        return {"kind": action} if isinstance(action, str) else action

    def matches(self, service: str, method: str, path: str) -> bool:
        """Whether the rule is for this request."""
        return (
            self.service in (None, service)
            and self.method in (None, method)
            and (self.path is None or self.path.search(path) is not None)
            and (self.action.kind != "stale_read" or method == "GET")
        )


class Faults:
    """The rules in force, oldest first; a rule that is used up is removed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Rule] = []

    def add(self, description: Mapping[str, Any]) -> None:
        """Script a fault, described as a ``Rule``. Raises ``Invalid``."""
        rule = checked(Rule, description)
        with self._lock:
            self._rules.append(rule)

    def clear(self) -> None:
        """Drop all rules."""
        with self._lock:
            self._rules.clear()

    def pending(self) -> list[dict[str, Any]]:
        """Rules that no request has used up yet, with the rest of ``skip`` and ``times``."""
        with self._lock:
            return [rule.model_dump(mode="json") for rule in self._rules]

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
