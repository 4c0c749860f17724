"""Finds where each character of a YAML text stands in its file: escapes, folds and indentation move them."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator, Sequence
from functools import cached_property

from engine.source import Place

Spot = tuple[int, int]
"""A line and a column in it, both counted from 0."""

BLANKS = " \t\n"
DIGITS = {"x": 2, "u": 4, "U": 8}
"""How many signs stand behind an escape of this letter."""


class Lines:
    """The lines of a file as they are read, and as they stand in it where something was mended."""

    def __init__(self, text: str, file: str, original: str) -> None:
        self.file = file
        self._text = text
        self._original = None if original is text else original.replace("\r\n", "\n").split("\n")

    @cached_property
    def all(self) -> list[str]:
        return self._text.replace("\r\n", "\n").split("\n")

    def is_unmended(self, line: int) -> bool:
        """Whether a line, counted from 0, still is as it stands in the file."""
        if self._original is None:
            return True
        return line < len(self._original) and self._original[line] == self.all[line]

    def place(self, line: int, column: int) -> Place:
        """The spot in the file as it was before anything in it was mended; line and column from 0."""
        if self._original is not None and line < len(self._original):
            was, now = self._original[line], self.all[line]
            if was != now:
                column = _before_mending(was, now, column)
        return Place(self.file, line + 1, column + 1)

    def indent_below(self, header: int, text: str) -> int:
        """How far the lines of a `|` or `>` are indented that reads as this text."""
        for number, content in enumerate(text.split("\n"), header + 1):
            if content.strip(" ") and number < len(self.all):
                return max(_indent(self.all[number]) - _indent(content), 0)
        return 0


class Content(Place):
    """Where a text begins that stands in its file otherwise than it reads.

    A spot within is counted in what it reads as, and found where that stands in the file.
    """

    _characters: Characters
    _start: int

    @classmethod
    def of(cls, place: Place, characters: Characters, start: int = 0) -> Content:
        content = cls(*place)
        content._characters = characters
        content._start = start
        return content

    def within(self, line_offset: int, column: int) -> Place:
        characters, at = self._characters, self._start
        for _ in range(line_offset):
            at = characters.text.find("\n", at) + 1
        at = min(at + max(column, 1) - 1, len(characters.text))
        return Content.of(characters.places[at], characters, at)


class Characters:
    """The characters of one text, with their places; those are worked out when somebody asks.

    `style` is its quote, `|`, `>`, or nothing; `first` and `last` are the spots of its first sign and behind
    its last one.
    """

    def __init__(self, text: str, style: str, lines: Lines, first: Spot, last: Spot) -> None:
        self.text = text
        self._style = style
        self._lines = lines
        self._first = first
        self._last = last

    @cached_property
    def places(self) -> Sequence[Place]:
        """The place of each character, and the one behind the last."""
        spots = self._of_block() if self._style in ("|", ">") else self._of_signs()
        found = [self._lines.place(*spot) for spot in spots]
        # Whatever the parser took otherwise than this does, there is a place for every character.
        return found[: len(self.text)] + found[-1:] * max(1, len(self.text) + 1 - len(found))

    def _of_block(self) -> Iterator[Spot]:
        header = self._first[0]
        end = (header, len(self._lines.all[header]))
        indent = self._lines.indent_below(header, self.text)
        at = 0
        for number, line in enumerate(self._lines.all[header + 1 :], header + 1):
            content = line[indent:]
            if not content:
                continue
            while at < len(self.text) and not self.text.startswith(content, at):
                at += 1
                yield end
            if at == len(self.text):
                break
            yield from ((number, indent + column) for column in range(len(content)))
            at += len(content)
            end = (number, len(line))
        yield from [end] * (len(self.text) + 1 - at)

    def _of_signs(self) -> Iterator[Spot]:
        first, last = self._first, self._last
        lines = self._lines.all[first[0] : last[0] + 1]
        lines[-1] = lines[-1][: last[1]]
        lines[0] = lines[0][first[1] :]
        signs = "\n".join(lines)
        breaks = [at for at, sign in enumerate(signs) if sign == "\n"]
        for at in (*_kept(signs, self._style), len(signs)):
            below = bisect(breaks, at - 1)
            yield first[0] + below, at - breaks[below - 1] - 1 if below else first[1] + at


def _kept(signs: str, style: str) -> Iterator[int]:
    """Where each character begins of what these signs between quotes, or without, read as."""
    at = 0
    while at < len(signs):
        sign = signs[at]
        is_escape = sign == "\\" and style == '"'
        if is_escape and signs[at + 1 : at + 2] != "\n":
            yield at
            at += 2 + DIGITS.get(signs[at + 1 : at + 2], 0)
        elif sign == "'" == style:
            yield at
            at += 2
        elif is_escape or sign in BLANKS:
            end = at = at + 2 * is_escape
            while end < len(signs) and signs[end] in BLANKS:
                end += 1
            breaks = [spot for spot in range(at, end) if signs[spot] == "\n"]
            # One end of a line reads as a space, and of more all but the first are read.
            yield from breaks if is_escape else breaks[1:] or breaks or range(at, end)
            at = end
        else:
            yield at
            at += 1


def behind_anchor(shown: str) -> int:
    """How many signs stand before a text itself: its anchor, and the space behind."""
    found = re.match(r"(?:[&!]\S*(?:\s|#[^\n]*\n)+)*", shown)
    return found.end() if found else 0


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _before_mending(was: str, now: str, column: int) -> int:
    """The column in a line as it was, of a column in the line as it is; exact outside of what was mended."""
    same = next((at for at, (one, other) in enumerate(zip(was, now, strict=False)) if one != other), len(was))
    if column <= same:
        return column
    behind = 0
    while behind < min(len(was), len(now)) - same and was[-1 - behind] == now[-1 - behind]:
        behind += 1
    if column >= len(now) - behind:
        return column - len(now) + len(was)
    return min(column, max(same, len(was) - behind))
