"""Keeps a text of several lines that each start with a mark together with what it was made of."""

from __future__ import annotations

from collections.abc import Iterable


class Lines(str):
    """Lines that start with a mark: `rows` are mark and text of each."""

    __slots__ = ("rows",)
    rows: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, rows: Iterable[tuple[str, str]]) -> Lines:
        kept = tuple(rows)
        lines = cls("\n".join(mark + text for mark, text in kept))
        lines.rows = kept
        return lines
