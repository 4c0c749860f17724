"""Tests numbers that may not send: they wait, try again with a single message, and go on by themselves."""

from __future__ import annotations

import pytest
from storage_case import BOB, NOW, NUMBER, at, claimed, heard, in_threads, replied, said

from adapters.storage import ChannelState, Queued, Storage, StorageError, Wait
from adapters.storage.channel_states import ChannelWord


def stop(storage: Storage, state: ChannelWord = "stopped", seconds: float = 60, since: float = 0) -> bool:
    return storage.stop_channel("meta", NUMBER, state, "190", "token expired", at(since), at(since + seconds))


def state(storage: Storage) -> str:
    [channel] = [channel for channel in storage.channels() if channel.number == NUMBER]
    return channel.state


@pytest.fixture
def talks(storage: Storage) -> list[int]:
    """Four conversations with two replies each."""
    found = []
    for number in range(4):
        conversation = heard(storage, "hi", f"w{number}", f"9230000{number:05}")
        replied(storage, conversation, "one", "two")
        found.append(conversation)
    return found


def test_every_number_is_open_at_first(storage: Storage) -> None:
    assert storage.channels() == [ChannelState("meta", NUMBER, "corner", "open", "", "", None, None)]


def test_a_stopped_number_says_why_and_sends_nothing(storage: Storage, talks: list[int]) -> None:
    assert stop(storage)
    assert storage.channels() == [
        ChannelState("meta", NUMBER, "corner", "stopped", "190", "token expired", NOW, at(60))
    ]
    assert storage.outgoing(at(59)) == []
    assert storage.claim(talks[0], at(59)) == Wait(at(60), of_number=True)
    with pytest.raises(StorageError, match="no meta number '999'"):
        storage.stop_channel("meta", "999", "stopped", "190", "", NOW, NOW)


def test_another_number_goes_on(storage: Storage) -> None:
    storage.add_channel("corner", "meta", "200")
    stop(storage)
    [other] = storage.accept("meta", [said("hi", "w1", channel="200")], NOW).waiting
    replied(storage, other, "one")
    assert storage.outgoing(NOW) == [other]
    assert claimed(storage, other).outbound.text == "one"


def test_when_its_time_has_come_one_message_alone_is_let_through(storage: Storage, talks: list[int]) -> None:
    stop(storage)
    assert storage.outgoing(at(60)) == talks
    found: list[Queued | Wait | None] = []
    in_threads(8, lambda number: found.append(storage.claim(talks[number % 4], at(60))))
    probes = [one for one in found if isinstance(one, Queued)]
    assert len(probes) == 1
    assert {one for one in found if isinstance(one, Wait)} == {Wait(at(120), of_number=True)}
    assert storage.outgoing(at(119)) == []

    storage.mark_sent(probes[0].id, "wamid.1", at(61))
    assert state(storage) == "open"
    assert set(storage.outgoing(at(61))) == set(talks)


def test_a_probe_that_fails_stops_the_number_for_another_minute(storage: Storage, talks: list[int]) -> None:
    stop(storage)
    probe = claimed(storage, talks[0], at(60))
    assert not stop(storage, since=61), "it was stopped before"
    storage.give_back(probe.id)
    [channel] = storage.channels()
    assert (channel.state_at, channel.try_at) == (NOW, at(121))
    assert storage.claim(talks[0], at(120)) == Wait(at(121), of_number=True)
    again = claimed(storage, talks[0], at(121))
    assert (again.id, again.attempts) == (probe.id, 0)


def test_a_probe_whose_worker_died_is_followed_by_another(storage: Storage, talks: list[int]) -> None:
    stop(storage)
    claimed(storage, talks[0], at(60))
    assert storage.outgoing(at(119)) == []
    assert storage.outgoing(at(120)) == talks[1:]
    storage.mark_sent(claimed(storage, talks[1], at(120)).id, "wamid.1", at(121))
    assert state(storage) == "open"
    storage.release_sending(at(200))
    assert talks[0] in storage.outgoing(at(200))


def test_what_was_under_way_before_the_stop_opens_nothing(storage: Storage, talks: list[int]) -> None:
    under_way = claimed(storage, talks[0], at(0))
    stop(storage, since=1)
    storage.mark_sent(under_way.id, "wamid.1", at(2))
    assert state(storage) == "stopped"


@pytest.mark.parametrize(
    ("first", "second", "last", "is_new"),
    [
        ("waiting", "waiting", "waiting", False),
        ("waiting", "stopped", "stopped", True),
        ("stopped", "waiting", "stopped", False),
        ("stopped", "stopped", "stopped", False),
    ],
)
def test_a_rest_never_takes_the_place_of_a_stop(
    storage: Storage, first: ChannelWord, second: ChannelWord, last: str, is_new: bool
) -> None:
    assert stop(storage, first)
    assert stop(storage, second, since=5) is is_new
    assert state(storage) == last


def test_a_number_given_anew_keeps_its_state(storage: Storage) -> None:
    stop(storage)
    storage.add_channel("corner", "meta", NUMBER)
    assert state(storage) == "stopped"


def test_what_is_said_outside_the_open_waits_in_its_order(storage: Storage) -> None:
    stop(storage, "waiting", seconds=5)
    conversation = heard(storage, "hi", "w1", BOB)
    replied(storage, conversation, "one", "two")
    assert storage.claim(conversation, at(4)) == Wait(at(5), of_number=True)
    probe = claimed(storage, conversation, at(5))
    assert probe.outbound.text == "one"
    storage.mark_sent(probe.id, "wamid.1", at(5))
    assert claimed(storage, conversation, at(5)).outbound.text == "two"
