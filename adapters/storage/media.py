"""Holds which of the customers' files wait to be fetched, and where those lie that are kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from adapters.storage.database import Database, loaded, stored
from adapters.storage.payloads import clean, load_inbound
from engine.message import Media
from engine.pack import Pack

# The kind is the message's; a sticker is of none of these, and no file worth keeping.
KEEP = """
    INSERT INTO media
    (message_id, business, kind, mime_type, filename, size, sha256, path, status, error, attempts, try_after,
     created_at)
    SELECT id, business, kind, ?, ?, 0, '', '', 'waiting', '', 0, NULL, ? FROM messages
    WHERE id = ? AND business = ? AND kind IN ('image', 'audio', 'video', 'document')
    ON CONFLICT (message_id) DO NOTHING"""
# What is asked of `status` is written out: a bound parameter never meets a partial index.
DUE = """
    SELECT message_id FROM media
    WHERE status = 'waiting' AND business = ? AND (try_after IS NULL OR try_after <= ?)
    ORDER BY message_id LIMIT ?"""
CLAIM = """
    UPDATE media SET attempts = attempts + 1, try_after = ?
    WHERE message_id = ? AND status = 'waiting' AND (try_after IS NULL OR try_after <= ?)
    RETURNING business, kind, attempts, created_at"""
MESSAGE = """
    SELECT messages.payload, messages.correlation, channels.provider FROM messages
    JOIN channels ON channels.id = messages.channel_id WHERE messages.id = ?"""
# Whoever was so slow that another took the file up has nothing to say about it any more.
KEPT = """
    UPDATE media
    SET status = 'kept', mime_type = ?, size = ?, sha256 = ?, path = ?, error = '', try_after = NULL
    WHERE message_id = ? AND status = 'waiting' AND attempts = ?"""
GIVEN_UP = """
    UPDATE media SET status = ?, error = ?, try_after = NULL
    WHERE message_id = ? AND status = 'waiting' AND attempts = ?"""
AGAIN = """
    UPDATE media SET error = ?, try_after = ?
    WHERE message_id = ? AND status = 'waiting' AND attempts = ?"""


class WaitingMedia(NamedTuple):
    """A file that is to be fetched by who claimed it: `attempts` counts this try too."""

    message: int
    business: str
    provider: str
    kind: str
    media: Media
    attempts: int
    created_at: datetime
    correlation: str = ""


class KeptFile(NamedTuple):
    """A file that was written: its path below the folder of all files, its true type, its size in bytes."""

    path: str
    mime_type: str
    size: int
    sha256: str


def keep_media(database: Database, business: str, message: int, media: Media, now: datetime) -> bool:
    """Writes down, in the open transaction, that the message's file is to be fetched; false for a sticker."""
    filename = clean(media.filename)
    return database.execute(KEEP, clean(media.mime_type), filename, stored(now), message, business) == 1


class MediaRows:
    """The files of the customers of the businesses that are served here, by their message's row id."""

    def __init__(self, database: Database, packs: Mapping[str, Pack]) -> None:
        self.database = database
        self.packs = packs

    def due(self, now: datetime, limit: int = 100) -> list[int]:
        """The messages whose file may be fetched now, those that wait longest first."""
        found = [
            row[0] for business in self.packs for row in self.database.rows(DUE, business, stored(now), limit)
        ]
        return sorted(found)[:limit]

    def claim(self, message: int, now: datetime, until: datetime) -> WaitingMedia | None:
        """Takes the file up: until then nobody else does. None where there is nothing to fetch now."""
        with self.database.writing():
            row = self.database.row(CLAIM, stored(until), message, stored(now))
            about = self.database.row(MESSAGE, message) if row else None
        if row is None or about is None:
            return None
        business, kind, attempts, created_at = row
        payload, correlation, provider = about
        media = load_inbound(payload).media or Media()
        return WaitingMedia(
            message, business, provider, kind, media, attempts, loaded(created_at), correlation
        )

    def kept(self, waiting: WaitingMedia, file: KeptFile) -> bool:
        """The file lies at its place; false where somebody else has settled it meanwhile."""
        change = (file.mime_type, file.size, file.sha256, file.path)
        with self.database.writing():
            return self.database.execute(KEPT, *change, waiting.message, waiting.attempts) == 1

    def refused(self, waiting: WaitingMedia, reason: str) -> bool:
        """The file is too large, or of a type that is not taken."""
        return self._give_up(waiting, "refused", reason)

    def failed(self, waiting: WaitingMedia, reason: str) -> bool:
        """The file could not be fetched, and will not be tried again."""
        return self._give_up(waiting, "failed", reason)

    def again(self, waiting: WaitingMedia, reason: str, after: datetime) -> bool:
        """The file could not be fetched, and is tried again, not before that moment."""
        with self.database.writing():
            change = (clean(reason), stored(after))
            return self.database.execute(AGAIN, *change, waiting.message, waiting.attempts) == 1

    def _give_up(self, waiting: WaitingMedia, status: str, reason: str) -> bool:
        with self.database.writing():
            change = (status, clean(reason))
            return self.database.execute(GIVEN_UP, *change, waiting.message, waiting.attempts) == 1
