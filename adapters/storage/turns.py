"""Takes turns: a transaction holds the conversation meanwhile, and keeps all that comes of it or nothing."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, NamedTuple

from adapters.storage.database import (
    Database,
    Statement,
    StorageError,
    Undo,
    loaded,
    loaded_or_none,
    stored,
    utc_now,
)
from adapters.storage.payloads import dump, load_received
from adapters.storage.people import ChannelAddress, Directory, Located
from adapters.storage.replies import queued_reply
from adapters.storage.shop import StorageShop
from adapters.storage.talks import flow_of
from engine import conversation as talk
from engine.conversation import Conversation
from engine.message import Inbound
from engine.pack import Pack
from engine.shop import Customer
from engine.turn import Timer, Turn

# A message that was put off keeps back what came after it: later messages, and timers that fell due later.
WAITING = """
    SELECT conversation_id, business FROM
    (SELECT messages.conversation_id, messages.business, messages.created_at AS since
     FROM (SELECT conversation_id, MIN(id) AS id FROM messages WHERE status = 'received'
           GROUP BY conversation_id) AS oldest
     JOIN messages ON messages.id = oldest.id
     WHERE messages.try_after IS NULL OR messages.try_after <= ?
     UNION ALL
     SELECT conversations.id, conversations.business, conversations.due_at FROM conversations
     WHERE conversations.due_at <= ? AND NOT EXISTS
     (SELECT 1 FROM messages WHERE messages.status = 'received'
      AND messages.conversation_id = conversations.id AND messages.created_at <= conversations.due_at)
    ) AS found
    GROUP BY conversation_id, business ORDER BY MIN(since), conversation_id LIMIT ? OFFSET ?"""
OLDEST_RECEIVED = """
    SELECT id, payload, created_at, try_after, attempts, correlation FROM messages
    WHERE conversation_id = ? AND status = 'received' ORDER BY id LIMIT 1"""
# One statement locks the conversation and reads all that a turn begins with. What it joins was read before
# the lock was had: `touched`, read both ways, tells whether anybody changed it meanwhile.
HELD = """
    SELECT conversations.touched, (SELECT seen.touched FROM conversations seen WHERE seen.id = ?),
           conversations.business, conversations.state, conversations.data, conversations.due_at,
           channels.id, channels.provider, channels.address,
           customers.id, customers.phone, customers.user_id, customers.name, customers.address,
           customers.email, customers.language, customers.role,
           oldest.id, oldest.payload, oldest.created_at, oldest.try_after, oldest.attempts,
           oldest.correlation, EXISTS
           (SELECT 1 FROM messages WHERE status = 'received' AND conversation_id = ? AND id > oldest.id),
           conversations.version
    FROM conversations
    JOIN channels ON channels.id = conversations.channel_id
    JOIN customers ON customers.id = conversations.customer_id
    LEFT JOIN messages oldest ON oldest.id =
    (SELECT MIN(id) FROM messages WHERE status = 'received' AND conversation_id = ?)
    WHERE conversations.id = ?"""
# The advisory lock tells another turn, which will see all that was committed by now, from somebody who merely
# holds the row for a moment.
HOLD = {
    "sqlite": HELD,
    "postgresql": f"""{HELD} AND pg_try_advisory_xact_lock(conversations.id)
    FOR NO KEY UPDATE OF conversations""",
}
EXISTS = "SELECT 1 FROM conversations WHERE id = ?"
SAVE = """
    UPDATE conversations
    SET flow = ?, state = ?, data = ?, version = ?, due_at = ?, updated_at = ?, touched = touched + 1
    WHERE id = ?"""
HANDLED = """
    UPDATE messages SET status = 'handled', status_at = ?, error = '', try_after = NULL
    WHERE id = ? AND conversation_id = ? AND status = 'received'"""
KEEP_TURN = """
    INSERT INTO turns
    (business, conversation_id, message_id, started_at, duration, state_before, state_after, trace, error,
     version)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""

NOT_SAID = Inbound("system")
"""What stands in the place of a customer's words where a timer waits."""


class UnknownConversation(StorageError):
    """There is no conversation with this id."""


class Held(StorageError):
    """Another worker holds the conversation: it sees everything that was committed before this was raised."""


@dataclass(frozen=True, slots=True)
class WaitingMessage:
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


class _Row(NamedTuple):
    """What a turn begins with, as `HELD` reads it."""

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


class WorkingTurn:
    """A conversation while its transaction holds it.

    `conversation` is as it stands now, `due` the moment at which its next timer fires (None for no timer; it
    may be still to come), `customer_phone` the number or, where none is known, the business-scoped id. `shop`
    is the business's shop for this customer, in the same transaction. `version` is the number of the version
    of its flow that the conversation is on, None for the newest; what it is set to is kept with the turn.
    `data` is the conversation as it is kept, before the turn.

    `holds_back` is true where the oldest message may not be tried yet: then neither it is to be taken, nor
    any later one, nor a timer that fell due after it came. `more_wait` tells whether messages wait behind the
    oldest; what is accepted later has to wait for this transaction, and somebody is told of it.
    """

    def __init__(
        self, database: Database, directory: Directory, undo: Undo, conversation_id: int, now: datetime
    ) -> None:
        row = _held(database, conversation_id)
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
        self._undo = undo
        self._now = now
        self._state: str = row.state
        self._located = Located(conversation_id, row.channel, row.business)
        self._oldest = _message(row[17:23])
        self.more_wait = bool(row.more_wait)
        self._is_read = True
        customer = Customer(
            str(row.customer), row.phone or "", row.name, row.home, row.email, row.language, row.role
        )
        self.shop = StorageShop(database, self.pack, customer, conversation_id, directory.kept_products)

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
        moment = stored(now)
        answers = self._oldest if self._oldest is not None and self._oldest.id == message_id else None
        correlation = answers.correlation if answers else ""
        state = turn.conversation.state
        data = talk.dump(turn.conversation).decode()
        due = None if due_at is None else stored(due_at)
        trace = dump(turn.trace)
        changes: list[Statement] = [
            (SAVE, (self.flow, state, data, self.version, due, moment, self.id)),
            (
                KEEP_TURN,
                (
                    self.business,
                    self.id,
                    message_id,
                    moment,
                    duration,
                    self._state,
                    state,
                    trace,
                    "",
                    self.version,
                ),
            ),
        ]
        for outbound in turn.replies:
            changes.append(queued_reply(self._located, outbound, now, message_id, correlation))
        others: list[int] = []
        for told in turn.told:
            located = self._directory.conversation_of(
                self.business, int(told.recipient), self._located.channel, now
            )
            others.append(located.conversation)
            changes += (
                queued_reply(located, outbound, now, correlation=correlation) for outbound in told.replies
            )
        if message_id is not None:
            changes.insert(0, (HANDLED, (moment, message_id, self.id)))
        if self._database.execute_all(changes)[0] != 1:
            raise StorageError(f"message {message_id} does not wait in conversation {self.id}")
        self.conversation = turn.conversation
        self.due = due_at
        self._state = state
        self._is_read = self._is_read and message_id is None
        self.shop.forget()
        self._undo.keep()
        return tuple(others)


class Turns:
    """Finds the conversations that have something to do, and takes their turns."""

    def __init__(self, database: Database, directory: Directory) -> None:
        self.database = database
        self.directory = directory

    def waiting(self, now: datetime, limit: int) -> list[int]:
        """The conversations with a message to take up now or a timer that is due, longest waiting first."""
        moment = stored(now)
        return self.directory.served(WAITING, (moment, moment), limit)

    def turn(self, conversation: int, now: datetime) -> AbstractContextManager[WorkingTurn]:
        """One transaction that holds the conversation."""
        return _Holding(self, conversation, now)


class _Holding:
    """The transaction of one turn. Every message has one: a generator would cost each a microsecond."""

    __slots__ = ("_conversation", "_now", "_turns", "_undone")

    def __init__(self, turns: Turns, conversation: int, now: datetime) -> None:
        self._turns = turns
        self._conversation = conversation
        self._now = now
        self._undone = turns.database.undone()

    def __enter__(self) -> WorkingTurn:
        turns = self._turns
        undo = self._undone.__enter__()
        try:
            return WorkingTurn(turns.database, turns.directory, undo, self._conversation, self._now)
        except BaseException as error:
            self._undone.__exit__(type(error), error, error.__traceback__)
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return self._undone.__exit__(kind, error, trace)


def _held(database: Database, conversation: int) -> _Row:
    """Locks the conversation and reads what a turn begins with. Raises Held, UnknownConversation."""
    parameters = (conversation, conversation, conversation, conversation)
    row = database.row(HOLD[database.kind], *parameters)
    if row is not None and row[0] != row[1]:
        row = database.row(HOLD[database.kind], *parameters)
    if row is not None:
        return _Row(*row)
    if database.row(EXISTS, conversation) is None:
        raise UnknownConversation(f"there is no conversation {conversation}")
    raise Held(f"another worker holds conversation {conversation}")


def _message(row: tuple[Any, ...]) -> WaitingMessage | None:
    message, payload, created_at, try_after, attempts, correlation = row
    if message is None:
        return None
    said = load_received(payload)
    inbound, timer = (NOT_SAID, said) if isinstance(said, Timer) else (said, None)
    return WaitingMessage(
        message, inbound, loaded(created_at), loaded_or_none(try_after), attempts, correlation, timer
    )
