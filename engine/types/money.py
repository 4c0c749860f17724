"""Reads amounts in the business's currency, as people of the flow's languages write them."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from engine.currencies import digits_of
from engine.declarations import Type, Unreadable
from engine.words import with_plain_digits

if TYPE_CHECKING:
    from engine.draft import Draft

_SIGN = r"(?:[^\W\d_]{1,6}\.?|[^\w\s+\-.,/]{1,2})"
_AMOUNT = (
    rf"(?P<before>{_SIGN})?\s*(?P<digits>[+-]?[0-9][0-9.,٫٬]{{0,30}}?)\s*(?:/-|/=)?\s*(?P<after>{_SIGN})?"
)
_RUPEES = {"INR", "PKR", "NPR", "LKR", "MUR"}


def read(text: str, draft: Draft) -> Decimal:
    found = re.fullmatch(_AMOUNT, with_plain_digits(text))
    if not found:
        raise Unreadable("not an amount of money")
    currency = draft.business.currency
    for sign in (found["before"], found["after"]):
        if sign and sign.casefold().rstrip(".") not in _signs(currency, draft):
            raise Unreadable(f"not an amount of {currency}")
    amount = _exact(found["digits"].replace("٬", ",").replace("٫", "."), draft)
    if -int(amount.as_tuple().exponent) > digits_of(currency):
        raise Unreadable(f"{currency} has {digits_of(currency)} digits behind the point")
    return amount


def _exact(digits: str, draft: Draft) -> Decimal:
    """The number, its thousands parted as people there do it (1,500.50, 1,00,000 or 1.500,50)."""
    if not digits.lstrip("+-").isdigit():
        point = "."
        if "," in digits:
            from engine.jinja.filters import locale_of

            locale = locale_of(draft.flow.languages[0], draft.business.country)
            point = locale.number_symbols["latn"]["decimal"]
        comma = "," if point == "." else "."
        whole, _, fraction = digits.partition(point)
        if not re.fullmatch(
            rf"[+-]?(?:\d+|\d{{1,3}}(?:{re.escape(comma)}\d{{2,3}})*{re.escape(comma)}\d{{3}})", whole
        ):
            raise Unreadable("not an amount of money")
        if point in digits and not fraction.isdigit():
            raise Unreadable("not an amount of money")
        digits = whole.replace(comma, "") + (f".{fraction}" if fraction else "")
    if len(digits) > 20:
        raise Unreadable("too much money")
    return Decimal(digits)


def _signs(currency: str, draft: Draft) -> set[str]:
    from babel.numbers import get_currency_symbol

    from engine.jinja.filters import locale_of

    signs = {currency, *(["rs", "₨", "rupees", "روپے"] if currency in _RUPEES else [])}
    for language in (*draft.flow.languages, "en"):
        locale = locale_of(language, draft.business.country)
        signs |= {get_currency_symbol(currency, locale), locale.currencies.get(currency, currency)}
    return {sign.casefold().strip("\u200f\u200e. ") for sign in signs}


def load(stored: str, draft: object) -> Decimal:
    return Decimal(stored)


TYPE: Type = Type(
    "money",
    "an amount in the business's currency, with or without its sign",
    read,
    shape=(
        r"(?:(?:[^\W\d_]{1,4}\.?|[^\w\s+,\-])\s?)?[+\-−]?\d(?:[\d.,٫٬]{0,20}\d)?"
        r"(?:\s?(?:[^\W\d_]{1,6}|[^\w\s,.]{1,2}))?"
    ),
    store=str,
    load=load,
    example="100",
    holds=Decimal,
)
