"""Asks whether a value is one of a few."""

from __future__ import annotations

from collections.abc import Sequence

from engine.declarations import Example, Parameter, Validator
from engine.shop import Product
from engine.validators.between import is_number


def check(draft: object, value: object, values: object) -> bool:
    """Texts are compared as words are: case, and signs around them, make no difference."""
    if isinstance(values, str) or not isinstance(values, Sequence):
        return False
    return any(_is_same(value, allowed) for allowed in values)


def _is_same(value: object, allowed: object) -> bool:
    value = value.code if isinstance(value, Product) else value
    allowed = allowed.code if isinstance(allowed, Product) else allowed
    if isinstance(value, str):
        from engine.words import fold

        return isinstance(allowed, str | int) and fold(value) == fold(str(allowed))
    return is_number(value) and is_number(allowed) and value == allowed


VALIDATOR: Validator = Validator(
    name="one_of",
    about="The value is one of `values`; upper and lower case make no difference.",
    parameters={
        "values": Parameter(
            {"type": "array", "items": {"type": ["string", "number"]}, "minItems": 1},
            "the values that pass: texts, numbers or products",
            required=True,
        ),
        "value": Parameter({}, "the value; without it the input"),
    },
    check=check,
    single="values",
    example=Example(
        flow="""\
flow: customer
start: initial
slots: {size: text}
states:
  initial:
    otherwise: {goto: asking}
  asking:
    ask: ask
    input:
      save: size
      validate: [{one_of: [small, large], else: no_such_size}]
      reply: thank_you
      goto: done
  done: {final: true}
otherwise: not_understood
messages:
  ask: "Small or large?"
  no_such_size: We have small and large ones.
  thank_you: "One {{ size }} cake, then."
  not_understood: Sorry, I did not understand that.
""",
        says=("a cake please", "medium", "Large"),
    ),
)
