"""Knows which numbers may send; one that is stopped lets a message through now and then, as a probe."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from adapters.storage.database import Database, Statement, StorageError, loaded_or_none, stored
from adapters.storage.payloads import clean

ChannelWord = Literal["open", "waiting", "stopped"]

PROBE_EVERY = timedelta(seconds=60)
"""How long after one probe of a number that is not open the next one is let through."""

QUIET = timedelta(hours=1)
"""How long after bad news of a number by status its provider's answers alone are believed again."""

CHANNEL = "SELECT id FROM channels WHERE provider = ? AND address = ?"
STATE = "SELECT state FROM channels WHERE id = ?"
CHANNELS = """
    SELECT provider, address, business, state, code, text, state_at, try_at FROM channels
    ORDER BY business, provider, address"""
# A number whose account must be mended is not made to wait a while instead; what it is since stays the moment
# at which it began.
STOP = """
    UPDATE channels
    SET state_at = CASE WHEN state = ? THEN state_at ELSE ? END, state = ?, code = ?, text = ?, try_at = ?,
        told_at = COALESCE(?, told_at)
    WHERE id = ? AND (state <> 'stopped' OR ? = 'stopped')"""
# Only what was begun after the stop tells that the number works again. A provider whose statuses told of the
# trouble takes everything meanwhile: there only what reached its customer tells it, or a long silence.
OPEN_AS_TAKEN = """
    UPDATE channels SET state = 'open', code = '', text = '', state_at = ?, try_at = NULL, told_at = NULL
    WHERE id = ? AND state <> 'open' AND (told_at IS NULL OR told_at <= ?)
    AND (state_at IS NULL OR state_at <= (SELECT status_at FROM messages WHERE messages.id = ?))"""
OPEN_AS_ARRIVED = """
    UPDATE channels SET state = 'open', code = '', text = '', state_at = ?, try_at = NULL, told_at = NULL
    WHERE id = ? AND state <> 'open' AND EXISTS
    (SELECT 1 FROM messages WHERE messages.id = ? AND sent_at >= told_at AND sent_at >= state_at)"""
PROBE = """
    UPDATE channels SET try_at = ? WHERE id = ? AND state <> 'open' AND (try_at IS NULL OR try_at <= ?)"""


class ChannelState(NamedTuple):
    """A number and whether it sends: `code` and `text` say why not, since `state_at`.

    At `try_at` one message is let through; what waits until then is sent when that one was taken, or, where a
    status told of the trouble, when it has arrived.
    """

    provider: str
    number: str
    business: str
    state: ChannelWord
    code: str
    text: str
    state_at: datetime | None
    try_at: datetime | None


class Alarm(NamedTuple):
    """A number whose account a person must mend, as its provider said: `code` and `text` are its words."""

    provider: str
    number: str
    business: str
    code: str
    text: str


class Stop(NamedTuple):
    """Why a number sends nothing before `try_at`."""

    state: ChannelWord
    code: str
    text: str
    try_at: datetime


def stop(database: Database, channel: int, reason: Stop, now: datetime, told: bool = False) -> bool:
    """Writes down, in a transaction, that the number sends nothing; whether that state is new.

    `told` where a status says so, of a message that was taken.
    """
    state, moment = reason.state, stored(now)
    before = database.row(STATE, channel)
    words = clean(reason.code), clean(reason.text), stored(reason.try_at), moment if told else None
    stopped = database.execute(STOP, state, moment, state, *words, channel, state)
    return bool(stopped) and before != (state,)


def open_as_taken(channel: int, message: int, now: datetime) -> Statement:
    """The statement that opens the number, if it may, because its provider took this message."""
    return OPEN_AS_TAKEN, (stored(now), channel, stored(now - QUIET), message)


def open_as_arrived(channel: int, message: int, now: datetime) -> Statement:
    """The statement that opens the number, if it may, because this message has reached its customer."""
    return OPEN_AS_ARRIVED, (stored(now), channel, message)


class ChannelStates:
    """Stops numbers, and tells how each of them is."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def stop(self, provider: str, number: str, reason: Stop, now: datetime) -> bool:
        """Lets the number send nothing before `reason.try_at`; whether it is in that state only since now."""
        with self.database.writing():
            row = self.database.row(CHANNEL, provider, number)
            if row is None:
                raise StorageError(f"there is no {provider} number {number!r}")
            return stop(self.database, row[0], reason, now)

    def all(self) -> list[ChannelState]:
        """Every number, by business."""
        return [_state(row) for row in self.database.rows(CHANNELS)]


def _state(row: Sequence[Any]) -> ChannelState:
    provider, number, business, state, code, text, state_at, try_at = row
    since, again = loaded_or_none(state_at), loaded_or_none(try_at)
    return ChannelState(provider, number, business, state, code, text, since, again)
