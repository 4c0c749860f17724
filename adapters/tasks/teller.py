"""Tells somebody far away of tasks, several at once, in a thread of its own: nobody waits for that."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

from adapters import log

REST_SECONDS = 0.002
"""How soon after one telling the next comes, at the earliest: meanwhile more comes together."""


class Teller:
    """What is told is lost with the process, as it is with a Redis that dies: the database knows it.

    The thread is begun by the first that tells, so that each process that was forked has its own.
    """

    def __init__(self, say: Callable[[tuple[bytes, ...]], None], name: str) -> None:
        self._say = say
        self._name = name
        self._changed = threading.Condition()
        self._untold: dict[bytes, None] = {}
        self._thread: threading.Thread | None = None
        self._sleeps = False

    @property
    def waiting(self) -> int:
        """How many tasks nobody was told of yet."""
        return len(self._untold)

    def tell(self, tasks: Iterable[bytes]) -> None:
        """Has these told, the first first."""
        with self._changed:
            for task in tasks:
                self._untold.setdefault(task)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            elif self._sleeps:
                self._changed.notify()

    def hush(self) -> None:
        """Tells what is left, at once."""
        self._tell()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._sleeps = True
                while not self._untold:
                    self._changed.wait()
                self._sleeps = False
            try:
                self._tell()
            except Exception as error:
                # What was to be told is found in the database.
                log.problem("telling_failed", error)
            time.sleep(REST_SECONDS)

    def _tell(self) -> None:
        with self._changed:
            tasks = tuple(self._untold)
            self._untold.clear()
        if tasks:
            self._say(tasks)
