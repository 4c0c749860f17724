"""Tests the database itself: its address, its tables and its settings, in one thread and in many."""

from __future__ import annotations

import gc
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from playhouse.migrations import Runner
from playhouse.schema_diff import diff_models
from shop_contract import COOKIE
from storage_case import NUMBER, SHOP, in_threads, opened

from adapters.storage import DatabaseURLError, InexactAmount, NotReady, Storage, StorageError, open_storage
from adapters.storage.database import loaded, stored
from adapters.storage.money import from_units, to_units
from adapters.storage.storage import MIGRATIONS
from adapters.storage.tables import TABLES
from engine.shop import Product


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    with opened(tmp_path) as storage:
        yield storage


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "write sqlite:///"),
        ("shoptalk.db", "write sqlite:///"),
        ("postgresql://ann:secret@host/db", "begins with 'postgresql'"),
        ("sqlite:shoptalk.db", "write sqlite:///"),
        ("sqlite://shoptalk.db", "three slashes"),
        ("sqlite:///", "three slashes"),
        ("sqlite:///shop.db?mode=ro", "name the file alone"),
        ("sqlite:////nowhere/at/all/shop.db", "folder /nowhere/at/all does not exist"),
        ("sqlite:////tmp", "is a folder"),
    ],
)
def test_a_malformed_address_is_answered_with_what_to_write(url: str, said: str) -> None:
    with pytest.raises(DatabaseURLError) as refused:
        open_storage(url)
    assert said in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database at all\n" * 100)
    with pytest.raises(DatabaseURLError, match="cannot be opened"):
        open_storage(f"sqlite:///{tmp_path / 'notes.txt'}")


def test_migrations_run_once_and_make_the_tables_that_the_models_describe(tmp_path: Path) -> None:
    made = open_storage(f"sqlite:///{tmp_path / 'shop.db'}")
    assert made.migrate() == ["0001_first_tables"]
    assert made.migrate() == []
    bound = made.database.peewee
    with bound.bind_ctx(TABLES):
        assert not diff_models(bound, list(TABLES))
    made.close()
    again = open_storage(f"sqlite:///{tmp_path / 'shop.db'}")
    assert again.migrate() == []
    again.close()


def test_two_that_migrate_at_once_agree(tmp_path: Path) -> None:
    for attempt in range(5):
        storages = [open_storage(f"sqlite:///{tmp_path}/{attempt}.db") for _ in range(3)]
        applied: list[list[str]] = []
        in_threads(3, lambda number: applied.append(storages[number].migrate()))  # noqa: B023
        assert sorted(applied) == [[], [], ["0001_first_tables"]]
        for each in storages:
            each.close()


def test_a_migration_can_be_taken_back(tmp_path: Path) -> None:
    made = open_storage(f"sqlite:///{tmp_path / 'shop.db'}")
    made.migrate()
    Runner(made.database.peewee, str(MIGRATIONS)).down()
    assert made.database.peewee.get_tables() == ["schema_migration"]
    assert made.migrate() == ["0001_first_tables"]
    made.close()


def test_what_people_query_by_hand_has_the_names_they_know(storage: Storage) -> None:
    for statement in (
        "SELECT number, code, name, price, stock, category, on_sale FROM products WHERE business = 'corner'",
        "SELECT number, status, total, source FROM orders",
        "SELECT product, quantity, price FROM order_items JOIN orders ON orders.id = order_items.order_id",
        "SELECT name, phone, address FROM customers",
        "SELECT state FROM conversations",
        "SELECT status, body FROM messages",
    ):
        storage.database.rows(statement)
    assert storage.database.rows("SELECT price, stock FROM products WHERE number = 1") == [(5000, 10)]


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
    other = sqlite3.connect(tmp_path / "shop.db", timeout=0, isolation_level=None)
    with storage.database.writing(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")
    other.close()


def test_a_second_transaction_in_one_thread_is_refused(storage: Storage) -> None:
    with storage.database.writing(), pytest.raises(StorageError, match="open in this thread"):
        storage.add_channel("corner", "meta", "2")


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
    assert len(storage.database.peewee.connections) == 1


def test_it_says_why_it_is_not_ready(tmp_path: Path) -> None:
    made = open_storage(f"sqlite:///{tmp_path / 'shop.db'}")
    with pytest.raises(NotReady, match="lacks 0001_first_tables"):
        made.is_ready()
    made.migrate()
    with pytest.raises(NotReady, match="no business"):
        made.is_ready()
    made.seed(SHOP)
    made.is_ready()
    made.close()


def test_seeding_again_updates_everything_but_the_stock(storage: Storage) -> None:
    storage.database.execute("UPDATE products SET stock = 3 WHERE code = 'cookie'")
    bun = Product(1, "bun", "Bun", Decimal("30.00"), 7)
    changed = replace(
        COOKIE, number=5, name="Big cookie", price=Decimal("60.50"), stock=500, category="Big", on_sale=False
    )
    storage.seed(replace(SHOP, products=(changed, bun)))
    rows = storage.database.rows(
        "SELECT code, number, name, price, stock, category, on_sale FROM products ORDER BY code"
    )
    assert rows == [
        ("bun", 1, "Bun", 3000, 7, "", 1),
        ("cake", 2, "Cake", 12050, None, "Sweet", 0),
        ("cookie", 5, "Big cookie", 6050, 3, "Big", 0),
        ("old_bread", 3, "Old bread", 1000, 5, "Bread", 0),
        ("tea", 4, "Tea", 2000, 0, "Drinks", 0),
    ]


def test_a_price_that_no_coin_can_pay_is_refused_and_nothing_is_kept(storage: Storage) -> None:
    odd = replace(COOKIE, price=Decimal("50.005"))
    with pytest.raises(InexactAmount, match=r"50\.005 INR"):
        storage.seed(replace(SHOP, products=(odd,)))
    assert storage.database.rows("SELECT price FROM products WHERE code = 'cookie'") == [(5000,)]


def test_a_number_belongs_to_one_business(storage: Storage) -> None:
    storage.add_channel("corner", "meta", NUMBER)
    assert storage.database.rows("SELECT business, provider, address FROM channels") == [
        ("corner", "meta", NUMBER)
    ]
    other = replace(SHOP, business=replace(SHOP.business, id="other"))
    storage.seed(other)
    storage.add_channel("other", "meta", NUMBER)
    assert storage.channel_business("meta", NUMBER) == "other"
    assert storage.channel_business("twilio", NUMBER) is None
    with pytest.raises(StorageError, match="seed its pack"):
        storage.add_channel("nobody", "meta", "3")


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [
        ("50.00", "INR", 5000),
        ("50", "INR", 5000),
        ("1200", "JPY", 1200),
        ("1.234", "KWD", 1234),
        ("0", "EUR", 0),
    ],
)
def test_money_is_whole_and_exact(amount: str, currency: str, units: int) -> None:
    assert to_units(Decimal(amount), currency) == units
    assert from_units(units, currency) == Decimal(amount)


def test_moments_are_kept_in_utc() -> None:
    karachi = datetime(2026, 5, 24, 17, 0, tzinfo=timezone(timedelta(hours=5)))
    assert stored(karachi) == datetime(2026, 5, 24, 12, 0)
    assert loaded(stored(karachi)) == karachi
    assert loaded("2026-05-24 12:00:00") == karachi
    with pytest.raises(ValueError, match="no time zone"):
        stored(datetime(2026, 5, 24))
