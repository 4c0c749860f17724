"""Tests the outbox: replies in order, each claimed once, and receipts that only move forwards."""

from __future__ import annotations

import json
import string
from collections.abc import Mapping
from datetime import timedelta
from itertools import permutations
from random import Random

import pytest
from storage_case import (
    ANN,
    BOB,
    NOW,
    NUMBER,
    at,
    claimed,
    deliver,
    heard,
    in_threads,
    plan_of,
    replied,
    said,
)

from adapters.storage import (
    Storage,
    StorageError,
    Wait,
    backlog,
    batches,
    failures,
    inbox,
    outbox,
    receipts,
    reports,
    turns,
    usual,
    working_turn,
)
from adapters.storage.database import stored
from adapters.storage.payloads import (
    DEEPEST,
    dump,
    kind_of,
    load_inbound,
    load_outbound,
    load_receipt,
    load_received,
)
from engine.message import Inbound, Media, Option, Outbound, Receipt
from engine.turn import Timer


@pytest.fixture
def conversation(storage: Storage) -> int:
    made = heard(storage, "hi", "w1")
    replied(storage, made, "one", "two", "three")
    return made


def status_of(storage: Storage, message: int) -> str:
    found = storage.reports().message(message)
    assert found is not None
    return str(found["status"])


def receipt(status: str, id: str = "wamid.1", channel: str = NUMBER) -> Receipt:
    return Receipt(id, status, channel, at(9), raw={"status": status})  # type: ignore[arg-type]


def send_one(storage: Storage, conversation: int, provider_id: str = "wamid.1") -> int:
    queued = claimed(storage, conversation)
    storage.mark_sent(queued.id, provider_id, at(1))
    return queued.id


def test_replies_go_out_in_their_order(storage: Storage, conversation: int) -> None:
    assert storage.outgoing(NOW) == [conversation]
    queued = claimed(storage, conversation)
    assert (queued.provider, queued.channel, queued.recipient, queued.outbound) == (
        "meta",
        NUMBER,
        ANN,
        Outbound("one"),
    )
    assert (queued.business, queued.conversation, queued.attempts) == ("corner", conversation, 0)
    storage.give_back(queued.id)
    assert deliver(storage, conversation) == ["one", "two", "three"]
    assert storage.outgoing(NOW) == []
    [first, *_] = storage.reports().messages(conversation)[1:]
    assert (first["status"], first["provider_id"], first["sent_at"]) == (
        "sent",
        f"wamid.out{first['id']}",
        NOW,
    )


def test_while_one_is_being_sent_the_next_waits(storage: Storage, conversation: int) -> None:
    queued = claimed(storage, conversation)
    assert storage.claim(conversation, NOW) is None
    storage.mark_failed(queued.id, "131026", "not on WhatsApp", NOW)
    following = claimed(storage, conversation)
    assert following.outbound.text == "two"
    failed = storage.reports().message(queued.id)
    assert failed is not None
    assert (failed["status"], failed["error_code"], failed["error"]) == (
        "failed",
        "131026",
        "not on WhatsApp",
    )


def test_one_worker_alone_claims_a_reply(storage: Storage, conversation: int) -> None:
    claims: list[bool] = []
    in_threads(5, lambda _: claims.append(storage.claim(conversation, NOW) is not None))
    assert sorted(claims) == [False] * 4 + [True]


def test_what_is_tried_again_keeps_its_place(storage: Storage, conversation: int) -> None:
    queued = claimed(storage, conversation)
    storage.send_again(queued.id, "130429", "too fast", at(4))
    assert storage.claim(conversation, at(3)) == Wait(at(4))
    assert storage.outgoing(at(3)) == []  # "two" and "three" have to wait as well
    assert storage.outgoing(at(4)) == [conversation]
    again = claimed(storage, conversation, at(4))
    assert (again.id, again.attempts) == (queued.id, 1)
    storage.give_back(again.id)
    assert deliver(storage, conversation, at(4)) == ["one", "two", "three"]


def test_what_a_dead_worker_was_sending_is_queued_again(storage: Storage, conversation: int) -> None:
    claimed(storage, conversation)
    assert storage.release_sending(NOW - timedelta(seconds=1)) == 0
    assert storage.release_sending(NOW) == 1
    assert deliver(storage, conversation) == ["one", "two", "three"]


@pytest.mark.parametrize("order", list(permutations(["sent", "delivered", "read"])))
def test_receipts_in_any_order_never_move_backwards(
    storage: Storage, conversation: int, order: tuple[str, ...]
) -> None:
    message = send_one(storage, conversation)
    seen = ["sent"]
    ranks = ["sent", "delivered", "read"]
    for status in order:
        storage.accept("meta", [receipt(status)], NOW)
        seen.append(status_of(storage, message))
        assert ranks.index(seen[-1]) == max(ranks.index(seen[-2]), ranks.index(status))
    assert seen[-1] == "read"


@pytest.mark.parametrize(
    ("statuses", "last"),
    [
        (("failed",), "failed"),
        (("delivered", "failed"), "delivered"),
        (("read", "failed"), "read"),
        (("failed", "sent"), "failed"),
        (("failed", "delivered"), "failed"),
        (("read",), "read"),
    ],
)
def test_failed_never_follows_what_arrived(
    storage: Storage, conversation: int, statuses: tuple[str, ...], last: str
) -> None:
    message = send_one(storage, conversation)
    for status in statuses:
        storage.accept("meta", [receipt(status)], NOW)
    assert status_of(storage, message) == last


def test_a_receipt_keeps_its_error(storage: Storage, conversation: int) -> None:
    message = send_one(storage, conversation)
    failed = Receipt("wamid.1", "failed", NUMBER, at(9), "131047", "24 hours have passed")
    storage.accept("meta", [failed], NOW)
    found = storage.reports().message(message)
    assert found is not None
    assert (found["error_code"], found["error"], found["status_at"]) == (
        "131047",
        "24 hours have passed",
        at(9),
    )


@pytest.mark.parametrize("statuses", [("sent",), ("delivered",), ("read", "delivered"), ("failed",)])
def test_receipts_that_come_before_the_send_returned_are_not_lost(
    storage: Storage, conversation: int, statuses: tuple[str, ...]
) -> None:
    queued = claimed(storage, conversation)
    assert storage.accept("meta", [receipt(status) for status in statuses], NOW).waiting == ()
    assert status_of(storage, queued.id) == "sending"
    assert [row["kind"] for row in storage.reports().updates()] == ["receipt"] * len(statuses)
    storage.mark_sent(queued.id, "wamid.1", at(1))
    assert status_of(storage, queued.id) == statuses[0]
    assert None not in [moment for (moment,) in storage.database.rows("SELECT applied_at FROM updates")]


def test_a_receipt_and_the_answer_of_the_send_at_the_same_instant(storage: Storage) -> None:
    conversation = heard(storage, "hi", "w1")
    replied(storage, conversation, *(str(number) for number in range(15)))
    for number in range(15):
        queued = claimed(storage, conversation)
        id = f"wamid.{number}"

        def either(which: int, message: int = queued.id, id: str = id) -> None:
            if which:
                storage.mark_sent(message, id, NOW)
            else:
                storage.accept("meta", [receipt("read", id)], NOW)

        in_threads(2, either)
        assert status_of(storage, queued.id) == "read"


def test_a_receipt_of_another_number_or_provider_is_not_ours(storage: Storage, conversation: int) -> None:
    message = send_one(storage, conversation)
    storage.accept("meta", [receipt("read", channel="999")], NOW)
    storage.accept("twilio", [receipt("read")], NOW)
    assert status_of(storage, message) == "sent"
    storage.accept("meta", [receipt("read", channel="")], NOW)
    assert status_of(storage, message) == "read"


def test_an_id_given_twice_does_not_stop_the_queue(storage: Storage, conversation: int) -> None:
    send_one(storage, conversation, "same")
    second = send_one(storage, conversation, "same")
    send_one(storage, conversation, "")
    found = storage.reports().message(second)
    assert found is not None
    assert (found["status"], found["provider_id"]) == ("sent", None)
    assert "id of message" in found["error"]
    assert storage.outgoing(NOW) == []


def test_an_endless_id_does_not_stop_the_queue(storage: Storage, conversation: int) -> None:
    endless = "".join(Random(1).choices(string.ascii_letters, k=4000))
    first = send_one(storage, conversation, endless)
    found = storage.reports().message(first)
    assert found is not None
    assert (found["status"], found["provider_id"]) == ("sent", None)
    assert found["error"] == "the provider gave it an id of 4000 characters"
    assert claimed(storage, conversation).outbound.text == "two"


def test_a_text_is_queued_for_somebody_new(storage: Storage) -> None:
    message = storage.queue_text("corner", ("meta", NUMBER), "+92 300 7654321", "Hello", NOW)
    [conversation] = storage.outgoing(NOW)
    queued = claimed(storage, conversation)
    assert (queued.id, queued.recipient, queued.outbound) == (message, BOB, Outbound("Hello"))
    assert heard(storage, "hi", "w1", BOB) == conversation
    by_id = storage.start_conversation("corner", ("meta", NUMBER), "PK.1", NOW)
    storage.queue_text("corner", ("meta", NUMBER), "PK.1", "Hello", NOW)
    queued = claimed(storage, by_id)
    assert (queued.recipient, queued.user_id) == ("PK.1", "PK.1")
    with pytest.raises(StorageError, match="no number of 'corner'"):
        storage.queue_text("corner", ("meta", "999"), BOB, "Hello", NOW)


@pytest.mark.parametrize(
    ("outbound", "kind"),
    [
        (Outbound("hi\n👋"), "text"),
        (Outbound("?", buttons=(Option("Yes", "[1]"), Option("No", "[2]"))), "buttons"),
        (
            Outbound("?", list_button="Choose", rows=(Option("A", "a", "about"),), header="h", footer="f"),
            "list",
        ),
        (Outbound("see", media=("image", Media(link="https://x/y.png"))), "image"),
        (Outbound("where?", ask_location=True), "location_request"),
        (Outbound("these", products=("cookie",)), "products"),
    ],
)
def test_a_reply_comes_back_as_it_was_queued(outbound: Outbound, kind: str) -> None:
    assert load_outbound(dump(outbound)) == outbound
    assert kind_of(outbound) == kind


def test_a_kind_that_a_later_version_knows_is_read_as_it_stands() -> None:
    """Where hosts are changed one by one, one that is still old reads what a new one kept."""
    message = Inbound("text", "hi", id="w1", sender=ANN, channel=NUMBER)
    later = dump(message).replace('"kind":"text"', '"kind":"poll","choices":[1]')
    assert load_received(later) == message._replace(kind="poll")  # type: ignore[arg-type]
    receipt = dump(Receipt("w1", "sent")).replace('"sent"', '"pinned"')
    assert load_receipt(receipt) == Receipt("w1", "pinned")  # type: ignore[arg-type]


def nested(levels: int) -> dict[str, object]:
    inner: dict[str, object] = {}
    for _ in range(levels):
        inner = {"in": inner}
    return inner


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ({"half a pair": "\ud83c"}, {"half a pair": "\ufffd" * 3}),
        ({"\ud83c": 1}, {"\ufffd" * 3: 1}),
        ({"no number": float("nan")}, {"no number": None}),
        ({1: "a number's name"}, {"1": "a number's name"}),
        ({"a kind nobody knows": 1j}, {"a kind nobody knows": "1j"}),
    ],
)
def test_whatever_a_provider_said_is_kept(raw: Mapping[str, object], kept: object) -> None:
    message = Inbound("text", "hi", id="w1", sender=ANN, channel=NUMBER, raw=raw)
    assert load_inbound(dump(message)).raw == kept
    assert json.loads(dump(raw)) == kept


def test_what_is_nested_without_end_is_kept_as_deep_as_it_can_be_read() -> None:
    message = Inbound("text", "hi", id="w1", sender=ANN, channel=NUMBER, raw=nested(100_000))
    read = load_inbound(dump(message))
    assert (read.text, str(read.raw).count("in")) == ("hi", DEEPEST)


@pytest.mark.parametrize("is_kept_in_order", [True, False])
def test_what_an_earlier_version_wrote_comes_back_too(is_kept_in_order: bool) -> None:
    message = Inbound("text", "hi", id="w1", sender=ANN, channel=NUMBER, sent_at=at(9), raw={"text": "hi"})
    values = json.loads(dump(message))
    del values["original"], values["moved_to"]  # parts that it had not thought of
    names = list(values) if is_kept_in_order else sorted(values)
    assert load_received(json.dumps({name: values[name] for name in names})) == message
    assert load_received(dump(message)) == message
    timer = Timer(1, 3, 1795740700.25)
    assert load_received(dump(timer)) == timer


@pytest.mark.parametrize(
    ("statement", "parameters", "index"),
    [
        (outbox.FIRST, (1,), "messages_queued"),
        (outbox.CLAIMABLE, (1, NOW, NOW), "messages_queued"),
        (outbox.CLAIM, (NOW, 1, 1, 1, 1, "", ""), "messages_queued"),
        (outbox.OUTGOING, (NOW, NOW, 10, 0), "messages_queued"),
        (working_turn.OLDEST_RECEIVED, (1,), "messages_received"),
        (usual.WAITS, (1,), "messages_received"),
        (turns.WAITING, (NOW, NOW, 10, 0), "messages_received"),
        (backlog.WAITING, (), "messages_received"),
        (backlog.QUEUED, (), "messages_queued"),
        (backlog.FAILED, (), "messages_put_aside"),
        (reports.FAILED, ("", "", 10), "messages_put_aside"),
        (receipts.LATELY_PENDING, (NOW,), "updates_waiting"),
        (receipts.BY_PROVIDER_ID, ("p1", "meta", "100", "100"), "messages_of_provider"),
        (inbox.IS_KEPT, (1, "w1"), "messages_of_provider"),
        (outbox.CLAIMABLE, (1, NOW, NOW), "messages_answering"),
        (failures.BROKEN_MESSAGE, (1, 1), "messages_answering"),
    ],
)
def test_the_queue_is_read_through_its_index(
    storage: Storage, statement: str, parameters: tuple[object, ...], index: str
) -> None:
    plan = plan_of(storage, statement, *(stored(one) if one is NOW else one for one in parameters))
    assert index in plan, plan


@pytest.mark.parametrize(
    ("hold", "asked"),
    [
        (batches.HOLD_SEVERAL, {"sqlite": "[1,2,3]", "postgresql": "{1,2,3}"}),
        (turns.HOLD, {"sqlite": 1, "postgresql": 1}),
    ],
)
def test_what_waits_in_conversations_is_read_through_its_index(
    storage: Storage, hold: Mapping[str, str], asked: Mapping[str, object]
) -> None:
    kind = storage.database.kind
    plan = plan_of(storage, hold[kind], asked[kind])
    assert "messages_received" in plan, plan


def test_messages_of_the_same_customer_on_two_numbers_do_not_mix(storage: Storage) -> None:
    storage.add_channel("corner", "meta", "200")
    first = heard(storage, "hi", "w1")
    [second] = storage.accept("meta", [said("hi", "w1", channel="200")], NOW).waiting
    replied(storage, first, "a")
    replied(storage, second, "b")
    assert (deliver(storage, second), deliver(storage, first)) == (["b"], ["a"])
