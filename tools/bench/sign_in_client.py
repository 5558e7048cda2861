"""Customers of the product who sign in without pause, with whatever credentials Unified.to holds at that moment."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Final
from urllib.parse import urlsplit

_TIMEOUT_S: Final = 30.0
_BODY: Final = json.dumps({"integration_type": "microsoft_ad", "environment": "Production"})


@dataclass(frozen=True)
class Attempt:
    """One whole sign-in: authorization URL, Entra's authorize page, callback, exchange of the code with the secret.

    Instants are the computer's, in seconds since the epoch. ``error``: why it failed, None after success.
    """

    started_at: float
    ended_at: float
    error: str | None

    @property
    def succeeded(self) -> bool:
        return self.error is None


class SignInClient:
    """Threads that sign in one after the other for the length of a `with` block. A connection that breaks counts as a
    failed sign-in."""

    def __init__(self, base_url: str, context: ssl.SSLContext, threads: int = 2) -> None:
        self._host = urlsplit(base_url).netloc
        self._context = context
        self._stopping = threading.Event()
        self._attempts: list[list[Attempt]] = [[] for _ in range(threads)]
        self._threads = [
            threading.Thread(target=self._sign_in_until_stopped, args=(kept,), daemon=True) for kept in self._attempts
        ]

    def __enter__(self) -> SignInClient:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(_TIMEOUT_S)

    @property
    def attempts(self) -> list[Attempt]:
        """All attempts, in the order in which they ended."""
        return sorted((attempt for kept in self._attempts for attempt in kept), key=lambda attempt: attempt.ended_at)

    def _sign_in_until_stopped(self, kept: list[Attempt]) -> None:
        connection = self._connection()
        while not self._stopping.is_set():
            started_at = time.time()
            try:
                error = _sign_in(connection)
            except (OSError, http.client.HTTPException, ValueError) as fault:
                error = f"{type(fault).__name__}: {fault}"
                connection.close()
                connection = self._connection()
            kept.append(Attempt(started_at, time.time(), error))
        connection.close()

    def _connection(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(self._host, context=self._context, timeout=_TIMEOUT_S)


def _sign_in(connection: http.client.HTTPSConnection) -> str | None:
    connection.request("POST", "/_emulator/sign-in", _BODY, {"Content-Type": "application/json"})
    answer = json.loads(connection.getresponse().read())
    return None if answer.get("signed_in") is True else str(answer.get("error") or "no reason given")
