"""Reads any words, as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.declarations import Type, Unreadable
from engine.patterns import ANYTHING

if TYPE_CHECKING:
    from engine.draft import Draft


def read(text: str, draft: Draft) -> str:
    words = text.strip()
    if not words:
        raise Unreadable("nothing was written")
    return words


TYPE: Type = Type("text", "any words, kept as they are", read, shape=ANYTHING, example="just some words")
