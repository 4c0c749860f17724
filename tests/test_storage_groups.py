"""Statements for many rows at once: as if each row had its own, and by an index however small the tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random

import pytest
from storage_case import NOW, ON_POSTGRESQL, SHOP, answer, heard, said

from adapters.storage import Storage
from adapters.storage.database import Statement, stored
from adapters.storage.postgresql_groups import MOST_LOOKED_UP, MOST_ROWS
from adapters.storage.usual import Usual, UsualKept, UsualMessages

MOMENT = stored(datetime(2026, 5, 24, 12, tzinfo=UTC))
PUT_ASIDE = """
    INSERT INTO updates (provider, address, kind, provider_id, raw, reason, received_at, applied_at)
    VALUES ('meta', ?, 'unread', ?, '{}', '', ?, ?)"""
RENAME = """
    UPDATE updates SET reason = given.column2
    FROM (VALUES (?, ?)) AS given WHERE updates.provider_id = given.column1"""
READ = "UPDATE updates SET address = 'read' WHERE provider_id = ?"
KEPT = "SELECT provider_id, applied_at IS NULL, reason, address FROM updates ORDER BY id"
COUNTS = [0, 1, 2, MOST_LOOKED_UP, 2 * MOST_LOOKED_UP + 1, MOST_ROWS - 1, MOST_ROWS, MOST_ROWS + 1, 100]


@pytest.mark.parametrize("count", COUNTS)
def test_rows_keep_their_order_and_their_empty_values(storage: Storage, count: int) -> None:
    database = storage.database
    rows = [("100", f"w{place}", MOMENT, MOMENT if place % 3 else None) for place in range(count)]
    groups = (
        (PUT_ASIDE, rows),
        (RENAME, [(row[1], f"no {place}") for place, row in enumerate(rows) if place % 2]),
        (READ, [(row[1],) for row in rows[:5]]),
        (PUT_ASIDE, []),
    )
    with database.writing():
        met = database.execute_groups(groups)
    assert met == [count, count // 2, min(count, 5), 0]
    assert [(name, bool(is_empty), *others) for name, is_empty, *others in database.rows(KEPT)] == [
        (f"w{place}", place % 3 == 0, f"no {place}" if place % 2 else "", "read" if place < 5 else "100")
        for place in range(count)
    ]


@pytest.mark.parametrize("count", COUNTS)
def test_what_the_rows_give_is_given_once_each(storage: Storage, count: int) -> None:
    database = storage.database
    rows = [("100", f"w{place}", MOMENT, None) for place in range(count)]
    with database.writing():
        put, read = database.rows_of_groups(
            (
                (f"{PUT_ASIDE} RETURNING provider_id", rows),
                (f"{READ} RETURNING address", [(row[1],) for row in rows[:3]]),
            ),
        )
    assert sorted(put) == sorted((row[1],) for row in rows)
    assert read == [("read",)] * min(count, 3)


def test_a_statement_with_parameters_elsewhere_is_run_for_each_row(storage: Storage) -> None:
    database = storage.database
    with database.writing():
        database.execute_groups([(PUT_ASIDE, [("100", f"w{place}", MOMENT, None) for place in range(3)])])
        rename_in = f"{RENAME} AND updates.address = ?"
        met = database.execute_groups(
            [(rename_in, [("w0", "a", "100"), ("w1", "b", "1"), ("w2", "c", "100")])]
        )
    assert met == [2]
    assert [reason for _, _, reason, _ in database.rows(KEPT)] == ["a", "", "c"]


@ON_POSTGRESQL
def test_messages_of_one_moment_cost_a_few_statements(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(run_for_many(storage, monkeypatch)) <= 20


@ON_POSTGRESQL
def test_small_tables_that_were_never_counted_are_looked_up_by_an_index(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is prepared while they are small is still in use when they have grown.
    database = storage.database
    ran = run_for_many(storage, monkeypatch)
    with database.writing():
        for statement, parameters in ran:
            plan = "\n".join(line for (line,) in database.rows(f"EXPLAIN {statement}", *parameters))
            assert not re.search(r"Seq Scan on (messages|conversations|customers)", plan), statement + plan
    assert len(ran) > 6


def run_for_many(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> list[Statement]:
    """What the database is asked while as many messages as fit are kept together, and answered together."""
    senders = [f"199900055{number:02}" for number in range(2 * MOST_LOOKED_UP)]
    for sender in senders:
        heard(storage, "hi", f"w.first.{sender}", sender)
    database = storage.database
    talks = [row[0] for row in database.rows("SELECT id FROM conversations ORDER BY id")]
    ran: list[Statement] = []
    rows_all, execute_all = database.rows_all, database.execute_all

    def rows(statements: Sequence[Statement]) -> list[list[tuple[object, ...]]]:
        ran.extend(statements)
        return rows_all(statements)

    def execute(statements: Sequence[Statement]) -> list[int]:
        ran.extend(statements)
        return execute_all(statements)

    monkeypatch.setattr(database, "rows_all", rows)
    monkeypatch.setattr(database, "execute_all", execute)
    usual = UsualMessages(database, {SHOP.business.id: SHOP})
    messages = [Usual("meta", said("more", f"w.{sender}", sender), NOW, NOW, "") for sender in senders]
    with database.writing():
        assert usual._keep_known(messages) == [UsualKept(talk, True, True) for talk in talks]
    with storage.batch(talks, NOW) as batch:
        for working in batch:
            answer(working, "yes")
    monkeypatch.undo()
    return ran


def test_where_there_is_one_writer_newcomers_cost_no_transaction_of_their_own(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, begun = storage.database, []
    writing = database.writing
    monkeypatch.setattr(database, "writing", lambda: (begun.append(1), writing())[1])
    accepted = storage.accept("meta", [said("hi", "w.1", "19990005501")], NOW)
    assert accepted.outcomes == {0: "new"}
    assert len(begun) == (1 if database.kind == "sqlite" else 2)


@ON_POSTGRESQL
def test_whatever_is_empty_in_rows_is_prepared_once(storage: Storage) -> None:
    database, dice = storage.database, Random(4)
    put = """
        INSERT INTO updates (provider, address, kind, provider_id, raw, reason, received_at, applied_at)
        VALUES (?, ?, 'unread', ?, '{}', '', ?, ?)"""
    kept = 0
    with database.writing():
        for number in range(30):
            rows = [
                ("meta", f"{number}", f"w{place}", MOMENT, MOMENT if dice.random() < 0.5 else None)
                for place in range(MOST_ROWS)
            ]
            kept += sum(row[-1] is not None for row in rows)
            database.execute_groups(((put, rows),))
        assert database.rows("SELECT COUNT(*), COUNT(applied_at) FROM updates") == [(30 * MOST_ROWS, kept)]
        prepared = database.rows("""
            SELECT COUNT(*), SUM(generic_plans + custom_plans) FROM pg_prepared_statements
            WHERE statement LIKE '%INTO updates%'""")
    [(statements, runs)] = prepared
    # All but the first few, which filled what had been empty so far.
    assert statements <= 3
    assert runs >= 20
