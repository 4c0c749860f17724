"""Gives a turn what it begins with and keeps what comes of it, while its conversation is held."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from adapters.storage.database import Database, StorageError, loaded, loaded_or_none, utc_now
from adapters.storage.payloads import dump, load_received
from adapters.storage.people import ChannelAddress, Directory, Located
from adapters.storage.replies import QUEUE_REPLY, queued_reply
from adapters.storage.shop import SAVE_CUSTOMER, Shelves, StorageShop
from adapters.storage.talks import flow_of
from engine import conversation as talk
from engine.conversation import Conversation
from engine.message import Inbound
from engine.pack import Pack
from engine.shop import Customer
from engine.turn import Timer, Turn

OLDEST_RECEIVED = """
    SELECT id, payload, created_at, try_after, attempts, correlation FROM messages
    WHERE conversation_id = ? AND status = 'received' ORDER BY id LIMIT 1"""
SAVE = {
    "sqlite": """
    UPDATE conversations
    SET flow = ?, state = ?, data = ?, version = ?, due_at = ?, updated_at = ?, touched = touched + 1
    WHERE id = ?""",
    # What is empty in every row it takes for a text.
    "postgresql": """
    UPDATE conversations
    SET flow = new.flow, state = new.state, data = new.data, version = CAST(new.version AS integer),
        due_at = CAST(new.due_at AS timestamp), updated_at = new.updated_at, touched = touched + 1
    FROM (SELECT column1 AS flow, column2 AS state, column3 AS data, column4 AS version, column5 AS due_at,
                 column6 AS updated_at, column7 AS id
          FROM (VALUES (?, ?, ?, ?, ?, ?, ?)) AS given) AS new
    WHERE conversations.id = new.id""",
}
HANDLED = {
    "sqlite": """
    UPDATE messages SET status = 'handled', status_at = ?, error = '', try_after = NULL
    WHERE id = ? AND conversation_id = ? AND status = 'received'""",
    # By the word of its status it would look at all that wait, and at all that waited a while ago.
    "postgresql": """
    UPDATE messages SET status = 'handled', status_at = taken.moment, error = '', try_after = NULL
    FROM (SELECT column1 AS moment, column2 AS id, column3 AS conversation_id
          FROM (VALUES (?, ?, ?)) AS given) AS taken
    WHERE messages.id = taken.id AND messages.conversation_id = taken.conversation_id
    AND messages.status || '' = 'received'""",
}
KEEP_TURN = """
    INSERT INTO turns
    (business, conversation_id, message_id, started_at, duration, state_before, state_after, trace, error,
     version)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""

Values = tuple[object, ...]

NOT_SAID = Inbound("system")
"""What stands in the place of a customer's words where a timer waits."""


class WaitingMessage(NamedTuple):
    """A message that waits to be taken up: `id` is its row's, `inbound.id` the provider's.

    `attempts` counts the turns of it that broke; `try_after` is the moment before which it is put off. A
    timer whose turn broke waits as a message does: `inbound` is then empty, `received_at` when it fell due.
    """

    id: int
    inbound: Inbound
    received_at: datetime
    try_after: datetime | None = None
    attempts: int = 0
    correlation: str = ""
    timer: Timer | None = None


class Row(NamedTuple):
    """What a turn begins with, in the order of `BEGINS_WITH`."""

    touched: int
    touched_before: int
    business: str
    state: str
    data: str
    due_at: datetime | str | None
    channel: int
    provider: str
    address: str
    customer: int
    phone: str | None
    user_id: str | None
    name: str
    home: str
    email: str
    language: str
    role: str
    message: int | None
    payload: str
    created_at: datetime | str
    try_after: datetime | str | None
    attempts: int
    correlation: str
    more_wait: int | bool
    version: int | None


class Outcome(NamedTuple):
    """What a turn leaves: the parameters of HANDLED (of a message's turn), SAVE, KEEP_TURN, QUEUE_REPLY.

    `customer` are those of SAVE_CUSTOMER, where something new is known of them.
    """

    handled: Values | None
    saved: Values
    turn: Values
    replies: Sequence[Values]
    customer: Values | None


def keep_outcomes(database: Database, outcomes: Sequence[Outcome]) -> None:
    """Writes down what turns of different conversations came to, the replies in the order of the turns.

    Raises StorageError where a message does not wait any more.
    """
    handled = [outcome.handled for outcome in outcomes if outcome.handled is not None]
    kind = database.kind
    met = database.execute_groups(
        (
            (HANDLED[kind], handled),
            (SAVE[kind], [outcome.saved for outcome in outcomes]),
            (SAVE_CUSTOMER[kind], [outcome.customer for outcome in outcomes if outcome.customer is not None]),
            (KEEP_TURN, [outcome.turn for outcome in outcomes]),
            (QUEUE_REPLY, [reply for outcome in outcomes for reply in outcome.replies]),
        )
    )
    if met[0] != len(handled):
        messages = ", ".join(str(message) for _, message, _ in handled)
        raise StorageError(f"a message that was answered does not wait: one of {messages}")


class WorkingTurn:
    """A conversation while its transaction holds it.

    `conversation` is as it stands now, `due` the moment at which its next timer fires (None for no timer; it
    may be still to come), `customer_phone` the number or, where none is known, the business-scoped id. `shop`
    is the business's shop for this customer, in the same transaction. `version` is the number of the version
    of its flow that the conversation is on, None for the newest; what it is set to is kept with the turn.
    `data` is the conversation as it is kept, before the turn.

    `holds_back` is true where the oldest message may not be tried yet: then neither it is to be taken, nor
    any later one, nor a timer that fell due after it came. `more_wait` tells whether messages wait behind the
    oldest; what is accepted later has to wait for this transaction, and somebody is told of it. `has_told`
    tells whether a turn said something in the conversation of somebody else.
    """

    def __init__(
        self,
        database: Database,
        directory: Directory,
        conversation_id: int,
        row: Row,
        now: datetime,
        keep: Callable[[Outcome], None],
        shelves: Shelves,
    ) -> None:
        if row.business not in directory.packs:
            raise StorageError(f"the business {row.business!r} is not served here: seed its pack first")
        self.id: int = conversation_id
        self.business: str = row.business
        self.pack: Pack = directory.packs[row.business]
        self.role: str = row.role
        self.flow: str = flow_of(directory.packs, row.business, row.role).name
        self.channel = ChannelAddress(row.provider, row.address)
        self.customer_phone: str = row.phone or row.user_id or ""
        self.data: str = row.data
        self.conversation: Conversation = talk.load(row.data)
        self.due: datetime | None = loaded_or_none(row.due_at)
        self.version: int | None = row.version
        self._database = database
        self._directory = directory
        self._keep = keep
        self._now = now
        self._state: str = row.state
        self._located = Located(conversation_id, row.channel, row.business)
        self._oldest = _message(row[17:23])
        self.more_wait = bool(row.more_wait)
        self._is_read = True
        self.has_told = False
        customer = Customer(
            str(row.customer), row.phone or "", row.name, row.home, row.email, row.language, row.role
        )
        self.shop = StorageShop(database, self.pack, customer, conversation_id, shelves)

    @property
    def holds_back(self) -> bool:
        """Whether the oldest message may not be tried yet."""
        oldest = self.next_message()
        return oldest is not None and oldest.try_after is not None and oldest.try_after > self._now

    def is_due(self, now: datetime) -> bool:
        """Whether a timer fires at this moment."""
        return self.due is not None and self.due <= now

    def next_message(self) -> WaitingMessage | None:
        """The oldest message that waits, None where all are taken up."""
        if not self._is_read:
            row = self._database.row(OLDEST_RECEIVED, self.id)
            self._oldest = _message(row) if row else None
            self._is_read = True
        return self._oldest

    def commit(
        self,
        message_id: int | None,
        turn: Turn,
        due_at: datetime | None,
        duration: float,
        now: datetime | None = None,
    ) -> tuple[int, ...]:
        """Keeps the turn: conversation, replies in their order, messages to others, and the trace.

        `message_id` is the message that it answers, None for a timer's or an event's turn; `duration` is in
        seconds, `now` the moment of the turn. Written to the disk when the transaction is left. Gives the
        conversations of others that were told something.
        """
        now = now or utc_now()
        moment = self._database.moment(now)
        answers = self._oldest if self._oldest is not None and self._oldest.id == message_id else None
        correlation = answers.correlation if answers else ""
        state = turn.conversation.state
        data = talk.dump(turn.conversation).decode()
        due = None if due_at is None else self._database.moment(due_at)
        trace = dump(turn.trace)
        replies = [
            queued_reply(self._located, outbound, moment, message_id, correlation)
            for outbound in turn.replies
        ]
        others: list[int] = []
        self.has_told = self.has_told or bool(turn.told)
        for told in turn.told:
            located = self._directory.conversation_of(
                self.business, int(told.recipient), self._located.channel, now
            )
            others.append(located.conversation)
            replies += (
                queued_reply(located, outbound, moment, correlation=correlation) for outbound in told.replies
            )
        version = self.version
        kept = (self.business, self.id, message_id, moment, duration, self._state, state, trace, "", version)
        self._keep(
            Outcome(
                None if message_id is None else (moment, message_id, self.id),
                (self.flow, state, data, version, due, moment, self.id),
                kept,
                replies,
                self.shop.learnt(),
            )
        )
        self.conversation = turn.conversation
        self.due = due_at
        self._state = state
        self._is_read = self._is_read and message_id is None
        return tuple(others)


def _message(row: tuple[Any, ...]) -> WaitingMessage | None:
    message, payload, created_at, try_after, attempts, correlation = row
    if message is None:
        return None
    said = load_received(payload)
    inbound, timer = (NOT_SAID, said) if isinstance(said, Timer) else (said, None)
    return WaitingMessage(
        message, inbound, loaded(created_at), loaded_or_none(try_after), attempts, correlation, timer
    )
