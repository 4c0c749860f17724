"""Tests that replies keep the limits of a number and of a customer; two numbers do not share theirs."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from threading import Lock

import pytest
from storage_case import ANN, BOB, NOW, NUMBER, SHOP, at, claimed, heard, in_threads, replied, said

from adapters.storage import Queued, Rate, Storage, Wait
from adapters.storage.rates import Pace

SLOW = Rate(per_number=1000, customer_interval=6, customer_burst=3)
ONE_A_SECOND = Rate(per_number=1, customer_interval=0.001, customer_burst=1000)


def outcome(storage: Storage, conversation: int, now: datetime, rate: Rate) -> str | Wait | None:
    """Sends one reply: its text, or what stands in its way."""
    found = storage.claim(conversation, now, rate)
    if not isinstance(found, Queued):
        return found
    storage.mark_sent(found.id, f"out.{found.id}", now)
    return found.outbound.text


@pytest.mark.parametrize("per_number", [0.01, 0.5, 1, 5, 9, 10, 19, 20, 80, 250, 1000])
def test_no_second_sees_more_than_a_number_may_send(per_number: float) -> None:
    pace, now, ready, sent = Rate(per_number).number, NOW, None, []
    for _ in range(int(per_number * 3) + 3):
        now = max(now, pace.free_at(ready, now))
        ready = pace.after_one(ready, now)
        sent.append(now)
    # The microseconds are what a stored moment is cut to.
    second = timedelta(seconds=1, microseconds=-int(per_number) - 2)
    most = max(sum(1 for moment in sent if start <= moment < start + second) for start in sent)
    assert most <= max(1, per_number)
    assert 1 / pace.interval >= 0.89 * per_number, "hardly anything of the rate is given away"


def test_what_was_not_used_comes_back_up_to_one_burst() -> None:
    pace = Pace(2.0, 3)
    ready = None
    for _ in range(3):
        assert pace.free_at(ready, NOW) <= NOW
        ready = pace.after_one(ready, NOW)
    assert pace.free_at(ready, NOW) == at(2)
    assert pace.free_at(ready, at(1000)) < at(1000)
    for _ in range(3):
        ready = pace.after_one(ready, at(1000))
    assert pace.free_at(ready, at(1000)) == at(1002)


def test_a_customer_gets_a_burst_and_then_one_in_an_interval(storage: Storage) -> None:
    conversation = heard(storage, "hi", "w1")
    replied(storage, conversation, "1", "2", "3", "4", "5")
    found = [outcome(storage, conversation, NOW, SLOW) for _ in range(4)]
    assert found == ["1", "2", "3", Wait(at(6))]
    assert storage.outgoing(at(5)) == []
    assert outcome(storage, conversation, at(5), SLOW) == Wait(at(6))
    assert storage.outgoing(at(6)) == [conversation]
    assert [outcome(storage, conversation, at(6), SLOW) for _ in range(2)] == ["4", Wait(at(12))]
    assert outcome(storage, conversation, at(12), SLOW) == "5"
    assert outcome(storage, conversation, at(12), SLOW) is None


def test_one_customers_limit_is_not_anothers(storage: Storage) -> None:
    first, second = heard(storage, "hi", "w1"), heard(storage, "hi", "w2", BOB)
    for conversation in (first, second):
        replied(storage, conversation, "1", "2", "3", "4")
    for conversation in (first, second):
        assert [outcome(storage, conversation, NOW, SLOW) for _ in range(3)] == ["1", "2", "3"]
        assert isinstance(outcome(storage, conversation, NOW, SLOW), Wait)


def test_two_numbers_are_limited_independently(storage: Storage) -> None:
    storage.add_channel("corner", "meta", "200")
    ann, bob = heard(storage, "hi", "w1"), heard(storage, "hi", "w2", BOB)
    [other] = storage.accept("meta", [said("hi", "w3", channel="200")], NOW).waiting
    for conversation in (ann, bob, other):
        replied(storage, conversation, "1", "2")
    assert outcome(storage, ann, NOW, ONE_A_SECOND) == "1"
    assert outcome(storage, bob, NOW, ONE_A_SECOND) == Wait(at(1), of_number=True)
    assert outcome(storage, other, NOW, ONE_A_SECOND) == "1"
    assert outcome(storage, bob, at(1), ONE_A_SECOND) == "1"
    assert outcome(storage, ann, at(1), ONE_A_SECOND) == Wait(at(2), of_number=True)
    assert outcome(storage, other, at(1), ONE_A_SECOND) == "2"


def test_without_a_rate_nothing_waits(storage: Storage) -> None:
    conversation = heard(storage, "hi", "w1")
    replied(storage, conversation, *(str(number) for number in range(60)))
    for number in range(60):
        queued = claimed(storage, conversation)
        assert queued.outbound.text == str(number)
        storage.mark_sent(queued.id, f"out.{number}", NOW)
    assert storage.database.rows("SELECT ready_at FROM conversations") == [(None,)]
    assert storage.database.rows("SELECT ready_at FROM channels") == [(None,)]


def test_threads_share_the_limits_of_a_number(storage: Storage) -> None:
    """Eight at once, two numbers: each number lets exactly its burst go, whoever asks."""
    storage.add_channel("corner", "meta", "200")
    rate = Rate(per_number=40)  # a burst of four
    conversations = []
    for number in (NUMBER, "200"):
        for customer in range(12):
            message = said("hi", f"w{customer}", f"9230000{customer:05}", channel=number)
            conversations += storage.accept("meta", [message], NOW).waiting
    for conversation in conversations:
        replied(storage, conversation, "1")
    left, taken, guard = list(conversations), Counter[str](), Lock()

    def work(_: int) -> None:
        while True:
            with guard:
                if not left:
                    return
                conversation = left.pop()
            found = storage.claim(conversation, NOW, rate)
            assert found is not None
            if isinstance(found, Queued):
                with guard:
                    taken[found.channel] += 1

    in_threads(8, work)
    assert taken == {NUMBER: 4, "200": 4}


def test_a_limit_outlives_the_process(storage: Storage) -> None:
    """What a number has sent stands in its row: a worker that was just started knows it."""
    first, second = heard(storage, "hi", "w1"), heard(storage, "hi", "w2", BOB)
    for conversation in (first, second):
        replied(storage, conversation, "1")
    assert outcome(storage, first, NOW, ONE_A_SECOND) == "1"
    started = Storage(storage.database)
    started.seed(SHOP)
    assert outcome(started, second, NOW, ONE_A_SECOND) == Wait(at(1), of_number=True)
    assert ANN in {row["phone"] for row in started.reports().customers()}
