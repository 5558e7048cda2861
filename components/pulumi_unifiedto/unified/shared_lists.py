"""One remote list for many registrations: fetched once by whoever comes first, used by all that come meanwhile.

A refresh reads every registration of an environment, four at a time. They share one list under these rules:

- *Single flight.* Readers that come while a list is on its way wait for it, and share its failure as well.
- *Once each.* A reader gets a given list once. A registration is read once in a run, so one that asks again belongs to
  a later run, or has reason to look again, and gets a new list. That makes a process that outlives a run safe.
- *Not for long.* A list older than `max_age_s` is not used.
- *Forgotten on a write.* After a write of our own, `forget` drops the environment's list, one still on its way
  included: it may show the row as it was before.

Lists before a write, and those that read it back, never come from here: somebody else may have written meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass
class _Flight(Generic[T]):
    """A list that is on its way or has arrived, and who has had it."""

    started_at: float
    result: Future[T] = field(default_factory=Future)
    readers: set[str] = field(default_factory=set)


class SharedLists(Generic[T]):
    """Lists by name (of an environment, say). Safe for several threads."""

    def __init__(self, fetch: Callable[[str], T], *, monotonic: Callable[[], float], max_age_s: float) -> None:
        """fetch: gets the list of a name. max_age_s: seconds, counted from the moment at which the fetch began."""
        self._fetch = fetch
        self._monotonic = monotonic
        self._max_age_s = max_age_s
        self._lock = threading.Lock()
        self._flights: dict[str, _Flight[T]] = {}

    def get(self, name: str, *, reader: str) -> T:
        """The list, shared or fresh. Raises what `fetch` raises."""
        with self._lock:
            flight = self._flights.get(name)
            joins = flight is not None and self._may_use(flight, reader)
            if flight is None or not joins:
                flight = self._flights[name] = _Flight(self._monotonic())
            flight.readers.add(reader)
        if joins:
            return flight.result.result()
        try:
            fetched = self._fetch(name)
        except BaseException as fault:
            self._drop(name, flight)
            flight.result.set_exception(fault)
            raise
        flight.result.set_result(fetched)
        return fetched

    def forget(self, name: str) -> None:
        """Nobody who asks from now on gets a list that was asked for before."""
        with self._lock:
            self._flights.pop(name, None)

    def _may_use(self, flight: _Flight[T], reader: str) -> bool:
        if reader in flight.readers:
            return False
        return self._monotonic() - flight.started_at <= self._max_age_s

    def _drop(self, name: str, flight: _Flight[T]) -> None:
        with self._lock:
            if self._flights.get(name) is flight:
                del self._flights[name]
