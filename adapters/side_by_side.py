"""Shows how two texts differ, in two columns, as wide as the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from unicodedata import bidirectional

from engine.lint.report import width as columns_of

CONTEXT = 3
"""How many equal lines are shown around a difference."""

NARROWEST = 40

FIRST_STRONG = "\u2068"
CLOSING = "\u2069"
OPENING = f"\u2066\u2067{FIRST_STRONG}"
"""The signs that open and close a stretch of text with a direction of its own."""


def side_by_side(before: str, after: str, width: int, titles: tuple[str, str]) -> Iterator[str]:
    """The lines that differ and those around them, at most `width` columns wide; nothing for equal texts.

    Between the columns stands `|` where a line changed, `<` where it went, `>` where it came. What is too
    long for a line goes on in the next.
    """
    old, new = before.splitlines(), after.splitlines()
    column = (max(width, NARROWEST) - 3) // 2
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    groups = list(matcher.get_grouped_opcodes(CONTEXT))
    if groups:
        yield from _row(titles[0], " ", titles[1], column)
    for number, group in enumerate(groups):
        yield from _row(
            "-" * column if number == 0 else "…", " ", "-" * column if number == 0 else "…", column
        )
        for kind, old_from, old_to, new_from, new_to in group:
            for left, right in zip_longest(old[old_from:old_to], new[new_from:new_to]):
                if kind == "equal":
                    sign = " "
                else:
                    sign = "<" if right is None else ">" if left is None else "|"
                yield from _row(left or "", sign, right or "", column)


def _row(left: str, sign: str, right: str, column: int) -> Iterator[str]:
    for first, (one, other) in enumerate(
        zip_longest(_wrapped(left, column), _wrapped(right, column), fillvalue="")
    ):
        yield f"{one}{' ' * (column - columns_of(one))} {sign if not first else ' '} {other}".rstrip()


def _wrapped(line: str, column: int) -> Sequence[str]:
    """The line in pieces of at most so many columns."""
    pieces = [""]
    used = 0
    for character in line:
        wide = columns_of(character)
        if used + wide > column:
            pieces.append("")
            used = 0
        pieces[-1] += character
        used += wide
    return [_closed(piece) for piece in pieces]


def _closed(piece: str) -> str:
    """The piece, held together so that right-to-left letters do not turn the columns around."""
    if not any(bidirectional(character) in ("R", "AL") for character in piece):
        return piece
    opened = sum(piece.count(sign) for sign in OPENING) - piece.count(CLOSING)
    return f"{FIRST_STRONG}{piece}{CLOSING * (1 + max(opened, 0))}"
