"""Prints problems for people: where each stands, what is wrong, its line and a caret under the spot."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence

from engine.source import Problem

TAB = 4
LONGEST_LINE = 160
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"
_DIRECTION_SIGNS = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def full(
    problems: Sequence[Problem], line_of: Callable[[str, int], str], name_of: Callable[[str], str]
) -> Iterator[str]:
    """The lines of the report, without line ends.

    `line_of(file, line)` gives a line of a file, empty where there is none; `name_of(file)` what the file is
    called in the report.
    """
    for problem in problems:
        place = problem.place
        where = f"{name_of(place.file)}:{place.line}:{place.column}"
        yield f"{where}: {one_line(problem.message)} [{problem.rule}]"
        yield from snippet(line_of(place.file, place.line), place.line, place.column, problem.length)
    if problems:
        yield count(problems)


def snippet(line: str, number: int, column: int, length: int) -> Iterator[str]:
    """The line with its number, and a caret under the span; nothing for a line that is empty."""
    if not line.strip():
        return
    start = min(max(column - 1, 0), len(line))
    stop = max(min(start + max(length, 1), len(line)), start)
    shown, start, stop = _window(line, start, stop)
    before, spanned, after = _shown(shown[:start]), _shown(shown[start:stop]), _shown(shown[stop:])
    margin = " " * len(str(number))
    if any(unicodedata.bidirectional(character) in ("R", "AL", "AN") for character in spanned):
        # A terminal that shows scripts in their direction would move these words away from their caret.
        text = f"{before}{_ISOLATE}{spanned}{_END_ISOLATE}{after}"
    else:
        text = before + spanned + after
    yield f"  {number} | {text.rstrip()}"
    yield f"  {margin} | {' ' * width(before)}{'^' * max(width(spanned), 1)}"


def count(problems: Sequence[Problem]) -> str:
    """How many there are, in how many files."""
    files = len({problem.place.file for problem in problems})
    found = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    return f"{found} in {files} files" if files > 1 else found


def one_line(message: str) -> str:
    """The message without line breaks and without signs that would steer a terminal."""
    return "".join(_visible(character) for character in message)


def width(text: str) -> int:
    """The columns of a terminal that the text takes."""
    if text.isascii():
        return len(text)
    return sum(_widths(text))


def _widths(text: str) -> Iterable[int]:
    for index, character in enumerate(text):
        category = unicodedata.category(character)
        if category in ("Mn", "Me", "Cf"):
            # The variation selector for emoji makes the narrow sign before it a wide one.
            widens = (
                character == "\ufe0f" and index and unicodedata.east_asian_width(text[index - 1]) not in "WF"
            )
            yield 1 if widens else 0
        else:
            yield 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _window(line: str, start: int, stop: int) -> tuple[str, int, int]:
    if len(line) <= LONGEST_LINE:
        return line, start, stop
    left = max(0, min(start - LONGEST_LINE // 3, len(line) - LONGEST_LINE))
    right = left + LONGEST_LINE
    shown = line[left:right]
    ahead = "…" if left else ""
    rest = "…" if right < len(line) else ""
    moved = len(ahead) - left
    return (
        f"{ahead}{shown}{rest}",
        start + moved,
        max(min(stop + moved, len(ahead) + len(shown)), start + moved),
    )


def _shown(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible(character) for character in text.replace("\t", " " * TAB))


def _visible(character: str) -> str:
    if character in _DIRECTION_SIGNS:
        return ""
    if character in "\r\n\t\x85\u2028\u2029":
        return " "
    return "\ufffd" if unicodedata.category(character) in ("Cc", "Cs") else character
