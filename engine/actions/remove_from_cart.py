"""Takes a product out of the cart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from engine.actions.add_to_cart import whole_pieces
from engine.actions.change_quantity import lines_of
from engine.declarations import Action, Example, Parameter
from engine.shop_names import Cart, put_cart, stored_line

if TYPE_CHECKING:
    from engine.draft import Draft

ALL: Final = object()
"""How many an action that names no quantity takes out. An empty slot is None, which is no quantity."""


def run(
    draft: Draft, line: object = None, item: object = None, quantity: object = ALL
) -> Mapping[str, object]:
    """Takes from the item's newest line first; the `line` it gives says how many were taken out."""
    cart: Cart = draft.resolve("cart")
    found = lines_of(cart, line, item)
    there = sum(each.quantity for each in found)
    taken = there if quantity is ALL else min(whole_pieces(quantity), there)
    left = {each.number: each.quantity for each in cart.lines}
    rest = taken
    for each in reversed(found):
        out = min(rest, each.quantity)
        left[each.number] -= out
        rest -= out
    put_cart(
        draft,
        [stored_line(each.replaced(quantity=left[each.number])) for each in cart.lines if left[each.number]],
    )
    return {"line": found[0].replaced(quantity=taken)}


ACTION: Action = Action(
    name="remove_from_cart",
    about="Takes a product, or `quantity` of it, out of the cart.",
    parameters={
        "line": Parameter({"type": ["integer", "string"]}, "the number of the line in the cart"),
        "item": Parameter(
            {"type": ["integer", "string"]},
            "instead of the line, the menu number or code of the product: all its lines are meant",
            instead_of="line",
        ),
        "quantity": Parameter({"type": "integer", "minimum": 1}, "how many to take out; without it all"),
    },
    run=run,
    gives=("line",),
    fails=("no_such_item",),
    example=Example(
        flow="""\
flow: customer
start: initial
states:
  initial:
    commands:
      add:
        pattern: "{quantity:number} of {item:number}"
        do: add_to_cart
        fails: {no_such_item: not_possible, out_of_stock: not_possible, unavailable: not_possible}
        reply: cart
      remove:
        pattern: "no {item:number}"
        do: remove_from_cart
        fails: {no_such_item: not_in_cart}
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
  not_in_cart: That is not in your cart.
  goodbye: Goodbye!
  how_to: "Write 6 of 1, and then no 1."
""",
        says=("6 of 1", "1 of 2", "no 1", "no 1"),
    ),
)
