"""Tests the shop in memory: what every shop keeps to, and what its users rely on beside."""

from __future__ import annotations

from decimal import Decimal

import pytest
from shop_contract import ANN, BOB, COOKIE, PACK, OpenShop, ShopContract, undone, wanted

from engine.memory import MemoryShop


class TestMemoryShop(ShopContract):
    @pytest.fixture
    def open_shop(self) -> OpenShop:
        return MemoryShop(PACK).for_customer


def test_products_are_the_same_tuple_until_something_changes() -> None:
    everything = MemoryShop(PACK)
    shop = everything.for_customer(ANN)
    before = shop.products()
    with shop.savepoint():
        shop.save_customer({"name": "Ann"})
    with undone(shop):
        shop.place_order(wanted((COOKIE, 1)))
    assert shop.products() is before
    shop.place_order(wanted((COOKIE, 1)))
    assert shop.products() is not before
    assert before[0].stock == 10


def test_everything_is_readable_afterwards() -> None:
    everything = MemoryShop(PACK)
    ann, bob = everything.for_customer(ANN), everything.for_customer(BOB)
    first = ann.place_order(wanted((COOKIE, 2), name="Ann"))
    bob.place_order(wanted((COOKIE, 3), name="Bob"))
    bob.move_order(first.number, "confirmed", "staff", "called")
    told = [(placed.customer, placed.order.status, placed.draft.name) for placed in everything.orders_placed]
    assert told == [(ANN, "confirmed", "Ann"), (BOB, "pending", "Bob")]
    assert everything.orders_placed[0].timeline == (("confirmed", "staff", "called"),)
    assert everything.stock == {"cookie": 5, "old_bread": 5, "tea": 0}
    assert [customer.phone for customer in everything.customers] == [ANN, BOB]


def test_a_product_is_added_or_changed() -> None:
    everything = MemoryShop(PACK)
    shop = everything.for_customer(ANN)
    order = shop.place_order(wanted((COOKIE, 1)))
    everything.put_product(COOKIE.replaced(name="Biscuit", price=Decimal(60), stock=3))
    everything.put_product(COOKIE.replaced(number=9, code="rusk", name="Rusk"))
    assert [product.code for product in shop.products()] == ["cookie", "cake", "old_bread", "tea", "rusk"]
    [kept] = shop.orders()
    assert kept.lines[0].product == COOKIE.replaced(price=Decimal(60), stock=3), "as it is now, named as then"
    assert (kept.number, kept.lines[0].price) == (order.number, Decimal("50.00"))


def test_a_shop_without_a_workflow_keeps_orders_open() -> None:
    shop = MemoryShop(PACK._replace(workflow=None)).for_customer(ANN)
    assert shop.place_order(wanted((COOKIE, 1))).is_open


def test_savepoints_leave_nothing_behind() -> None:
    everything = MemoryShop(PACK)
    shop = everything.for_customer(ANN)
    for _ in range(3):
        with shop.savepoint():
            shop.place_order(wanted((COOKIE, 1)))
        shop.place_order(wanted((COOKIE, 1)))
        with undone(shop):
            shop.place_order(wanted((COOKIE, 1)))
    assert everything._undo == []
