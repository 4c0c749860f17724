"""What every form of the report shares: findings with their severities, a line with its caret, the count."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from engine.lint.checked import Rule, Severity
from engine.source import Place, Problem

TAB = 4
LONGEST_LINE = 160
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"
_DIRECTION_SIGNS = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

COUNTED: Mapping[Severity, tuple[str, str]] = {
    "error": ("error", "errors"),
    "warning": ("warning", "warnings"),
    "information": ("piece of information", "pieces of information"),
}


class Report(NamedTuple):
    """What there is to report: the findings in order, and what is needed to show them.

    `files` are all that was looked at, as findings call them. `line_of(file, line)` gives a line of a file,
    empty where there is none. With `strict`, warnings fail as errors do.
    """

    problems: Sequence[Problem]
    rules: Mapping[str, Rule]
    line_of: Callable[[str, int], str]
    files: Sequence[str] = ()
    strict: bool = False
    version: str = ""

    def severity(self, problem: Problem) -> Severity:
        return self.rules[problem.rule].severity

    def fails(self, problem: Problem) -> bool:
        """Whether the finding lets the check fail; information never does."""
        return fails(self.severity(problem), self.strict)

    def end_of(self, place: Place, length: int) -> Place:
        """The spot behind so many characters of a line."""
        end = min(place.column + length, len(self.line_of(place.file, place.line)) + 1)
        return Place(place.file, place.line, max(end, place.column))


class Format(NamedTuple):
    """One form of the report: its name, a line about it, and what gives its lines, without their ends."""

    name: str
    about: str
    lines: Callable[[Report], Iterator[str]]


def fails(severity: Severity, strict: bool) -> bool:
    """Whether a finding of this severity lets the check fail."""
    return severity == "error" or (strict and severity == "warning")


def headline(report: Report, problem: Problem) -> str:
    """`file:line:column: message [rule]`; what is no error says so before its message."""
    file, line, column = problem.place
    severity = report.severity(problem)
    weight = "" if severity == "error" else f"{severity}: "
    return f"{file}:{line}:{column}: {weight}{one_line(problem.message)} [{problem.rule}]"


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


def count(report: Report) -> str:
    """How many findings there are of which severity, in how many files."""
    problems = report.problems
    files = len({problem.place.file for problem in problems})
    by_severity = Counter(report.severity(problem) for problem in problems)
    if by_severity.keys() <= {"error"}:
        found = _counted(len(problems), "problem", "problems")
    else:
        found = ", ".join(
            _counted(by_severity[severity], *words)
            for severity, words in COUNTED.items()
            if by_severity[severity]
        )
    return f"{found} in {files} files" if files > 1 else found


def _counted(number: int, one: str, several: str) -> str:
    return f"1 {one}" if number == 1 else f"{number} {several}"


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
