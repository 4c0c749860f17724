"""Keeps huey's tasks in this process: each waits once, and who finds none sleeps until one comes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from itertools import islice, takewhile

from huey.storage import BlackHoleStorage

PATIENCE = 1.0
"""Seconds after which a thread that waits for a task looks whether it is still wanted."""

IN_MEMORY = "in memory"
"""The state of a queue that asks nobody else."""


class MemoryQueue(BlackHoleStorage):
    """Tasks in the order in which they came; a task that waits already is not put in once more.

    Where `most` is more than one, those of one kind that wait are given out together, as `take_turns 7 8 9`.
    Within `rest` seconds after such work the next is not begun, unless so many are there: a few large pieces
    of work cost less than many small ones. After a longer silence nobody waits.

    Until it is opened it forgets what is put in: nobody would take it out. There are no results, no schedule
    and no locks: the database knows all that.
    """

    blocking = True

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.most = 1
        self._rest = 0.0
        self._worked_at = float("-inf")
        self._thread = threading.local()
        self._waiting: dict[bytes, None] = {}
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._is_enough = threading.Condition(self._lock)
        self._is_gathering = False
        self._is_open = False

    def give_together(self, most: int, rest: float) -> None:
        """Gives out so many tasks together, at most, and rests so many seconds; before it is opened."""
        self.most, self._rest = most, rest

    def open(self, threads: int) -> None:
        """So many threads take tasks out from now on."""
        with self._changed:
            self._is_open = True

    def close(self) -> None:
        """Gives out nothing more, and lets every thread that waits go on without a task."""
        with self._changed:
            self._is_open = False
            self._changed.notify_all()
            self._is_enough.notify_all()

    def put(self, tasks: Iterable[bytes]) -> None:
        """Puts tasks in, the first first."""
        with self._changed:
            if self._is_open:
                self._keep(tasks)

    def enqueue(self, data: bytes, priority: float | None = None) -> None:
        """What huey calls to put one task in."""
        self.put((data,))

    def dequeue(self) -> bytes | None:
        """What has waited longest; None where nothing came for a while, or the queue was closed."""
        with self._changed:
            if self._has_worked():
                self._worked_at = time.monotonic()
            if self._is_open and (self._is_gathering or not self._waiting):
                self._changed.wait(PATIENCE)
            if not self._is_open or self._is_gathering or not self._waiting:
                return None
            self._gather()
            found = self._next() if self._is_open else None
            self._thread.has_worked = found is not None
            return found

    def queue_size(self) -> int:
        """How many tasks wait."""
        return len(self._waiting)

    def state(self) -> str:
        """Where the tasks are."""
        return IN_MEMORY

    def _keep(self, tasks: Iterable[bytes]) -> None:
        """Puts them in, with the lock held."""
        for task in tasks:
            self._waiting.setdefault(task)
        if not self._is_gathering:
            # Whoever is woken up and leaves something wakes up the next: several at once would only push each
            # other aside.
            self._changed.notify()
        elif len(self._waiting) >= self.most:
            self._is_enough.notify()

    def _gather(self) -> None:
        """Lets more come in, where something was given out a moment ago, with the lock held."""
        if self.most == 1:
            return
        until = self._worked_at + self._rest
        self._is_gathering = True
        try:
            while self._is_open and len(self._waiting) < self.most and (rest := until - time.monotonic()) > 0:
                self._is_enough.wait(rest)
        finally:
            self._is_gathering = False
        self._worked_at = time.monotonic()

    def _has_worked(self) -> bool:
        """Whether this thread comes from what it was given, the first time that it is asked."""
        has_worked: bool = getattr(self._thread, "has_worked", False)
        self._thread.has_worked = False
        return has_worked

    def _next(self) -> bytes | None:
        """Takes out what is given out together, with the lock held."""
        if not self._waiting:
            return None
        first, *others = islice(self._waiting, self.most)
        word, _, row = first.partition(b" ")
        found = [first]
        if others and row.isdigit():
            word += b" "
            # What is malformed is left to break alone.
            found += takewhile(lambda one: one.startswith(word) and one[len(word) :].isdigit(), others)
        for task in found:
            del self._waiting[task]
        if self._waiting:
            self._changed.notify()
        return b" ".join((first, *(task[len(word) :] for task in found[1:])))
