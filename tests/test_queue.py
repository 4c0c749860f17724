"""A task waits once, is begun at once and by one thread, in memory as in Redis; a lost one harms nothing."""

from __future__ import annotations

import logging
import pickle
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest
import redis
from servers import valkey_server

from adapters.storage import DatabaseGone
from adapters.tasks.later import Later
from adapters.tasks.memory_queue import IN_MEMORY
from adapters.tasks.queue import Dispatch


@pytest.fixture(params=["memory", "redis"])
def url(request: pytest.FixtureRequest) -> str:
    """Where a queue is: in memory, or in a real Redis."""
    return "" if request.param == "memory" else str(request.getfixturevalue("redis_url"))


class Threads:
    """Threads that take tasks out of a dispatch's turns, as huey's consumers do."""

    def __init__(self, dispatch: Dispatch, work: Callable[[int], object], count: int = 1) -> None:
        self.queue = dispatch.turns
        self.queue.work["take_turns"] = work
        self._stopping = False
        self._threads = [threading.Thread(target=self._run) for _ in range(count)]
        self.queue.storage.open(count)
        for thread in self._threads:
            thread.start()

    def _run(self) -> None:
        while not self._stopping:
            try:
                task = self.queue.huey.dequeue()
            except ValueError:
                continue  # what huey logs, and goes on from
            if task is not None:
                self.queue.huey.execute(task)

    def stop(self) -> None:
        self._stopping = True
        self.queue.storage.close()
        for thread in self._threads:
            thread.join(10)


@contextmanager
def working(dispatch: Dispatch, work: Callable[[int], object], count: int = 1) -> Iterator[Threads]:
    threads = Threads(dispatch, work, count)
    try:
        yield threads
    finally:
        threads.stop()


class Done:
    """Records what was done; `go` holds it back while it is cleared."""

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.go = threading.Event()
        self.go.set()
        self._changed = threading.Condition()

    def __call__(self, row: int) -> None:
        with self._changed:
            self.rows.append(row)
            self._changed.notify_all()
        self.go.wait(10)

    def wait_for(self, count: int, seconds: float = 10.0) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.rows) >= count, seconds), self.rows


@pytest.fixture
def done() -> Done:
    return Done()


def test_tasks_are_begun_in_their_order(url: str, done: Done) -> None:
    dispatch = Dispatch(url)
    told = Dispatch(url) if url else dispatch  # what a process tells itself may overtake what waits in Redis
    done.go.clear()
    with working(dispatch, done):
        told.take_turns(0)
        done.wait_for(1)
        for row in range(1, 50):
            told.take_turns(row)
        told.take_turns(*range(50, 100))
        done.go.set()
        done.wait_for(100)
    assert done.rows == list(range(100))


def test_a_task_that_waits_is_not_put_in_again_and_one_that_was_begun_is(url: str, done: Done) -> None:
    dispatch = Dispatch(url)
    done.go.clear()
    with working(dispatch, done):
        dispatch.take_turns(1)
        done.wait_for(1)
        assert ("take_turns", 1) in dispatch.turns.begun
        for _ in range(20):
            dispatch.take_turns(1, 2, 1)
        done.go.set()
        done.wait_for(3)
        time.sleep(0.05)
    # On its way from Redis into this process a task waits in neither, and may be put in once more.
    assert done.rows[:3] == [1, 1, 2]
    assert len(done.rows) <= (5 if url else 3)


def test_a_task_is_begun_within_milliseconds(url: str) -> None:
    dispatch = Dispatch(url)
    begun: list[float] = []
    came = threading.Semaphore(0)

    def work(row: int) -> None:
        begun.append(time.perf_counter())
        came.release()

    took = []
    with working(dispatch, work, 4):
        for row in range(40):
            told = time.perf_counter()
            dispatch.take_turns(row)
            assert came.acquire(timeout=10)
            took.append(begun[-1] - told)
            time.sleep(0.002)  # everybody sleeps again
    assert statistics.median(took) < 0.02, took


def test_a_queue_that_was_closed_begins_nothing_more(url: str, done: Done) -> None:
    dispatch = Dispatch(url)
    done.go.clear()
    threads = Threads(dispatch, done, 2)
    dispatch.take_turns(*range(10))
    done.wait_for(2)
    dispatch.close()
    done.go.set()
    threads.stop()
    assert sorted(done.rows) == [0, 1]
    dispatch.take_turns(77)


def test_what_breaks_ends_no_thread(url: str, caplog: pytest.LogCaptureFixture) -> None:
    dispatch = Dispatch(url)
    came = threading.Semaphore(0)

    def work(row: int) -> None:
        came.release()
        raise [ZeroDivisionError("a fault"), DatabaseGone("it restarts")][row % 2]

    with working(dispatch, work):
        for row in range(4):
            dispatch.take_turns(row)
        for _ in range(4):
            assert came.acquire(timeout=10)
    events = [record.getMessage() for record in caplog.records if record.name == "shoptalk"]
    assert sorted(events) == ["work_failed"] * 2 + ["work_put_off"] * 2


def test_dispatch_costs_little_beside_a_turn(url: str) -> None:
    """A turn takes about a millisecond; this is far above what is measured, and far below what would hurt."""
    dispatch = Dispatch(url)
    dispatch.turns.work["take_turns"] = lambda row: None
    dispatch.turns.storage.open(4)
    began = time.perf_counter()
    for row in range(1000):
        dispatch.take_turns(row)
    taken = 0
    while taken < 1000:
        task = dispatch.turns.huey.dequeue()
        if task is not None:
            dispatch.turns.huey.execute(task)
            taken += 1
    seconds = time.perf_counter() - began
    dispatch.close()
    assert seconds / 1000 < {False: 0.0005, True: 0.002}[bool(url)]


def test_nobody_takes_out_what_nobody_opened() -> None:
    dispatch = Dispatch()
    dispatch.take_turns(1, 2, 3)
    assert dispatch.turns.storage.queue_size() == 0
    assert dispatch.state() == IN_MEMORY


# Several processes, and a Redis that comes and goes


def test_each_task_is_taken_by_one_process(redis_url: str) -> None:
    told = Dispatch(redis_url)
    first, second = Done(), Done()
    with working(Dispatch(redis_url), first, 2), working(Dispatch(redis_url), second, 2):
        for row in range(300):
            told.take_turns(row)
        until = time.monotonic() + 10
        while len(first.rows) + len(second.rows) < 300 and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(0.05)
    assert sorted(first.rows + second.rows) == list(range(300))
    assert first.rows
    assert second.rows


def test_a_process_that_is_busy_leaves_work_to_the_others(redis_url: str) -> None:
    told = Dispatch(redis_url)
    stuck, free = Done(), Done()
    stuck.go.clear()
    with working(Dispatch(redis_url), stuck, 1):
        told.take_turns(*range(5))
        stuck.wait_for(1)
        with working(Dispatch(redis_url), free, 2):
            told.take_turns(*range(100, 200))
            free.wait_for(95)
        stuck.go.set()


def test_what_a_process_that_stops_has_not_begun_goes_to_another(redis_url: str) -> None:
    told = Dispatch(redis_url)
    stopping, other = Done(), Done()
    stopping.go.clear()
    threads = Threads(Dispatch(redis_url), stopping, 1)
    told.take_turns(*range(20))
    stopping.wait_for(1)
    stopping.go.set()
    threads.stop()
    with working(Dispatch(redis_url), other, 2):
        other.wait_for(20 - len(stopping.rows))
    assert sorted(stopping.rows + other.rows) == list(range(20))


class Harmful:
    """What a pickle would do, if anybody opened it."""

    opened: ClassVar[list[bool]] = []

    def __reduce__(self) -> tuple[Callable[[bool], None], tuple[bool]]:
        return Harmful.opened.append, (True,)


def test_nothing_that_redis_holds_is_run(redis_url: str, done: Done) -> None:
    dispatch = Dispatch(redis_url)
    with redis.Redis.from_url(redis_url) as connection:
        for member in (pickle.dumps(Harmful()), b"", b"take_turns x", b"\xff\xfe"):
            connection.zadd("shoptalk.turns", {member: 0})
        with working(dispatch, done):
            dispatch.take_turns(1)
            done.wait_for(1)
    assert Harmful.opened == []


def test_a_flushed_redis_goes_on(redis_url: str, done: Done) -> None:
    told, dispatch = Dispatch(redis_url), Dispatch(redis_url)
    with working(dispatch, done), redis.Redis.from_url(redis_url) as connection:
        told.take_turns(1)
        done.wait_for(1)
        connection.flushall()
        told.take_turns(2)
        done.wait_for(2)


def test_a_redis_that_is_away_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "shoptalk")
    done = Done()
    with tempfile.TemporaryDirectory() as folder, valkey_server(Path(folder)) as server:
        told, dispatch = Dispatch(server.url), Dispatch(server.url)
        with working(dispatch, done):
            told.take_turns(1)
            done.wait_for(1)
            server.stop()
            began = time.monotonic()
            for row in range(100):
                told.take_turns(row)  # forgotten: `tick` finds them
            assert time.monotonic() - began < 2
            assert "does not answer" in told.state()
            dispatch.take_turns(7, 8)  # what a process is told itself it does
            done.wait_for(3)
            assert done.rows[1:] == [7, 8]
            server.start()
            until = time.monotonic() + 10
            while len(done.rows) < 4 and time.monotonic() < until:
                told.take_turns(9)
                time.sleep(0.1)
            assert done.rows[3] == 9
            assert told.state() == "ok"
    events = [record.getMessage() for record in caplog.records if record.name == "shoptalk"]
    assert events.count("redis_away") == events.count("redis_back") == 2  # once for each of the two processes


# Later


def test_what_is_to_be_done_later_is_done_once_at_its_moment() -> None:
    later = Later()
    done: list[str] = []
    later.put("forgotten", 0.0, lambda: done.append("forgotten"))
    later.open()
    began = time.monotonic()
    later.put("b", 0.06, lambda: done.append("b"))
    later.put("a", 0.03, lambda: done.append("a"))
    later.put("a", 0.0, lambda: done.append("a once more"))
    assert "a" in later
    while len(done) < 2:
        later.wait()
    assert 0.06 <= time.monotonic() - began < 0.5
    assert done == ["a", "b"]
    assert "a" not in later
