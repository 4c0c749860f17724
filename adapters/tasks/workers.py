"""Runs the threads that work the queues off, and once a second looks for what nobody was told about."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from huey.api import Huey
from huey.consumer import BaseProcess, Consumer

from adapters import log
from adapters.tasks.jobs import Jobs
from adapters.tasks.queue import Dispatch, Queue

THREADS = 4
"""Turns that a process takes at once: they wait for the database, and share one processor."""

TICK_SECONDS = 1.0
LATE_SECONDS = 30.0
"""After how long without a tick the workers are no longer called ready."""

CHECK_SECONDS = 10.0
"""How often a thread that died is replaced."""

STOP_SECONDS = 6.5
"""How long work that was begun may take to end: ten seconds have to be enough for the last reports, too."""


def delivery_threads(threads: int) -> int:
    """How many threads send and fetch beside so many that take turns: they wait for providers."""
    return max(16, 4 * threads)


class Workers:
    """The threads of one process: those that take turns, those that deliver, and one that looks for work.

    `look_around` is called before each look for work, such as for packs that have changed.
    """

    def __init__(
        self,
        dispatch: Dispatch,
        jobs: Jobs,
        threads: int = THREADS,
        look_around: Callable[[], None] = lambda: None,
        tick_seconds: float = TICK_SECONDS,
    ) -> None:
        self.threads = threads
        self.delivery_threads = delivery_threads(threads)
        self._dispatch = dispatch
        self._jobs = jobs
        self._look_around = look_around
        self._tick_seconds = tick_seconds
        self._ticked_at = 0.0
        self._checked_at = 0.0
        dispatch.turns.work.update(take_turns=jobs.take_turns)
        dispatch.turns.do_together("take_turns", jobs.take_turns_together)
        dispatch.deliveries.work.update(deliver=jobs.deliver, fetch_media=jobs.fetch_media)
        self._crews = (
            _Crew(dispatch.turns, threads, self._tick),
            _Crew(dispatch.deliveries, self.delivery_threads, self._do_later),
        )

    def start(self) -> None:
        """Begins to work."""
        self._ticked_at = self._checked_at = time.monotonic()
        self._dispatch.later.open()
        for crew in self._crews:
            crew.start()

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Lets what was begun end, and begins nothing more; waits for that at most so long."""
        until = time.monotonic() + seconds
        self._jobs.stop()
        for crew in self._crews:
            crew.stop()
        self._dispatch.close()
        for thread in self._all_threads():
            if thread.ident is not None:
                thread.join(max(0.0, until - time.monotonic()))

    @property
    def is_stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._jobs.is_stopping

    def state(self) -> str:
        """`ok`, or why nothing is worked off."""
        if self.is_stopping:
            return "is stopping"
        threads = self._all_threads()
        if any(thread.ident is None for thread in threads):
            return "is not started"
        if not all(thread.is_alive() for thread in threads):
            return "a thread of it has died"
        if time.monotonic() - self._ticked_at > LATE_SECONDS:
            return f"has not looked for work for more than {LATE_SECONDS:.0f} seconds"
        return "ok"

    def _all_threads(self) -> list[threading.Thread]:
        return [thread for crew in self._crews for thread in crew.threads()]

    def _do_later(self, _: threading.Event) -> None:
        self._dispatch.later.wait()

    def _tick(self, stopping: threading.Event) -> None:
        try:
            self._look_around()
            work = self._jobs.tick()
            self._dispatch.take_turns(*work.turns)
            self._dispatch.deliver(*work.deliveries)
            self._dispatch.fetch_media(*work.media)
            self._ticked_at = time.monotonic()
        except Exception as error:
            # A database that is away for a moment must not end the looking.
            log.problem("tick_failed", error)
        if time.monotonic() - self._checked_at > CHECK_SECONDS:
            self._checked_at = time.monotonic()
            for crew in self._crews:
                crew.check_worker_health()
        stopping.wait(self._tick_seconds)


class _Crew(Consumer):
    """huey's threads on one queue, and in the place of its scheduler one that calls `beside` for ever."""

    def __init__(self, queue: Queue, threads: int, beside: Callable[[threading.Event], None]) -> None:
        self._queue = queue
        self._beside = beside
        super().__init__(queue.huey, workers=threads, periodic=False)

    def start(self) -> None:
        self._queue.storage.open(self.workers)
        super().start()

    def threads(self) -> list[threading.Thread]:
        return [self.scheduler, *(thread for _, thread in self.worker_threads)]

    def _create_scheduler(self) -> BaseProcess:
        return _Beside(self.huey, self.stop_flag, self._beside)

    def _create_process(self, process: BaseProcess, name: str) -> threading.Thread:
        thread: threading.Thread = super()._create_process(process, f"{self._queue.name}-{name}")
        return thread

    def _set_signal_handlers(self) -> None:
        """Leaves the signals to the command."""


class _Beside(BaseProcess):
    """Calls one function again and again until the crew stops."""

    process_name = "Beside"

    def __init__(
        self, huey: Huey, stop_flag: threading.Event, work: Callable[[threading.Event], None]
    ) -> None:
        super().__init__(huey, stop_flag)
        self._work = work

    def loop(self, now: object = None) -> None:
        self._work(self.stop_flag)
