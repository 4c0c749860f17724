"""Tests what is PostgreSQL's own: a server that goes away, transactions that meet, and the wire."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import peewee
import psycopg
import pytest
from servers import PostgreSQLServer, fresh_database, postgresql_server
from shop_contract import COOKIE
from storage_case import (
    NOW,
    Place,
    answer,
    everything,
    heard,
    in_threads,
    opened,
    order_of,
    replied,
    said,
)

from adapters.storage import DatabaseURLError, Storage, StorageError, open_storage
from adapters.storage.database import DatabaseBusy, DatabaseGone
from adapters.storage.postgresql import MOST_CONNECTIONS, PostgreSQL
from adapters.storage.tables import Product

STOCK = "SELECT stock FROM products WHERE code = 'cookie'"
SELL = "UPDATE products SET stock = stock - 1 WHERE code = ?"


@pytest.fixture
def url(postgresql: str) -> Iterator[str]:
    with fresh_database(postgresql) as url:
        yield url


@pytest.fixture
def storage(url: str) -> Iterator[Storage]:
    with opened(Place("postgresql", url)) as storage:
        yield storage


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgreSQLServer]:
    """A server that may be stopped: nobody else uses it."""
    with postgresql_server(durable=False) as server:
        yield server


@pytest.fixture
def fragile(own_server: PostgreSQLServer) -> Iterator[Storage]:
    """A storage on the server that may be stopped."""
    with fresh_database(own_server.url) as url, opened(Place("postgresql", url)) as storage:
        yield storage


def with_option(url: str, option: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{option}"


def server_of(storage: Storage) -> PostgreSQL:
    assert isinstance(storage.database, PostgreSQL)
    return storage.database


# A server that goes away


FIRST = {
    "a read": lambda database: database.rows(STOCK),
    "a read through a model": lambda database: database.select(Product.select()),
    "a change": lambda database: database.execute(SELL, "cookie"),
    "a change through a model": lambda database: database.change(Product.update(stock=1)),
    "an insert": lambda database: database.insert(
        "INSERT INTO channels (business, provider, address) VALUES (?, 'meta', '7') RETURNING id", "corner"
    ),
}
"""What may be the first to meet a connection that the server closed."""


@pytest.mark.parametrize("within", [False, True], ids=["alone", "first of a transaction"])
@pytest.mark.parametrize("first", FIRST)
def test_after_a_restart_the_next_one_works(
    fragile: Storage, own_server: PostgreSQLServer, first: str, within: bool
) -> None:
    database = fragile.database
    in_threads(3, lambda _: database.rows("SELECT pg_sleep(0.05)"))
    assert server_of(fragile).open_connections >= 3
    own_server.restart()
    if within:
        with database.writing(), database.savepoint():
            assert FIRST[first](database)
            database.execute(SELL, "cookie")
    else:
        assert FIRST[first](database)
    assert server_of(fragile).open_connections == 1


def test_after_a_restart_several_statements_at_once_work(
    fragile: Storage, own_server: PostgreSQLServer
) -> None:
    own_server.restart()
    with fragile.database.writing():
        assert fragile.database.execute_all([(SELL, ("cookie",)), (SELL, ("cookie",))]) == [1, 1]
    assert fragile.database.rows(STOCK) == [(8,)]


def test_a_restart_in_the_middle_of_a_turn_keeps_nothing_of_it(
    fragile: Storage, own_server: PostgreSQLServer
) -> None:
    conversation = heard(fragile, "hi", "w1")
    before = everything(fragile)

    def take() -> None:
        with fragile.turn(conversation) as working:
            working.shop.place_order(order_of(COOKIE, 2))
            own_server.restart()
            answer(working, "one")

    with pytest.raises(DatabaseGone, match="does not answer"):
        take()
    assert everything(fragile) == before
    replied(fragile, conversation, "one")
    assert heard(fragile, "again", "w2") == conversation


def test_a_restart_before_the_end_of_a_transaction_keeps_nothing_of_it(
    fragile: Storage, own_server: PostgreSQLServer
) -> None:
    def sell() -> None:
        with fragile.database.writing():
            fragile.database.execute(SELL, "cookie")
            own_server.restart()

    with pytest.raises(DatabaseGone):
        sell()
    assert fragile.database.rows(STOCK) == [(10,)]


def test_a_server_that_is_away_is_said_without_the_password(
    fragile: Storage, own_server: PostgreSQLServer
) -> None:
    fragile.database.rows(STOCK)
    url = own_server.url.replace("postgres:@", "postgres:se%40cret@")
    own_server.stop()
    try:
        with pytest.raises(DatabaseGone, match="does not answer") as gone:
            fragile.accept("meta", [said("hi", "w1")], NOW)
        with pytest.raises(DatabaseGone):
            fragile.database.rows(STOCK)
        with pytest.raises(StorageError, match="does not answer"):
            fragile.is_ready()
        with pytest.raises(DatabaseURLError, match="database 'postgres', does not answer: ") as refused:
            open_storage(url)
        assert "cret" not in f"{gone.value}{refused.value}"
    finally:
        own_server.start()
    assert heard(fragile, "hi", "w1") in fragile.waiting(NOW)


def test_a_connection_that_the_server_ends_is_replaced(storage: Storage) -> None:
    database = storage.database

    def end_all_others() -> None:
        with database.connected():
            database.rows(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    def sell_twice() -> None:
        with database.writing():
            database.execute(SELL, "cookie")
            in_threads(1, lambda _: end_all_others())
            database.execute(SELL, "cookie")

    with pytest.raises(DatabaseGone):
        sell_twice()
    assert database.rows(STOCK) == [(10,)]


def test_a_database_that_is_not_there_is_named(postgresql: str) -> None:
    with pytest.raises(DatabaseURLError, match='database "nowhere" does not exist'):
        open_storage(urlsplit(postgresql)._replace(path="/nowhere").geturl())


# The address


def test_options_of_the_address_reach_the_server(url: str) -> None:
    made = open_storage(with_option(url, "application_name=the%20till"))
    assert made.database.rows("SHOW application_name") == [("the till",)]
    made.close()
    plain = open_storage(url)
    assert plain.database.rows("SHOW application_name") == [("shoptalk",)]
    plain.close()
    with pytest.raises(DatabaseURLError, match='invalid sslmode value: "nonsense"'):
        open_storage(with_option(url, "sslmode=nonsense"))


def test_a_database_that_cannot_hold_every_letter_is_refused(postgresql: str) -> None:
    with (
        fresh_database(postgresql, "LATIN1") as url,
        pytest.raises(DatabaseURLError, match="kept in LATIN1: make one in UTF8"),
    ):
        open_storage(url)


def test_a_database_that_may_only_be_read_is_not_ready(storage: Storage, url: str) -> None:
    only_read = open_storage(with_option(url, "options=-c%20default_transaction_read_only%3Don"))
    only_read.packs.update(storage.packs)
    with pytest.raises(StorageError, match="may only be read"):
        only_read.is_ready()
    with pytest.raises(DatabaseBusy, match="may only be read"):
        only_read.accept("meta", [said("hi", "w1")], NOW)
    only_read.close()


# Connections


def test_a_connection_is_held_no_longer_than_its_transaction(storage: Storage) -> None:
    before = server_of(storage).open_connections
    for _ in range(20):
        thread = threading.Thread(target=storage.waiting, args=(NOW,))
        thread.start()
        thread.join()
    assert server_of(storage).open_connections == before


def test_more_threads_than_connections_take_turns(storage: Storage) -> None:
    in_threads(MOST_CONNECTIONS + 20, lambda _: storage.database.rows("SELECT pg_sleep(0.05)"))
    assert server_of(storage).open_connections <= MOST_CONNECTIONS
    [(open_at_the_server,)] = storage.database.rows(
        "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()"
    )
    assert open_at_the_server == server_of(storage).open_connections
    storage.close()


A_FORK = """
import os, sys
from adapters.storage import open_storage

storage = open_storage(sys.argv[1])
own = storage.database.rows("SELECT pg_backend_pid()")
child = os.fork()
if child == 0:
    for _ in range(50):
        assert storage.database.rows("SELECT pg_backend_pid()") != own
    os._exit(0)
for _ in range(50):
    assert storage.database.rows("SELECT pg_backend_pid()") == own
assert os.waitpid(child, 0)[1] == 0
assert storage.database.rows("SELECT pg_backend_pid()") == own
"""


def test_a_forked_process_opens_its_own_connections(url: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    assert subprocess.run([sys.executable, "-c", A_FORK, url], env=environment, check=False).returncode == 0


def test_under_lost_connections_a_transaction_is_kept_whole_or_not_at_all(storage: Storage, url: str) -> None:
    database = storage.database
    with database.writing():
        database.execute("UPDATE products SET stock = 1000")
    kept: list[int] = []
    unsure: list[int] = []
    enough = threading.Event()

    def move(number: int) -> None:
        if number == 0:
            end_connections()
            return
        while not enough.is_set():
            try:
                with database.writing():
                    database.execute("UPDATE products SET stock = stock - 1 WHERE code = 'cake'")
                    with database.savepoint():
                        database.row(STOCK)
                    database.execute_all([("UPDATE products SET stock = stock + 1 WHERE code = 'tea'", ())])
                kept.append(number)
            except DatabaseGone:
                unsure.append(number)  # the answer to COMMIT may be what was lost

    def end_connections() -> None:
        with psycopg.connect(url, autocommit=True) as other:
            for _ in range(60):
                other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1"
                )
                other.execute("SELECT pg_sleep(0.02)")
        enough.set()

    in_threads(5, move)
    [(cake,), (tea,)] = database.rows(
        "SELECT stock FROM products WHERE code IN ('cake', 'tea') ORDER BY code"
    )
    assert cake + tea == 2000
    assert len(kept) <= tea - 1000 <= len(kept) + len(unsure)
    assert kept
    assert unsure
    assert server_of(storage).open_connections <= 5


# Transactions that meet


def test_of_two_that_wait_for_each_other_one_is_told_to_try_again(storage: Storage) -> None:
    both = threading.Barrier(2)
    outcomes: list[str] = []

    def cross(number: int) -> None:
        codes = ["cookie", "cake"] if number else ["cake", "cookie"]
        try:
            with storage.database.writing():
                storage.database.execute(SELL, codes[0])
                both.wait()
                storage.database.execute("UPDATE products SET number = 9 WHERE code = ?", codes[1])
            outcomes.append("kept")
        except DatabaseBusy as error:
            outcomes.append(str(error))

    in_threads(2, cross)
    assert sorted(outcomes) == [
        "kept",
        "the database takes no change: two transactions waited for each other",
    ]


def test_a_lock_that_is_not_to_be_had_is_said(storage: Storage) -> None:
    database = storage.database
    said: list[str] = []

    def wait() -> None:
        try:
            with database.writing():
                database.execute("SET LOCAL lock_timeout = '50ms'")
                database.execute(SELL, "cookie")
        except DatabaseBusy as error:
            said.append(str(error))

    with database.writing():
        database.execute(SELL, "cookie")
        thread = threading.Thread(target=wait)
        thread.start()
        thread.join()
    assert said == ["the database takes no change: a lock was not to be had in time"]
    assert database.rows("SHOW lock_timeout") == [("30s",)]


def test_a_transaction_that_failed_is_never_taken_for_kept(storage: Storage) -> None:
    def go_on_regardless() -> None:
        with storage.database.writing():
            storage.database.execute(SELL, "cookie")
            with pytest.raises(peewee.ProgrammingError):
                storage.database.execute("UPDATE nowhere SET a = 1")

    with pytest.raises(StorageError, match="nothing of it was kept"):
        go_on_regardless()
    assert storage.database.rows(STOCK) == [(10,)]


@pytest.mark.parametrize(
    ("statement", "parameters", "raised"),
    [
        (
            "INSERT INTO businesses (id, name, currency, timezone) VALUES ('corner', '', '', '')",
            (),
            "Integrity",
        ),
        ("UPDATE products SET price = ?", (10**30,), "Data"),
        ("UPDATE products SET name = ?", ("nul\0",), "Data"),
        ("UPDATE nowhere SET a = 1", (), "Programming"),
    ],
)
def test_what_the_server_refuses_is_raised_as_peewee_names_it(
    storage: Storage, statement: str, parameters: tuple[Any, ...], raised: str
) -> None:
    with pytest.raises(getattr(peewee, f"{raised}Error")):
        storage.database.execute(statement, *parameters)
    assert storage.database.rows(STOCK) == [(10,)]


# What the wire costs


def test_statements_are_prepared_once_and_stay_so(storage: Storage) -> None:
    database = storage.database
    with database.writing():
        for stock in (1, 10**5, 10**12):
            for _ in range(4):
                database.execute("UPDATE products SET stock = ? WHERE code = ?", stock, "cookie")
    for _ in range(2):
        with database.undone():
            database.execute("UPDATE products SET stock = ? WHERE code = ?", 7, "cookie")
    assert database.rows("SELECT COUNT(*) FROM pg_prepared_statements WHERE statement LIKE 'UPDATE %'") == [
        (1,)
    ]


def a_turn(database: PostgreSQL) -> None:
    with database.writing():
        database.row(STOCK)
        with database.savepoint():
            pass
        with database.savepoint(), database.savepoint():
            database.execute(SELL, "cake")
        database.execute_all([(SELL, ("cake",))] * 5)


def nothing_to_keep(database: PostgreSQL) -> None:
    with database.undone(), database.savepoint():
        pass


def an_undone_stretch(database: PostgreSQL) -> None:
    with database.writing():
        with suppress(KeyError), database.savepoint():
            database.execute(SELL, "cake")
            raise KeyError
        with suppress(KeyError), database.savepoint():
            raise KeyError


@pytest.mark.parametrize(
    ("work", "round_trips"),
    [
        (lambda database: database.rows(STOCK), 1),
        (lambda database: database.execute(SELL, "cake"), 2),  # with its COMMIT
        (a_turn, 4),  # BEGIN and a read; a savepoint and a change; its end and five more; COMMIT
        (nothing_to_keep, 0),
        (an_undone_stretch, 2),  # all until the change; its undoing and COMMIT
    ],
    ids=["a read", "a change", "a turn", "nothing", "an undone stretch"],
)
def test_what_needs_no_answer_costs_no_round_trip(
    storage: Storage, tmp_path: Path, work: Callable[[PostgreSQL], object], round_trips: int
) -> None:
    database = server_of(storage)
    for _ in range(5):
        work(database)  # what is prepared later on is prepared now
    with database.connected(), (tmp_path / "wire").open("w+b") as wire:
        connection = database._session.held().pgconn
        connection.trace(wire.fileno())
        work(database)
        connection.untrace()
        said = (tmp_path / "wire").read_text()
    assert said.count("ReadyForQuery") == round_trips, said


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("bigint", 2**62),
        ("integer", -1),
        ("boolean", True),
        ("double precision", 0.1),
        ("text", "100 % 👋 $1 %s"),
        ("text", None),
        ("timestamp", datetime(2026, 5, 24, 12, 0, 0, 250_001)),
        ("date", date(2026, 5, 24)),
        ("bytea", b"\0\xff"),
    ],
)
def test_a_value_comes_back_as_it_was(storage: Storage, kind: str, value: object) -> None:
    for _ in range(3):  # as it comes, while it is prepared, and prepared
        assert storage.database.row(f"SELECT CAST(? AS {kind}), '100 %'", value) == (value, "100 %")


def test_more_statements_at_once_than_the_wire_holds(storage: Storage) -> None:
    note = "INSERT INTO businesses (id, name, currency, timezone) VALUES (?, ?, '', '') RETURNING name"
    with storage.database.writing():
        met = storage.database.execute_all([(note, (str(number), "x" * 10_000)) for number in range(2000)])
    assert met == [1] * 2000
    assert storage.database.rows("SELECT SUM(LENGTH(name)) FROM businesses WHERE currency = ''") == [
        (20_000_000,)
    ]
