"""Takes up the messages for a number that no business had, once one has it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from adapters.storage.database import Database, stored
from adapters.storage.inbox import Inbox
from adapters.storage.payloads import load_inbound
from engine.pack import Pack

CLAIMED = """
    SELECT updates.id, updates.provider, updates.raw, channels.business
    FROM updates
    JOIN channels ON channels.provider = updates.provider AND channels.address = updates.address
    WHERE updates.kind = 'message' AND updates.applied_at IS NULL AND updates.id > ?
    ORDER BY updates.id LIMIT ?"""
TAKEN_UP = "UPDATE updates SET applied_at = ? WHERE id = ?"

MANY = 1000
"""How many are read at once."""


class Unclaimed:
    """The messages that wait for a business."""

    def __init__(self, database: Database, inbox: Inbox, packs: Mapping[str, Pack]) -> None:
        self.database = database
        self.inbox = inbox
        self.packs = packs

    def take_up(self, now: datetime) -> int:
        """Keeps those for a business that is served here, in the order in which they came; how many."""
        taken, last = 0, 0
        while rows := self.database.rows(CLAIMED, last, MANY):
            for last, provider, raw, business in rows:
                if business in self.packs:
                    # Whoever dies in between finds the message kept, and it counts once.
                    self.inbox.accept(provider, [load_inbound(raw)], now)
                    with self.database.writing():
                        self.database.execute(TAKEN_UP, stored(now), last)
                    taken += 1
        return taken
