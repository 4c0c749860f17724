"""Reads the body of a request as a JSON object, bounded in depth and in the length of its numbers."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from adapters.digits import has_digits

DEEPEST = 64
"""How deep lists and objects may stand in each other: providers need ten."""

LONGEST_NUMBER = 1000
"""Digits of a whole number that is read as one: Python refuses to read very long ones."""

# An open end counts as a string too: otherwise each quotation mark in it would be tried as a beginning.
_STRINGS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
INEXACT_DIGITS = 19
"""A whole number of so many may be beyond 64 bits: orjson gives a float then."""

_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


class NotJSON(ValueError):
    """A body is no JSON object that is read here; the text says what it is instead."""


def json_object(raw: bytes) -> dict[str, Any]:
    """The JSON object in the bytes, which have to be UTF-8. Raises NotJSON.

    What orjson refuses and JSON allows is let through: half a surrogate pair, and whole numbers of any
    length, of which the very long ones come as their digits.
    """
    # So few brackets cannot stand deeper, wherever they are.
    if raw.count(b"{") + raw.count(b"[") > DEEPEST and depth(raw) > DEEPEST:
        raise NotJSON(f"the body is nested more than {DEEPEST} deep")
    try:
        body = orjson.loads(raw)
        if has_digits(raw, INEXACT_DIGITS):
            body = json.loads(raw.decode(), parse_int=_whole)
    except orjson.JSONDecodeError:
        try:
            body = json.loads(raw.decode(), parse_int=_whole)
        except ValueError:
            raise NotJSON("the body is not JSON") from None
    if not isinstance(body, dict):
        raise NotJSON("the body is JSON, but no object")
    return body


def depth(raw: bytes) -> int:
    """How deep the brackets outside of strings stand in each other; it stops counting behind DEEPEST."""
    deepest = now = 0
    for bracket in _STRINGS.sub(b"", raw).translate(None, _NO_BRACKETS):
        if bracket in b"[{":
            now += 1
            if now > deepest:
                deepest = now
                if deepest > DEEPEST:
                    break
        else:
            now -= 1
    return deepest


def _whole(digits: str) -> int | str:
    return int(digits) if len(digits) <= LONGEST_NUMBER else digits
