"""Asks whether a number lies between two others."""

from __future__ import annotations

from decimal import Decimal
from math import isfinite
from typing import Final, TypeGuard

from engine.declarations import Example, Parameter, Validator

UNBOUNDED: Final = object()
"""A bound that is left out. An empty one is None, and lets nothing pass."""


def is_number(value: object) -> TypeGuard[int | float | Decimal]:
    """Whether the value is a number that can be compared: neither a truth value nor infinite."""
    if isinstance(value, bool):
        return False
    if isinstance(value, int):
        return True
    return value.is_finite() if isinstance(value, Decimal) else isinstance(value, float) and isfinite(value)


def lies_between(value: object, min: object, max: object) -> TypeGuard[int | float | Decimal]:
    """Whether min <= value <= max; a bound that is no number refuses."""
    if not is_number(value):
        return False
    if min is not UNBOUNDED and not (is_number(min) and min <= value):
        return False
    return max is UNBOUNDED or (is_number(max) and value <= max)


def check(draft: object, value: object, min: object = UNBOUNDED, max: object = UNBOUNDED) -> bool:
    return lies_between(value, min, max)


VALIDATOR: Validator = Validator(
    name="between",
    about="The number is not smaller than `min` and not larger than `max`.",
    parameters={
        "value": Parameter({"type": "number"}, "the number; without it the input"),
        "min": Parameter({"type": "number"}, "the smallest that passes; without it there is none"),
        "max": Parameter({"type": "number"}, "the largest that passes; without it there is none"),
    },
    check=check,
    example=Example(
        flow="""\
flow: customer
start: initial
slots: {pieces: number}
states:
  initial:
    otherwise: {goto: asking}
  asking:
    ask: ask
    input:
      save: pieces
      validate: [{between: {min: 6, max: 24}, else: not_so_many}]
      reply: thank_you
      goto: done
  done: {final: true}
otherwise: not_understood
messages:
  ask: How many rolls would you like?
  not_so_many: "We bake 6 to 24 rolls in one go. How many shall it be?"
  thank_you: "{{ pieces }} rolls, with pleasure."
  not_understood: Please send a number.
""",
        says=("hello", "100", "12"),
    ),
)
