"""Gives every number its lane: how many threads send its replies at once, and which replies wait for that."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

Address = tuple[str, str]
"""A number: the provider's word, and its address there."""


class Threads:
    """The threads of one process that wait for providers; all its lanes share them."""

    def __init__(self, count: int) -> None:
        self.free = count
        self.lock = threading.Lock()


@dataclass(slots=True)
class _Lane:
    under_way: int = 0
    parked: OrderedDict[int, None] = field(default_factory=OrderedDict)
    held_until: datetime | None = None
    is_silent: bool = False


class Lanes:
    """Lanes of one process. In each, conversations are sent to at once by a thread each; others are parked.

    A lane gets another thread only while more are free than it has, so that alone it has half of them, and
    never more than `most`. One whose provider did not answer has a single one until it answers. Numbers that
    hang therefore leave threads for the others, and a number that has sent what it may is not asked for by
    every conversation at once.
    """

    def __init__(self, threads: Threads, now: Callable[[], datetime], most: int | None = None) -> None:
        self._threads = threads
        self._most = threads.free if most is None else most
        self._now = now
        self._lock = threads.lock
        self._lanes: dict[Address, _Lane] = {}

    def enter(self, address: Address, conversation: int) -> bool:
        """Whether the conversation may be sent to now; if not, it is parked."""
        with self._lock:
            lane = self._lanes.setdefault(address, _Lane())
            if self._room(lane) <= 0:
                lane.parked[conversation] = None
                return False
            lane.under_way += 1
            self._threads.free -= 1
            return True

    def heard(self, address: Address, answered: bool) -> None:
        """The provider answered what was sent from this number, or did not in time."""
        self._lanes[address].is_silent = not answered

    def leave(self, address: Address) -> list[int]:
        """One less is under way; those that may now be sent to."""
        with self._lock:
            lane = self._lanes[address]
            lane.under_way -= 1
            self._threads.free += 1
            return self._freed(lane)

    def hold(self, address: Address, conversation: int, until: datetime) -> None:
        """Lets nobody in before this moment, and parks this conversation ahead of the others."""
        with self._lock:
            lane = self._lanes.setdefault(address, _Lane())
            lane.held_until = max(until, lane.held_until or until)
            lane.parked[conversation] = None
            lane.parked.move_to_end(conversation, last=False)

    def free(self, address: Address) -> list[int]:
        """Those parked in this lane that may now be sent to."""
        with self._lock:
            lane = self._lanes.get(address)
            return self._freed(lane) if lane else []

    def sweep(self) -> list[int]:
        """Those parked in any lane that may now be sent to: one that was let go may have gone elsewhere."""
        with self._lock:
            return [conversation for lane in self._lanes.values() for conversation in self._freed(lane)]

    def parked(self) -> set[int]:
        """Every conversation that waits here."""
        with self._lock:
            return {conversation for lane in self._lanes.values() for conversation in lane.parked}

    def _is_held(self, lane: _Lane) -> bool:
        return lane.held_until is not None and self._now() < lane.held_until

    def _room(self, lane: _Lane) -> int:
        """How many more may be under way in this lane."""
        if self._is_held(lane):
            return 0
        # A thread that asks for the first is one that nobody has.
        first = 1 - lane.under_way
        if lane.is_silent:
            return first
        fair = (self._threads.free - lane.under_way + 1) // 2
        return min(max(first, fair), self._most - lane.under_way)

    def _freed(self, lane: _Lane) -> list[int]:
        freed = list(islice(lane.parked, max(0, self._room(lane))))
        for conversation in freed:
            del lane.parked[conversation]
        return freed
