"""Keeps everything in one SQLite file; the only module that knows SQLite's ways."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any
from weakref import WeakSet

import peewee
from peewee import Query

from adapters.storage.database import (
    BUSY_SECONDS,
    Database,
    DatabaseBusy,
    DatabaseURLError,
    Statement,
    StorageError,
    stored,
)

OLDEST_SQLITE = (3, 35, 0)
"""The first version with RETURNING."""

STATEMENTS = 500
"""How many a connection keeps prepared: those of many rows come in several sizes."""

WAL_PAGES = 4000
"""Of 4 KB, after which what was written is put in its place: what is written again meanwhile is so once."""

NAMES: tuple[tuple[type[sqlite3.Error], type[peewee.PeeweeException]], ...] = (
    (sqlite3.IntegrityError, peewee.IntegrityError),
    (sqlite3.DataError, peewee.DataError),
    (sqlite3.ProgrammingError, peewee.ProgrammingError),
    (sqlite3.NotSupportedError, peewee.NotSupportedError),
    (sqlite3.InternalError, peewee.InternalError),
    (sqlite3.OperationalError, peewee.OperationalError),
    (sqlite3.InterfaceError, peewee.InterfaceError),
    (sqlite3.Error, peewee.DatabaseError),
)
"""The driver's word for what went wrong, and Peewee's."""


def open_sqlite(url: str) -> SQLite:
    """The database at `sqlite:///PATH` (four slashes for an absolute path) or `sqlite:///:memory:`.

    Raises DatabaseURLError where the address names no file, or one that cannot be opened.
    """
    path = url.removeprefix("sqlite://")
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
        return SQLite(_Connected.open(path, thread_safe=False), shared=True)
    folder = Path(path).absolute().parent
    if not folder.is_dir():
        raise DatabaseURLError(f"{url!r}: the folder {folder} does not exist; make it first")
    if Path(path).is_dir():
        raise DatabaseURLError(f"{url!r} is a folder: name a file in it")
    database = SQLite(_Connected.open(path), shared=False)
    try:
        database.rows("SELECT name FROM sqlite_master LIMIT 1")
    except peewee.DatabaseError as error:
        database.close()
        raise DatabaseURLError(f"{url!r} cannot be opened: {error}") from error
    return database


class _Connection(sqlite3.Connection):
    """A connection that can be referred to weakly, so that one of a thread that ended is not kept open."""


class _Connected(peewee.SqliteDatabase):
    """SQLite set up so that what was committed is on the disk, with every thread's connection known."""

    connections: WeakSet[sqlite3.Connection]

    @classmethod
    def open(cls, path: str, thread_safe: bool = True) -> _Connected:
        database = cls(
            path,
            pragmas=(
                ("journal_mode", "wal"),
                ("synchronous", "full"),
                ("foreign_keys", 1),
                ("wal_autocheckpoint", WAL_PAGES),
            ),
            lock_type="IMMEDIATE",
            thread_safe=thread_safe,
            timeout=BUSY_SECONDS,
            check_same_thread=False,
            factory=_Connection,
            cached_statements=STATEMENTS,
        )
        database.connections = WeakSet()
        return database

    def _connect(self) -> sqlite3.Connection:
        connection: sqlite3.Connection = super()._connect()  # type: ignore[misc]  # not in the stubs
        self.connections.add(connection)
        return connection


class SQLite(Database):
    """One file, or memory, that every thread of this process writes in turn.

    Several SQLite writers that wait in its busy handler starve each other, one lock does not; and what one
    connection writes the others have to read anew, so all threads write through the same. A `shared`
    database has one connection for everything, whose readers take the same lock. Statements go past Peewee,
    which costs a short one a third of its time.
    """

    kind = "sqlite"
    peewee: _Connected

    def __init__(self, connected: _Connected, shared: bool) -> None:
        self.peewee = connected
        self._is_shared = shared
        # Of this thread, or of all where memory is shared.
        self._state: Any = connected._state  # type: ignore[attr-defined]
        self._lock = threading.RLock()
        self._writer: sqlite3.Connection | None = None

    def writing(self) -> AbstractContextManager[None]:
        return _Writing(self)

    def writer(self) -> sqlite3.Connection:
        """The connection that all threads write through, each while it holds the lock."""
        if self._writer is None:
            own = self.peewee.connection if self._is_shared else self.peewee._connect
            self._writer = own()
        return self._writer

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        self._run("SAVEPOINT stretch")
        try:
            yield
        except BaseException:
            self._run("ROLLBACK TO SAVEPOINT stretch")
            self._run("RELEASE SAVEPOINT stretch")
            raise
        self._run("RELEASE SAVEPOINT stretch")

    @contextmanager
    def migrating(self) -> Iterator[None]:
        """Other processes are kept out by the migration's own transaction."""
        with self._lock:
            yield

    def connected(self) -> AbstractContextManager[None]:
        return nullcontext()

    def moment(self, moment: datetime) -> str:
        # The driver would write each of these itself, as often as it meets it.
        return stored(moment).isoformat(" ")

    def check_writable(self) -> None:
        with self.writing():
            pass

    def rows(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        if self._is_shared:
            with self._lock:
                return self._all(statement, parameters)
        return self._all(statement, parameters)

    def row(self, statement: str, *parameters: object) -> tuple[Any, ...] | None:
        found = self.rows(statement, *parameters) if self._is_shared else self._all(statement, parameters)
        return found[0] if found else None

    def rows_all(self, statements: Sequence[Statement]) -> list[list[tuple[Any, ...]]]:
        execute = (self._state.conn or self.peewee.connection()).execute
        try:
            return [execute(statement, parameters).fetchall() for statement, parameters in statements]
        except sqlite3.Error as error:
            raise _named(error) from error

    def execute(self, statement: str, *parameters: object) -> int:
        try:
            return (self._state.conn or self.peewee.connection()).execute(statement, parameters).rowcount
        except sqlite3.Error as error:
            raise _named(error) from error

    def change(self, query: Query) -> int:
        outcome: int = query.bind(self.peewee).execute()
        return outcome

    def select(self, query: Query) -> list[dict[str, Any]]:
        with self._lock if self._is_shared else nullcontext():
            return list(query.dicts().bind(self.peewee))

    def disconnect(self) -> None:
        if not self._is_shared:  # what is in memory goes with its connection
            self.close()

    def close(self) -> None:
        with self._lock:
            self.peewee.close()
            for connection in list(self.peewee.connections):
                connection.close()
            self._writer = None

    def _all(self, statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        try:
            return (self._state.conn or self.peewee.connection()).execute(statement, parameters).fetchall()
        except sqlite3.Error as error:
            raise _named(error) from error

    def _run(self, statement: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        try:
            return (self._state.conn or self.peewee.connection()).execute(statement, parameters)
        except sqlite3.Error as error:
            raise _named(error) from error


class _Writing:
    """A transaction that changes something; a generator would cost each message two microseconds more."""

    __slots__ = ("_before", "_connection", "_database")

    def __init__(self, database: SQLite) -> None:
        self._database = database

    def __enter__(self) -> None:
        database = self._database
        database._lock.acquire()
        try:
            connection = database.writer()
            if connection.in_transaction:
                raise StorageError("a transaction is open in this thread already: end it first")
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                raise DatabaseBusy(f"the database takes no change: {error}") from error
        except BaseException:
            database._lock.release()
            raise
        # Whatever this thread asks until the end, through Peewee too, is asked within the transaction.
        state = database._state
        self._before = (state.conn, state.closed)
        state.conn, state.closed = connection, False
        self._connection = connection

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        connection, state = self._connection, self._database._state
        try:
            if kind is None:
                connection.execute("COMMIT")
        except sqlite3.Error as refused:
            raise _named(refused) from refused
        finally:
            try:
                if connection.in_transaction:  # a full disk has ended it already
                    connection.execute("ROLLBACK")
            finally:
                state.conn, state.closed = self._before
                self._database._lock.release()


def _named(error: sqlite3.Error) -> peewee.PeeweeException:
    return next(name for kind, name in NAMES if isinstance(error, kind))(error, *error.args)
