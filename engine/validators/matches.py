"""Asks whether a whole text has the shape of a regular expression."""

from __future__ import annotations

import re
from math import prod

from engine.declarations import Example, Parameter, Validator
from engine.turn import BrokenTurn

LONGEST_SECONDS = 0.05
"""What one comparison may take: some patterns need years for a text that nearly fits."""

MOST_PARTS = 100_000
"""How often a pattern may repeat its parts: the library makes room for each of them beforehand."""

_COUNT = r"\{(\d{1,9})"


def mistake_in(pattern: object) -> str | None:
    """What is wrong with a regular expression; None where it can be used."""
    import regex

    if not isinstance(pattern, str):
        return "it is no text"
    if prod([int(count) or 1 for count in re.findall(_COUNT, pattern)]) > MOST_PARTS:
        return f"it repeats its parts more than {MOST_PARTS:,} times"
    try:
        regex.compile(pattern)
    except RecursionError:
        return "its parts stand too deep in each other"
    except (regex.error, ValueError, OverflowError) as error:
        return str(error)
    return None


def check(draft: object, value: object, pattern: object) -> bool:
    """Refuses what takes too long to compare. Raises BrokenTurn for what is no regular expression."""
    if not isinstance(value, str):
        return False
    mistake = mistake_in(pattern)
    if mistake is not None:
        raise BrokenTurn(f"`matches` was given {pattern!r}, which is no regular expression: {mistake}")
    return is_whole(value, str(pattern))


def is_whole(value: str, pattern: str) -> bool:
    """Whether the whole text fits a regular expression that has no mistake; not, if that takes too long."""
    import regex

    try:
        return regex.fullmatch(pattern, value, timeout=LONGEST_SECONDS) is not None
    except TimeoutError:
        return False


VALIDATOR: Validator = Validator(
    name="matches",
    about="The whole text fits the regular expression; one that takes too long to tell refuses.",
    parameters={
        "pattern": Parameter(
            {"type": "string", "format": "regex"}, "the regular expression, for the whole text", required=True
        ),
        "value": Parameter({"type": "string"}, "the text; without it the input"),
    },
    check=check,
    single="pattern",
    example=Example(
        flow="""\
flow: customer
start: initial
slots: {voucher: text}
states:
  initial:
    otherwise: {goto: asking}
  asking:
    ask: ask
    input:
      save: voucher
      validate: [{matches: "[A-Z]{2}[0-9]{4}", else: not_a_voucher}]
      reply: thank_you
      goto: done
  done: {final: true}
otherwise: not_understood
messages:
  ask: What does your voucher say?
  not_a_voucher: "A voucher is two letters and four digits, like AB1234."
  thank_you: "Thank you, we have noted {{ voucher }}."
  not_understood: Sorry, I did not understand that.
""",
        says=("I have a voucher", "AB12", "AB1234"),
    ),
)
