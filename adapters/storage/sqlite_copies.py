"""Copies an SQLite file while others write it, by SQLite's own backup, and checks the copy."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from adapters.storage.copied import COUNTS, Copied, NotCopied, Progress

PAGES = 2000
"""Pages of a step: 8 MB, after which it is told how far it is."""

MEGABYTE = 1_000_000


def copy_sqlite(source: Path, target: Path, progress: Progress) -> Copied:
    """Copies everything that is committed at this moment. Raises NotCopied where either file is not whole."""
    if not source.exists():
        raise NotCopied(f"there is no {source}: DATABASE_URL names another file, or nothing was kept yet")
    try:
        with closing(_opened(source)) as reading, closing(sqlite3.connect(target)) as writing:
            _copy(reading, writing, progress)
            progress("checking")
            [(found,)] = writing.execute("PRAGMA integrity_check(1)").fetchall()
            if found != "ok":
                raise NotCopied(f"{source} is damaged, so a copy of it would be: {found}")
            # What is one file, and no journal beside it, can be carried away.
            writing.execute("PRAGMA journal_mode = DELETE")
            [(messages, orders)] = writing.execute(COUNTS).fetchall()
    except sqlite3.Error as error:
        raise NotCopied(f"{source} cannot be copied: {error}") from error
    return Copied(target.stat().st_size, messages, orders)


def _opened(source: Path) -> sqlite3.Connection:
    """A connection whose view of the file no longer changes.

    Without a transaction of its own, SQLite begins a copy anew whenever somebody writes: under steady load it
    would never end.
    """
    reading = sqlite3.connect(source, isolation_level=None, timeout=30)
    try:
        reading.execute("BEGIN")
        reading.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        reading.close()
        raise
    return reading


def _copy(reading: sqlite3.Connection, writing: sqlite3.Connection, progress: Progress) -> None:
    [(size,)] = reading.execute("PRAGMA page_size").fetchall()

    def told(_: int, left: int, pages: int) -> None:
        progress(f"{(pages - left) * size // MEGABYTE} of {pages * size // MEGABYTE} MB")

    reading.backup(writing, pages=PAGES, progress=told, sleep=0.001)
