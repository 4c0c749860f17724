"""Shares huey's tasks between processes through Redis, which keeps each of them once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from adapters import log
from adapters.tasks.memory_queue import PATIENCE, MemoryQueue
from adapters.tasks.teller import Teller

ANSWER_SECONDS = 0.5
"""How long somebody who puts tasks in waits for Redis: what is not told is found in the database."""

PAUSE_SECONDS = 1.0
"""How long Redis is left alone after it did not answer."""

AHEAD = 2
"""Tasks that a process takes out of Redis for each of its threads, ahead of them: fewer round trips."""


class RedisQueue(MemoryQueue):
    """A sorted set in Redis, by the moment at which a task was put in, and a short queue in this process.

    What its idle threads can begin at once a process keeps for itself; the rest goes to whichever takes it.
    While Redis is away the process does what it is told itself, and `tick` finds what others were to do.
    """

    def __init__(self, name: str, url: str) -> None:
        super().__init__(name)
        self._key = f"shoptalk.{name}"
        self._redis = _client(url, ANSWER_SECONDS)
        self._source = _client(url, PATIENCE + ANSWER_SECONDS)
        self._near = self._room = 0
        self._has_room = threading.Condition(self._lock)
        self._is_away = False
        self._left_alone_until = 0.0
        self._feeder: threading.Thread | None = None
        self._teller = Teller(self._tell_or_keep, f"{name}-teller")

    def open(self, threads: int) -> None:
        """Begins to take tasks out of Redis for so many threads."""
        super().open(threads)
        self._near = threads
        self._room = max(AHEAD * threads, self.most)
        self._feeder = threading.Thread(target=self._feed, name=f"{self.name}-feeder", daemon=True)
        self._feeder.start()

    def close(self) -> None:
        """Gives back what no thread has begun."""
        super().close()
        self._teller.hush()
        with self._changed:
            left = tuple(self._waiting)
            self._waiting.clear()
            self._has_room.notify_all()
        if left:
            self._tell(left)

    def put(self, tasks: Iterable[bytes]) -> None:
        """Puts tasks in, the first first: here what idle threads can begin, the rest into Redis."""
        rest = tuple(dict.fromkeys(tasks))
        with self._changed:
            if self._is_open:
                rest = tuple(task for task in rest if task not in self._waiting)
                # While anything waits here, what others put in may be older: it is not overtaken.
                near = 0 if self._waiting else self._near
                self._keep(rest[:near])
                rest = rest[near:]
        if rest:
            self._teller.tell(rest)

    def dequeue(self) -> bytes | None:
        """The task that has waited longest in this process."""
        task = super().dequeue()
        if len(self._waiting) <= self._room // 2:
            with self._changed:
                self._has_room.notify()
        return task

    def queue_size(self) -> int:
        """How many tasks wait, here and in Redis; here alone while Redis is away."""
        waiting = super().queue_size() + self._teller.waiting
        try:
            return waiting + int(self._redis.zcard(self._key))
        except RedisError as error:
            self._missed(error)
            return waiting

    def state(self) -> str:
        """`ok`, or why Redis is of no use."""
        try:
            self._redis.ping()
        except RedisError as error:
            return f"Redis does not answer ({error}): what is to be done is looked for every second"
        return "ok"

    def _tell_or_keep(self, tasks: tuple[bytes, ...]) -> None:
        """Puts tasks into Redis, here while it is away."""
        if not self._tell(tasks):
            super().put(tasks)

    def _tell(self, tasks: tuple[bytes, ...]) -> bool:
        """Puts tasks into Redis; false while it is away."""
        if time.monotonic() < self._left_alone_until:
            return False
        moment = time.time()
        try:
            moments = {task: moment + place * 1e-6 for place, task in enumerate(tasks)}
            self._redis.zadd(self._key, moments, nx=True)
        except RedisError as error:
            self._missed(error)
            return False
        self._met()
        return True

    def _feed(self) -> None:
        """Takes out of Redis what the threads here will soon have time for, for as long as it is open."""
        while self._is_open:
            room = self._space()
            if not room:
                continue
            try:
                found = self._taken(room)
            except RedisError as error:
                if self._is_open:
                    self._missed(error)
                    time.sleep(PAUSE_SECONDS)
            else:
                self._met()
                self._take_in(found)

    def _space(self) -> int:
        """How many tasks may be taken out of Redis; 0 while the threads here have enough to do."""
        with self._changed:
            wanted = self._has_room.wait_for(
                lambda: len(self._waiting) <= self._room // 2 or not self._is_open, PATIENCE
            )
            return self._room - len(self._waiting) if wanted and self._is_open else 0

    def _take_in(self, found: list[bytes]) -> None:
        with self._changed:
            if self._is_open:
                self._keep(found)
                return
        if found:
            self._tell(tuple(found))

    def _taken(self, room: int) -> list[bytes]:
        """The first task, which may have to be waited for, and what stands behind it, in one round trip."""
        asked = self._source.pipeline(transaction=False)
        asked.bzpopmin(self._key, PATIENCE)
        if room > 1:
            asked.zpopmin(self._key, room - 1)
        first, *rest = asked.execute()
        found = [first[1]] if first else []
        for several in rest:
            found += [task for task, _ in several]
        return found

    def _missed(self, error: RedisError) -> None:
        self._left_alone_until = time.monotonic() + PAUSE_SECONDS
        if self._turned(True):
            log.problem("redis_away", error, queue=self.name)

    def _met(self) -> None:
        if self._is_away and self._turned(False):
            log.event("redis_back", queue=self.name)

    def _turned(self, is_away: bool) -> bool:
        """Whether it is so only since now: many threads find out together, and one says it."""
        with self._lock:
            has_turned = self._is_away != is_away
            self._is_away = is_away
            return has_turned


def _client(url: str, seconds: float) -> Redis:
    """A client whose connections are opened when they are needed, and once more after a restart of Redis."""
    return Redis.from_url(
        url, socket_connect_timeout=ANSWER_SECONDS, socket_timeout=seconds, retry=Retry(NoBackoff(), 1)
    )
