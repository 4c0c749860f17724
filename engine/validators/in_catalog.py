"""Asks whether something is on sale."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.declarations import Example, Parameter, Validator
from engine.shop_names import Catalog

if TYPE_CHECKING:
    from engine.draft import Draft


def check(draft: Draft, value: object) -> bool:
    catalog: Catalog = draft.resolve("catalog")
    product = catalog.find(value)
    return product is not None and product.on_sale


VALIDATOR: Validator = Validator(
    name="in_catalog",
    about="It is the menu number or the code of a product that is on sale, or such a product.",
    parameters={
        "value": Parameter(
            {"type": ["integer", "string"]}, "the number, code or product; without it the input"
        ),
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
      validate: [{in_catalog: "{{ wanted }}", else: not_on_the_list}]
      reply: thank_you
      goto: done
  done: {final: true}
otherwise: not_understood
messages:
  ask: Which number of our list?
  not_on_the_list: "That is not on our list. It goes from 1 to 3."
  thank_you: "{{ catalog.find(wanted).name }}, good choice."
  not_understood: Please send a number.
""",
        says=("hi", "7", "2"),
    ),
)
