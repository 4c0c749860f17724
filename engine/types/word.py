"""Reads a single word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.declarations import Type, Unreadable

if TYPE_CHECKING:
    from engine.draft import Draft


def read(text: str, draft: Draft) -> str:
    words = text.split()
    if len(words) != 1:
        raise Unreadable("not one word")
    return words[0]


TYPE: Type = Type(
    "word", "one word, without spaces", read, shape=r"[^\s,،、;؛:!?؟()\"…]{1,100}+", example="word"
)
