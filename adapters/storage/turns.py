"""Takes turns: a transaction holds the conversation meanwhile, and keeps all that comes of it or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from adapters.storage.database import Database, StorageError, Undo, loaded, loaded_or_none, stored, utc_now
from adapters.storage.messages import TOUCH, Reply, queue_reply
from adapters.storage.payloads import clean, dump, load_inbound
from adapters.storage.people import ChannelAddress, Directory, Located, flow_of
from adapters.storage.shop import StorageShop
from engine import conversation as talk
from engine.conversation import Conversation
from engine.message import Inbound, Outbound
from engine.pack import Pack
from engine.shop import Customer
from engine.turn import Trace, Turn

WAITING = """
    SELECT conversation_id, business FROM messages WHERE status = 'received'
    UNION SELECT id, business FROM conversations WHERE due_at <= ?
    ORDER BY 1"""
HELD = """
    SELECT conversations.business, conversations.state, conversations.data, conversations.due_at,
           conversations.channel_id, channels.provider, channels.address,
           customers.id, customers.phone, customers.user_id, customers.name, customers.address,
           customers.email, customers.language, customers.role
    FROM conversations
    JOIN channels ON channels.id = conversations.channel_id
    JOIN customers ON customers.id = conversations.customer_id
    WHERE conversations.id = ?"""
OLDEST_RECEIVED = """
    SELECT id, payload, created_at FROM messages WHERE conversation_id = ? AND status = 'received'
    ORDER BY id LIMIT 1"""
SAVE = "UPDATE conversations SET flow = ?, state = ?, data = ?, due_at = ?, updated_at = ? WHERE id = ?"
HANDLED = """
    UPDATE messages SET status = 'handled', status_at = ?
    WHERE id = ? AND conversation_id = ? AND status = 'received'"""
KEEP_TURN = """
    INSERT INTO turns
    (business, conversation_id, message_id, started_at, duration, state_before, state_after, trace, error)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
PLACE = "SELECT business, state, channel_id FROM conversations WHERE id = ?"
BROKEN = """
    UPDATE messages SET status = 'failed', status_at = ?, error = ?
    WHERE id = ? AND conversation_id = ? AND status = 'received'"""
BROKE_BEFORE = "SELECT id FROM turns WHERE message_id = ? AND error <> '' LIMIT 1"
NO_TIMER = "UPDATE conversations SET due_at = NULL WHERE id = ?"
TAKE_UP_AGAIN = """
    UPDATE messages SET status = 'received', error = ''
    WHERE id = ? AND direction = 'in' AND status = 'failed'"""


class UnknownConversation(StorageError):
    """There is no conversation with this id."""


@dataclass(frozen=True, slots=True)
class WaitingMessage:
    """A message that waits to be taken up: `id` is its row's, `inbound.id` the provider's."""

    id: int
    inbound: Inbound
    received_at: datetime


class WorkingTurn:
    """A conversation while its transaction holds it.

    `conversation` is as it stands now, `due` the moment at which its next timer fires (None for no timer; it
    may be still to come), `customer_phone` the number or, where none is known, the business-scoped id. `shop`
    is the business's shop for this customer, in the same transaction.
    """

    def __init__(self, database: Database, directory: Directory, undo: Undo, conversation_id: int) -> None:
        if database.execute(TOUCH, conversation_id) != 1:
            raise UnknownConversation(f"there is no conversation {conversation_id}")
        held = database.row(HELD, conversation_id)
        if held is None:
            raise UnknownConversation(f"there is no conversation {conversation_id}")
        business, state, data, due_at, channel_id, provider, address, customer_id, phone, user_id = held[:10]
        name, home, email, language, role = held[10:]
        if business not in directory.packs:
            raise StorageError(f"the business {business!r} is not served here: seed its pack first")
        self.id: int = conversation_id
        self.business: str = business
        self.pack: Pack = directory.packs[business]
        self.role: str = role
        self.flow: str = flow_of(directory.packs, business, role).name
        self.channel = ChannelAddress(provider, address)
        self.customer_phone: str = phone or user_id
        self.conversation: Conversation = talk.load(data)
        self.due: datetime | None = loaded_or_none(due_at)
        self._database = database
        self._directory = directory
        self._undo = undo
        self._state: str = state
        self._located = Located(conversation_id, channel_id, business)
        customer = Customer(str(customer_id), phone or "", name, home, email, language, role)
        self.shop = StorageShop(database, self.pack, customer, conversation_id)

    def is_due(self, now: datetime) -> bool:
        """Whether a timer fires at this moment."""
        return self.due is not None and self.due <= now

    def next_message(self) -> WaitingMessage | None:
        """The oldest message that waits, None where all are taken up."""
        row = self._database.row(OLDEST_RECEIVED, self.id)
        return WaitingMessage(row[0], load_inbound(row[1]), loaded(row[2])) if row else None

    def commit(
        self,
        message_id: int | None,
        turn: Turn,
        due_at: datetime | None,
        duration: float,
        now: datetime | None = None,
    ) -> None:
        """Keeps the turn: conversation, replies in their order, messages to others, and the trace.

        `message_id` is the message that it answers, None for a timer's or an event's turn; `duration` is in
        seconds, `now` the moment of the turn. Written to the disk when the transaction is left.
        """
        now = now or utc_now()
        moment = stored(now)
        execute = self._database.execute
        if message_id is not None and execute(HANDLED, moment, message_id, self.id) != 1:
            raise StorageError(f"message {message_id} does not wait in conversation {self.id}")
        state = turn.conversation.state
        data = talk.dump(turn.conversation).decode()
        execute(SAVE, self.flow, state, data, None if due_at is None else stored(due_at), moment, self.id)
        trace = dump(turn.trace)
        execute(
            KEEP_TURN, self.business, self.id, message_id, moment, duration, self._state, state, trace, ""
        )
        for outbound in turn.replies:
            queue_reply(self._database, Reply(self._located, outbound, message_id), now)
        for told in turn.told:
            located = self._directory.conversation_of(
                self.business, int(told.recipient), self._located.channel, now
            )
            for outbound in told.replies:
                queue_reply(self._database, Reply(located, outbound), now)
        self.conversation = turn.conversation
        self.due = due_at
        self._state = state
        self.shop.forget()
        self._undo.keep()


class Turns:
    """Finds the conversations that have something to do, and takes their turns."""

    def __init__(self, database: Database, directory: Directory) -> None:
        self.database = database
        self.directory = directory

    def waiting(self, now: datetime) -> list[int]:
        """The conversations, of businesses served here, with a message to take up or a timer that is due."""
        rows = self.database.rows(WAITING, stored(now))
        return [conversation for conversation, business in rows if business in self.directory.packs]

    @contextmanager
    def turn(self, conversation: int) -> Iterator[WorkingTurn]:
        """One transaction that holds the conversation."""
        with self.database.undone() as undo:
            yield WorkingTurn(self.database, self.directory, undo, conversation)

    def record_failure(
        self,
        conversation: int,
        message: int | None,
        traceback_text: str,
        trace: Trace,
        apology: Outbound | None,
        now: datetime,
    ) -> None:
        """Keeps that a turn broke, and why."""
        moment = stored(now)
        database = self.database
        with database.writing():
            database.execute(TOUCH, conversation)
            place = database.row(PLACE, conversation)
            if place is None:
                raise UnknownConversation(f"there is no conversation {conversation}")
            business, state, channel = place
            reason = clean(traceback_text).rstrip() or "no traceback was given"
            if message is None:
                # A timer whose turn breaks would fire for ever; the next message sets it anew.
                database.execute(NO_TIMER, conversation)
                owed = True
            else:
                first = database.row(BROKE_BEFORE, message) is None
                last_line = reason.rsplit("\n", 1)[-1]
                owed = database.execute(BROKEN, moment, last_line, message, conversation) == 1 and first
            database.execute(
                KEEP_TURN, business, conversation, message, moment, 0.0, state, state, dump(trace), reason
            )
            if apology is not None and owed:
                located = Located(conversation, channel, business)
                queue_reply(database, Reply(located, apology, message), now)

    def take_up_again(self, message: int) -> bool:
        """Lets a failed message wait once more."""
        with self.database.writing():
            return self.database.execute(TAKE_UP_AGAIN, message) == 1
