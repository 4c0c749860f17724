"""Holds the inbox: what a provider posts is kept in one transaction, each message once, in its order."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from operator import itemgetter
from typing import NamedTuple

import peewee

from adapters.storage.channel_states import Alarm
from adapters.storage.database import Database, Statement, stored
from adapters.storage.media import keep_media
from adapters.storage.payloads import LONGEST_ID, clean, clean_inbound, dump
from adapters.storage.people import TOUCH, ChannelAddress, Directory, Identity, Located, Place, identity
from adapters.storage.receipts import NOT_KNOWN_YET, Found, Receipts
from engine.limits import SILENT_KINDS
from engine.message import Inbound, Receipt, Unread

logger = logging.getLogger(__name__)

# The hot path's statements are written once, as text: through the models a turn costs three to seven times
# as much.

# In PostgreSQL this row lock makes the order of ids within a conversation that of the commits; taken in one
# order by everybody, two POSTs never wait for each other.
HEAR = """
    UPDATE conversations
    SET touched = touched + 1, heard_at = CASE WHEN heard_at >= ? THEN heard_at ELSE ? END WHERE id = ?"""
# A statement of its own behind the lock sees all that was committed before it: whether something else waits
# here already, of which somebody was told, is known without asking once more.
KEEP_INBOUND = """
    INSERT INTO messages
    (business, conversation_id, channel_id, direction, provider_id, kind, body, payload, status, status_at,
     error, error_code, in_reply_to_id, attempts, try_after, correlation, created_at, sent_at)
    VALUES (?, ?, ?, 'in', ?, ?, ?, ?, ?, ?, '', '', NULL, 0, NULL, ?, ?, ?)
    ON CONFLICT (channel_id, provider_id) WHERE provider_id IS NOT NULL DO NOTHING
    RETURNING id, EXISTS
    (SELECT 1 FROM messages waiting WHERE waiting.status = 'received'
     AND waiting.conversation_id = messages.conversation_id AND waiting.id <> messages.id)"""
KEEP_UPDATE = """
    INSERT INTO updates (provider, address, kind, provider_id, raw, reason, received_at, applied_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, NULL)"""
IS_KEPT = "SELECT 1 FROM messages WHERE channel_id = ? AND provider_id = ?"

WORDLESS_KINDS = frozenset({"system", "edit", "revoke"})
"""Kinds with which the customer says nothing new: they open no window."""

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

Update = Inbound | Receipt | Unread


class Accepted(NamedTuple):
    """What came of one POST.

    `waiting` are the conversations that have something to do of which nobody was told yet; `correlations`
    gives for the provider's id of each receipt the correlation of our message; `alarms` are the numbers whose
    account must be mended, as receipts told; `media` the row ids of new messages that carry a file.
    """

    waiting: tuple[int, ...] = ()
    correlations: Mapping[str, str] = {}
    alarms: tuple[Alarm, ...] = ()
    media: tuple[int, ...] = ()


class _Post(NamedTuple):
    """One POST; where it is `careful`, what an update is wrong with costs that one alone."""

    provider: str
    now: datetime
    correlation: str
    careful: bool = False


_TOGETHER = nullcontext()
"""The stretch of an update that stands or falls with its POST."""


class _Letter(NamedTuple):
    """A message that has a place."""

    place: Place
    message: Inbound
    sent_at: datetime


class Inbox:
    """Takes what providers post."""

    def __init__(self, database: Database, directory: Directory) -> None:
        self.database = database
        self.directory = directory
        self.receipts = Receipts(database)

    def accept(
        self, provider: str, updates: Sequence[Update], now: datetime, correlation: str = ""
    ) -> Accepted:
        """Keeps the updates in one transaction.

        Nearly always there is nothing wrong with any of them: only where there is, all is undone and kept
        anew, each in a savepoint of its own.
        """
        post = _Post(provider, now, clean(correlation))
        try:
            accepted, early = self._keep_all(post, updates)
        except UNKEEPABLE:
            accepted, early = self._keep_all(post._replace(careful=True), updates)
        alarms = [
            alarm
            for message_id in dict.fromkeys(early)
            for alarm in self.receipts.apply_pending(provider, message_id, now)
        ]
        return accepted._replace(alarms=(*accepted.alarms, *alarms)) if alarms else accepted

    def _keep_all(self, post: _Post, updates: Sequence[Update]) -> tuple[Accepted, list[str]]:
        with self.database.writing():
            letters = self._letters(post, [update for update in updates if isinstance(update, Inbound)])
            found, early = self._found(post, [update for update in updates if isinstance(update, Receipt)])
            self._hold(letters, found)
            alarms = self._apply(post, found)
            waiting, media = self._keep_letters(post, letters)
            for update in updates:
                if isinstance(update, Unread):
                    self._put_aside(post, update, update.reason)
        correlations = {receipt.message_id: message.correlation for receipt, message in found}
        return Accepted(waiting, correlations, alarms, media), early

    def _letters(self, post: _Post, messages: list[Inbound]) -> list[_Letter]:
        """The messages that have a place here, in the order in which they were sent."""
        places: dict[tuple[str, ...], Place | None] = {}
        letters: list[tuple[datetime, int, _Letter]] = []
        # Somebody's first message makes their row: in one order, so that two POSTs never wait for each other.
        for number, message in sorted(enumerate(messages), key=lambda pair: _who(pair[1])):
            with self._keeping(post, message):
                who = _who(message)
                cleaned = clean_inbound(message)
                sent_at = _sent_at(message, post.now)
                if who not in places:
                    places[who] = self._place(post, cleaned)
                place = places[who]
                if place is not None:
                    letters.append((sent_at, number, _Letter(place, cleaned, sent_at)))
                else:
                    reason = f"nobody here has the {post.provider} number {message.channel!r}"
                    self._put_aside(post, message, reason)
        return [letter for _, _, letter in sorted(letters, key=itemgetter(0, 1))]

    def _place(self, post: _Post, message: Inbound) -> Place | None:
        who = identity(message.sender, message.user_id)
        address = ChannelAddress(post.provider, message.channel)
        if message.kind == "system" and message.moved_to:
            who = self._move(address, message, who, post.now)
        return self.directory.place(address, who, message.sender_name, post.now)

    def _move(self, address: ChannelAddress, message: Inbound, who: Identity, now: datetime) -> Identity:
        """What the customer is known by from now on."""
        moved = identity(message.moved_to)
        channel = self.directory.channel(*address)
        is_served = channel is not None and channel.business in self.directory.packs
        if channel and is_served and not self.database.row(IS_KEPT, channel.id, message.id):
            self.directory.move(channel, who, moved, now)
        return moved

    def _found(self, post: _Post, receipts: list[Receipt]) -> tuple[list[Found], list[str]]:
        """The receipts whose message is known, and the ids of those put aside until it is."""
        found: list[Found] = []
        early: list[str] = []
        for receipt in receipts:
            with self._keeping(post, receipt):
                message = self.receipts.find(post.provider, receipt)
                if message is not None:
                    found.append(Found(receipt, message))
                else:
                    self._put_aside(post, receipt, NOT_KNOWN_YET)
                    early.append(receipt.message_id)
        return found, early

    def _hold(self, letters: list[_Letter], found: list[Found]) -> None:
        """Locks the conversations that something is decided in, and writes down when they were last heard."""
        heard: dict[int, datetime | None] = {
            message.conversation: None for receipt, message in found if receipt.status == "failed"
        }
        changes: list[Statement] = []
        for place, message, sent_at in letters:
            speaks = message.kind not in WORDLESS_KINDS
            conversation = place.located.conversation
            heard[conversation] = sent_at if speaks else heard.get(conversation)
            changes += place.changes
        locks: list[Statement] = []
        for conversation, moment in sorted(heard.items()):
            if moment is None:
                locks.append((TOUCH, (conversation,)))
            else:
                locks.append((HEAR, (stored(moment), stored(moment), conversation)))
        if len(locks) == 1 and not changes:
            statement, values = locks[0]
            self.database.execute(statement, *values)
        else:
            self.database.execute_all([*locks, *changes])

    def _apply(self, post: _Post, found: list[Found]) -> tuple[Alarm, ...]:
        if not post.careful:
            return tuple(self.receipts.apply(post.provider, found, post.now))
        alarms: list[Alarm] = []
        for one in found:
            with self._keeping(post, one.receipt):
                alarms += self.receipts.apply(post.provider, [one], post.now)
        return tuple(alarms)

    def _keep_letters(self, post: _Post, letters: list[_Letter]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The conversations of which nobody was told yet, and the rows that carry a file."""
        waiting: dict[int, None] = {}
        media: list[int] = []
        for place, message, _ in letters:
            located = place.located
            with self._keeping(post, message):
                kept = self._keep(post, located, message)
                if kept is None:
                    continue
                row_id, others_wait = kept
                if message.media is not None and keep_media(
                    self.database, located.business, row_id, message.media, post.now
                ):
                    media.append(row_id)
                if message.kind not in SILENT_KINDS and not others_wait:
                    waiting[located.conversation] = None
        return tuple(waiting), tuple(media)

    def _keep(self, post: _Post, located: Located, message: Inbound) -> tuple[int, bool] | None:
        """The message's row, and whether others wait in its conversation; None where it is kept already."""
        moment = stored(post.now)
        row = self.database.row(
            KEEP_INBOUND,
            located.business,
            located.conversation,
            located.channel,
            message.id or None,
            message.kind,
            message.text,
            dump(message),
            "handled" if message.kind in SILENT_KINDS else "received",
            moment,
            post.correlation,
            moment,
            stored(message.sent_at) if message.sent_at else None,
        )
        return (row[0], bool(row[1])) if row else None

    def _put_aside(self, post: _Post, update: Update, reason: str) -> None:
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
            clean(str(provider_id))[:LONGEST_ID],
            dump(kept),
            clean(reason),
            stored(post.now),
        )

    def _keeping(self, post: _Post, update: Update) -> AbstractContextManager[None]:
        """A stretch in which one update is kept; in a careful POST it costs the others nothing."""
        return self._apart(post, update) if post.careful else _TOGETHER

    @contextmanager
    def _apart(self, post: _Post, update: Update) -> Iterator[None]:
        try:
            with self.database.savepoint():
                yield
        except UNKEEPABLE as error:
            logger.warning("an update cannot be kept as what it is: %s", type(error).__name__)
            what = type(update).__name__.lower()
            self._put_aside(post, update, f"it cannot be kept as a {what}: {type(error).__name__}: {error}")


def _who(message: Inbound) -> tuple[str, ...]:
    return str(message.channel), str(message.sender), str(message.user_id), str(message.moved_to)


def _sent_at(message: Inbound, now: datetime) -> datetime:
    """When it was said by the provider's clock; what is ahead of ours, or names no zone, counts as now."""
    sent_at = message.sent_at
    return min(sent_at, now) if sent_at and sent_at.tzinfo else now
