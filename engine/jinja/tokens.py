"""Notes the tokens of a source with their places, which Jinja's own tree forgets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from jinja2.lexer import TokenStream


class Token:
    """A piece of a source as Jinja's lexer sees it, and where it starts (in characters from 0)."""

    __slots__ = ("kind", "text", "offset")

    def __init__(self, kind: str, text: str, offset: int) -> None:
        self.kind: Final = kind
        self.text: Final = text
        self.offset: Final = offset


class Recorded(str):
    """A source that takes note of its tokens while Jinja reads it."""

    tokens: list[Token]


def _record(source: str, tokens: list[Token], stream: Iterator[tuple[int, str, str]]) -> Iterator[Any]:
    position = 0
    for line, kind, text in stream:
        found = source.find(text, position)
        if found < 0:
            found = position
        tokens.append(Token(kind, text, found))
        position = found + len(text)
        yield line, kind, text


def tokenize(environment: Any, source: str, name: str | None, state: str | None) -> TokenStream:
    """Jinja's tokens of a source, noted on it with their places where it has room for them."""
    stream = environment.lexer.tokeniter(source, name, None, state)
    if isinstance(source, Recorded):
        stream = _record(source, source.tokens, stream)
    return TokenStream(environment.lexer.wrap(stream, name, None), name, None)
