"""Copies the whole database into one file while it is being written, and makes a database of such a file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapters.storage.copied import Copied, NotCopied, Progress
from adapters.storage.database import DatabaseURLError

PARTS = {"sqlite": b"SQLite format 3\0", "postgresql": b"PGDMP"}
"""Kind of database: what a copy of one begins with."""


def back_up(url: str, target: Path, progress: Progress) -> Copied:
    """Copies the database at this address into a new file: everything that was committed when it began.

    The file has its name only when it is whole and was checked. Raises NotCopied, DatabaseURLError.
    """
    kind = _kind(url)
    if os.path.lexists(target):
        raise NotCopied(f"{target} is there already: name another file, or move it away first")
    if not target.absolute().parent.is_dir():
        raise NotCopied(f"the folder {target.absolute().parent} does not exist: make it first")
    with _whole(target) as unfinished:
        if kind == "sqlite":
            from adapters.storage.sqlite_copies import copy_sqlite

            return copy_sqlite(_sqlite_file(url), unfinished, progress)
        from adapters.storage.postgresql_copies import dump

        return dump(url, unfinished, progress)


def restore(source: Path, url: str, progress: Progress) -> Copied:
    """Fills the empty database at this address with what `back_up` wrote.

    Raises NotCopied where there is anything in the database, and where the file is no copy of its kind.
    """
    kind = _kind(url)
    found = _kind_of_file(source)
    if found != kind:
        what = "a copy of another kind of database" if found else "no copy that `shoptalk backup` made"
        raise NotCopied(f"{source} is {what}: DATABASE_URL names one of {kind}")
    if kind == "sqlite":
        from adapters.storage.sqlite_copies import copy_sqlite

        file = _sqlite_file(url)
        if os.path.lexists(file):
            raise NotCopied(f"{file} is there already: stop Shoptalk, and move the file away first")
        with _whole(file) as unfinished:
            return copy_sqlite(source, unfinished, progress)
    from adapters.storage.postgresql_copies import fill

    return fill(source, url, progress)


@contextmanager
def _whole(target: Path) -> Iterator[Path]:
    """A new file that takes the name of the target when the block ends well, and is on the disk then."""
    unfinished = target.with_name(f"{target.name}.unfinished")
    try:
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise NotCopied(
            f"{unfinished} is there: another copy is under way, or broke off; remove it"
        ) from None
    except OSError as error:
        raise NotCopied(f"{unfinished} cannot be written: {error.strerror}") from error
    try:
        yield unfinished
        for path in (unfinished, target.absolute().parent):
            opened = os.open(path, os.O_RDONLY)
            os.fsync(opened)
            os.close(opened)
        if os.path.lexists(target):
            raise NotCopied(f"{target} has come into being meanwhile: name another file")
        os.rename(unfinished, target)
    except OSError as error:
        raise NotCopied(f"{target} cannot be written: {error.strerror or error}") from error
    finally:
        unfinished.unlink(missing_ok=True)


def _kind(url: str) -> str:
    kind = url.partition("://")[0]
    if kind not in PARTS:
        raise DatabaseURLError("DATABASE_URL names neither SQLite nor PostgreSQL: there is nothing to copy")
    return kind


def _kind_of_file(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            begins = file.read(16)
    except OSError as error:
        raise NotCopied(f"{path} cannot be read: {error.strerror}") from error
    return next((kind for kind, sign in PARTS.items() if begins.startswith(sign)), None)


def _sqlite_file(url: str) -> Path:
    path = url.removeprefix("sqlite:///")
    if path == ":memory:":
        raise NotCopied("a database in memory ends with its process: there is nothing to copy")
    return Path(path)
