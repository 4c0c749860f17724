"""Tests the window: what may be said is known by when the customer last said something."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playhouse.migrations import Runner
from storage_case import ANN, BOB, NOW, NUMBER, SHOP, Place, at, claimed, heard, replied, said

from adapters.storage import PutAside, Queued, Storage, open_storage
from adapters.storage.database import loaded_or_none, stored
from adapters.storage.storage import MIGRATIONS

DAY = timedelta(hours=24)


def sent_in(storage: Storage, conversation: int, hours: float) -> list[str]:
    """Sends what may be sent so many hours from now; the texts."""
    now = NOW + timedelta(hours=hours)
    texts = []
    while (claimed := storage.claim(conversation, now, None, DAY)) is not None:
        if isinstance(claimed, Queued):
            storage.mark_sent(claimed.id, f"out.{claimed.id}", now)
            texts.append(claimed.outbound.text)
        else:
            assert isinstance(claimed, PutAside)
    return texts


def statuses(storage: Storage) -> list[str]:
    rows = storage.database.rows("SELECT status FROM messages WHERE direction = 'out' ORDER BY id")
    return [status for (status,) in rows]


@pytest.mark.parametrize(
    ("hours", "texts", "status"),
    [
        (0, ["one", "two"], ["sent", "sent"]),
        (23.99, ["one", "two"], ["sent", "sent"]),
        (24, ["one", "two"], ["sent", "sent"]),
        (24.01, [], ["needs_template", "needs_template"]),
    ],
)
def test_a_text_is_tried_only_within_the_window(
    storage: Storage, hours: float, texts: list[str], status: list[str]
) -> None:
    conversation = heard(storage, "hi", "w1")
    replied(storage, conversation, "one", "two")
    assert sent_in(storage, conversation, hours) == texts
    assert statuses(storage) == status
    assert storage.outgoing(NOW + timedelta(days=9)) == []


def test_whoever_never_wrote_gets_nothing_but_is_listed(storage: Storage) -> None:
    message = storage.queue_text("corner", ("meta", NUMBER), BOB, "Hello", NOW)
    [conversation] = storage.outgoing(NOW)
    assert sent_in(storage, conversation, 0) == []
    [put_aside] = storage.failed()
    assert (put_aside["id"], put_aside["status"], put_aside["error_code"]) == (
        message,
        "needs_template",
        "window",
    )
    assert "approved template" in put_aside["error"]
    assert put_aside["at"] == NOW


def test_a_channel_without_a_window_takes_anything(storage: Storage) -> None:
    storage.queue_text("corner", ("meta", NUMBER), BOB, "Hello", NOW)
    [conversation] = storage.outgoing(NOW)
    assert claimed(storage, conversation, NOW + timedelta(days=300)).outbound.text == "Hello"


def test_a_message_that_says_no_moment_opens_the_window_once(storage: Storage) -> None:
    """As those of Twilio, which repeats what it has no answer to."""
    conversation = heard(storage, "hi", "w1")
    undated = [said("again", "w2", sent_at=None), said("", "w2.1", kind="image", sent_at=None)]
    storage.accept("meta", undated, at(60))
    storage.accept("meta", undated, NOW + timedelta(days=3))
    assert loaded_or_none(storage.database.rows("SELECT heard_at FROM conversations")[0][0]) == at(60)
    late = said("late", "w3", sent_at=at(90))
    storage.accept("meta", [*undated, late], NOW + timedelta(days=3))
    assert loaded_or_none(storage.database.rows("SELECT heard_at FROM conversations")[0][0]) == at(90)
    storage.queue_text("corner", ("meta", NUMBER), ANN, "Hello", NOW)
    assert sent_in(storage, conversation, 72) == []


def test_a_new_message_opens_the_window_and_what_was_put_aside_can_be_sent(storage: Storage) -> None:
    conversation = heard(storage, "hi", "w1")
    replied(storage, conversation, "old")
    assert sent_in(storage, conversation, 30) == []
    later = NOW + timedelta(hours=31)
    storage.accept("meta", [said("again", "w2", sent_at=later)], later)
    with storage.turn(conversation) as working:
        assert working.next_message() is not None
    replied(storage, conversation, "new")
    assert storage.take_up_again(storage.failed()[0]["id"])
    assert sent_in(storage, conversation, 31) == ["old", "new"]


@pytest.mark.parametrize(
    ("kind", "opens"),
    [
        ("text", True),
        ("image", True),
        ("unsupported", True),
        ("reaction", True),
        ("edit", False),
        ("revoke", False),
        ("system", False),
    ],
)
def test_what_opens_the_window(storage: Storage, kind: str, opens: bool) -> None:
    conversation = heard(storage, "hi", "w1")
    storage.queue_text("corner", ("meta", NUMBER), ANN, "news", NOW)
    later = NOW + timedelta(hours=30)
    storage.accept("meta", [said("", "w2", kind=kind, sent_at=later)], later)
    assert sent_in(storage, conversation, 31) == (["news"] if opens else [])


@pytest.mark.parametrize(
    ("sent_at", "heard_at"),
    [
        (at(-60), at(-60)),  # the provider's clock counts: a webhook that came late opens no longer window
        (at(3600), at(5)),  # but never one that is ahead of ours
        (None, at(5)),
    ],
)
def test_whose_clock_counts(storage: Storage, sent_at: object, heard_at: object) -> None:
    storage.accept("meta", [said("hi", "w1", sent_at=sent_at)], at(5))
    [(found,)] = storage.database.rows("SELECT heard_at FROM conversations")
    assert loaded_or_none(found) == heard_at


def test_an_older_message_that_comes_later_closes_nothing(storage: Storage) -> None:
    storage.accept("meta", [said("new", "w2", sent_at=at(0)), said("newer", "w3", sent_at=at(1))], at(2))
    storage.accept("meta", [said("old", "w1", sent_at=at(-500))], at(3))
    [(found,)] = storage.database.rows("SELECT heard_at FROM conversations")
    assert loaded_or_none(found) == at(1)


BEFORE = (
    "INSERT INTO businesses (id, name, currency, timezone) VALUES ('corner', 'Corner', 'PKR', 'UTC')",
    "INSERT INTO channels (id, business, provider, address) VALUES (1, 'corner', 'meta', '106540352242922')",
    """INSERT INTO customers
    (id, business, phone, name, address, email, language, role, profile_name, created_at)
    VALUES (1, 'corner', '923001234567', '', '', '', '', 'customer', '', ?)""",
    """INSERT INTO conversations
    (id, business, customer_id, channel_id, flow, state, data, touched, created_at, updated_at)
    VALUES (1, 'corner', 1, 1, 'customer', 'initial', '{"state": "initial"}', 0, ?, ?)""",
    """INSERT INTO messages
    (id, business, conversation_id, channel_id, direction, kind, body, payload, status, status_at, error,
     error_code, attempts, created_at, sent_at)
    VALUES (1, 'corner', 1, 1, 'in', 'text', 'hi', '{}', 'handled', ?, '', '', 0, ?, ?)""",
    """INSERT INTO messages
    (id, business, conversation_id, channel_id, direction, kind, body, payload, status, status_at, error,
     error_code, attempts, send_after, created_at)
    VALUES (2, 'corner', 1, 1, 'out', 'text', 'hello', ?, 'queued', ?, '', '', 1, ?, ?)""",
)
"""What stood in the tables before they knew when a customer was last heard; each `?` but one is a moment."""

HELLO = (
    '{"text": "hello", "buttons": [], "list_button": "", "rows": [], "media": null, "ask_location": false,'
    ' "products": [], "header": "", "footer": ""}'
)


def test_what_was_said_before_the_tables_knew_of_windows_opens_one(place: Place) -> None:
    storage = open_storage(place.url)
    database = storage.database
    with database.connected():
        Runner(database.peewee, str(MIGRATIONS)).up("0001_first_tables")
    said_at, moment, after = stored(at(-60)), stored(NOW), stored(at(7))
    values = [(), (), (moment,), (moment, moment), (moment, moment, said_at), (HELLO, moment, after, moment)]
    with database.writing():
        for statement, parameters in zip(BEFORE, values, strict=True):
            database.execute(statement, *parameters)
    assert storage.migrate()[0] == "0002_durable_pipeline"
    storage.seed(SHOP)
    [(heard_at,)] = database.rows("SELECT heard_at FROM conversations")
    assert loaded_or_none(heard_at) == at(-60)
    assert storage.outgoing(at(6)) == []
    queued = storage.claim(1, at(7), None, DAY)
    assert isinstance(queued, Queued)
    assert (queued.outbound.text, queued.attempts, queued.correlation) == ("hello", 1, "")
    assert [channel.state for channel in storage.channels()] == ["open"]
    storage.close()
