"""Fills the cart with what was ordered before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.actions.cancel_order import LAST, order_of
from engine.declarations import Action, Parameter
from engine.shop import CartLine, Catalog, put_cart, stored_line
from engine.turn import Failure

if TYPE_CHECKING:
    from engine.draft import Draft


def run(draft: Draft, order: object = LAST) -> Mapping[str, object]:
    """Puts the order's lines, at today's prices, in place of what the cart held."""
    repeated = order_of(draft, order)
    catalog: Catalog = draft.resolve("catalog")
    lines = []
    wanted: Counter[str] = Counter()
    for number, line in enumerate(repeated.lines, 1):
        product = catalog.find(line.product)
        if product is None or not product.on_sale:
            raise Failure("unavailable", product or line.product)
        wanted[product.code] += line.quantity
        if product.stock is not None and wanted[product.code] > product.stock:
            raise Failure("out_of_stock", product, product.stock)
        lines.append(CartLine(number, product, line.quantity, product.price, line.note))
    put_cart(draft, [stored_line(line) for line in lines])
    return {"cart": draft.resolve("cart")}


ACTION = Action(
    name="repeat_order",
    about="Fills the cart with an order at today's prices, in place of what was in it; places nothing.",
    parameters={"order": Parameter({"type": "string"}, "the order or its number; without it the last")},
    run=run,
    gives=("cart",),
    fails=("no_such_order", "out_of_stock", "unavailable"),
)
