"""Says what a database does for the storage, whichever server keeps it: transactions, statements, moments."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, ClassVar, Literal

import peewee
from peewee import Query

BUSY_SECONDS = 30
"""How long somebody waits for a lock that somebody else holds."""

Kind = Literal["sqlite", "postgresql"]
Statement = tuple[str, Sequence[object]]
"""A statement with `?` for its parameters, and these."""

Group = tuple[str, Sequence[Sequence[object]]]
"""A statement with `?` for its parameters, and several rows of these."""


class StorageError(Exception):
    """Something the storage was asked for cannot be done; the text says why."""


class DatabaseBusy(StorageError):
    """The database takes no change now: somebody else holds it, stood in the way, or it may only be read."""


class DatabaseGone(DatabaseBusy):
    """The server went away; what was not committed is not kept."""


class DatabaseURLError(StorageError):
    """The address of the database is malformed, or names something that cannot be opened."""


class DatabaseAway(DatabaseURLError):
    """Nobody answers at the address of the database, or not as its client wants: that may pass."""


class Database(ABC):
    """Statements and transactions on one database, for every thread.

    Statements are written with `?` for their parameters, and hold no other `?`. What the server refuses is
    raised as Peewee names it (`peewee.IntegrityError` and its like), unless it may work when it is tried
    again: that is DatabaseBusy.
    """

    kind: ClassVar[Kind]
    peewee: peewee.Database
    """What Peewee's queries and migrations run on; calls of its own want `connected` around them."""

    @abstractmethod
    def writing(self) -> AbstractContextManager[None]:
        """A transaction that changes something; undone as a whole when an exception leaves it.

        Raises DatabaseBusy where none can be begun, StorageError where this thread has one open.
        """

    def undone(self) -> AbstractContextManager[Undo]:
        """A transaction that is kept only if `keep` was called within it."""
        return _Undone(self.writing())

    @abstractmethod
    def savepoint(self) -> AbstractContextManager[None]:
        """A stretch of a transaction that is undone as a whole when an exception leaves it."""

    @abstractmethod
    def migrating(self) -> AbstractContextManager[None]:
        """A stretch in which nobody else migrates; each migration has its own transaction."""

    @abstractmethod
    def connected(self) -> AbstractContextManager[None]:
        """A stretch in which calls of `peewee` itself find this thread's connection."""

    def moment(self, moment: datetime) -> datetime | str:
        """The moment as `stored` gives it, in what the driver takes soonest."""
        return stored(moment)

    @abstractmethod
    def check_writable(self) -> None:
        """Raises DatabaseBusy where the database takes no change."""

    @abstractmethod
    def rows(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """All rows of a statement."""

    def rows_all(self, statements: Sequence[Statement]) -> list[list[tuple[Any, ...]]]:
        """All rows of each statement, within a transaction; on PostgreSQL in one round trip.

        Where one fails, those behind it do not run.
        """
        return [self.rows(statement, *parameters) for statement, parameters in statements]

    def row(self, statement: str, *parameters: object) -> tuple[Any, ...] | None:
        """The first row of a statement, None where there is none."""
        found = self.rows(statement, *parameters)
        return found[0] if found else None

    @abstractmethod
    def execute(self, statement: str, *parameters: object) -> int:
        """Runs a statement that changes something; how many rows it met."""

    def execute_all(self, statements: Sequence[Statement]) -> list[int]:
        """Runs statements in their order, on PostgreSQL in one round trip; how many rows each met.

        Where one fails, those behind it do not run.
        """
        return [self.execute(statement, *parameters) for statement, parameters in statements]

    @abstractmethod
    def execute_groups(self, groups: Sequence[Group]) -> list[int]:
        """Runs each statement with all of its rows, in a transaction; how many rows each met in all.

        On PostgreSQL that is one round trip; parameters that all stand in one `VALUES (?, …)` go together.
        Where one fails, those behind it do not run.
        """

    @abstractmethod
    def rows_of_groups(self, groups: Sequence[Group]) -> list[list[tuple[Any, ...]]]:
        """The same; what each statement gives, in no order."""

    def insert(self, statement: str, *parameters: object) -> int:
        """Runs an INSERT … RETURNING id; the id."""
        found = self.row(statement, *parameters)
        if found is None:
            raise StorageError("nothing was inserted")
        identity: int = found[0]
        return identity

    @abstractmethod
    def change(self, query: Query) -> int:
        """Runs a Peewee query that changes something: how many rows it met, of an INSERT the id."""

    @abstractmethod
    def select(self, query: Query) -> list[dict[str, Any]]:
        """All rows of a Peewee query, as dictionaries of plain values."""

    @abstractmethod
    def disconnect(self) -> None:
        """Closes the connections that nobody uses now, such as before a fork; new ones are opened at need."""

    @abstractmethod
    def close(self) -> None:
        """Closes the connections of every thread."""


class Undo:
    """A transaction that is undone unless somebody keeps it."""

    kept = False

    def keep(self) -> None:
        """Has the transaction kept."""
        self.kept = True


class _Undone:
    """A transaction that is undone as by an exception where nobody kept it."""

    __slots__ = ("_undo", "_writing")

    def __init__(self, writing: AbstractContextManager[None]) -> None:
        self._writing = writing
        self._undo = Undo()

    def __enter__(self) -> Undo:
        self._writing.__enter__()
        return self._undo

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        if kind is None and not self._undo.kept:
            self._writing.__exit__(_NothingToKeep, _NothingToKeep(), None)
            return None
        return self._writing.__exit__(kind, error, trace)


class _NothingToKeep(Exception):
    pass


def utc_now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


def stored(moment: datetime) -> datetime:
    """The moment as columns hold it: UTC, without its zone. Raises ValueError for one that names no zone."""
    if moment.tzinfo is UTC:
        return moment.replace(tzinfo=None)
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} names no time zone")
    return moment.astimezone(UTC).replace(tzinfo=None)


def loaded(value: datetime | str) -> datetime:
    """The aware moment that a column holds."""
    if isinstance(value, str):
        return datetime.fromisoformat(f"{value}+00:00")
    return value.replace(tzinfo=UTC)


def loaded_or_none(value: datetime | str | None) -> datetime | None:
    """The aware moment that a column holds, if it holds one."""
    return None if value is None else loaded(value)
