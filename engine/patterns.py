"""Reads messages of a shape, such as `{item:number}, {quantity:number}`, in time linear in their length."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from engine.frozen import Frozen
from engine.source import NOWHERE, Place
from engine.words import INVISIBLE

ANYTHING = ".+?"
"""The shape of a hole that takes as little as it can; any other shape takes as much as it can."""

_HOLE = re.compile(r"\{[^{}]*\}")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_KEYCAP = re.compile("\ufe0f?\u20e3")

_ALIKE = (",،、，﹐", ":：", ";؛；", "?؟？", ".。۔．", "-‐‑‒–—−", "'’‘ʼ", '"“”„«»')
_SAME = {character: f"[{re.escape(alike)}]" for alike in _ALIKE for character in alike}
_TIMES = "×*✕✖"
_TIMES_SIGNS = ("x", "X", *_TIMES)
_ZEROS = (0x30, 0x660, 0x6F0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66)

_MAYBE_SPACE = r"\s{0,40}+"
_SPACE = r"\s{1,40}+"
_LETTER = r"[^\W\d_]"


class BadPattern(Exception):
    """A shape that cannot be read: the message, the column of the fault (from 0) and its length."""

    def __init__(self, message: str, column: int, length: int) -> None:
        super().__init__(message)
        self.message = message
        self.column = column
        self.length = length


class Hole(Frozen):
    """What a pattern reads: its name, its type, and the column of its brace in the source (from 0)."""

    __slots__ = ("name", "type", "column")

    def __init__(self, name: str, type: str, column: int) -> None:
        self.name: Final = name
        self.type: Final = type
        self.column: Final = column


class _Token:
    """A piece of a pattern: a hole, or letters, digits or one mark that stand as they are."""

    __slots__ = ("kind", "text", "is_spaced", "hole", "shape")

    def __init__(
        self, kind: str, text: str, is_spaced: bool, hole: Hole | None = None, shape: str = ""
    ) -> None:
        self.kind: Final = kind
        self.text = text
        self.is_spaced: Final = is_spaced
        self.hole: Final = hole
        self.shape: Final = shape


class Pattern(Frozen):
    """A shape of a whole message; `expression` is the regular expression that it comes to."""

    __slots__ = ("source", "place", "holes", "is_lone_number", "expression", "_compiled")

    def __init__(
        self, source: str, place: Place, holes: tuple[Hole, ...], is_lone_number: bool, expression: str
    ) -> None:
        self.source: Final = source
        self.place: Final = place
        self.holes: Final = holes
        self.is_lone_number: Final = is_lone_number
        self.expression: Final = expression
        self._compiled: re.Pattern[str] | None = None

    @classmethod
    def compile(cls, source: str, place: Place = NOWHERE) -> Pattern:
        """The pattern of this text; a hole without a type is a `text`. Raises BadPattern."""
        tokens = _tokens(source)
        holes = tuple(token.hole for token in tokens if token.hole)
        lone = len(tokens) == 1 and len(holes) == 1 and holes[0].type == "number"
        return cls(source, place, holes, lone, _expression(tokens))

    def match(self, text: str) -> Mapping[str, str] | None:
        """What the holes read from the message as the customer wrote it; None where it does not fit.

        Holes keep the customer's own spelling; direction marks and keycaps (1️⃣) are left out.
        """
        if not text.isascii():
            text = unicodedata.normalize("NFC", _KEYCAP.sub("", text.translate(INVISIBLE)))
        text = text.strip()
        expression = self._compiled
        if expression is None:
            if text.isascii() and self._lacks_digit(text):
                return None  # what is only asked of a few texts, as `flow-lint` does, is never compiled
            expression = self._compiled = re.compile(self.expression, re.IGNORECASE | re.DOTALL)
        found = expression.fullmatch(text)
        if found is None:
            if text.isascii() or (plain := unicodedata.normalize("NFKC", text).strip()) == text:
                return None
            found = expression.fullmatch(plain)
            if found is None:
                return None
        return {name: value.strip() for name, value in found.groupdict().items()}

    def _lacks_digit(self, text: str) -> bool:
        """Whether a hole wants a digit and the text has none."""
        wants_digit = any(hole.type in ("number", "decimal") for hole in self.holes)
        return wants_digit and not any(character.isdecimal() for character in text)


def _tokens(source: str) -> list[_Token]:
    tokens: list[_Token] = []
    names: set[str] = set()
    is_spaced = False
    column = 0
    while column < len(source):
        hole = _HOLE.match(source, column)
        kind = _kind(source[column])
        text = source[column]
        if hole:
            text = hole.group()
            token = _hole(text, column, is_spaced)
            _refuse_neighbours(token, tokens, names)
            tokens.append(token)
        elif text in "{}":
            raise BadPattern(f"`{text}` stands alone: a hole is written {{name}} or {{name:type}}", column, 1)
        elif kind != "space":
            last = tokens[-1] if tokens and not is_spaced else None
            if last is not None and last.kind == kind != "mark":
                _refuse_digits(last, column)
                last.text += text
            else:
                tokens.append(_Token(kind, text, is_spaced))
        is_spaced = kind == "space"
        column += len(text)
    if not tokens:
        raise BadPattern("a pattern needs at least one word or hole", 0, max(1, len(source)))
    return tokens


def _kind(character: str) -> str:
    if character.isspace():
        return "space"
    category = unicodedata.category(character)
    if category == "Nd":
        return "digits"
    return "letters" if category[0] in "LMN" or character in "\u200c\u200d" else "mark"


def _hole(text: str, column: int, is_spaced: bool) -> _Token:
    from engine.types import TYPES

    name, colon, type_name = [part.strip() for part in text[1:-1].partition(":")]
    if not _NAME.fullmatch(name):
        said = f"`{name}` cannot name a hole: a name is lower case letters, digits and `_`"
        raise BadPattern(said if name else "a hole needs a name: {name} or {name:type}", column, len(text))
    type_name = type_name if colon else "text"
    declared = TYPES.get(type_name)
    if declared is None:
        known = " ".join(each for each, one in TYPES.items() if one.shape)
        start = column + text.index(":") + 1
        raise BadPattern(f"there is no type `{type_name}`; there are {known}", start, max(1, len(type_name)))
    if declared.shape is None:
        raise BadPattern(f"a {type_name} is not typed, so no hole can read it", column, len(text))
    kind = "digits" if type_name in ("number", "decimal") else "hole"
    return _Token(kind, text, is_spaced, Hole(name, type_name, column), declared.shape)


def _refuse_digits(before: _Token, column: int) -> None:
    """A number takes all digits that follow it: one that is written behind it would never be met."""
    if before.hole is not None:
        said = f"`{before.hole.name}` takes this digit too: put a space or a sign between them"
        raise BadPattern(said, column, 1)


def _refuse_neighbours(token: _Token, before: list[_Token], names: set[str]) -> None:
    hole = token.hole
    assert hole is not None  # noqa: S101
    if hole.name in names:
        raise BadPattern(f"the hole `{hole.name}` stands here twice", hole.column, len(token.text))
    names.add(hole.name)
    if before and not token.is_spaced and (left := before[-1].hole):
        said = (
            f"`{left.name}` and `{hole.name}` need something between them: nobody could tell where one ends"
        )
        raise BadPattern(said, hole.column, len(token.text))


def _expression(tokens: list[_Token]) -> str:
    """The regular expression of the tokens.

    What follows a hole of `ANYTHING` is searched from left to right once and never again (atomic groups,
    possessive and bounded repeats), so that no message makes it try combinations.
    """
    parts: list[str] = []
    is_open = False
    for index, token in enumerate(tokens):
        before = tokens[index - 1] if index else None
        if before is not None and not _is_times(before) and not _is_times(token):
            parts.append(_gap(before.kind, token.is_spaced, token.kind))
        if token.hole is None:
            parts.append(_times(tokens, index) if _is_times(token) else _literal(token))
        elif token.shape != ANYTHING:
            parts.append(f"(?P<{token.hole.name}>{token.shape})")
        else:
            parts.append(")" if is_open else "")
            is_open = index < len(tokens) - 1
            parts.append(rf"(?>(?P<{token.hole.name}>\S.*?)" if is_open else rf"(?P<{token.hole.name}>\S.*)")
    return "".join(parts) + (r"\Z)" if is_open else "")


def _gap(before: str, is_spaced: bool, after: str) -> str:
    pair = {before, after}
    if "mark" in pair or pair == {"letters", "digits"}:
        return _MAYBE_SPACE
    if not is_spaced:
        return ""
    if pair == {"hole", "digits"}:
        ends = rf"(?<=\d)(?={_LETTER})" if before == "digits" else rf"(?<={_LETTER})(?=\d)"
        return f"(?:{_SPACE}|{ends})"
    return _SPACE


def _is_times(token: _Token) -> bool:
    return token.hole is None and token.text in _TIMES_SIGNS


def _times(tokens: list[_Token], index: int) -> str:
    """A lone `x`, with the spaces at its sides: the signs that stand for it need none."""
    before = tokens[index - 1] if index else None
    left = _gap(before.kind, tokens[index].is_spaced, "letters") if before and not _is_times(before) else ""
    after = tokens[index + 1] if index + 1 < len(tokens) else None
    right = _gap("letters", after.is_spaced, after.kind) if after else ""
    return f"(?:{left}x{right}|{_MAYBE_SPACE}[{_TIMES}]{_MAYBE_SPACE})"


def _literal(token: _Token) -> str:
    text = unicodedata.normalize("NFC", token.text)
    if token.kind == "digits":
        return "".join(f"[{''.join(chr(zero + int(digit)) for zero in _ZEROS)}]" for digit in text)
    return "".join(_SAME.get(character) or re.escape(character) for character in text)
