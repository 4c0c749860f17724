"""Brings what customers type to the form in which words are compared, and finds the nearest word."""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_ASCII_EDGE = string.punctuation + string.whitespace + "".join(map(chr, range(32))) + "\x7f"

INVISIBLE = dict.fromkeys(
    (*range(0x200E, 0x2010), 0x061C, 0xFEFF, *range(0x202A, 0x202F), *range(0x2060, 0x2070)),
)
"""Marks that only steer direction and joining; keyboards and copying strew them in (for `str.translate`)."""

_DRESS = dict.fromkeys((*range(0xFE00, 0xFE10), *range(0x1F3FB, 0x1F400), *range(0xE0100, 0xE01F0)))
"""Variation selectors and skin tones: how an emoji looks, not which one it is."""

_ENCLOSING_KEYCAP = "\u20e3"


def fold(text: str) -> str:
    """The form in which whole messages are compared.

    Unicode NFKC, case folded, without spaces, punctuation and emoji at both ends, single spaces inside.
    What would be trimmed to nothing (`?`, `👍`) stays, without its skin tone. Folding twice changes nothing.
    """
    if text.isascii():
        lowered = text.lower()
        trimmed = lowered.strip(_ASCII_EDGE)
        if not trimmed:
            trimmed = lowered.strip()
        return " ".join(trimmed.split()) if "  " in trimmed or not trimmed.isprintable() else trimmed
    return _fold(text)


def _fold(text: str) -> str:
    folded = _normal(text)
    while (again := _normal(folded)) != folded:
        folded = again
    start, end = 0, len(folded)
    while start < end and _is_edge(folded[start]):
        start += 1
    while end > start and _is_edge(folded[end - 1]):
        end -= 1
    if start < end:
        return folded[start:end]
    return " ".join(folded.translate(_DRESS).split()) or folded


def _normal(text: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.translate(INVISIBLE).split())


@lru_cache(maxsize=4096)
def _is_edge(character: str) -> bool:
    category = unicodedata.category(character)
    if category[0] == "M":
        return ord(character) in _DRESS or character == _ENCLOSING_KEYCAP
    return category[0] not in "LN"


def nearest(word: str, allowed: Iterable[str], distance: int | None = None) -> str | None:
    """The allowed word that differs from `word` in the fewest letters, None where none is near.

    `distance` is how many letters may be missing, wrong, too many or swapped; a third of the word unless
    told, at least one. Words of one or two letters are near to nothing. Of two equally near the first wins.
    """
    folded = fold(word)
    if len(folded) < 3:
        return None
    bound = max(1, len(folded) // 3) if distance is None else distance
    from rapidfuzz.distance import OSA

    found = None
    for candidate in allowed:
        away = OSA.distance(folded, fold(candidate), score_cutoff=bound)
        if away <= bound:
            found, bound = candidate, away - 1
            if away == 0:
                break
    return found


def with_plain_digits(text: str) -> str:
    """The text trimmed, its digits of whatever script as 0 to 9, without direction marks and keycaps."""
    if text.isascii():
        return text.strip()
    text = "".join(
        str(unicodedata.decimal(character)) if character.isdecimal() else character for character in text
    )
    return (
        text.translate(INVISIBLE)
        .replace("\ufe0f", "")
        .replace(_ENCLOSING_KEYCAP, "")
        .replace("−", "-")
        .strip()
    )
