"""Guesses how wide a text will be drawn, and breaks it so that it fits, without knowing the font."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

NARROW = frozenset("iljtfrI.,:;!|'`()[]{}·‹› ")
WIDE = frozenset("mwMWQOGD@%&—…")


def width_of(text: str, size: float) -> float:
    """The width in pixels at this size, rather too much than too little."""
    return sum(_em(letter) for letter in text) * size


def fitted(text: str, width: float, size: float) -> str:
    """The text as far as it fits into the width on one line, with … where it goes on."""
    if width_of(text, size) <= width:
        return text
    kept = ""
    for letter in text:
        if width_of(kept + letter + "…", size) > width:
            break
        kept += letter
    return kept.rstrip() + "…"


def wrapped(text: str, width: float, size: float, lines: int) -> Sequence[str]:
    """The text on so many lines at most, broken between words, and within one that is too long."""
    shown: list[str] = []
    for paragraph in text.splitlines():
        line = ""
        for word in _pieces(paragraph, width, size):
            longer = f"{line} {word}" if line else word
            if line and width_of(longer, size) > width:
                shown.append(line)
                line = word
            else:
                line = longer
        if line:
            shown.append(line)
    if len(shown) > lines:
        last = shown[lines - 1]
        return [*shown[: lines - 1], fitted(f"{last} {shown[lines]}…", width, size)]
    return shown


def _pieces(paragraph: str, width: float, size: float) -> list[str]:
    """The words of a paragraph; one that is longer than a line comes in several pieces."""
    pieces: list[str] = []
    for word in re.findall(r"\S+", paragraph):
        piece = ""
        for letter in word:
            if piece and width_of(piece + letter, size) > width:
                pieces.append(piece)
                piece = ""
            piece += letter
        pieces.append(piece)
    return pieces


def _em(letter: str) -> float:
    """The width of a letter, as a part of the size."""
    if letter in NARROW:
        return 0.34
    if letter in WIDE:
        return 0.95
    if letter.isascii():
        return 0.67 if letter.isupper() else 0.585
    category = unicodedata.category(letter)
    if category in ("Mn", "Me", "Cf"):
        return 0.0
    if unicodedata.east_asian_width(letter) in ("W", "F") or category == "So":
        return 1.3
    return 0.68
