"""A customer who changes number or id at Meta stays the same customer, with their talk and their orders."""

from __future__ import annotations

from typing import Any

import pytest
from meta_double import body, text
from storage_case import NOW, NUMBER, at

from adapters.channels import cloud_api
from adapters.storage import Storage
from adapters.storage.database import loaded_or_none
from engine import conversation as talk
from engine.conversation import Conversation
from engine.turn import Turn

SAID_BY = """
    SELECT messages.kind FROM messages JOIN conversations ON conversations.id = messages.conversation_id
    WHERE conversations.customer_id = ? ORDER BY messages.id"""

OLD, NEW = "19990001111", "19990002222"


def by_id(user_id: str, identity: str, **more: str) -> dict[str, Any]:
    return {"from_user_id": user_id, "id": identity, "type": "text", "text": {"body": "hi"}, **more}


def changed(kind: str, identity: str, sender: dict[str, str], **to: str) -> dict[str, Any]:
    return {**sender, "id": identity, "type": "system", "system": {"type": kind, "body": "changed", **to}}


NUMBER_CHANGED = changed("user_changed_number", "s", {"from": OLD}, wa_id=NEW)


@pytest.mark.parametrize(
    ("posts", "customers"),
    [
        pytest.param(
            [[text("hi", "a", OLD)], [NUMBER_CHANGED], [text("hi", "b", NEW)]],
            [(NEW, None, ["text", "system", "text"])],
            id="a new number",
        ),
        pytest.param(
            [[text("hi", "a", OLD)], [NUMBER_CHANGED], [NUMBER_CHANGED], [text("hi", "b", NEW)]],
            [(NEW, None, ["text", "system", "text"])],
            id="told twice",
        ),
        pytest.param(
            [[text("hi", "a", OLD), NUMBER_CHANGED], [text("hi", "b", NEW)]],
            [(NEW, None, ["text", "system", "text"])],
            id="in one batch with what was said before",
        ),
        pytest.param(
            [[NUMBER_CHANGED], [text("hi", "b", NEW)]],
            [(NEW, None, ["system", "text"])],
            id="of somebody who never wrote",
        ),
        pytest.param(
            [
                [text("hi", "a", OLD) | {"from_user_id": "US.1"}],
                [NUMBER_CHANGED | {"from_user_id": "US.1"}],
                [text("hi", "b", NEW) | {"from_user_id": "US.2"}],
            ],
            [(NEW, "US.2", ["text", "system", "text"])],
            id="a new number, and with it a new id",
        ),
        pytest.param(
            [
                [by_id("US.1", "a")],
                [changed("user_changed_user_id", "s", {"from_user_id": "US.1"}, user_id="US.2")],
                [by_id("US.2", "b")],
            ],
            [(None, "US.2", ["text", "system", "text"])],
            id="a new id of somebody known by it alone",
        ),
        pytest.param(
            [
                [text("hi", "a", OLD) | {"from_user_id": "US.1"}],
                [changed("user_changed_user_id", "s", {"from": OLD}, user_id="US.2")],
                [by_id("US.2", "b")],
            ],
            [(OLD, "US.2", ["text", "system", "text"])],
            id="a new id beside the same number",
        ),
        pytest.param(
            [
                [text("hi", "a", OLD) | {"from_user_id": "US.1"}],
                [changed("user_changed_number", "s", {"from": OLD}, user_id="US.2")],
                [by_id("US.2", "b")],
            ],
            [(None, "US.2", ["text", "system", "text"])],
            id="a new number that is kept from us",
        ),
    ],
)
def test_whoever_changes_stays_the_same(
    storage: Storage, posts: list[list[dict[str, Any]]], customers: list[tuple[Any, ...]]
) -> None:
    for messages in posts:
        storage.accept("meta", cloud_api.parse(body(*messages, contacts=(), number=NUMBER)), NOW)
    found = [
        (phone, user_id, [kind for (kind,) in storage.database.rows(SAID_BY, customer)])
        for customer, phone, user_id in storage.database.rows("SELECT id, phone, user_id FROM customers")
    ]
    assert found == customers


def joined(storage: Storage) -> tuple[Any, ...]:
    """The one customer there is, their state, the codes in their cart, and what is kept of them."""
    [(customer, *kept)] = storage.database.rows(
        "SELECT id, name, address, email, language FROM customers"
        " WHERE phone IS NOT NULL OR user_id IS NOT NULL"
    )
    [(state, data, heard_at)] = storage.database.rows(
        "SELECT state, data, heard_at FROM conversations WHERE customer_id = ? AND flow <> ''", customer
    )
    assert talk.load(data).state == state
    return state, [line[0] for line in talk.load(data).cart], loaded_or_none(heard_at), kept


def says(
    storage: Storage, message: dict[str, Any], moment: float, state: str, *cart: str, **kept: str
) -> None:
    """Has a message come at that moment, and its turn lead to this state with this cart."""
    stamped = {**message, "timestamp": str(int(at(moment).timestamp()))}
    accepted = storage.accept("meta", cloud_api.parse(body(stamped, contacts=(), number=NUMBER)), at(moment))
    [conversation] = accepted.waiting
    with storage.turn(conversation) as working:
        waiting = working.next_message()
        assert waiting is not None
        working.shop.save_customer(kept)
        lines = [[code, 1, "50", ""] for code in cart]
        after = Conversation(state, cart=lines, heard_at=at(moment).timestamp())
        working.commit(waiting.id, Turn(after, (), []), None, 0, at(moment))


@pytest.mark.parametrize(
    ("own", "theirs", "state", "cart"),
    [
        pytest.param((10, "asked"), (20, "paying", "cookie"), "paying", ["cookie"], id="theirs is later"),
        pytest.param((20, "paying", "cookie"), (10, "asked"), "paying", ["cookie"], id="ours is later"),
        pytest.param((10, "paying", "cookie"), (20, "asked"), "asked", ["cookie"], id="the cart is ours"),
        pytest.param((20, "asked"), (10, "paying", "cake"), "asked", ["cake"], id="the cart is theirs"),
        pytest.param((10, "x", "cookie"), (20, "y", "cake"), "y", ["cake"], id="both have one"),
    ],
)
@pytest.mark.parametrize("way", ["an id with a number", "a change of number"])
def test_of_two_talks_of_one_customer_the_last_goes_on(
    storage: Storage, way: str, own: Any, theirs: Any, state: str, cart: list[str]
) -> None:
    is_id = way == "an id with a number"
    ours, other = text("hi", "a", NEW), by_id("US.1", "b") if is_id else text("hi", "b", OLD)
    for message, (moment, *after), kept in sorted(
        [(ours, own, {"name": "Sara"}), (other, theirs, {"name": "S.", "address": "Baker Street"})],
        key=lambda one: one[1][0],
    ):
        says(storage, message, moment, *after, **kept)
    last = text("hi", "c", NEW) | {"from_user_id": "US.1"} if is_id else NUMBER_CHANGED
    stamped = {**last, "timestamp": str(int(at(30).timestamp()))}
    posted = cloud_api.parse(body(stamped, contacts=(), number=NUMBER))
    for _ in range(2):
        storage.accept("meta", posted, at(30))
    heard_at = at(30).replace(microsecond=0) if is_id else at(20).replace(microsecond=0)
    assert joined(storage) == (state, cart, heard_at, ["Sara", "Baker Street", "", ""])


@pytest.mark.parametrize(("old", "new"), [(OLD, NEW), (NEW, OLD)])
@pytest.mark.parametrize(
    ("way", "state", "waits"),
    [
        ("in one POST", "paying", ["cart", "hi"]),
        ("the text comes first", "paying", ["cart", "hi"]),
        ("the text is answered first", "asked", ["hi"]),
    ],
)
def test_a_change_of_number_does_not_depend_on_the_numbers(
    storage: Storage, old: str, new: str, way: str, state: str, waits: list[str]
) -> None:
    says(storage, text("hi", "a", old), 0, "paying", "cookie", name="Sara")
    change = changed("user_changed_number", "s", {"from": old}, wa_id=new)
    of_new, of_old = text("cart", "b", new), text("hi", "z", old)
    posts = [[of_old, change, of_new]] if way == "in one POST" else [[of_new], [of_old, change]]
    if way == "the text is answered first":
        says(storage, of_new, 5, "asked")
    for posted in posts:
        storage.accept("meta", cloud_api.parse(body(*posted, contacts=(), number=NUMBER)), at(10))
    found, cart, _, kept = joined(storage)
    assert (found, cart, kept[0]) == (state, ["cookie"], "Sara")
    assert storage.database.rows("SELECT phone FROM customers WHERE phone IS NOT NULL") == [(new,)]
    [conversation] = storage.waiting(at(10))
    waiting = storage.reports().messages(conversation)
    assert sorted(row["body"] for row in waiting if row["status"] == "received") == waits


def test_a_role_goes_along_with_a_change_of_number(storage: Storage) -> None:
    storage.set_role("corner", OLD, "staff", NOW)
    storage.accept("meta", cloud_api.parse(body(text("hi", "a", NEW), contacts=(), number=NUMBER)), NOW)
    storage.accept("meta", cloud_api.parse(body(NUMBER_CHANGED, contacts=(), number=NUMBER)), NOW)
    assert storage.database.rows("SELECT role FROM customers WHERE phone = ?", NEW) == [("staff",)]
    assert storage.database.rows("SELECT flow, state FROM conversations") == [("staff", "on_duty")]


def test_an_id_that_is_news_twice_in_one_post_is_learnt(storage: Storage) -> None:
    """By a customer of whom nothing is kept yet when the first is looked at."""
    both = [text("hi", "a", NEW), text("hi", "b", NEW) | {"from_user_id": "US.1"}]
    for _ in range(2):
        storage.accept("meta", cloud_api.parse(body(*both, contacts=(), number=NUMBER)), NOW)
    assert storage.database.rows("SELECT phone, user_id FROM customers") == [(NEW, "US.1")]


def test_what_is_taken_back_or_edited_names_its_message(storage: Storage) -> None:
    revoke = {"from": OLD, "id": "r", "type": "revoke", "revoke": {"original_message_id": "a"}}
    edited = {"type": "text", "text": {"body": "3, 2"}}
    edit = {"from": OLD, "id": "e", "type": "edit", "edit": {"original_message_id": "a", "message": edited}}
    posted = body(text("3, 1", "a", OLD), edit, revoke, contacts=(), number=NUMBER)
    storage.accept("meta", cloud_api.parse(posted), NOW)
    rows = storage.database.rows("SELECT kind, body, status, payload FROM messages ORDER BY provider_id")
    assert [row[:3] for row in rows] == [
        ("text", "3, 1", "received"),
        ("edit", "3, 2", "handled"),
        ("revoke", "", "handled"),
    ]
    assert ['"original":"a"' in payload for *_, payload in rows] == [False, True, True]
