"""Tests the turn's transaction: everything together or nothing, and failures told once."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import peewee
import pytest
from shop_contract import COOKIE
from storage_case import (
    ANN,
    BOB,
    NOW,
    NUMBER,
    answer,
    at,
    broken_at,
    claimed,
    counts,
    deliver,
    everything,
    heard,
    in_threads,
    order_of,
    replied,
    said,
)

from adapters.storage import BrokenTimer, Held, Storage, StorageError, UnknownConversation
from engine.conversation import Conversation
from engine.message import Outbound
from engine.turn import SetApart, Timer, Told, Turn

SORRY = Outbound("Sorry, something went wrong")


def turn_of(state: str = "talking", *replies: str, told: tuple[Told, ...] = ()) -> Turn:
    return Turn(Conversation(state, slots={"n": 1}), tuple(map(Outbound, replies)), [{"step": "said"}], told)


def test_a_turn_is_kept_whole(storage: Storage) -> None:
    conversation = heard(storage, "hi", "w1")
    with storage.turn(conversation) as working:
        waiting = working.next_message()
        assert waiting is not None
        assert (working.id, working.business, working.role, working.flow) == (
            conversation,
            "corner",
            "customer",
            "customer",
        )
        assert (working.customer_phone, working.channel, working.due) == (ANN, ("meta", NUMBER), None)
        assert working.conversation == Conversation("initial")
        working.shop.save_customer({"name": "Ann", "address": "1 Long Street"})
        working.shop.place_order(order_of(COOKIE, 2))
        outcome = Turn(
            Conversation("talking", visit=3, slots={"name": "Ann"}, cart=[["cookie", 2, "50.00", ""]]),
            (Outbound("one"), Outbound("two")),
            [{"step": "validated", "value": Decimal("1.5"), "at": "customer.yaml:22"}],
        )
        working.commit(waiting.id, outcome, at(600), 0.0021, NOW)
    with storage.turn(conversation) as working:
        assert working.conversation == outcome.conversation
        assert working.due == at(600)
        assert working.next_message() is None
        assert working.shop.customer().name == "Ann"
    [turn] = storage.reports().turns(conversation)
    assert (turn["message"], turn["state_before"], turn["state_after"]) == (waiting.id, "initial", "talking")
    assert (turn["started_at"], turn["duration"], turn["error"]) == (NOW, 0.0021, "")
    assert turn["trace"] == [{"step": "validated", "value": "1.5", "at": "customer.yaml:22"}]
    assert storage.database.rows("SELECT state FROM conversations") == [("talking",)]
    assert storage.database.rows("SELECT status FROM messages WHERE direction = 'in'") == [("handled",)]
    assert storage.reports().replies_to("meta", "w1") == [Outbound("one"), Outbound("two")]
    assert storage.waiting(NOW) == []


@pytest.mark.parametrize("words", ["UPDATE messages", "SET flow", "INTO turns", "INTO messages"])
def test_a_fault_in_the_middle_of_the_commit_leaves_nothing(
    storage: Storage, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    conversation = heard(storage, "hi", "w1")
    before = everything(storage)
    broken_at(storage, monkeypatch, words)

    def take() -> None:
        with storage.turn(conversation) as working:
            working.shop.place_order(order_of(COOKIE, 2))
            answer(working, "one")

    with pytest.raises(peewee.OperationalError, match="disk"):
        take()
    assert everything(storage) == before
    monkeypatch.undo()
    assert storage.waiting(NOW) == [conversation]
    replied(storage, conversation, "one")
    assert deliver(storage, conversation) == ["one"]


def test_a_fault_after_the_commit_but_within_the_transaction_leaves_nothing(storage: Storage) -> None:
    conversation = heard(storage, "hi", "w1")
    before = everything(storage)

    def take() -> None:
        with storage.turn(conversation) as working:
            working.shop.place_order(order_of(COOKIE, 2))
            answer(working, "one")
            raise RuntimeError("too late")

    with pytest.raises(RuntimeError, match="too late"):
        take()
    assert everything(storage) == before


def test_a_turn_that_commits_nothing_keeps_nothing(storage: Storage) -> None:
    conversation = heard(storage, "hi", "w1")
    before = everything(storage)
    with storage.turn(conversation) as working:
        working.shop.place_order(order_of(COOKIE, 2))
    assert everything(storage) == before


def test_messages_are_taken_up_in_order_also_in_one_transaction(storage: Storage) -> None:
    storage.accept("meta", [said(str(number), f"w{number}") for number in range(4)], NOW)
    with storage.turn(1) as working:
        for number in range(3):
            waiting = working.next_message()
            assert waiting is not None
            assert waiting.inbound.text == str(number)
            answer(working, f"re {number}", state=f"state_{number}")
    replied(storage, 1, "re 3")
    assert deliver(storage, 1) == ["re 0", "re 1", "re 2", "re 3"]
    states = [(turn["state_before"], turn["state_after"]) for turn in storage.reports().turns(1)]
    assert states == [
        ("initial", "state_0"),
        ("state_0", "state_1"),
        ("state_1", "state_2"),
        ("state_2", "talking"),
    ]


def test_a_message_is_handled_once(storage: Storage) -> None:
    conversation = heard(storage, "hi", "w1")
    other = heard(storage, "hi", "w2", BOB)
    with storage.turn(conversation) as working:
        answer(working, "one")
        with pytest.raises(StorageError, match="does not wait"):
            working.commit(1, turn_of(), None, 0, NOW)
    with storage.turn(other) as working, pytest.raises(StorageError, match="does not wait"):
        working.commit(1, turn_of(), None, 0, NOW)


def test_workers_that_take_the_same_conversation_do_not_both_answer(storage: Storage) -> None:
    for number in range(8):
        conversation = heard(storage, "hi", f"w{number}")
        taken: list[bool] = []

        def work(_: int, conversation: int = conversation, taken: list[bool] = taken) -> None:
            try:
                with storage.turn(conversation) as working:
                    if working.next_message() is not None:
                        answer(working, "re")
                        taken.append(True)
            except Held:
                pass  # whoever holds it answers

        in_threads(4, work)
        assert taken == [True]
        assert deliver(storage, conversation) == ["re"]


def test_timers_wake_when_they_are_due(storage: Storage) -> None:
    conversation = heard(storage, "hi", "w1")
    with storage.turn(conversation) as working:
        working.commit(1, turn_of(), at(60), 0, NOW)
    assert storage.waiting(at(59.999)) == []
    assert storage.waiting(at(60)) == [conversation]
    with storage.turn(conversation) as working:
        assert not working.is_due(at(59.999))
        assert working.is_due(at(60))
        working.commit(None, turn_of("reminded", "still there?"), None, 0, at(60))
    assert storage.waiting(at(3600)) == []
    assert deliver(storage, conversation, at(60)) == ["still there?"]
    assert storage.database.rows("SELECT message_id, state_after FROM turns ORDER BY id")[-1] == (
        None,
        "reminded",
    )


def test_what_is_told_to_others_goes_into_their_conversations(storage: Storage) -> None:
    storage.add_channel("corner", "meta", "200")
    ann = heard(storage, "hi", "w1")
    [bob] = storage.accept("meta", [said("hi", "w2", BOB, channel="200")], NOW).waiting
    storage.set_role("corner", BOB, "staff", NOW)
    storage.set_role("corner", "923110000000", "staff", NOW)
    with storage.turn(ann) as working:
        told = tuple(
            Told(person.id, (Outbound("new order"), Outbound("hurry")))
            for person in working.shop.people("staff")
        )
        working.commit(1, turn_of("done", "thanks", told=told), None, 0, NOW)
    assert deliver(storage, ann) == ["thanks"]
    queued = claimed(storage, bob)
    assert (queued.recipient, queued.channel) == (BOB, "200")
    storage.give_back(queued.id)
    assert deliver(storage, bob) == ["new order", "hurry"]
    [new] = storage.outgoing(NOW)
    assert deliver(storage, new) == ["new order", "hurry"]
    with storage.turn(new) as working:
        assert (working.channel.address, working.conversation.state) == (NUMBER, "on_duty")
    assert storage.reports().replies_to("meta", "w1") == [Outbound("thanks")]


def test_somebody_of_another_business_cannot_be_told(storage: Storage) -> None:
    conversation = heard(storage, "hi", "w1")
    before = everything(storage)
    with pytest.raises(StorageError, match="no customer 77"), storage.turn(conversation) as working:
        working.commit(1, turn_of("done", told=(Told("77", (Outbound("x"),)),)), None, 0, NOW)
    assert everything(storage) == before


def test_a_broken_turn_is_recorded_and_excused_once(storage: Storage) -> None:
    conversation = heard(storage, "hi", "w1")
    words = "Traceback (most recent call last):\n  …\nKeyError: 'x\ud83d'\n"
    assert storage.record_failure(conversation, 1, words, [{"step": "broken"}], SORRY, NOW, tries=1)
    message = storage.reports().message(1)
    assert message is not None
    assert (message["status"], message["error"].startswith("KeyError")) == ("failed", True)
    [turn] = storage.reports().turns(conversation)
    assert turn["error"].startswith("Traceback")
    assert (turn["trace"], turn["state_after"], turn["message"]) == ([{"step": "broken"}], "initial", 1)
    assert storage.waiting(NOW) == []
    assert deliver(storage, conversation) == [SORRY.text]

    assert storage.take_up_again(1)
    assert storage.waiting(NOW) == [conversation]
    storage.record_failure(conversation, 1, words, [], SORRY, NOW, tries=1)
    assert deliver(storage, conversation) == []

    assert storage.take_up_again(1)
    replied(storage, conversation, "at last")
    assert deliver(storage, conversation) == ["at last"]
    assert not storage.take_up_again(1)


def test_a_failure_of_a_message_that_was_handled_meanwhile_says_nothing(storage: Storage) -> None:
    conversation = heard(storage, "hi", "w1")
    replied(storage, conversation, "hello")
    storage.record_failure(conversation, 1, "Late", [], SORRY, NOW)
    assert deliver(storage, conversation) == ["hello"]
    assert storage.database.rows("SELECT status FROM messages WHERE id = 1") == [("handled",)]


def test_a_broken_timer_does_not_fire_for_ever(storage: Storage) -> None:
    conversation = heard(storage, "hi", "w1")
    with storage.turn(conversation) as working:
        working.commit(1, turn_of(), at(60), 0, NOW)
    storage.record_failure(conversation, None, "KeyError: 'x'", [], None, at(60))
    assert storage.waiting(NOW + timedelta(days=1)) == []
    assert counts(storage, "turns") == [2]


def test_a_broken_timer_whose_conversation_went_on_meanwhile_is_forgotten(storage: Storage) -> None:
    conversation = heard(storage, "hi", "w1")
    with storage.turn(conversation) as working:
        working.commit(1, turn_of(), at(60), 0, NOW)
    with storage.turn(conversation) as working:
        found = working.data
        working.commit(None, turn_of("reminded"), at(90), 0, at(60))
    apart = SetApart(Timer(0, 0, 0.0), "talking after 1 minute", Conversation("talking"))
    late = BrokenTimer(apart, at(60), found, None)
    assert not storage.record_failure(conversation, None, "KeyError: 'x'", [], None, at(61), timer=late)
    assert counts(storage, "messages") == [1]
    assert storage.waiting(at(89)) == []
    assert storage.waiting(at(90)) == [conversation]


def test_a_later_message_is_taken_up_after_a_failed_one(storage: Storage) -> None:
    conversation = heard(storage, "bad", "w1")
    heard(storage, "good", "w2")
    storage.record_failure(conversation, 1, "KeyError: 'x'", [], SORRY, NOW, tries=1)
    replied(storage, conversation, "fine")
    assert deliver(storage, conversation) == [SORRY.text, "fine"]


def test_an_unknown_conversation_is_named(storage: Storage) -> None:
    with pytest.raises(UnknownConversation, match="conversation 7"), storage.turn(7):
        pass
    with pytest.raises(UnknownConversation):
        storage.record_failure(7, None, "x", [], None, NOW)


def test_what_belongs_to_a_business_that_is_not_loaded_rests(storage: Storage) -> None:
    conversation = heard(storage, "hi", "w1")
    replied(storage, conversation, "one")
    heard(storage, "again", "w2")
    del storage.packs["corner"]
    assert (storage.waiting(NOW), storage.outgoing(NOW)) == ([], [])
    with pytest.raises(StorageError, match="not served here"), storage.turn(conversation):
        pass
