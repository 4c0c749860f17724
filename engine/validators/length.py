"""Asks how long a text is, in characters, without the spaces around it."""

from __future__ import annotations

import unicodedata

from engine.declarations import Example, Parameter, Validator
from engine.validators.between import UNBOUNDED, lies_between


def check(draft: object, value: object, min: object = UNBOUNDED, max: object = UNBOUNDED) -> bool:
    """Counts code points of the composed form (NFC), so that é is one character however it was typed."""
    if not isinstance(value, str):
        return False
    return lies_between(len(unicodedata.normalize("NFC", value).strip()), min, max)


VALIDATOR: Validator = Validator(
    name="length",
    about="The text, without spaces around it, has at least `min` and at most `max` characters.",
    parameters={
        "value": Parameter({"type": "string"}, "the text; without it the input"),
        "min": Parameter(
            {"type": "integer", "minimum": 0}, "the fewest characters; without it none are needed"
        ),
        "max": Parameter({"type": "integer", "minimum": 0}, "the most characters; without it any number"),
    },
    check=check,
    example=Example(
        flow="""\
flow: customer
start: initial
slots: {name: text}
states:
  initial:
    otherwise: {goto: asking}
  asking:
    ask: ask
    input:
      save: name
      validate: [{length: {min: 2, max: 40}, else: name_not_right}]
      reply: thank_you
      goto: done
  done: {final: true}
otherwise: not_understood
messages:
  ask: What name shall we write on the box?
  name_not_right: Please send a name of 2 to 40 letters.
  thank_you: "Thank you, {{ name }}!"
  not_understood: Sorry, I did not understand that.
""",
        says=("hi", "A", "Ayesha"),
    ),
)
