"""What the tests of the storage share: a business with two flows, a storage on a file, messages and turns."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shop_contract import PACK

from adapters.storage import Storage, WorkingTurn, open_storage
from engine.conversation import Conversation
from engine.flow import Flow
from engine.message import Inbound, Outbound
from engine.shop import CartLine, OrderDraft, Product
from engine.turn import Turn

NOW = datetime(2026, 5, 24, 12, 0, 0, 250_000, tzinfo=UTC)
NUMBER = "106540352242922"
ANN, BOB = "923001234567", "923007654321"

SHOP = replace(
    PACK,
    flows={
        "customer": Flow("customer", ("en",), "initial", {}),
        "staff": Flow("staff", ("en",), "on_duty", {}),
    },
)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def open_shop(path: Path) -> Storage:
    """A storage on this file, ready, whose business has the number NUMBER at Meta."""
    storage = open_storage(f"sqlite:///{path}")
    storage.migrate()
    storage.seed(SHOP)
    storage.add_channel("corner", "meta", NUMBER)
    return storage


@contextmanager
def opened(folder: Path) -> Iterator[Storage]:
    """A storage on `shop.db` in the folder, closed afterwards."""
    storage = open_shop(folder / "shop.db")
    yield storage
    storage.close()


def said(text: str, id: str, sender: str = ANN, **more: object) -> Inbound:
    """A message to our number."""
    values: dict[str, object] = {"kind": "text", "channel": NUMBER, "sent_at": NOW, **more}
    return Inbound(text=text, id=id, sender=sender, **values)  # type: ignore[arg-type]


def heard(storage: Storage, text: str, id: str, sender: str = ANN) -> int:
    """Has a message accepted; the conversation it belongs to."""
    [conversation] = storage.accept("meta", [said(text, id, sender)], NOW)
    return conversation


def order_of(product: Product, quantity: int, moment: datetime = NOW) -> OrderDraft:
    line = CartLine(1, product, quantity, product.price)
    return OrderDraft((line,), line.total, "pending", SHOP.business.local(moment), name="Ann")


def answer(working: WorkingTurn, *replies: str, state: str = "talking") -> None:
    """Takes up the oldest message and answers it."""
    message = working.next_message()
    assert message is not None
    turn = Turn(Conversation(state), tuple(Outbound(text) for text in replies), [{"step": "understood"}])
    working.commit(message.id, turn, None, 0.001, NOW)


def replied(storage: Storage, conversation: int, *replies: str) -> None:
    with storage.turn(conversation) as working:
        answer(working, *replies)


def deliver(storage: Storage, conversation: int, now: datetime = NOW) -> list[str]:
    """Sends everything that is queued; the texts, in the order in which they went out."""
    sent = []
    while (queued := storage.next_queued(conversation, now)) is not None:
        assert storage.mark_sending(queued.id, now)
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
    names = storage.database.peewee.get_tables()
    return {name: storage.database.rows(f"SELECT * FROM {name} ORDER BY 1") for name in names}


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
    assert errors == []
