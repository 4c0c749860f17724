"""Keeps the usual messages of several POSTs in one transaction: plain ones, each of one customer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final, Literal, NamedTuple

from adapters.storage.database import Database, stored
from adapters.storage.payloads import LONGEST_ID, clean, clean_inbound, dump
from adapters.storage.people import LOCATE_BY_PHONE, MAKE_CONVERSATION, MAKE_CUSTOMER, Located
from adapters.storage.talks import begun, flow_of
from adapters.storage.together import Together
from engine.limits import SILENT_KINDS
from engine.message import Inbound
from engine.pack import Pack

logger = logging.getLogger(__name__)

FIND = {
    "sqlite": """
    SELECT ?, conversations.id, channels.id, channels.business, customers.user_id, customers.profile_name
    FROM channels
    CROSS JOIN customers ON customers.business = channels.business AND customers.phone = ?
    CROSS JOIN conversations
    ON conversations.customer_id = customers.id AND conversations.channel_id = channels.id
    WHERE channels.provider = ? AND channels.address = ?""",
    # Whoever holds one of the conversations is not waited for, or all the others would wait along.
    "postgresql": """
    SELECT asked.place, found.*
    FROM (SELECT column1 AS place, column2 AS phone, column3 AS provider, column4 AS address
          FROM (VALUES (?, ?, ?, ?)) AS given) AS asked
    CROSS JOIN LATERAL
    (SELECT conversations.id, channels.id, channels.business, customers.user_id, customers.profile_name
     FROM channels
     JOIN customers ON customers.business = channels.business AND customers.phone = asked.phone
     JOIN conversations
     ON conversations.customer_id = customers.id AND conversations.channel_id = channels.id
     WHERE channels.provider = asked.provider AND channels.address = asked.address
     LIMIT 1 FOR NO KEY UPDATE OF conversations SKIP LOCKED) AS found""",
}
# A talk without a flow went on elsewhere: see `talks.py`.
HEAR = {
    "sqlite": """
    UPDATE conversations
    SET touched = touched + 1, heard_at = CASE WHEN heard_at >= ?1 THEN heard_at ELSE ?1 END
    WHERE id = ?2 AND flow <> ''""",
    "postgresql": """
    UPDATE conversations
    SET touched = touched + 1,
        heard_at = CASE WHEN heard_at >= said.moment THEN heard_at ELSE said.moment END
    FROM (SELECT column1 AS moment, column2 AS id FROM (VALUES (?, ?)) AS given) AS said
    WHERE conversations.id = said.id AND conversations.flow <> '' RETURNING conversations.id""",
}
KEEP = """
    INSERT INTO messages
    (business, conversation_id, channel_id, direction, provider_id, kind, body, payload, status, status_at,
     error, error_code, in_reply_to_id, attempts, try_after, correlation, created_at, sent_at)
    VALUES (?, ?, ?, 'in', ?, ?, ?, ?, ?, ?, '', '', NULL, 0, NULL, ?, ?, ?)
    ON CONFLICT (channel_id, provider_id) WHERE provider_id IS NOT NULL DO NOTHING"""
# A statement of its own behind the lock sees all that was committed before it: whether something else waits
# here already, of which somebody was told, is known without asking once more.
ANSWERING = """
    RETURNING id, EXISTS
    (SELECT 1 FROM messages waiting WHERE waiting.status = 'received'
     AND waiting.conversation_id = messages.conversation_id AND waiting.id <> messages.id),
    channel_id, provider_id"""
KEEP_INBOUND = KEEP + ANSWERING
# Where there is one writer nothing comes in between, and RETURNING costs as much as the rest of an INSERT.
WAITS = "SELECT conversation_id FROM messages WHERE status = 'received' AND conversation_id = ? LIMIT 1"


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


NOT_FOUND: Final = "not found"
"""In the place of UsualKept: nobody is known by the number, or somebody else holds their conversation."""

Answers = Sequence[UsualKept | Literal["not found"] | None]
Values = tuple[Any, ...]
Name = tuple[int, str]
"""A channel, and the provider's id of a message there."""


class UsualMessages:
    """Keeps what is usual, that of several threads with one commit.

    Where there are several writers, newcomers have transactions of their own: two that each want to make a
    customer whom the other made would wait for ever where they hold conversations meanwhile.
    """

    def __init__(self, database: Database, packs: Mapping[str, Pack]) -> None:
        self._database = database
        self._packs = packs
        self._is_alone = database.kind == "sqlite"
        self._known: Together[Usual, UsualKept | Literal["not found"]] = Together(
            partial(self._keep, self._keep_any if self._is_alone else self._keep_known)
        )
        self._newcomers: Together[Usual, UsualKept | Literal["not found"]] = Together(
            partial(self._keep, self._keep_newcomers)
        )

    def keep(
        self, provider: str, updates: Sequence[object], now: datetime, correlation: str
    ) -> UsualKept | None:
        """What came of the POST; None, and nothing is kept of it, where it is not usual."""
        usual = _usual(provider, updates, now, correlation)
        if usual is None:
            return None
        kept = self._known.do(usual)
        if kept == NOT_FOUND:
            kept = self._newcomers.do(usual)
        return kept if isinstance(kept, UsualKept) else None

    def _keep(
        self, keep_all: Callable[[Sequence[Usual]], Answers], asked: Callable[[], Sequence[Usual]]
    ) -> Answers:
        try:
            with self._database.writing():
                return keep_all(asked())
        except Exception as error:
            # Each is kept alone then: what is wrong with one shows there, and there alone.
            logger.info(
                "messages that came together are kept one by one: %s: %s", type(error).__name__, error
            )
            return ()

    def _keep_any(self, messages: Sequence[Usual]) -> Answers:
        answers = list(self._keep_known(messages))
        new = [number for number, answer in enumerate(answers) if answer == NOT_FOUND]
        if new:
            kept = self._keep_newcomers([messages[number] for number in new])
            for number, answer in zip(new, kept, strict=True):
                answers[number] = answer
        return answers

    def _keep_known(self, messages: Sequence[Usual]) -> Answers:
        database = self._database
        asked = [
            (number, usual.message.sender, usual.provider, usual.message.channel)
            for number, usual in enumerate(messages)
        ]
        [found] = database.rows_of_groups(((FIND[database.kind], asked),))
        answers: list[UsualKept | Literal["not found"] | None] = [NOT_FOUND] * len(messages)
        located: dict[int, Located] = {}
        for number, conversation, channel, business, user_id, profile_name in found:
            message = messages[number].message
            answers[number] = None
            is_known = message.user_id in ("", user_id) and message.sender_name in ("", profile_name)
            if is_known and business in self._packs:
                located[number] = Located(conversation, channel, business)
        for number, kept in self._kept(messages, located):
            answers[number] = kept
        return answers

    def _keep_newcomers(self, messages: Sequence[Usual]) -> Answers:
        """Makes the customers of whom nothing is known yet, in one order; the others are kept alone."""
        database = self._database
        found = database.rows_all(
            [
                (LOCATE_BY_PHONE, (usual.message.sender, usual.provider, usual.message.channel))
                for usual in messages
            ]
        )
        new = sorted(
            (usual.message.sender, number, rows[0][0], rows[0][1])
            for number, (usual, rows) in enumerate(zip(messages, found, strict=True))
            if rows and rows[0][1] in self._packs and rows[0][2] is None
        )
        made = database.rows_all(
            [
                (
                    MAKE_CUSTOMER,
                    (
                        business,
                        sender,
                        messages[number].message.user_id or None,
                        messages[number].message.sender_name,
                        stored(messages[number].now),
                    ),
                )
                for sender, number, _, business in new
            ]
        )
        # Where somebody else was quicker, or is known by the id, nobody was made.
        customers = [(*place, rows[0][0]) for (_, *place), rows in zip(new, made, strict=True) if rows]
        begun_now = database.rows_all(
            [
                (
                    MAKE_CONVERSATION,
                    (
                        business,
                        customer,
                        channel,
                        *begun(flow_of(self._packs, business, "customer")),
                        stored(messages[number].now),
                        stored(messages[number].now),
                    ),
                )
                for number, channel, business, customer in customers
            ]
        )
        located = {
            number: Located(rows[0][0], channel, business)
            for (number, channel, business, _), rows in zip(customers, begun_now, strict=True)
        }
        answers: list[UsualKept | None] = [None] * len(messages)
        for number, kept in self._kept(messages, located):
            answers[number] = kept
        return answers

    def _kept(
        self, messages: Sequence[Usual], located: Mapping[int, Located]
    ) -> Iterator[tuple[int, UsualKept]]:
        """Writes the messages that have a place; what came of each, by its number among all."""
        moment_of = self._database.moment
        heard: dict[int, datetime] = {}
        letters: list[Values] = []
        for number, place in sorted(located.items()):
            usual = messages[number]
            message, now = usual.message, moment_of(usual.now)
            heard[place.conversation] = max(usual.sent_at, heard.get(place.conversation, usual.sent_at))
            letters.append(
                (
                    place.business,
                    place.conversation,
                    place.channel,
                    message.id,
                    message.kind,
                    message.text,
                    dump(message),
                    "received",
                    now,
                    usual.correlation,
                    now,
                    moment_of(message.sent_at) if message.sent_at else None,
                )
            )
        moments = [(moment_of(moment), conversation) for conversation, moment in heard.items()]
        new = self._written_alone(moments, letters) if self._is_alone else self._written(moments, letters)
        for number, place in sorted(located.items()):
            # One id twice in the group is kept once.
            others_wait = new.pop((place.channel, messages[number].message.id), None)
            yield number, UsualKept(place.conversation, others_wait is not None, bool(others_wait))

    def _written(self, moments: Sequence[Values], letters: Sequence[Values]) -> dict[Name, bool]:
        """Writes down who was heard, and what; whether others wait with each letter that is new."""
        held, kept = self._database.rows_of_groups(((HEAR["postgresql"], moments), (KEEP_INBOUND, letters)))
        _all_are_here(len(held), moments)
        return {(channel, id): bool(others_wait) for _, others_wait, channel, id in kept}

    def _written_alone(self, moments: Sequence[Values], letters: Sequence[Values]) -> dict[Name, bool]:
        """The same where nobody else writes."""
        database = self._database
        [held] = database.execute_groups(((HEAR["sqlite"], moments),))
        _all_are_here(held, moments)
        [rows] = database.rows_of_groups(((WAITS, [(conversation,) for _, conversation in moments]),))
        waiting = {conversation for (conversation,) in rows}
        met = database.execute_all([(KEEP, letter) for letter in letters])
        new: dict[Name, bool] = {}
        for (_, conversation, channel, id, *_), is_new in zip(letters, met, strict=True):
            if is_new:
                new[channel, id] = conversation in waiting
                waiting.add(conversation)
        return new


def _all_are_here(held: int, moments: Sequence[Values]) -> None:
    if held != len(moments):
        raise LookupError("a talk went on elsewhere")


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
