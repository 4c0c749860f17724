"""The shop of a turn: catalog, orders and customer of one business, in the turn's transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from adapters.storage import tables
from adapters.storage.database import Database, Statement, utc_now
from adapters.storage.money import from_units
from adapters.storage.orders import Orders
from engine.pack import Pack
from engine.shop import Customer, Order, OrderDraft, Product
from engine.turn import Failure

# What a turn may read and change is written as text: Peewee's models cost several times as much. Of two
# products with one number, of which one is gone, the one on sale comes last: that one its number finds.
PRODUCTS = """
    SELECT number, code, name, price, stock, category, on_sale FROM products
    WHERE business = ? ORDER BY number, on_sale, id"""
TAKE_STOCK = """
    UPDATE products SET stock = stock - ?
    WHERE business = ? AND code = ? AND on_sale AND (stock IS NULL OR stock >= ?) RETURNING stock"""
GIVE_STOCK = "UPDATE products SET stock = stock + ? WHERE business = ? AND code = ?"
# Whoever changes rows that other customers' turns change too has the shelves of the business alone, until the
# transaction ends: it may then change more of them, in any order, and waits for nobody who waits for it.
HAVE_SHELVES = "SELECT pg_advisory_xact_lock(1, hashtext(?))"
SAVE_CUSTOMER = {
    "sqlite": """
    UPDATE customers
    SET name = COALESCE(?, name), address = COALESCE(?, address), email = COALESCE(?, email),
        language = COALESCE(?, language)
    WHERE business = ? AND id = ?""",
    "postgresql": """
    UPDATE customers
    SET name = COALESCE(new.name, customers.name), address = COALESCE(new.address, customers.address),
        email = COALESCE(new.email, customers.email), language = COALESCE(new.language, customers.language)
    FROM (SELECT column1 AS name, column2 AS address, column3 AS email, column4 AS language,
                 column5 AS business, column6 AS id
          FROM (VALUES (?, ?, ?, ?, ?, ?)) AS given) AS new
    WHERE customers.business = new.business AND customers.id = new.id""",
}


class KeptProducts:
    """The products of each business as they were last made of their rows, for every thread.

    The rows are read each time. Where nothing in them has changed, the products are the same value, and so is
    all that the engine made of it.
    """

    def __init__(self) -> None:
        self._made: dict[tuple[str, str], tuple[list[tuple[Any, ...]], tuple[Product, ...]]] = {}

    def products(self, business: str, currency: str, rows: list[tuple[Any, ...]]) -> tuple[Product, ...]:
        """The products in the rows of `PRODUCTS`."""
        kept = self._made.get((business, currency))
        if kept is not None and kept[0] == rows:
            return kept[1]
        made = tuple(
            Product(number, code, name, from_units(price, currency), stock, category, bool(on_sale))
            for number, code, name, price, stock, category, on_sale in rows
        )
        self._made[business, currency] = rows, made
        return made


def have_shelves(database: Database, business: str) -> list[Statement]:
    """What is asked first by whoever changes stock, order numbers or orders; SQLite has one writer anyway."""
    return [] if database.kind == "sqlite" else [(HAVE_SHELVES, (business,))]


class Shelves:
    """The products as one transaction sees them: read once, until something in it changes them.

    `taken` are the businesses whose shelves it has had alone.
    """

    def __init__(self, database: Database, kept: KeptProducts) -> None:
        self._database = database
        self._kept = kept
        self._seen: dict[str, tuple[Product, ...]] = {}
        self._had: set[str] = set()
        self.taken: set[str] = set()

    def have(self, business: str) -> list[Statement]:
        """What is to be asked before the first change of them; nothing where it was asked already."""
        if business in self._had:
            return []
        self._had.add(business)
        self.taken.add(business)
        return have_shelves(self._database, business)

    def products(self, business: str, currency: str) -> tuple[Product, ...]:
        """All products of the business, by their numbers."""
        seen = self._seen.get(business)
        if seen is None:
            rows = self._database.rows(PRODUCTS, business)
            seen = self._seen[business] = self._kept.products(business, currency, rows)
        return seen

    def has_seen(self, business: str) -> bool:
        """Whether it knows how they are."""
        return business in self._seen

    def see(self, business: str, currency: str, rows: list[tuple[Any, ...]]) -> None:
        """The products are as these rows of PRODUCTS have them."""
        self._seen[business] = self._kept.products(business, currency, rows)

    def leave(self, business: str, left: Mapping[str, int | None]) -> None:
        """So many are left of these products, by their codes, and of the others as many as were seen."""
        seen = self._seen[business]
        changed = {
            product.code: product.replaced(stock=left[product.code])
            for product in seen
            if left.get(product.code, product.stock) != product.stock
        }
        if changed:
            self._seen[business] = tuple(changed.get(product.code, product) for product in seen)

    def forget(self) -> None:
        """Has them read anew at their next use."""
        self._seen.clear()

    def undo(self) -> None:
        """A stretch was undone: what it read, and what it had alone, may be otherwise now."""
        self._seen.clear()
        self._had.clear()


class StorageShop:
    """An engine.shop.Shop: one business's shop for one customer. It lives as long as its transaction.

    `shelves` are shared by all that goes on in the transaction.
    """

    def __init__(
        self,
        database: Database,
        pack: Pack,
        customer: Customer,
        conversation: int | None = None,
        shelves: Shelves | None = None,
    ) -> None:
        self._database = database
        self._pack = pack
        self._business = pack.business
        self._currency = pack.business.currency
        self._customer = customer
        self._learnt: dict[str, str] = {}
        self._conversation = conversation
        self._orders = Orders(database, pack)
        self._shelves = shelves or Shelves(database, KeptProducts())

    def products(self) -> tuple[Product, ...]:
        """All products by number, read once until something here changes them."""
        return self._shelves.products(self._business.id, self._currency)

    def customer(self) -> Customer:
        """The customer of this turn."""
        return self._customer

    def save_customer(self, changes: Mapping[str, str]) -> None:
        """Keeps any of `name address email language`, from the end of the turn on."""
        self._customer = self._customer.replaced(**changes)
        self._learnt = {**self._learnt, **changes}

    def learnt(self) -> tuple[object, ...] | None:
        """The parameters of SAVE_CUSTOMER for what is still to be kept, once; None where nothing is."""
        if not self._learnt:
            return None
        kept = [self._learnt.get(name) for name in ("name", "address", "email", "language")]
        self._learnt = {}
        return (*kept, self._business.id, int(self._customer.id))

    def orders(self) -> tuple[Order, ...]:
        """The customer's orders, the newest first."""
        return self._orders.of_customer(int(self._customer.id), self._by_code())

    def place_order(self, draft: OrderDraft) -> Order:
        """Takes the stock, numbers the order and keeps it; a failure changes nothing.

        Raises Failure `out_of_stock` (with how many are left) or `unavailable`, for the first line that is
        refused.
        """
        with self.savepoint():
            count = self._take_stock(draft)
            kept = self._orders.keep(draft, count, self._customer, self._conversation)
        return self._orders.order_of(kept, self._by_code())

    def move_order(self, number: str, status: str, by: str, reason: str = "") -> Order:
        """Puts the order into the status, with a line in its timeline; raises KeyError for none such."""
        self._have_shelves()
        self._orders.move(number, status, by, reason, utc_now())
        return self._orders.numbered(number, self._by_code())

    def restock(self, number: str) -> None:
        """Gives back the stock that the order took; raises KeyError for none such."""
        self._have_shelves()
        for code, quantity in self._orders.taken(number):
            self._database.execute(GIVE_STOCK, quantity, self._business.id, code)
        self._shelves.forget()

    def people(self, role: str) -> tuple[Customer, ...]:
        """Everybody who has this role in the business."""
        row = tables.Customer
        found = self._database.select(
            row.select().where(row.business == self._business.id, row.role == role).order_by(row.id)
        )
        people = (
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
        own = self._customer
        return tuple(own if person.id == own.id else person for person in people)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A stretch of work that is undone as a whole when an exception leaves it."""
        customer, learnt = self._customer, self._learnt
        try:
            with self._database.savepoint():
                yield
        except BaseException:
            self._customer, self._learnt = customer, learnt
            self._shelves.undo()
            raise

    def _have_shelves(self) -> None:
        asked = self._shelves.have(self._business.id)
        if asked:
            self._database.rows_all(asked)

    def _take_stock(self, draft: OrderDraft) -> int:
        """Takes what the order wants, and counts it: how many the day has with it."""
        wanted = Counter[str]()
        for line in draft.lines:
            wanted[line.product.code] += line.quantity
        codes, business = sorted(wanted), self._business.id
        taking = [(TAKE_STOCK, (wanted[code], business, code, wanted[code])) for code in codes]
        first = self._shelves.have(business)
        # Whoever had them before may have changed them since they were seen.
        read = [] if self._shelves.has_seen(business) and not first else [(PRODUCTS, (business,))]
        # A count that was in vain is undone together with the rest.
        asked = [*first, *taking, self._orders.next_number(draft.placed_at), *read]
        answers = self._database.rows_all(asked)[len(first) :]
        met, (counted, *found) = answers[: len(codes)], answers[len(codes) :]
        refused = {code for code, rows in zip(codes, met, strict=True) if not rows}
        if found:
            self._shelves.see(business, self._currency, found[0])
        else:
            left = {code: rows[0][0] for code, rows in zip(codes, met, strict=True) if rows}
            self._shelves.leave(business, left)
        if not refused:
            count: int = counted[0][0]
            return count
        known = self._by_code()
        line = next(line for line in draft.lines if line.product.code in refused)
        product = known.get(line.product.code)
        if product is None or not product.on_sale:
            raise Failure("unavailable", line.product)
        raise Failure("out_of_stock", line.product, product.stock)

    def _by_code(self) -> dict[str, Product]:
        return {product.code: product for product in self.products()}
