"""Does something in a moment, within the next second: nobody has to ask the database for it."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable, Hashable
from itertools import count

LONGEST_SECONDS = 1.0
"""What has to wait longer stands in the database, where `tick` finds it."""


class Later:
    """What is to be done in a moment, each once by its key. Until it is opened it forgets what is put in."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._order = count()
        self._waiting: list[tuple[float, int, Hashable, Callable[[], None]]] = []
        self._keys: set[Hashable] = set()
        self._is_open = False

    def open(self) -> None:
        """Somebody waits for what is due from now on."""
        self._is_open = True

    def put(self, key: Hashable, seconds: float, do: Callable[[], None]) -> None:
        """Has it done after so many seconds, unless something of this key waits already."""
        with self._changed:
            if self._is_open and key not in self._keys:
                self._keys.add(key)
                heapq.heappush(self._waiting, (time.monotonic() + seconds, next(self._order), key, do))
                self._changed.notify()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._keys

    def wake(self) -> None:
        """Lets the thread that waits go on."""
        with self._changed:
            self._changed.notify_all()

    def wait(self) -> None:
        """Waits, for a second at most, and does what is due then."""
        due: list[Callable[[], None]] = []
        with self._changed:
            self._changed.wait(self._seconds())
            now = time.monotonic()
            while self._waiting and self._waiting[0][0] <= now:
                _, _, key, do = heapq.heappop(self._waiting)
                self._keys.discard(key)
                due.append(do)
        for do in due:
            do()

    def _seconds(self) -> float:
        """How long to wait for the next one, with the lock held."""
        if not self._waiting:
            return LONGEST_SECONDS
        return min(LONGEST_SECONDS, max(0.0, self._waiting[0][0] - time.monotonic()))
