"""Leaves away what a text or a conversation can do without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

Parts = TypeVar("Parts", str, tuple[Any, ...])


def smaller(parts: Parts, shows: Callable[[Parts], bool]) -> Iterator[Parts]:
    """Ever smaller parts of a text or tuple that still show it; the last can lose nothing more (ddmin)."""
    chunks = 2
    while len(parts) > 1:
        size = -(-len(parts) // chunks)
        for start in range(0, len(parts), size):
            rest = parts[:start] + parts[start + size :]
            if rest and shows(rest):
                parts, chunks = rest, max(chunks - 1, 2)
                yield parts
                break
        else:
            if size == 1:
                break
            chunks = min(chunks * 2, len(parts))
