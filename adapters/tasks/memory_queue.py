"""Keeps huey's tasks in this process: each waits once, and who finds none sleeps until one comes."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from huey.storage import BlackHoleStorage

PATIENCE = 1.0
"""Seconds after which a thread that waits for a task looks whether it is still wanted."""

IN_MEMORY = "in memory"
"""The state of a queue that asks nobody else."""


class MemoryQueue(BlackHoleStorage):
    """Tasks in the order in which they came; a task that waits already is not put in once more.

    Until it is opened it forgets what is put in: nobody would take it out. There are no results, no schedule
    and no locks: the database knows all that.
    """

    blocking = True

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._waiting: dict[bytes, None] = {}
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._is_open = False

    def open(self, threads: int) -> None:
        """So many threads take tasks out from now on."""
        with self._changed:
            self._is_open = True

    def close(self) -> None:
        """Gives out nothing more, and lets every thread that waits go on without a task."""
        with self._changed:
            self._is_open = False
            self._changed.notify_all()

    def put(self, tasks: Iterable[bytes]) -> None:
        """Puts tasks in, the first first."""
        with self._changed:
            if self._is_open:
                self._keep(tasks)

    def enqueue(self, data: bytes, priority: float | None = None) -> None:
        """What huey calls to put one task in."""
        self.put((data,))

    def dequeue(self) -> bytes | None:
        """The task that has waited longest; None where none came for a while, or the queue was closed."""
        with self._changed:
            if not self._waiting and self._is_open:
                self._changed.wait(PATIENCE)
            return self._next() if self._is_open else None

    def queue_size(self) -> int:
        """How many tasks wait."""
        return len(self._waiting)

    def state(self) -> str:
        """Where the tasks are."""
        return IN_MEMORY

    def _keep(self, tasks: Iterable[bytes]) -> None:
        """Puts them in, with the lock held."""
        before = len(self._waiting)
        for task in tasks:
            self._waiting.setdefault(task)
        self._changed.notify(len(self._waiting) - before)

    def _next(self) -> bytes | None:
        """Takes one out, with the lock held."""
        if not self._waiting:
            return None
        task = next(iter(self._waiting))
        del self._waiting[task]
        return task
