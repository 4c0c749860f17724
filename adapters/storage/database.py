"""Opens the database an address names and runs statements on it; the only module that knows SQLite's ways."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from weakref import WeakSet

import peewee

BUSY_SECONDS = 30
"""How long a writer waits for one of another process."""

OLDEST_SQLITE = (3, 35, 0)
"""The first version with RETURNING."""


class StorageError(Exception):
    """Something the storage was asked for cannot be done; the text says why."""


class DatabaseBusy(StorageError):
    """The database takes no change: another process holds it, or it may only be read."""


class DatabaseURLError(StorageError):
    """The address of the database is malformed, or names something that cannot be opened."""


def open_database(url: str) -> Database:
    """The database at `sqlite:///PATH` (four slashes for an absolute path) or `sqlite:///:memory:`.

    Raises DatabaseURLError for any other address, and where the file's folder does not exist.
    """
    scheme, separator, path = url.partition("://")
    if scheme != "sqlite" or not separator:
        # An address may carry a password: only what stands before it is repeated.
        raise DatabaseURLError(
            f"the database address begins with {scheme.split(':')[0][:20]!r}: write sqlite:///shoptalk.db "
            "for a file in the current folder, or sqlite:////var/lib/shoptalk.db for an absolute path"
        )
    if not path.startswith("/") or path == "/":
        raise DatabaseURLError(
            f"{url!r} names no file: write sqlite:///shoptalk.db, with three slashes before the file's name"
        )
    path = path[1:]
    if "?" in path or "#" in path:
        raise DatabaseURLError(f"{url!r}: options behind ? or # are not known here, name the file alone")
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise DatabaseURLError(f"SQLite {sqlite3.sqlite_version} is too old: 3.35 or newer is needed")
    if path == ":memory:":
        return Database(_SQLite.open(path, thread_safe=False), shared=True)
    folder = Path(path).absolute().parent
    if not folder.is_dir():
        raise DatabaseURLError(f"{url!r}: the folder {folder} does not exist; make it first")
    if Path(path).is_dir():
        raise DatabaseURLError(f"{url!r} is a folder: name a file in it")
    database = Database(_SQLite.open(path), shared=False)
    try:
        database.rows("SELECT name FROM sqlite_master LIMIT 1")
    except peewee.DatabaseError as error:
        database.close()
        raise DatabaseURLError(f"{url!r} cannot be opened: {error}") from error
    return database


class _Connection(sqlite3.Connection):
    """A connection that can be referred to weakly, so that one of a thread that ended is not kept open."""


class _SQLite(peewee.SqliteDatabase):
    """SQLite set up so that what was committed is on the disk, with every thread's connection known."""

    connections: WeakSet[sqlite3.Connection]

    @classmethod
    def open(cls, path: str, thread_safe: bool = True) -> _SQLite:
        database = cls(
            path,
            pragmas=(
                ("journal_mode", "wal"),
                ("synchronous", "full"),
                ("foreign_keys", 1),
            ),
            lock_type="IMMEDIATE",
            thread_safe=thread_safe,
            timeout=BUSY_SECONDS,
            check_same_thread=False,
            factory=_Connection,
        )
        database.connections = WeakSet()
        return database

    def _connect(self) -> sqlite3.Connection:
        connection: sqlite3.Connection = super()._connect()  # type: ignore[misc]  # not in the stubs
        self.connections.add(connection)
        return connection


class Database:
    """Statements and transactions on one database, for every thread.

    Statements are written with `?` for their parameters, and hold no other `?` and no `%`. Writers take
    turns: several SQLite writers that wait in its busy handler starve each other, one lock does not. A
    `shared` database has one connection for all threads, whose readers take the same lock.
    """

    def __init__(self, connected: _SQLite, shared: bool) -> None:
        self.peewee = connected
        self._lock = threading.RLock()
        self._reading: AbstractContextManager[Any] = self._lock if shared else nullcontext()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction that changes something; undone as a whole when an exception leaves it.

        Raises DatabaseBusy where none can be begun.
        """
        with self._lock, ExitStack() as transaction:
            if self.peewee.in_transaction():
                raise StorageError("a transaction is open in this thread already: end it first")
            try:
                transaction.enter_context(self.peewee.atomic())
            except peewee.OperationalError as error:
                raise DatabaseBusy(f"the database takes no change: {error}") from error
            yield

    @contextmanager
    def undone(self) -> Iterator[Undo]:
        """A transaction that is kept only if `keep` was called within it."""
        undo = Undo()
        try:
            with self.writing():
                yield undo
                if not undo.kept:
                    raise _NothingToKeep
        except _NothingToKeep:
            pass

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A stretch of a transaction that is undone as a whole when an exception leaves it."""
        execute = self.peewee.execute_sql
        execute("SAVEPOINT stretch")
        try:
            yield
        except BaseException:
            execute("ROLLBACK TO SAVEPOINT stretch")
            execute("RELEASE SAVEPOINT stretch")
            raise
        execute("RELEASE SAVEPOINT stretch")

    @contextmanager
    def migrating(self) -> Iterator[None]:
        """A stretch in which no other thread writes; each migration has its own transaction."""
        with self._lock:
            yield

    def rows(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """All rows of a statement."""
        with self._reading:
            found: list[tuple[Any, ...]] = self.peewee.execute_sql(statement, parameters).fetchall()
            return found

    def row(self, statement: str, *parameters: object) -> tuple[Any, ...] | None:
        """The first row of a statement, None where there is none."""
        found = self.rows(statement, *parameters)
        return found[0] if found else None

    def execute(self, statement: str, *parameters: object) -> int:
        """Runs a statement that changes something; how many rows it met."""
        count: int = self.peewee.execute_sql(statement, parameters).rowcount
        return count

    def insert(self, statement: str, *parameters: object) -> int:
        """Runs an INSERT … RETURNING id; the id."""
        found = self.row(statement, *parameters)
        if found is None:
            raise StorageError("nothing was inserted")
        identity: int = found[0]
        return identity

    def change(self, query: peewee.Query) -> int:
        """Runs a Peewee query that changes something: how many rows it met, of an INSERT the id."""
        outcome: int = query.bind(self.peewee).execute()
        return outcome

    def select(self, query: peewee.Query) -> list[dict[str, Any]]:
        """All rows of a Peewee query, as dictionaries of plain values."""
        with self._reading:
            return list(query.dicts().bind(self.peewee))

    def close(self) -> None:
        """Closes the connections of every thread."""
        with self._lock:
            self.peewee.close()
            for connection in list(self.peewee.connections):
                connection.close()


class Undo:
    """A transaction that is undone unless somebody keeps it."""

    kept = False

    def keep(self) -> None:
        """Has the transaction kept."""
        self.kept = True


class _NothingToKeep(Exception):
    pass


def utc_now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


def stored(moment: datetime) -> datetime:
    """The moment as columns hold it: UTC, without its zone. Raises ValueError for one that names no zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} names no time zone")
    return moment.astimezone(UTC).replace(tzinfo=None)


def loaded(value: datetime | str) -> datetime:
    """The aware moment that a column holds."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value.replace(tzinfo=UTC)


def loaded_or_none(value: datetime | str | None) -> datetime | None:
    """The aware moment that a column holds, if it holds one."""
    return None if value is None else loaded(value)
