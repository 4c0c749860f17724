"""Leaves to other workers what goes out over a provider that this process is not set up for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from adapters import log
from adapters.storage import Storage
from adapters.tasks.lanes import Address, Lanes

PATIENCE = timedelta(seconds=60)
"""How long others have to send a reply, until people are told that nobody here can."""

PAUSE = timedelta(seconds=5)
"""How long nothing more of that number is looked at."""


class _Seen(NamedTuple):
    """A reply that others might send, and since when it waits for nothing else."""

    conversation: int
    message: int
    since: datetime


class NotSetUp:
    """What this process cannot send, of each number the one reply that it keeps an eye on."""

    def __init__(self, storage: Storage, lanes: Lanes, now: Callable[[], datetime]) -> None:
        self._storage = storage
        self._lanes = lanes
        self._now = now
        self._lock = threading.Lock()
        self._seen: dict[Address, _Seen] = {}
        self._told: set[Address] = set()

    def leaves(self, conversation: int, address: Address) -> bool:
        """Whether the conversation is left to others now; false where they have had their time with it."""
        now = self._now()
        message = self._storage.due(conversation, now)
        with self._lock:
            seen = self._seen.get(address)
            if message is None:
                if seen is not None and seen.conversation == conversation:
                    del self._seen[address]
                return True
            if seen is None or (seen.conversation == conversation and seen.message != message):
                seen = self._seen[address] = _Seen(conversation, message, now)
            elif seen.message == message and now - seen.since >= PATIENCE:
                del self._seen[address]
                return False
            is_new = address not in self._told
            self._told.add(address)
        # First in its lane stands the reply that is kept an eye on.
        for one in dict.fromkeys((conversation, seen.conversation)):
            self._lanes.hold(address, one, now + PAUSE)
        if is_new:
            provider, number = address
            text = "this process has no settings for it: its replies are left to other workers"
            log.problem("provider_not_set_up", provider=provider, number=number, text=text)
        return True
