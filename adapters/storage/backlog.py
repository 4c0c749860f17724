"""Counts what there is to do, for whoever watches over it."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapters.storage.database import Database, loaded

# Each of these reads an index that holds open messages alone.
WAITING = "SELECT COUNT(*), MIN(id) FROM messages WHERE status = 'received'"
QUEUED = "SELECT COUNT(*), MIN(id) FROM messages WHERE status IN ('queued', 'sending')"
FAILED = "SELECT COUNT(*) FROM messages WHERE status IN ('failed', 'needs_template')"
CREATED_AT = "SELECT created_at FROM messages WHERE id = ?"
CONVERSATIONS = """
    SELECT conversations.business, conversations.flow, conversations.state, channels.provider,
           channels.address, COUNT(*), MAX(conversations.heard_at)
    FROM conversations JOIN channels ON channels.id = conversations.channel_id
    WHERE conversations.flow <> ''
    GROUP BY conversations.business, conversations.flow, conversations.state, channels.provider,
             channels.address"""

CENSUS_EVERY = 60.0
"""Seconds for which the count of conversations stands: it goes through all of them."""

CENSUS_SHARE = 0.01
"""How much of the time the counting may take, where there are so many that it takes seconds."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What there is to do.

    `waiting` are messages to be taken up, `queued` replies to be sent, `failed` what was put aside in either
    direction. Conversations are counted by (business, flow, state); `last_heard_at` is when the last customer
    of a (provider, number) said something.
    """

    waiting: int
    oldest_waiting_seconds: float
    queued: int
    oldest_queued_seconds: float
    failed: int
    by_state: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    last_heard_at: Mapping[tuple[str, str], datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Census:
    at: datetime
    until: datetime
    by_state: Mapping[tuple[str, str, str], int]
    last_heard_at: Mapping[tuple[str, str], datetime]


class Counts:
    """Counts the backlog; the conversations once a minute, or less often where they are many."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._counting = threading.Lock()
        self._census: _Census | None = None

    def backlog(self, now: datetime) -> Backlog:
        """What there is to do at this moment."""
        waiting, oldest_waiting = self._count(WAITING, now)
        queued, oldest_queued = self._count(QUEUED, now)
        [(failed,)] = self.database.rows(FAILED)
        census = self._counted(now)
        return Backlog(
            waiting, oldest_waiting, queued, oldest_queued, failed, census.by_state, census.last_heard_at
        )

    def _count(self, statement: str, now: datetime) -> tuple[int, float]:
        """How many there are, and for how many seconds the oldest has waited."""
        [(count, oldest)] = self.database.rows(statement)
        row = self.database.row(CREATED_AT, oldest) if oldest is not None else None
        return count, max(0.0, (now - loaded(row[0])).total_seconds()) if row else 0.0

    def _counted(self, now: datetime) -> _Census:
        with self._counting:
            census = self._census
            if census is None or not census.at <= now < census.until:
                census = self._census = self._count_conversations(now)
            return census

    def _count_conversations(self, now: datetime) -> _Census:
        began = time.perf_counter()
        by_state: dict[tuple[str, str, str], int] = {}
        heard: dict[tuple[str, str], datetime] = {}
        for business, flow, state, provider, number, count, heard_at in self.database.rows(CONVERSATIONS):
            by_state[business, flow, state] = by_state.get((business, flow, state), 0) + count
            if heard_at is not None:
                last = heard.get((provider, number))
                heard[provider, number] = max(last or loaded(heard_at), loaded(heard_at))
        stands = max(CENSUS_EVERY, (time.perf_counter() - began) / CENSUS_SHARE)
        return _Census(now, now + timedelta(seconds=stands), by_state, heard)
