"""Reads a single word."""

from __future__ import annotations

from engine.declarations import Type, Unreadable


def read(text: str, draft: object) -> str:
    words = text.split()
    if len(words) != 1:
        raise Unreadable("not one word")
    return words[0]


TYPE: Type = Type(
    "word", "one word, without spaces", read, shape=r"[^\s,،、;؛:!?؟()\"…]{1,100}+", example="word"
)
