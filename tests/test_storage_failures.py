"""Tests what is tried again, what is put aside, how it is listed, and how it comes back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from shop_contract import COOKIE
from storage_case import (
    ANN,
    BOB,
    NOW,
    NUMBER,
    answer,
    at,
    claimed,
    counts,
    deliver,
    heard,
    order_of,
    replied,
    said,
)

from adapters.storage import Storage
from adapters.storage.database import loaded
from adapters.storage.identities import identity
from adapters.storage.references import Reference
from engine.conversation import Conversation
from engine.message import Outbound
from engine.turn import Turn

SORRY = Outbound("Sorry")
WORDS = "Traceback (most recent call last):\n  …\nKeyError: 'x'\n"


def breaks(storage: Storage, conversation: int, message: int, seconds: float, tries: int = 3) -> bool:
    return storage.record_failure(
        conversation, message, WORDS, [{"step": "broken"}], SORRY, at(seconds), tries
    )


def test_a_message_that_breaks_is_tried_three_times_and_then_put_aside(storage: Storage) -> None:
    conversation = heard(storage, "bad", "w1")
    assert not breaks(storage, conversation, 1, 0)
    assert (storage.waiting(at(0.9)), storage.waiting(at(1))) == ([], [conversation])
    assert not breaks(storage, conversation, 1, 1)
    assert (storage.waiting(at(4.9)), storage.waiting(at(5))) == ([], [conversation])
    assert breaks(storage, conversation, 1, 5)
    assert storage.waiting(at(10_000)) == []
    assert deliver(storage, conversation, at(5)) == ["Sorry"]
    assert [turn["error"].splitlines()[-1] for turn in storage.reports().turns(conversation)] == [
        "KeyError: 'x'"
    ] * 3
    [put_aside] = storage.failed()
    assert put_aside == {
        "id": 1,
        "direction": "in",
        "status": "failed",
        "business": "corner",
        "conversation": conversation,
        "provider": "meta",
        "customer": ANN,
        "what": "bad",
        "kind": "text",
        "attempts": 3,
        "error_code": "",
        "error": "KeyError: 'x'",
        "at": at(5),
    }


def test_what_was_put_off_holds_back_what_came_after_it(storage: Storage) -> None:
    conversation = heard(storage, "bad", "w1")
    breaks(storage, conversation, 1, 0)
    assert storage.accept("meta", [said("next", "w2")], at(0.5)).waiting == (), "the next tick looks"
    assert storage.waiting(at(0.5)) == []
    with storage.turn(conversation, at(0.5)) as working:
        assert working.holds_back
    with storage.turn(conversation, at(1)) as working:
        assert not working.holds_back
        message = working.next_message()
        assert message is not None
        assert (message.inbound.text, message.attempts, message.try_after) == ("bad", 1, at(1))
        answer(working, "now it works")
        assert not working.holds_back
        answer(working, "and the next")
    assert deliver(storage, conversation, at(2)) == ["now it works", "and the next"]
    assert storage.database.rows("SELECT status, error, try_after FROM messages WHERE id = 1") == [
        ("handled", "", None)
    ]


def test_another_customer_is_not_held_up(storage: Storage) -> None:
    bad, good = heard(storage, "bad", "w1"), heard(storage, "good", "w2", BOB)
    breaks(storage, bad, 1, 0)
    assert storage.waiting(NOW) == [good]


@pytest.mark.parametrize(
    ("due", "waits"),
    [(-5, True), (0.5, False)],
    ids=["it fell due before the message came", "it fell due after the message came"],
)
def test_a_timer_and_a_message_that_was_put_off_keep_their_order(
    storage: Storage, due: float, waits: bool
) -> None:
    conversation = heard(storage, "hi", "w1")
    with storage.turn(conversation) as working:
        working.commit(1, Turn(Conversation("talking"), (), []), at(due), 0, at(-60))
    storage.accept("meta", [said("bad", "w2")], NOW)
    breaks(storage, conversation, 2, 0)
    assert storage.waiting(at(0.7)) == ([conversation] if waits else [])
    assert storage.waiting(at(1)) == [conversation]


def test_the_longest_waiting_come_first_and_no_more_than_asked(storage: Storage) -> None:
    talks = [heard(storage, "hi", f"w{number}", f"9230000{number:05}") for number in range(6)]
    with storage.turn(talks[0]) as working:
        working.commit(1, Turn(Conversation("talking"), (Outbound("x"),), []), at(-100), 0, NOW)
    storage.accept("meta", [said("again", "w9", "923000000000")], at(5))
    assert storage.waiting(at(5)) == talks
    assert storage.waiting(at(5), limit=2) == talks[:2]
    for talk in reversed(talks[1:]):
        replied(storage, talk, "y")
    assert storage.outgoing(at(5)) == [talks[0], *reversed(talks[1:])]
    assert storage.outgoing(at(5), limit=3) == [talks[0], talks[5], talks[4]]


def test_businesses_that_are_not_served_hide_nobody(storage: Storage) -> None:
    """A look that is bounded goes on behind those of others."""
    strange = "INSERT INTO businesses (id, name, currency, timezone) VALUES ('strange', 's', 'PKR', 'UTC')"
    with storage.database.writing():
        storage.database.execute(strange)
    talks = [heard(storage, "hi", f"w{number}", f"9230000{number:05}") for number in range(5)]
    with storage.database.writing():
        storage.database.execute(
            "UPDATE messages SET business = 'strange' WHERE conversation_id <= ?", talks[3]
        )
    assert storage.waiting(NOW, limit=1) == [talks[4]]
    assert storage.waiting(NOW, limit=2) == [talks[4]]


def test_a_broken_turn_that_was_put_aside_comes_back_with_all_its_tries(storage: Storage) -> None:
    conversation = heard(storage, "bad", "w1")
    for seconds in (0, 1, 5):
        breaks(storage, conversation, 1, seconds)
    assert storage.take_up_again(1)
    assert storage.waiting(at(5)) == [conversation]
    assert not storage.take_up_again(1), "it is not put aside any more"
    assert not breaks(storage, conversation, 1, 6)
    assert not breaks(storage, conversation, 1, 7)
    assert breaks(storage, conversation, 1, 11)
    assert deliver(storage, conversation, at(12)) == ["Sorry"], "one apology, however often it breaks"


def test_a_reply_that_was_put_aside_comes_back_as_well(storage: Storage) -> None:
    conversation = heard(storage, "hi", "w1")
    replied(storage, conversation, "one", "two")
    queued = claimed(storage, conversation)
    storage.mark_failed(queued.id, "131026", "not on WhatsApp", at(1))
    [put_aside] = storage.failed()
    assert (put_aside["direction"], put_aside["what"], put_aside["error_code"], put_aside["error"]) == (
        "out",
        "one",
        "131026",
        "not on WhatsApp",
    )
    assert storage.take_up_again(queued.id)
    again = claimed(storage, conversation, at(2))
    assert (again.id, again.attempts) == (queued.id, 0)
    assert storage.failed() == []


def test_a_reply_behind_one_that_failed_does_not_hide_it(storage: Storage) -> None:
    conversation = heard(storage, "hi", "w1")
    replied(storage, conversation, "one", "two", "three")
    first = claimed(storage, conversation)
    assert first.behind is None
    storage.mark_failed(first.id, "131026", "not on WhatsApp", NOW)
    second = claimed(storage, conversation)
    assert second.behind == first.id
    storage.mark_sent(second.id, "wamid.2", NOW)
    found = storage.reports().message(second.id)
    assert found is not None
    assert (found["status"], found["error"]) == ("sent", f"sent after message {first.id}, which was not")
    assert claimed(storage, conversation).behind is None


def test_an_answer_says_what_it_is_the_first_to_answer(storage: Storage) -> None:
    storage.accept("meta", [said("hi", "w1")], NOW, "c1")
    [conversation] = storage.waiting(NOW)
    replied(storage, conversation, "one", "two")
    storage.queue_text("corner", ("meta", NUMBER), ANN, "by hand", NOW, "c2")
    first = claimed(storage, conversation)
    assert (first.in_reply_to, first.correlation) == ("w1", "c1")
    assert first.reference == str(Reference(first.id, NOW))
    storage.send_again(first.id, "500", "", NOW)
    again = claimed(storage, conversation)
    assert (again.id, again.in_reply_to) == (first.id, ""), "it was marked as read when it was tried first"
    storage.mark_sent(again.id, "out.1", NOW)
    second = claimed(storage, conversation)
    assert (second.in_reply_to, second.correlation) == ("", "c1")
    storage.mark_sent(second.id, "out.2", NOW)
    by_hand = claimed(storage, conversation)
    assert (by_hand.in_reply_to, by_hand.correlation) == ("", "c2")


def test_the_backlog_says_how_much_there_is_to_do_and_since_when(storage: Storage) -> None:
    empty = storage.backlog(NOW)
    assert (empty.waiting, empty.oldest_waiting_seconds, empty.queued, empty.failed) == (0, 0.0, 0, 0)
    ann, bob = heard(storage, "hi", "w1"), heard(storage, "hi", "w2", BOB)
    storage.accept("meta", [said("later", "w3", BOB, sent_at=at(5))], at(5))
    replied(storage, ann, "one", "two")
    storage.mark_failed(claimed(storage, ann).id, "1", "no", at(6))
    found = storage.backlog(at(100))
    assert (found.waiting, found.oldest_waiting_seconds) == (2, 100.0)
    assert (found.queued, found.oldest_queued_seconds, found.failed) == (1, 100.0, 1)
    assert found.by_state == {("corner", "customer", "talking"): 1, ("corner", "customer", "initial"): 1}
    assert found.last_heard_at == {("meta", NUMBER): at(5)}
    replied(storage, bob, "one")
    assert storage.backlog(at(101)).waiting == 1, "what is to be done is counted each time"
    assert storage.backlog(at(101)).by_state == found.by_state, "going through all conversations is not"
    assert storage.backlog(at(161)).by_state == {("corner", "customer", "talking"): 2}


def test_a_customer_with_a_new_number_stays_the_same(storage: Storage) -> None:
    conversation = heard(storage, "hi", "w1")
    replied(storage, conversation, "one")
    moved = said("", "w2", kind="system", moved_to="+92 300 5550000")
    for _ in range(2):  # a webhook comes more than once
        assert storage.accept("meta", [moved], at(1)).waiting == ()
    assert storage.database.rows("SELECT phone FROM customers") == [("923005550000",)]
    assert claimed(storage, conversation).recipient == "923005550000"
    storage.accept("meta", [said("it is me", "w3", "923005550000")], at(2))
    assert storage.waiting(at(2)) == [conversation]
    [row] = storage.database.rows("SELECT kind, status FROM messages WHERE provider_id = 'w2'")
    assert row == ("system", "handled")


def test_two_are_joined_where_the_new_number_is_known_already(storage: Storage) -> None:
    old, new = heard(storage, "hi", "w1"), heard(storage, "hi", "w2", BOB)
    for conversation in (old, new):
        with storage.turn(conversation) as working:
            working.shop.place_order(order_of(COOKIE, 1))
            answer(working, "placed")
    storage.accept("meta", [said("", "w3", kind="system", moved_to=BOB)], at(1))
    with storage.turn(new) as working:
        assert len(working.shop.orders()) == 2
    assert storage.database.rows("SELECT phone FROM customers ORDER BY id") == [(None,), (BOB,)]
    assert deliver(storage, new, at(2)) == ["placed", "placed"], (
        "what was not sent yet goes to the new number"
    )
    assert deliver(storage, old, at(2)) == []


def test_a_move_to_nowhere_changes_nothing(storage: Storage) -> None:
    heard(storage, "hi", "w1")
    storage.accept("meta", [said("", "w2", kind="system")], at(1))
    assert storage.database.rows("SELECT phone FROM customers") == [(ANN,)]
    assert counts(storage, "messages", "customers") == [2, 1]


def test_an_id_that_comes_with_a_new_number_takes_it_along(storage: Storage) -> None:
    storage.accept("meta", [said("hi", "w1", ANN, user_id="PK.1")], NOW)
    storage.accept("meta", [said("hi", "w2", BOB, user_id="PK.1")], at(1))
    assert storage.database.rows("SELECT phone, user_id FROM customers") == [(BOB, "PK.1")]
    assert identity(BOB) == (BOB, None)


def test_moments_are_kept_to_the_microsecond(storage: Storage) -> None:
    conversation = heard(storage, "bad", "w1")
    breaks(storage, conversation, 1, 0.000001)
    [(after,)] = storage.database.rows("SELECT try_after FROM messages WHERE id = 1")
    assert loaded(after) == at(0.000001) + timedelta(seconds=1)
