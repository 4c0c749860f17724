"""Asks whether an expression holds."""

from __future__ import annotations

from engine.declarations import Example, Parameter, Validator


def check(draft: object, value: object, expression: object) -> bool:
    """Takes what the expression came to."""
    return bool(expression)


VALIDATOR: Validator = Validator(
    name="check",
    about="The expression holds; it sees the input under the name of its slot.",
    parameters={
        "expression": Parameter(
            {"type": "string", "format": "expression"}, "an expression without braces", required=True
        ),
    },
    check=check,
    single="expression",
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
      validate: [{check: "pieces % 6 == 0", else: not_in_boxes}]
      reply: thank_you
      goto: done
  done: {final: true}
otherwise: not_understood
messages:
  ask: How many eggs would you like?
  not_in_boxes: "We sell eggs in boxes of 6."
  thank_you: "{{ pieces }} eggs, in {{ pieces // 6 }} boxes."
  not_understood: Please send a number.
""",
        says=("eggs?", "10", "12"),
    ),
)
