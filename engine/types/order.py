"""Reads the customer's orders by their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.declarations import Type, Unreadable
from engine.shop import Order
from engine.words import with_plain_digits

if TYPE_CHECKING:
    from engine.draft import Draft


def read(text: str, draft: Draft) -> Order:
    number = with_plain_digits(text).lstrip("#").strip().casefold()
    found = _find(number, draft)
    if found is None:
        raise Unreadable("no such order of this customer")
    return found


def _find(number: str, draft: Draft) -> Order | None:
    orders: tuple[Order, ...] = draft.resolve("orders").all
    return next((order for order in orders if order.number.casefold() == number), None)


def store(order: Order) -> str:
    return order.number


def load(stored: str, draft: Draft) -> Order | None:
    return _find(stored.casefold(), draft)


TYPE: Type = Type(
    "order",
    "one of the customer's orders, by its number",
    read,
    shape=r"#?[\w\-]{1,40}+",
    store=store,
    load=load,
    holds=Order,
)
