"""Reads what is answered to the questions of `shoptalk new`, and says in words what cannot be."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import NamedTuple
from zoneinfo import ZoneInfo

from engine.currencies import CURRENCIES, digits_of
from engine.nearest import nearest

LONGEST_NAME = 60
LONGEST_PRODUCT = 22
"""As many as a row of WhatsApp's list holds, with two signs around it where texts run from the right."""

MOST_PRODUCTS = 8
"""As many as one list of WhatsApp shows, with a row left for the button below them."""

LARGEST_PRICE = Decimal(10**9)
JOINERS = "\u200c\u200d"
"""What has no width and yet belongs into words, in Persian, Hindi and emoji."""

SEPARATORS = ",،、;؛"


class WrongAnswer(ValueError):
    """What was answered cannot be used; the message says why and what can be."""


class Product(NamedTuple):
    """Something to sell, with its price in the shop's currency."""

    name: str
    price: Decimal


def name_read(answer: str, longest: int = LONGEST_NAME, why: str = "") -> str:
    """The name, on one line and without what cannot be seen. Raises WrongAnswer."""
    shown = "".join(
        " " if unicodedata.category(letter) in ("Zl", "Zp", "Zs", "Cc") else letter
        for letter in answer
        if unicodedata.category(letter) not in ("Cf", "Cs", "Co", "Cn") or letter in JOINERS
    )
    name = unicodedata.normalize("NFC", " ".join(shown.split()))
    if not any(unicodedata.category(letter)[0] in "LNPS" for letter in name):
        raise WrongAnswer("a name has a letter at least")
    if len(name) > longest:
        most = f"{longest} characters at most{why and f', {why}'}"
        raise WrongAnswer(f"a name has {most}; {name!r} has {len(name)}")
    return name


def currency_read(answer: str) -> str:
    """The code of the currency. Raises WrongAnswer."""
    code = answer.strip().upper()
    if code in CURRENCIES:
        return code
    near = nearest(code, sorted(CURRENCIES))
    hint = f"did you mean {near}?" if near else "it is written by its three letters, such as EUR, INR or USD"
    raise WrongAnswer(f"there is no currency {answer.strip()!r}; {hint}")


def languages_read(answer: str, offered: Sequence[str]) -> tuple[str, ...]:
    """The tags of the languages, the first the shop's own. Raises WrongAnswer."""
    tags = tuple(dict.fromkeys(re.findall(r"[^\s,،;]+", answer.lower())))
    if not tags:
        raise WrongAnswer(f"name a language at least, of {', '.join(offered)}")
    for tag in tags:
        if tag not in offered:
            raise WrongAnswer(
                f"there are no first texts in {tag!r}, only in {', '.join(offered)}; begin with one of "
                f"these, then translate its texts and write your language's tag into `languages`"
            )
    return tags


def products_read(answer: str, currency: str) -> tuple[Product, ...]:
    """The products of lines such as `Bread 3.50`, or of several on a line. Raises WrongAnswer."""
    # A comma between digits is the point of a price.
    parts = re.split(rf"\n|[{SEPARATORS}](?!\d)|(?<!\d)[{SEPARATORS}]", answer)
    products = tuple(_product(part.strip(), currency) for part in parts if part.strip())
    names = [product.name.casefold() for product in products]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise WrongAnswer(f"{products[index].name} is there twice; a product has a name of its own")
    if not products:
        raise WrongAnswer("name a product at least, with its price: Bread 3.50")
    if len(products) > MOST_PRODUCTS:
        raise WrongAnswer(
            f"begin with {MOST_PRODUCTS} products at most, these are {len(products)}; "
            "the others are a line each in catalog.yaml"
        )
    return products


def timezone_read(answer: str) -> str:
    """The IANA name of the time zone. Raises WrongAnswer."""
    name = answer.strip()
    try:
        return ZoneInfo(name).key
    except (ValueError, OSError, KeyError) as error:
        raise WrongAnswer(
            f"there is no time zone {name!r}; they are written as Asia/Karachi or Europe/Berlin"
        ) from error


def slug_of(name: str) -> str:
    """The name for programs: lower case ASCII letters, digits and `_`, whatever script it is written in."""
    from anyascii import anyascii

    words = re.findall(r"[a-z0-9]+", anyascii(name).lower().replace("'", ""))
    slug = "_".join(words)[:40].strip("_")
    return slug if slug[:1].isalpha() else f"shop_{slug}".strip("_")


def _product(text: str, currency: str) -> Product:
    found = re.fullmatch(r"(?P<name>.*\S)(?:\s*[=:]\s*|\s+)(?P<price>[^\s=:]+)", text, re.DOTALL)
    amount = _amount(found["price"]) if found else None
    if found is None or amount is None:
        raise WrongAnswer(f"{text!r} has no price; write the product and then its price: Bread 3.50")
    name = name_read(found["name"].rstrip("=: "), LONGEST_PRODUCT, "to fit into a row of the list")
    digits = digits_of(currency)
    if amount != round(amount, digits):
        raise WrongAnswer(f"a price in {currency} has {digits or 'no'} digits behind the point, not {amount}")
    if amount >= LARGEST_PRICE:
        raise WrongAnswer(f"the price of {name} is too large")
    return Product(name, round(amount, digits) if digits else amount.quantize(Decimal(1)))


def _amount(text: str) -> Decimal | None:
    """The number in digits of any script, with a point, a comma or ٫ before its decimals."""
    plain = text.replace("٫", ".").replace(",", ".")
    if not re.fullmatch(r"\d{1,15}(\.\d{1,6})?", plain):
        return None
    try:
        return Decimal(plain)
    except InvalidOperation:
        return None
