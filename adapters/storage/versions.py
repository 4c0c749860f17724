"""Keeps the versions of packs by their content, and says which one is in force."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import peewee

from adapters.storage.catalog import seed_in
from adapters.storage.database import Database, loaded, stored
from engine import conversation as talk
from engine.conversation import Conversation
from engine.pack import Pack
from engine.publishing.content import Content, content_of, load_content

IN_FORCE = """
    SELECT number, publication, hash FROM flow_versions WHERE business = ? AND publication =
    (SELECT MAX(publication) FROM flow_versions WHERE business = ?)"""
PUBLICATIONS = "SELECT business, MAX(publication) FROM flow_versions GROUP BY business"
KNOWN = "SELECT number, publication, hash FROM flow_versions WHERE business = ? AND hash = ?"
HIGHEST = "SELECT MAX(number), MAX(publication) FROM flow_versions WHERE business = ?"
CONTENT = "SELECT content FROM flow_versions WHERE business = ? AND number = ?"
KEEP = """
    INSERT INTO flow_versions
    (business, number, hash, publication, published_at, published_by, created_at, content)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
AGAIN = """
    UPDATE flow_versions SET publication = ?, published_at = ?, published_by = ?
    WHERE business = ? AND number = ?"""
LISTED = """
    SELECT number, hash, publication, published_at, published_by, created_at,
           (SELECT COUNT(*) FROM conversations WHERE conversations.business = flow_versions.business
            AND conversations.version = flow_versions.number)
    FROM flow_versions WHERE business = ? ORDER BY publication DESC"""
ARE_ON = "UPDATE conversations SET version = ? WHERE business = ? AND flow <> '' AND version IS NULL"
BUSINESSES = "SELECT DISTINCT business FROM flow_versions ORDER BY business"
LIVE = """
    SELECT conversations.id, customers.role, conversations.version, conversations.data
    FROM conversations JOIN customers ON customers.id = conversations.customer_id
    WHERE conversations.business = ? AND conversations.id > ? AND conversations.flow <> ''
    ORDER BY conversations.id LIMIT ?"""

MANY = 1000

TRIES = 5
"""How often it is tried to publish where others do so at the same moment."""

FIRST = 1
"""The number of a business's first version."""


class InForce(NamedTuple):
    """The version that a business answers with; `publication` counts what was ever published."""

    number: int
    publication: int
    hash: str


@dataclass(frozen=True, slots=True)
class KeptVersion:
    """One version, for people. `conversations` counts those that are on it."""

    number: int
    hash: str
    publication: int
    published_at: datetime
    published_by: str
    created_at: datetime
    conversations: int


class Live(NamedTuple):
    """A conversation that somebody holds; without a `version` it is on the newest."""

    id: int
    role: str
    version: int | None
    conversation: Conversation


class VersionRows:
    """The versions of every business."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def in_force(self, business: str) -> InForce | None:
        """What the business answers with; None where nothing was published."""
        row = self.database.row(IN_FORCE, business, business)
        return InForce(*row) if row else None

    def publications(self) -> dict[str, int]:
        """Business: how often something was published; a number that has grown means another version."""
        return dict(self.database.rows(PUBLICATIONS))

    def known(self, business: str, hash: str) -> InForce | None:
        """The version with this content, in force or not; None where it was never published."""
        row = self.database.row(KNOWN, business, hash)
        return InForce(*row) if row else None

    def content(self, business: str, number: int) -> Content | None:
        """What a version is made of; None where there is no such version."""
        row = self.database.row(CONTENT, business, number)
        return load_content(row[0]) if row else None

    def publish(self, pack: Pack, by: str, now: datetime, only_new: bool = False) -> InForce:
        """Puts the pack in force, and its business and catalog with it; gives what is in force then.

        A content that was published before keeps its number; with `only_new` it is not published again.
        Raises InexactAmount for a price that the currency has no coin for.
        """
        content = content_of(pack)
        for _ in range(TRIES - 1):
            with suppress(peewee.IntegrityError):
                # Somebody else published at the same moment: what they did counts, and this comes after it.
                return self._published(pack, content, by, now, only_new)
        return self._published(pack, content, by, now, only_new)

    def _published(self, pack: Pack, content: Content, by: str, now: datetime, only_new: bool) -> InForce:
        business = pack.business.id
        with self.database.writing():
            newest, known = self.in_force(business), self.known(business, content.hash)
            if only_new and newest is not None and known is not None and known != newest:
                return newest
            if newest is None:
                # Talks from before there were versions are on the first: the next may lack their states.
                # Before the products, in the order in which a turn takes its rows.
                self.database.execute(ARE_ON, FIRST, business)
            seed_in(self.database, pack)
            if newest is not None and known == newest:
                return newest
            return self._publish(business, content, known, by, now)

    def _publish(
        self, business: str, content: Content, known: InForce | None, by: str, now: datetime
    ) -> InForce:
        number, publication = self.database.row(HIGHEST, business) or (None, None)
        publication = (publication or 0) + 1
        moment = stored(now)
        if known is not None:
            self.database.execute(AGAIN, publication, moment, by, business, known.number)
            return InForce(known.number, publication, content.hash)
        number = FIRST if number is None else number + 1
        self.database.execute(
            KEEP, business, number, content.hash, publication, moment, by, moment, content.dump()
        )
        return InForce(number, publication, content.hash)

    def all(self, business: str) -> list[KeptVersion]:
        """The versions of a business, the one in force first."""
        return [
            KeptVersion(number, hash, publication, loaded(published_at), by, loaded(created_at), count)
            for number, hash, publication, published_at, by, created_at, count in self.database.rows(
                LISTED, business
            )
        ]

    def businesses(self) -> list[str]:
        """The businesses of which something was published."""
        return [business for (business,) in self.database.rows(BUSINESSES)]

    def live(self, business: str) -> Iterator[Live]:
        """Every conversation of the business, in the order of their ids."""
        last = 0
        while rows := self.database.rows(LIVE, business, last, MANY):
            for id, role, version, data in rows:
                yield Live(id, role, version, talk.load(data))
            last = rows[-1][0]
