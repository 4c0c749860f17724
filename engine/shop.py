"""The shop as a conversation reaches it: products, customers and orders, and what can be done with them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Final, Protocol

from engine.frozen import Frozen


class Product(Frozen):
    """Something for sale. `price` is exact, in the main unit; `stock` is None where it is not counted."""

    offers: ClassVar[Mapping[str, str]] = {
        "number": "its number on the menu, its own for good",
        "code": "its code",
        "name": "its name, in the customer's language",
        "price": "its price, a decimal of the main unit",
        "stock": "how many are left; empty where they are not counted",
        "category": "its category",
        "is_available": "whether it can be ordered now",
        "options": "the options it comes with; none so far",
    }
    __slots__ = (
        "number",
        "code",
        "name",
        "price",
        "stock",
        "category",
        "on_sale",
        "options",
    )

    def __init__(
        self,
        number: int,
        code: str,
        name: str,
        price: Decimal,
        stock: int | None = None,
        category: str = "",
        on_sale: bool = True,
        options: tuple[Any, ...] = (),
    ) -> None:
        self.number: Final = number
        self.code: Final = code
        self.name: Final = name
        self.price: Final = price
        self.stock: Final = stock
        self.category: Final = category
        self.on_sale: Final = on_sale
        self.options: Final = options

    @property
    def is_available(self) -> bool:
        return self.on_sale and self.stock != 0


class CartLine(Frozen):
    """One line of the cart: `price` is what one piece cost when it was added."""

    offers: ClassVar[Mapping[str, str]] = {
        "number": "its place in the cart, from 1",
        "product": "the product",
        "quantity": "how many",
        "price": "the price of one, when it was added",
        "total": "quantity times price",
        "options": "the options it comes with; none so far",
        "note": "what the customer wants noted",
    }
    __slots__ = (
        "number",
        "product",
        "quantity",
        "price",
        "note",
        "options",
    )

    def __init__(
        self,
        number: int,
        product: Product,
        quantity: int,
        price: Decimal,
        note: str = "",
        options: tuple[Any, ...] = (),
    ) -> None:
        self.number: Final = number
        self.product: Final = product
        self.quantity: Final = quantity
        self.price: Final = price
        self.note: Final = note
        self.options: Final = options

    @property
    def total(self) -> Decimal:
        return self.price * self.quantity


class Customer(Frozen):
    """Who talks. `name` and `address` are what `save_customer` kept; `is_known` whether it kept anything."""

    offers: ClassVar[Mapping[str, str]] = {
        "name": "the name that was saved",
        "phone": "the number the customer writes from",
        "address": "the address that was saved",
        "language": "the language that was saved",
        "is_known": "whether a name was saved",
        "role": "customer, or what a member of staff is",
    }
    __slots__ = (
        "id",
        "phone",
        "name",
        "address",
        "email",
        "language",
        "role",
    )

    def __init__(
        self,
        id: str,
        phone: str,
        name: str = "",
        address: str = "",
        email: str = "",
        language: str = "",
        role: str = "customer",
    ) -> None:
        self.id: Final = id
        self.phone: Final = phone
        self.name: Final = name
        self.address: Final = address
        self.email: Final = email
        self.language: Final = language
        self.role: Final = role

    @property
    def is_known(self) -> bool:
        return bool(self.name)


class OrderLine(Frozen):
    """One line of an order: what was bought, at the price of that moment."""

    offers: ClassVar[Mapping[str, str]] = {
        "number": "its place in the order, from 1",
        "product": "the product as it is now, with the name it had then",
        "quantity": "how many",
        "price": "the price of one",
        "total": "quantity times price",
        "note": "what the customer wanted noted",
    }
    __slots__ = (
        "number",
        "product",
        "quantity",
        "price",
        "note",
    )

    def __init__(
        self,
        number: int,
        product: Product,
        quantity: int,
        price: Decimal,
        note: str = "",
    ) -> None:
        self.number: Final = number
        self.product: Final = product
        self.quantity: Final = quantity
        self.price: Final = price
        self.note: Final = note

    @property
    def total(self) -> Decimal:
        return self.price * self.quantity


class Order(Frozen):
    """What a customer has ordered. `placed_at` is an aware moment on the business's clock."""

    offers: ClassVar[Mapping[str, str]] = {
        "number": "its number, such as WA20251018000001",
        "status": "where it stands in the order's life",
        "total": "what it costs",
        "lines": "its lines",
        "placed_at": "when it was placed",
    }
    __slots__ = (
        "number",
        "status",
        "total",
        "lines",
        "placed_at",
        "is_open",
    )

    def __init__(
        self,
        number: str,
        status: str,
        total: Decimal,
        lines: tuple[OrderLine, ...],
        placed_at: datetime,
        is_open: bool = True,
    ) -> None:
        self.number: Final = number
        self.status: Final = status
        self.total: Final = total
        self.lines: Final = lines
        self.placed_at: Final = placed_at
        self.is_open: Final = is_open


class OrderDraft(Frozen):
    """An order about to be placed. Money is exact, in the main unit; `placed_at` is an aware moment."""

    __slots__ = (
        "lines",
        "total",
        "status",
        "placed_at",
        "name",
        "phone",
        "address",
        "latitude",
        "longitude",
        "instructions",
        "delivery",
    )

    def __init__(
        self,
        lines: tuple[CartLine, ...],
        total: Decimal,
        status: str,
        placed_at: datetime,
        name: str = "",
        phone: str = "",
        address: str = "",
        latitude: float | None = None,
        longitude: float | None = None,
        instructions: str = "",
        delivery: str = "",
    ) -> None:
        self.lines: Final = lines
        self.total: Final = total
        self.status: Final = status
        self.placed_at: Final = placed_at
        self.name: Final = name
        self.phone: Final = phone
        self.address: Final = address
        self.latitude: Final = latitude
        self.longitude: Final = longitude
        self.instructions: Final = instructions
        self.delivery: Final = delivery


class Shop(Protocol):
    """One business's shop, as one customer's turn reaches it; every call sees what the turn did so far."""

    def products(self) -> tuple[Product, ...]:
        """All products by number, those not on sale included, names in the business's first language."""

    def customer(self) -> Customer:
        """The customer of this turn."""

    def save_customer(self, changes: Mapping[str, str]) -> None:
        """Keeps what the customer said of themselves: any of `name address email language`."""

    def orders(self) -> tuple[Order, ...]:
        """The customer's orders, the newest first."""

    def place_order(self, draft: OrderDraft) -> Order:
        """Takes the stock, numbers the order and keeps it.

        Raises Failure `out_of_stock` (with the product and how many are left) or `unavailable`; what it had
        done by then is taken back by the savepoint of the rule.
        """

    def move_order(self, number: str, status: str, by: str, reason: str = "") -> Order:
        """Puts the order into the status, with a line in its timeline."""

    def restock(self, number: str) -> None:
        """Gives back the stock that the order took."""

    def people(self, role: str) -> tuple[Customer, ...]:
        """Everybody who has this role in the business."""

    def savepoint(self) -> AbstractContextManager[None]:
        """A stretch of work that is undone as a whole when an exception leaves it."""
