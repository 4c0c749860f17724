"""Reckons with what texts hold, exactly and within bounds."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from engine.jinja.empty import EMPTY

MAX_TEXT = 65_536
"""Characters of a result, and of any text made on the way to it."""
MAX_ITEMS = 10_000
"""Items of a list that is made in a text, those of its inner lists included."""
MAX_BITS = 4096
MAX_EXPONENT = 64
MAX_DECIMAL_EXPONENT = 1000


class Refused(Exception):
    """A text asks for what no text may do; the message says what."""


_SEQUENCES = (list, tuple, str)
_NUMBERS = (int, Decimal, float)


def reckon(sign: str, left: Any, right: Any) -> Any:
    """`left sign right` within the sandbox's bounds; empty where one of them is. Raises Refused."""
    if left is EMPTY or right is EMPTY or left is None or right is None:
        return EMPTY
    if isinstance(left, float):
        left = Decimal(repr(left))
    if isinstance(right, float):
        right = Decimal(repr(right))
    if isinstance(left, _NUMBERS) and isinstance(right, _NUMBERS):
        return _number(sign, left, right)
    if sign == "%" and isinstance(left, str):
        raise Refused("`%` does not format texts here: write them with {{ }}")
    if sign == "*":
        text, times = (right, left) if isinstance(left, int) else (left, right)
        if isinstance(text, _SEQUENCES) and isinstance(times, int):
            bound = MAX_TEXT if isinstance(text, str) else MAX_ITEMS
            if len(text) * times > bound:
                raise Refused(
                    f"the product would have {len(text) * times} parts; at most {bound} are allowed"
                )
            return made(text * times)
    if sign == "+" and isinstance(left, str) != isinstance(right, str):
        raise Refused("`+` adds numbers; to join a text and a number write `~`")
    if sign == "+" and isinstance(left, str) and len(left) + len(right) > MAX_TEXT:
        raise Refused(f"the text grows beyond {MAX_TEXT} characters")
    return made(_OPERATORS[sign](left, right))


_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}


def _number(sign: str, left: Any, right: Any) -> Any:
    if sign == "/" and isinstance(left, int):
        left = Decimal(left)
    if sign == "**" and (abs(right) > MAX_EXPONENT or _bits(left) * max(1, abs(right)) > MAX_BITS):
        raise Refused(f"a power may have an exponent up to {MAX_EXPONENT} and {MAX_BITS} bits")
    if sign == "**" and right < 0:
        left = Decimal(left)
    value = _OPERATORS[sign](left, right)
    if isinstance(value, Decimal):
        if not value.is_finite() or abs(value.adjusted()) > MAX_DECIMAL_EXPONENT:
            raise Refused("the number grows too large")
    elif _bits(value) > MAX_BITS:
        raise Refused("the number grows too large")
    return value


def _bits(number: Any) -> int:
    return int(number).bit_length()


def made(value: Any) -> Any:
    """The value, if the lists in it hold no more than MAX_ITEMS together. Raises Refused."""
    if isinstance(value, (list, tuple, dict)):
        waiting = [value]
        count = 0
        while waiting:
            inside = waiting.pop()
            count += len(inside)
            if count > MAX_ITEMS:
                raise Refused(f"a list of a text holds at most {MAX_ITEMS} items")
            items = inside.values() if isinstance(inside, dict) else inside
            waiting.extend(one for one in items if isinstance(one, (list, tuple, dict)))
    return value
