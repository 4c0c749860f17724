"""What texts and actions read of the shop by name: the catalog, the cart and the customer's orders."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from engine.business import BusinessAt
from engine.shop import CartLine, Order, Product

if TYPE_CHECKING:
    from engine.draft import Draft


class Catalog:
    """The products, in the order of their numbers, with their names in one language."""

    offers: ClassVar[Mapping[str, str]] = {
        "available": "the products that can be ordered now, by their numbers",
        "categories": "the categories of those, each once",
        "find": "find(item): the product of a menu number or code, else empty",
    }
    methods: ClassVar[frozenset[str]] = frozenset({"find"})
    __slots__ = ("products", "_by_number", "_by_code", "_available")

    def __init__(self, products: Sequence[Product]) -> None:
        self.products = products
        self._by_number = {product.number: product for product in products}
        self._by_code = {product.code: product for product in products}
        self._available: tuple[Product, ...] | None = None

    @property
    def available(self) -> tuple[Product, ...]:
        if self._available is None:
            self._available = tuple(product for product in self.products if product.is_available)
        return self._available

    @property
    def categories(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([product.category for product in self.available if product.category]))

    def find(self, item: object) -> Product | None:
        """The product of this menu number, code or product value; None where there is none."""
        if isinstance(item, str):
            found = self._by_code.get(item)
            if found is None and re.fullmatch(r"\d{1,9}", item.strip()):
                found = self._by_number.get(int(item))
            return found
        if isinstance(item, int) and not isinstance(item, bool):
            return self._by_number.get(item)
        return self._by_code.get(item.code) if isinstance(item, Product) else None


class Cart:
    """What the customer has chosen so far."""

    offers: ClassVar[Mapping[str, str]] = {
        "lines": "its lines, in the order in which they were added",
        "total": "what everything in it costs",
        "count": "how many pieces are in it",
        "is_empty": "whether nothing is in it",
        "quantity": "quantity(item): how many of this product (menu number, code or product) are in it",
    }
    methods: ClassVar[frozenset[str]] = frozenset({"quantity"})
    __slots__ = ("lines", "catalog", "_total")

    def __init__(self, stored: Sequence[Sequence[Any]], catalog: Catalog) -> None:
        self.catalog = catalog
        lines: list[CartLine] = []
        for code, quantity, price, note in stored:
            product = catalog.find(code) or _gone(code, price)
            lines.append(CartLine(len(lines) + 1, product, quantity, Decimal(price), note))
        self.lines = tuple(lines)
        self._total: Decimal | None = None

    @property
    def total(self) -> Decimal:
        if self._total is None:
            total = Decimal(0)
            for line in self.lines:
                total += line.price * line.quantity
            self._total = total
        return self._total

    @property
    def count(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def is_empty(self) -> bool:
        return not self.lines

    def quantity(self, item: object) -> int:
        """How many of this product are in the cart; 0 for what nobody sells."""
        product = self.catalog.find(item)
        code = product.code if product else item
        return sum(line.quantity for line in self.lines if line.product.code == code)


def _gone(code: str, price: str) -> Product:
    """What stands in the cart for a product that the catalog no longer has."""
    return Product(0, code, code, Decimal(price), on_sale=False)


class Orders:
    """The customer's orders, the newest first."""

    offers: ClassVar[Mapping[str, str]] = {
        "last": "the newest order, empty where there is none",
        "open": "those whose life is not over",
        "all": "all of them, the newest first",
    }
    __slots__ = ("all",)

    def __init__(self, orders: Sequence[Order]) -> None:
        self.all = tuple(orders)

    @property
    def last(self) -> Order | None:
        return self.all[0] if self.all else None

    @property
    def open(self) -> tuple[Order, ...]:
        return tuple(order for order in self.all if order.is_open)


def catalog_of(draft: Draft) -> Catalog:
    """The catalog in the language of the turn: the same value as long as the shop gives the same products."""
    products = draft.shop.products()
    kept = draft.prepared.catalogs.get(draft.language)
    if kept is not None and kept[0] is products:
        catalog: Catalog = kept[1]
        return catalog
    names = draft.flow.names.get(draft.language)
    named = (
        [_named(product, names.get(product.code, product.name)) for product in products]
        if names
        else products
    )
    catalog = Catalog(named)
    draft.prepared.catalogs[draft.language] = (products, catalog)
    return catalog


def _named(product: Product, name: str) -> Product:
    return Product(
        product.number,
        product.code,
        name,
        product.price,
        product.stock,
        product.category,
        product.on_sale,
        product.options,
    )


def cart_of(draft: Draft) -> Cart:
    """The cart of the conversation."""
    catalog: Catalog = draft.resolve("catalog")
    return Cart(draft.conversation.cart, catalog)


def put_cart(draft: Draft, lines: Sequence[Sequence[Any]]) -> None:
    """Puts other lines into the cart: each (product code, quantity, price as text, note)."""
    draft.conversation.cart = [list(line) for line in lines]
    draft.given.pop("cart", None)
    draft.forget("cart")


def kept_lines(draft: Draft, lines: Sequence[CartLine]) -> tuple[CartLine, ...]:
    """The lines as an order keeps them: products by their own names, whatever the customer speaks."""
    if not draft.flow.names.get(draft.language):
        return tuple(lines)
    own = {product.code: product for product in draft.shop.products()}
    return tuple(
        line
        if own.get(line.product.code, line.product).name == line.product.name
        else line.replaced(product=line.product.replaced(name=own[line.product.code].name))
        for line in lines
    )


def spoken_order(draft: Draft, order: Order) -> Order:
    """The order with its products' names in the language of the turn."""
    names = draft.flow.names.get(draft.language)
    if not names or not any(line.product.code in names for line in order.lines):
        return order
    lines = tuple(
        line.replaced(product=line.product.replaced(name=names.get(line.product.code, line.product.name)))
        for line in order.lines
    )
    return order.replaced(lines=lines)


def stored_line(line: CartLine) -> list[Any]:
    """The line as the conversation keeps it."""
    return [line.product.code, line.quantity, str(line.price), line.note]


NAMES: Mapping[str, Callable[[Draft], object]] = {
    "business": lambda draft: BusinessAt(draft.business, draft.moment),
    "customer": lambda draft: draft.shop.customer(),
    "cart": cart_of,
    "catalog": catalog_of,
    "orders": lambda draft: Orders([spoken_order(draft, order) for order in draft.shop.orders()]),
}
"""The reserved names that read the shop, and how each is made at its first use in a turn."""


def menu_number(item: object) -> int | None:
    """The number that a line to pick from has for good: that of a product; None for anything else."""
    return item.number if isinstance(item, Product) else None
