"""Holds the inbox, which takes what a provider posts, and the outbox, which hands out replies in order."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import peewee

from adapters.storage.database import Database, StorageError, loaded, stored
from adapters.storage.payloads import clean, clean_inbound, dump, kind_of, load_outbound, load_receipt
from adapters.storage.people import ChannelAddress, Directory, Located, identity
from engine.limits import SILENT_KINDS
from engine.message import Inbound, Outbound, Receipt, Unread

logger = logging.getLogger(__name__)

# The hot path's statements are written once, as text: through the models a turn costs three to seven times
# as much.

TOUCH = "UPDATE conversations SET touched = touched + 1 WHERE id = ?"
KEEP_INBOUND = """
    INSERT INTO messages
    (business, conversation_id, channel_id, direction, provider_id, kind, body, payload, status, status_at,
     error, error_code, in_reply_to_id, attempts, send_after, created_at, sent_at)
    VALUES (?, ?, ?, 'in', ?, ?, ?, ?, ?, ?, '', '', NULL, 0, NULL, ?, ?)
    ON CONFLICT (channel_id, provider_id) DO NOTHING"""
KEEP_UPDATE = """
    INSERT INTO updates (provider, address, kind, provider_id, raw, reason, received_at, applied_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, NULL)"""
QUEUE_REPLY = """
    INSERT INTO messages
    (business, conversation_id, channel_id, direction, provider_id, kind, body, payload, status, status_at,
     error, error_code, in_reply_to_id, attempts, send_after, created_at, sent_at)
    VALUES (?, ?, ?, 'out', NULL, ?, ?, ?, 'queued', ?, '', '', ?, 0, NULL, ?, NULL) RETURNING id"""
OUR_MESSAGE = """
    SELECT messages.id FROM messages JOIN channels ON channels.id = messages.channel_id
    WHERE messages.provider_id = ? AND messages.direction = 'out' AND channels.provider = ?
    AND (channels.address = ? OR ? = '')"""
PENDING = """
    SELECT id, raw FROM updates
    WHERE provider = ? AND provider_id = ? AND kind = 'receipt' AND applied_at IS NULL ORDER BY id"""
APPLIED = "UPDATE updates SET applied_at = ? WHERE id = ?"
# What is asked of `status` in both of two terms is meant: the first is the condition of a partial index.
OUTGOING = """
    SELECT DISTINCT conversation_id, business FROM messages
    WHERE status IN ('queued', 'sending') AND status = 'queued' AND (send_after IS NULL OR send_after <= ?)
    ORDER BY conversation_id"""
NEXT_QUEUED = """
    SELECT messages.id, messages.status, messages.send_after, messages.payload, messages.attempts,
           messages.business, channels.provider, channels.address,
           customers.phone, customers.user_id
    FROM messages
    JOIN conversations ON conversations.id = messages.conversation_id
    JOIN customers ON customers.id = conversations.customer_id
    JOIN channels ON channels.id = messages.channel_id
    WHERE messages.id =
    (SELECT MIN(id) FROM messages WHERE conversation_id = ? AND status IN ('queued', 'sending'))"""
CLAIM = """
    UPDATE messages SET status = 'sending', status_at = ?, attempts = attempts + 1
    WHERE id = ? AND status = 'queued'"""
ADDRESS_OF = """
    SELECT channels.provider, messages.channel_id FROM messages
    JOIN channels ON channels.id = messages.channel_id WHERE messages.id = ? AND messages.direction = 'out'"""
TAKEN = "SELECT id FROM messages WHERE channel_id = ? AND provider_id = ?"
SENT = """
    UPDATE messages
    SET provider_id = ?, sent_at = ?, status = 'sent', status_at = ?, error = ?, error_code = ''
    WHERE id = ? AND status IN ('queued', 'sending')"""
FAILED = """
    UPDATE messages SET status = 'failed', status_at = ?, error_code = ?, error = ?
    WHERE id = ? AND status IN ('queued', 'sending')"""
AGAIN = """
    UPDATE messages SET status = 'queued', error_code = ?, error = ?, send_after = ?
    WHERE id = ? AND status IN ('queued', 'sending')"""
RELEASE = """
    UPDATE messages SET status = 'queued'
    WHERE status IN ('queued', 'sending') AND status = 'sending' AND status_at <= ?"""

BEFORE = {
    "sent": ("queued", "sending"),
    "delivered": ("queued", "sending", "sent"),
    "read": ("queued", "sending", "sent", "delivered"),
    "failed": ("queued", "sending", "sent"),
}
"""Status: those from which a receipt may move a message to it. Nothing follows `read` and `failed`."""

MOVES = {
    status: f"""
    UPDATE messages SET status = ?, status_at = ?, error = ?, error_code = ?
    WHERE id = ? AND status IN ({", ".join(f"'{name}'" for name in before)})"""  # noqa: S608
    for status, before in BEFORE.items()
}

NOT_KNOWN_YET = "the message it speaks of is not known yet"

UNKEEPABLE = (
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
    OverflowError,
    peewee.DataError,
    peewee.IntegrityError,
    peewee.InterfaceError,
    peewee.ProgrammingError,
)
"""What one update may be wrong with; a database that is away or full refuses the whole POST."""


@dataclass(frozen=True, slots=True)
class Queued:
    """A reply that waits to be sent from `channel` (our address) to `recipient`.

    `recipient` is a phone number (digits) or, where no number is known, the business-scoped id: then
    `user_id` is the same. `attempts` counts how often it was tried before.
    """

    id: int
    provider: str
    channel: str
    recipient: str
    outbound: Outbound
    conversation: int
    business: str
    attempts: int = 0
    user_id: str = ""


class Reply(NamedTuple):
    """A reply and the conversation it goes into."""

    located: Located
    outbound: Outbound
    in_reply_to: int | None = None


def queue_reply(database: Database, reply: Reply, now: datetime) -> int:
    """Puts the reply behind everything that its conversation has to say already; its row id."""
    moment = stored(now)
    outbound = reply.outbound
    return database.insert(
        QUEUE_REPLY,
        reply.located.business,
        reply.located.conversation,
        reply.located.channel,
        kind_of(outbound),
        clean(outbound.text),
        dump(outbound),
        moment,
        reply.in_reply_to,
        moment,
    )


class _Post(NamedTuple):
    provider: str
    now: datetime


class Inbox:
    """Takes what providers post."""

    def __init__(self, database: Database, directory: Directory) -> None:
        self.database = database
        self.directory = directory

    def accept(
        self, provider: str, updates: Sequence[Inbound | Receipt | Unread], now: datetime
    ) -> list[int]:
        """Keeps the updates in one transaction; the conversations that got a message to be taken up."""
        post = _Post(provider, now)
        inbound = [update for update in updates if isinstance(update, Inbound)]
        receipts = [update for update in updates if isinstance(update, Receipt)]
        with self.database.writing():
            located = self._locate(post, inbound)
            # In PostgreSQL this row lock makes the order of ids within a conversation that of the commits;
            # taken in one order by everybody, two POSTs never wait for each other.
            for conversation in sorted({place.conversation for place, _ in located}):
                self.database.execute(TOUCH, conversation)
            located.sort(key=lambda pair: _sent_at(pair[1], now))
            waiting = [place.conversation for place, message in located if self._keep(post, place, message)]
            receipts.sort(key=lambda receipt: receipt.message_id)
            early = [receipt.message_id for receipt in receipts if self._is_early(post, receipt)]
            for update in updates:
                if isinstance(update, Unread):
                    self._put_aside(post, update, update.reason)
        for message_id in early:
            apply_pending(self.database, provider, message_id, now)
        return list(dict.fromkeys(waiting))

    def _locate(self, post: _Post, messages: list[Inbound]) -> list[tuple[Located, Inbound]]:
        places: dict[tuple[str, str, str], Located | str] = {}
        for message in sorted(messages, key=_who):
            if _who(message) not in places:
                places[_who(message)] = self._place(post, message)
        located = []
        for message in messages:
            place = places[_who(message)]
            if isinstance(place, str):
                self._put_aside(post, message, place)
            else:
                located.append((place, message))
        return located

    def _place(self, post: _Post, message: Inbound) -> Located | str:
        """Where the message belongs, or why it belongs nowhere."""
        try:
            with self.database.savepoint():
                message = clean_inbound(message)
                channel = self.directory.channel(post.provider, message.channel)
                if channel is None or channel.business not in self.directory.packs:
                    return f"nobody here has the {post.provider} number {message.channel!r}"
                who = identity(message.sender, message.user_id)
                return self.directory.locate(channel, who, message.sender_name, post.now)
        except UNKEEPABLE as error:
            return _why_not(message, error)

    def _keep(self, post: _Post, place: Located, message: Inbound) -> bool:
        """Whether the message is new and starts a turn."""
        silent = message.kind in SILENT_KINDS
        moment = stored(post.now)
        try:
            with self.database.savepoint():
                message = clean_inbound(message)
                inserted = self.database.execute(
                    KEEP_INBOUND,
                    place.business,
                    place.conversation,
                    place.channel,
                    message.id or None,
                    message.kind,
                    message.text,
                    dump(message),
                    "handled" if silent else "received",
                    moment,
                    moment,
                    stored(message.sent_at) if message.sent_at else None,
                )
        except UNKEEPABLE as error:
            self._put_aside(post, message, _why_not(message, error))
            return False
        return inserted == 1 and not silent

    def _is_early(self, post: _Post, receipt: Receipt) -> bool:
        """Moves the receipt's message; true where that is not known yet, and the receipt was put aside."""
        try:
            with self.database.savepoint():
                change = _change(receipt, post.now)
                found = _our_message(self.database, post.provider, receipt)
                if found is not None:
                    self.database.execute(*change, found)
                    return False
        except UNKEEPABLE as error:
            self._put_aside(post, receipt, _why_not(receipt, error))
            return False
        self._put_aside(post, receipt, NOT_KNOWN_YET)
        return True

    def _put_aside(self, post: _Post, update: Inbound | Receipt | Unread, reason: str) -> None:
        if isinstance(update, Receipt):
            kind, provider_id = "receipt" if reason == NOT_KNOWN_YET else "unread", update.message_id
        else:
            kind, provider_id = "message" if isinstance(update, Inbound) else "unread", update.id
        kept = update if isinstance(update, Receipt) else update.raw or update
        self.database.execute(
            KEEP_UPDATE,
            post.provider,
            clean(str(update.channel)),
            kind,
            clean(str(provider_id)),
            dump(kept),
            clean(reason),
            stored(post.now),
        )


def apply_pending(database: Database, provider: str, message_id: str, now: datetime) -> None:
    """Applies the receipts that came before their message was known.

    Whoever makes one of the two known looks for the other in a transaction of its own, after its commit: so
    at least one of two that happen at once sees both.
    """
    if not database.rows(PENDING, provider, clean(message_id)):
        return
    with database.writing():
        for update_id, raw in database.rows(PENDING, provider, clean(message_id)):
            receipt = load_receipt(raw)
            found = _our_message(database, provider, receipt)
            if found is not None:
                database.execute(*_change(receipt, now), found)
                database.execute(APPLIED, stored(now), update_id)


def _our_message(database: Database, provider: str, receipt: Receipt) -> int | None:
    row = database.row(OUR_MESSAGE, clean(receipt.message_id), provider, receipt.channel, receipt.channel)
    return row[0] if row else None


def _change(receipt: Receipt, now: datetime) -> tuple[str, str, datetime, str, str]:
    moment = stored(receipt.at or now)
    return MOVES[receipt.status], receipt.status, moment, clean(receipt.error), clean(receipt.error_code)


def _who(message: Inbound) -> tuple[str, str, str]:
    return str(message.channel), str(message.sender), str(message.user_id)


def _sent_at(message: Inbound, now: datetime) -> datetime:
    """A message without a moment that can be compared counts as sent now."""
    return message.sent_at if message.sent_at and message.sent_at.tzinfo else now


def _why_not(update: Inbound | Receipt, error: Exception) -> str:
    logger.warning("an update cannot be kept as what it is: %s", type(error).__name__)
    return f"it cannot be kept as a {type(update).__name__.lower()}: {type(error).__name__}: {error}"


class Outbox:
    """Hands out the replies of each conversation in their order, and keeps what became of them."""

    def __init__(self, database: Database, directory: Directory) -> None:
        self.database = database
        self.directory = directory

    def outgoing(self, now: datetime) -> list[int]:
        """The conversations that have a reply to be sent now."""
        rows = self.database.rows(OUTGOING, stored(now))
        return [conversation for conversation, business in rows if business in self.directory.packs]

    def next_queued(self, conversation: int, now: datetime) -> Queued | None:
        """The oldest reply that is not sent yet, unless it is being sent or may not be tried yet."""
        row = self.database.row(NEXT_QUEUED, conversation)
        if row is None:
            return None
        message, status, send_after, payload, attempts, business, provider, address, phone, user_id = row
        if status == "sending" or (send_after is not None and loaded(send_after) > now):
            return None
        return Queued(
            message,
            provider,
            address,
            phone or user_id,
            load_outbound(payload),
            conversation,
            business,
            attempts,
            user_id or "",
        )

    def mark_sending(self, message: int, now: datetime) -> bool:
        """Claims the reply; false where somebody else has it."""
        with self.database.writing():
            return self.database.execute(CLAIM, stored(now), message) == 1

    def mark_sent(self, message: int, provider_id: str, now: datetime) -> None:
        """The provider took the reply and will speak of it by this id."""
        moment = stored(now)
        provider_id = clean(provider_id)
        with self.database.writing():
            row = self.database.row(ADDRESS_OF, message)
            if row is None:
                raise StorageError(f"there is no message {message} of ours")
            provider, channel = row
            # A message that the provider took must not be sent again because its id is of no use.
            taken = self.database.row(TAKEN, channel, provider_id)
            error = f"the provider gave it the id of message {taken[0]}" if taken else ""
            self.database.execute(
                SENT, None if taken else provider_id or None, moment, moment, error, message
            )
        apply_pending(self.database, provider, provider_id, now)

    def mark_failed(self, message: int, code: str, text: str, now: datetime) -> None:
        """The reply will not be sent."""
        with self.database.writing():
            self.database.execute(FAILED, stored(now), clean(code), clean(text), message)

    def send_again(self, message: int, code: str, text: str, after: datetime) -> None:
        """The reply goes back to its place in the queue, not to be tried before `after`."""
        with self.database.writing():
            self.database.execute(AGAIN, clean(code), clean(text), stored(after), message)

    def release_sending(self, before: datetime) -> int:
        """Puts back what has been in the sending since before that moment."""
        with self.database.writing():
            return self.database.execute(RELEASE, stored(before))

    def queue_text(
        self, business: str, channel: ChannelAddress, sender: str, text: str, now: datetime
    ) -> int:
        """Queues a text to a phone number or user id."""
        with self.database.writing():
            located = self.directory.conversation(business, channel, sender, now)
            self.database.execute(TOUCH, located.conversation)
            return queue_reply(self.database, Reply(located, Outbound(text)), now)
