"""Keeps in memory what `limits` counts, at the same small cost however many have been counted.

The storage that its library brings starts a thread, only to forget old ones, whenever the last one has ended:
at a hundred requests a second nearly one for each.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

from limits.storage import MovingWindowSupport, Storage

SCHEME = "counts"
"""The word by which Flask-Limiter finds this storage: `counts://`."""


class _Window:
    """When the requests under one key came, the oldest first, and when the last of them counts no more."""

    __slots__ = ("came", "over")

    def __init__(self) -> None:
        self.came: deque[float] = deque()
        self.over = 0.0


class RequestCounts(Storage, MovingWindowSupport):
    """The moving windows of one process. Threads share it; `clock` gives seconds."""

    STORAGE_SCHEME = [SCHEME]  # noqa: RUF012 - as the library declares it

    def __init__(
        self,
        uri: str | None = None,
        wrap_exceptions: bool = False,
        clock: Callable[[], float] = time.time,
        **options: float | str | bool,
    ) -> None:
        super().__init__(uri, wrap_exceptions, **options)
        self._clock = clock
        self._lock = threading.Lock()
        # The one that was asked for the longest ago comes first: those that are over gather there.
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Counts the requests under the key, unless with them more than `limit` came in `expiry` seconds."""
        now = self._clock()
        with self._lock:
            self._forget(now)
            window = self._windows.get(key)
            if window is None:
                window = self._windows[key] = _Window()
            self._windows.move_to_end(key)
            came = window.came
            while came and came[0] < now - expiry:
                came.popleft()
            if len(came) + amount > limit:
                return False
            came.extend([now] * amount)
            window.over = now + expiry
            return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """When the oldest request came that still counts, and how many count."""
        now = self._clock()
        with self._lock:
            window = self._windows.get(key)
            counting = [at for at in window.came if at >= now - expiry] if window else []
        return (counting[0] if counting else now), len(counting)

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Counts requests that are never too many; how many count now."""
        self.acquire_entry(key, 2**63, expiry, amount)
        return self.get(key)

    def get(self, key: str) -> int:
        """How many requests are kept under the key."""
        with self._lock:
            window = self._windows.get(key)
            return len(window.came) if window and window.over >= self._clock() else 0

    def get_expiry(self, key: str) -> float:
        """When the last request under the key counts no more."""
        with self._lock:
            window = self._windows.get(key)
            return window.over if window else self._clock()

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        """Forgets everything; how many keys there were."""
        with self._lock:
            how_many = len(self._windows)
            self._windows.clear()
            return how_many

    def clear(self, key: str) -> None:
        """Forgets what came under the key."""
        with self._lock:
            self._windows.pop(key, None)

    def _forget(self, now: float) -> None:
        """Forgets up to two keys that are over: twice as many as can come new, so that none stays."""
        for _ in range(2):
            if not self._windows:
                return
            key, window = next(iter(self._windows.items()))
            if window.over >= now:
                return
            del self._windows[key]
