"""Lends connections to threads, opening one where none is idle and never more than it may."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from adapters.storage.database import DatabaseBusy


class Closable(Protocol):
    """What a connection must be able to do here."""

    def close(self) -> None: ...


Connection = TypeVar("Connection", bound=Closable)


class Pool(Generic[Connection]):
    """Connections that nobody uses now; the one that was used last is lent first.

    `is_usable` looks at a connection without asking the server: whether one still answers shows at its next
    statement. A process that was forked opens its own.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        is_usable: Callable[[Connection], bool],
        most: int,
        patience: float,
    ) -> None:
        self._connect = connect
        self._is_usable = is_usable
        self._most = most
        self._patience = patience
        self._changed = threading.Condition()
        self._idle: list[Connection] = []
        self._lent = 0
        self._process = os.getpid()
        self._is_closed = False

    def take(self) -> Connection:
        """A connection for this thread alone, until it is given back.

        Raises DatabaseBusy where all are lent for longer than its patience, and what `connect` raises.
        """
        connection = self._from_idle()
        if connection is None:
            try:
                connection = self._connect()
            except BaseException:
                self._returned()
                raise
        return connection

    def give(self, connection: Connection) -> None:
        """Takes a connection back; one that cannot be used again is closed."""
        if self._is_usable(connection):
            with self._changed:
                if not self._is_closed:
                    self._idle.append(connection)
                    self._lent -= 1
                    self._changed.notify()
                    return
        connection.close()
        self._returned()

    def forget_idle(self) -> None:
        """Closes what nobody uses: the server went away, and took all of these with it."""
        with self._changed:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def close(self) -> None:
        """Closes what nobody uses, and the rest as it is given back."""
        self._is_closed = True
        self.forget_idle()

    @property
    def open(self) -> int:
        """How many connections are open, lent or idle."""
        with self._changed:
            return self._lent + len(self._idle)

    def _from_idle(self) -> Connection | None:
        """An idle connection; None where a new one may be opened. Either counts as lent."""
        until = 0.0
        with self._changed:
            if self._process != os.getpid():
                # What the parent opened is the parent's: to close it here would end it there.
                self._process, self._idle, self._lent = os.getpid(), [], 0
            while not self._idle and self._lent >= self._most:
                until = until or time.monotonic() + self._patience
                if not self._changed.wait(until - time.monotonic()):
                    raise DatabaseBusy(f"all {self._most} connections to the database are in use")
            self._lent += 1
            return self._idle.pop() if self._idle else None

    def _returned(self) -> None:
        with self._changed:
            self._lent -= 1
            self._changed.notify()
