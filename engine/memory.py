"""Keeps a whole shop in memory, for chats, transcripts, tests and benchmarks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

from engine.business import Business
from engine.pack import Pack
from engine.shop import Customer, Order, OrderDraft, OrderLine, Product
from engine.turn import BrokenTurn, Failure
from engine.workflow import Workflow

PRODUCTS = "products"
ABSENT: Any = object()
"""What stood under a key before it was first put."""

Key = TypeVar("Key")
Value = TypeVar("Value")


class Placed(NamedTuple):
    """An order and all that is known of it: `customer` is a number, `timeline` of (status, by, reason)."""

    order: Order
    customer: str
    draft: OrderDraft
    timeline: tuple[tuple[str, str, str], ...] = ()


class MemoryShop:
    """One business's shop: all customers for whom it is opened share stock, orders and numbers.

    It belongs to one thread. What has changed is readable at any time: `orders_placed`, `stock`, `customers`.
    """

    def __init__(self, pack: Pack) -> None:
        self._pack = pack
        self._business: Business = pack.business
        self._workflow: Workflow | None = pack.workflow
        products = tuple(sorted(pack.products, key=lambda product: product.number))
        self._shown = {PRODUCTS: products}
        self._products: tuple[Product, ...] = ()
        self._by_code: dict[str, Product] = {}
        self._look_again()
        self._customers: dict[str, Customer] = {}
        self._orders: dict[str, Placed] = {}
        self._numbers_of: dict[str, tuple[str, ...]] = {}
        self._counts: dict[date, int] = {}
        self._undo: list[tuple[dict[Any, Any], Any, Any]] = []
        self._depth = 0

    def copy(self) -> MemoryShop:
        """The same shop once more: what is bought in one of them is still there in the other."""
        twin = MemoryShop(self._pack)
        twin._shown = dict(self._shown)
        twin._look_again()
        twin._customers = dict(self._customers)
        twin._orders = dict(self._orders)
        twin._numbers_of = dict(self._numbers_of)
        twin._counts = dict(self._counts)
        return twin

    def for_customer(self, phone: str, role: str = "customer") -> CustomerShop:
        """The shop as this customer's turns reach it; a number seen before is the same customer."""
        known = self._customers.get(phone)
        if known is None:
            self._put_customer(Customer(phone, phone, role=role))
        elif known.role != role:
            self._put_customer(known.replaced(role=role))
        return CustomerShop(self, phone)

    @property
    def orders_placed(self) -> tuple[Placed, ...]:
        """Every order, in the order in which they were placed."""
        return tuple(self._orders.values())

    @property
    def customers(self) -> tuple[Customer, ...]:
        """Everybody for whom the shop was opened."""
        return tuple(self._customers.values())

    @property
    def products(self) -> tuple[Product, ...]:
        """All products by number: the same tuple until one of them changes."""
        return self._products

    @property
    def stock(self) -> Mapping[str, int]:
        """How many of each product are left, where they are counted."""
        return {product.code: product.stock for product in self._products if product.stock is not None}

    def put_product(self, product: Product) -> None:
        """Adds a product, or puts it in the place of the one with its code."""
        others = [each for each in self._products if each.code != product.code]
        self._put_products(tuple(sorted((*others, product), key=lambda each: each.number)))

    def place_order(self, phone: str, draft: OrderDraft) -> Order:
        """Takes the stock, numbers and keeps the order; see engine.shop.Shop. A failure changes nothing."""
        by_code = self._by_code
        wanted: dict[str, int] = {}
        for line in draft.lines:
            code = line.product.code
            wanted[code] = wanted.get(code, 0) + line.quantity
        is_counted = False
        for line in draft.lines:
            product = by_code.get(line.product.code)
            if product is None or not product.on_sale:
                raise Failure("unavailable", line.product)
            if product.stock is not None:
                is_counted = True
                if wanted[product.code] > product.stock:
                    raise Failure("out_of_stock", line.product, product.stock)
        placed_at = self._business.local(draft.placed_at)
        day = placed_at.date()
        count = self._counts.get(day, 0) + 1
        number = self._business.order_number_of(day, count)
        if number in self._orders:
            raise BrokenTurn(f"the order number {number} is taken: `order_number` needs the whole date and n")
        order = Order(
            number=number,
            status=draft.status,
            total=draft.total,
            lines=tuple(
                OrderLine(line.number, line.product, line.quantity, line.price, line.note)
                for line in draft.lines
            ),
            placed_at=placed_at,
            is_open=self._is_open(draft.status),
        )
        if is_counted:
            self._add_stock({code: -quantity for code, quantity in wanted.items()})
        self._put_count(day, count)
        self._put_order(Placed(order, phone, draft))
        return self._as_now(order)

    def move_order(self, number: str, status: str, by: str, reason: str = "") -> Order:
        """Puts the order into the status, with a line in its timeline; raises KeyError for none such."""
        placed = self._orders[number]
        order = placed.order.replaced(status=status, is_open=self._is_open(status))
        timeline = (*placed.timeline, (status, by, reason))
        self._put_order(placed._replace(order=order, timeline=timeline))
        return self._as_now(order)

    def restock(self, number: str) -> None:
        """Gives back the stock that the order took; raises KeyError for none such."""
        given_back = Counter[str]()
        for line in self._orders[number].order.lines:
            given_back[line.product.code] += line.quantity
        self._add_stock(given_back)

    def orders_of(self, phone: str) -> tuple[Order, ...]:
        """The customer's orders, the newest first."""
        numbers = self._numbers_of.get(phone, ())
        return tuple(self._as_now(self._orders[number].order) for number in reversed(numbers))

    def customer(self, phone: str) -> Customer:
        return self._customers[phone]

    def save_customer(self, phone: str, changes: Mapping[str, str]) -> None:
        known = self._customers[phone]
        self._put_customer(
            Customer(
                known.id,
                known.phone,
                changes.get("name", known.name),
                changes.get("address", known.address),
                changes.get("email", known.email),
                changes.get("language", known.language),
                known.role,
            )
        )

    def savepoint(self) -> Savepoint:
        return Savepoint(self)

    def _is_open(self, status: str) -> bool:
        return self._workflow is None or self._workflow.is_open(status)

    def _as_now(self, order: Order) -> Order:
        """The order with its products as they are now, under the names they had then."""
        by_code = self._by_code
        for line in order.lines:
            if by_code.get(line.product.code) is not line.product:
                break
        else:
            return order
        lines = tuple(
            line.replaced(product=by_code[line.product.code].replaced(name=line.product.name))
            if line.product.code in by_code
            else line.replaced(product=line.product.replaced(on_sale=False))
            for line in order.lines
        )
        return order.replaced(lines=lines)

    def _add_stock(self, pieces: Mapping[str, int]) -> None:
        self._put_products(
            tuple(
                product.replaced(stock=product.stock + pieces[product.code])
                if product.code in pieces and product.stock is not None
                else product
                for product in self._products
            )
        )

    # Every change goes through one of the following, which note how it is undone while a savepoint is open.

    def _put_products(self, products: tuple[Product, ...]) -> None:
        self._put(self._shown, PRODUCTS, products)
        self._look_again()

    def _look_again(self) -> None:
        """Takes the products as they are now, after a change or the undoing of one."""
        products = self._shown[PRODUCTS]
        if products is not self._products:
            self._products = products
            self._by_code = {product.code: product for product in products}

    def _put_customer(self, customer: Customer) -> None:
        self._put(self._customers, customer.id, customer)

    def _put_count(self, day: date, count: int) -> None:
        self._put(self._counts, day, count)

    def _put_order(self, placed: Placed) -> None:
        number = placed.order.number
        if number not in self._orders:
            before = self._numbers_of.get(placed.customer, ())
            self._put(self._numbers_of, placed.customer, (*before, number))
        self._put(self._orders, number, placed)

    def _put(self, table: dict[Key, Value], key: Key, value: Value) -> None:
        if self._depth:
            self._undo.append((table, key, table.get(key, ABSENT)))
        table[key] = value


class Savepoint:
    """A stretch of changes to a MemoryShop that is undone as a whole when an exception leaves it."""

    __slots__ = ("_mark", "_shop")

    def __init__(self, shop: MemoryShop) -> None:
        self._shop = shop

    def __enter__(self) -> None:
        shop = self._shop
        shop._depth += 1
        self._mark = len(shop._undo)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shop = self._shop
        if kind is not None:
            while len(shop._undo) > self._mark:
                table, key, before = shop._undo.pop()
                if before is ABSENT:
                    del table[key]
                else:
                    table[key] = before
            shop._look_again()
        shop._depth -= 1
        if not shop._depth:
            shop._undo.clear()


class CustomerShop:
    """A MemoryShop as one customer's turn reaches it: an engine.shop.Shop."""

    __slots__ = ("_everything", "_phone")

    def __init__(self, everything: MemoryShop, phone: str) -> None:
        self._everything = everything
        self._phone = phone

    def products(self) -> tuple[Product, ...]:
        return self._everything.products

    def customer(self) -> Customer:
        return self._everything.customer(self._phone)

    def save_customer(self, changes: Mapping[str, str]) -> None:
        self._everything.save_customer(self._phone, changes)

    def orders(self) -> tuple[Order, ...]:
        return self._everything.orders_of(self._phone)

    def place_order(self, draft: OrderDraft) -> Order:
        return self._everything.place_order(self._phone, draft)

    def move_order(self, number: str, status: str, by: str, reason: str = "") -> Order:
        return self._everything.move_order(number, status, by, reason)

    def restock(self, number: str) -> None:
        self._everything.restock(number)

    def people(self, role: str) -> tuple[Customer, ...]:
        return tuple(customer for customer in self._everything.customers if customer.role == role)

    def savepoint(self) -> Savepoint:
        return self._everything.savepoint()
