"""Puts an order of the catalogue into the cart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.actions.add_to_cart import MOST_PIECES, whole_pieces
from engine.declarations import Action, Example, Parameter
from engine.shop import CartLine
from engine.shop_names import Cart, Catalog, put_cart, stored_line
from engine.turn import Failure, Unfit

if TYPE_CHECKING:
    from engine.draft import Draft


def run(draft: Draft, most: object = MOST_PIECES) -> Mapping[str, object]:
    """Adds every line of the order to what the cart holds; a line for a product takes today's price.

    What the catalogue said of prices counts for nothing. `left` of the failure `out_of_stock` is the whole
    stock, what is in the cart included.
    """
    if draft.message is None or draft.message.kind != "order":
        raise Unfit(
            "there is no order of the catalogue here: call it where `message.kind` is `order`",
            "message",
            "catalogue order",
            draft.message.text if draft.message is not None else None,
        )
    bound = whole_pieces(most)
    catalog: Catalog = draft.resolve("catalog")
    cart: Cart = draft.resolve("cart")
    lines = list(cart.lines)
    if not draft.message.items:
        raise Failure("no_such_item")
    for code, quantity in draft.message.items:
        product = catalog.find(code)
        if product is None:
            raise Failure("no_such_item")
        if not product.on_sale:
            raise Failure("unavailable", product)
        wanted = quantity + sum(line.quantity for line in lines if line.product.code == product.code)
        if wanted > bound:
            raise Failure("too_many", product)
        if product.stock is not None and wanted > product.stock:
            raise Failure("out_of_stock", product, product.stock)
        place = next(
            (
                place
                for place, line in enumerate(lines)
                if line.product.code == product.code and not line.note
            ),
            len(lines),
        )
        pieces = quantity + (lines[place].quantity if place < len(lines) else 0)
        lines[place : place + 1] = [CartLine(place + 1, product, pieces, product.price)]
    put_cart(draft, [stored_line(line) for line in lines])
    return {"cart": draft.resolve("cart")}


ACTION: Action = Action(
    name="fill_cart",
    about="Adds every line of the catalogue order that the customer just sent to the cart, at today's prices:"
    " in an `input` that accepts `order`, or where `message.kind` is `order`.",
    parameters={
        "most": Parameter(
            {"type": "integer", "minimum": 1},
            "how many pieces of one product the cart may hold then",
            filled=False,
        )
    },
    run=run,
    gives=("cart",),
    fails=("no_such_item", "out_of_stock", "unavailable", "too_many"),
    example=Example(
        flow="""\
flow: customer
start: initial
states:
  initial:
    input:
      accepts: [order]
      do: {fill_cart: {most: 20}}
      fails:
        no_such_item: not_possible
        unavailable: not_possible
        out_of_stock: only_so_many
        too_many: too_many
      reply: cart
      goto: done
    otherwise: how_to
  done: {final: true}
otherwise: how_to
messages:
  cart: >-
    {% for line in cart.lines %}{{ line.quantity }}x {{ line.product.name }}, {% endfor %}
    together {{ cart.total | money }}
  not_possible: Not all of that is to be had.
  only_so_many: "Only {{ failure.left }} {{ failure.product.name }} left."
  too_many: "{{ failure.product.name }}: our oven takes 20 of a kind."
  how_to: Please choose in our catalogue.
""",
        says=({"send": "order", "items": {"roll": 50}}, {"send": "order", "items": {"roll": 6, "rye": 1}}),
    ),
)
