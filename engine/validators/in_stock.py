"""Asks whether enough of a product is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.declarations import Example, Parameter, Validator
from engine.shop_names import Catalog
from engine.validators.between import UNBOUNDED, lies_between

if TYPE_CHECKING:
    from engine.draft import Draft


def check(draft: Draft, value: object, quantity: object = 1) -> bool:
    """Looks at the stock alone, not at the cart; a product whose stock is not counted always suffices."""
    catalog: Catalog = draft.resolve("catalog")
    product = catalog.find(value)
    if product is None or not product.on_sale:
        return False
    return lies_between(quantity, UNBOUNDED, UNBOUNDED if product.stock is None else product.stock)


VALIDATOR: Validator = Validator(
    name="in_stock",
    about="The product is on sale and `quantity` of it are left, whatever the cart already holds.",
    parameters={
        "value": Parameter(
            {"type": ["integer", "string"]}, "the number, code or product; without it the input"
        ),
        "quantity": Parameter({"type": "integer", "minimum": 1}, "how many are wanted; without it one"),
    },
    check=check,
    single="value",
    example=Example(
        flow="""\
flow: customer
start: initial
slots: {wanted: number}
states:
  initial:
    otherwise: {goto: asking}
  asking:
    ask: ask
    input:
      save: wanted
      validate: [{in_stock: {value: 3, quantity: "{{ wanted }}"}, else: not_so_many}]
      reply: thank_you
      goto: done
  done: {final: true}
otherwise: not_understood
messages:
  ask: How many cherry cakes would you like?
  not_so_many: "There are not so many left: only {{ catalog.find(3).stock }}."
  thank_you: "We keep {{ wanted }} for you."
  not_understood: Please send a number.
""",
        says=("do you have cherry cake?", "5", "2"),
    ),
)
