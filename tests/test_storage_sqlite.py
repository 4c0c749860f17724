"""Tests what is SQLite's own: its file, its settings, its lock, and its connections."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import apsw
import pytest
from storage_case import SHOP, Place, in_threads, opened

from adapters.storage import DatabaseURLError, Storage, open_storage
from adapters.storage.sqlite import SQLite


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    with opened(Place("sqlite", f"sqlite:///{tmp_path / 'shop.db'}")) as storage:
        yield storage


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database at all\n" * 100)
    with pytest.raises(DatabaseURLError, match="cannot be opened"):
        open_storage(f"sqlite:///{tmp_path / 'notes.txt'}")


def test_every_thread_writes_safely_to_the_disk(storage: Storage) -> None:
    found: list[list[object]] = []

    def look() -> None:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        found.append([storage.database.rows(f"PRAGMA {name}")[0][0] for name in names])

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    look()
    assert found == [["wal", 2, 1, 30_000]] * 2


def test_a_writer_takes_the_lock_at_once(storage: Storage, tmp_path: Path) -> None:
    other = apsw.Connection(str(tmp_path / "shop.db"))
    with storage.database.writing(), pytest.raises(apsw.BusyError):
        other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")
    other.close()


def test_memory_is_one_database_for_all_threads() -> None:
    made = open_storage("sqlite:///:memory:")
    made.migrate()
    made.seed(SHOP)
    threads = [
        threading.Thread(target=made.add_channel, args=("corner", "meta", str(number)))
        for number in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made.database.rows("SELECT COUNT(*) FROM channels") == [(20,)]
    made.close()


def test_connections_of_threads_that_ended_are_let_go(storage: Storage) -> None:
    for _ in range(20):
        thread = threading.Thread(target=storage.waiting, args=(datetime.now(UTC),))
        thread.start()
        thread.join()
    gc.collect()  # a connection and its cache of statements refer to each other
    assert isinstance(storage.database, SQLite)
    # The one that everybody writes through, and this thread's own.
    assert len(storage.database.peewee.connections) == 2


def test_all_threads_write_through_one_connection(storage: Storage) -> None:
    database = storage.database
    written: list[object] = []

    def write(_: int) -> None:
        before = database.rows("SELECT COUNT(*) FROM products")
        with database.writing():
            written.append(database.peewee.connection())
            database.execute("UPDATE products SET stock = stock")
        assert database.peewee.connection() not in written
        assert database.rows("SELECT COUNT(*) FROM products") == before

    in_threads(4, write)
    assert len(written) == 4
    assert len(set(map(id, written))) == 1
