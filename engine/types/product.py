"""Reads products by their menu number, code or name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.declarations import Type, Unreadable
from engine.patterns import ANYTHING
from engine.shop import Product
from engine.words import fold, with_plain_digits

if TYPE_CHECKING:
    from engine.draft import Draft


def read(text: str, draft: Draft) -> Product:
    catalog = draft.resolve("catalog")
    plain = with_plain_digits(text)
    found: Product | None = catalog.find(plain) or catalog.find(plain.casefold())
    if found is None:
        name = fold(text)
        found = next((product for product in catalog.products if fold(product.name) == name), None)
    if found is None:
        raise Unreadable("no such product")
    return found


def store(product: Product) -> str:
    return product.code


def load(stored: str, draft: Draft) -> Product | None:
    found: Product | None = draft.resolve("catalog").find(stored)
    return found


TYPE: Type = Type(
    "product",
    "a product, by its menu number, code or name",
    read,
    shape=ANYTHING,
    store=store,
    load=load,
    holds=Product,
)
