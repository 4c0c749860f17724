"""Reads any words, as they are."""

from __future__ import annotations

from engine.declarations import Type, Unreadable
from engine.patterns import ANYTHING


def read(text: str, draft: object) -> str:
    words = text.strip()
    if not words:
        raise Unreadable("nothing was written")
    return words


TYPE: Type = Type("text", "any words, kept as they are", read, shape=ANYTHING, example="just some words")
