"""Knows customers by new numbers and ids, and joins two rows that turn out to be one customer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple, TypeVar

from peewee import IntegrityError

from adapters.storage.database import Database, DatabaseBusy, Statement, stored
from adapters.storage.payloads import clean_id
from adapters.storage.talks import BEGIN_ANEW, TALKS, TOUCH, Talk, begun, flow_of, going_on
from engine.pack import Pack

KNOWN_BY_PHONE = """
    SELECT id, phone, user_id, name, address, email, language, role, profile_name
    FROM customers WHERE business = ? AND phone = ?"""
KNOWN_BY_USER_ID = """
    SELECT id, phone, user_id, name, address, email, language, role, profile_name
    FROM customers WHERE business = ? AND user_id = ?"""
GIVE_PHONE = "UPDATE customers SET phone = ? WHERE id = ?"
GIVE_USER_ID = "UPDATE customers SET user_id = ? WHERE id = ?"
KNOW_BY_ID_ALONE = "UPDATE customers SET phone = NULL, user_id = ? WHERE id = ?"
KNOW_BY_NOTHING = "UPDATE customers SET phone = NULL, user_id = NULL WHERE id = ?"
FILL = """
    UPDATE customers SET name = ?, address = ?, email = ?, language = ?, role = ?, profile_name = ?
    WHERE id = ?"""
GIVE_ORDERS = "UPDATE orders SET customer_id = ? WHERE customer_id = ?"
GIVE_TALK = "UPDATE conversations SET customer_id = ? WHERE id = ?"
MOST_LOOKS = 50
"""How often is looked again where others change what was found: of a POST, every customer may be joined."""


Found = TypeVar("Found")


class LookAgain(Exception):
    """What was found has changed before it was held."""


class _Row(NamedTuple):
    """A customer; the same person may have two."""

    id: int
    phone: str | None
    user_id: str | None
    name: str
    address: str
    email: str
    language: str
    role: str
    profile_name: str


class Identity(NamedTuple):
    """What a customer is known by; at least one of the two is there."""

    phone: str | None
    user_id: str | None


_Rows = tuple[_Row | None, _Row | None]


def identity(sender: str, user_id: str = "") -> Identity:
    """Tells a phone number, however written, from a business-scoped id.

    Raises ValueError for neither, and for one that is longer than any provider's is.
    """
    sender, user_id = clean_id(sender), clean_id(user_id)
    if sender.isascii() and sender.isdigit():
        return Identity(sender, user_id or None)
    if re.fullmatch(r"\s*\+?[0-9][0-9 ().-]*", sender):
        return Identity(re.sub(r"[^0-9]", "", sender), user_id or None)
    known = user_id or sender.strip()
    if not known:
        raise ValueError("the message names no sender")
    return Identity(None, known)


def looked_again(look: Callable[[], Found]) -> Found:
    """What came of a look; where others change what was found, of the next one. Raises DatabaseBusy."""
    for _ in range(MOST_LOOKS):
        try:
            return look()
        except (LookAgain, IntegrityError):
            pass
    raise DatabaseBusy("others go on changing what is known of this customer")


class Identities:
    """Writes down what customers are known by, each time in a transaction of its own.

    Conversations are held before customers, in the order of their ids, as everywhere: nobody waits for
    somebody who waits for them.
    """

    def __init__(self, database: Database, packs: Mapping[str, Pack]) -> None:
        self.database = database
        self.packs = packs

    def is_news(self, business: str, who: Identity) -> bool:
        """Whether a customer is there who is to be known by both from now on."""
        return _learnt(self._rows(business, who), who) is not None

    def learn(self, business: str, who: Identity, now: datetime) -> tuple[int, ...]:
        """The customer is known by number and id from now on; of two rows, that of the number goes on.

        Gives the conversations that messages were given to.
        """
        return looked_again(lambda: self._learn(business, who, now))

    def move(self, business: str, who: Identity, moved: Identity, now: datetime) -> tuple[int, ...]:
        """The customer is known by this from now on; where somebody is so already, the two are one.

        Gives the conversations that messages were given to.
        """
        return looked_again(lambda: self._move(business, who, moved, now))

    def _learn(self, business: str, who: Identity, now: datetime) -> tuple[int, ...]:
        with self.database.writing():
            rows = self._rows(business, who)
            self._hold(rows)
            if self._rows(business, who) != rows:
                raise LookAgain
            learnt = _learnt(rows, who)
            if learnt is None:
                return ()
            statement, by_phone, by_id = learnt
            given = self._join(business, by_phone, by_id, now) if by_phone and by_id else ()
            self.database.execute_all([statement])
            return given

    def _move(self, business: str, who: Identity, moved: Identity, now: datetime) -> tuple[int, ...]:
        with self.database.writing():
            rows = self._moving(business, who, moved)
            self._hold(rows)
            if self._moving(business, who, moved) != rows:
                raise LookAgain
            old, new = rows
            if old is None or (new is not None and new.id == old.id):
                return ()
            if new is not None:
                return self._join(business, new, old, now)
            if moved.phone:
                self.database.execute(GIVE_PHONE, moved.phone, old.id)
            else:
                self.database.execute(KNOW_BY_ID_ALONE, moved.user_id, old.id)
            return ()

    def _rows(self, business: str, who: Identity) -> _Rows:
        """Who is known by the number, and who by the id."""
        return self._row(KNOWN_BY_PHONE, business, who.phone), self._row(
            KNOWN_BY_USER_ID, business, who.user_id
        )

    def _moving(self, business: str, who: Identity, moved: Identity) -> _Rows:
        """Who was known by the old number or id, and who is by the new one."""
        by_phone, by_id = self._rows(business, who)
        new_phone, new_id = self._rows(business, moved)
        return by_phone or by_id, new_phone or new_id

    def _row(self, statement: str, business: str, known_by: str | None) -> _Row | None:
        row = self.database.row(statement, business, known_by) if known_by else None
        return _Row(*row) if row else None

    def _talks(self, customer: int) -> list[Talk]:
        return [Talk(*row) for row in self.database.rows(TALKS, customer)]

    def _hold(self, rows: _Rows) -> None:
        """Locks the conversations of both."""
        conversations = {one.id for row in rows if row is not None for one in self._talks(row.id)}
        self.database.execute_all([(TOUCH, (conversation,)) for conversation in sorted(conversations)])

    def _join(self, business: str, kept: _Row, other: _Row, now: datetime) -> tuple[int, ...]:
        """Gives one row all that the other has, who is known by nothing afterwards. Raises LookAgain."""
        own = {one.channel: one for one in self._talks(kept.id)}
        theirs = self._talks(other.id)
        given: list[int] = []
        changes: list[Statement] = []
        for one in theirs:
            if one.channel in own:
                changes += going_on(own[one.channel], one, now)
                given.append(own[one.channel].id)
            else:
                changes.append((GIVE_TALK, (kept.id, one.id)))
        self.database.execute_all([*changes, (KNOW_BY_NOTHING, (other.id,))])
        if any(one.id not in {known.id for known in theirs} for one in self._talks(other.id)):
            raise LookAgain  # one began before their row was held
        role = kept.role if kept.role != "customer" else other.role
        # In the order of the columns.
        filled = (mine or theirs for mine, theirs in zip(kept[3:7], other[3:7], strict=True))
        profile_name = kept.profile_name or other.profile_name
        self.database.execute_all(
            [(FILL, (*filled, role, profile_name, kept.id)), (GIVE_ORDERS, (kept.id, other.id))]
        )
        if kept.role != other.role:
            # The states of another role's flow are not this one's.
            flow = flow_of(self.packs, business, role)
            self.database.execute(BEGIN_ANEW, *begun(flow), stored(now), kept.id, flow.name)
        return tuple(given)


def _learnt(rows: _Rows, who: Identity) -> tuple[Statement, _Row | None, _Row | None] | None:
    """What makes the customer known by both, and the rows; None where nothing does."""
    by_phone, by_id = rows
    if not who.phone or not who.user_id or by_phone == by_id:
        return None
    if by_phone is None and by_id is not None:
        return (GIVE_PHONE, (who.phone, by_id.id)), None, by_id
    # An id of somebody who has a number is left to them.
    if by_phone is None or (by_id is not None and by_id.phone is not None):
        return None
    return (GIVE_USER_ID, (who.user_id, by_phone.id)), by_phone, by_id
