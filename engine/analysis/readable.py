"""Says which words are read as a value of a type: `tomorrow` as a day, `no` as a no, a product's name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from engine.declarations import Unreadable
from engine.flow import Flow
from engine.pack import Pack
from engine.patterns import Pattern
from engine.types import date, time
from engine.types.boolean import yes_and_no
from engine.words import fold, with_plain_digits

PLAIN_DAYS = ("tomorrow", "24/5", "24 May")
PLAIN_TIMES = ("17:30", "5pm")
PLAIN_NUMBERS = ("+923001234567", "03001234567")
"""What people write for a day, a time of day and a telephone number."""


def reads(pattern: Pattern, word: str, flow: Flow, pack: Pack | None) -> bool:
    """Whether the word fits the pattern, and each of its holes can be read."""
    holes = pattern.match(word)
    return holes is not None and all(
        is_read(holes[hole.name], hole.type, flow, pack) for hole in pattern.holes if hole.name in holes
    )


def is_read(text: str, kind: str, flow: Flow, pack: Pack | None) -> bool:
    """Whether the text is a value of the type; True where the shape of a hole says it, or nobody can."""
    if kind == "boolean":
        return fold(text) in words_for_yes_and_no(flow.languages)
    if kind == "date":
        return is_day(text, flow.languages)
    if kind == "time":
        return is_time(text)
    if kind == "datetime":
        return is_day(text, flow.languages) or is_time(text)
    if kind == "product" and pack is not None:
        return fold(text) in frozenset(names_of_products(pack))
    return True


@lru_cache(maxsize=64)
def words_for_yes_and_no(languages: tuple[str, ...]) -> tuple[str, ...]:
    """The words for yes and for no, as words are compared."""
    sets = (words for language in (*languages, "en") for words in yes_and_no(language))
    return tuple(dict.fromkeys(word for words in sets for word in sorted(words)))


def is_day(text: str, languages: tuple[str, ...]) -> bool:
    """Whether the text is a day by its digits, or by one word for it."""
    return date.is_plain(with_plain_digits(text), languages)


def is_time(text: str) -> bool:
    """Whether the text is a time of day."""
    try:
        time.time_of(re.fullmatch(time.TIME, with_plain_digits(text), re.IGNORECASE))
    except Unreadable:
        return False
    return True


def names_of_products(pack: Pack) -> Iterator[str]:
    """By what the products can be told, as words are compared."""
    for product in pack.products:
        yield from (fold(product.name), fold(product.code), str(product.number))


def fits_alone(expression: object, words: Iterable[str]) -> Iterator[str]:
    """The words that fit the regular expression where it is made for them.

    One that takes any other letters in their place is made for names and the like: it takes every word.
    """
    from engine.validators import matches

    if not isinstance(expression, str) or matches.mistake_in(expression) is not None:
        return
    for word in words:
        for typed in dict.fromkeys((word, word.lower(), word.upper())):
            if matches.is_whole(typed, expression):
                if not matches.is_whole("".join(map(_another, typed)), expression):
                    yield word
                break


def _another(character: str) -> str:
    """Another letter of the same script and case; letters for digits too."""
    if character.isdecimal():
        return "q"
    if not character.isalpha():
        return character
    start = ord("a") if "a" <= character <= "z" else ord("A") if "A" <= character <= "Z" else 0
    if start:
        return chr(start + (ord(character) - start + 7) % 26)
    return next((other for away in range(1, 9) if (other := chr(ord(character) + away)).isalpha()), character)
