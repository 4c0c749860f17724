"""Tests what people read: orders, conversations and the story of a customer."""

from __future__ import annotations

from decimal import Decimal

import pytest
from shop_contract import CAKE, COOKIE
from storage_case import ANN, BOB, NUMBER, SHOP, answer, at, heard, order_of, replied, said

from adapters.storage import Storage, StorageError
from engine.conversation import Conversation
from engine.message import Outbound
from engine.turn import Turn


def ordered(storage: Storage, sender: str = ANN) -> int:
    conversation = heard(storage, "confirm", f"w.{sender}", sender)
    with storage.turn(conversation) as working:
        working.shop.place_order(order_of(COOKIE, 2, at(1)))
        answer(working, "Order Confirmed!")
    return conversation


def test_orders_come_newest_first_and_can_be_chosen(storage: Storage) -> None:
    ordered(storage)
    ordered(storage, BOB)
    reports = storage.reports("corner")
    assert [order["number"] for order in reports.orders()] == ["C20260524-002", "C20260524-001"]
    assert [order["number"] for order in reports.orders(limit=1, offset=1)] == ["C20260524-001"]
    assert reports.orders(source="fax") == []
    assert reports.orders(status="cancelled") == []
    assert len(reports.orders(source="whatsapp", status="pending")) == 2
    order = reports.order("C20260524-001")
    assert order is not None
    assert (order["total"], order["placed_at"]) == (Decimal("100.00"), at(1))
    assert reports.order("C1") is None


def test_a_report_of_one_business_shows_nothing_of_another(storage: Storage) -> None:
    storage.seed(SHOP._replace(business=SHOP.business.replaced(id="other")))
    conversation = ordered(storage)
    theirs = storage.reports("other")
    assert (theirs.orders(), theirs.conversations(), theirs.customers()) == ([], [], [])
    assert (theirs.messages(conversation), theirs.turns(conversation), theirs.message(1)) == ([], [], None)
    assert (theirs.conversation(conversation), theirs.order("C20260524-001")) == (None, None)
    assert (theirs.customer_story(ANN), theirs.replies_to("meta", f"w.{ANN}")) == ([], [])
    assert {product["business"] for product in theirs.products()} == {"other"}
    with pytest.raises(StorageError, match="belongs to no business"):
        theirs.updates()
    assert len(storage.reports().orders()) == 1
    assert len(storage.reports().products()) == 8


def test_conversations_say_with_whom_and_where(storage: Storage) -> None:
    first = heard(storage, "hi", "w1")
    heard(storage, "hi", "w2", BOB)
    with storage.turn(first) as working:
        working.shop.save_customer({"name": "Ann"})
        working.commit(1, Turn(Conversation("talking"), (), []), None, 0, at(5))
    newest, _ = storage.reports().conversations()
    assert (newest["id"], newest["state"], newest["phone"], newest["name"]) == (first, "talking", ANN, "Ann")
    assert (newest["role"], newest["provider"], newest["channel_address"]) == ("customer", "meta", NUMBER)
    assert newest["data"]["state"] == "talking"
    assert newest["updated_at"] == at(5)


def test_the_story_of_a_customer_is_told_in_its_order(storage: Storage) -> None:
    conversation = heard(storage, "hi", "w1")
    replied(storage, conversation, "Welcome", "Menu")
    storage.accept("meta", [said("👍", "w2", kind="reaction")], at(0.5))
    with storage.turn(conversation) as working:
        working.shop.place_order(order_of(CAKE, 1, at(2)))
        working.commit(None, Turn(Conversation("placed"), (), [{"step": "timer"}]), None, 0, at(2))
    storage.queue_text("corner", ("meta", NUMBER), ANN, "by hand", at(3))
    storage.accept("meta", [said("broken", "w3")], at(4))
    failing = storage.reports().messages(conversation)[-1]["id"]
    storage.record_failure(conversation, failing, "KeyError: 'x'", [], Outbound("Sorry"), at(4), tries=1)
    storage.accept("meta", [said("waits", "w4")], at(5))
    heard(storage, "somebody else", "w9", BOB)

    story = storage.reports("corner").customer_story("+92 300 1234567")
    assert [event["event"] for event in story] == [
        "turn",
        "message",
        "turn",
        "order",
        "message",
        "turn",
        "message",
    ]
    first, reaction, timer, order, by_hand, failed, waiting = story
    assert (first["message"]["body"], [reply["body"] for reply in first["replies"]]) == (
        "hi",
        ["Welcome", "Menu"],
    )
    assert first["replies"][0]["status"] == "queued"
    assert (reaction["kind"], reaction["status"]) == ("reaction", "handled")
    assert (timer["message"], timer["trace"], timer["state_after"]) == (None, [{"step": "timer"}], "placed")
    assert (order["number"], order["items"][0]["product"]) == ("C20260524-001", "cake")
    assert (by_hand["body"], by_hand["direction"]) == ("by hand", "out")
    assert (failed["error"], failed["message"]["status"]) == ("KeyError: 'x'", "failed")
    assert [reply["body"] for reply in failed["replies"]] == ["Sorry"]
    assert (waiting["body"], waiting["status"], waiting["at"]) == ("waits", "received", at(5))


@pytest.mark.parametrize("nobody", ["923999999999", "", "  ", "nobody"])
def test_nobody_has_no_story(storage: Storage, nobody: str) -> None:
    ordered(storage)
    assert storage.reports().customer_story(nobody) == []


def test_a_turn_taken_up_again_shows_each_reply_once(storage: Storage) -> None:
    conversation = heard(storage, "hi", "w1")
    storage.record_failure(conversation, 1, "KeyError: 'x'", [], Outbound("Sorry"), at(1), tries=1)
    storage.take_up_again(1)
    replied(storage, conversation, "Welcome")
    told = [reply["body"] for event in storage.reports().customer_story(ANN) for reply in event["replies"]]
    assert sorted(told) == ["Sorry", "Welcome"]
