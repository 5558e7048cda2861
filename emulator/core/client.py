"""A small client for the control routes, for tests, engines and the Makefile."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from emulator.core.journal import Entry


class EmulatorControl:
    """Steers a running emulator. Errors are ``httpx.HTTPError``; the message of a refused change says why."""

    def __init__(self, base_url: str, ca_bundle: Path | str, timeout_s: float = 30.0) -> None:
        context = ssl.create_default_context(cafile=str(ca_bundle))
        self._http = httpx.Client(base_url=base_url, verify=context, timeout=timeout_s, trust_env=False)

    def __enter__(self) -> EmulatorControl:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def health(self) -> dict[str, Any]:
        """``{"status", "pid", "base_url"}``."""
        return self._json("GET", "/_emulator/health")

    def journal(self, since: int = 0, service: str | None = None) -> list[Entry]:
        """Entries after ``since``, of one service or all."""
        query: dict[str, str | int] = {"since": since}
        if service is not None:
            query["service"] = service
        entries: list[Entry] = self._json("GET", "/_emulator/journal", params=query)["entries"]
        return entries

    def last_seq(self) -> int:
        """Number of the newest journal entry; later entries have greater numbers."""
        answer = self._json("GET", "/_emulator/journal", params={"since": 2**53})
        return int(answer["last_seq"])

    def clear_journal(self) -> None:
        """Clear the journal."""
        self._json("DELETE", "/_emulator/journal")

    def settings(self, **changes: Any) -> dict[str, Any]:
        """Change the given switches, if any; the values of all."""
        if not changes:
            return self._json("GET", "/_emulator/settings")
        return self._json("PUT", "/_emulator/settings", json=changes)

    def clock(self, **change: Any) -> dict[str, Any]:
        """Read the clock, or change it by ``now=``, ``advance_s=`` or ``scale=``; ``{"now", "scale"}``."""
        if not change:
            return self._json("GET", "/_emulator/clock")
        return self._json("PUT", "/_emulator/clock", json=change)

    def add_fault(
        self,
        action: Mapping[str, Any] | str,
        *,
        service: str | None = None,
        method: str | None = None,
        path: str | None = None,
        skip: int = 0,
        times: int | None = 1,
    ) -> None:
        """Script a fault (see ``emulator.core.faults``)."""
        rule = {"action": action, "service": service, "method": method, "path": path, "skip": skip, "times": times}
        self._json("POST", "/_emulator/faults", json=rule)

    def faults(self) -> list[dict[str, Any]]:
        """Scripted faults that no request has met yet."""
        pending: list[dict[str, Any]] = self._json("GET", "/_emulator/faults")["pending"]
        return pending

    def clear_faults(self) -> None:
        """Remove all scripted faults."""
        self._json("DELETE", "/_emulator/faults")

    @contextmanager
    def fault(self, action: Mapping[str, Any] | str, **match: Any) -> Iterator[None]:
        """Script a fault for a block; afterwards no scripted fault is left."""
        self.add_fault(action, **match)
        try:
            yield
        finally:
            self.clear_faults()

    def edit_registration(self, environment: str, integration_type: str, **changes: Any) -> None:
        """Change fields of a registration at Unified.to as a person in its dashboard does; ``auth`` as a whole."""
        body = {"environment": environment, "integration_type": integration_type, **changes}
        self._json("PATCH", "/_emulator/unifiedto/integrations", json=body)

    def reset(self) -> None:
        """Delete all state and seed again."""
        self._json("POST", "/_emulator/reset", json={})

    def _json(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        response = self._http.request(method, path, **arguments)
        if response.status_code == 400:
            message = f"the emulator refused: {response.json().get('error')}"
            raise httpx.HTTPStatusError(message, request=response.request, response=response)
        response.raise_for_status()
        answer: dict[str, Any] = response.json() if response.content else {}
        return answer
