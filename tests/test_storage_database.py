"""Tests the database, whichever it is: its address, its tables, its transactions, its seeds."""

from __future__ import annotations

import itertools
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import peewee
import pytest
from playhouse.migrations import Runner
from playhouse.schema_diff import diff_models
from shop_contract import COOKIE
from storage_case import NUMBER, SHOP, Place, in_threads

from adapters.storage import DatabaseURLError, InexactAmount, NotReady, Storage, StorageError, open_storage
from adapters.storage.database import loaded, stored
from adapters.storage.money import from_units, to_units
from adapters.storage.storage import MIGRATIONS
from adapters.storage.tables import TABLES
from engine.shop import Product

ALL_MIGRATIONS = sorted(file.stem for file in MIGRATIONS.glob("[0-9]*.py"))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "write sqlite:///"),
        ("shoptalk.db", "write sqlite:///"),
        ("mysql://ann:secret@host/db", "begins with 'mysql'"),
        ("postgresql:shop", "postgresql://user:password@host/name"),
        ("postgresql://ann:secret@host", "names no database"),
        ("postgresql://ann:secret@host:port/shop", "does not answer"),
        ("postgresql://ann:se%zzcret@host/shop", "it cannot be read"),
        ("postgresql://ann:secret@host/shop?mode=fast", "no option 'mode'"),
        ("postgresql://ann:secret@127.0.0.1:1/shop", "127.0.0.1, database 'shop', does not answer: "),
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
    assert "cret" not in str(refused.value)


def test_migrations_run_once_and_make_the_tables_that_the_models_describe(place: Place) -> None:
    made = open_storage(place.url)
    assert made.migrate() == ALL_MIGRATIONS
    assert made.migrate() == []
    bound = made.database.peewee
    with made.database.connected(), bound.bind_ctx(TABLES):
        assert not diff_models(bound, list(TABLES))
    made.close()
    again = open_storage(place.url)
    assert again.migrate() == []
    again.close()


def test_threads_that_migrate_at_once_agree(place: Place) -> None:
    storages = [open_storage(place.url) for _ in range(4)]
    applied: list[list[str]] = []
    in_threads(4, lambda number: applied.append(storages[number].migrate()))
    assert sorted(name for each in applied for name in each) == ALL_MIGRATIONS, "each is applied once"
    for each in storages:
        each.close()


A_PROCESS_THAT_MIGRATES = """
import sys
from adapters.storage import open_storage

storage = open_storage(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
print(" ".join(storage.migrate()))
storage.close()
"""


def test_processes_that_migrate_at_once_agree(place: Place) -> None:
    words = [sys.executable, "-c", A_PROCESS_THAT_MIGRATES, place.url]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    running = [
        subprocess.Popen(words, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    told = [process.communicate(timeout=60)[0].split() for process in running]
    assert [process.returncode for process in running] == [0, 0, 0]
    assert sorted(name for each in told for name in each) == ALL_MIGRATIONS, "each is applied once"


def test_migrations_can_be_taken_back(place: Place) -> None:
    made = open_storage(place.url)
    made.migrate()
    with made.database.connected():
        Runner(made.database.peewee, str(MIGRATIONS)).down(ALL_MIGRATIONS[0])
        assert made.database.peewee.get_tables() == ["schema_migration"]
    assert made.migrate() == ALL_MIGRATIONS
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


def test_a_second_transaction_in_one_thread_is_refused(storage: Storage) -> None:
    with storage.database.writing(), pytest.raises(StorageError, match="open in this thread"):
        storage.add_channel("corner", "meta", "2")


def draw(chance: random.Random, numbers: Iterator[int], depth: int = 0) -> Tree:
    """A stretch of work: numbers to keep and stretches within it; the last word says whether it breaks."""
    parts: list[int | Tree] = []
    for _ in range(chance.randrange(4)):
        parts.append(
            draw(chance, numbers, depth + 1) if depth < 4 and chance.random() < 0.5 else next(numbers)
        )
    return Tree(parts, chance.random() < 0.4)


class Tree(NamedTuple):
    parts: list[int | Tree]
    breaks: bool


class Broken(Exception):
    pass


@pytest.mark.parametrize("seed", range(3))
def test_a_savepoint_undoes_its_own_stretch_and_nothing_else(storage: Storage, seed: int) -> None:
    database = storage.database

    def work(tree: Tree, kept: list[int]) -> None:
        for part in tree.parts:
            if isinstance(part, Tree):
                inner: list[int] = []
                with suppress(Broken):
                    with database.savepoint():
                        work(part, inner)
                    kept += inner
            else:
                add = "INSERT INTO businesses (id, name, currency, timezone) VALUES (?, '', '', '')"
                if part % 5 == 0:  # what the server itself refuses is undone like the rest
                    with suppress(Broken), database.savepoint():
                        database.execute(add, str(part))
                        with pytest.raises(peewee.IntegrityError):
                            database.execute(add, "corner")
                        raise Broken
                else:
                    database.execute(add, str(part))
                    kept.append(part)
        if tree.breaks:
            raise Broken

    chance, numbers = random.Random(seed), itertools.count(1)
    expected: list[int] = []
    for _ in range(80):
        kept: list[int] = []
        with suppress(Broken):
            with database.writing():
                work(draw(chance, numbers), kept)
            expected += kept
    found = database.rows("SELECT id FROM businesses WHERE id <> 'corner'")
    assert sorted(int(id) for (id,) in found) == sorted(expected)
    assert len(expected) > 20


def test_several_statements_at_once_say_how_many_rows_each_met(storage: Storage) -> None:
    database = storage.database
    sell = "UPDATE products SET stock = stock - ? WHERE code = ?"
    with database.writing():
        assert database.execute_all([]) == []
        assert database.execute_all([(sell, (1, "cookie")), (sell, (1, "none")), (sell, (2, "cookie"))]) == [
            1,
            0,
            1,
        ]
        assert database.rows("SELECT stock FROM products WHERE code = 'cookie'") == [(7,)]
    with pytest.raises(peewee.IntegrityError), database.writing():
        database.execute_all(
            [(sell, (1, "cookie")), ("UPDATE products SET code = NULL", ()), (sell, (1, "x"))]
        )
    assert database.rows("SELECT stock FROM products WHERE code = 'cookie'") == [(7,)]


def test_a_change_outside_of_a_transaction_is_one_of_its_own(storage: Storage) -> None:
    database = storage.database
    assert database.execute("UPDATE products SET stock = 3 WHERE code = 'cookie'") == 1
    with database.undone():
        database.execute("UPDATE products SET stock = 2 WHERE code = 'cookie'")
    assert database.row("SELECT stock FROM products WHERE code = ?", "cookie") == (3,)
    assert database.row("SELECT stock FROM products WHERE code = ?", "none") is None


def test_it_says_why_it_is_not_ready(place: Place) -> None:
    made = open_storage(place.url)
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
    changed = COOKIE.replaced(
        number=5, name="Big cookie", price=Decimal("60.50"), stock=500, category="Big", on_sale=False
    )
    storage.seed(SHOP._replace(products=(changed, bun)))
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
    odd = COOKIE.replaced(price=Decimal("50.005"))
    with pytest.raises(InexactAmount, match=r"50\.005 INR"):
        storage.seed(SHOP._replace(products=(odd,)))
    assert storage.database.rows("SELECT price FROM products WHERE code = 'cookie'") == [(5000,)]


def test_a_number_belongs_to_one_business(storage: Storage) -> None:
    storage.add_channel("corner", "meta", NUMBER)
    assert storage.database.rows("SELECT business, provider, address FROM channels") == [
        ("corner", "meta", NUMBER)
    ]
    other = SHOP._replace(business=SHOP.business.replaced(id="other"))
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
