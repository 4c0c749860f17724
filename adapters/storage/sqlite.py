"""Keeps everything in one SQLite file; the only module that knows SQLite's ways."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from weakref import WeakSet

import apsw
import peewee
from peewee import Query
from playhouse.apsw_ext import EXCEPTIONS, APSWDatabase

from adapters.storage.database import (
    BUSY_SECONDS,
    Database,
    DatabaseBusy,
    DatabaseURLError,
    Group,
    Statement,
    StorageError,
    stored,
)

STATEMENTS = 500
"""How many a connection keeps prepared: those of many rows come in several sizes."""

WAL_PAGES = 4000
"""Of 4 KB, after which what was written is put in its place: what is written again meanwhile is so once."""


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


class _Connected(APSWDatabase):
    """SQLite set up so that what was committed is on the disk, with every thread's connection known."""

    connections: WeakSet[apsw.Connection]

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
            statementcachesize=STATEMENTS,
        )
        database.connections = WeakSet()
        return database

    def _connect(self) -> apsw.Connection:
        connection: apsw.Connection = super()._connect()
        # Or a statement would be planned anew for other values, which costs more than to run it.
        connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        connection.convert_binding = _bound
        self.connections.add(connection)
        return connection


def _bound(_: object, number: int, value: object) -> str:
    """What the driver does not know as SQLite keeps it. Raises TypeError for what no column holds."""
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"parameter {number} is of a kind that SQLite does not keep: {type(value).__name__}")


class SQLite(Database):
    """One file, or memory, that every thread of this process writes in turn.

    Several SQLite writers that wait in its busy handler starve each other, one lock does not; and what one
    connection writes the others have to read anew, so all threads write through the same. A `shared`
    database has one connection for everything, whose readers take the same lock. Statements go past Peewee,
    which costs a short one a third of its time. The driver is APSW, which brings SQLite along: within this
    process nobody may open the file with another SQLite, such as Python's own, since neither sees the locks
    of the other.
    """

    kind = "sqlite"
    peewee: _Connected

    def __init__(self, connected: _Connected, shared: bool) -> None:
        self.peewee = connected
        self._is_shared = shared
        # Of this thread, or of all where memory is shared.
        self._state: Any = connected._state
        self._lock = threading.RLock()
        self._writer: apsw.Connection | None = None

    def writing(self) -> AbstractContextManager[None]:
        return _Writing(self)

    def writer(self) -> apsw.Connection:
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
        # The driver would ask for each of these, as often as it meets it.
        if moment.tzinfo is UTC:
            return moment.isoformat(" ")[:-6]  # without +00:00
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
        execute = self._connection().execute
        try:
            return [execute(statement, parameters).fetchall() for statement, parameters in statements]
        except apsw.Error as error:
            raise _named(error) from error

    def rows_of_groups(self, groups: Sequence[Group]) -> list[list[tuple[Any, ...]]]:
        run_many = self._connection().executemany
        try:
            return [run_many(statement, rows).fetchall() for statement, rows in groups]
        except apsw.Error as error:
            raise _named(error) from error

    def execute(self, statement: str, *parameters: object) -> int:
        [count] = self.execute_all(((statement, parameters),))
        return count

    def execute_all(self, statements: Sequence[Statement]) -> list[int]:
        connection = self._connection()
        counts = []
        try:
            for statement, parameters in statements:
                connection.execute(statement, parameters)
                counts.append(connection.changes())
        except apsw.Error as error:
            raise _named(error) from error
        return counts

    def execute_groups(self, groups: Sequence[Group]) -> list[int]:
        connection = self._connection()
        counts = []
        before = connection.total_changes()
        try:
            for statement, rows in groups:
                connection.executemany(statement, rows)
                now = connection.total_changes()
                counts.append(now - before)
                before = now
        except apsw.Error as error:
            raise _named(error) from error
        return counts

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
                # Where another thread is at work with one, it is closed when that thread lets go of it.
                with suppress(apsw.ThreadingViolationError):
                    connection.close()
            self._writer = None

    def _all(self, statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        try:
            return self._connection().execute(statement, parameters).fetchall()
        except apsw.Error as error:
            raise _named(error) from error

    def _run(self, statement: str) -> None:
        try:
            self._connection().execute(statement)
        except apsw.Error as error:
            raise _named(error) from error

    def _connection(self) -> apsw.Connection:
        """This thread's connection, or the one of its transaction."""
        connection: apsw.Connection = self._state.conn or self.peewee.connection()
        return connection


class _Writing:
    """A transaction that changes something; a generator would cost each message two microseconds more."""

    __slots__ = ("_before", "_connection", "_database")

    def __init__(self, database: SQLite) -> None:
        self._database = database

    def __enter__(self) -> None:
        database = self._database
        database._lock.acquire()
        try:
            try:
                connection = database.writer()
                if connection.in_transaction:
                    raise StorageError("a transaction is open in this thread already: end it first")
                connection.execute("BEGIN IMMEDIATE")
            except apsw.Error as error:
                named = _named(error)
                if isinstance(named, peewee.OperationalError):
                    raise DatabaseBusy(f"the database takes no change: {error}") from error
                raise named from error
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
        except apsw.Error as refused:
            raise _named(refused) from refused
        finally:
            try:
                if connection.in_transaction:  # a full disk has ended it already
                    connection.execute("ROLLBACK")
            finally:
                state.conn, state.closed = self._before
                self._database._lock.release()


def _named(error: apsw.Error) -> peewee.PeeweeException:
    """What went wrong in the words of Peewee, which knows those of the driver."""
    kind: type[peewee.PeeweeException] = EXCEPTIONS.get(type(error).__name__, peewee.DatabaseError)
    return kind(error, *error.args)
