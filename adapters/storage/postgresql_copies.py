"""Copies a PostgreSQL database with its own programs, pg_dump and pg_restore."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from adapters.storage.copied import COUNTS, Copied, NotCopied, Progress

LOOK_SECONDS = 0.25
MEGABYTE = 1_000_000
VERSIONS = "; install the client programs of the server's version, and put them first in PATH"

_Connection = psycopg.Connection[tuple[Any, ...]]


def dump(url: str, target: Path, progress: Progress) -> Copied:
    """Writes the database, as it stands when this begins, into the file. Raises NotCopied."""
    program = _program("pg_dump")
    with _connected(url) as connection, connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        counts = _counts(connection)
        [(snapshot,)] = connection.execute("SELECT pg_export_snapshot()").fetchall()
        what = ("--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}")
        arguments = (program, *what, f"--file={target}")
        _run(arguments, url, lambda: progress(f"{target.stat().st_size // MEGABYTE} MB"))
    progress("checking")
    _run((_program("pg_restore"), f"--file={os.devnull}", str(target)), None, lambda: None)
    return Copied(target.stat().st_size, *counts)


def fill(source: Path, url: str, progress: Progress) -> Copied:
    """Fills the empty database, in one transaction. Raises NotCopied."""
    program = _program("pg_restore")
    with _connected(url) as connection:
        there = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace "
            "AND relkind IN ('r', 'p', 'v', 'm', 'S') ORDER BY relname LIMIT 1"
        ).fetchone()
    if there:
        raise NotCopied(
            f"the database holds {there[0]} already: make an empty one, and name it in DATABASE_URL"
        )
    arguments = (program, "--no-owner", "--no-privileges", "--single-transaction", str(source))
    _run(arguments, url, lambda: progress("restoring"))
    with _connected(url) as connection:
        counts = _counts(connection)
    return Copied(source.stat().st_size, *counts)


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise NotCopied(
            f"{name} is not on this machine: install PostgreSQL's client programs (Debian: "
            "postgresql-client), of the server's version or newer, or run this where they are"
        )
    return found


def _connected(url: str) -> _Connection:
    try:
        return psycopg.connect(url, connect_timeout=10, autocommit=True)
    except psycopg.Error as error:
        raise NotCopied(f"PostgreSQL does not answer: {error}") from None


def _counts(connection: _Connection) -> tuple[int, int]:
    try:
        messages, orders = connection.execute(COUNTS).fetchone() or (0, 0)
    except psycopg.errors.UndefinedTable:
        raise NotCopied("this database holds no tables of Shoptalk: nothing was kept in it yet") from None
    return messages, orders


def _run(arguments: Sequence[str], url: str | None, look: Callable[[], None]) -> None:
    """Runs a program of PostgreSQL's on the database; the password stands where no other user can read it."""
    words, environment = list(arguments), dict(os.environ)
    if url is not None:
        where = conninfo_to_dict(url)
        environment["PGPASSWORD"] = str(where.pop("password", ""))
        words[1:1] = ["--no-password", f"--dbname={make_conninfo('', **where)}"]
    try:
        running = subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, text=True)  # noqa: S603
    except OSError as error:
        raise NotCopied(f"{words[0]} cannot be started: {error.strerror}") from error
    with running:
        try:
            while True:
                look()
                try:
                    _, said = running.communicate(timeout=LOOK_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    continue
        except BaseException:
            running.terminate()
            raise
    if running.returncode != 0:
        hint = VERSIONS if "version mismatch" in said else ""
        raise NotCopied(f"{Path(words[0]).name} ended with {running.returncode}: {said.strip()}{hint}")
