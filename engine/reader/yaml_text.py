"""Turns YAML text into values that remember where they came from, and says what is wrong with it as YAML."""

from __future__ import annotations

import re
from typing import Any

from engine.reader.yaml_builder import Builder, NoYaml, in_quotes
from engine.source import Place, Problem

LARGEST = 1024 * 1024
"""The most bytes a file may have."""

MOST_REPAIRS = 20
REPAIRABLE = 200_000
"""How often a file is read again past a mistake, and how many characters it may have for that."""


UNPRINTABLE = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]"
"""A regular expression that takes longer to compile than to see that a text is all printable."""
FOREIGN_BREAKS = re.compile("\r(?!\n)|[\x85\u2028\u2029]")


def read_yaml(text: str | bytes, file: str) -> tuple[Any, list[Problem]]:
    """The value of a YAML text, and everything that is wrong with it as YAML, in the order of the lines.

    The value is made of Mapped, Listed, Word, int, Decimal, bool and None; it is None where nothing could be
    read. Past a mistake whose mend is certain, reading goes on as if it were mended.
    """
    original, problem = decode(text, file)
    if problem is not None:
        return None, [problem]
    problems: list[Problem] = []
    now = original
    for _ in range(MOST_REPAIRS + 1):
        builder = Builder(now, file, original)
        try:
            builder.build()
        except NoYaml as error:
            from engine.reader.yaml_words import explain

            problem, mended = explain(error, now, file, builder.last_quoted)
            place = builder.lines.place(problem.place.line - 1, problem.place.column - 1)
            if place not in [before.place for before in problems]:
                edits = tuple(
                    edit._replace(place=builder.lines.place(edit.place.line - 1, edit.place.column - 1))
                    for edit in problem.edits
                    if builder.lines.is_unmended(edit.place.line - 1)
                )
                problems.append(problem._replace(place=place, edits=edits))
            if mended is None or mended == now or len(now) > REPAIRABLE:
                return None, _in_order(problems + builder.problems)
            now = mended
        else:
            if builder.second_document is not None and len(now) <= REPAIRABLE:
                # Read on as if the mark that parts the file in two were not there.
                lines = now.split("\n")
                lines[builder.second_document] = "#" + lines[builder.second_document]
                problems.append(builder.problems[-1])
                now = "\n".join(lines)
                continue
            mended_lines = {problem.place.line for problem in problems}
            found = [one for one in builder.problems if one.place.line not in mended_lines]
            return builder.value, _in_order(problems + found)
    return None, _in_order(problems)


def decode(text: str | bytes, file: str) -> tuple[str, Problem | None]:
    """The text of a file, or why it is none: its size, its encoding, a character that nobody can see."""
    start = Place(file, 1, 1)
    if isinstance(text, bytes):
        if len(text) > LARGEST:
            return "", Problem(start, "yaml", "this file is larger than 1 MiB")
        try:
            decoded = text.decode("utf-8")
        except UnicodeDecodeError as error:
            before = text[: error.start].decode("utf-8")
            return "", Problem(
                _place_of(before, file), "yaml", "this file is not UTF-8; save it with the encoding UTF-8"
            )
    else:
        if len(text) > LARGEST:
            return "", Problem(start, "yaml", "this file is larger than 1 MiB")
        decoded = text
    decoded = decoded.removeprefix("\ufeff")
    is_printable = decoded.replace("\n", "").isprintable()
    unseen = None if is_printable else re.search(UNPRINTABLE, decoded)
    if unseen:
        return "", Problem(
            _place_of(decoded[: unseen.start()], file),
            "yaml",
            f"a character that nobody can see stands here (U+{ord(unseen[0]):04X}); delete it",
        )
    # The parser counts these as ends of lines, editors and people do not.
    return FOREIGN_BREAKS.sub(lambda found: "\n" if found[0] == "\r" else " ", decoded), None


def with_comments(problems: list[Problem], text: str) -> list[Problem]:
    """The problems, with a word on the comment where a `#` left a key without its value."""
    if not any(" has no value" in problem.message for problem in problems):
        return problems
    lines = text.replace("\r\n", "\n").split("\n")
    return [problem._replace(message=_with_comment(problem, lines)) for problem in problems]


def _with_comment(problem: Problem, lines: list[str]) -> str:
    line = lines[problem.place.line - 1] if problem.place.line <= len(lines) else ""
    comment = re.match(r"[^:#]*:[ \t]+(#[^\s#].*)", line[problem.place.column - 1 :])
    if " has no value" not in problem.message or comment is None:
        return problem.message
    return (
        f"{problem.message}; behind # stands a comment, a text needs quotes: {in_quotes(comment[1].rstrip())}"
    )


def _place_of(before: str, file: str) -> Place:
    lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return Place(file, len(lines), len(lines[-1]) + 1)


def _in_order(problems: list[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: problem.place)
