"""Makes one statement of many rows, for one round trip, in as few sizes as there are to prepare."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import TypeVar

from adapters.storage.database import Group, Statement

MOST_ROWS = 32
"""Rows that one statement inserts at most."""

MOST_LOOKED_UP = 8
"""Rows that one looks up at most: for more, PostgreSQL would read a small table whole."""

_INSERT = re.compile(r"\s*INSERT\b")
_ROW = re.compile(r"\bVALUES\s*(\([^()]*\))")

Answer = TypeVar("Answer")


def in_few(groups: Sequence[Group]) -> tuple[list[Statement], list[int]]:
    """The statements that do the same in fewer pieces, and how many belong to each group.

    Where all parameters of a statement stand in one `VALUES (?, …)`, in an INSERT or in what an UPDATE or a
    SELECT reads from, its rows go together, in pieces of few sizes: each is prepared once.
    """
    statements: list[Statement] = []
    sizes: list[int] = []
    for statement, rows in groups:
        before = len(statements)
        most = MOST_ROWS if _INSERT.match(statement) else MOST_LOOKED_UP
        place = 0
        while place < len(rows):
            size = min(most, 1 << (len(rows) - place).bit_length() - 1)
            text = _of_rows(statement, size)
            if text is None:
                statements += ((statement, values) for values in rows)
                break
            statements.append((text, tuple(chain.from_iterable(rows[place : place + size]))))
            place += size
        sizes.append(len(statements) - before)
    return statements, sizes


def by_group(answers: Iterable[Answer], sizes: Sequence[int]) -> list[list[Answer]]:
    """The answers to the statements of `in_few`, those of each group together."""
    left = iter(answers)
    return [list(islice(left, size)) for size in sizes]


@lru_cache(maxsize=200)
def _of_rows(statement: str, size: int) -> str | None:
    """The statement of one row as one of so many; None where it is not of the kind."""
    found = _ROW.findall(statement)
    if len(found) != 1 or found[0].count("?") != statement.count("?"):
        return None
    return statement.replace(found[0], ", ".join(found * size))
