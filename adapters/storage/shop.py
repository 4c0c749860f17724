"""The shop of a turn: catalog, orders and customer of one business, in the turn's transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal

from peewee import Expression, Query

from adapters.storage import tables
from adapters.storage.database import Database, loaded, stored, utc_now
from adapters.storage.money import from_units, to_units
from engine.pack import Pack
from engine.shop import Customer, Order, OrderDraft, OrderLine, Product
from engine.turn import BrokenTurn, Failure

# Read in nearly every turn, hence as text; what only an order needs goes through the models. Of two products
# with one number, of which one is gone, the one on sale comes last: that is the one its number finds.
PRODUCTS = """
    SELECT number, code, name, price, stock, category, on_sale FROM products
    WHERE business = ? ORDER BY number, on_sale, id"""
TAKE_STOCK = """
    UPDATE products SET stock = stock - ?
    WHERE business = ? AND code = ? AND on_sale AND (stock IS NULL OR stock >= ?)"""
GIVE_STOCK = "UPDATE products SET stock = stock + ? WHERE business = ? AND code = ?"
NEXT_NUMBER = """
    INSERT INTO order_numbers (business, day, last) VALUES (?, ?, 1)
    ON CONFLICT (business, day) DO UPDATE SET last = order_numbers.last + 1 RETURNING last"""


class StorageShop:
    """An engine.shop.Shop: one business's shop for one customer. It lives as long as its transaction."""

    def __init__(
        self, database: Database, pack: Pack, customer: Customer, conversation: int | None = None
    ) -> None:
        self._database = database
        self._pack = pack
        self._business = pack.business
        self._currency = pack.business.currency
        self._customer = customer
        self._conversation = conversation
        self._products: tuple[Product, ...] | None = None

    def forget(self) -> None:
        """Has the products read anew at their next use."""
        self._products = None

    def products(self) -> tuple[Product, ...]:
        """All products by number, read once until something here changes them."""
        if self._products is None:
            currency = self._currency
            self._products = tuple(
                Product(number, code, name, from_units(price, currency), stock, category, bool(on_sale))
                for number, code, name, price, stock, category, on_sale in self._database.rows(
                    PRODUCTS, self._business.id
                )
            )
        return self._products

    def customer(self) -> Customer:
        """The customer of this turn."""
        return self._customer

    def save_customer(self, changes: Mapping[str, str]) -> None:
        """Keeps any of `name address email language`."""
        self._customer = replace(self._customer, **changes)
        row = tables.Customer
        self._database.change(
            row.update({getattr(row, name): text for name, text in changes.items()}).where(
                row.business == self._business.id, row.id == int(self._customer.id)
            )
        )

    def orders(self) -> tuple[Order, ...]:
        """The customer's orders, the newest first."""
        return self._read(tables.Order.customer == int(self._customer.id))

    def place_order(self, draft: OrderDraft) -> Order:
        """Takes the stock, numbers the order and keeps it; a failure changes nothing.

        Raises Failure `out_of_stock` (with how many are left) or `unavailable`, for the first line that is
        refused.
        """
        with self.savepoint():
            self._take_stock(draft)
            number = self._next_number(self._business.local(draft.placed_at).date())
            order_id = self._keep(draft, number)
            self._note(order_id, draft.status, self._customer.role, "", stored(draft.placed_at))
        [order] = self._read(tables.Order.id == order_id)
        return order

    def move_order(self, number: str, status: str, by: str, reason: str = "") -> Order:
        """Puts the order into the status, with a line in its timeline; raises KeyError for none such."""
        order_id = self._order_id(number)
        self._database.change(tables.Order.update(status=status).where(tables.Order.id == order_id))
        self._note(order_id, status, by, reason, stored(utc_now()))
        [order] = self._read(tables.Order.id == order_id)
        return order

    def restock(self, number: str) -> None:
        """Gives back the stock that the order took; raises KeyError for none such."""
        item = tables.OrderItem
        taken = Counter[str]()
        for row in self._database.select(
            item.select(item.product, item.quantity).where(item.order == self._order_id(number))
        ):
            taken[row["product"]] += row["quantity"]
        # Everybody takes the rows in one order, so that two orders never wait for each other.
        for code, quantity in sorted(taken.items()):
            self._database.execute(GIVE_STOCK, quantity, self._business.id, code)
        self._products = None

    def people(self, role: str) -> tuple[Customer, ...]:
        """Everybody who has this role in the business."""
        row = tables.Customer
        found = self._database.select(
            row.select().where(row.business == self._business.id, row.role == role).order_by(row.id)
        )
        return tuple(
            Customer(
                str(one["id"]),
                one["phone"] or "",
                one["name"],
                one["address"],
                one["email"],
                one["language"],
                one["role"],
            )
            for one in found
        )

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A stretch of work that is undone as a whole when an exception leaves it."""
        customer = self._customer
        try:
            with self._database.savepoint():
                yield
        except BaseException:
            self._customer = customer
            self._products = None
            raise

    def _take_stock(self, draft: OrderDraft) -> None:
        wanted = Counter[str]()
        for line in draft.lines:
            wanted[line.product.code] += line.quantity
        self._products = None
        refused = {
            code
            for code, quantity in sorted(wanted.items())
            if self._database.execute(TAKE_STOCK, quantity, self._business.id, code, quantity) != 1
        }
        if not refused:
            return
        known = {product.code: product for product in self.products()}
        line = next(line for line in draft.lines if line.product.code in refused)
        product = known.get(line.product.code)
        if product is None or not product.on_sale:
            raise Failure("unavailable", line.product)
        raise Failure("out_of_stock", line.product, product.stock)

    def _next_number(self, day: date) -> str:
        row = self._database.row(NEXT_NUMBER, self._business.id, day)
        if row is None:
            raise BrokenTurn("the counter of the day's orders gave no number")
        number = self._business.order_number_of(day, row[0])
        if self._database.select(self._numbered(number)):
            raise BrokenTurn(f"the order number {number} is taken: `order_number` needs the whole date and n")
        return number

    def _keep(self, draft: OrderDraft, number: str) -> int:
        business = self._business.id
        order_id = self._database.change(
            tables.Order.insert(
                business=business,
                number=number,
                customer=int(self._customer.id),
                conversation=self._conversation,
                status=draft.status,
                total=to_units(draft.total, self._currency),
                currency=self._currency,
                name=draft.name,
                phone=draft.phone,
                address=draft.address,
                latitude=draft.latitude,
                longitude=draft.longitude,
                instructions=draft.instructions,
                delivery=draft.delivery,
                placed_at=stored(draft.placed_at),
            )
        )
        for line in draft.lines:
            self._database.change(
                tables.OrderItem.insert(
                    business=business,
                    order=order_id,
                    number=line.number,
                    product=line.product.code,
                    name=line.product.name,
                    quantity=line.quantity,
                    price=to_units(line.price, self._currency),
                    note=line.note,
                )
            )
        return order_id

    def _note(self, order_id: int, status: str, by: str, reason: str, at: object) -> None:
        self._database.change(
            tables.TimelineEntry.insert(
                business=self._business.id, order=order_id, status=status, by=by, reason=reason, at=at
            )
        )

    def _numbered(self, number: str) -> Query:
        row = tables.Order
        return row.select(row.id).where(row.business == self._business.id, row.number == number)

    def _order_id(self, number: str) -> int:
        found = self._database.select(self._numbered(number))
        if not found:
            raise KeyError(number)
        order_id: int = found[0]["id"]
        return order_id

    def _read(self, which: Expression) -> tuple[Order, ...]:
        row, item = tables.Order, tables.OrderItem
        own = row.business == self._business.id
        lines: dict[int, list[OrderLine]] = {}
        products = {product.code: product for product in self.products()}
        for one in self._database.select(
            item.select(item, row.currency).join(row).where(own, which).order_by(item.order, item.number)
        ):
            price = from_units(one["price"], one["currency"])
            product = _as_now(products.get(one["product"]), one["product"], one["name"], price)
            lines.setdefault(one["order"], []).append(
                OrderLine(one["number"], product, one["quantity"], price, one["note"])
            )
        workflow = self._pack.workflow
        return tuple(
            Order(
                one["number"],
                one["status"],
                from_units(one["total"], one["currency"]),
                tuple(lines.get(one["id"], ())),
                self._business.local(loaded(one["placed_at"])),
                workflow is None or workflow.is_open(one["status"]),
            )
            for one in self._database.select(row.select().where(own, which).order_by(row.id.desc()))
        )


def _as_now(product: Product | None, code: str, name: str, price: Decimal) -> Product:
    """A product as it is now, under the name it had then; one that is gone is no longer on sale."""
    if product is None:
        return Product(0, code, name, price, on_sale=False)
    return replace(product, name=name)
