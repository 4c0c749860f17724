"""Runs a statement for many rows at once, in as few statements as there are sizes to prepare."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import Any

from adapters.storage.database import Database, Statement

Group = tuple[str, Sequence[Sequence[object]]]
"""A statement with `?` for its parameters, and several rows of these."""

MOST_ROWS = 32
"""Rows that one statement inserts at most."""

MOST_LOOKED_UP = 8
"""Rows that one looks up at most: for more, PostgreSQL would read a small table whole."""

_INSERT = re.compile(r"\s*INSERT\b")
_ROW = re.compile(r"\bVALUES\s*(\([^()]*\))")


def execute_groups(database: Database, groups: Sequence[Group]) -> list[int]:
    """Runs each statement with all of its rows, in a transaction; how many rows of a table each met in all.

    On PostgreSQL that is one round trip. Where one fails, those behind it do not run.
    """
    statements, sizes = _in_few(groups)
    counts = iter(database.execute_all(statements))
    return [sum(islice(counts, size)) for size in sizes]


def rows_of_groups(database: Database, groups: Sequence[Group]) -> list[list[tuple[Any, ...]]]:
    """The same; what each statement gives, in no order."""
    statements, sizes = _in_few(groups)
    answers = iter(database.rows_all(statements))
    return [list(chain.from_iterable(islice(answers, size))) for size in sizes]


def _in_few(groups: Sequence[Group]) -> tuple[list[Statement], list[int]]:
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


@lru_cache(maxsize=200)
def _of_rows(statement: str, size: int) -> str | None:
    """The statement of one row as one of so many; None where it is not of the kind."""
    found = _ROW.findall(statement)
    if len(found) != 1 or found[0].count("?") != statement.count("?"):
        return None
    return statement.replace(found[0], ", ".join(found * size))
