"""Splices edits into texts: what they span gives way to what they say, every other character stays."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Callable, Iterable
from typing import NamedTuple

from engine.source import Edit, Place

LINE_END = re.compile("\r\n|\r|\n")
BYTE_ORDER_MARK = "\ufeff"


class Mended(NamedTuple):
    """A text with the edits that could be made, and how many of those that were asked for were."""

    text: str
    made: int


def mended(text: str, mends: Iterable[tuple[Edit, ...]]) -> Mended:
    """The text of one file with its mends; each is made whole or not at all, and of two that touch the first.

    Places count as everywhere: a line ends at CRLF, LF or CR, which is one character; a byte order mark is
    none. An edit that lies outside of the text, or does not stand on what it replaces, makes its whole mend
    void.
    """
    lines = _Lines(text)
    taken: list[tuple[int, int, str]] = []
    made = 0
    for edits in mends:
        spans = [lines.span(edit) for edit in edits]
        splices = [(*span, edit.text) for span, edit in zip(spans, edits, strict=True) if span is not None]
        before = list(taken) if len(splices) > 1 else taken
        if len(splices) == len(edits) and all(_took(taken, splice) for splice in splices):
            made += 1
        else:
            taken = before
    parts: list[str] = []
    at = 0
    for start, end, new in taken:
        parts += (text[at:start], new)
        at = end
    return Mended("".join((*parts, text[at:])), made)


def _took(taken: list[tuple[int, int, str]], splice: tuple[int, int, str]) -> bool:
    """Puts the splice into its order, unless one that was taken shares a spot with it."""
    at = bisect(taken, splice)
    if (at and taken[at - 1][1] >= splice[0]) or (at < len(taken) and taken[at][0] <= splice[1]):
        return False
    taken.insert(at, splice)
    return True


def after(line_of: Callable[[str, int], str], place: Place, length: int) -> Place:
    """The spot behind so many characters, the end of a line counting as one."""
    file, line, column = place
    left = len(line_of(file, line)) - (column - 1)
    while length > left >= 0:
        length -= left + 1
        line, column = line + 1, 1
        left = len(line_of(file, line))
    return Place(file, line, column + length)


class _Lines:
    """Where the lines of a text begin and end."""

    def __init__(self, text: str) -> None:
        self.text = text
        start = 1 if text.startswith(BYTE_ORDER_MARK) else 0
        self.starts = [start]
        self.ends: list[int] = []
        for end in LINE_END.finditer(text, start):
            self.ends.append(end.start())
            self.starts.append(end.end())
        self.ends.append(len(text))

    def span(self, edit: Edit) -> tuple[int, int] | None:
        """Where an edit begins and ends in the text; None where that is outside of it."""
        line, column = edit.place.line - 1, edit.place.column - 1
        if not 0 <= line < len(self.starts) or column < 0:
            return None
        start = self.starts[line] + column
        if start > self.ends[line]:
            return None
        at, left = start, edit.length
        while at + left > self.ends[line]:
            left -= self.ends[line] - at + 1
            line += 1
            if line == len(self.starts):
                return None
            at = self.starts[line]
        return (start, at + left) if _as_read(self.text[start : at + left]) == _as_read(edit.was) else None


def _as_read(text: str) -> str:
    """The text as the reader of files takes it: the ends of lines of other systems, and those of none."""
    return re.sub("[\x85\u2028\u2029]", " ", LINE_END.sub("\n", text))
