"""Tests what happens at one instant, and what is left behind by whoever dies in the middle."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from storage_case import (
    ANN,
    BOB,
    NOW,
    NUMBER,
    ON_POSTGRESQL,
    WAIT_FOR_LOCKS,
    Place,
    answer,
    at,
    claimed,
    counts,
    deliver,
    everything,
    heard,
    in_threads,
    open_shop,
    replied,
    said,
)

from adapters.storage import Held, Queued, Storage
from engine.conversation import Conversation
from engine.message import Outbound, Receipt
from engine.turn import Told, Turn


@pytest.fixture
def other(place: Place, storage: Storage) -> Iterator[Storage]:
    """The storage of another process at the same place."""
    second = open_shop(place.url)
    yield second
    second.close()


class Died(Exception):
    """Somebody was killed in the middle of a transaction."""


def begun(work: Callable[[], object]) -> Callable[[], Any]:
    """Begins the work in a thread; what gives its outcome, or raises its error, when it has ended."""
    outcome: list[object] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()

    def ended() -> object:
        thread.join(30)
        assert not thread.is_alive()
        if errors:
            raise errors[0]
        return outcome[0]

    return ended


def in_turn(storage: Storage, conversation: int, text: str = "re") -> str:
    """Takes the oldest message: its text, or why there was none."""
    try:
        with storage.turn(conversation, NOW) as working:
            message = working.next_message()
            if message is None:
                return "nothing"
            answer(working, text)
            return message.inbound.text
    except Held:
        return "held"


def conversation_of(storage: Storage, sender: str = ANN) -> int:
    return storage.start_conversation("corner", ("meta", NUMBER), sender, NOW)


def test_a_turn_that_is_held_is_not_waited_for(storage: Storage, other: Storage, place: Place) -> None:
    conversation = heard(storage, "hi", "w1")
    with storage.turn(conversation) as working:
        answer(working, "re")
        second = begun(lambda: in_turn(other, conversation))
        if place.kind == "postgresql":
            assert second() == "held"
    assert second() in ("held", "nothing")  # SQLite has one writer: it waits until there is nothing left
    assert in_turn(other, conversation) == "nothing"
    assert deliver(storage, conversation) == ["re"]


def test_a_message_that_comes_during_a_turn_is_told_of(storage: Storage, other: Storage) -> None:
    """When it is kept, the message before it waits no more, whatever it looked like at first."""
    conversation = heard(storage, "one", "w1")
    with storage.turn(conversation) as working:
        answer(working, "re")
        accepted = begun(lambda: other.accept("meta", [said("two", "w2")], NOW).waiting)
        time.sleep(0.2)
    assert accepted() == (conversation,)
    assert in_turn(storage, conversation) == "two"


def test_a_turn_that_waited_for_a_post_sees_its_message(storage: Storage, other: Storage) -> None:
    """Whoever is told of it meanwhile finds the conversation held, and leaves it to this turn."""
    conversation = heard(storage, "one", "w1")
    replied(storage, conversation, "re")
    kept = threading.Event()

    def accept() -> tuple[int, ...]:
        with storage.database.writing():
            storage.database.execute(
                "UPDATE conversations SET touched = touched + 1 WHERE id = ?", conversation
            )
            storage.database.execute(
                "INSERT INTO messages (business, conversation_id, channel_id, direction, kind, body, payload,"
                " status, status_at, error, error_code, attempts, correlation, created_at)"
                " SELECT business, conversation_id, channel_id, direction, kind, 'two', payload, 'received',"
                " status_at, '', '', 0, '', created_at FROM messages WHERE provider_id = 'w1'"
            )
            kept.set()
            time.sleep(0.3)
        return ()

    accepted = begun(accept)
    assert kept.wait(10)
    with other.turn(conversation) as working:
        message = working.next_message()
        assert message is not None
        assert message.id > 2
        answer(working, "to the second")
    accepted()
    assert other.waiting(NOW) == []


def test_a_turn_never_begins_with_what_another_one_took(storage: Storage, other: Storage) -> None:
    """What it reads before it has the lock may be old: message, state and customer are read anew."""
    conversation = heard(storage, "one", "w1")
    database = storage.database
    held = threading.Event()

    def take() -> None:
        # A turn without the advisory lock, so that the other one gets as far as the row.
        with database.writing():
            database.execute("UPDATE messages SET status = 'handled' WHERE conversation_id = ?", conversation)
            database.execute("UPDATE customers SET name = 'Ann B.'")
            database.execute(
                "UPDATE conversations SET touched = touched + 1, data = ?, state = 'after' WHERE id = ?",
                '{"state": "after"}',
                conversation,
            )
            held.set()
            time.sleep(0.3)

    taken = begun(take)
    assert held.wait(10)
    with other.turn(conversation) as working:
        assert working.next_message() is None
        assert working.conversation.state == "after"
        assert working.shop.customer().name == "Ann B."
    taken()


def test_two_posts_of_one_customer_at_once_keep_the_order_of_their_commits(storage: Storage) -> None:
    def post(number: int) -> None:
        for count in range(10):
            storage.accept("meta", [said(f"{number}.{count}", f"w{number}.{count}")], NOW)

    in_threads(6, post)
    conversation = conversation_of(storage)
    taken = [in_turn(storage, conversation) for _ in range(60)]
    assert in_turn(storage, conversation) == "nothing"
    for number in range(6):
        own = [text for text in taken if text.startswith(f"{number}.")]
        assert own == [f"{number}.{count}" for count in range(10)]


def test_of_two_posts_at_once_one_tells_and_nothing_is_forgotten(storage: Storage, other: Storage) -> None:
    """Twenty rounds: what `waiting` tells, together with the turns it begins, always suffices."""
    conversation = heard(storage, "hi", "w")
    replied(storage, conversation, "re")
    for number in range(20):

        def work(which: int, number: int = number) -> None:
            mine = (storage, other)[which % 2]
            for told in mine.accept("meta", [said("x", f"w{number}.{which}")], NOW).waiting:
                while in_turn(mine, told) == "x":
                    pass

        in_threads(4, work)
        # A turn that was held leaves what came in to its holder; one that ended has seen all before its end.
        for _ in range(4):
            in_turn(storage, conversation)
        assert storage.waiting(NOW) == []
    assert counts(storage, "turns") == [81]


def test_the_same_id_in_posts_at_one_instant_is_kept_and_told_of_once(
    storage: Storage, other: Storage
) -> None:
    for number in range(10):
        message = said("hi", f"w{number}", f"9230000{number:05}")
        told = Counter[int]()

        def post(which: int, message: Any = message, told: Counter[int] = told) -> None:
            told.update((storage, other)[which % 2].accept("meta", [message, message], NOW).waiting)

        in_threads(4, post)
        assert list(told.values()) == [1]
    assert counts(storage, "messages", "customers", "conversations") == [10, 10, 10]


def test_posts_of_the_same_customers_in_any_order_never_stand_in_each_others_way(
    storage: Storage, other: Storage
) -> None:
    senders = [f"9230000{number:05}" for number in range(12)]

    def post(which: int) -> None:
        for count in range(6):
            order = senders if which % 2 else senders[::-1]
            updates = [said("x", f"w{which}.{count}.{sender}", sender) for sender in order]
            (storage, other)[which % 2].accept("meta", updates, NOW)

    in_threads(4, post)
    assert counts(storage, "messages", "customers") == [4 * 6 * 12, 12]


def test_threads_that_claim_replies_of_one_conversation_send_each_once_and_in_order(
    storage: Storage, other: Storage
) -> None:
    conversation = heard(storage, "hi", "w1")
    replied(storage, conversation, *(str(number) for number in range(24)))
    sent: list[str] = []

    def work(which: int) -> None:
        mine = (storage, other)[which % 2]
        until = time.monotonic() + 20
        while len(sent) < 24 and time.monotonic() < until:
            queued = mine.claim(conversation, NOW)
            if isinstance(queued, Queued):
                sent.append(queued.outbound.text)
                mine.mark_sent(queued.id, f"out.{queued.id}", NOW)

    in_threads(8, work)
    assert sent == [str(number) for number in range(24)]


def test_two_customers_who_are_staff_may_tell_each_other_at_once(storage: Storage, other: Storage) -> None:
    ann, bob = heard(storage, "hi", "w1"), heard(storage, "hi", "w2", BOB)
    who = {ann: "2", bob: "1"}

    def work(which: int) -> None:
        mine, conversation = ((storage, ann), (other, bob))[which]
        with mine.turn(conversation) as working:
            message = working.next_message()
            assert message is not None
            told = (Told(who[conversation], (Outbound("psst"),)),)
            turn = Turn(Conversation("x"), (Outbound("re"),), [], told)
            assert working.commit(message.id, turn, None, 0, NOW) == ({ann: bob, bob: ann}[conversation],)
            time.sleep(0.1)

    in_threads(2, work)
    assert sorted(deliver(storage, ann) + deliver(storage, bob)) == ["psst", "psst", "re", "re"]


def test_turns_and_posts_that_change_the_same_customer_do_not_stand_in_each_others_way(
    storage: Storage, other: Storage
) -> None:
    """A turn saves the customer's name while a post brings another profile name."""
    conversation = heard(storage, "hi", "w")

    def work(which: int) -> None:
        for number in range(15):
            if which:
                other.accept("meta", [said("x", f"w{number}", sender_name=f"Ann {number}")], NOW)
            else:
                with storage.turn(conversation) as working:
                    working.shop.save_customer({"name": f"Ann {number}"})
                    working.commit(None, Turn(Conversation("x"), (), []), None, 0, NOW)

    in_threads(2, work)
    assert counts(storage, "messages", "turns") == [16, 15]


def test_a_message_that_waited_for_two_talks_to_be_joined_goes_to_the_one(
    storage: Storage, other: Storage, place: Place
) -> None:
    """It has found its conversation, and waits for it while the customer's number becomes known."""
    storage.accept("meta", [said("hi", "w1")], NOW)
    storage.accept("meta", [said("hi", "w2", "PK.1", user_id="PK.1")], NOW)
    ann, by_id = storage.waiting(NOW)
    replied(storage, ann, "re")
    third = open_shop(place.url)

    def wait_for_waiting(count: int) -> None:
        until = time.monotonic() + 10
        while place.kind == "postgresql" and third.database.rows(WAIT_FOR_LOCKS) != [(count,)]:
            assert time.monotonic() < until

    with storage.turn(by_id) as working:
        answer(working, "re")
        joins = begun(lambda: other.accept("meta", [said("it is me", "w3", user_id="PK.1")], at(1)))
        wait_for_waiting(1)
        waits = begun(lambda: third.accept("meta", [said("cart", "w4", "PK.1", user_id="PK.1")], at(2)))
        wait_for_waiting(2)
    joins()
    waits()
    third.close()
    assert sorted(in_turn(storage, ann) for _ in range(2)) == ["cart", "it is me"]
    assert in_turn(storage, by_id) == "nothing"
    assert deliver(storage, by_id) == []
    assert sorted(deliver(storage, ann)) == ["re"] * 4


def test_a_reply_that_is_claimed_while_its_customer_changes_numbers_goes_to_the_new_one(
    storage: Storage, other: Storage, place: Place
) -> None:
    """It has read the old number, and waits for the conversation while the change is kept."""
    conversation = heard(storage, "hi", "w1")
    replied(storage, conversation, "one")
    third = open_shop(place.url)
    got: list[object] = []
    with storage.turn(conversation):
        claims = begun(lambda: got.append(other.claim(conversation, at(2))))
        until = time.monotonic() + 10
        while place.kind == "postgresql" and third.database.rows(WAIT_FOR_LOCKS) != [(1,)]:
            assert time.monotonic() < until
        if place.kind == "postgresql":
            third.database.execute("UPDATE customers SET phone = ?", BOB)
    claims()
    if place.kind == "postgresql":
        assert [one.recipient for one in got if isinstance(one, Queued)] == [BOB]
    third.close()


def test_customers_who_are_joined_in_any_order_never_stand_in_each_others_way(
    storage: Storage, other: Storage
) -> None:
    phones = [f"9230000{number:05}" for number in range(8)]
    for number, phone in enumerate(phones):
        user_id = f"PK.{len(phones) - number}"
        storage.accept("meta", [said("hi", f"a{number}", phone)], NOW)
        storage.accept("meta", [said("hi", f"b{number}", user_id, user_id=user_id)], NOW)

    def post(which: int) -> None:
        for count in range(4):
            order = list(enumerate(phones))[:: 1 if which % 2 else -1]
            updates = []
            for number, phone in order:
                user_id = f"PK.{len(phones) - number}"
                known_by = (
                    (phone, "") if which < 2 else (phone, user_id) if which == 2 else (user_id, user_id)
                )
                updates.append(said("x", f"w{which}.{count}.{number}", known_by[0], user_id=known_by[1]))
            (storage, other)[which % 2].accept("meta", updates, NOW)

    in_threads(4, post)
    assert counts(storage, "messages") == [16 + 4 * 4 * 8]
    of_nobody = """
        SELECT COUNT(*) FROM messages JOIN conversations ON conversations.id = messages.conversation_id
        WHERE conversations.flow = '' AND messages.status = 'received'"""
    assert storage.database.rows(of_nobody) == [(0,)]
    known = storage.database.rows(
        "SELECT phone, user_id FROM customers WHERE phone IS NOT NULL ORDER BY phone"
    )
    assert known == [(phone, f"PK.{len(phones) - number}") for number, phone in enumerate(phones)]


# Whoever dies


def test_who_dies_in_a_turn_leaves_everything_as_it_was(storage: Storage, other: Storage) -> None:
    conversation = heard(storage, "hi", "w1")
    before = everything(storage)

    def die() -> None:
        with other.turn(conversation) as working:
            answer(working, "re")
            raise Died

    with pytest.raises(Died):
        die()
    assert everything(storage) == before
    assert storage.waiting(NOW) == [conversation]
    assert in_turn(storage, conversation) == "hi"


def test_who_dies_between_the_commit_and_telling_is_made_good_by_the_next_look(storage: Storage) -> None:
    assert storage.accept("meta", [said("hi", "w1")], NOW).waiting
    assert storage.accept("meta", [said("hello?", "w2")], NOW).waiting == (), "somebody was told before"
    [conversation] = storage.waiting(NOW)
    assert [in_turn(storage, conversation) for _ in range(3)] == ["hi", "hello?", "nothing"]


def test_who_dies_after_the_claim_gives_the_reply_back_in_its_place(storage: Storage, other: Storage) -> None:
    conversation = heard(storage, "hi", "w1")
    replied(storage, conversation, "one", "two")
    claimed(other, conversation)
    other.close()
    assert storage.claim(conversation, at(29)) is None
    assert storage.outgoing(at(29)) == []
    assert storage.release_sending(at(29) - (at(30) - NOW)) == 0
    assert storage.release_sending(at(30) - (at(30) - NOW)) == 1
    assert storage.outgoing(at(30)) == [conversation]
    assert deliver(storage, conversation, at(30)) == ["one", "two"]


def test_who_was_only_slow_may_still_say_that_it_was_sent(storage: Storage, other: Storage) -> None:
    conversation = heard(storage, "hi", "w1")
    replied(storage, conversation, "one", "two")
    slow = claimed(other, conversation)
    storage.release_sending(NOW)
    other.mark_sent(slow.id, "wamid.1", at(40))
    assert deliver(storage, conversation, at(41)) == ["two"]


def test_who_dies_with_a_claim_half_made_holds_nobody_up(storage: Storage, other: Storage) -> None:
    """The transaction of the claim is open, and then gone with its connection."""
    conversation = heard(storage, "hi", "w1")
    replied(storage, conversation, "one")

    def die() -> None:
        with other.database.writing():
            other.database.execute(
                "UPDATE conversations SET touched = touched + 1 WHERE id = ?", conversation
            )
            other.database.execute("UPDATE messages SET status = 'sending' WHERE direction = 'out'")
            time.sleep(0.2)
            raise Died

    death = begun(die)
    time.sleep(0.05)
    assert claimed(storage, conversation).outbound.text == "one"
    with pytest.raises(Died):
        death()


def test_a_receipt_that_is_kept_while_the_send_is_written_down_is_not_lost(
    storage: Storage, other: Storage
) -> None:
    """The provider is faster than we are: both know of the other only after their commits."""
    conversation = heard(storage, "hi", "w1")
    replied(storage, conversation, *(str(number) for number in range(15)))
    for number in range(15):
        queued = claimed(storage, conversation)

        def either(which: int, message: int = queued.id, id: str = f"out.{number}") -> None:
            if which:
                storage.mark_sent(message, id, NOW)
            else:
                other.accept("meta", [Receipt(id, "read", NUMBER, at(1))], NOW)

        in_threads(2, either)
        assert storage.database.rows("SELECT status FROM messages WHERE id = ?", queued.id) == [("read",)]


# How often the database is asked


class Trips:
    """Counts how often a database is asked; several statements at once count as one."""

    def __init__(self, storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[str] = []
        self._is_asking = False
        for name in ("rows", "rows_of_groups", "execute", "execute_all", "execute_groups"):
            monkeypatch.setattr(storage.database, name, self._counting(getattr(storage.database, name)))

    def _counting(self, ask: Callable[..., Any]) -> Callable[..., Any]:
        def counted(statement: Any, *parameters: object) -> Any:
            if self._is_asking:
                return ask(statement, *parameters)
            self.asked.append(str(statement))
            self._is_asking = True
            try:
                return ask(statement, *parameters)
            finally:
                self._is_asking = False

        return counted

    def of(self, work: Callable[[], object]) -> int:
        self.asked.clear()
        work()
        return len(self.asked)


@ON_POSTGRESQL
def test_the_hot_path_asks_seldom(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of these is a round trip to the server: one more costs every message of every customer."""
    conversation = heard(storage, "hi", "w1")
    replied(storage, conversation, "one", "two")
    deliver(storage, conversation)
    trips = Trips(storage, monkeypatch)

    def post() -> None:
        storage.accept("meta", [said("again", "w2")], NOW)

    def take() -> None:
        with storage.turn(conversation, NOW) as working:
            assert working.next_message() is not None
            answer(working, "one", "two")

    def look() -> None:
        with storage.turn(conversation, NOW) as working:
            assert working.next_message() is None

    def send() -> None:
        queued = claimed(storage, conversation)
        storage.mark_sent(queued.id, f"out.{queued.id}", NOW)

    assert trips.of(post) <= 3, trips.asked  # who and where; the row is held; the message is kept
    assert trips.of(take) <= 2, trips.asked  # all that a turn begins with; all that it leaves
    assert trips.of(look) <= 1, trips.asked
    assert trips.of(send) <= 6, trips.asked  # is there any, held, claimed; from where, sent, early receipts
    assert trips.of(send) <= 6, trips.asked
    assert trips.of(lambda: storage.claim(conversation, NOW)) <= 1, trips.asked
