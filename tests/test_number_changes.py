"""A customer who changes number or id at Meta stays the same customer, with their talk and their orders."""

from __future__ import annotations

from typing import Any

import pytest
from meta_double import body, text
from storage_case import NOW, NUMBER

from adapters.channels import cloud_api
from adapters.storage import Storage

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
