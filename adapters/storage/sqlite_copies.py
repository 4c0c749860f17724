"""Copies an SQLite file while others write it, by SQLite's own backup, and checks the copy."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw

from adapters.storage.copied import COUNTS, Copied, NotCopied, Progress
from adapters.storage.database import BUSY_SECONDS

PAGES = 2000
"""Pages of a step: 8 MB, after which it is told how far it is."""

PAUSE = 0.001
"""Seconds between two steps, for those who wait for the disk."""

MEGABYTE = 1_000_000


def copy_sqlite(source: Path, target: Path, progress: Progress) -> Copied:
    """Copies everything that is committed at this moment. Raises NotCopied where either file is not whole."""
    if not source.exists():
        raise NotCopied(f"there is no {source}: DATABASE_URL names another file, or nothing was kept yet")
    try:
        with closing(_opened(source)) as reading, closing(apsw.Connection(str(target))) as writing:
            _copy(reading, writing, progress)
            progress("checking")
            [(found,)] = writing.execute("PRAGMA integrity_check(1)").fetchall()
            if found != "ok":
                raise NotCopied(f"{source} is damaged, so a copy of it would be: {found}")
            # What is one file, and no journal beside it, can be carried away.
            writing.execute("PRAGMA journal_mode = DELETE")
            counts: list[Any] = writing.execute(COUNTS).fetchall()
    except apsw.Error as error:
        raise NotCopied(f"{source} cannot be copied: {error}") from error
    [(messages, orders)] = counts
    return Copied(target.stat().st_size, messages, orders)


def _opened(source: Path) -> apsw.Connection:
    """A connection whose view of the file no longer changes.

    Without a transaction of its own, SQLite begins a copy anew whenever somebody writes: under steady load it
    would never end.
    """
    reading = apsw.Connection(str(source))
    reading.set_busy_timeout(BUSY_SECONDS * 1000)
    try:
        reading.execute("BEGIN")
        reading.execute("SELECT COUNT(*) FROM sqlite_master").fetchall()
    except apsw.Error:
        reading.close()
        raise
    return reading


def _copy(reading: apsw.Connection, writing: apsw.Connection, progress: Progress) -> None:
    size: Any = reading.pragma("page_size")
    with writing.backup("main", reading, "main") as backup:
        while not backup.done:
            backup.step(PAGES)
            copied, pages = backup.page_count - backup.remaining, backup.page_count
            progress(f"{copied * size // MEGABYTE} of {pages * size // MEGABYTE} MB")
            time.sleep(PAUSE)
