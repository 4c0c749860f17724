"""Keeps orders, with their lines, their numbers and their timelines, and reads them back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import peewee

from adapters.storage.database import Database, Statement, loaded, stored
from adapters.storage.money import from_units, to_units
from engine.pack import Pack
from engine.shop import Customer, Order, OrderDraft, OrderLine, Product
from engine.turn import BrokenTurn

# Written out, as all that a turn may do: through the models an order costs as much as the rest of its turn.
NEXT_NUMBER = """
    INSERT INTO order_numbers (business, day, last) VALUES (?, ?, 1)
    ON CONFLICT (business, day) DO UPDATE SET last = order_numbers.last + 1 RETURNING last"""
KEEP = """
    INSERT INTO orders
    (business, number, customer_id, conversation_id, status, total, currency, name, phone, address, latitude,
     longitude, instructions, delivery, source, placed_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'whatsapp', ?) RETURNING id"""
# By the order's number: nobody has to wait for the answer that tells its id.
KEEP_ITEM = """
    INSERT INTO order_items (order_id, business, number, product, name, quantity, price, note)
    VALUES ((SELECT id FROM orders WHERE business = ? AND number = ?), ?, ?, ?, ?, ?, ?, ?)"""
KEEP_NOTE = """
    INSERT INTO timeline (order_id, business, status, "by", reason, at)
    VALUES ((SELECT id FROM orders WHERE business = ? AND number = ?), ?, ?, ?, '', ?)"""
NOTE = 'INSERT INTO timeline (business, order_id, status, "by", reason, at) VALUES (?, ?, ?, ?, ?, ?)'
MOVE = "UPDATE orders SET status = ? WHERE id = ?"
COLUMNS = "SELECT id, number, status, total, currency, placed_at FROM orders WHERE business = ?"
OF_CUSTOMER = f"{COLUMNS} AND customer_id = ? ORDER BY id DESC"
NUMBERED = f"{COLUMNS} AND number = ?"
ITEMS = """
    SELECT order_items.order_id, order_items.number, order_items.product, order_items.name,
           order_items.quantity, order_items.price, order_items.note
    FROM order_items JOIN orders ON orders.id = order_items.order_id
    WHERE orders.business = ?"""
ITEMS_OF_CUSTOMER = f"{ITEMS} AND orders.customer_id = ? ORDER BY order_items.order_id, order_items.number"
ITEMS_NUMBERED = f"{ITEMS} AND orders.number = ? ORDER BY order_items.order_id, order_items.number"
NUMBER_IS_TAKEN = ("orders.number", "order_business_number")
"""One of these stands in what SQLite or PostgreSQL says of a number that another order has."""
TAKEN = """
    SELECT order_items.product, SUM(order_items.quantity)
    FROM order_items JOIN orders ON orders.id = order_items.order_id
    WHERE orders.business = ? AND orders.number = ? GROUP BY order_items.product"""


class _Row(NamedTuple):
    id: int
    number: str
    status: str
    total: int
    currency: str
    placed_at: datetime | str


class Kept(NamedTuple):
    """An order as it was kept: its row, and those of its lines as ITEMS reads them."""

    row: _Row
    items: Sequence[tuple[Any, ...]]


class Orders:
    """The orders of one business, in the transaction of a turn."""

    def __init__(self, database: Database, pack: Pack) -> None:
        self._database = database
        self._pack = pack
        self._business = pack.business
        self._currency = pack.business.currency

    def of_customer(self, customer: int, products: Mapping[str, Product]) -> tuple[Order, ...]:
        """A customer's orders, the newest first."""
        rows = self._database.rows(OF_CUSTOMER, self._business.id, customer)
        return self._read(rows, ITEMS_OF_CUSTOMER, customer, products) if rows else ()

    def numbered(self, number: str, products: Mapping[str, Product]) -> Order:
        """The order of this number; raises KeyError for none such."""
        rows = self._database.rows(NUMBERED, self._business.id, number)
        if not rows:
            raise KeyError(number)
        [order] = self._read(rows, ITEMS_NUMBERED, number, products)
        return order

    def next_number(self, moment: datetime) -> Statement:
        """The statement that counts one more order on this day, and gives how many there are then."""
        return NEXT_NUMBER, (self._business.id, self._day(moment))

    def keep(self, draft: OrderDraft, count: int, customer: Customer, conversation: int | None) -> Kept:
        """Keeps the day's order of this count, with its lines and the first step of its life."""
        business = self._business.id
        number = self._business.order_number_of(self._day(draft.placed_at), count)
        total, placed_at = to_units(draft.total, self._currency), stored(draft.placed_at)
        order = (
            business,
            number,
            int(customer.id),
            conversation,
            draft.status,
            total,
            self._currency,
            draft.name,
            draft.phone,
            draft.address,
            draft.latitude,
            draft.longitude,
            draft.instructions,
            draft.delivery,
            placed_at,
        )
        items = [self._item(line) for line in draft.lines]
        statements = [
            (KEEP, order),
            *((KEEP_ITEM, (business, number, business, *item)) for item in items),
            (KEEP_NOTE, (business, number, business, draft.status, customer.role, placed_at)),
        ]
        try:
            found, *_ = self._database.rows_all(statements)
        except peewee.IntegrityError as error:
            if not any(name in str(error) for name in NUMBER_IS_TAKEN):
                raise
            taken = f"the order number {number} is taken: `order_number` needs the whole date and n"
            raise BrokenTurn(taken) from error
        identity: int = found[0][0]
        row = _Row(identity, number, draft.status, total, self._currency, placed_at)
        return Kept(row, [(identity, *item) for item in items])

    def order_of(self, kept: Kept, products: Mapping[str, Product]) -> Order:
        """The order that was kept."""
        [order] = self._made([kept.row], kept.items, products)
        return order

    def move(self, number: str, status: str, by: str, reason: str, at: datetime) -> None:
        """Puts the order into the status, with a line in its timeline; raises KeyError for none such."""
        rows = self._database.rows(NUMBERED, self._business.id, number)
        if not rows:
            raise KeyError(number)
        order = rows[0][0]
        note = (NOTE, (self._business.id, order, status, by, reason, stored(at)))
        self._database.execute_all([(MOVE, (status, order)), note])

    def taken(self, number: str) -> list[tuple[str, int]]:
        """How much of which product the order took, by the product's code; raises KeyError for none such."""
        if not self._database.rows(NUMBERED, self._business.id, number):
            raise KeyError(number)
        # A sum of whole numbers is of PostgreSQL's exact type, which is no int.
        found = self._database.rows(TAKEN, self._business.id, number)
        return sorted((code, int(quantity)) for code, quantity in found)

    def _day(self, moment: datetime) -> date:
        return self._business.local(moment).date()

    def _item(self, line: Any) -> tuple[object, ...]:
        price = to_units(line.price, self._currency)
        return line.number, line.product.code, line.product.name, line.quantity, price, line.note

    def _read(
        self, rows: list[tuple[Any, ...]], items: str, which: object, products: Mapping[str, Product]
    ) -> tuple[Order, ...]:
        return self._made(
            [_Row(*row) for row in rows], self._database.rows(items, self._business.id, which), products
        )

    def _made(
        self, orders: Sequence[_Row], items: Sequence[tuple[Any, ...]], products: Mapping[str, Product]
    ) -> tuple[Order, ...]:
        currencies = {order.id: order.currency for order in orders}
        lines: dict[int, list[OrderLine]] = {}
        for order, number, code, name, quantity, units, note in items:
            price = from_units(units, currencies[order])
            product = _as_now(products.get(code), code, name, price)
            lines.setdefault(order, []).append(OrderLine(number, product, quantity, price, note))
        workflow = self._pack.workflow
        return tuple(
            Order(
                order.number,
                order.status,
                from_units(order.total, order.currency),
                tuple(lines.get(order.id, ())),
                self._business.local(loaded(order.placed_at)),
                workflow is None or workflow.is_open(order.status),
            )
            for order in orders
        )


def _as_now(product: Product | None, code: str, name: str, price: Decimal) -> Product:
    """A product as it is now, under the name it had then; one that is gone is no longer on sale."""
    if product is None:
        return Product(0, code, name, price, on_sale=False)
    return product if product.name == name else product.replaced(name=name)
