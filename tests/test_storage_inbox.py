"""Tests the inbox: each message once, nothing lost, nothing that costs the others of its POST."""

from __future__ import annotations

import string
from datetime import datetime, timedelta
from random import Random
from typing import Any

import peewee
import pytest
from storage_case import (
    ANN,
    BOB,
    NOW,
    NUMBER,
    SHOP,
    at,
    broken_at,
    counts,
    everything,
    heard,
    in_threads,
    said,
)

from adapters.storage import NotServed, Storage, StorageError
from adapters.storage.identities import identity
from adapters.storage.payloads import LONGEST_ID
from engine.limits import SILENT_KINDS
from engine.message import Inbound, Media, Receipt, Unread

ENDLESS = "".join(Random(1).choices(string.ascii_letters, k=3000))
"""More than a row of PostgreSQL's index holds, and nothing that it could shorten."""


def bodies(storage: Storage, conversation: int) -> list[str]:
    return [message["body"] for message in storage.reports().messages(conversation)]


def test_a_message_makes_customer_and_conversation(storage: Storage) -> None:
    [conversation] = storage.accept("meta", [said("hi", "w1", sender_name="Ann B.")], NOW).waiting
    found = storage.reports("corner").conversation(conversation)
    assert found is not None
    assert (found["state"], found["flow"], found["phone"], found["name"]) == ("initial", "customer", ANN, "")
    assert (found["provider"], found["channel_address"], found["business"]) == ("meta", NUMBER, "corner")
    assert storage.database.rows("SELECT profile_name FROM customers") == [("Ann B.",)]
    [message] = storage.reports().messages(conversation)
    assert (message["direction"], message["status"], message["body"]) == ("in", "received", "hi")
    assert (message["provider_id"], message["sent_at"], message["created_at"]) == ("w1", NOW, NOW)
    assert storage.waiting(NOW) == [conversation]


def test_all_of_a_message_comes_back(storage: Storage) -> None:
    inbound = Inbound(
        kind="order",
        text="اردو 👍🏽\n",
        press='[1,"add",{}]',
        media=Media("id", "https://x", "image/png", "a.png"),
        latitude=24.86,
        longitude=67.01,
        address="Saddar",
        contacts=({"name": "Bob"},),
        items=(("cookie", 2), ("cake", 1)),
        id="w1",
        sender=ANN,
        sender_name="Ann",
        channel=NUMBER,
        sent_at=NOW - timedelta(seconds=3),
        raw={"id": "w1"},
        user_id="PK.77",
    )
    [conversation] = storage.accept("meta", [inbound], NOW).waiting
    with storage.turn(conversation) as working:
        waiting = working.next_message()
    assert waiting is not None
    assert (waiting.inbound, waiting.received_at) == (inbound, NOW)


def test_the_same_message_counts_once_in_one_post_and_a_week_later(storage: Storage) -> None:
    [conversation] = storage.accept(
        "meta", [said("hi", "w1"), said("hi", "w1"), said("two", "w2")], NOW
    ).waiting
    with storage.turn(conversation) as working:
        assert working.next_message() is not None
    assert storage.accept("meta", [said("hi", "w1")], NOW + timedelta(days=7)).waiting == ()
    assert bodies(storage, conversation) == ["hi", "two"]


def test_the_same_message_at_the_same_instant_counts_once(storage: Storage) -> None:
    for number in range(10):
        took: list[tuple[int, ...]] = []
        message = said("hi", f"w{number}", f"9230000000{number}")
        in_threads(4, lambda _: took.append(storage.accept("meta", [message], NOW).waiting))  # noqa: B023
        assert sorted(map(len, took)) == [0, 0, 0, 1]
    assert counts(storage, "messages", "customers", "conversations") == [10, 10, 10]


def test_two_numbers_may_use_one_id(storage: Storage) -> None:
    storage.add_channel("corner", "meta", "200")
    assert len(storage.accept("meta", [said("hi", "w1"), said("hi", "w1", channel="200")], NOW).waiting) == 2


def test_messages_without_an_id_are_all_kept(storage: Storage) -> None:
    [conversation] = storage.accept("meta", [said("a", ""), said("a", "")], NOW).waiting
    assert bodies(storage, conversation) == ["a", "a"]


def test_within_a_post_the_providers_moment_decides_and_then_the_place(storage: Storage) -> None:
    updates = [
        said("3", "w3", sent_at=at(2)),
        said("1", "w1", sent_at=at(0)),
        said("4", "w4", sent_at=at(2)),
        said("2", "w2", sent_at=at(1)),
        said("5", "w5", sent_at=None),
    ]
    [conversation] = storage.accept("meta", updates, at(5)).waiting
    assert bodies(storage, conversation) == ["1", "2", "3", "4", "5"]


def test_between_posts_the_commit_decides(storage: Storage) -> None:
    conversation = heard(storage, "first", "w1")
    storage.accept("meta", [said("second", "w2", sent_at=NOW - timedelta(hours=1))], NOW)
    assert bodies(storage, conversation) == ["first", "second"]
    assert storage.database.rows("SELECT touched FROM conversations") == [(2,)]


@pytest.mark.parametrize("kind", sorted(SILENT_KINDS))
def test_silent_kinds_are_recorded_and_start_nothing(storage: Storage, kind: str) -> None:
    assert storage.accept("meta", [said("👍", "w1", kind=kind)], NOW).waiting == ()
    assert storage.waiting(NOW) == []
    assert storage.database.rows("SELECT kind, status FROM messages") == [(kind, "handled")]


def test_a_number_that_is_not_ours_is_kept_and_not_answered(storage: Storage) -> None:
    strange = said("hi", "w9", channel="999", raw={"from": ANN})
    assert storage.accept("meta", [strange, strange, said("hi", "w1")], NOW).waiting == (1,)
    kept = storage.reports().updates()
    assert [(row["kind"], row["provider"], row["address"], row["provider_id"]) for row in kept] == [
        ("message", "meta", "999", "w9")
    ] * 2
    assert kept[0]["raw"]["raw"] == {"from": ANN}
    assert kept[0]["received_at"] == NOW
    assert "'999'" in kept[0]["reason"]
    assert counts(storage, "messages", "customers") == [1, 1]


@pytest.mark.parametrize("kind", ["text", "system"])
def test_a_number_of_a_business_that_is_not_loaded_is_left_to_another_process(
    storage: Storage, kind: str
) -> None:
    theirs = [said("hi", "w1", kind=kind, moved_to=BOB if kind == "system" else ""), Unread("?", NUMBER)]
    pack = storage.packs.pop("corner")
    before = everything(storage)
    with pytest.raises(NotServed, match="'corner'"):
        storage.accept("meta", theirs, NOW)
    assert everything(storage) == before
    storage.serve(pack)
    storage.accept("meta", theirs, NOW)
    assert counts(storage, "messages", "updates") == [1, 1]


def test_each_message_is_told_what_came_of_it(storage: Storage) -> None:
    strange, bad = said("hi", "w9", channel="999"), said("hi", "w8", "")
    updates = [strange, said("hi", "w1"), Receipt("w0", "read"), said("hi", "w1"), said("two", "w2")]
    first = {0: "unclaimed", 1: "new", 3: "repeated", 4: "new"}
    assert storage.accept("meta", updates, NOW).outcomes == first
    again = {1: "unclaimed", 2: "repeated", 4: "repeated", 5: "repeated"}
    assert storage.accept("meta", [bad, *updates], NOW).outcomes == again


def test_what_is_not_understood_is_kept_raw(storage: Storage) -> None:
    raw = {"type": "hologram", "deep": [1, {"half": "\ud83d"}], "large": 10**30}
    storage.accept("meta", [Unread("no such type", NUMBER, "w1", raw)], NOW)
    [row] = storage.reports().updates()
    assert (row["kind"], row["reason"], row["provider_id"]) == ("unread", "no such type", "w1")
    assert row["raw"]["type"] == "hologram"
    assert row["raw"]["large"] == str(10**30)


@pytest.mark.parametrize(
    "bad",
    [
        said("no sender", "bad", ""),
        said("no zone", "bad", sent_at=datetime(2026, 5, 24)),
        said("a number for a text", "bad", press=7),
        Receipt("bad", "swallowed", NUMBER),  # type: ignore[arg-type]
        Receipt("bad", "read", NUMBER, datetime(2026, 5, 24)),
    ],
    ids=["no sender", "no zone", "no text", "no such status", "receipt without zone"],
)
def test_one_bad_update_never_costs_the_others(storage: Storage, bad: Any) -> None:
    conversation = heard(storage, "zero", "w0", BOB)
    both = [said("one", "w1", BOB), bad, said("two", "w2", BOB), Unread("?", NUMBER)]
    assert storage.accept("meta", both, NOW).waiting == ()  # somebody was told of "zero", which still waits
    assert bodies(storage, conversation) == ["zero", "one", "two"]
    kept = storage.reports().updates()
    assert sorted(row["provider_id"] for row in kept) == ["", "bad"]


@pytest.mark.parametrize(
    "bad",
    [
        said("hi", ENDLESS),
        said("hi", "bad", ENDLESS),
        said("hi", "bad", "9" * 3000),
        said("hi", "bad", user_id=ENDLESS),
        said("hi", "bad", kind="system", moved_to=ENDLESS),
        said("hi", "bad", channel=ENDLESS),
        said("hi", "\ud83d" * 3000),
        Receipt(ENDLESS, "read", NUMBER),
        Receipt("bad", "read", ENDLESS),
        Receipt("bad", "read", NUMBER, reference=ENDLESS),
        Unread("?", NUMBER, ENDLESS),
        Unread("?", ENDLESS, "bad"),
    ],
    ids=lambda bad: type(bad).__name__.lower(),
)
def test_an_endless_id_is_kept_aside_and_costs_nobody_else(storage: Storage, bad: Any) -> None:
    good = said("one", "w1", BOB)
    for _ in range(2):
        storage.accept("meta", [bad, good, Receipt("w0", "read", NUMBER)], NOW)
    assert storage.database.rows("SELECT body FROM messages") == [("one",)]
    assert storage.database.rows("SELECT phone, user_id FROM customers") == [(BOB, None)]
    kept = storage.reports().updates()
    assert len(kept) == 4
    assert max(len(row["provider_id"]) for row in kept) <= LONGEST_ID
    assert all(row["raw"] for row in kept)


def test_the_longest_id_is_taken(storage: Storage) -> None:
    wide = "".join(chr(0x1F300 + number) for number in range(LONGEST_ID))
    storage.accept("meta", [said("hi", wide, wide, user_id=wide)], NOW)
    storage.accept("meta", [said("hi", wide, wide, user_id=wide), Unread("?", NUMBER, wide)], NOW)
    assert storage.database.rows("SELECT provider_id FROM messages") == [(wide,)]
    assert storage.database.rows("SELECT user_id FROM customers") == [(wide,)]


def test_texts_that_no_database_takes_are_mended(storage: Storage) -> None:
    storage.accept(
        "meta", [said("nul\0 half\ud83d ok\n", "w\0", sender_name="\udc00Ann", raw={"a": "\ud83d"})], NOW
    )
    assert storage.database.rows("SELECT body, provider_id FROM messages") == [("nul� half��� ok\n", "w�")]
    with storage.turn(1) as working:
        waiting = working.next_message()
    assert waiting is not None
    assert waiting.inbound.text == "nul� half��� ok\n"


def test_endless_nesting_is_kept_up_to_a_bound(storage: Storage) -> None:
    raw: dict[str, Any] = {}
    for _ in range(2000):
        raw = {"in": raw}
    storage.accept("meta", [said("hi", "w1", raw=raw), Unread("deep", NUMBER, "", raw)], NOW)
    assert counts(storage, "messages", "updates") == [1, 1]


def test_a_database_that_fails_refuses_the_whole_post(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(storage)
    broken_at(storage, monkeypatch, "SET touched", peewee.OperationalError("database or disk is full"))
    with pytest.raises(peewee.OperationalError):
        storage.accept("meta", [said("one", "w1"), said("two", "w2")], NOW)
    assert everything(storage) == before
    monkeypatch.undo()
    [conversation] = storage.accept("meta", [said("one", "w1"), said("two", "w2")], NOW).waiting
    assert bodies(storage, conversation) == ["one", "two"]


def test_a_customer_is_known_by_number_and_by_id(storage: Storage) -> None:
    def where(id: str, sender: str, user_id: str) -> int:
        storage.accept("meta", [said("hi", id, sender, user_id=user_id)], NOW)
        [(conversation,)] = storage.database.rows(
            "SELECT conversation_id FROM messages WHERE provider_id = ?", id
        )
        return int(conversation)

    assert where("w1", ANN, "") == where("w2", ANN, "PK.1") == where("w3", "PK.1", "PK.1")
    assert where("w4", "PK.2", "PK.2") == where("w5", BOB, "PK.2")
    assert storage.database.rows("SELECT phone, user_id FROM customers ORDER BY id") == [
        (ANN, "PK.1"),
        (BOB, "PK.2"),
    ]


@pytest.mark.parametrize(
    ("sender", "phone", "user_id"),
    [
        ("923001234567", "923001234567", None),
        ("+92 300 123-4567", "923001234567", None),
        ("PK.13491208655302741918", None, "PK.13491208655302741918"),
        ("alice", None, "alice"),
    ],
)
def test_a_number_is_told_from_an_id(sender: str, phone: str | None, user_id: str | None) -> None:
    assert identity(sender) == (phone, user_id)


def test_thirty_customers_at_once_keep_apart(storage: Storage) -> None:
    def talk(number: int) -> None:
        for count in range(5):
            storage.accept(
                "meta", [said(f"{number}:{count}", f"w{number}.{count}", f"92300{number:05}")], NOW
            )

    in_threads(30, talk)
    conversations = storage.waiting(NOW)
    assert len(conversations) == 30
    for conversation in conversations:
        found = bodies(storage, conversation)
        number = found[0].split(":")[0]
        assert found == [f"{number}:{count}" for count in range(5)]


def test_a_role_begins_its_own_flow(storage: Storage) -> None:
    conversation = heard(storage, "hi", "w1")
    storage.set_role("corner", "+" + ANN, "staff", NOW)
    with storage.turn(conversation) as working:
        assert (working.role, working.flow, working.conversation.state) == ("staff", "staff", "on_duty")
    storage.set_role("corner", ANN, "no_such_flow", NOW)
    with storage.turn(conversation) as working:
        assert (working.role, working.flow, working.conversation.state) == (
            "no_such_flow",
            "customer",
            "initial",
        )


def test_a_business_without_a_flow_keeps_the_message(storage: Storage) -> None:
    storage.seed(SHOP._replace(flows={}))
    with pytest.raises(StorageError, match=r"business\.yaml"):
        storage.accept("meta", [said("hi", "w1")], NOW)
