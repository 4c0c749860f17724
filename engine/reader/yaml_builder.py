"""Builds values that know their places from the events of the YAML parser, without its traps."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import yaml

from engine.reader.yaml_places import Characters, Content, Lines, behind_anchor
from engine.source import NOWHERE, Edit, Listed, Mapped, Place, Problem, Span, Word

DEEPEST = 64
"""How many lists and mappings may stand in each other."""

MOST_ALIASES = 100
MOST_ALIASED = 10_000
"""How many aliases a file may have, and how many values they may stand for together."""

UNFINISHED = -1
"""The size of what an anchor names while it is still being read."""

PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
FILLED = re.compile(r" +#\{\{")
"""What looks like a comment and is a number: `Order #{{ order.number }}`."""

INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,18}")

NoYaml = yaml.YAMLError
"""What `Builder.build` raises where a text is no YAML."""


def in_quotes(text: str) -> str:
    """The text of one line as YAML reads it whatever it holds: in the quotes that it has not itself."""
    if '"' not in text and "\\" not in text:
        return f'"{text}"'
    return f"'{text}'" if "'" not in text else json.dumps(text, ensure_ascii=False)


class Frame:
    """A list or mapping that is still being read; `target` is None while what it holds is thrown away."""

    __slots__ = (
        "anchor",
        "between_braces",
        "found",
        "is_template",
        "key",
        "key_end",
        "size",
        "start",
        "target",
    )

    def __init__(self, target: Mapped | Listed | None, event: Any, found: int) -> None:
        self.target = target
        self.start = event.start_mark
        self.between_braces = bool(event.flow_style)
        self.anchor: str | None = event.anchor
        self.found = found
        self.is_template = False
        self.key: Word | None = None
        self.key_end = -1
        self.size = 1


class TooDeep(yaml.MarkedYAMLError):
    """Lists and mappings stand in each other beyond every sense."""


class Builder:
    """Makes values from the parser's events, one after the other: nothing here recurses."""

    def __init__(self, text: str, file: str, original: str) -> None:
        self.text = text
        self.file = file
        self.lines = Lines(text, file, original)
        self.value: Any = None
        self.problems: list[Problem] = []
        self.last_quoted: Any = None
        self.second_document: int | None = None
        self._stack: list[Frame] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._anchored: dict[str, Any] = {}
        self._aliases = 0
        self._aliased = 0

    def build(self) -> None:
        """Reads the whole text into `value` and `problems`. Raises yaml.YAMLError where it is no YAML."""
        documents = 0
        for event in yaml.parse(self.text, Loader=PARSER):
            kind = type(event)
            if kind is yaml.ScalarEvent:
                self._scalar(event)
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                self._open(event, kind is yaml.MappingStartEvent)
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                self._close(event)
            elif kind is yaml.AliasEvent:
                self._alias(event)
            elif kind is yaml.DocumentStartEvent:
                documents += 1
                if documents > 1:
                    self._say(event.start_mark, "a file holds one document: take away this `---`", 3, "")
                    mark: Any = event.start_mark
                    self.second_document = mark.line
                    break
        for event in self._anchored.values():
            self._say_sign("&", event.start_mark, self._source(event))
        if documents == 0 or (self.value is None and not self.problems):
            self.problems.append(Problem(Place(self.file, 1, 1), "yaml", "this file is empty"))

    def _say(self, mark: Any, message: str, length: int = 1, meant: str | None = None) -> None:
        """Tells of something wrong; `meant` is what should stand in place of so many characters."""
        place = self.lines.place(mark.line, mark.column)
        edits: tuple[Edit, ...] = ()
        if meant is not None and self.lines.is_unmended(mark.line):
            edits = (Edit(place, self.lines.all[mark.line][mark.column :][:length], meant),)
        self.problems.append(Problem(place, "yaml", message, max(1, length), edits=edits))

    def _say_sign(self, sign: str, mark: Any, shown: str) -> None:
        """A text begins with a sign that YAML takes for its own, and needs quotes."""
        first, *rest = shown.split("\n")
        # An anchor may have lost its alias, and before an expression a `!` is no part of a text.
        is_expression = bool(self._stack) and self._stack[-1].key in ("when", "check", "from")
        meant = None if rest or is_expression or sign == "&" else in_quotes(first)
        message = f"a text that begins with {sign} needs quotes: {in_quotes(first)}"
        self._say(mark, message, len(first), meant)

    def _source(self, event: Any) -> str:
        return self.text[event.start_mark.index : event.end_mark.index]

    def _scalar(self, event: Any) -> None:
        start, end, style = event.start_mark, event.end_mark, event.style
        place = self.lines.place(start.line, start.column)
        length = (
            end.column - start.column
            if end.line == start.line
            else len(self.lines.all[start.line]) - start.column
        )
        span = Span(place, max(1, length))
        text: str = event.value
        if style in ("'", '"'):
            self.last_quoted = event
        value: Any
        if event.tag is not None:
            shown = self._source(event)
            self._say_sign("!", start, shown)
            value = Word.at(shown, place)
        elif style is None or style == "":
            if event.anchor is not None:
                # An anchor that no alias uses is how `text: &hello there` looks to the parser.
                self._anchored[event.anchor] = event
            value = self._plain(text, place, event)
            if self.text.startswith(" #", end.index):
                self._say_comment(text, place, end)
        else:
            value = Word.at(text, place, self._content(text, event, place))
        self._attach(value, span, event, 1)

    def _plain(self, text: str, place: Place, event: Any) -> Any:
        start = event.start_mark
        frame = self._stack[-1] if self._stack else None
        if frame is not None and isinstance(frame.target, Mapped) and frame.key is None:
            return Word.at(text, place)
        if text in CONSTANTS:
            return CONSTANTS[text]
        if text[0] in "-0123456789":
            if INTEGER.fullmatch(text):
                return int(text)
            if DECIMAL.fullmatch(text):
                return Decimal(text)
            line = self.lines.all[start.line]
            if text[0] == "-" and text[1:2].isalpha() and not line[: start.column].strip():
                first = line.strip()
                self._say(start, f"a space is missing behind the -: - {first[1:]}", len(first))
        if frame is not None and frame.between_braces and "?" in text:
            message = f'an unquoted text between braces cannot hold a "?"; put it in quotes: "{text}"'
            self._say(start, message, len(text))
        return Word.at(text, place, self._content(text, event, place))

    def _say_comment(self, text: str, place: Place, end: Any) -> None:
        """A comment may follow a text, but one that begins with a value was meant as text."""
        comment = self.lines.all[end.line][end.column :]
        if text and FILLED.match(comment):
            message = f'what stands behind # is a comment; put the text in quotes: "{text}{comment.rstrip()}"'
            edits: tuple[Edit, ...] = ()
            if self.lines.is_unmended(end.line) and place.line == end.line + 1:
                whole = f"{text}{comment.rstrip()}"
                edits = (Edit(place, whole, in_quotes(whole)),)
            self.problems.append(Problem(place, "yaml", message, len(text), edits=edits))

    def _content(self, text: str, event: Any, place: Place) -> Place | None:
        """Where a text itself begins; None where that is where it begins as a whole."""
        start, end, style = event.start_mark, event.end_mark, event.style
        line, column = start.line, start.column
        if event.anchor is not None:
            anchor = self._source(event)[: behind_anchor(self._source(event))].replace("\r\n", "\n")
            line += anchor.count("\n")
            column = len(anchor) - anchor.rfind("\n") - 1 if "\n" in anchor else column + len(anchor)
        if style in ("|", ">"):
            indent = self.lines.indent_below(line, text)
            characters = Characters(text, style, self.lines, (line, column), (end.line, end.column))
            return Content.of(Place(self.file, line + 2, indent + 1), characters)
        quote = 1 if style in ("'", '"') else 0
        first, last = (line, column + quote), (end.line, end.column - quote)
        if line == end.line and last[1] - first[1] == len(text):
            is_here = (line, column, quote) == (start.line, start.column, 0)
            return None if is_here else Place(self.file, line + 1, place.column - start.column + first[1])
        return Content.of(self.lines.place(*first), Characters(text, style or "", self.lines, first, last))

    def _open(self, event: Any, is_mapping: bool) -> None:
        if len(self._stack) >= DEEPEST:
            raise TooDeep(None, None, "too deep", event.start_mark)
        frame = self._stack[-1] if self._stack else None
        place = self.lines.place(event.start_mark.line, event.start_mark.column)
        target: Mapped | Listed | None = Mapped(place) if is_mapping else Listed(place)
        if frame is not None and (frame.target is None or frame.is_template):
            target = None
        elif frame is not None and isinstance(frame.target, Mapped) and frame.key is None:
            target = None
            touches = event.start_mark.index == frame.start.index + 1
            if is_mapping and frame.between_braces and touches and not frame.target:
                frame.is_template = True
            else:
                self._say(event.start_mark, "a key is a text; a list or braces cannot be one")
        if event.tag is not None:
            self._say(event.start_mark, "a `!` before a list or braces means nothing here; take it away")
        self._stack.append(Frame(target, event, len(self.problems)))
        if event.anchor is not None:
            self._anchors[event.anchor] = (None, UNFINISHED)

    def _close(self, event: Any) -> None:
        frame = self._stack.pop()
        start, end = frame.start, event.end_mark
        place = self.lines.place(start.line, start.column)
        length = (
            end.column - start.column
            if end.line == start.line
            else len(self.lines.all[start.line]) - start.column
        )
        span = Span(place, max(1, length))
        value: Any = frame.target
        if frame.is_template:
            shown = self.text[start.index : end.index]
            del self.problems[frame.found :]
            if not any(outer.target is None for outer in self._stack):
                self._say_sign("{{", start, shown)
            value = Word.at(shown, place)
        if frame.anchor is not None:
            self._anchors[frame.anchor] = (value, frame.size)
        self._attach(value, span, event, frame.size)

    def _alias(self, event: Any) -> None:
        shown = self._source(event)
        span = Span(self.lines.place(event.start_mark.line, event.start_mark.column), len(shown))
        value, size = self._anchors.get(event.anchor, (None, 0))
        self._anchored.pop(event.anchor, None)
        self._aliases += 1
        self._aliased += max(size, 0)
        if size == 0:
            needed = f"(as an alias, it needs an &{event.anchor} above)"
            message = f'a text that begins with * needs quotes: "{shown}" {needed}'
            # Alone it may be an alias whose anchor is missing.
            self._say(event.start_mark, message, len(shown))
            value = Word.at(shown, span.place)
        elif size == UNFINISHED:
            self._say(
                event.start_mark, f"{shown} stands inside of what it names, and would never end", len(shown)
            )
        elif self._aliases > MOST_ALIASES or self._aliased > MOST_ALIASED:
            raise TooDeep(None, None, "too many aliases", event.start_mark)
        self._attach(value, span, event, max(size, 1))

    def _attach(self, value: Any, span: Span, event: Any, size: int) -> None:
        """Puts a finished value where it belongs: the document, a list, a key or a key's value."""
        anchor = getattr(event, "anchor", None)
        if anchor is not None and type(event) is yaml.ScalarEvent:
            self._anchors[anchor] = (value, 1)
        if not self._stack:
            self.value = value
            return
        frame = self._stack[-1]
        frame.size += size
        target = frame.target
        if isinstance(target, Listed):
            target.put(value, span)
        elif frame.key is None:
            frame.key = value if isinstance(value, Word) else Word.at("", NOWHERE)
            frame.key_end = event.end_mark.index
        else:
            if target is not None and not frame.is_template and frame.key.place is not NOWHERE:
                self._put(frame, target, value, span, event)
            frame.key = None

    def _put(self, frame: Frame, target: Mapped, value: Any, span: Span, event: Any) -> None:
        key = frame.key
        assert key is not None  # noqa: S101 - a value follows its key
        if (
            value is None
            and frame.between_braces
            and ":" not in self.text[frame.key_end : event.start_mark.index]
        ):
            self._say_no_colon(target, key)
        elif key == "<<":
            message = "`<<` is no key here: write the keys out, or use *NAME as the whole of a value"
            self.problems.append(Problem(key.place, "yaml", message, 2))
        elif key in target:
            first = target.word(key).place
            message = f"'{key}' stands here a second time; the first is on line {first.line}"
            self.problems.append(Problem(key.place, "yaml", message, max(1, len(key))))
        else:
            target.put(key, value, span)

    def _say_no_colon(self, target: Mapped, key: Word) -> None:
        before = next(reversed(target), None)
        length = max(1, len(key))
        if len(self._stack) > 1 and self._stack[-2].key == "pattern":
            message = "a pattern that holds { } needs quotes"
        elif re.fullmatch(r"\w+:\S+", key):
            name, value = key.split(":", 1)
            message = f"a space is missing after the colon: {name}: {value}"
        elif re.fullmatch(r"\w+ *= *\S+", key):
            name, value = [part.strip() for part in key.split("=", 1)]
            message = f"behind a key stands a colon: {name}: {value}"
        elif before is not None and isinstance(target[before], str):
            whole = f'{before}: "{target[before]}, {key}"'
            message = f"the comma before '{key}' ends the text; put the whole of it in quotes: {whole}"
        else:
            message = f"'{key}' has no value here; write `{key}: …`, or put the text in quotes"
        self.problems.append(Problem(key.place, "yaml", message, length))
