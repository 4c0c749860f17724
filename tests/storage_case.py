"""What the tests of the storage share: a business with two flows, a place for it, messages and turns."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any, NamedTuple

import peewee
import pytest
from shop_contract import PACK

from adapters.storage import Queued, Storage, WorkingTurn, open_storage
from adapters.storage.database import Group, Statement
from engine.conversation import Conversation
from engine.flow import Flow
from engine.message import Inbound, Outbound
from engine.shop import CartLine, OrderDraft, Product
from engine.turn import Turn

NOW = datetime(2026, 5, 24, 12, 0, 0, 250_000, tzinfo=UTC)
NUMBER = "106540352242922"
ON_POSTGRESQL = pytest.mark.parametrize("place", ["postgresql"], indirect=True)
"""For what a file cannot show, which has one writer at a time."""
WAIT_FOR_LOCKS = """
    SELECT COUNT(*) FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND datname = current_database()"""
ANN, BOB = "923001234567", "923007654321"

SHOP = PACK._replace(
    flows={
        "customer": Flow("customer", ("en",), "initial", {}),
        "staff": Flow("staff", ("en",), "on_duty", {}),
    },
)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


class Place(NamedTuple):
    """Where a storage may be made: the kind of its database, and the address."""

    kind: str
    url: str


def open_shop(url: str) -> Storage:
    """A storage at this address, ready, whose business has the number NUMBER at Meta."""
    storage = open_storage(url)
    storage.migrate()
    storage.seed(SHOP)
    storage.add_channel("corner", "meta", NUMBER)
    return storage


@contextmanager
def opened(place: Place) -> Iterator[Storage]:
    """A storage in this place, closed afterwards."""
    storage = open_shop(place.url)
    try:
        yield storage
    finally:
        storage.close()


def said(text: str, id: str, sender: str = ANN, **more: object) -> Inbound:
    """A message to our number."""
    values: dict[str, object] = {"kind": "text", "channel": NUMBER, "sent_at": NOW, **more}
    return Inbound(text=text, id=id, sender=sender, **values)  # type: ignore[arg-type]


def heard(storage: Storage, text: str, id: str, sender: str = ANN) -> int:
    """Has a message accepted; the conversation it belongs to."""
    storage.accept("meta", [said(text, id, sender)], NOW)
    return storage.start_conversation("corner", ("meta", NUMBER), sender, NOW)


def order_of(product: Product, quantity: int, moment: datetime = NOW) -> OrderDraft:
    line = CartLine(1, product, quantity, product.price)
    return OrderDraft((line,), line.total, "pending", SHOP.business.local(moment), name="Ann")


def answer(working: WorkingTurn, *replies: str, state: str = "talking") -> None:
    """Takes up the oldest message and answers it."""
    message = working.next_message()
    assert message is not None
    turn = Turn(Conversation(state), tuple(Outbound(text) for text in replies), [{"step": "understood"}])
    working.commit(message.id, turn, None, 0.001, NOW)


def kept(working: WorkingTurn) -> None:
    """Has what was done in the shop kept, by a turn that says nothing."""
    working.commit(None, Turn(working.conversation, (), []), working.due, 0.0, NOW)


def replied(storage: Storage, conversation: int, *replies: str) -> None:
    with storage.turn(conversation) as working:
        answer(working, *replies)


def claimed(storage: Storage, conversation: int, now: datetime = NOW) -> Queued:
    """Takes the first reply, to be sent."""
    queued = storage.claim(conversation, now)
    assert isinstance(queued, Queued), queued
    return queued


def deliver(storage: Storage, conversation: int, now: datetime = NOW) -> list[str]:
    """Sends everything that is queued; the texts, in the order in which they went out."""
    sent = []
    while isinstance(queued := storage.claim(conversation, now), Queued):
        sent.append(queued.outbound.text)
        storage.mark_sent(queued.id, f"wamid.out{queued.id}", now)
    return sent


def counts(storage: Storage, *tables: str) -> list[int]:
    found = []
    for table in tables:
        [(count,)] = storage.database.rows(f"SELECT COUNT(*) FROM {table}")
        found.append(count)
    return found


def everything(storage: Storage) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with storage.database.connected():
        names = storage.database.peewee.get_tables()
    return {name: storage.database.rows(f"SELECT * FROM {name} ORDER BY 1") for name in names}


def plan_of(storage: Storage, statement: str, *parameters: object) -> str:
    """How the database goes about a statement, with enough messages in it that it thinks."""
    database = storage.database
    if database.kind == "sqlite":
        return str(database.rows(f"EXPLAIN QUERY PLAN {statement}", *parameters))
    conversation = heard(storage, "the first of many", f"w.plan{counts(storage, 'messages')}")
    with database.writing():
        database.execute(MANY_MESSAGES, conversation)
        database.execute("ANALYZE messages")
        return "\n".join(line for (line,) in database.rows(f"EXPLAIN {statement}", *parameters))


def broken_at(
    storage: Storage, monkeypatch: pytest.MonkeyPatch, words: str, error: Exception | None = None
) -> None:
    """Has the database fail at the first statement that holds these words, after those before it were run."""
    database = storage.database
    run, run_all, run_groups, read = (
        database.execute,
        database.execute_all,
        database.execute_groups,
        database.rows,
    )
    fault = error or peewee.OperationalError("disk I/O error")

    def execute(statement: str, *parameters: object) -> int:
        if words in statement:
            raise fault
        return run(statement, *parameters)

    def execute_all(statements: Sequence[Statement]) -> list[int]:
        sound = list(takewhile(lambda one: words not in one[0], statements))
        counts = run_all(sound)
        if len(sound) < len(statements):
            raise fault
        return counts

    def execute_groups(groups: Sequence[Group]) -> list[int]:
        sound = list(takewhile(lambda one: words not in one[0] or not one[1], groups))
        counts = run_groups(sound)
        if len(sound) < len(groups):
            raise fault
        return counts

    def rows(statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        if words in statement:
            raise fault
        return read(statement, *parameters)

    monkeypatch.setattr(database, "execute", execute)
    monkeypatch.setattr(database, "execute_all", execute_all)
    monkeypatch.setattr(database, "execute_groups", execute_groups)
    monkeypatch.setattr(database, "rows", rows)


def until(holds: Callable[[], bool]) -> None:
    """Waits for what other threads are about to do; fails where it does not come."""
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.001)


MANY_MESSAGES = """
    INSERT INTO messages
    (business, conversation_id, channel_id, direction, kind, body, payload, status, status_at, error,
     error_code, attempts, created_at)
    SELECT business, conversation_id, channel_id, 'in', kind, body, payload, 'handled', status_at, error,
     error_code, 0, created_at FROM messages, generate_series(1, 5000) WHERE conversation_id = ?"""


def in_threads(count: int, work: Callable[[int], None]) -> None:
    """Runs the work in so many threads, which begin together; fails if one of them does."""
    errors: list[BaseException] = []
    begin = threading.Barrier(count)

    def run(number: int) -> None:
        begin.wait()
        try:
            work(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for error in errors:
        raise error
