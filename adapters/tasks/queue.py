"""Hands conversations to threads: each to one at a time, and within a second those nobody told about."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable

from adapters import log

TICK_SECONDS = 1.0
LATE_SECONDS = 30.0
"""After how long without a tick the worker is no longer called ready."""


class Worker:
    """Threads that call `work(conversation)` for whatever `look_at` was told, and for what `find()` finds.

    It carries no message: what it forgets when it is killed, `find` finds in the database.
    """

    def __init__(
        self,
        work: Callable[[int], None],
        find: Callable[[], Iterable[int]],
        threads: int = 4,
        tick_seconds: float = TICK_SECONDS,
    ) -> None:
        self._work = work
        self._find = find
        self._tick_seconds = tick_seconds
        self._queue: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._free = threading.Condition()
        self._queued: set[int] = set()
        self._busy: set[int] = set()
        self._again: set[int] = set()
        self._stopping = threading.Event()
        self._ticked_at = 0.0
        self._threads = [
            threading.Thread(target=self._run, name=f"worker-{number}", daemon=True)
            for number in range(threads)
        ]
        self._ticker = threading.Thread(target=self._tick, name="ticker", daemon=True)

    def start(self) -> None:
        """Begins to work."""
        self._ticked_at = time.monotonic()
        for thread in (*self._threads, self._ticker):
            thread.start()

    def stop(self, seconds: float = 30.0) -> None:
        """Lets what is running end, and begins nothing more; waits for that at most so long."""
        self._stopping.set()
        for _ in self._threads:
            self._queue.put(None)
        until = time.monotonic() + seconds
        for thread in (*self._threads, self._ticker):
            if thread.ident is not None:
                thread.join(max(0.0, until - time.monotonic()))

    @property
    def is_stopping(self) -> bool:
        """Whether `stop` was called: a long piece of work asks this between two steps."""
        return self._stopping.is_set()

    def look_at(self, *conversations: int) -> None:
        """Has these conversations worked on; one that is being worked on is taken up once more afterwards."""
        with self._free:
            for conversation in conversations:
                if conversation in self._busy:
                    self._again.add(conversation)
                elif conversation not in self._queued:
                    self._queued.add(conversation)
                    self._queue.put(conversation)

    def state(self) -> str:
        """`ok`, or why nothing is worked off."""
        if self.is_stopping:
            return "is stopping"
        if self._ticker.ident is None:
            return "is not started"
        if not all(thread.is_alive() for thread in (*self._threads, self._ticker)):
            return "a thread of it has died"
        if time.monotonic() - self._ticked_at > LATE_SECONDS:
            return f"has not looked for work for more than {LATE_SECONDS:.0f} seconds"
        return "ok"

    def work_now(self, conversation: int) -> None:
        """Works on the conversation in the caller's thread, as soon as no other thread does."""
        with self._free:
            self._free.wait_for(lambda: conversation not in self._busy)
            self._busy.add(conversation)
        try:
            self._work(conversation)
        finally:
            self._release(conversation)

    def _run(self) -> None:
        while not self.is_stopping:
            conversation = self._queue.get()
            if conversation is None:
                return
            with self._free:
                self._queued.discard(conversation)
                if conversation in self._busy:
                    self._again.add(conversation)
                    continue
                self._busy.add(conversation)
            try:
                self._work(conversation)
            except Exception as error:
                # The database still knows of it: the next tick finds it, where there is anything left to do.
                log.problem("work_failed", error, conversation=conversation)
            finally:
                self._release(conversation)

    def _release(self, conversation: int) -> None:
        with self._free:
            self._busy.discard(conversation)
            again = conversation in self._again
            self._again.discard(conversation)
            self._free.notify_all()
        if again:
            self.look_at(conversation)

    def _tick(self) -> None:
        while True:
            try:
                self.look_at(*self._find())
                self._ticked_at = time.monotonic()
            except Exception as error:
                # A database that is away for a moment must not end the looking.
                log.problem("tick_failed", error)
            if self._stopping.wait(self._tick_seconds):
                return
