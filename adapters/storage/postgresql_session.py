"""Speaks with PostgreSQL for one thread, in as few round trips as there are answers to wait for."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import count
from typing import Any, NamedTuple

import psycopg
from psycopg import abc, generators
from psycopg.abc import Buffer, ConnDict, PQGen
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import DiagnosticField, ExecStatus
from psycopg.pq.abc import PGconn, PGresult
from psycopg.types.numeric import Int8Dumper

from adapters.storage.database import BUSY_SECONDS, Statement, StorageError

DEFAULTS: dict[str, str] = {
    "application_name": "shoptalk",
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
"""What holds where the address says nothing else: a server that is silent counts as gone within a minute."""

PREPARED_AT_MOST = 500
SEEN = b""
"""The name of a statement that came once: the next time it is prepared."""

LOOK_UP = b"""
    SELECT set_config(name, '1.1', false) FROM pg_settings
    WHERE name = 'random_page_cost' AND source = 'default'"""
"""Has indexes used in small tables, too: what is prepared then is still in use when they have grown.

Unless somebody said how dear it is to read here and there, it is as dear as on a disk without moving parts.
"""

BEGIN, COMMIT, ROLLBACK = b"BEGIN", b"COMMIT", b"ROLLBACK"
SAVEPOINT, RELEASE = b"SAVEPOINT stretch", b"RELEASE SAVEPOINT stretch"
UNDO = b"ROLLBACK TO SAVEPOINT stretch"
CHANGES = re.compile(r"\b(INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE)


class Connection(psycopg.Connection[Any]):
    """A connection with a short way of its own to the server.

    The driver's cursors cost more than twice what PostgreSQL does for a statement. Here a statement that came
    before is prepared, and one call of the C library runs it; several go in one round trip. Peewee's queries
    still take the driver's way, which prepares nothing: at a ROLLBACK it would drop all that is prepared.
    """

    _adapting: abc.Transformer
    _names: dict[_Shape, bytes]
    _types: dict[bytes, tuple[int, ...]]
    _numbers: Iterator[int]

    def get_ready(self) -> None:
        """To be called once, before anything else."""
        # One type for all numbers, or a statement is prepared anew for each size of number.
        self.adapters.register_dumper(int, Int8Dumper)
        self.prepare_threshold = None
        self._adapting = Transformer(self)
        self._names, self._types, self._numbers = {}, {}, count(1)
        self.tell(f"SET lock_timeout = '{BUSY_SECONDS}s'".encode(), LOOK_UP)

    def tell(self, *commands: bytes) -> None:
        """Sends commands without parameters in one round trip."""
        result = _checked(self.pgconn.exec_(b";".join(commands)))
        if commands[-1] == COMMIT and result.command_status != COMMIT:
            raise StorageError("the transaction had failed before its end: nothing of it was kept")

    def run(self, statement: bytes, parameters: Sequence[object]) -> PGresult:
        """Runs a statement and waits for its answer."""
        ready = self.ready(statement, parameters)
        name = self._names.get(ready.shape)
        if name:
            self._check_open()
            answer = self.pgconn.exec_prepared(name, ready.values, ready.formats)  # type: ignore[arg-type]  # None is taken
            return _checked(answer)
        return self.run_all((), (ready,))[0]

    def run_all(self, commands: Sequence[bytes], statements: Sequence[Ready]) -> list[PGresult]:
        """Runs commands, and then statements, in one round trip; the answers to the statements."""
        self._check_open()
        server, names = self.pgconn, dict[_Shape, bytes]()
        waiting: list[bool] = [False] * len(commands)
        server.enter_pipeline_mode()
        for command in commands:
            server.send_query_params(command, None)
        for ready in statements:
            name = names.get(ready.shape) or self._names.get(ready.shape)
            if name == SEEN:
                name = names[ready.shape] = f"statement_{next(self._numbers)}".encode()
                server.send_prepare(name, ready.shape.statement, ready.shape.types)
                waiting.append(False)
            if name:
                server.send_query_prepared(name, ready.values, ready.formats)
            else:
                server.send_query_params(
                    ready.shape.statement, ready.values, ready.shape.types, ready.formats
                )
                if len(self._names) < PREPARED_AT_MOST:
                    names.setdefault(ready.shape, SEEN)
            waiting.append(True)
        server.pipeline_sync()
        answers = self.wait(_answers(server, len(waiting) + 1))
        if not answers or answers[-1].status != ExecStatus.PIPELINE_SYNC:
            self.close()
            for answer in answers:
                _checked(answer)  # what the server said when it ended the connection
            raise psycopg.OperationalError("the connection was lost")
        server.exit_pipeline_mode()
        found = [_checked(answer) for answer in answers[:-1]]
        self._names |= names
        return [answer for answer, is_waited_for in zip(found, waiting, strict=True) if is_waited_for]

    def ready(self, statement: bytes, parameters: Sequence[object]) -> Ready:
        """The statement with its parameters as the server takes them."""
        adapting = self._adapting
        if not parameters:
            return Ready(_Shape(statement, ()), None, None)
        values = adapting.dump_sequence(parameters, [PyFormat.AUTO] * len(parameters))
        types = self._typed(statement, parameters, adapting.types or ())
        return Ready(_Shape(statement, types), values, adapting.formats)

    def _typed(
        self, statement: bytes, parameters: Sequence[object], types: tuple[int, ...]
    ) -> tuple[int, ...]:
        """The types, with what stood there before in the place of an empty value, which has none.

        Of many rows, some empty here and some there, each choice would be prepared for itself.
        """
        known = self._types.get(statement)
        if known == types:
            return types
        if known is not None:
            found = zip(parameters, types, known, strict=True)
            types = tuple(before if value is None else now for value, now, before in found)
        if known is not None or len(self._types) < PREPARED_AT_MOST:
            self._types[statement] = types
        return types

    def rows(self, answer: PGresult) -> list[tuple[Any, ...]]:
        """The rows of an answer; none where it has no columns."""
        if answer.status != ExecStatus.TUPLES_OK:
            return []
        self._adapting.set_pgresult(answer)
        return self._adapting.load_rows(0, answer.ntuples, tuple)

    def _check_open(self) -> None:
        if self.closed:
            raise psycopg.OperationalError("the connection is closed")


class _Shape(NamedTuple):
    """What a statement is prepared for: its text, and the types of its parameters."""

    statement: bytes
    types: tuple[int, ...]


class Ready(NamedTuple):
    """A statement as it goes over the wire."""

    shape: _Shape
    values: Sequence[Buffer | None] | None
    formats: Sequence[int] | None


def _checked(answer: PGresult) -> PGresult:
    if answer.status not in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
        if answer.error_field(DiagnosticField.SQLSTATE) is None:
            # Not the server refused: what it would have said did not come.
            raise psycopg.OperationalError(answer.get_error_message())
        raise psycopg.errors.error_from_result(answer)
    return answer


def _answers(server: PGconn, how_many: int) -> PQGen[list[PGresult]]:
    """The answers to so many commands, the one to the sync included; fewer where the connection is lost."""
    yield from generators.send(server)
    answers: list[PGresult] = []
    while len(answers) < how_many:
        answer = yield from generators.fetch_many(server)
        if not answer:
            break
        answers += answer
    return answers


def connect(url: str, given: ConnDict) -> Connection:
    """A connection to the address; `given` is what the address says itself."""
    options: dict[str, Any] = {name: value for name, value in DEFAULTS.items() if name not in given}
    connection: Connection = Connection.connect(url, autocommit=True, client_encoding="utf8", **options)
    try:
        connection.get_ready()
    except BaseException:
        connection.close()
        raise
    return connection


class Translated(NamedTuple):
    """A statement as the driver takes it, and whether it changes anything."""

    text: bytes
    changes: bool


@lru_cache(maxsize=1000)
def translated(statement: str) -> Translated:
    """The statement as PostgreSQL has it: `$1`, `$2` … for each `?`."""
    first, *others = statement.split("?")
    numbered = "".join(f"${number}{part}" for number, part in enumerate(others, 1))
    return Translated((first + numbered).encode(), CHANGES.search(statement) is not None)


class Session(threading.local):
    """What a thread holds: a connection, while a transaction or a `connected` stretch lasts.

    `unsent` are commands whose answers are worth no round trip of their own: they travel with the next
    statement. `begun` says whether the server has heard of the transaction yet.
    """

    connection: Connection | None = None
    in_transaction = False
    begun = False

    def __init__(self) -> None:
        self.unsent: list[bytes] = []

    def held(self) -> Connection:
        """The connection of this thread."""
        if self.connection is None:
            raise StorageError("this thread holds no connection: put `connected` around what it does")
        return self.connection

    def run(self, statement: bytes, parameters: Sequence[object]) -> PGresult:
        """Runs a statement, and what was not sent yet before it, in one round trip."""
        connection = self.held()
        if not self.unsent:
            return connection.run(statement, parameters)
        return self._send(connection, [connection.ready(statement, parameters)])[0]

    def rows(self, statement: bytes, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        """The rows of a statement."""
        answer = self.run(statement, parameters)
        return self.held().rows(answer)

    def count(self, statement: bytes, parameters: Sequence[object]) -> int:
        """How many rows a statement met."""
        return self.run(statement, parameters).command_tuples or 0

    def run_all(self, statements: Sequence[Statement]) -> list[int]:
        """Runs statements, and what was not sent yet before them, in one round trip; the rows each met."""
        return [answer.command_tuples or 0 for answer in self._answers(statements)]

    def rows_all(self, statements: Sequence[Statement]) -> list[list[tuple[Any, ...]]]:
        """The same; the rows of each."""
        answers = self._answers(statements)
        connection = self.held()
        return [connection.rows(answer) for answer in answers]

    def _answers(self, statements: Sequence[Statement]) -> list[PGresult]:
        connection = self.held()
        ready = [connection.ready(translated(text).text, parameters) for text, parameters in statements]
        return self._send(connection, ready)

    def flush(self) -> Connection:
        """The connection, after all that was not sent yet."""
        connection = self.held()
        if self.unsent:
            self._send(connection, ())
        return connection

    def _send(self, connection: Connection, statements: Sequence[Ready]) -> list[PGresult]:
        unsent = tuple(self.unsent)
        self.unsent.clear()
        self.begun = True
        return connection.run_all(unsent, statements)
