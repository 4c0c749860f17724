"""Gives every number its lane: how many of its replies are under way at once, and which wait for that."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

Address = tuple[str, str]
"""A number: the provider's word, and its address there."""


@dataclass(slots=True)
class _Lane:
    under_way: int = 0
    parked: OrderedDict[int, None] = field(default_factory=OrderedDict)
    held_until: datetime | None = None


class Lanes:
    """The lanes of one process. In each at most so many conversations are sent to at once; others are parked.

    A provider that hangs therefore never occupies all threads, and a number that has sent what it may is not
    asked for by every conversation at once.
    """

    def __init__(self, most: int, now: Callable[[], datetime]) -> None:
        self._most = most
        self._now = now
        self._lock = threading.Lock()
        self._lanes: dict[Address, _Lane] = {}

    def enter(self, address: Address, conversation: int) -> bool:
        """Whether the conversation may be sent to now; if not, it is parked."""
        with self._lock:
            lane = self._lanes.setdefault(address, _Lane())
            if lane.under_way >= self._most or self._is_held(lane):
                lane.parked[conversation] = None
                return False
            lane.under_way += 1
            return True

    def leave(self, address: Address) -> list[int]:
        """One less is under way; those that may now be sent to."""
        with self._lock:
            lane = self._lanes[address]
            lane.under_way -= 1
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

    def _freed(self, lane: _Lane) -> list[int]:
        if self._is_held(lane):
            return []
        freed = list(islice(lane.parked, max(0, self._most - lane.under_way)))
        for conversation in freed:
            del lane.parked[conversation]
        return freed
