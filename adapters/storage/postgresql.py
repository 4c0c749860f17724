"""Keeps everything in PostgreSQL; the only module that knows its ways, and those of its driver psycopg."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any, NoReturn, TypeVar

import peewee
import psycopg
from peewee import Query
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import PipelineStatus, TransactionStatus

from adapters.storage.database import (
    BUSY_SECONDS,
    Database,
    DatabaseAway,
    DatabaseBusy,
    DatabaseGone,
    DatabaseURLError,
    Group,
    Statement,
    StorageError,
)
from adapters.storage.pool import Pool
from adapters.storage.postgresql_groups import by_group, in_few
from adapters.storage.postgresql_session import (
    BEGIN,
    COMMIT,
    RELEASE,
    ROLLBACK,
    SAVEPOINT,
    UNDO,
    Connection,
    Session,
    connect,
    translated,
)

MOST_CONNECTIONS = 64
"""More than the threads of one process: a connection is held for a transaction, or for one statement."""

GONE = {"57P01", "57P02", "57P03", "57P05", "25P03"}
"""The codes with which PostgreSQL ends a connection; those that begin with 08 speak of one that is lost."""

BUSY = {
    "40001": "another transaction stood in the way",
    "40P01": "two transactions waited for each other",
    "55P03": "a lock was not to be had in time",
    "57014": "a statement took longer than it may",
    "25006": "it may only be read",
}
"""What may work when it is tried again, by PostgreSQL's code."""

NAMES: tuple[tuple[type[psycopg.Error], type[peewee.PeeweeException]], ...] = (
    (psycopg.IntegrityError, peewee.IntegrityError),
    (psycopg.DataError, peewee.DataError),
    (psycopg.ProgrammingError, peewee.ProgrammingError),
    (psycopg.NotSupportedError, peewee.NotSupportedError),
    (psycopg.InternalError, peewee.InternalError),
    (psycopg.OperationalError, peewee.OperationalError),
    (psycopg.InterfaceError, peewee.InterfaceError),
    (psycopg.Error, peewee.DatabaseError),
)
"""The driver's word for what went wrong, and Peewee's."""

MIGRATION_LOCK = 0x53686F7074616C6B
Outcome = TypeVar("Outcome")


def open_postgresql(url: str) -> PostgreSQL:
    """The database at `postgresql://USER:PASSWORD@HOST:PORT/NAME?OPTION=VALUE`, options as libpq has them.

    Raises DatabaseURLError, without the password, where the address is malformed or nobody answers there.
    """
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        unknown = re.search(r'invalid URI query parameter: "(\w+)"', str(error))
        reason = f"it has no option {unknown[1]!r}" if unknown else "it cannot be read"
        raise DatabaseURLError(
            f"the address of PostgreSQL is malformed, {reason}: write postgresql://user:password@host/name, "
            "with signs like @ : / # in the password as %40 %3A %2F %23"
        ) from None
    if not given.get("dbname"):
        raise DatabaseURLError(
            "the address of PostgreSQL names no database: write postgresql://user:password@host/name"
        )
    where = f"{given.get('host') or 'this machine'}, database {given['dbname']!r},"
    database = PostgreSQL(lambda: connect(url, given), where)
    try:
        [(encoding,)] = database.rows("SHOW server_encoding")
    except DatabaseGone as error:
        raise DatabaseAway(str(error)) from None
    if encoding != "UTF8":
        database.close()
        raise DatabaseURLError(f"the database {given['dbname']!r} is kept in {encoding}: make one in UTF8")
    return database


class _Connected(peewee.PostgresqlDatabase):
    """Peewee on the connection that the thread's session holds; it opens none by itself."""

    def __init__(self, session: Session) -> None:
        self.session = session
        super().__init__("postgresql", prefer_psycopg3=True)

    def is_closed(self) -> bool:
        return self.session.connection is None

    def cursor(self, named_cursor: None = None) -> Any:
        return self.session.flush().cursor()


class PostgreSQL(Database):
    """A database of a server, which many processes write at once.

    A connection belongs to a thread for one transaction, or for one statement outside of one, and then goes
    back. BEGIN and savepoints cost no round trip: they travel with the statement behind them.

    The server may be restarted: the first statement of a transaction, and a read outside of one, are tried
    once more on a fresh connection. In the middle of a transaction DatabaseGone is raised.
    """

    kind = "postgresql"
    peewee: _Connected

    def __init__(self, open_one: Callable[[], Connection], where: str) -> None:
        self._where = where
        self._pool: Pool[Connection] = Pool(open_one, _is_usable, MOST_CONNECTIONS, BUSY_SECONDS)
        self._session = Session()
        self.peewee = _Connected(self._session)

    @contextmanager
    def writing(self) -> Iterator[None]:
        session = self._session
        if session.in_transaction:
            raise StorageError("a transaction is open in this thread already: end it first")
        with self.connected():
            session.in_transaction, session.begun = True, False
            session.unsent.append(BEGIN)
            try:
                yield
                self._commit(session)
            except BaseException:
                _roll_back(session)
                raise
            finally:
                session.in_transaction = session.begun = False
                session.unsent.clear()

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        if not self._session.in_transaction:
            raise StorageError("a savepoint wants a transaction around it")
        unsent = self._session.unsent
        unsent.append(SAVEPOINT)
        # Whatever is sent takes all before it along: what stands last here and is a SAVEPOINT is this one.
        try:
            yield
        except BaseException:
            if unsent and unsent[-1] == SAVEPOINT:
                unsent.pop()
            else:
                unsent += (UNDO, RELEASE)
            raise
        if unsent and unsent[-1] == SAVEPOINT:
            unsent.pop()
        else:
            unsent.append(RELEASE)

    @contextmanager
    def migrating(self) -> Iterator[None]:
        # The lock lives in a transaction of its own: one of a session breaks behind a pooler of transactions.
        guard = self._take()
        try:
            with guard.transaction(), self.connected():
                guard.execute("SET LOCAL lock_timeout = 0")
                guard.execute("SELECT pg_advisory_xact_lock(%s)", (MIGRATION_LOCK,))
                yield
        finally:
            self._pool.give(guard)

    @contextmanager
    def connected(self) -> Iterator[None]:
        session = self._session
        if session.connection is not None:
            yield
            return
        session.connection = self._take()
        try:
            yield
        finally:
            connection, session.connection = session.connection, None
            if connection is not None:
                self._pool.give(connection)

    def check_writable(self) -> None:
        if self.rows("SELECT current_setting('transaction_read_only')") != [("off",)]:
            raise DatabaseBusy("the database takes no change: it may only be read")

    def rows(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        session, (text, changes) = self._session, translated(statement)
        if session.in_transaction:
            return self._try(lambda: session.rows(text, parameters), not session.begun)
        with self.writing() if changes else self.connected():
            return self._try(lambda: session.rows(text, parameters), True)

    def execute(self, statement: str, *parameters: object) -> int:
        session, text = self._session, translated(statement).text
        if session.in_transaction:
            return self._try(lambda: session.count(text, parameters), not session.begun)
        with self.writing():
            return self._try(lambda: session.count(text, parameters), True)

    def execute_all(self, statements: Sequence[Statement]) -> list[int]:
        session = self._session
        if not session.in_transaction:
            raise StorageError("several statements want a transaction around them")
        return self._try(lambda: session.run_all(statements), not session.begun) if statements else []

    def rows_all(self, statements: Sequence[Statement]) -> list[list[tuple[Any, ...]]]:
        session = self._session
        if not session.in_transaction:
            raise StorageError("several statements want a transaction around them")
        return self._try(lambda: session.rows_all(statements), not session.begun) if statements else []

    def execute_groups(self, groups: Sequence[Group]) -> list[int]:
        statements, sizes = in_few(groups)
        return [sum(counts) for counts in by_group(self.execute_all(statements), sizes)]

    def rows_of_groups(self, groups: Sequence[Group]) -> list[list[tuple[Any, ...]]]:
        statements, sizes = in_few(groups)
        return [list(chain.from_iterable(rows)) for rows in by_group(self.rows_all(statements), sizes)]

    def change(self, query: Query) -> int:
        bound = query.bind(self.peewee)
        if self._session.in_transaction:
            return self._try(bound.execute, not self._session.begun)
        with self.writing():
            return self._try(bound.execute, True)

    def select(self, query: Query) -> list[dict[str, Any]]:
        bound = query.dicts().bind(self.peewee)
        with self.connected():
            return self._try(lambda: list(bound), not self._session.begun)

    def disconnect(self) -> None:
        self._pool.forget_idle()

    def close(self) -> None:
        self._pool.close()

    @property
    def open_connections(self) -> int:
        """How many connections this process has at the server."""
        return self._pool.open

    def _take(self) -> Connection:
        try:
            return self._pool.take()
        except psycopg.OperationalError as error:
            raise self._gone(error) from error

    def _try(self, work: Callable[[], Outcome], again: bool) -> Outcome:
        """Does the work, and once more on a fresh connection where the old one was lost and it may be."""
        session = self._session
        unsent = list(session.unsent) if again else []
        try:
            return work()
        except (psycopg.Error, peewee.PeeweeException) as error:
            if not again or not _is_lost(session, error):
                self._refuse(session, error)
        self._pool.forget_idle()
        self._pool.give(session.held())
        session.connection, session.begun = None, False
        session.connection = self._take()
        session.unsent[:] = unsent
        try:
            return work()
        except (psycopg.Error, peewee.PeeweeException) as error:
            self._refuse(session, error)

    def _commit(self, session: Session) -> None:
        if not session.begun:
            return
        while session.unsent and session.unsent[-1] == RELEASE:
            session.unsent.pop()
        if UNDO not in session.unsent:
            session.unsent.clear()
        try:
            session.held().tell(*session.unsent, COMMIT)
        except psycopg.Error as error:
            self._refuse(session, error)

    def _refuse(self, session: Session, error: Exception) -> NoReturn:
        """Raises the error as the rest of the product knows it."""
        cause = _cause(error)
        if cause is None:
            raise error
        if _is_lost(session, error):
            self._pool.forget_idle()
            raise self._gone(cause) from error
        if cause.sqlstate in BUSY:
            raise DatabaseBusy(f"the database takes no change: {BUSY[cause.sqlstate]}") from error
        if isinstance(error, peewee.PeeweeException):
            raise error
        name = next(name for kind, name in NAMES if isinstance(cause, kind))
        raise name(cause, *cause.args) from error

    def _gone(self, error: psycopg.Error) -> DatabaseGone:
        lines = str(error).split("\n")
        return DatabaseGone(f"PostgreSQL at {self._where} does not answer: {lines[0]}")


def _is_usable(connection: Connection) -> bool:
    return connection.pgconn.transaction_status == TransactionStatus.IDLE


def _cause(error: Exception) -> psycopg.Error | None:
    """What the driver said; Peewee wraps it."""
    said = getattr(error, "orig", error)
    return said if isinstance(said, psycopg.Error) else None


def _is_lost(session: Session, error: Exception) -> bool:
    cause = _cause(error)
    if cause is None:
        return False
    code = cause.sqlstate or ""
    return code in GONE or code.startswith("08") or session.connection is None or session.connection.closed


def _roll_back(session: Session) -> None:
    connection = session.connection
    if connection is None or connection.closed:
        return
    # A connection on which this is not possible, or fails, is not lent again.
    server = connection.pgconn
    if session.begun and server.pipeline_status == PipelineStatus.OFF:
        server.exec_(ROLLBACK)
