"""Fills the cart with what was ordered before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.actions.cancel_order import LAST, order_of
from engine.declarations import Action, Example, Parameter
from engine.shop import CartLine
from engine.shop_names import Catalog, put_cart, stored_line
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


ACTION: Action = Action(
    name="repeat_order",
    about="Fills the cart with an order at today's prices, in place of what was in it; places nothing.",
    parameters={"order": Parameter({"type": "string"}, "the order or its number; without it the last")},
    run=run,
    gives=("cart",),
    fails=("no_such_order", "out_of_stock", "unavailable"),
    example=Example(
        flow="""\
flow: customer
start: initial
states:
  initial:
    commands:
      buy:
        words: [buy]
        do: [{add_to_cart: {item: rye}}, {place_order: {name: Ayesha}}]
        fails:
          no_such_item: not_possible
          cart_empty: not_possible
          out_of_stock: not_possible
          unavailable: not_possible
          price_changed: not_possible
        reply: ordered
      again:
        words: [again]
        do: repeat_order
        fails: {no_such_order: no_order, out_of_stock: not_possible, unavailable: not_possible}
        reply: cart
      enough: {words: [enough], reply: goodbye, goto: done}
    otherwise: how_to
  done: {final: true}
otherwise: how_to
messages:
  cart: >-
    {% for line in cart.lines %}{{ line.quantity }}x {{ line.product.name }}, {% endfor %}
    together {{ cart.total | money }}
  not_possible: That is not possible.
  ordered: "Order {{ order.number }}: {{ order.total | money }}"
  no_order: You have not ordered anything yet.
  goodbye: Goodbye!
  how_to: "Write buy, and another day again."
""",
        says=("again", "buy", {"price": {"rye": 4.2}}, "again"),
    ),
)
