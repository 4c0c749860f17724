"""Reads whole numbers in the digits of any script."""

from __future__ import annotations

import re

from engine.declarations import Type, Unreadable
from engine.words import with_plain_digits

_NUMBER = re.compile(r"[+-]?[0-9]{1,15}")


def read(text: str, draft: object) -> int:
    plain = with_plain_digits(text)
    if not _NUMBER.fullmatch(plain):
        raise Unreadable("not a whole number of at most 15 digits")
    return int(plain)


TYPE: Type = Type(
    "number",
    "a whole number of at most 15 digits, in any script",
    read,
    shape=r"[+\-−]?\d{1,40}+",
    example="2",
    holds=int,
)
