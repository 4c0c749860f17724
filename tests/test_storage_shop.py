"""Tests the shop in a database: the contract of all shops, the last cookie, and numbers without gaps."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import peewee
import pytest
from shop_contract import CAKE, COOKIE, OpenShop, ShopContract, stock_of, wanted
from storage_case import (
    ANN,
    BOB,
    NOW,
    SHOP,
    Place,
    counts,
    everything,
    heard,
    in_threads,
    kept,
    open_shop,
    order_of,
)

from adapters.storage import Storage, open_storage
from adapters.storage.identities import identity
from adapters.storage.orders import Orders
from adapters.storage.shop import SAVE_CUSTOMER, StorageShop
from engine.shop import Customer, Product
from engine.turn import BrokenTurn, Failure


class TestStorageShop(ShopContract):
    @pytest.fixture
    def address(self, place: Place) -> str:
        return place.url

    @pytest.fixture
    def open_shop(self, address: str) -> Iterator[OpenShop]:
        storage = open_storage(address)
        storage.migrate()
        storage.seed(SHOP)
        database, directory = storage.database, storage._directory
        opened: list[StorageShop] = []

        def open_for(phone: str, role: str = "customer") -> StorageShop:
            for learnt in filter(None, (shop.learnt() for shop in opened)):
                database.execute(SAVE_CUSTOMER[database.kind], *learnt)  # as at the end of their turns
            person = directory.customer("corner", identity(phone), "", NOW)
            directory.set_role("corner", person, role, NOW)
            found = database.row(
                "SELECT name, address, email, language FROM customers WHERE id = ?", person.id
            )
            assert found is not None
            opened.append(StorageShop(database, SHOP, Customer(str(person.id), phone, *found, role=role)))
            return opened[-1]

        with database.writing():
            yield open_for
        storage.close()


class TestStorageShopInMemory(TestStorageShop):
    @pytest.fixture
    def address(self) -> str:
        return "sqlite:///:memory:"


def test_products_are_made_anew_only_where_a_row_has_changed(place: Place) -> None:
    storage = open_shop(place.url)
    conversation = heard(storage, "hi", "1", ANN)

    def products() -> tuple[Product, ...]:
        with storage.turn(conversation, NOW) as working:
            return working.shop.products()

    first = products()
    assert products() is first
    with storage.database.undone():
        storage.database.execute("UPDATE products SET stock = 1 WHERE code = 'cookie'")
    assert products() is first
    other = open_shop(place.url)
    with other.database.writing():
        other.database.execute("UPDATE products SET stock = 1 WHERE code = 'cookie'")
    assert [product.stock for product in products() if product.code == "cookie"] == [1]
    for opened in (storage, other):
        opened.close()


def test_the_products_are_after_an_order_what_their_rows_are(place: Place) -> None:
    storage = open_shop(place.url)
    talks = [heard(storage, "hi", f"w{number}", phone) for number, phone in enumerate((ANN, BOB))]

    def shelves(shop: StorageShop) -> tuple[Product, ...]:
        """What a shop finds that has seen nothing yet."""
        return StorageShop(storage.database, SHOP, shop.customer()).products()

    with storage.batch(talks, NOW) as batch:
        for working in batch:
            shop = working.shop
            before = shop.products()
            for product, quantity in ((COOKIE, 3), (CAKE, 1), (COOKIE, 2)):
                shop.place_order(order_of(product, quantity))
                assert shop.products() == shelves(shop)
            assert shop.products() != before
            with pytest.raises(Failure, match="out_of_stock"):
                shop.place_order(order_of(COOKIE, 1000))
            assert shop.products() == shelves(shop)
            kept(working)
    storage.close()


def test_what_is_not_counted_stays_the_same_value(place: Place) -> None:
    storage = open_shop(place.url)
    with storage.turn(heard(storage, "hi", "w1", ANN), NOW) as working:
        working.shop.place_order(order_of(COOKIE, 1))
        uncounted = next(product for product in working.shop.products() if product.stock is None)
        before = working.shop.products()
        working.shop.place_order(order_of(uncounted, 3))
        assert working.shop.products() is before
    storage.close()


def test_two_customers_never_both_get_the_last_cookie(place: Place) -> None:
    # Two storages on one file do without the lock of the process: the database alone decides.
    storages = [open_shop(place.url), open_shop(place.url)]
    conversations = [heard(storages[0], "hi", "1", ANN), heard(storages[0], "hi", "2", BOB)]
    for _ in range(25):
        with storages[0].database.writing():
            storages[0].database.execute("UPDATE products SET stock = 1 WHERE code = 'cookie'")
        outcomes: list[object] = []

        def buy(number: int, outcomes: list[object] = outcomes) -> None:
            storage = storages[number]
            try:
                with storage.turn(conversations[number]) as working:
                    working.shop.place_order(order_of(COOKIE, 1))
                    kept(working)
                outcomes.append("got it")
            except Failure as failure:
                outcomes.append((failure.code, failure.left))

        in_threads(2, buy)
        assert sorted(outcomes, key=str) == [("out_of_stock", 0), "got it"]
        assert storages[0].database.rows("SELECT stock FROM products WHERE code = 'cookie'") == [(0,)]
    assert counts(storages[0], "orders", "order_items") == [25, 25]
    for storage in storages:
        storage.close()


def numbers_kept(storage: Storage) -> list[str]:
    return [number for (number,) in storage.database.rows("SELECT number FROM orders ORDER BY number")]


def test_numbers_have_no_gap_when_threads_order_and_some_orders_fail(storage: Storage) -> None:
    conversations = [heard(storage, "hi", str(number), f"92300000000{number}") for number in range(8)]

    def order(number: int) -> None:
        for count in range(10):
            try:
                with storage.turn(conversations[number]) as working:
                    working.shop.place_order(order_of(CAKE, 1))
                    if count % 3 == 0:
                        raise KeyError("after the number was taken")
                    kept(working)
            except KeyError:
                continue

    in_threads(8, order)
    assert numbers_kept(storage) == [f"C20260524-{n:03}" for n in range(1, 49)]


ORDERS_OF_A_PROCESS = """
import sys
from storage_case import heard, kept, open_shop, order_of
from shop_contract import CAKE

storage = open_shop(sys.argv[1])
conversation = heard(storage, "hi", sys.argv[2], "9230000000" + sys.argv[2])
for _ in range(20):
    with storage.turn(conversation) as working:
        working.shop.place_order(order_of(CAKE, 1))
        kept(working)
storage.close()
"""


def test_numbers_have_no_gap_when_processes_order(storage: Storage, place: Place) -> None:
    here = Path(__file__).parent
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join([str(here), str(here.parent)])}
    running = [
        subprocess.Popen([sys.executable, "-c", ORDERS_OF_A_PROCESS, place.url, str(number)], env=paths)
        for number in range(10, 13)
    ]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    assert numbers_kept(storage) == [f"C20260524-{n:03}" for n in range(1, 61)]


def test_an_order_is_kept_whole(storage: Storage) -> None:
    conversation = heard(storage, "hi", "1")
    with storage.turn(conversation) as working:
        draft = wanted(
            (COOKIE, 2),
            (CAKE, 1),
            at=NOW,
            name="Ann",
            phone=ANN,
            address="1 Long Street",
            instructions="ring twice",
        )
        working.shop.place_order(draft.replaced(latitude=24.8607343, longitude=67.0011364))
        kept(working)
    [order] = storage.reports("corner").orders(source="whatsapp")
    assert (order["number"], order["status"], str(order["total"]), order["currency"]) == (
        "C20260524-001",
        "pending",
        "220.50",
        "INR",
    )
    assert (order["name"], order["phone"], order["address"]) == ("Ann", ANN, "1 Long Street")
    assert (order["latitude"], order["longitude"], order["placed_at"]) == (24.8607343, 67.0011364, NOW)
    assert order["conversation"] == conversation
    assert [(item["product"], item["quantity"], str(item["price"])) for item in order["items"]] == [
        ("cookie", 2, "50.00"),
        ("cake", 1, "120.50"),
    ]
    assert [(entry["status"], entry["by"], entry["at"]) for entry in order["timeline"]] == [
        ("pending", "customer", NOW)
    ]
    assert storage.database.rows("SELECT business FROM order_items") == [("corner",)] * 2
    assert storage.database.rows("SELECT total FROM orders") == [(22050,)]


def test_a_fault_between_stock_and_order_leaves_nothing(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = heard(storage, "hi", "1")
    before = everything(storage)

    def broken(*_: object) -> int:
        raise RuntimeError("between stock and order")

    monkeypatch.setattr(Orders, "keep", broken)

    def take() -> None:
        with storage.turn(conversation) as working:
            working.shop.save_customer({"name": "Ann"})
            working.shop.place_order(order_of(COOKIE, 2))

    with pytest.raises(RuntimeError, match="between stock and order"):
        take()
    assert everything(storage) == before


def test_products_are_read_once_until_something_changes(storage: Storage) -> None:
    conversation = heard(storage, "hi", "1")
    with storage.turn(conversation) as working:
        before = working.shop.products()
        assert working.shop.products() is before
        working.shop.place_order(order_of(COOKIE, 2))
        assert stock_of(working.shop, COOKIE) == 8


def test_a_menu_number_finds_the_product_that_is_sold_under_it_now(storage: Storage) -> None:
    bun = Product(1, "bun", "Bun", COOKIE.price, 7)
    storage.seed(SHOP._replace(products=(bun,)))
    with storage.turn(heard(storage, "hi", "1")) as working:
        numbered = {product.number: product.code for product in working.shop.products()}
    assert numbered[1] == "bun"


def test_a_number_format_without_the_day_is_named(storage: Storage) -> None:
    business = SHOP.business.replaced(order_number="C{n:04}")
    storage.seed(SHOP._replace(business=business))
    conversation = heard(storage, "hi", "1")
    with storage.turn(conversation) as working:
        working.shop.place_order(order_of(CAKE, 1, datetime(2026, 5, 24, tzinfo=UTC)))
        with pytest.raises(BrokenTurn, match="C0001 is taken"):
            working.shop.place_order(order_of(CAKE, 1, datetime(2026, 5, 26, tzinfo=UTC)))


def test_another_refusal_is_no_number_that_is_taken(storage: Storage) -> None:
    shop = StorageShop(storage.database, SHOP, Customer("999", "19990004444"))
    with pytest.raises(peewee.IntegrityError), storage.database.writing():
        shop.place_order(order_of(CAKE, 1))


def test_businesses_do_not_see_each_other(storage: Storage) -> None:
    other = SHOP._replace(business=SHOP.business.replaced(id="other"))
    storage.seed(other)
    storage.add_channel("other", "meta", "200")
    conversation = heard(storage, "hi", "1")
    with storage.turn(conversation) as working:
        order = working.shop.place_order(order_of(COOKIE, 4))
        working.shop.save_customer({"name": "Ann"})
        kept(working)
    theirs = storage.start_conversation("other", ("meta", "200"), ANN, NOW)
    with storage.turn(theirs) as working:
        assert (working.business, working.shop.customer().name, working.shop.orders()) == ("other", "", ())
        assert stock_of(working.shop, COOKIE) == 10
        with pytest.raises(KeyError):
            working.shop.move_order(order.number, "confirmed", "staff")
        with pytest.raises(KeyError):
            working.shop.restock(order.number)
        assert working.shop.place_order(order_of(CAKE, 1)).number == order.number
    assert storage.reports("other").orders() == []
    assert storage.reports("other").find_customers(ANN)[0]["name"] == ""
