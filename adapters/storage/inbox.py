"""Holds the inbox: what a provider posts is kept in one transaction, each message once, in its order."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import Literal, NamedTuple

import peewee

from adapters.storage.channel_states import Alarm
from adapters.storage.database import Database, Statement, stored
from adapters.storage.identities import Identity, LookAgain, identity, looked_again
from adapters.storage.media import keep_media
from adapters.storage.payloads import LONGEST_ID, clean, clean_inbound, dump
from adapters.storage.people import ChannelAddress, Directory, Located, News, Place
from adapters.storage.receipts import NOT_KNOWN_YET, Found, Receipts
from adapters.storage.talks import TOUCH
from adapters.storage.usual import KEEP_INBOUND, UsualMessages
from engine.limits import SILENT_KINDS
from engine.message import Inbound, Receipt, Unread

logger = logging.getLogger(__name__)

# The hot path's statements are written once, as text: through the models a turn costs three to seven times
# as much.

# In PostgreSQL this row lock makes the order of ids within a conversation that of the commits; taken in one
# order by everybody, two POSTs never wait for each other. A talk without a flow went on elsewhere before the
# lock was had: see `talks.py`.
HEAR = """
    UPDATE conversations
    SET touched = touched + 1, heard_at = CASE WHEN heard_at >= ? THEN heard_at ELSE ? END
    WHERE id = ? AND flow <> ''"""
# Of a message that says not when it was sent, a repetition days later would count as said now.
HEAR_NOW = """
    UPDATE conversations
    SET touched = touched + 1, heard_at = CASE WHEN heard_at >= ? OR EXISTS
    (SELECT 1 FROM messages WHERE messages.channel_id = ? AND messages.provider_id = ?)
    THEN heard_at ELSE ? END
    WHERE id = ? AND flow <> ''"""
HOLD = "UPDATE conversations SET touched = touched + 1 WHERE id = ? AND flow <> ''"
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

Outcome = Literal["new", "repeated", "unclaimed"]
"""What came of a message: `unclaimed` where no business has the number that it was sent to."""


class Accepted(NamedTuple):
    """What came of one POST.

    `waiting` are the conversations that have something to do of which nobody was told yet; `correlations`
    gives for the provider's id of each receipt the correlation of our message; `alarms` are the numbers whose
    account must be mended, as receipts told; `media` the row ids of new messages that carry a file.
    `outcomes` tells by its place in the POST what came of each message that could be kept as one.
    """

    waiting: tuple[int, ...] = ()
    correlations: Mapping[str, str] = {}
    alarms: tuple[Alarm, ...] = ()
    media: tuple[int, ...] = ()
    outcomes: Mapping[int, Outcome] = {}


class _Post(NamedTuple):
    """One POST; where it is `careful`, what an update is wrong with costs that one alone.

    `moved` tells by (our number, the old number or id) what customers are known by from now on; `learnt` are
    those of whom there is nothing more to be learnt.
    """

    provider: str
    now: datetime
    correlation: str
    moved: Mapping[tuple[str, str | None], Identity]
    learnt: frozenset[Identity] = frozenset()
    careful: bool = False


_TOGETHER = nullcontext()
"""The stretch of an update that stands or falls with its POST."""


class _Letter(NamedTuple):
    """A message that has a place; `number` is its own place in the POST."""

    place: Place
    message: Inbound
    sent_at: datetime
    number: int


class _Kept(NamedTuple):
    """What one transaction kept, and the ids of the receipts that came early."""

    accepted: Accepted
    early: tuple[str, ...]


class Inbox:
    """Takes what providers post."""

    def __init__(self, database: Database, directory: Directory) -> None:
        self.database = database
        self.directory = directory
        self.receipts = Receipts(database)
        self._usual = UsualMessages(database, directory.packs)

    def accept(
        self, provider: str, updates: Sequence[Update], now: datetime, correlation: str = ""
    ) -> Accepted:
        """Keeps the updates in one transaction, which several POSTs may share. Raises NotServed.

        Who a customer is, where that is news, is written down before, in a transaction of its own.
        """
        usual = self._usual.keep(provider, updates, now, correlation)
        if usual is not None:
            waiting = (usual.conversation,) if usual.is_new and not usual.others_wait else ()
            return Accepted(waiting, outcomes={0: "new" if usual.is_new else "repeated"})
        moved, given = self._moves(provider, updates, now)
        post = _Post(provider, now, clean(correlation), moved)
        while True:
            try:
                accepted, early = looked_again(partial(self._keep, post, updates))
                break
            except News as news:
                given += self.directory.identities.learn(news.business, news.who, now)
                post = post._replace(learnt=post.learnt | {news.who})
        alarms = [
            alarm
            for message_id in dict.fromkeys(early)
            for alarm in self.receipts.apply_pending(provider, message_id, now)
        ]
        if given:
            accepted = accepted._replace(waiting=tuple(dict.fromkeys((*accepted.waiting, *given))))
        return accepted._replace(alarms=(*accepted.alarms, *alarms)) if alarms else accepted

    def _moves(
        self, provider: str, updates: Sequence[Update], now: datetime
    ) -> tuple[dict[tuple[str, str | None], Identity], tuple[int, ...]]:
        """Has customers move to their new numbers before anything is kept for these, by whichever name.

        Gives what they are known by from now on, and the conversations that messages were given to.
        """
        moved: dict[tuple[str, str | None], Identity] = {}
        given: tuple[int, ...] = ()
        for message in updates:
            if not isinstance(message, Inbound) or message.kind != "system" or not message.moved_to:
                continue
            try:
                who, to = identity(message.sender, message.user_id), identity(message.moved_to)
            except ValueError:
                continue  # it is put aside when it is to be kept
            moved[message.channel, who.phone or who.user_id] = to
            channel = self.directory.channel(provider, message.channel)
            if channel is None or channel.business not in self.directory.packs:
                continue
            # Told again after a while, the old number may be somebody else's.
            if not self.database.row(IS_KEPT, channel.id, message.id):
                given += self.directory.identities.move(channel.business, who, to, now)
        return moved, given

    def _keep(self, post: _Post, updates: Sequence[Update]) -> _Kept:
        """Keeps all in one transaction.

        Nearly always there is nothing wrong with any of them: only where there is, all is undone and kept
        anew, each in a savepoint of its own.
        """
        try:
            return self._keep_all(post, updates)
        except UNKEEPABLE:
            return self._keep_all(post._replace(careful=True), updates)

    def _keep_all(self, post: _Post, updates: Sequence[Update]) -> _Kept:
        with self.database.writing():
            letters, unclaimed = self._letters(post, updates)
            found, early = self._found(post, [update for update in updates if isinstance(update, Receipt)])
            self._hold(letters, found)
            alarms = self._apply(post, found)
            waiting, media, outcomes = self._keep_letters(post, letters)
            for update in updates:
                if isinstance(update, Unread):
                    self._put_aside(post, update, "unread", update.reason)
        correlations = {receipt.message_id: message.correlation for receipt, message in found}
        return _Kept(Accepted(waiting, correlations, alarms, media, unclaimed | outcomes), tuple(early))

    def _letters(self, post: _Post, updates: Sequence[Update]) -> tuple[list[_Letter], dict[int, Outcome]]:
        """The messages that have a place here, in the order in which they were sent, and those without."""
        messages = [(number, update) for number, update in enumerate(updates) if isinstance(update, Inbound)]
        places: dict[tuple[str, ...], Place | None] = {}
        letters: list[_Letter] = []
        unclaimed: dict[int, Outcome] = {}
        # Somebody's first message makes their row: in one order, so that two POSTs never wait for each other.
        for number, message in sorted(messages, key=lambda pair: _who(pair[1])):
            with self._keeping(post, message):
                who = _who(message)
                cleaned = clean_inbound(message)
                sent_at = _sent_at(message, post.now)
                if who not in places:
                    places[who] = self._place(post, cleaned)
                place = places[who]
                if place is not None:
                    letters.append(_Letter(place, cleaned, sent_at, number))
                else:
                    reason = f"nobody here has the {post.provider} number {message.channel!r}"
                    self._put_aside(post, cleaned, "message", reason)
                    unclaimed[number] = "unclaimed"
        return sorted(letters, key=attrgetter("sent_at", "number")), unclaimed

    def _place(self, post: _Post, message: Inbound) -> Place | None:
        who = identity(message.sender, message.user_id)
        if message.moved_to:
            identity(message.moved_to)  # one that names nobody is put aside
        for _ in post.moved:
            who = post.moved.get((message.channel, who.phone or who.user_id), who)
        address = ChannelAddress(post.provider, message.channel)
        return self.directory.place(address, who, message.sender_name, post.now, who not in post.learnt)

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
                    self._put_aside(post, receipt, "receipt", NOT_KNOWN_YET)
                    early.append(receipt.message_id)
        return found, early

    def _hold(self, letters: list[_Letter], found: list[Found]) -> None:
        """Locks the conversations that something is decided in, and writes down when they were last heard.

        Raises LookAgain where a talk went on elsewhere before its conversation was held.
        """
        locks: dict[int, list[Statement]] = {}
        for receipt, message in found:
            if receipt.status == "failed":
                locks[message.conversation] = [(TOUCH, (message.conversation,))]
        changes: list[Statement] = []
        of_conversation: dict[int, list[_Letter]] = {}
        for letter in letters:
            of_conversation.setdefault(letter.place.located.conversation, []).append(letter)
            changes += letter.place.changes
        for conversation, theirs in of_conversation.items():
            locks[conversation] = _heard(theirs)
        statements = [statement for _, held in sorted(locks.items()) for statement in held]
        if len(statements) == 1 and not changes:
            statement, values = statements[0]
            counts = [self.database.execute(statement, *values)]
        else:
            counts = self.database.execute_all([*statements, *changes])
        if 0 in counts[: len(statements)]:
            raise LookAgain

    def _apply(self, post: _Post, found: list[Found]) -> tuple[Alarm, ...]:
        if not post.careful:
            return tuple(self.receipts.apply(post.provider, found, post.now))
        alarms: list[Alarm] = []
        for one in found:
            with self._keeping(post, one.receipt):
                alarms += self.receipts.apply(post.provider, [one], post.now)
        return tuple(alarms)

    def _keep_letters(
        self, post: _Post, letters: list[_Letter]
    ) -> tuple[tuple[int, ...], tuple[int, ...], dict[int, Outcome]]:
        """The conversations of which nobody was told yet, the rows that carry a file, and all outcomes."""
        waiting: dict[int, None] = {}
        media: list[int] = []
        outcomes: dict[int, Outcome] = {}
        for place, message, _, number in letters:
            located = place.located
            with self._keeping(post, message):
                kept = self._keep_letter(post, located, message)
                if kept is None:
                    outcomes[number] = "repeated"
                    continue
                row_id, others_wait = kept
                if message.media is not None and keep_media(
                    self.database, located.business, row_id, message.media, post.now
                ):
                    media.append(row_id)
                if message.kind not in SILENT_KINDS and not others_wait:
                    waiting[located.conversation] = None
                outcomes[number] = "new"
        return tuple(waiting), tuple(media), outcomes

    def _keep_letter(self, post: _Post, located: Located, message: Inbound) -> tuple[int, bool] | None:
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

    def _put_aside(self, post: _Post, update: Update, kind: str, reason: str) -> None:
        """Keeps the update beside the conversations; what may be taken up later, as it was read."""
        provider_id = update.message_id if isinstance(update, Receipt) else update.id
        kept = update if kind == "message" or isinstance(update, Receipt) else update.raw or update
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
            reason = f"it cannot be kept as a {what}: {type(error).__name__}: {error}"
            self._put_aside(post, update, "unread", reason)


def _who(message: Inbound) -> tuple[str, ...]:
    return str(message.channel), str(message.sender), str(message.user_id), str(message.moved_to)


def _heard(letters: Sequence[_Letter]) -> list[Statement]:
    """What holds the conversation of these messages, and writes down when the last of them was said."""
    located = letters[0].place.located
    conversation = located.conversation
    statements: list[Statement] = []
    dated, undated = None, None
    for letter in letters:
        if letter.message.kind in WORDLESS_KINDS:
            continue
        if letter.message.sent_at:
            dated = stored(letter.sent_at)
        else:
            undated = letter
    if dated is not None:
        statements.append((HEAR, (dated, dated, conversation)))
    if undated is not None:
        moment, message = stored(undated.sent_at), undated.message
        statements.append((HEAR_NOW, (moment, located.channel, message.id or None, moment, conversation)))
    return statements or [(HOLD, (conversation,))]


def _sent_at(message: Inbound, now: datetime) -> datetime:
    """When it was said by the provider's clock; what is ahead of ours, or names no zone, counts as now."""
    sent_at = message.sent_at
    return min(sent_at, now) if sent_at and sent_at.tzinfo else now
