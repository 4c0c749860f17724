"""The jobs on a conversation: take its turns, deliver its replies, and find those that nobody told about."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from threading import Event
from typing import NamedTuple

from adapters import log
from adapters.channels.channel import Channel
from adapters.metrics import Metrics
from adapters.published import Published
from adapters.settings import Settings
from adapters.storage import Held, Storage
from adapters.tasks.deliveries import Deliveries
from adapters.tasks.lanes import Address, Lanes, Threads
from adapters.tasks.media import MediaJobs
from adapters.tasks.queue import Dispatch
from adapters.tasks.turns import HELD_PAUSE, HELD_SECONDS, TakingTurns

LIMIT = 1000
"""How many conversations one look for work finds at most; the next look comes within a second."""

GRACE = timedelta(seconds=1)
"""How much longer than a channel's own time-outs a reply may be under way until its worker counts as dead."""

RECONCILED = timedelta(minutes=10)
"""How far back receipts are looked for whose message became known while nobody looked."""

MEDIA: Address = ("media", "")
"""The lane of all files: a provider that hangs over them keeps no reply from being sent."""


class Work(NamedTuple):
    """What is to be done of which nobody may know, the longest waiting first.

    `turns` and `deliveries` are conversations, `media` messages whose file is to be fetched.
    """

    turns: tuple[int, ...] = ()
    deliveries: tuple[int, ...] = ()
    media: tuple[int, ...] = ()


class Jobs:
    """What a process does for every conversation of the businesses that it serves.

    `now` gives the moment, aware, in UTC; `threads` is how many threads send replies and fetch files.
    """

    def __init__(
        self,
        storage: Storage,
        published: Published,
        channels: Mapping[str, Channel],
        settings: Settings,
        now: Callable[[], datetime],
        metrics: Metrics,
        dispatch: Dispatch,
        threads: int = 16,
    ) -> None:
        self.storage = storage
        self.now = now
        self._metrics = metrics
        self._dispatch = dispatch
        self._stopping = Event()
        self._turns = TakingTurns(storage, published, channels, now, metrics, dispatch.deliver)
        shared = Threads(threads)
        self._deliveries = Deliveries(
            storage, channels, settings, now, metrics, dispatch, self._stopping, shared
        )
        self._media = MediaJobs(storage, channels, settings.media_dir, now, self._stopping.is_set)
        self._media_lane = Lanes(shared, now, most=max(1, threads // 4))
        self._abandoned = self._deliveries.unknown_wait + GRACE
        self._released_at: datetime | None = None

    def stop(self) -> None:
        """Lets what was begun end; from now on nothing is begun."""
        self._stopping.set()

    @property
    def is_stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stopping.is_set()

    def take_turns(self, conversation: int) -> bool:
        """Takes up every message that waits and every timer that is due, each in a transaction of its own.

        False where another worker is at it: that one takes up everything that waits.
        """
        try:
            while not self._stopping.is_set() and self._turns.take_one(conversation):
                pass
        except Held:
            return False
        return True

    def take_turns_together(self, conversations: Sequence[int]) -> tuple[int, ...]:
        """The same of several conversations, in common transactions; gives those to be taken each alone."""
        apart: list[int] = []
        waiting = tuple(conversations)
        while waiting and not self._stopping.is_set():
            left = self._turns.take_together(waiting)
            apart += left.apart
            waiting = left.again
        return tuple(apart)

    def take_turns_now(self, conversation: int) -> bool:
        """The same, waiting for a turn that is under way; false where that does not end."""
        until = time.monotonic() + HELD_SECONDS
        while not self.take_turns(conversation):
            if time.monotonic() > until:
                return False
            time.sleep(HELD_PAUSE)
        return True

    def raise_event(self, conversation: int, event: str) -> bool:
        """Takes the turn of something that happened elsewhere, such as `handed_back`.

        False where it changes nothing there. Waits for a turn that is under way; raises Held if that does not
        end.
        """
        return self._turns.raise_event(conversation, event)

    def deliver(self, conversation: int) -> None:
        """Sends the queued replies in their order, each as soon as the one before was answered."""
        self._deliveries.deliver(conversation)

    def fetch_media(self, message: int) -> None:
        """Fetches the file that the message brought; what is too many at once waits."""
        if not self._media_lane.enter(MEDIA, message):
            return
        try:
            self._media.fetch_media(message)
        finally:
            self._dispatch.fetch_media(*self._media_lane.leave(MEDIA))

    def tick(self) -> Work:
        """What this process does not know of yet; what dead workers were sending is taken up again first."""
        now = self.now()
        self._release(now)
        self._metrics.ticked(now)
        return Work(self._waiting(now), self._outgoing(now), self._files())

    def _release(self, now: datetime) -> None:
        """Now and then puts back what has been in the sending for longer than sending takes."""
        if self._released_at is None or now - self._released_at >= self._abandoned / 6:
            self._released_at = now
            self.storage.release_sending(now - self._abandoned)
            for alarm in self.storage.apply_waiting_receipts(now - self._abandoned - RECONCILED, now):
                log.problem("channel_stopped", **alarm._asdict())

    def _waiting(self, now: datetime) -> tuple[int, ...]:
        queue = self._dispatch.turns
        if queue.storage.queue_size() >= LIMIT:
            return ()  # there is work enough: what was told first is done first
        begun = queue.begun
        found = self.storage.waiting(now, LIMIT)
        return tuple(conversation for conversation in found if ("take_turns", conversation) not in begun)

    def _outgoing(self, now: datetime) -> tuple[int, ...]:
        lanes, later, begun = self._deliveries.lanes, self._dispatch.later, self._dispatch.deliveries.begun
        freed = lanes.sweep()
        parked = lanes.parked()
        # What is parked for a number that hangs must not hide what waits for another.
        found = self.storage.outgoing(now, LIMIT + len(parked))
        return (
            *freed,
            *(
                conversation
                for conversation in found
                if conversation not in parked
                and ("conversation", conversation) not in later
                and ("deliver", conversation) not in begun
            ),
        )

    def _files(self) -> tuple[int, ...]:
        freed, parked = self._media_lane.sweep(), self._media_lane.parked()
        begun = self._dispatch.deliveries.begun
        return (
            *freed,
            *(
                message
                for message in self._media.due()
                if message not in parked and ("fetch_media", message) not in begun
            ),
        )
