"""Finds the comments by which people leave findings of a line alone, and holds the findings against them."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import yaml

from engine.reader.yaml_builder import PARSER, NoYaml
from engine.source import Edit, Place, Problem

WORDS = re.compile(r"flow-lint:\s*(?P<word>\w*)(?:\[(?P<rules>[^\]\n]*)\])?[ \t]*(?P<why>.*)")
RULE = re.compile(r"[^\s,]+")
YAML_COMMENT = re.compile(r"(?:^|(?<=[ \t]))(?P<sign>#+[ \t]*)[^\n]*", re.MULTILINE)
JINJA_COMMENT = re.compile(r"\{#[-+]?[ \t]*(?P<text>flow-lint:[^\n]*?)[ \t]*[-+]?#\}")
NO_WORDS = re.compile(r"[ \t]*(?:#|\{#.*#\}[ \t]*$|$)")
"""A line that is empty, or nothing but a comment."""


class Ignore(NamedTuple):
    """One such comment: where its words and its rules stand, its reason, and the lines that it speaks of.

    `rules` are None where it says no `ignore[…]` at all. `whole` takes the comment away.
    """

    place: Place
    length: int
    rules: tuple[tuple[str, Place], ...] | None
    why: str
    first: int
    last: int
    whole: Edit

    def covers(self, place: Place) -> bool:
        return place.file == self.place.file and self.first <= place.line <= self.last


def ignores_of(sources: Mapping[str, str]) -> Iterator[Ignore]:
    """The comments of all files; `sources` maps paths, as places name them, to texts."""
    for file, text in sources.items():
        if "flow-lint:" in text:
            yield from (_in_yaml if file.endswith(".yaml") else _in_template)(
                file, text.replace("\r\n", "\n")
            )


def _in_yaml(file: str, text: str) -> Iterator[Ignore]:
    spans, end = _texts_in(text)
    starts = [span.start for span in spans]
    ends: dict[int, int] = {}
    for span in spans:
        ends[span.first] = max(ends.get(span.first, 0), span.last)
    lines = text.split("\n")
    for comment in YAML_COMMENT.finditer(text, 0, end):
        at = bisect(starts, comment.start()) - 1
        words = WORDS.match(text, comment.start() + len(comment["sign"]), comment.end())
        if words is not None and (at < 0 or comment.start() >= spans[at].stop):
            yield _ignore(file, lines, _spot(text, comment), words, ends)


def _in_template(file: str, text: str) -> Iterator[Ignore]:
    lines = text.split("\n")
    for comment in JINJA_COMMENT.finditer(text):
        words = WORDS.match(text, comment.start("text"), comment.end("text"))
        if words is not None:
            yield _ignore(file, lines, _spot(text, comment), words, {})


class Spot(NamedTuple):
    """Where a comment stands: its line and column from 1, its length, and its first character in the text."""

    line: int
    column: int
    length: int
    start: int


def _spot(text: str, comment: re.Match[str]) -> Spot:
    start = comment.start()
    column = start - text.rfind("\n", 0, start)
    return Spot(text.count("\n", 0, start) + 1, column, len(comment[0].rstrip()), start)


def _ignore(file: str, lines: list[str], spot: Spot, words: re.Match[str], ends: Mapping[int, int]) -> Ignore:
    """The comment that stands here; `ends` tells of lines on which longer texts begin where those end."""
    line, column, length, _ = spot
    there = lines[line - 1]
    first = last = line
    if not (there[: column - 1] + there[column - 1 + length :]).strip():
        # Alone on its line, it speaks of the next one.
        following = (at for at in range(line, len(lines)) if not NO_WORDS.match(lines[at]))
        last = next(following, line - 1) + 1
        whole = Edit(Place(file, line, 1), there + ("\n" if line < len(lines) else ""), "")
    else:
        kept = len(there[: column - 1].rstrip())
        whole = Edit(Place(file, line, kept + 1), there[kept : column - 1 + length], "")
    rules = None
    if words["word"] == "ignore" and words["rules"] is not None:
        base = column + words.start("rules") - spot.start
        rules = tuple(
            (one[0], Place(file, line, base + one.start())) for one in RULE.finditer(words["rules"])
        )
    why = words["why"].strip()
    return Ignore(Place(file, line, column), length, rules, why, first, ends.get(last, last), whole)


class Span(NamedTuple):
    """Where a text begins and ends in a file, and on which lines, counted from 1."""

    start: int
    stop: int
    first: int
    last: int


def _texts_in(text: str) -> tuple[list[Span], int]:
    """The texts of a YAML file in their order, and how far it is YAML."""
    found: list[Span] = []
    end = len(text)
    try:
        for event in yaml.parse(text, Loader=PARSER):
            if not isinstance(event, yaml.ScalarEvent):
                continue
            begins: Any = event.start_mark
            ends: Any = event.end_mark
            start, stop, first = begins.index, ends.index, begins.line + 1
            last = first + text.count("\n", start, max(stop - 1, start))
            if event.style in ("|", ">"):
                # Behind the sign of a block a comment may stand.
                start = min(text.find("\n", start) % (len(text) + 1), stop)
            found.append(Span(start, stop, first, last))
    except NoYaml as error:
        marks = (getattr(error, name, None) for name in ("context_mark", "problem_mark"))
        end = min((mark.index for mark in marks if mark is not None), default=0)
    return found, end


def held_against(
    problems: Iterable[Problem], ignores: Iterable[Ignore], ignorable: frozenset[str]
) -> tuple[list[Problem], set[tuple[Ignore, str]]]:
    """The findings that no comment leaves alone, and which rule of which comment left one alone."""
    by_file: dict[str, list[Ignore]] = {}
    for ignore in ignores:
        if ignore.rules and ignore.why:
            by_file.setdefault(ignore.place.file, []).append(ignore)
    kept = []
    used: set[tuple[Ignore, str]] = set()
    for problem in problems:
        hits = [
            ignore
            for ignore in by_file.get(problem.place.file, ())
            if problem.rule in ignorable
            and ignore.covers(problem.place)
            and any(rule == problem.rule for rule, _ in ignore.rules or ())
        ]
        used.update((ignore, problem.rule) for ignore in hits)
        if not hits:
            kept.append(problem)
    return kept, used
