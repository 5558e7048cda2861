"""One remote list for many registrations: the first reader fetches it, and those that come meanwhile share it.

A refresh reads every registration of an environment, four at a time. They share one list under these rules:

- *One request.* Readers that come while a list is being fetched wait for it, and share its failure too.
- *Once for each reader.* A registration is read once in a run. One that asks again belongs to a later run, or has to
  read again, and gets a new list. A process may therefore outlive a run.
- *Limited age.* A list older than `max_age_s` is not used.
- *Dropped after a write.* After the package has written, `forget` drops the environment's list, even one that is still
  being fetched: it may show the row as it was before.

The lists before a write, and those that verify it, are never shared: somebody else may have written meanwhile.
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
    """A list that is being fetched or has been fetched, and its readers so far."""

    started_at: float
    result: Future[T] = field(default_factory=Future)
    readers: set[str] = field(default_factory=set)


class SharedLists(Generic[T]):
    """Lists by name, such as that of an environment. Safe for several threads."""

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
            joins = flight is not None and reader not in flight.readers and self._is_young(flight)
            if flight is None or not joins:
                flight = self._flights[name] = _Flight(self._monotonic())
            flight.readers.add(reader)
        if not joins:
            try:
                flight.result.set_result(self._fetch(name))
            except BaseException as fault:
                self.forget(name)
                flight.result.set_exception(fault)
        return flight.result.result()

    def forget(self, name: str) -> None:
        """No later reader gets a list that was requested before."""
        with self._lock:
            self._flights.pop(name, None)

    def _is_young(self, flight: _Flight[T]) -> bool:
        return self._monotonic() - flight.started_at <= self._max_age_s
