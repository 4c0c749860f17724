"""Tests what is SQLite's own: its file, its settings, its lock, and its connections."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import apsw
import pytest
from storage_case import SHOP, Place, in_threads, opened

from adapters.storage import DatabaseBusy, DatabaseURLError, Storage, open_storage
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


def test_a_file_that_cannot_be_reached_for_a_while_is_busy_and_not_broken(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    storage = open_storage(f"sqlite:///{folder / 'shop.db'}")
    folder.rename(tmp_path / "taken away")
    with pytest.raises(DatabaseBusy, match="unable to open"):
        storage.database.check_writable()
    (tmp_path / "taken away").rename(folder)
    storage.database.check_writable()
    storage.migrate()
    storage.seed(SHOP)
    assert storage.database.rows("SELECT COUNT(*) > 0 FROM products") == [(1,)]
    storage.close()


def test_no_statement_is_planned_anew_for_other_values(storage: Storage) -> None:
    """It would cost more than to run it; SQLite does so for some joins where it is not told to leave it."""
    database = storage.database
    assert isinstance(database, SQLite)
    for connection in (database.writer(), database.peewee.connection()):
        assert connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, -1) == 1


def test_moments_and_days_are_kept_as_text_and_nothing_unknown_is(storage: Storage) -> None:
    database = storage.database
    moment = datetime(2026, 5, 24, 9, 30)
    asked = "SELECT ?, ?"
    assert database.rows(asked, moment, moment.date()) == [("2026-05-24 09:30:00", "2026-05-24")]
    assert database.moment(moment.replace(tzinfo=UTC)) == "2026-05-24 09:30:00"
    east = timezone(timedelta(hours=5))
    assert database.moment(moment.replace(microsecond=5, tzinfo=east)) == "2026-05-24 04:30:00.000005"
    with pytest.raises(TypeError, match="parameter 2 is of a kind that SQLite does not keep: complex"):
        database.rows(asked, 1, 1j)


def test_it_may_be_closed_while_a_thread_reads(storage: Storage) -> None:
    up_to = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000)"
    found: list[object] = []
    began = threading.Event()

    def read() -> None:
        storage.database.rows("SELECT 1")
        began.set()
        found.extend(storage.database.rows(f"{up_to} SELECT MAX(i) FROM n"))

    thread = threading.Thread(target=read)
    thread.start()
    began.wait(10)
    time.sleep(0.02)
    storage.close()
    thread.join()
    assert found == [(3000000,)]


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
