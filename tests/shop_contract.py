"""What every shop keeps to, in memory or in a database; each of them runs this suite.

How to plug a shop in: subclass `ShopContract` in a `test_*.py` and give it the fixture `open_shop`, which
makes one fresh shop of the business, the products and the workflow of `PACK`, and gives back a function that
opens that shop for a customer:

    class TestMyShop(ShopContract):
        @pytest.fixture
        def open_shop(self) -> OpenShop:
            everything = MyShop(PACK)
            return lambda phone, role="customer": everything.for_customer(phone, role)

Opened twice for the same number, it is the same customer. Where a shop needs a transaction around it, the
fixture opens one and yields.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Protocol

import pytest

from engine.business import Business
from engine.pack import Pack
from engine.shop import CartLine, Order, OrderDraft, Product, Shop
from engine.turn import Failure
from engine.workflow import Move, Workflow

COOKIE = Product(1, "cookie", "Cookie", Decimal("50.00"), 10, "Sweet")
CAKE = Product(2, "cake", "Cake", Decimal("120.50"), None, "Sweet")
OLD_BREAD = Product(3, "old_bread", "Old bread", Decimal("10.00"), 5, "Bread", on_sale=False)
TEA = Product(4, "tea", "Tea", Decimal("20.00"), 0, "Drinks")

PACK = Pack(
    business=Business(
        id="corner",
        name="Corner Shop",
        currency="INR",
        timezone="Asia/Karachi",
        languages=("en", "ur"),
        order_number="C{date:%Y%m%d}-{n:03}",
    ),
    flows={},
    products=(TEA, COOKIE, OLD_BREAD, CAKE),
    workflow=Workflow(
        "pending",
        {
            "confirm": Move("confirm", ("pending",), "confirmed", ("staff",)),
            "cancel": Move(
                "cancel", ("pending", "confirmed"), "cancelled", ("customer", "staff"), ("restock",)
            ),
        },
    ),
)

NOON = datetime(2026, 5, 24, 12, 0, tzinfo=UTC)
ANN, BOB = "923001234567", "923007654321"


class OpenShop(Protocol):
    """Opens the one shop of a test for a customer."""

    def __call__(self, phone: str, role: str = "customer") -> Shop: ...


def wanted(*lines: tuple[Product, int], at: datetime = NOON, **details: object) -> OrderDraft:
    """An order of these products and quantities, at their prices."""
    cart = tuple(
        CartLine(number, product, quantity, product.price)
        for number, (product, quantity) in enumerate(lines, 1)
    )
    total = sum((line.total for line in cart), Decimal(0))
    return OrderDraft(cart, total, "pending", PACK.business.local(at), **details)  # type: ignore[arg-type]


def stock_of(shop: Shop, product: Product) -> int | None:
    return next(each.stock for each in shop.products() if each.code == product.code)


class _UndoneError(Exception):
    pass


@contextmanager
def undone(shop: Shop) -> Iterator[None]:
    """A savepoint that an exception ends."""
    with suppress(_UndoneError), shop.savepoint():
        yield
        raise _UndoneError


class ShopContract:
    """The suite; see the module for how to use it."""

    def test_products_come_by_number_those_not_on_sale_included(self, open_shop: OpenShop) -> None:
        assert open_shop(ANN).products() == (COOKIE, CAKE, OLD_BREAD, TEA)

    def test_an_order_is_kept_as_it_was_placed(self, open_shop: OpenShop) -> None:
        shop = open_shop(ANN)
        draft = wanted(
            (COOKIE, 2), (CAKE, 1), name="Ann", address="1 Long Street", latitude=24.86, longitude=67.01
        )
        draft = draft.replaced(lines=(draft.lines[0].replaced(note="no nuts"), draft.lines[1]))
        placed = shop.place_order(draft)
        assert (placed.number, placed.status, placed.total) == ("C20260524-001", "pending", Decimal("220.50"))
        assert placed.placed_at == NOON
        assert placed.placed_at.utcoffset() == timedelta(hours=5)
        assert [
            (line.number, line.product.code, line.product.name, line.quantity) for line in placed.lines
        ] == [
            (1, "cookie", "Cookie", 2),
            (2, "cake", "Cake", 1),
        ]
        assert [(line.price, line.total, line.note) for line in placed.lines] == [
            (Decimal("50.00"), Decimal("100.00"), "no nuts"),
            (Decimal("120.50"), Decimal("120.50"), ""),
        ]
        assert placed.is_open
        [kept] = shop.orders()
        assert _told(kept) == _told(placed)

    def test_an_order_keeps_the_prices_and_the_names_of_its_moment(self, open_shop: OpenShop) -> None:
        shop = open_shop(ANN)
        shop.place_order(wanted((COOKIE.replaced(price=Decimal("39.90"), name="بسکٹ"), 3)))
        [order] = shop.orders()
        [line] = order.lines
        assert (line.price, line.product.name, order.total) == (Decimal("39.90"), "بسکٹ", Decimal("119.70"))
        assert shop.products()[0].price == Decimal("50.00")

    def test_placing_takes_the_stock_that_is_counted(self, open_shop: OpenShop) -> None:
        shop = open_shop(ANN)
        shop.place_order(wanted((COOKIE, 3), (CAKE, 7)))
        assert (stock_of(shop, COOKIE), stock_of(shop, CAKE), stock_of(shop, TEA)) == (7, None, 0)

    def test_the_last_piece_can_be_had_once(self, open_shop: OpenShop) -> None:
        ann, bob = open_shop(ANN), open_shop(BOB)
        ann.place_order(wanted((COOKIE, 10)))
        assert stock_of(bob, COOKIE) == 0
        with pytest.raises(Failure) as failed, bob.savepoint():
            bob.place_order(wanted((COOKIE, 1)))
        assert (failed.value.code, failed.value.left) == ("out_of_stock", 0)
        assert bob.orders() == ()

    @pytest.mark.parametrize(
        ("lines", "code", "product", "left"),
        [
            (((COOKIE, 11),), "out_of_stock", COOKIE, 10),
            (((CAKE, 500), (TEA, 1)), "out_of_stock", TEA, 0),
            # two lines of one product are wanted together, and `left` is what the customer could have had
            (((COOKIE, 6), (COOKIE, 5)), "out_of_stock", COOKIE, 10),
            (((OLD_BREAD, 1),), "unavailable", OLD_BREAD, None),
            (
                ((Product(9, "gone", "Gone", Decimal(1)), 1),),
                "unavailable",
                Product(9, "gone", "Gone", Decimal(1)),
                None,
            ),
        ],
    )
    def test_what_cannot_be_had_fails_and_changes_nothing(
        self,
        open_shop: OpenShop,
        lines: tuple[tuple[Product, int], ...],
        code: str,
        product: Product,
        left: int | None,
    ) -> None:
        shop = open_shop(ANN)
        with pytest.raises(Failure) as failed, shop.savepoint():
            shop.place_order(wanted((COOKIE, 1), *lines) if code == "unavailable" else wanted(*lines))
        assert failed.value.code == code
        assert failed.value.product is not None
        assert (failed.value.product.code, failed.value.left) == (product.code, left)
        assert shop.products() == (COOKIE, CAKE, OLD_BREAD, TEA)
        assert shop.orders() == ()

    def test_a_failure_names_the_product_as_its_line_did(self, open_shop: OpenShop) -> None:
        shop = open_shop(ANN)
        with pytest.raises(Failure) as failed, shop.savepoint():
            shop.place_order(wanted((COOKIE.replaced(name="بسکٹ"), 11)))
        assert failed.value.product is not None
        assert failed.value.product.name == "بسکٹ"

    def test_numbers_count_the_orders_of_a_day_in_the_zone_of_the_business(self, open_shop: OpenShop) -> None:
        ann, bob = open_shop(ANN), open_shop(BOB)
        evening = datetime(2026, 5, 24, 18, 59, tzinfo=UTC)  # a minute before midnight in Karachi
        numbers = [
            ann.place_order(wanted((CAKE, 1))).number,
            bob.place_order(wanted((CAKE, 1), at=evening)).number,
            ann.place_order(wanted((CAKE, 1), at=evening + timedelta(minutes=1))).number,
            bob.place_order(wanted((CAKE, 1), at=evening + timedelta(minutes=2))).number,
            bob.place_order(wanted((CAKE, 1), at=evening)).number,
        ]
        assert numbers == [
            "C20260524-001",
            "C20260524-002",
            "C20260525-001",
            "C20260525-002",
            "C20260524-003",
        ]

    def test_an_undone_order_leaves_no_gap(self, open_shop: OpenShop) -> None:
        shop = open_shop(ANN)
        assert shop.place_order(wanted((COOKIE, 1))).number == "C20260524-001"
        with undone(shop):
            shop.place_order(wanted((COOKIE, 1)))
            shop.place_order(wanted((COOKIE, 1)))
        with pytest.raises(Failure), shop.savepoint():
            shop.place_order(wanted((COOKIE, 100)))
        assert shop.place_order(wanted((COOKIE, 1))).number == "C20260524-002"

    def test_a_savepoint_gives_everything_back(self, open_shop: OpenShop) -> None:
        shop = open_shop(ANN)
        shop.save_customer({"name": "Ann"})
        first = shop.place_order(wanted((COOKIE, 2)))
        products, orders, customer = shop.products(), shop.orders(), shop.customer()
        with undone(shop):
            shop.save_customer({"name": "Somebody", "address": "Elsewhere 5"})
            shop.place_order(wanted((COOKIE, 3)))
            shop.move_order(first.number, "cancelled", "customer", "changed my mind")
            shop.restock(first.number)
            assert stock_of(shop, COOKIE) == 7
        assert shop.products() == products
        assert [_told(order) for order in shop.orders()] == [_told(order) for order in orders]
        assert shop.customer() == customer

    def test_a_savepoint_within_a_savepoint_is_undone_alone(self, open_shop: OpenShop) -> None:
        shop = open_shop(ANN)
        with shop.savepoint():
            shop.place_order(wanted((COOKIE, 1)))
            with undone(shop):
                shop.place_order(wanted((COOKIE, 2)))
            shop.place_order(wanted((COOKIE, 4)))
        assert stock_of(shop, COOKIE) == 5
        assert [order.number for order in shop.orders()] == ["C20260524-002", "C20260524-001"]

    def test_an_outer_savepoint_undoes_what_an_inner_one_kept(self, open_shop: OpenShop) -> None:
        shop = open_shop(ANN)
        with undone(shop), shop.savepoint():
            shop.place_order(wanted((COOKIE, 1)))
        assert stock_of(shop, COOKIE) == 10
        assert shop.orders() == ()

    def test_what_a_savepoint_kept_stays_when_a_later_one_is_undone(self, open_shop: OpenShop) -> None:
        shop = open_shop(ANN)
        with shop.savepoint():
            shop.place_order(wanted((COOKIE, 1)))
        with undone(shop):
            shop.place_order(wanted((COOKIE, 2)))
        assert stock_of(shop, COOKIE) == 9
        assert len(shop.orders()) == 1

    def test_orders_come_newest_first(self, open_shop: OpenShop) -> None:
        shop = open_shop(ANN)
        placed = [shop.place_order(wanted((CAKE, n), at=NOON + timedelta(hours=n))).number for n in (1, 2, 3)]
        assert [order.number for order in shop.orders()] == placed[::-1]

    def test_customers_are_apart(self, open_shop: OpenShop) -> None:
        ann, bob = open_shop(ANN), open_shop(BOB)
        ann.save_customer({"name": "Ann", "address": "1 Long Street"})
        order = ann.place_order(wanted((CAKE, 1)))
        assert (bob.customer().name, bob.customer().address, bob.orders()) == ("", "", ())
        assert [_told(each) for each in open_shop(ANN).orders()] == [_told(order)]
        assert ann.customer().id != bob.customer().id

    def test_a_customer_is_remembered(self, open_shop: OpenShop) -> None:
        shop = open_shop(ANN)
        assert (shop.customer().phone, shop.customer().role, shop.customer().is_known) == (
            ANN,
            "customer",
            False,
        )
        shop.save_customer(
            {"name": "Ann", "address": "1 Long Street", "email": "ann@shop.pk", "language": "ur"}
        )
        shop.save_customer({"address": "2 Short Street"})
        customer = open_shop(ANN).customer()
        assert (customer.name, customer.address) == ("Ann", "2 Short Street")
        assert (customer.email, customer.language) == ("ann@shop.pk", "ur")
        assert customer.is_known

    def test_people_are_found_by_their_role(self, open_shop: OpenShop) -> None:
        open_shop(ANN)
        open_shop(BOB, "staff")
        shop = open_shop(ANN)
        assert [person.phone for person in shop.people("staff")] == [BOB]
        assert shop.people("manager") == ()
        bob = open_shop(BOB, "staff")
        assert bob.customer().role == "staff"
        bob.save_customer({"language": "ur"})
        assert bob.people("staff") == (bob.customer(),)

    def test_a_moved_order_stands_in_its_new_status(self, open_shop: OpenShop) -> None:
        shop = open_shop(ANN)
        first, second = shop.place_order(wanted((CAKE, 1))), shop.place_order(wanted((CAKE, 2)))
        moved = shop.move_order(first.number, "cancelled", "customer", "changed my mind")
        assert (moved.number, moved.status, moved.is_open, moved.total) == (
            first.number,
            "cancelled",
            False,
            first.total,
        )
        assert [(order.number, order.status) for order in shop.orders()] == [
            (second.number, "pending"),
            (first.number, "cancelled"),
        ]
        assert [order.is_open for order in shop.orders()] == [True, False]

    def test_another_role_moves_a_customers_order(self, open_shop: OpenShop) -> None:
        ann, staff = open_shop(ANN), open_shop(BOB, "staff")
        order = ann.place_order(wanted((CAKE, 1)))
        staff.move_order(order.number, "confirmed", "staff")
        assert ann.orders()[0].status == "confirmed"

    def test_restocking_gives_back_what_the_order_took(self, open_shop: OpenShop) -> None:
        shop = open_shop(ANN)
        order = shop.place_order(wanted((COOKIE, 2), (CAKE, 3), (COOKIE, 1)))
        shop.place_order(wanted((COOKIE, 1)))
        shop.restock(order.number)
        assert (stock_of(shop, COOKIE), stock_of(shop, CAKE)) == (9, None)


def _told(order: Order) -> tuple[object, ...]:
    """What an order says, its products by their codes: their stock goes on changing."""
    lines = tuple(
        (line.number, line.product.code, line.quantity, line.price, line.note) for line in order.lines
    )
    return (order.number, order.status, order.total, order.placed_at, order.is_open, lines)
