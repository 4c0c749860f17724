"""Answers what people really type wrong in YAML in their words, and mends it where the mend is certain."""

from __future__ import annotations

import json
import re
from typing import Any

from engine.reader.yaml_builder import DEEPEST, TooDeep, in_quotes
from engine.reader.yaml_slips import before, keys, slip
from engine.source import Edit, Place, Problem

KEY = re.compile(
    r"""^\s*(?:-\s+)*(?:(?:"[^"]*"|'[^']*'|[^\s#"'{}\[\],&*!|>%@`:-][^#:{}\[\],"']*|[^#:{}\[\],"'\s]+)\s*:\s+)?"""
)
CLOSED_QUOTE = re.compile(r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')\s*(?=[^\s#])""")
LONE_QUESTION = re.compile(r"(?<=[\[{,:])\s*(\?)\s*(?=[,\]}])")
TEMPLATE = re.compile(
    r"""[\[{,:]\s+([^\[\]{},:"'\s][^\[\]{},:"']*\{[{%].*?[%}]\}(?:\{[{%].*?[%}]\}|[^,{}\[\]"'])*|\{[{%].*?[%}]\}(?:\{[{%].*?[%}]\}|[^,{}\[\]"'])*)"""
)
NO_COMMA = re.compile(
    r"""[{,]\s*\w+:\s+(?P<value>\w+|"[^"]*"|'[^']*'|\[[^\[\]{}]*\]|\{[^\[\]{}]*\})\s+(?P<next>[a-z_]+:)(?=\s)"""
)
ONE_KEY = re.compile(r"(?P<key>\S+?)\s*:\s*(?P<text>.*)")
OF_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{\s*\w+(?:\s*:\s*\w+)?\s*\}")
PATTERN = re.compile(
    r"""[{,]\s*pattern:\s+(?P<value>(?=[^,]*\{)(?:[^\[\]{},"']|\{\s*\w+(?:\s*:\s*\w+)?\s*\})+?)\s*(?=,\s*\w+:|\})"""
)
OF_EXPRESSION = re.compile(r"\b(?:when|check|from)\s*:\s*$")
"""Behind these keys an expression stands, which no quotes make right."""

INNER_APOSTROPHES = re.compile(r"[^']*(?:\w'\w[^']*)+")
BRACES_WITH_KEY = re.compile(r"\{\s*\w+:\s")
BRACKETS = re.compile(r"""[{}\[\]]|"(?:[^"\\]|\\.)*"|'[^']*'""")
PAIRS = {"}": "{", "]": "["}
SIGNS = "@`%*&!|>?,"


def explain(error: Any, text: str, file: str, last_quoted: Any) -> tuple[Problem, str | None]:
    """What stands in the way of reading `text`, and the text with that mended, or None.

    `last_quoted` is the last quoted text that was read before. `error` is what the parser raised.
    """
    mistake = Mistake(error, text, file)
    if isinstance(error, TooDeep):
        many = error.problem == "too many aliases"
        words = "has too many aliases" if many else f"is more than {DEEPEST} levels deep"
        return mistake.problem(mistake.line, mistake.column, f"this file {words}: nobody can read that"), None
    found = (
        mistake.tab()
        or mistake.open_quote(last_quoted)
        or mistake.slip()
        or mistake.pattern_between_braces()
        or mistake.missing_comma()
        or mistake.comma_too_many()
        or mistake.behind_bracket()
        or mistake.text_without_quotes()
        or mistake.open_bracket()
        or mistake.text_between_braces()
        or mistake.closes_nothing()
        or mistake.no_colon()
        or mistake.indentation()
    )
    if found is not None:
        return found
    message = "this cannot be read: look here and on the line above for a colon, a quote or a bracket too few"
    return mistake.problem(mistake.line, mistake.column, message), None


Found = tuple[Problem, str | None]


class Mistake:
    """One error of the parser, with the lines it may have come from; lines and columns counted from 0."""

    def __init__(self, error: Any, text: str, file: str) -> None:
        self.file = file
        self.lines = text.split("\n")
        self.said: str = getattr(error, "problem", None) or str(error)
        self.context: str = getattr(error, "context", None) or ""
        mark = getattr(error, "problem_mark", None)
        last = len(self.lines) - 1
        self.at_end = mark is not None and mark.line > last
        self.line = min(mark.line, last) if mark else 0
        self.column = len(self.lines[last]) if self.at_end else mark.column if mark else 0
        context_mark = getattr(error, "context_mark", None)
        self.context_line = min(context_mark.line, len(self.lines) - 1) if context_mark else self.line
        self.context_column = context_mark.column if context_mark else self.column

    def problem(self, line: int, column: int, message: str, length: int = 1) -> Problem:
        return Problem(Place(self.file, line + 1, column + 1), "yaml", message, max(1, length))

    def mended(self, line: int, start: int, end: int, by: str) -> str:
        """The text with a part of one line replaced."""
        there = self.lines[line]
        return "\n".join([*self.lines[:line], there[:start] + by + there[end:], *self.lines[line + 1 :]])

    def quoted(self, line: int, start: int, end: int, why: str) -> Found:
        """The finding that this part of the line needs quotes."""
        shown = self.lines[line][start:end]
        example = in_quotes(shown)
        problem = self.problem(line, start, f"{why}: {example}", end - start)
        if self._is_surely_text(self.lines[line][:start], shown):
            problem = problem._replace(edits=(Edit(problem.place, shown, example),))
        return problem, self.mended(line, start, end, json.dumps(shown, ensure_ascii=False))

    def _is_surely_text(self, above: str, shown: str) -> bool:
        """Whether what stands behind a key, a dash or a bracket can only be meant as a text."""
        word = ONE_KEY.match(shown)
        between_braces = "{" in above or "[" in above
        return not (
            not above.strip()
            or OF_EXPRESSION.search(above)
            or shown[0] in "|>-[(,"
            or (word is not None and (word["key"] in keys() or not word["text"]))
            or (between_braces and re.search(r"[\[\]{}]", OF_TEMPLATE.sub("", shown)))
        )

    def tab(self) -> Found | None:
        """A tab where the indentation is."""
        line = self.lines[self.line]
        indent = len(line) - len(line.lstrip(" \t"))
        at = line.find("\t")
        if 0 <= at < indent and self.column <= indent:
            spaces = line[:indent].replace("\t", "  ") if line[:indent].strip("\t") else self._indentation()
            problem = self.problem(self.line, at, "a tab stands here; indent with spaces")
            return problem, self.mended(self.line, 0, indent, spaces)
        if self.column < len(line) and line[self.column] == "\t":
            problem = self.problem(self.line, self.column, "a tab stands here; use spaces")
            return problem, self.mended(self.line, self.column, self.column + 1, " ")
        return None

    def _indentation(self) -> str:
        """The spaces that the line should begin with: those of the line above, and more below a key."""
        at = before(self.lines, self.line)
        if at < 0:
            return ""
        above = self.lines[at].expandtabs(2)
        deeper = "  " if above.rstrip().endswith(":") else ""
        return " " * (len(above) - len(above.lstrip())) + deeper

    def slip(self) -> Found | None:
        """A slip on this line, or on the one where what cannot be read began."""
        above = before(self.lines, self.line)
        found = slip(self.lines, dict.fromkeys((above, self.context_line, self.line)))
        if found is None:
            return None
        length = max(found.end - found.start, 1)
        problem = self.problem(found.line, found.start, found.message, length)
        if found.is_certain:
            was = self.lines[found.line][found.start : found.end]
            problem = problem._replace(edits=(Edit(problem.place, was, found.by),))
        return problem, self.mended(found.line, found.start, found.end, found.by)

    def pattern_between_braces(self) -> Found | None:
        """A pattern with holes, which between other braces needs quotes."""
        line = self.lines[self.line]
        found = next((one for one in PATTERN.finditer(line) if one.end("value") >= self.column), None)
        if found is None or found.start("value") > self.column:
            return None
        return self.quoted(self.line, *found.span("value"), "a pattern that holds { } needs quotes")

    def missing_comma(self) -> Found | None:
        """Two keys between braces with no comma between them."""
        line = self.lines[self.line]
        found = next((one for one in NO_COMMA.finditer(line) if one.end("next") >= self.column), None)
        if found is None or found.start("value") > self.column or self._is_quoted(found.start("value")):
            return None
        start, end = found.end("value"), found.start("next")
        message = f"a comma is missing: {found['value']}, {found['next']} …"
        at = found.start("value")
        problem = self.problem(self.line, at, message, found.end("next") - at)
        return problem, self.mended(self.line, start, end, ", ")

    def open_quote(self, last_quoted: Any) -> Found | None:
        """A quote that is never closed, or closed by the opening quote of a later text."""
        if "quoted scalar" in self.context:
            line, column = self.context_line, self.context_column
        elif last_quoted is not None and last_quoted.start_mark.line < last_quoted.end_mark.line == self.line:
            line, column = last_quoted.start_mark.line, last_quoted.start_mark.column
        else:
            return None
        there = self.lines[line].rstrip()
        if "escape" in self.said:
            message = (
                "what stands behind this \\ is unknown; write \\\\ for a backslash, or use single quotes"
            )
            return self.problem(self.line, self.column, message), None
        quote = there[column : column + 1]
        problem = self.problem(line, column, f"this {quote} is never closed", len(there) - column)
        body = there[column + 1 :]
        if quote == '"' and not body.endswith("\\"):
            return problem, self.mended(line, column, len(there), f'"{body}"')
        return problem, self.mended(line, column, len(there), json.dumps(body, ensure_ascii=False))

    def text_without_quotes(self) -> Found | None:
        """A value on a line of its own key that reads as something else than the text it is."""
        line = self.lines[self.line]
        begin = KEY.match(line)
        start = begin.end() if begin else 0
        value = line[start:].rstrip()
        if not value or value.startswith("#"):
            return None
        end = start + len(value)
        first = value[0]
        if value.startswith(("{{", "{%")):
            if value.count("{") == value.count("}") or self.column > start:
                return self.quoted(self.line, start, end, f"a text that begins with {value[:2]} needs quotes")
        elif first in SIGNS and (self.column >= start or self.context_column == start):
            sign = "a ?" if first == "?" else first
            return self.quoted(self.line, start, end, f"a text that begins with {sign} needs quotes")
        elif first in "\"'" and self.column > start and CLOSED_QUOTE.match(value):
            return self._behind_quote(start, end, value)
        elif value.startswith("- ") and self.column >= start > 0 and line[:start].rstrip().endswith(":"):
            return self.quoted(self.line, start, end, "a text that begins with - needs quotes")
        elif first not in "{[\"'" and self.said.startswith("mapping values") and self.column >= start > 0:
            return self.quoted(self.line, start, end, 'a text that holds ": " needs quotes')
        elif (
            (first == "[" or (first == "{" and not BRACES_WITH_KEY.match(value)))
            and self.said.startswith("did not find expected key")
            and self.column > start
        ):
            return self.quoted(self.line, start, end, f"a text that begins with {first} needs quotes")
        return None

    def _behind_quote(self, start: int, end: int, value: str) -> Found:
        closed = CLOSED_QUOTE.match(value)
        behind = start + (closed.end() if closed else 0)
        if value[0] == "'" and value.endswith("'") and INNER_APOSTROPHES.fullmatch(value[1:-1]):
            meant = in_quotes(value[1:-1])
            message = f"an apostrophe ends a text in single quotes; use double quotes: {meant}"
            edits: tuple[Edit, ...] = (Edit(Place(self.file, self.line + 1, start + 1), value, meant),)
        else:
            message = "the text goes on behind its closing quote; put the whole of it in quotes"
            edits = ()
        problem = self.problem(self.line, behind, message, end - behind)._replace(edits=edits)
        return problem, self.mended(self.line, start, end, json.dumps(value, ensure_ascii=False))

    def behind_bracket(self) -> Found | None:
        """A sign behind the brace or bracket that ends a value."""
        line = self.lines[self.line]
        rest, value = line[self.column :].rstrip(), line[: self.column].rstrip()
        is_behind = value.endswith(("}", "]")) and "{{" not in value and self._opened() is None
        if not is_behind or not rest or rest[0] in "}]":
            return None
        begin = KEY.match(line)
        is_closed = BRACES_WITH_KEY.match(line[begin.end() :]) if begin else None
        if rest.strip(";,.") and not is_closed:
            return None
        message = f"nothing may stand behind the closing {value[-1]}; take this away: {rest}"
        problem = self.problem(self.line, self.column, message, len(rest))
        if not rest.strip(";,"):
            problem = problem._replace(edits=(Edit(problem.place, rest, ""),))
        return problem, self.mended(self.line, self.column, len(line), "")

    def comma_too_many(self) -> Found | None:
        """A comma with nothing before it, between braces or brackets."""
        line = self.lines[self.line]
        if line[self.column : self.column + 1] != "," or self._opened() is None:
            return None
        if not line[: self.column].rstrip().endswith((",", "{", "[")):
            return None
        problem = self.problem(self.line, self.column, "a comma too many stands here")
        return problem, self.mended(self.line, self.column, self.column + 1, "")

    def open_bracket(self) -> Found | None:
        """A brace or bracket that the file never closes."""
        if self.context not in ("while parsing a flow mapping", "while parsing a flow sequence"):
            return None
        line = self.lines[self.context_line]
        if self.line == self.context_line and self.lines[self.line][self.column :].strip():
            return None
        lone = LONE_QUESTION.search(line, self.context_column)
        if lone:
            return self.quoted(self.context_line, lone.start(1), lone.end(1), "a lone ? needs quotes")
        sign = line[self.context_column : self.context_column + 1]
        closing = "}" if sign == "{" else "]"
        message = f"this {sign} is never closed by a {closing} (or a comma is missing)"
        rest = line[self.context_column :].rstrip()
        mended = None
        if rest.count(sign) == rest.count(closing) + 1 and ": " in rest + " ":
            mended = self.mended(self.context_line, len(line.rstrip()), len(line), closing)
        return self.problem(self.context_line, self.context_column, message), mended

    def text_between_braces(self) -> Found | None:
        """A text between braces or brackets that needs quotes for one of its signs."""
        line = self.lines[self.line]
        lone = LONE_QUESTION.search(line)
        if lone and lone.start() <= self.column:
            return self.quoted(self.line, lone.start(1), lone.end(1), "a lone ? needs quotes")
        if "{" not in line[: self.column + 1] and "[" not in line[: self.column + 1]:
            return None
        template = TEMPLATE.search(line)
        if template and template.start(1) <= self.column and not self._is_quoted(template.start(1)):
            begins = template[1].startswith("{")
            why = f"a text that begins with {template[1][:2]}" if begins else "a text that holds {{ }}"
            return self.quoted(self.line, template.start(1), template.end(1), f"{why} needs quotes")
        start = max(line.rfind(sign, 0, self.column) + len(sign) for sign in ("{", "[", ", ", ": "))
        if self.column < len(line) and line[self.column] in SIGNS:
            start = self.column
        ends = re.compile(r"[,}\]]").search(line, self.column + 1 if start == self.column else self.column)
        end = ends.start() if ends else len(line.rstrip())
        if start >= end or self._is_quoted(start):
            return None
        shown = line[start:end]
        if self.said.startswith("did not find expected alphabetic") and self.context_line == self.line:
            start = self.context_column
            shown = line[start:end]
        if shown[0] in SIGNS:
            return self.quoted(self.line, start, end, f"a text that begins with {shown[0]} needs quotes")
        if ":" in shown:
            return self.quoted(self.line, start, end, 'a text that holds ": " needs quotes')
        return None

    def _is_quoted(self, column: int) -> bool:
        """Whether a spot of the line lies within quotes."""
        before = self.lines[self.line][:column]
        return before.count('"') % 2 == 1

    def _opened(self) -> int | None:
        """The last brace or bracket of the line that is open where the parser stopped."""
        stack = []
        for found in BRACKETS.finditer(self.lines[self.line], 0, self.column):
            if found[0] in "{[":
                stack.append(found.start())
            elif found[0] in "}]" and stack:
                stack.pop()
        return stack[-1] if stack else None

    def no_colon(self) -> Found | None:
        """A line that should be a key and has no colon."""
        if "could not find expected ':'" not in self.said:
            return None
        line = self.lines[self.context_line]
        shown = line[self.context_column :].rstrip()
        message = f"'{shown}' is neither a key with its colon nor indented as part of the text above"
        return self.problem(self.context_line, self.context_column, message, len(shown)), None

    def closes_nothing(self) -> Found | None:
        """A closing brace or bracket too many."""
        sign = self.lines[self.line][self.column : self.column + 1]
        if sign not in ("}", "]"):
            return None
        opened = self._opened()
        others = self.lines[self.line][: self.column] + self.lines[self.line][self.column + 1 :]
        if opened is not None and not _is_balanced(others) and self.lines[self.line][opened] != PAIRS[sign]:
            opening = self.lines[self.line][opened]
            closing = "]" if opening == "[" else "}"
            message = f"this {opening} is never closed by a {closing}"
            return self.problem(self.line, opened, message), None
        return self.problem(self.line, self.column, f"this {sign} closes nothing"), None

    def _mixes_list_and_keys(self) -> bool:
        """Whether this line begins an entry of a list and its neighbour above does not, or the other way."""
        line = self.lines[self.line]
        indent = len(line) - len(line.lstrip())
        for at in range(self.line - 1, -1, -1):
            above = self.lines[at]
            there = len(above) - len(above.lstrip())
            if above.strip() and there <= indent:
                return there == indent and above.lstrip().startswith("- ") != line.lstrip().startswith("- ")
        return False

    def indentation(self) -> Found | None:
        """A line that stands too far left or right for those above."""
        said = self.said
        if not (
            said.startswith(("mapping values", "did not find expected", "block sequence", "block mapping"))
        ):
            return None
        line = self.lines[self.line]
        indent = len(line) - len(line.lstrip())
        if self.column > indent and not said.startswith("mapping values"):
            return None
        message = "this line's indentation fits no line above; a key stands exactly below its neighbours"
        if self._mixes_list_and_keys():
            message = "a list and keys are mixed here: of lines at one depth all begin with `- `, or none"
        return self.problem(self.line, indent, message, len(line.strip())), None


def _is_balanced(line: str) -> bool:
    """Whether every brace and bracket of a line is closed by its like."""
    opened: list[str] = []
    for found in BRACKETS.finditer(line):
        if found[0] in "{[":
            opened.append(found[0])
        elif found[0] in "}]" and (not opened or opened.pop() != PAIRS[found[0]]):
            return False
    return not opened
