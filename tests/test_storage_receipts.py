"""Tests what receipts do beyond moving a message forwards: unknown outcomes, failures that pass, alarms."""

from __future__ import annotations

from datetime import datetime

import pytest
from storage_case import (
    ANN,
    BOB,
    NOW,
    NUMBER,
    at,
    claimed,
    counts,
    deliver,
    everything,
    heard,
    in_threads,
    replied,
    said,
)

from adapters.storage import Alarm, Queued, Storage, Wait
from adapters.storage.database import loaded_or_none
from adapters.storage.references import Reference
from engine.message import Receipt


@pytest.fixture
def conversation(storage: Storage) -> int:
    storage.accept("meta", [said("hi", "w1")], NOW, "c0ffee")
    made = storage.waiting(NOW)[0]
    replied(storage, made, "one", "two")
    return made


def receipt(status: str, id: str = "wamid.1", **more: object) -> Receipt:
    values: dict[str, object] = {"channel": NUMBER, "at": at(9), **more}
    return Receipt(id, status, **values)  # type: ignore[arg-type]


def failed(remedy: str, id: str = "wamid.1", **more: object) -> Receipt:
    return receipt("failed", id, remedy=remedy, error_code="131", error="no", **more)


def sent(storage: Storage, conversation: int, id: str = "wamid.1", now: datetime = NOW) -> Queued:
    queued = claimed(storage, conversation, now)
    storage.mark_sent(queued.id, id, now)
    return queued


def row(storage: Storage, message: int) -> tuple[str, str | None, int, datetime | None]:
    """Status, the provider's id, tries, and when it is tried again."""
    [(status, provider_id, attempts, try_after)] = storage.database.rows(
        "SELECT status, provider_id, attempts, try_after FROM messages WHERE id = ?", message
    )
    return status, provider_id, attempts, loaded_or_none(try_after)


def test_a_receipt_brings_the_correlation_of_what_it_follows_from(
    storage: Storage, conversation: int
) -> None:
    queued = sent(storage, conversation)
    assert queued.correlation == "c0ffee"
    accepted = storage.accept("meta", [receipt("read"), receipt("read", "wamid.unknown")], NOW, "other")
    assert accepted.correlations == {"wamid.1": "c0ffee"}


@pytest.mark.parametrize("status", ["sent", "delivered", "read"])
def test_after_a_time_out_a_status_says_that_it_was_sent(
    storage: Storage, conversation: int, status: str
) -> None:
    queued = claimed(storage, conversation)
    storage.send_again(queued.id, "timeout", "no answer", at(30))
    assert storage.claim(conversation, at(1)) == Wait(at(30))
    storage.accept("meta", [receipt(status, reference=queued.reference)], at(9))
    assert row(storage, queued.id) == (status, "wamid.1", 1, None)
    assert deliver(storage, conversation, at(31)) == ["two"]
    storage.accept("meta", [receipt("read")], at(40))
    assert row(storage, queued.id)[0] == "read"


def test_without_a_status_it_is_sent_once_more_in_its_place(storage: Storage, conversation: int) -> None:
    queued = claimed(storage, conversation)
    storage.send_again(queued.id, "timeout", "no answer", at(30))
    assert storage.outgoing(at(29)) == []
    assert deliver(storage, conversation, at(30)) == ["one", "two"]


def test_a_worker_that_died_after_sending_does_not_send_twice(storage: Storage, conversation: int) -> None:
    queued = claimed(storage, conversation)
    storage.accept("meta", [receipt("delivered", reference=queued.reference)], at(1))
    assert storage.release_sending(at(60)) == 0
    assert row(storage, queued.id)[:2] == ("delivered", "wamid.1")
    assert deliver(storage, conversation, at(61)) == ["two"]


def test_a_status_that_is_faster_than_the_answer_of_the_send(storage: Storage, conversation: int) -> None:
    queued = claimed(storage, conversation)
    storage.accept("meta", [receipt("read", reference=queued.reference)], at(1))
    storage.mark_sent(queued.id, "wamid.1", at(2))
    assert row(storage, queued.id)[:2] == ("read", "wamid.1")


def test_what_was_given_up_after_time_outs_may_turn_out_to_be_sent(
    storage: Storage, conversation: int
) -> None:
    queued = claimed(storage, conversation)
    storage.mark_failed(queued.id, "timeout", "no answer", at(1))
    storage.accept("meta", [receipt("delivered", reference=queued.reference)], at(2))
    assert row(storage, queued.id)[:2] == ("delivered", "wamid.1")


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"channel": "200"}, "it is a message of another number of ours"),
        ({"reference": str(Reference(1, NOW))}, "it is a message of the customer's"),
        ({"reference": str(Reference(999, NOW))}, "there is none such"),
        ({"reference": str(Reference(2, at(-9)))}, "another database had it in this row"),
        ({"reference": "2"}, "it is a row alone, as references were once"),
        ({"reference": f"2.{'9' * 40}"}, "there is no such moment"),
        ({"reference": f"{'9' * 40}.1"}, "no row has such an id"),
        ({"reference": "².1"}, "it is no number"),
        ({"reference": "-1.1"}, "it is no row"),
    ],
)
def test_a_reference_that_is_not_ours_moves_nothing(
    storage: Storage, conversation: int, changed: dict[str, object], why: str
) -> None:
    storage.add_channel("corner", "meta", "200")
    queued = claimed(storage, conversation)
    before = everything(storage)["messages"]
    more = {"reference": queued.reference, **changed}
    storage.accept("meta", [receipt("read", **more)], at(1))
    assert everything(storage)["messages"] == before, why


def test_what_was_sent_and_taken_up_again_is_not_sent_again(storage: Storage, conversation: int) -> None:
    queued = claimed(storage, conversation)
    storage.mark_failed(queued.id, "timeout", "no answer", at(1))
    assert storage.take_up_again(queued.id)
    storage.accept("meta", [receipt("delivered", reference=queued.reference)], at(2))
    assert row(storage, queued.id)[:2] == ("delivered", "wamid.1")
    assert deliver(storage, conversation, at(3)) == ["two"]


def test_another_attempt_says_nothing_of_the_one_that_counts(storage: Storage, conversation: int) -> None:
    """Two attempts were sent: the id of the second is the message's, and the first one's failure is not."""
    queued = claimed(storage, conversation)
    storage.send_again(queued.id, "timeout", "no answer", at(30))
    sent(storage, conversation, "wamid.second", at(30))
    storage.accept("meta", [failed("again", "wamid.first", reference=queued.reference)], at(31))
    assert row(storage, queued.id)[:2] == ("sent", "wamid.second")


@pytest.mark.parametrize(
    ("remedy", "wait", "status", "tries", "again"),
    [
        ("again", 0.0, "queued", 1, at(11)),
        ("again", 86_400.0, "queued", 1, at(86_410)),
        ("channel_later", 0.0, "queued", 0, at(11)),
        ("account", 0.0, "queued", 0, at(11)),
        ("template", 0.0, "needs_template", 1, None),
        ("never", 0.0, "failed", 1, None),
        ("", 0.0, "failed", 1, None),
        ("unknown", 0.0, "failed", 1, None),
    ],
)
def test_what_becomes_of_a_message_whose_receipt_says_that_it_failed(
    storage: Storage,
    conversation: int,
    remedy: str,
    wait: float,
    status: str,
    tries: int,
    again: datetime | None,
) -> None:
    queued = sent(storage, conversation)
    storage.accept("meta", [failed(remedy, wait=wait)], at(10))
    assert row(storage, queued.id) == (status, "wamid.1", tries, again)
    found = storage.reports().message(queued.id)
    assert found is not None
    assert (found["error_code"], found["error"]) == ("131", "no")


@pytest.mark.parametrize(
    ("remedy", "state", "rest"), [("channel_later", "waiting", 300), ("account", "stopped", 60)]
)
def test_a_receipt_may_stop_the_number(
    storage: Storage, conversation: int, remedy: str, state: str, rest: float
) -> None:
    sent(storage, conversation)
    accepted = storage.accept("meta", [failed(remedy), failed(remedy)], at(10))
    alarm = Alarm("meta", NUMBER, "corner", "131", "no")
    assert accepted.alarms == ((alarm,) if remedy == "account" else ())
    [channel] = storage.channels()
    assert (channel.state, channel.code, channel.state_at, channel.try_at) == (
        state,
        "131",
        at(10),
        at(10 + rest),
    )
    # The number was mended; the same webhook, sent once more, does not stop it again.
    storage.mark_sent(claimed(storage, conversation, at(500)).id, "wamid.2", at(500))
    storage.accept("meta", [receipt("delivered", "wamid.2")], at(501))
    assert storage.accept("meta", [failed(remedy)], at(502)).alarms == ()
    assert storage.channels()[0].state == "open"


@pytest.mark.parametrize("remedy", ["channel_later", "account"])
def test_a_number_that_statuses_closed_stays_closed_while_what_is_taken_does_not_arrive(
    storage: Storage, conversation: int, remedy: str
) -> None:
    """The provider takes everything, and says afterwards that it went nowhere: nothing is lost of it."""
    news = failed(remedy, wait=300.0)
    sent(storage, conversation)
    storage.accept("meta", [news], at(1))
    began = storage.channels()[0].state_at
    for minute in range(6, 60):
        now = 60.0 * minute
        tried = sent(storage, conversation, f"wamid.{minute}", at(now))
        assert (tried.outbound.text, tried.attempts) == ("one", 0)
        assert storage.channels()[0].state != "open"
        told = storage.accept("meta", [failed(remedy, f"wamid.{minute}")], at(now + 5))
        assert told.alarms == (), "everybody knows"
        assert storage.channels()[0].state_at == began
        storage.database.execute("UPDATE channels SET try_at = NULL")
    last = sent(storage, conversation, "wamid.last", at(3600))
    storage.accept("meta", [receipt("sent", "wamid.last")], at(3601))
    assert storage.channels()[0].state != "open"
    storage.accept("meta", [receipt("delivered", "wamid.last")], at(3602))
    assert storage.channels()[0].state == "open"
    assert row(storage, last.id)[0] == "delivered"
    assert deliver(storage, conversation, at(3603)) == ["two"]


def test_what_was_taken_before_a_status_closed_the_number_opens_nothing_when_it_arrives(
    storage: Storage, conversation: int
) -> None:
    sent(storage, conversation)
    sent(storage, conversation, "wamid.2", at(1))
    storage.accept("meta", [failed("account", "wamid.2")], at(2))
    storage.accept("meta", [receipt("read")], at(3))
    assert storage.channels()[0].state == "stopped"


def test_after_an_hour_without_bad_news_an_answer_is_believed_again(
    storage: Storage, conversation: int
) -> None:
    """Nothing may ever arrive: the statuses may have been turned off."""
    sent(storage, conversation)
    storage.accept("meta", [failed("account")], at(1))
    sent(storage, conversation, "wamid.2", at(3600))
    assert storage.channels()[0].state == "stopped"
    sent(storage, conversation, "wamid.3", at(3661))
    assert storage.channels()[0].state == "open"


@pytest.mark.parametrize(
    ("posts", "left"),
    [
        ([["account", "account", "account"]], ["queued", "queued", "queued"]),
        ([["account", "", ""], ["", "account", "account"]], ["queued", "queued", "queued"]),
        ([["", "", "channel_later"], ["channel_later", "", ""], ["", "account", ""]], ["queued"] * 3),
        ([["again", "again", "again"]], ["queued", "queued", "queued"]),
        ([["again", "never", "again"]], ["queued", "failed", "queued"]),
        ([["", "delivered", ""], ["account", "", ""]], ["failed", "delivered", "sent"]),
        ([["again", "", ""]], ["failed", "sent", "sent"]),
    ],
)
def test_what_fails_together_is_queued_again_together(
    storage: Storage, posts: list[list[str]], left: list[str]
) -> None:
    conversation = heard(storage, "hi", "w1")
    replied(storage, conversation, "one", "two", "three")
    ids = [sent(storage, conversation, f"wamid.{number}").id for number in range(3)]
    for post in posts:
        news = [
            receipt(what, f"wamid.{number}") if what == "delivered" else failed(what, f"wamid.{number}")
            for number, what in enumerate(post)
            if what
        ]
        storage.accept("meta", news, at(10))
    assert [row(storage, message)[0] for message in ids] == left


def test_a_failure_is_not_made_good_behind_a_later_reply(storage: Storage, conversation: int) -> None:
    first = sent(storage, conversation)
    sent(storage, conversation, "wamid.2")
    storage.accept("meta", [failed("again")], at(10))
    assert row(storage, first.id)[0] == "failed"
    assert storage.outgoing(at(999)) == []


def test_a_failure_that_passes_is_tried_five_times_and_no_reply_overtakes_it(
    storage: Storage, conversation: int
) -> None:
    now = 0.0
    for attempt in range(1, 6):
        queued = sent(storage, conversation, f"wamid.{attempt}", at(now))
        assert (queued.outbound.text, queued.attempts) == ("one", attempt - 1)
        storage.accept("meta", [failed("again", f"wamid.{attempt}")], at(now))
        now += 4 ** (attempt - 1)
        assert storage.outgoing(at(now - 0.5)) == ([] if attempt < 5 else [conversation])
    assert row(storage, queued.id)[0] == "failed"
    behind = claimed(storage, conversation, at(now))
    assert (behind.outbound.text, behind.behind) == ("two", queued.id)


def test_the_same_failure_twice_sends_nothing_twice(storage: Storage, conversation: int) -> None:
    """Webhooks come more than once, and statuses of one attempt in any order."""
    queued = sent(storage, conversation)
    news = [failed("again"), failed("again")]
    storage.accept("meta", news, at(10))
    storage.accept("meta", [receipt("sent"), *news], at(10))
    assert row(storage, queued.id) == ("queued", "wamid.1", 1, at(11))
    second = claimed(storage, conversation, at(11))
    storage.accept("meta", [receipt("sent"), *news], at(12))
    assert row(storage, queued.id)[0] == "sending"
    storage.mark_sent(second.id, "wamid.2", at(13))
    storage.accept("meta", [receipt("sent"), *news], at(14))
    assert row(storage, queued.id) == ("sent", "wamid.2", 2, None)


def test_what_failed_and_arrived_all_the_same_is_not_sent_again(storage: Storage, conversation: int) -> None:
    queued = sent(storage, conversation)
    storage.accept("meta", [failed("again"), receipt("delivered")], at(10))
    assert row(storage, queued.id)[0] == "delivered"
    assert deliver(storage, conversation, at(20)) == ["two"]


@pytest.mark.parametrize("with_reference", [True, False])
def test_a_failure_that_comes_before_the_answer_of_the_send_waits_for_it(
    storage: Storage, conversation: int, with_reference: bool
) -> None:
    queued = claimed(storage, conversation)
    storage.accept("meta", [failed("template", reference=queued.reference if with_reference else "")], at(1))
    assert row(storage, queued.id)[0] == "sending"
    storage.mark_sent(queued.id, "wamid.1", at(2))
    assert row(storage, queued.id)[0] == "needs_template"
    assert deliver(storage, conversation, at(3)) == ["two"]


def test_a_receipt_between_two_commits_is_found_by_the_sweep(storage: Storage, conversation: int) -> None:
    """A worker that dies right after a commit looks for no receipts: whoever sweeps does."""
    queued = claimed(storage, conversation)
    storage.accept("meta", [receipt("read")], at(1))
    storage.database.execute(
        "UPDATE messages SET status = 'sent', provider_id = 'wamid.1' WHERE id = ?", queued.id
    )
    assert storage.apply_waiting_receipts(NOW, at(30)) == []
    assert row(storage, queued.id)[0] == "read"
    assert counts(storage, "updates") == [1]
    assert storage.database.rows("SELECT COUNT(*) FROM updates WHERE applied_at IS NULL") == [(0,)]


def test_a_failed_receipt_and_the_claim_of_the_next_reply_at_the_same_instant(storage: Storage) -> None:
    """Either the first is queued again and the second waits, or the second leaves and the first failed."""
    for number in range(20):
        sender = f"9230000{number:05}"
        storage.accept("meta", [said("hi", f"w{number}", sender)], NOW)
        conversation = storage.start_conversation("corner", ("meta", NUMBER), sender, NOW)
        replied(storage, conversation, "one", "two")
        first = sent(storage, conversation, f"out.{number}")
        got: list[object] = []

        def either(
            which: int, number: int = number, conversation: int = conversation, got: list[object] = got
        ) -> None:
            if which:
                got.append(storage.claim(conversation, at(1)))
            else:
                storage.accept("meta", [failed("again", f"out.{number}")], at(1))

        in_threads(2, either)
        status = row(storage, first.id)[0]
        assert (status, isinstance(got[0], Queued)) in {("queued", False), ("failed", True)}


def test_a_post_of_a_thousand_updates_is_one_transaction(storage: Storage) -> None:
    for number in range(20):
        heard(storage, "hi", f"w{number}", f"9230000{number:05}")
    talks = storage.waiting(NOW)
    for talk in talks:
        replied(storage, talk, *(str(number) for number in range(25)))
        deliver(storage, talk)
    ids = [id for (id,) in storage.database.rows("SELECT provider_id FROM messages WHERE direction = 'out'")]
    assert len(ids) == 500
    messages = [said("more", f"x{number}", f"9230000{number % 40:05}") for number in range(500)]
    transactions = []
    writing = storage.database.writing

    def counted() -> object:
        transactions.append(1)
        return writing()

    storage.database.writing = counted  # type: ignore[method-assign, assignment]
    accepted = storage.accept("meta", [*messages, *(receipt("read", id) for id in ids)], at(10))
    assert len(transactions) == 1
    assert len(accepted.waiting) == 40
    assert storage.database.rows("SELECT COUNT(*) FROM messages WHERE status = 'read'") == [(500,)]
    assert storage.database.rows("SELECT COUNT(*) FROM messages WHERE status = 'received'") == [(500,)]


def test_a_customer_whose_number_and_id_are_known_apart_becomes_one(storage: Storage) -> None:
    """First somebody is known by an id alone, then the same id comes with a number that is known as well."""
    storage.accept("meta", [said("hi", "w1", "PK.1", user_id="PK.1")], NOW)
    [by_id] = storage.waiting(NOW)
    replied(storage, by_id, "to the id")
    by_phone = heard(storage, "hi", "w2")
    replied(storage, by_phone, "to the number")
    storage.accept("meta", [said("and I am both", "w3", ANN, user_id="PK.1")], at(1))
    assert storage.database.rows("SELECT phone, user_id FROM customers ORDER BY id") == [
        (None, None),
        (ANN, "PK.1"),
    ]
    assert deliver(storage, by_id, at(2)) == []
    assert deliver(storage, by_phone, at(2)) == ["to the id", "to the number"]
    assert storage.failed() == []
    storage.accept("meta", [said("by the id alone", "w4", "PK.1", user_id="PK.1")], at(3))
    assert storage.waiting(at(3)) == [by_phone]


def test_a_conversation_that_the_number_did_not_have_goes_to_it(storage: Storage) -> None:
    storage.accept("meta", [said("hi", "w1", "PK.1", user_id="PK.1")], NOW)
    [talk] = storage.waiting(NOW)
    storage.add_channel("corner", "meta", "200")
    storage.accept("meta", [said("hi", "w2", BOB, channel="200")], NOW)
    storage.accept("meta", [said("both", "w3", BOB, user_id="PK.1", channel="200")], at(1))
    replied(storage, talk, "hello")
    queued = claimed(storage, talk)
    assert (queued.recipient, queued.user_id, queued.channel) == (BOB, "PK.1", NUMBER)
