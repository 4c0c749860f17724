"""Turns of several conversations in one transaction: as if each had its own, whatever breaks or is held."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import peewee
import pytest
from job_case import NOON, Clock, accept, found, replies
from live_server import live_site, rows_of
from meta_double import MetaDouble, meta_double
from shop_contract import CAKE, COOKIE
from storage_case import (
    BOB,
    NOW,
    ON_POSTGRESQL,
    SHOP,
    WAIT_FOR_LOCKS,
    Place,
    answer,
    broken_at,
    counts,
    everything,
    heard,
    in_threads,
    open_shop,
    order_of,
    said,
    until,
)

from adapters.storage import DatabaseBusy, Storage
from adapters.storage.batches import Batch
from adapters.storage.shop import StorageShop
from adapters.web import Site
from engine.interpreter import Interpreter
from engine.message import Outbound
from engine.shop import Product
from engine.turn import Failure, Told, Turn

SENDERS = [f"199900044{number:02}" for number in range(12)]


@pytest.fixture
def double() -> Iterator[MetaDouble]:
    with meta_double() as double:
        yield double


@pytest.fixture
def site(tmp_path: Path, place: Place, double: MetaDouble) -> Iterator[Site]:
    with live_site(tmp_path, double.url, now=Clock(), database_url=place.url, read_marks=False) as site:
        yield site


@pytest.fixture
def other(place: Place, storage: Storage) -> Iterator[Storage]:
    """The storage of another process at the same place."""
    second = open_shop(place.url)
    yield second
    second.close()


def say(site: Site, *texts: str) -> list[int]:
    """Has everybody say this; their conversations."""
    return [accept(site, *texts, sender=sender) for sender in SENDERS]


def take(site: Site, conversations: list[int]) -> None:
    """Takes all that waits as the workers do: together, and alone what is left."""
    for conversation in site.jobs.take_turns_together(conversations):
        site.jobs.take_turns(conversation)


def took(storage: Storage, *conversations: int) -> Batch:
    """Takes a turn of each in one transaction."""
    with storage.batch(conversations, NOW) as batch:
        for working in batch:
            if working.next_message() is not None:
                answer(working, f"re {working.id}")
    return batch


# As if each had a transaction of its own


def test_what_is_taken_together_is_what_is_taken_alone(
    tmp_path: Path, place: Place, double: MetaDouble
) -> None:
    kept = []
    for is_together, folder in ((True, tmp_path / "together"), (False, tmp_path / "alone")):
        folder.mkdir()
        url = place.url if is_together else f"sqlite:///{folder}/shop.db"
        with live_site(folder, double.url, now=Clock(), database_url=url, read_marks=False) as site:
            for texts in (("hi",), ("1, 2", "cart"), ("what?",), ("buy",)):
                talks = say(site, *texts)
                if is_together:
                    take(site, talks)
                else:
                    for talk in talks:
                        site.jobs.take_turns(talk)
            assert found(site) == talks  # there are replies to be sent
            turns = sorted(
                (row["message_id"], row["state_after"], row["error"]) for row in rows_of(site, "turns")
            )
            orders = [(row["number"], row["conversation_id"]) for row in rows_of(site, "orders")]
            said_to = [
                [row["body"] for row in rows_of(site, "messages") if row["conversation_id"] == talk]
                for talk in talks
            ]
            stock = [row["stock"] for row in rows_of(site, "products")]
            kept.append((len(turns), [turn[1:] for turn in turns], len(orders), said_to[0], stock))
            assert len({tuple(texts[:-1]) for texts in said_to}) == 1  # all but the order's number
            assert sorted(number for number, _ in orders) == [f"CS20251018{n:03}" for n in range(1, 13)]
    assert kept[0] == kept[1]


def test_replies_keep_their_order_over_several_batches(site: Site) -> None:
    [talk, *others] = say(site, "hi", "1, 2", "cart", "2, 1")
    take(site, [talk, *others])
    answers = [row["body"].split()[0] for row in rows_of(site, "messages") if row["conversation_id"] == talk]
    assert answers[4:] == ["Welcome", "1.", "What", "Added", "2x", "Added"]
    turns = [row["message_id"] for row in rows_of(site, "turns") if row["conversation_id"] == talk]
    assert turns == sorted(turns)
    assert len(turns) == 4


def test_the_last_cup_is_sold_once_within_a_batch(site: Site) -> None:
    take(site, say(site, "hi", "2, 1"))
    take(site, say(site, "buy"))
    answers = [text for text in replies(site) if text.startswith(("Thank", "Only"))]
    assert sorted(text.split()[0] for text in answers) == ["Only"] * 11 + ["Thank"]
    assert [row["stock"] for row in rows_of(site, "products")] == [100, 0]
    assert [row["number"] for row in rows_of(site, "orders")] == ["CS20251018001"]


def test_a_talk_of_the_same_customer_on_another_number_is_taken_later(storage: Storage) -> None:
    storage.add_channel("corner", "meta", "200")
    first = heard(storage, "hi", "w1")
    [second] = storage.accept("meta", [said("hi", "w2", channel="200")], NOW).waiting
    third = heard(storage, "hi", "w3", BOB)
    batch = took(storage, first, second, third)
    assert (batch.later, batch.apart) == ([second], [])
    assert counts(storage, "turns") == [2]


def test_nothing_is_kept_of_a_batch_in_which_nothing_waits(storage: Storage) -> None:
    conversation = heard(storage, "hi", "w1")
    took(storage, conversation)
    before = everything(storage)
    took(storage, conversation)
    assert everything(storage) == before
    assert took(storage, 4711).apart == [4711]


# What breaks


def test_a_turn_that_breaks_is_rolled_back_alone(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    talks = say(site, "hi")
    hear = Interpreter.hear

    def broken(self: Interpreter, conversation: Any, inbound: Any, shop: StorageShop, *rest: Any) -> Any:
        if inbound.sender == SENDERS[5]:
            shop.save_customer({"name": "Nobody"})
            raise ZeroDivisionError("a fault")
        return hear(self, conversation, inbound, shop, *rest)

    told: list[int] = []
    monkeypatch.setattr(Interpreter, "hear", broken)
    monkeypatch.setattr(site.dispatch.deliveries, "put", lambda task, rows: told.extend(rows))
    take(site, talks)
    turns = {row["conversation_id"]: row["error"] for row in rows_of(site, "turns")}
    assert sorted(turns) == talks
    assert [talk for talk in talks if turns[talk]] == [talks[5]]
    assert len(rows_of(site, "turns")) == len(talks)
    assert sorted(told) == talks  # once each
    waiting = [row for row in rows_of(site, "messages") if row["status"] == "received"]
    assert [(row["conversation_id"], row["attempts"]) for row in waiting] == [(talks[5], 1)]
    assert {row["name"] for row in rows_of(site, "customers")} == {""}


def test_orders_have_no_gaps_where_a_turn_breaks_behind_them(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(site, say(site, "hi", "1, 2"))
    place_order = StorageShop.place_order

    def broken(self: StorageShop, draft: Any) -> Any:
        order = place_order(self, draft)
        if self.customer().phone in (SENDERS[2], SENDERS[7]):
            raise ZeroDivisionError("behind the order")
        return order

    monkeypatch.setattr(StorageShop, "place_order", broken)
    take(site, say(site, "buy"))
    assert sorted(row["number"] for row in rows_of(site, "orders")) == [
        f"CS20251018{n:03}" for n in range(1, 11)
    ]
    assert [row["stock"] for row in rows_of(site, "products")] == [80, 1]


@pytest.mark.parametrize("words", ["UPDATE messages", "SET flow", "INTO turns", "INTO messages"])
def test_a_fault_while_a_batch_is_written_leaves_nothing(
    storage: Storage, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    talks = [heard(storage, "hi", "w1"), heard(storage, "hi", "w2", BOB)]
    before = everything(storage)
    broken_at(storage, monkeypatch, words)
    with pytest.raises(peewee.OperationalError, match="disk"):
        took(storage, *talks)
    assert everything(storage) == before
    monkeypatch.undo()
    took(storage, *talks)
    assert counts(storage, "turns") == [2]


def test_whoever_dies_within_a_batch_leaves_nothing(storage: Storage) -> None:
    talks = [heard(storage, "hi", "w1"), heard(storage, "hi", "w2", BOB)]
    before = everything(storage)

    def die() -> None:
        with storage.batch(talks, NOW) as batch:
            for working in batch:
                working.shop.place_order(order_of(COOKIE, 2))
                answer(working, "re")
            raise SystemExit

    with pytest.raises(SystemExit):
        die()
    assert everything(storage) == before
    took(storage, *talks)
    assert counts(storage, "turns") == [2]


def test_a_database_that_stands_in_the_way_has_each_taken_alone(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    talks = say(site, "hi")

    def busy(batch: Batch) -> bool:
        raise DatabaseBusy("two transactions waited for each other")

    monkeypatch.setattr(Batch, "write", busy)
    assert site.jobs.take_turns_together(talks) == tuple(talks)
    assert rows_of(site, "turns") == []
    take(site, talks)
    assert sorted(row["conversation_id"] for row in rows_of(site, "turns")) == talks


# What somebody else holds


@ON_POSTGRESQL
def test_a_batch_waits_for_nobody(storage: Storage, other: Storage) -> None:
    talks = [heard(storage, "hi", f"w{number}", f"1999000{number}") for number in range(4)]
    with other.turn(talks[1]) as working:
        answer(working, "re")
        assert took(storage, *talks[:2]).apart == [talks[1]]
    assert counts(storage, "turns") == [2]
    with other.database.writing():  # a POST that is under way
        other.database.execute("UPDATE conversations SET touched = touched + 1 WHERE id = ?", talks[2])
        assert took(storage, *talks[2:]).apart == [talks[2]]
    assert took(storage, *talks).apart == []
    assert counts(storage, "turns") == [4]


@ON_POSTGRESQL
def test_a_conversation_that_is_not_asked_for_is_not_held(storage: Storage, other: Storage) -> None:
    first, second = heard(storage, "hi", "w1"), heard(storage, "hi", "w2", BOB)
    with storage.batch([first], NOW) as batch:
        for working in batch:
            answer(working, "re")
        with other.turn(second) as working:
            answer(working, "re")
    assert counts(storage, "turns") == [2]


def order_each(storage: Storage, talks: list[int], *products: Product) -> Batch:
    """Takes a turn of each in one transaction, which orders one of the products after the other."""
    ordering = iter(products)
    with storage.batch(talks, NOW) as batch:
        for working in batch:
            working.shop.place_order(order_of(next(ordering), 1))
            answer(working, "re")
    return batch


def test_a_transaction_that_took_something_goes_on_with_the_same_business_alone(
    storage: Storage, place: Place
) -> None:
    storage.seed(SHOP._replace(business=SHOP.business.replaced(id="other")))
    storage.add_channel("other", "meta", "200")
    mine, again = (heard(storage, "hi", f"w{number}", f"1999000{number}") for number in range(2))
    [theirs] = storage.accept("meta", [said("hi", "w3", BOB, channel="200")], NOW).waiting
    batch = order_each(storage, [mine, theirs, again], COOKIE, COOKIE, COOKIE)
    is_alone = place.kind == "sqlite"
    assert batch.later == ([] if is_alone else [theirs])
    assert counts(storage, "turns", "orders") == ([3, 3] if is_alone else [2, 2])


def test_a_transaction_that_told_somebody_something_takes_no_further_turn(
    storage: Storage, place: Place
) -> None:
    talks = [heard(storage, "hi", f"w{number}", f"1999000{number}") for number in range(3)]
    storage.set_role("corner", BOB, "staff", NOW)
    with storage.batch(talks, NOW) as batch:
        for working in batch:
            turn = Turn(working.conversation, (), [], (Told("4", (Outbound("new order"),)),))
            message = working.next_message()
            assert message is not None
            working.commit(message.id, turn, None, 0, NOW)
    is_alone = place.kind == "sqlite"
    assert batch.later == ([] if is_alone else talks[1:])
    assert counts(storage, "turns") == [3 if is_alone else 1]


@ON_POSTGRESQL
def test_transactions_that_take_the_same_in_another_order_never_wait_for_each_other(
    storage: Storage, other: Storage
) -> None:
    talks = [heard(storage, "hi", f"w{number}", f"1999000{number}") for number in range(4)]
    taken: list[Batch] = []
    with storage.batch(talks[:2], NOW) as batch:
        ordering = iter((COOKIE, CAKE))
        for working in batch:
            working.shop.place_order(order_of(next(ordering), 1))
            answer(working, "re")
            if not taken:  # the cookies are taken, the cakes are not
                second = threading.Thread(
                    target=lambda: taken.append(order_each(other, talks[2:], CAKE, COOKIE))
                )
                second.start()
                until(lambda: storage.database.rows(WAIT_FOR_LOCKS) == [(1,)])
                taken.append(batch)
    second.join(10)
    assert [(one.later, one.apart) for one in taken] == [([], [])] * 2
    numbers = sorted(row[0] for row in storage.database.rows("SELECT number FROM orders"))
    assert len(numbers) == 4
    assert [number[-3:] for number in numbers] == ["001", "002", "003", "004"]


def test_what_an_undone_order_had_alone_is_asked_for_anew(storage: Storage) -> None:
    talks = [heard(storage, "hi", f"w{number}", f"1999000{number}") for number in range(2)]
    with storage.batch(talks, NOW) as batch:
        for working in batch:
            with suppress(Failure):
                working.shop.place_order(order_of(COOKIE, 11))
            working.shop.place_order(order_of(COOKIE, 1))
            answer(working, "re")
    assert counts(storage, "turns", "orders") == [2, 2]


def test_workers_with_the_same_conversations_take_each_message_once(
    tmp_path: Path, place: Place, double: MetaDouble
) -> None:
    settled: dict[str, Any] = {"database_url": place.url, "read_marks": False}
    with (
        live_site(tmp_path, double.url, now=Clock(), **settled) as first,
        live_site(tmp_path, double.url, now=Clock(), **settled) as second,
    ):
        sites = [first, second, first, second]
        stop = threading.Event()

        def work(number: int) -> None:
            if number < len(sites):
                site = sites[number]
                while not stop.is_set() or site.storage.waiting(NOON):
                    talks = site.storage.waiting(NOON)
                    take(site, talks if number < 2 else talks[::-1])
            else:
                try:
                    for text in ("hi", "1, 1", "2, 1", "cart", "buy", "hello"):
                        for sender in SENDERS[number % 2 :: 2]:
                            accept(first, text, sender=sender)
                finally:
                    stop.set()

        in_threads(6, work)
        work(0)
        heard_rows = [row for row in rows_of(first, "messages") if row["direction"] == "in"]
        assert len(heard_rows) == 6 * len(SENDERS)
        assert {row["status"] for row in heard_rows} == {"handled"}
        turns = rows_of(first, "turns")
        assert [row["error"] for row in turns if row["error"]] == []
        assert len(turns) == len({row["message_id"] for row in turns}) == len(heard_rows)
        for talk in {row["conversation_id"] for row in turns}:
            order = [row["message_id"] for row in turns if row["conversation_id"] == talk]
            assert order == sorted(order)
        orders = rows_of(first, "orders")
        assert sorted(row["number"] for row in orders) == [
            f"CS20251018{n:03}" for n in range(1, len(orders) + 1)
        ]
        assert [row["stock"] for row in rows_of(first, "products")][1] == 0
