"""Messages that come at one moment share a transaction; what is wrong with one costs the others nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import TypeVar

import peewee
import pytest
from storage_case import (
    ANN,
    BOB,
    NOW,
    NUMBER,
    ON_POSTGRESQL,
    WAIT_FOR_LOCKS,
    Place,
    counts,
    heard,
    in_threads,
    open_shop,
    said,
    until,
)

from adapters.storage import Accepted, Storage
from adapters.storage.database import Statement
from adapters.storage.together import Together

T = TypeVar("T")


@pytest.fixture
def other(place: Place, storage: Storage) -> Iterator[Storage]:
    """The storage of another process at the same place."""
    second = open_shop(place.url)
    yield second
    second.close()


# Threads that ask together


def test_one_thread_works_for_all_that_ask_meanwhile() -> None:
    groups: list[list[int]] = []
    begun, go = threading.Event(), threading.Event()

    def work(asked: Callable[[], Sequence[int]]) -> list[int]:
        numbers = list(asked())
        groups.append(numbers)
        if len(groups) == 1:
            begun.set()
            assert go.wait(10)
        return [-number for number in numbers]

    together: Together[int, int] = Together(work)
    answers: dict[int, int | None] = {}

    def ask(number: int) -> None:
        answers[number] = together.do(number)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(9)]
    threads[0].start()
    assert begun.wait(10)
    for thread in threads[1:]:
        thread.start()
    until(lambda: len(together._open.asked) == 8)
    go.set()
    for thread in threads:
        thread.join(10)
    assert answers == {number: -number for number in range(9)}
    assert [len(group) for group in groups] == [1, 8]


def test_whoever_asks_alone_waits_for_nobody() -> None:
    together: Together[int, int] = Together(lambda asked: [number + 1 for number in asked()])
    in_threads(4, lambda number: [together.do(number) for _ in range(50)] and None)
    began = time.perf_counter()
    assert [together.do(number) for number in range(1000)] == list(range(1, 1001))
    assert time.perf_counter() - began < 1


def test_every_question_gets_its_own_answer() -> None:
    together: Together[int, int] = Together(lambda asked: [number * 2 for number in asked()])

    def ask(thread: int) -> None:
        for number in range(500):
            assert together.do(1000 * thread + number) == 2 * (1000 * thread + number)

    in_threads(8, ask)


@pytest.mark.parametrize("fault", [ZeroDivisionError, SystemExit])
def test_a_work_that_fails_leaves_nobody_waiting(fault: type[BaseException]) -> None:
    begun, go = threading.Event(), threading.Event()

    def work(asked: Callable[[], Sequence[int]]) -> list[int]:
        if not begun.is_set():
            begun.set()
            assert go.wait(10)
            raise fault
        return list(asked())

    together: Together[int, int] = Together(work)
    answers: list[int | None] = []

    def lead() -> None:
        with pytest.raises(fault):
            together.do(1)

    leader = threading.Thread(target=lead)
    leader.start()
    assert begun.wait(10)
    followers = [threading.Thread(target=lambda: answers.append(together.do(2))) for _ in range(3)]
    for follower in followers:
        follower.start()
    until(lambda: len(together._open.asked) == 4)
    go.set()
    for thread in (leader, *followers):
        thread.join(10)
    assert answers == [None] * 3  # they had joined what failed
    assert together.do(7) == 7


# Messages that come together


def accepted_together(storage: Storage, *texts: tuple[str, str, str]) -> list[Accepted]:
    """Takes (text, id, sender) in, at once; what came of each."""
    accepted: dict[int, Accepted] = {}

    def accept(number: int) -> None:
        accepted[number] = storage.accept("meta", [said(*texts[number])], NOW)

    # Nobody can write yet: all come together.
    threads = [threading.Thread(target=accept, args=(number,)) for number in range(len(texts))]
    with storage.database.writing():
        storage.database.execute("UPDATE products SET stock = stock WHERE code = 'cookie'")
        for thread in threads:
            thread.start()
        time.sleep(0.2)
    for thread in threads:
        thread.join(20)
    return [accepted[number] for number in range(len(texts))]


def test_each_gets_what_came_of_its_own(storage: Storage) -> None:
    ann, bob = heard(storage, "hi", "w1"), heard(storage, "hi", "w2", BOB)
    found = accepted_together(
        storage, ("again", "w1", ANN), ("two", "w3", ANN), ("new", "w4", "19990005555"), ("two", "w5", BOB)
    )
    assert [one.outcomes for one in found] == [{0: "repeated"}, {0: "new"}, {0: "new"}, {0: "new"}]
    # Ann and Bob have messages that wait, of which somebody was told.
    assert [one.waiting for one in found][:2] == [(), ()]
    assert found[3].waiting == ()
    assert counts(storage, "messages", "customers") == [5, 3]
    assert storage.waiting(NOW)[:2] == [ann, bob]


def test_newcomers_are_made_with_what_they_say(storage: Storage) -> None:
    senders = [f"1999000{number}" for number in range(6)]
    found = accepted_together(storage, *((f"I am {sender}", f"w.{sender}", sender) for sender in senders))
    assert [one.outcomes for one in found] == [{0: "new"}] * 6
    assert counts(storage, "messages", "customers", "conversations") == [6, 6, 6]
    told = [conversation for one in found for conversation in one.waiting]
    rows = storage.database.rows(
        "SELECT conversations.id, phone, messages.body, conversations.state, conversations.heard_at "
        "FROM conversations JOIN customers ON customers.id = conversations.customer_id "
        "JOIN messages ON messages.conversation_id = conversations.id"
    )
    places = {phone: conversation for conversation, phone, *_ in rows}
    assert told == [places[sender] for sender in senders]
    assert {row[2:4] for row in rows} == {(f"I am {sender}", "initial") for sender in senders}
    assert {str(row[4]) for row in rows} == {str(NOW.replace(tzinfo=None))}


def test_somebody_new_who_says_several_things_at_once_is_one_customer(storage: Storage) -> None:
    found = accepted_together(storage, *((f"{number}", f"w{number}", ANN) for number in range(4)))
    assert [one.outcomes for one in found] == [{0: "new"}] * 4
    assert counts(storage, "messages", "customers", "conversations") == [4, 1, 1]
    assert len([conversation for one in found for conversation in one.waiting]) == 1


def test_a_newcomer_who_is_known_by_an_id_is_no_newcomer(storage: Storage) -> None:
    heard(storage, "hi", "w1", "US.77")
    message = said("hello", "w2", ANN, user_id="US.77", sender_name="Ann")
    assert storage.accept("meta", [message], NOW).outcomes == {0: "new"}
    message = said("hello", "w3", BOB, user_id="US.78", sender_name="Bob")
    assert storage.accept("meta", [message], NOW).outcomes == {0: "new"}
    known = storage.database.rows("SELECT phone, user_id, profile_name FROM customers ORDER BY id")
    assert known == [(ANN, "US.77", "Ann"), (BOB, "US.78", "Bob")]
    assert counts(storage, "conversations") == [2]


def test_processes_that_hear_of_the_same_newcomers_make_each_once(storage: Storage, other: Storage) -> None:
    senders = [f"19990{number:03}" for number in range(40)]

    def hear(number: int) -> None:
        of = storage if number % 2 else other
        for sender in senders if number < 4 else senders[::-1]:
            accepted = of.accept("meta", [said("hi", f"w.{number}.{sender}", sender)], NOW)
            assert accepted.outcomes == {0: "new"}

    in_threads(8, hear)
    assert counts(storage, "messages", "customers", "conversations") == [320, 40, 40]


def test_one_bad_message_spoils_no_other(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    heard(storage, "hi", "w1"), heard(storage, "hi", "w2", BOB)
    database = storage.database

    def refusing(ask: Callable[[Sequence[Statement]], T]) -> Callable[[Sequence[Statement]], T]:
        def refuse(statements: Sequence[Statement]) -> T:
            if any("w.bad" in values and "INTO messages" in asked for asked, values in statements):
                raise peewee.DataError("what no column takes")
            return ask(statements)

        return refuse

    rows = database.rows

    def refuse_one(statement: str, *values: object) -> list[tuple[object, ...]]:
        if "w.bad" in values and "INTO messages" in statement:
            raise peewee.DataError("what no column takes")
        return rows(statement, *values)

    monkeypatch.setattr(database, "rows_all", refusing(database.rows_all))
    monkeypatch.setattr(database, "execute_all", refusing(database.execute_all))
    monkeypatch.setattr(database, "rows", refuse_one)
    monkeypatch.setattr(database, "row", lambda *asked: next(iter(refuse_one(*asked)), None))
    found = accepted_together(storage, ("good", "w3", ANN), ("bad", "w.bad", BOB), ("good", "w4", BOB))
    assert [one.outcomes.get(0) for one in found] == ["new", None, "new"]
    assert counts(storage, "messages", "updates") == [4, 1]


@ON_POSTGRESQL
def test_a_conversation_that_is_held_keeps_no_other_waiting(storage: Storage, other: Storage) -> None:
    heard(storage, "hi", "w1")
    heard(storage, "hi", "w2", BOB)
    conversation = storage.start_conversation("corner", ("meta", NUMBER), ANN, NOW)
    done: list[str] = []

    def accept(text: str, id: str, sender: str) -> None:
        storage.accept("meta", [said(text, id, sender)], NOW)
        done.append(text)

    held = threading.Thread(target=accept, args=("held", "w3", ANN))
    with other.turn(conversation, NOW):
        held.start()
        until(lambda: storage.database.rows(WAIT_FOR_LOCKS) == [(1,)])
        for number in range(5):
            accept("free", f"w.{number}", BOB)
        assert done == ["free"] * 5
    held.join(10)
    assert done[5:] == ["held"]


def test_the_order_of_a_sender_is_kept_whoever_else_writes(storage: Storage) -> None:
    senders = [f"1999000{number}" for number in range(6)]
    for sender in senders:
        heard(storage, "first", f"w.{sender}", sender)

    def say(number: int) -> None:
        for place in range(20):
            at = NOW + timedelta(seconds=place)
            message = said(f"{place}", f"w.{number}.{place}", senders[number], sent_at=at)
            [outcome] = storage.accept("meta", [message], at).outcomes.values()
            assert outcome == "new"

    in_threads(len(senders), say)
    for sender in senders:
        conversation = storage.start_conversation("corner", ("meta", NUMBER), sender, NOW)
        bodies = storage.database.rows(
            "SELECT body FROM messages WHERE conversation_id = ? ORDER BY id", conversation
        )
        assert [body for (body,) in bodies] == ["first", *map(str, range(20))]
        [(heard_at,)] = storage.database.rows("SELECT heard_at FROM conversations WHERE id = ?", conversation)
        assert str(heard_at) == str((NOW + timedelta(seconds=19)).replace(tzinfo=None))
