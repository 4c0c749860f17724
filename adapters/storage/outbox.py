"""Holds the outbox: replies leave in their order, each claimed by one worker, within window and limits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from adapters.storage.channel_states import PROBE, PROBE_EVERY, Alarm, open_as_taken
from adapters.storage.database import (
    Database,
    Statement,
    StorageError,
    loaded,
    loaded_or_none,
    stored,
)
from adapters.storage.payloads import LONGEST_ID, clean, load_outbound
from adapters.storage.people import ChannelAddress, Directory
from adapters.storage.rates import Rate
from adapters.storage.receipts import Receipts
from adapters.storage.references import Reference
from adapters.storage.replies import QUEUE_REPLY, queued_reply
from adapters.storage.talks import TOUCH
from engine.message import Outbound

__all__ = ["Outbox", "PutAside", "Queued", "Rate", "Wait"]

# What is asked of `status` in both of two terms is meant: the first is the condition of a partial index. `id
# + 0` keeps PostgreSQL from looking for the least id among all messages, in the order of their ids.
OUTGOING = """
    SELECT messages.conversation_id, messages.business
    FROM (SELECT conversation_id, MIN(id) AS id FROM messages WHERE status IN ('queued', 'sending')
          GROUP BY conversation_id) AS oldest
    JOIN messages ON messages.id = oldest.id
    JOIN channels ON channels.id = messages.channel_id
    WHERE messages.status = 'queued' AND (messages.try_after IS NULL OR messages.try_after <= ?)
    AND (channels.state = 'open' OR channels.try_at IS NULL OR channels.try_at <= ?)
    ORDER BY messages.id LIMIT ? OFFSET ?"""
# `behind` is the reply before this one, where it was not sent; `asked` is what this one answers.
CLAIMABLE = """
    SELECT messages.id, messages.payload, messages.attempts, messages.delays, messages.business,
           messages.correlation, messages.created_at, conversations.heard_at, conversations.ready_at,
           channels.id, channels.provider, channels.address, channels.state, channels.ready_at,
           customers.phone, customers.user_id, asked.provider_id,
           (SELECT MIN(first.id + 0) FROM messages first
            WHERE first.in_reply_to_id = messages.in_reply_to_id AND first.direction = 'out'),
           (SELECT CASE WHEN earlier.status IN ('failed', 'needs_template') THEN earlier.id END
            FROM messages earlier
            WHERE earlier.conversation_id = messages.conversation_id AND earlier.direction = 'out'
            AND earlier.id < messages.id ORDER BY earlier.id DESC LIMIT 1)
    FROM messages
    JOIN conversations ON conversations.id = messages.conversation_id
    JOIN customers ON customers.id = conversations.customer_id
    JOIN channels ON channels.id = messages.channel_id
    LEFT JOIN messages asked ON asked.id = messages.in_reply_to_id
    WHERE messages.id =
    (SELECT MIN(id + 0) FROM messages WHERE status IN ('queued', 'sending') AND conversation_id = ?)
    AND messages.status = 'queued' AND (messages.try_after IS NULL OR messages.try_after <= ?)
    AND (channels.state = 'open' OR channels.try_at IS NULL OR channels.try_at <= ?)"""
# PostgreSQL: the conversation before the number, as everywhere; not the stronger FOR UPDATE, which would keep
# out everybody who only refers to the row.
HOLD = {
    ("sqlite", False): CLAIMABLE,
    ("sqlite", True): CLAIMABLE,
    ("postgresql", False): f"{CLAIMABLE} FOR NO KEY UPDATE OF conversations",
    ("postgresql", True): f"{CLAIMABLE} FOR NO KEY UPDATE OF conversations, channels",
}
"""How a claim reads, by the database's kind and whether the number's rate counts."""
FIRST = """
    SELECT messages.status, messages.id, messages.try_after, channels.state, channels.try_at
    FROM messages JOIN channels ON channels.id = messages.channel_id
    WHERE messages.id =
    (SELECT MIN(id + 0) FROM messages WHERE status IN ('queued', 'sending') AND conversation_id = ?)"""
# What was read before the lock was had may have changed until then: this is asked again, in a statement that
# sees all that was committed before it.
CLAIM = """
    UPDATE messages SET status = 'sending', status_at = ?, attempts = attempts + 1, try_after = NULL
    WHERE id = ? AND status = 'queued' AND NOT EXISTS
    (SELECT 1 FROM messages earlier WHERE earlier.status IN ('queued', 'sending')
     AND earlier.conversation_id = ? AND earlier.id < ?)
    AND EXISTS
    (SELECT 1 FROM conversations JOIN customers ON customers.id = conversations.customer_id
     WHERE conversations.id = ?
     AND COALESCE(customers.phone, '') = ? AND COALESCE(customers.user_id, '') = ?)"""
TRY_LATER = "UPDATE messages SET try_after = ? WHERE id = ? AND status = 'queued'"
CUSTOMER_READY = "UPDATE conversations SET ready_at = ? WHERE id = ?"
NUMBER_READY = "UPDATE channels SET ready_at = ? WHERE id = ?"
PUT_ASIDE = """
    UPDATE messages SET status = ?, status_at = ?, error_code = ?, error = ?
    WHERE id = ? AND status IN ('queued', 'sending')"""
SENT_FROM = """
    SELECT channels.provider, channels.id, channels.state,
           (SELECT taken.id FROM messages taken
            WHERE taken.channel_id = messages.channel_id AND taken.provider_id = ?),
           (SELECT CASE WHEN earlier.status IN ('failed', 'needs_template') THEN earlier.id END
            FROM messages earlier
            WHERE earlier.conversation_id = messages.conversation_id AND earlier.direction = 'out'
            AND earlier.id < messages.id ORDER BY earlier.id DESC LIMIT 1)
    FROM messages JOIN channels ON channels.id = messages.channel_id
    WHERE messages.id = ? AND messages.direction = 'out'"""
SENT = """
    UPDATE messages
    SET provider_id = ?, sent_at = ?, status = 'sent', status_at = ?, error = ?, error_code = ''
    WHERE id = ? AND status IN ('queued', 'sending')"""
AGAIN = """
    UPDATE messages SET status = 'queued', error_code = ?, error = ?, try_after = ?
    WHERE id = ? AND status IN ('queued', 'sending')"""
PUT_OFF = """
    UPDATE messages SET status = 'queued', error_code = ?, error = ?, try_after = ?, delays = delays + 1,
        attempts = CASE WHEN attempts > 0 THEN attempts - 1 ELSE 0 END
    WHERE id = ? AND status IN ('queued', 'sending')"""
GIVE_BACK = """
    UPDATE messages SET status = 'queued', attempts = attempts - 1
    WHERE id = ? AND status = 'sending' AND attempts > 0"""
RELEASE = """
    UPDATE messages SET status = 'queued'
    WHERE status IN ('queued', 'sending') AND status = 'sending' AND status_at <= ?"""

Failed = Literal["failed", "needs_template"]

NO_WINDOW = "the customer's last message is too long ago: only an approved template would be taken"
NO_ADDRESS = "the customer has neither a number nor an id any more: they write from another one now"

MOST_LOOKS = 5
"""How often a claim looks again where others change what it found."""


@dataclass(frozen=True, slots=True)
class Queued:
    """A reply that was claimed, to be sent from `channel` (our address) to `recipient`.

    `recipient` is a phone number (digits) or, where no number is known, the business-scoped id: then
    `user_id` is the same. `attempts` counts how often it was tried before and may have been sent, `delays`
    how often it was put off, `queued_at` is when it was made. `reference` is what statuses may name it by.
    `in_reply_to` is the provider's id of the message that it is the first to answer, empty otherwise;
    `behind` an earlier reply of this conversation that was not sent, though it should have been.
    """

    id: int
    provider: str
    channel: str
    recipient: str
    outbound: Outbound
    conversation: int
    business: str
    queued_at: datetime
    attempts: int = 0
    delays: int = 0
    user_id: str = ""
    correlation: str = ""
    in_reply_to: str = ""
    reference: str = ""
    behind: int | None = None


class Wait(NamedTuple):
    """Something is to be sent, but not before this moment; `of_number` where the whole number rests."""

    until: datetime
    of_number: bool = False


class PutAside(NamedTuple):
    """A reply that may not even be tried: its row says so by now, and those behind it can be claimed."""

    id: int
    provider: str
    conversation: int
    business: str
    correlation: str
    status: Failed
    code: str
    text: str


class _Claimable(NamedTuple):
    id: int
    payload: str
    attempts: int
    delays: int
    business: str
    correlation: str
    created_at: datetime | str
    heard_at: datetime | str | None
    customer_ready_at: datetime | str | None
    channel_id: int
    provider: str
    channel: str
    channel_state: str
    number_ready_at: datetime | str | None
    phone: str | None
    user_id: str | None
    asked: str | None
    first_answer: int | None
    behind: int | None


class _LookAgain(Exception):
    """What was found has changed before it was held."""


class Outbox:
    """Hands out the replies of each conversation in their order, and keeps what became of them."""

    def __init__(self, database: Database, directory: Directory) -> None:
        self.database = database
        self.directory = directory
        self.receipts = Receipts(database)

    def outgoing(self, now: datetime, limit: int) -> list[int]:
        """The conversations whose first reply may be sent now, the longest waiting first."""
        moment = stored(now)
        return self.directory.served(OUTGOING, (moment, moment), limit)

    def due(self, conversation: int, now: datetime) -> int | None:
        """The first reply that is not settled, where it waits for nothing but for somebody who sends it."""
        first = self.database.row(FIRST, conversation)
        if first is None or first[0] != "queued" or _rests(now, *first[2:]) is not None:
            return None
        message: int = first[1]
        return message

    def claim(
        self, conversation: int, now: datetime, rate: Rate | None, window: timedelta | None
    ) -> Queued | Wait | PutAside | None:
        """Takes the first reply that is not settled, to be sent by nobody else, or puts it aside."""
        for _ in range(MOST_LOOKS):
            first = self.database.row(FIRST, conversation)
            if first is None or first[0] == "sending":
                return None
            wait = _rests(now, *first[2:])
            if wait is not None:
                return wait
            try:
                with self.database.undone() as undo:
                    found = self._claimable(conversation, now, rate)
                    if found is not None:
                        aside = _unsendable(conversation, found, now, window)
                        outcome = self._take(conversation, found, now, rate) if aside is None else aside
                        if aside is not None:
                            self._put_aside(aside, now)
                        undo.keep()
                        return outcome
            except _LookAgain:
                pass
        return None

    def mark_sent(self, message: int, provider_id: str, now: datetime) -> list[Alarm]:
        """The provider took the reply and will speak of it by this id; what it said before counts now."""
        moment = stored(now)
        provider_id = clean(provider_id)
        with self.database.writing():
            row = self.database.row(SENT_FROM, provider_id, message)
            if row is None:
                raise StorageError(f"there is no message {message} of ours")
            provider, channel, state, taken, behind = row
            # A message that the provider took must not be sent again because its id is of no use.
            is_taken, is_long = taken not in (None, message), len(provider_id) > LONGEST_ID
            error = f"sent after message {behind}, which was not" if behind is not None else ""
            if is_taken:
                error = f"the provider gave it the id of message {taken}"
            if is_long:
                error = f"the provider gave it an id of {len(provider_id)} characters"
            known_by = None if is_taken or is_long else provider_id or None
            sent = (known_by, moment, moment, error, message)
            statements: list[Statement] = [(SENT, sent)]
            if state != "open":
                statements.insert(0, open_as_taken(channel, message, now))
            self.database.execute_all(statements)
        return self.receipts.apply_pending(provider, provider_id, now)

    def mark_failed(self, message: int, status: Failed, code: str, text: str, now: datetime) -> None:
        """The reply will not be sent."""
        with self.database.writing():
            self.database.execute(PUT_ASIDE, status, stored(now), clean(code), clean(text), message)

    def send_again(self, message: int, code: str, text: str, after: datetime) -> None:
        """The reply goes back to its place in the queue, not to be tried before `after`."""
        with self.database.writing():
            self.database.execute(AGAIN, clean(code), clean(text), stored(after), message)

    def put_off(self, message: int, code: str, text: str, after: datetime) -> None:
        """The same of a reply that was surely not sent: it counts as delayed, not as tried."""
        with self.database.writing():
            self.database.execute(PUT_OFF, clean(code), clean(text), stored(after), message)

    def give_back(self, message: int) -> None:
        """The reply goes back to its place in the queue as if nobody had tried to send it."""
        with self.database.writing():
            self.database.execute(GIVE_BACK, message)

    def release_sending(self, before: datetime) -> int:
        """Puts back what has been in the sending since before that moment."""
        with self.database.writing():
            return self.database.execute(RELEASE, stored(before))

    def queue(
        self,
        business: str,
        channel: ChannelAddress,
        sender: str,
        outbound: Outbound,
        now: datetime,
        correlation: str,
    ) -> int:
        """Queues a message to a phone number or user id."""
        with self.database.writing():
            located = self.directory.conversation(business, channel, sender, now)
            self.database.execute(TOUCH, located.conversation)
            values = queued_reply(located, outbound, stored(now), correlation=clean(correlation))
            return self.database.insert(f"{QUEUE_REPLY} RETURNING id", *values)

    def _claimable(self, conversation: int, now: datetime, rate: Rate | None) -> _Claimable | None:
        """The first reply, if it may be sent now; its conversation is then held."""
        moment = stored(now)
        row = self.database.row(HOLD[self.database.kind, rate is not None], conversation, moment, moment)
        return _Claimable(*row) if row else None

    def _put_aside(self, aside: PutAside, now: datetime) -> None:
        """Writes that down. Raises _LookAgain where a receipt has moved the reply meanwhile."""
        words = (aside.status, stored(now), aside.code, aside.text, aside.id)
        if self.database.execute(PUT_ASIDE, *words) != 1:
            raise _LookAgain

    def _take(self, conversation: int, found: _Claimable, now: datetime, rate: Rate | None) -> Queued | Wait:
        """Claims what was found, or says when its rate lets it go. Raises _LookAgain."""
        moment = stored(now)
        changes: list[Statement] = []
        if rate is not None:
            customer_ready = loaded_or_none(found.customer_ready_at)
            number_ready = loaded_or_none(found.number_ready_at)
            of_customer = rate.customer.free_at(customer_ready, now)
            of_number = rate.number.free_at(number_ready, now)
            until = max(of_customer, of_number)
            if until > now:
                if self.database.execute(TRY_LATER, stored(until), found.id) != 1:
                    raise _LookAgain
                return Wait(until, of_number >= of_customer)
            customer = stored(rate.customer.after_one(customer_ready, now))
            number = stored(rate.number.after_one(number_ready, now))
            changes.append((CUSTOMER_READY, (customer, conversation)))
            changes.append((NUMBER_READY, (number, found.channel_id)))
        if found.channel_state != "open":
            changes.append((PROBE, (stored(now + PROBE_EVERY), found.channel_id, moment)))
        who = (conversation, found.phone or "", found.user_id or "")
        changes.append((CLAIM, (moment, found.id, conversation, found.id, *who)))
        if 0 in self.database.execute_all(changes):
            raise _LookAgain
        return _queued(conversation, found)


def _rests(
    now: datetime, try_after: datetime | str | None, channel_state: str, try_at: datetime | str | None
) -> Wait | None:
    """Until when the reply, or the whole number, may not be tried; None where both may."""
    number = loaded_or_none(try_at) if channel_state != "open" else None
    if number is not None and number > now:
        return Wait(number, of_number=True)
    until = loaded_or_none(try_after)
    return Wait(until) if until is not None and until > now else None


def _unsendable(
    conversation: int, found: _Claimable, now: datetime, window: timedelta | None
) -> PutAside | None:
    """What becomes of a reply that is not even tried; None for one that is."""
    heard_at = loaded_or_none(found.heard_at)
    why: tuple[Failed, str, str]
    if not (found.phone or found.user_id):
        why = "failed", "no_address", NO_ADDRESS
    elif window is not None and (heard_at is None or now - heard_at > window):
        why = "needs_template", "window", NO_WINDOW
    else:
        return None
    return PutAside(found.id, found.provider, conversation, found.business, found.correlation, *why)


def _queued(conversation: int, found: _Claimable) -> Queued:
    answers_first = found.first_answer == found.id and not (found.attempts or found.delays)
    created_at = loaded(found.created_at)
    return Queued(
        found.id,
        found.provider,
        found.channel,
        found.phone or found.user_id or "",
        load_outbound(found.payload),
        conversation,
        found.business,
        created_at,
        found.attempts,
        found.delays,
        found.user_id or "",
        found.correlation,
        found.asked or "" if answers_first else "",
        str(Reference(found.id, created_at)),
        found.behind,
    )
