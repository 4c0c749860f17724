"""Empties the cart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.declarations import Action, Example
from engine.shop_names import put_cart

if TYPE_CHECKING:
    from engine.draft import Draft


def run(draft: Draft) -> None:
    put_cart(draft, [])


ACTION: Action = Action(
    name="clear_cart",
    about="Empties the cart.",
    parameters={},
    run=run,
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
      clear: {words: [clear], do: clear_cart, reply: cleared}
      enough: {words: [enough], reply: goodbye, goto: done}
    otherwise: how_to
  done: {final: true}
otherwise: how_to
messages:
  cart: >-
    {% for line in cart.lines %}{{ line.quantity }}x {{ line.product.name }}, {% endfor %}
    together {{ cart.total | money }}
  not_possible: That is not possible.
  cleared: "Your cart is empty: {{ cart.count }} pieces."
  goodbye: Goodbye!
  how_to: "Write 6 of 1, and then clear."
""",
        says=("6 of 1", "clear"),
    ),
)
