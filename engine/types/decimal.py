"""Reads exact decimals in the digits of any script."""

from __future__ import annotations

import re
from decimal import Decimal

from engine.declarations import Type, Unreadable
from engine.words import with_plain_digits

_DECIMAL = r"[+-]?[0-9]{1,15}(?:[.٫][0-9]{1,12})?"


def read(text: str, draft: object) -> Decimal:
    plain = with_plain_digits(text)
    if not re.fullmatch(_DECIMAL, plain):
        raise Unreadable("not a number with or without a point")
    return Decimal(plain.replace("٫", "."))


def load(stored: str, draft: object) -> Decimal:
    return Decimal(stored)


TYPE: Type = Type(
    "decimal",
    "a number with or without digits behind the point, kept exactly",
    read,
    shape=r"[+\-−]?\d{1,40}+(?:[.٫]\d{1,40}+)?+",
    store=str,
    load=load,
    example="2.5",
    holds=Decimal,
)
