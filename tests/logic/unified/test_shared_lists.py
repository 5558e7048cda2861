"""When registrations may share one list, and when they may not."""

from __future__ import annotations

import threading

import pytest

from pulumi_unifiedto.unified.shared_lists import SharedLists
from tests.logic.fake_time import FakeTime


class Source:
    """Counts how often a list is fetched, and can be held back or made to fail."""

    def __init__(self, time: FakeTime | None = None) -> None:
        self.fetched: list[str] = []
        self.go = threading.Event()
        self.go.set()
        self.begun = threading.Event()
        self.fault: Exception | None = None
        self.time = time or FakeTime()
        self.lists = SharedLists(self._fetch, monotonic=self.time.timing.monotonic, max_age_s=30)

    def _fetch(self, name: str) -> int:
        self.fetched.append(name)
        self.begun.set()
        assert self.go.wait(5)
        if self.fault:
            raise self.fault
        return len(self.fetched)


def test_many_readers_share_one_list() -> None:
    source = Source()
    assert [source.lists.get("Production", reader=f"r{number}") for number in range(20)] == [1] * 20


def test_environments_have_lists_of_their_own() -> None:
    source = Source()
    source.lists.get("Production", reader="a")
    source.lists.get("Staging", reader="a")
    assert source.fetched == ["Production", "Staging"]


def test_a_reader_that_asks_again_belongs_to_a_later_run_and_gets_a_new_list() -> None:
    source = Source()
    first = [source.lists.get("Production", reader=reader) for reader in "ab"]
    second = [source.lists.get("Production", reader=reader) for reader in "ba"]
    assert (first, second) == ([1, 1], [2, 2])


def test_an_old_list_is_not_used() -> None:
    source = Source()
    source.lists.get("Production", reader="a")
    source.time.passed_s += 31
    assert source.lists.get("Production", reader="b") == 2


def test_a_list_is_forgotten_after_a_write() -> None:
    source = Source()
    source.lists.get("Production", reader="a")
    source.lists.forget("Production")
    assert source.lists.get("Production", reader="b") == 2


def test_a_list_on_its_way_during_a_write_is_not_handed_to_later_readers() -> None:
    source = Source()
    source.go.clear()
    early: list[int] = []
    thread = threading.Thread(target=lambda: early.append(source.lists.get("Production", reader="a")))
    thread.start()
    assert source.begun.wait(5)
    source.lists.forget("Production")
    source.go.set()
    assert source.lists.get("Production", reader="b") == 2
    thread.join(5)


def test_a_failure_is_shared_by_those_who_waited_and_by_nobody_else() -> None:
    source = Source()
    source.go.clear()
    source.fault = RuntimeError("no list")
    faults: list[str] = []

    def read(reader: str) -> None:
        with pytest.raises(RuntimeError) as raised:
            source.lists.get("Production", reader=reader)
        faults.append(str(raised.value))

    threads = [threading.Thread(target=read, args=(f"r{number}",)) for number in range(4)]
    threads[0].start()
    assert source.begun.wait(5)
    for thread in threads[1:]:
        thread.start()
    while len(source.lists._flights["Production"].readers) < 4:
        pass
    source.go.set()
    for thread in threads:
        thread.join(5)
    assert faults == ["no list"] * 4
    assert len(source.fetched) == 1
    source.fault = None
    assert source.lists.get("Production", reader="r0") == 2
