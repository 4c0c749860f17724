"""Keeps the usual messages of several POSTs in one transaction: plain ones, of customers who are known."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from adapters.storage.database import Database, Statement, stored
from adapters.storage.payloads import LONGEST_ID, clean, clean_inbound, dump
from adapters.storage.together import Together
from engine.limits import SILENT_KINDS
from engine.message import Inbound
from engine.pack import Pack

logger = logging.getLogger(__name__)

# PostgreSQL: whoever holds one of the conversations is not waited for, or all the others would wait along.
FOUND = """
    SELECT conversations.id, channels.id, channels.business, customers.user_id, customers.profile_name
    FROM channels
    JOIN customers ON customers.business = channels.business AND customers.phone = ?
    JOIN conversations
    ON conversations.customer_id = customers.id AND conversations.channel_id = channels.id
    WHERE channels.provider = ? AND channels.address = ?"""
FIND = {
    "sqlite": FOUND,
    "postgresql": f"{FOUND} FOR NO KEY UPDATE OF conversations SKIP LOCKED",
}
# A talk without a flow went on elsewhere: see `talks.py`.
HEAR = """
    UPDATE conversations
    SET touched = touched + 1, heard_at = CASE WHEN heard_at >= ? THEN heard_at ELSE ? END
    WHERE id = ? AND flow <> '' RETURNING id"""


class Usual(NamedTuple):
    """A POST with one message, of a customer who writes from a number."""

    provider: str
    message: Inbound
    sent_at: datetime
    now: datetime
    correlation: str


class UsualKept(NamedTuple):
    """Where the message was kept, whether it is new, and whether others wait there already."""

    conversation: int
    is_new: bool
    others_wait: bool


class UsualMessages:
    """Keeps what is usual, that of several threads with one commit."""

    def __init__(self, database: Database, packs: Mapping[str, Pack], keep_inbound: str) -> None:
        self._database = database
        self._packs = packs
        self._keep_inbound = keep_inbound
        self._together: Together[Usual, UsualKept] = Together(self._keep)

    def keep(
        self, provider: str, updates: Sequence[object], now: datetime, correlation: str
    ) -> UsualKept | None:
        """What came of the POST; None, and nothing is kept of it, where it is not usual."""
        usual = _usual(provider, updates, now, correlation)
        return None if usual is None else self._together.do(usual)

    def _keep(self, asked: Callable[[], Sequence[Usual]]) -> Sequence[UsualKept | None]:
        try:
            with self._database.writing():
                return self._keep_all(asked())
        except Exception as error:
            # Each is kept alone then: what is wrong with one shows there, and there alone.
            logger.info(
                "messages that came together are kept one by one: %s: %s", type(error).__name__, error
            )
            return ()

    def _keep_all(self, messages: Sequence[Usual]) -> Sequence[UsualKept | None]:
        database = self._database
        places = database.rows_all(
            [
                (FIND[database.kind], (usual.message.sender, usual.provider, usual.message.channel))
                for usual in messages
            ]
        )
        kept: list[UsualKept | None] = [None] * len(messages)
        numbers: list[int] = []
        statements: list[Statement] = []
        for number, (usual, rows) in enumerate(zip(messages, places, strict=True)):
            if not rows:
                continue
            conversation, channel, business, user_id, profile_name = rows[0]
            message = usual.message
            is_known = message.user_id in ("", user_id) and message.sender_name in ("", profile_name)
            if not is_known or business not in self._packs:
                continue
            said_at, now = stored(usual.sent_at), stored(usual.now)
            numbers.append(number)
            statements += (
                (HEAR, (said_at, said_at, conversation)),
                (
                    self._keep_inbound,
                    (
                        business,
                        conversation,
                        channel,
                        message.id,
                        message.kind,
                        message.text,
                        dump(message),
                        "received",
                        now,
                        usual.correlation,
                        now,
                        stored(message.sent_at) if message.sent_at else None,
                    ),
                ),
            )
        answers = database.rows_all(statements)
        for number, held, rows in zip(numbers, answers[::2], answers[1::2], strict=True):
            if not held:
                raise LookupError("a talk went on elsewhere")
            conversation = held[0][0]
            kept[number] = UsualKept(conversation, bool(rows), bool(rows and rows[0][1]))
        return kept


def _usual(provider: str, updates: Sequence[object], now: datetime, correlation: str) -> Usual | None:
    """The POST, if it holds one message and nothing that is to be looked at more closely."""
    if len(updates) != 1:
        return None
    message = updates[0]
    if (
        not isinstance(message, Inbound)
        or message.kind in NOT_USUAL
        or message.media is not None
        or message.moved_to
        or not message.id
        or not message.sent_at
        or not message.sent_at.tzinfo
        or not (message.sender.isascii() and message.sender.isdigit())
        or len(message.id) + len(message.sender) + len(message.user_id) > LONGEST_ID
    ):
        return None
    sent_at = min(message.sent_at, now)
    return Usual(provider, clean_inbound(message), sent_at, now, clean(correlation))


NOT_USUAL = SILENT_KINDS | {"system", "edit", "revoke"}
"""Kinds with which the customer says nothing that waits for an answer."""
