"""Replies leave in their order; every failure has its remedy, and a number that must rest rests alone."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from job_case import Clock, accept, channel_of, found, look_at, outgoing
from live_server import SENDER, live_site
from meta_double import MetaDouble, body, meta_double, refusal
from storage_case import Place

from adapters.channels import cloud_api
from adapters.channels.channel import Remedy, SendFailed
from adapters.storage import Alarm, DatabaseGone, Storage
from adapters.storage.receipts import Receipts
from adapters.tasks.deliveries import TRIES
from adapters.tasks.lanes import Address, Lanes, Threads
from adapters.web import Site

OTHER = "19990002222"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def double() -> Iterator[MetaDouble]:
    with meta_double() as double:
        yield double


@pytest.fixture
def site(tmp_path: Path, place: Place, double: MetaDouble, clock: Clock) -> Iterator[Site]:
    settled = {"database_url": place.url, "read_marks": False}
    with live_site(tmp_path, double.url, now=clock, **settled) as site:
        yield site


def failing(site: Site, monkeypatch: pytest.MonkeyPatch, *failures: SendFailed | None) -> list[str]:
    """Has the first sendings fail like this, None for one that succeeds; what was tried, by its text."""
    tried: list[str] = []
    waiting = list(failures)
    channel = type(site.channels["meta"])
    send = channel.send

    def sending(self: Any, sender: str, recipient: str, outbound: Any, reference: str = "") -> str:
        tried.append(outbound.text.split()[0])
        failure = waiting.pop(0) if waiting else None
        if failure is not None:
            raise failure
        return send(self, sender, recipient, outbound, reference)

    monkeypatch.setattr(channel, "send", sending)
    return tried


def test_a_refused_reply_is_recorded_and_the_next_one_goes_out(site: Site, double: MetaDouble) -> None:
    double.answers += [(200, {"messages": [{"id": "wamid.A"}]}), (400, refusal(131026, "Undeliverable"))]
    look_at(site, accept(site, "hi"))
    sent = outgoing(site)
    assert [row["status"] for row in sent] == ["sent", "failed", "sent"]
    assert [row["error_code"] for row in sent] == ["", "131026", ""]
    assert sent[2]["error"] == f"sent after message {sent[1]['id']}, which was not"


def test_a_failure_that_may_pass_is_tried_again_before_what_comes_after(
    site: Site, double: MetaDouble, clock: Clock
) -> None:
    double.answers += [(500, {}), (400, refusal(131056, "Pair rate limit hit"))]
    conversation = accept(site, "hi")
    look_at(site, conversation)
    look_at(site, conversation)
    assert len(double.asked) == 1
    clock.wait(seconds=1)
    assert found(site) == [conversation]
    look_at(site, conversation)
    clock.wait(seconds=3)
    look_at(site, conversation)
    assert len(double.asked) == 2
    clock.wait(seconds=1)
    look_at(site, conversation)
    assert [one.text.split()[0] for one in double.asked] == ["Welcome", "Welcome", "Welcome", "1.", "What"]


@pytest.mark.parametrize(
    ("failure", "waits", "tries", "status"),
    [
        (SendFailed("timeout", "no answer", Remedy.UNKNOWN), [30, 30, 30, 30], TRIES, "failed"),
        (SendFailed("131047", "window", Remedy.TEMPLATE), [], 1, "needs_template"),
        (SendFailed("131026", "unreachable", Remedy.NEVER), [], 1, "failed"),
    ],
    ids=lambda value: value.code if isinstance(value, SendFailed) else "",
)
def test_each_failure_of_a_reply_has_its_remedy(
    site: Site,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    failure: SendFailed,
    waits: list[float],
    tries: int,
    status: str,
) -> None:
    tried = failing(site, monkeypatch, *[failure] * tries)
    conversation = accept(site, "hi")
    look_at(site, conversation)
    for seconds in waits:
        clock.wait(seconds=seconds - 0.1)
        look_at(site, conversation)
        assert found(site) == []
        clock.wait(seconds=0.1)
        assert found(site) == [conversation]
        look_at(site, conversation)
    assert tried == ["Welcome"] * tries + ["1.", "What"]
    first, *others = outgoing(site)
    assert (first["status"], first["error_code"]) == (status, failure.code)
    assert [row["status"] for row in others] == ["sent", "sent"]
    assert [row["id"] for row in site.storage.failed()] == [first["id"]]


@pytest.mark.parametrize(
    ("wait", "waits"), [(0, [1, 4, 16, 64, 256, 300, 300, 300]), (30, [30, 30, 30, 30, 30, 30])]
)
def test_a_reply_that_was_surely_not_sent_is_tried_until_it_is(
    site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch, wait: float, waits: list[float]
) -> None:
    tried = failing(site, monkeypatch, *[SendFailed("503", "busy", Remedy.AGAIN, wait)] * len(waits))
    conversation = accept(site, "hi")
    look_at(site, conversation)
    for seconds in waits:
        clock.wait(seconds=seconds - 0.1)
        assert site.jobs.tick().deliveries == ()
        clock.wait(seconds=0.1)
        assert site.jobs.tick().deliveries == (conversation,)
        site.jobs.deliver(conversation)
    assert tried == ["Welcome"] * len(waits) + ["Welcome", "1.", "What"]
    assert [(row["status"], row["attempts"]) for row in outgoing(site)] == [("sent", 1)] * 3


def test_time_outs_are_counted_apart_from_what_was_surely_not_sent(
    site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy, lost = SendFailed("503", "busy", Remedy.AGAIN), SendFailed("timeout", "", Remedy.UNKNOWN)
    tried = failing(site, monkeypatch, *[busy, lost] * (TRIES - 1), *[busy] * 3, lost)
    conversation = accept(site, "hi")
    look_at(site, conversation)
    while outgoing(site)[0]["status"] == "queued":
        clock.wait(minutes=5)
        site.jobs.deliver(conversation)
    assert tried == ["Welcome"] * (2 * (TRIES - 1) + 4) + ["1.", "What"]
    assert [row["status"] for row in outgoing(site)] == ["failed", "sent", "sent"]
    assert outgoing(site)[0]["error_code"] == "timeout"


@pytest.mark.parametrize("talks_on", [False, True])
def test_a_reply_that_is_put_off_for_a_day_is_given_up(
    site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch, talks_on: bool
) -> None:
    """Otherwise one that nothing helps would keep a customer who talks on without an answer for ever."""
    busy = SendFailed("131000", "something went wrong", Remedy.AGAIN)
    failing(site, monkeypatch, *[busy] * 400)
    conversation = accept(site, "hi")
    look_at(site, conversation)
    for number in range(1, 24 * 12):
        clock.wait(minutes=5)
        if talks_on and number == 99:
            accept(site, "cart")
        site.jobs.deliver(conversation)
        assert outgoing(site)[0]["status"] == "queued"
    clock.wait(minutes=5, seconds=2)
    site.jobs.deliver(conversation)
    first = outgoing(site)[0]
    assert (first["status"], first["error_code"]) == (
        ("failed", "131000") if talks_on else ("needs_template", "window")
    )
    assert site.storage.take_up_again(first["id"])
    site.jobs.deliver(conversation)
    assert outgoing(site)[0]["status"] == ("queued" if talks_on else "needs_template")


def test_a_number_that_must_rest_rests_with_everything_and_goes_on_by_itself(
    site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    rest = SendFailed("131048", "spam rate limit", Remedy.CHANNEL_LATER, 300)
    tried = failing(site, monkeypatch, rest)
    one, other = accept(site, "hi"), accept(site, "hi", sender=OTHER)
    look_at(site, one)
    look_at(site, other)
    assert tried == ["Welcome"]
    assert channel_of(site)["state"] == "waiting"
    assert [row["attempts"] for row in outgoing(site)] == [0] * 6
    clock.wait(seconds=299)
    assert found(site) == []
    clock.wait(seconds=1)
    assert found(site) == [one, other]
    look_at(site, one)
    look_at(site, other)
    assert channel_of(site)["state"] == "open"
    assert {row["status"] for row in outgoing(site)} == {"sent"}


def test_a_provider_that_is_never_reached_costs_no_reply(
    site: Site, double: MetaDouble, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    unreached = SendFailed("connection", "no connection to Meta", Remedy.AGAIN)
    tried = failing(site, monkeypatch, *[unreached] * (TRIES + 6))
    conversation = accept(site, "hi")
    look_at(site, conversation)
    for seconds in (1, 4, 16, 64):
        assert channel_of(site)["state"] == "open"
        clock.wait(seconds=seconds)
        look_at(site, conversation)
    assert (channel_of(site)["state"], channel_of(site)["code"]) == ("waiting", "connection")
    for _ in range(7):
        assert found(site) == []
        clock.wait(minutes=1)
        look_at(site, conversation)
    assert tried == ["Welcome"] * (TRIES + 7) + ["1.", "What"]
    assert [row["status"] for row in outgoing(site)] == ["sent"] * 3
    assert channel_of(site)["state"] == "open"


def test_an_account_to_be_mended_stops_its_number_and_one_probe_a_minute_finds_out(
    site: Site, double: MetaDouble, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    double.answers += [(401, refusal(190, "the token has expired"))] * 3
    one, other = accept(site, "hi"), accept(site, "hi", sender=OTHER)
    for minute in range(3):
        look_at(site, one)
        look_at(site, other)
        assert len(double.asked) == minute + 1
        assert channel_of(site)["state"] == "stopped"
        assert channel_of(site)["code"] == "190"
        clock.wait(seconds=59)
        assert found(site) == []
        clock.wait(seconds=1)
    assert sorted(found(site)) == [one, other]
    for conversation in (one, other):
        look_at(site, conversation)
    assert channel_of(site)["state"] == "open"
    assert {row["status"] for row in outgoing(site)} == {"sent"}
    events = [record.getMessage() for record in caplog.records]
    assert (events.count("message_not_sent"), events.count("channel_stopped")) == (3, 1)
    assert [one.text.split()[0] for one in double.to(SENDER)][3:] == ["Welcome", "1.", "What"]


@pytest.mark.parametrize("dies", [False, True])
def test_an_account_is_cried_out_though_its_status_was_faster_than_the_answer(
    site: Site,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    dies: bool,
) -> None:
    """The worker that wrote the answer down looks for it or, where that one died, whoever sweeps."""
    send = type(site.channels["meta"]).send
    error = {"code": 131042, "title": "Business eligibility payment issue"}

    def slow(*arguments: Any) -> str:
        identity = send(*arguments)
        if not channel_of(site)["told_at"]:
            told = {"id": identity, "status": "failed", "errors": [error]}
            site.storage.accept("meta", cloud_api.parse(body(statuses=[told])), clock())
        return identity

    monkeypatch.setattr(type(site.channels["meta"]), "send", slow)
    if dies:
        monkeypatch.setattr(Receipts, "apply_pending", lambda *arguments: [])
    look_at(site, accept(site, "hi"))
    if dies:
        monkeypatch.undo()
        clock.wait(seconds=40)
        found(site)
    assert (channel_of(site)["state"], channel_of(site)["code"]) == ("stopped", "131042")
    [alarm] = [record.__dict__ for record in caplog.records if record.getMessage() == "channel_stopped"]
    assert alarm["values"]["code"] == "131042"


def test_what_one_process_is_not_set_up_for_another_one_sends(
    tmp_path: Path, place: Place, site: Site, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """As while a provider is added, and one worker after the other is started anew."""
    with live_site(tmp_path, None, now=clock, database_url=place.url) as other:
        conversations = [accept(site, "hi", sender=f"1999000{number:04}") for number in range(3)]
        for conversation in conversations:
            site.jobs.take_turns(conversation)
        for seconds in range(0, 130, 5):
            for conversation in (*conversations, *other.jobs.tick().deliveries):
                other.jobs.deliver(conversation)
            clock.wait(seconds=5)
            if seconds in (25, 75):
                site.jobs.deliver(conversations[seconds // 50])
        assert channel_of(site)["state"] == "open"
        assert conversations[2] in other.jobs.tick().deliveries
        site.jobs.deliver(conversations[2])
    assert {row["status"] for row in outgoing(site)} == {"sent"}
    [told] = [one.__dict__ for one in caplog.records if one.getMessage() == "provider_not_set_up"]
    assert told["values"]["provider"] == "meta"


def test_what_nobody_is_set_up_for_stops_its_number_and_loses_nothing(
    site: Site, double: MetaDouble, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversations = [accept(site, "hi"), accept(site, "hi", sender=OTHER)]
    meta = site.channels["meta"]
    monkeypatch.delitem(site.channels, "meta")  # type: ignore[arg-type]
    for conversation in conversations:
        look_at(site, conversation)
    for _ in range(11):
        clock.wait(seconds=5)
        site.jobs.deliver(*site.jobs.tick().deliveries[:1])
        assert channel_of(site)["state"] == "open"
    for _ in range(60):
        clock.wait(seconds=5)
        for conversation in site.jobs.tick().deliveries:
            site.jobs.deliver(conversation)
    assert (channel_of(site)["state"], channel_of(site)["code"]) == ("stopped", "not_set_up")
    assert {row["status"] for row in outgoing(site)} == {"queued"}
    monkeypatch.setitem(site.channels, "meta", meta)  # type: ignore[arg-type]
    clock.wait(minutes=1)
    for conversation in conversations:
        site.jobs.deliver(conversation)
    assert {row["status"] for row in outgoing(site)} == {"sent"}
    assert channel_of(site)["state"] == "open"


def test_outside_the_window_a_text_is_not_even_tried(
    site: Site, double: MetaDouble, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    conversation = accept(site, "hi")
    site.jobs.take_turns(conversation)
    clock.wait(hours=24, seconds=1)
    with caplog.at_level(logging.INFO):
        site.jobs.deliver(conversation)
    assert double.asked == []
    rows = outgoing(site)
    assert {row["status"] for row in rows} == {"needs_template"}
    told = [record.__dict__ for record in caplog.records if record.getMessage() == "message_put_aside"]
    assert [one["values"]["message"] for one in told] == [row["id"] for row in rows]
    assert {one["values"]["correlation"] for one in told} == {"the request's"}
    assert {one["values"]["code"] for one in told} == {"window"}
    counted = 'shoptalk_deliveries_total{outcome="needs_template",provider="meta"} 3.0'
    assert counted in site.metrics.render()[0].decode()
    assert (
        'shoptalk_delivery_duration_seconds_count{provider="meta"}' not in site.metrics.render()[0].decode()
    )
    accept(site, "hi")
    look_at(site, conversation)
    assert len(double.asked) > 0


def test_a_rate_limit_of_ours_lets_the_rest_wait(
    tmp_path: Path, place: Place, double: MetaDouble, clock: Clock
) -> None:
    settled = {"database_url": place.url, "read_marks": False, "send_rate": 2.0}
    with live_site(tmp_path, double.url, now=clock, **settled) as site:
        conversation = accept(site, "hi")
        look_at(site, conversation)
        sent = [len(double.asked)]
        for _ in range(4):
            clock.wait(seconds=0.5)
            site.jobs.deliver(conversation)
            sent.append(len(double.asked))
    # One at a time, half a second apart, though the clock moves in steps of its own.
    assert sent[0] == 1
    assert sent[-1] == 3
    assert all(after - before <= 1 for before, after in pairwise(sent))


def test_the_first_reply_marks_what_it_answers_as_read(
    tmp_path: Path, place: Place, double: MetaDouble, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "shoptalk")
    with live_site(tmp_path, double.url, now=clock, database_url=place.url) as site:
        look_at(site, accept(site, "hi"))
        (mark,) = double.marks
        assert mark.body["message_id"].startswith(f"wamid.{SENDER}")
        double.fault = lambda asked: (500, {}) if "type" not in asked.body else None
        look_at(site, accept(site, "hi", sender=OTHER))
    assert len(double.asked) == 6  # the answer does not depend on it
    assert len(double.marks) == 2
    assert [record.getMessage() for record in caplog.records].count("read_mark_not_sent") == 1


def test_nothing_is_sent_inside_a_transaction(
    site: Site, double: MetaDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = type(site.channels["meta"])
    send = channel.send
    others: list[str] = []

    def watched(*arguments: Any) -> str:
        # Somebody else can write meanwhile: a second turn of the same conversation, on either database.
        site.storage.queue_text("corner_shop", ("simulator", "corner_shop"), OTHER, "meanwhile", site.now())
        with site.storage.turn(conversation, site.now()):
            others.append("held")
        return send(*arguments)

    monkeypatch.setattr(channel, "send", watched)
    conversation = accept(site, "hi")
    look_at(site, conversation)
    assert others == ["held"] * 3


def test_what_a_dead_worker_left_is_taken_up(site: Site, double: MetaDouble, clock: Clock) -> None:
    conversation = accept(site, "hi")
    site.jobs.take_turns(conversation)
    assert site.storage.claim(conversation, clock()) is not None
    site.jobs.deliver(conversation)
    assert double.asked == []  # somebody is sending the first one
    assert found(site) == []
    clock.wait(seconds=30)
    assert found(site) == []
    clock.wait(seconds=10)
    assert found(site) == [conversation]
    look_at(site, conversation)
    assert len(double.asked) == 3


def test_a_reply_whose_workers_all_die_is_put_aside_in_the_end(
    site: Site, double: MetaDouble, clock: Clock
) -> None:
    conversation = accept(site, "hi")
    site.jobs.take_turns(conversation)
    for _ in range(TRIES):
        assert site.storage.claim(conversation, clock()) is not None
        clock.wait(seconds=40)
        assert found(site) == [conversation]
    look_at(site, conversation)
    first, *others = outgoing(site)
    assert (first["status"], first["error_code"]) == ("failed", "unfinished")
    assert "it may have been sent" in first["error"]
    assert [row["status"] for row in others] == ["sent", "sent"]
    assert len(double.asked) == 2
    assert site.storage.take_up_again(first["id"])
    look_at(site, conversation)
    assert [row["status"] for row in outgoing(site)] == ["sent"] * 3


def test_a_channel_that_raises_does_not_stop_the_rest(
    site: Site, double: MetaDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    payload = cloud_api.payload
    calls: list[int] = []

    def broken_once(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise KeyError("a fault of ours")
        return payload(*arguments)

    monkeypatch.setattr(cloud_api, "payload", broken_once)
    look_at(site, accept(site, "hi"))
    assert [row["status"] for row in outgoing(site)] == ["failed", "sent", "sent"]


def test_what_was_sent_is_written_down_though_the_database_was_away(
    site: Site, double: MetaDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark_sent = Storage.mark_sent
    fails = [True, True]

    def away(*arguments: Any) -> list[Alarm]:
        if fails and fails.pop():
            raise DatabaseGone("it restarts")
        return mark_sent(*arguments)

    monkeypatch.setattr(Storage, "mark_sent", away)
    look_at(site, accept(site, "hi"))
    assert [row["status"] for row in outgoing(site)] == ["sent"] * 3
    assert len(double.asked) == 3


def test_stopping_begins_nothing(site: Site, double: MetaDouble) -> None:
    conversation = accept(site, "hi", "cart")
    site.jobs.take_turns(conversation)
    site.jobs.stop()
    accept(site, "what?")
    look_at(site, conversation)
    assert double.asked == []
    assert found(site) == [conversation, conversation]


# Lanes

ONE, TWO = ("meta", "1"), ("meta", "2")


def entered(lanes: Lanes, address: Address, first: int = 0) -> int:
    """How many of twenty more conversations are let into the lane."""
    return [lanes.enter(address, first + number) for number in range(20)].count(True)


def test_a_lane_takes_no_more_than_it_leaves(clock: Clock) -> None:
    lanes = Lanes(Threads(16), clock)
    numbers = [("meta", str(number)) for number in range(5)]
    assert [entered(lanes, number) for number in numbers] == [8, 4, 2, 1, 1]
    assert lanes.leave(numbers[0]) == [], "the last ones are for others"
    assert entered(lanes, ("meta", "5")) == 1
    for _ in range(7):
        lanes.leave(numbers[0])
    assert len(lanes.leave(numbers[1])) == 3, "and what is given back goes round"


def test_lanes_share_their_threads_and_one_may_have_fewer(clock: Clock) -> None:
    threads = Threads(16)
    files, replies = Lanes(threads, clock, most=4), Lanes(threads, clock)
    assert (entered(files, ONE), entered(replies, ONE), entered(replies, TWO)) == (4, 6, 3)


def test_a_number_that_does_not_answer_has_one_thread_until_it_answers(clock: Clock) -> None:
    lanes = Lanes(Threads(16), clock)
    assert entered(lanes, ONE) == 8
    lanes.heard(ONE, answered=False)
    assert [lanes.leave(ONE) for _ in range(7)] == [[]] * 7
    assert entered(lanes, TWO, 100) == 8
    assert lanes.leave(ONE) == [8]
    assert entered(lanes, ONE) == 1
    lanes.heard(ONE, answered=True)
    assert len(lanes.leave(ONE)) == 4
    assert entered(lanes, ONE) == 4


def test_a_lane_lets_in_so_many_and_parks_the_rest_in_their_order(clock: Clock) -> None:
    lanes = Lanes(Threads(4), clock)
    assert [lanes.enter(ONE, conversation) for conversation in (1, 2, 3, 4, 3)] == [True, True] + [False] * 3
    assert lanes.enter(TWO, 5)
    assert lanes.parked() == {3, 4}
    assert lanes.sweep() == []
    assert lanes.leave(ONE) == [3]
    assert lanes.enter(ONE, 3)
    assert lanes.leave(ONE) == [4]
    assert lanes.leave(ONE) == []
    assert lanes.leave(TWO) == []


def test_what_was_let_go_elsewhere_blocks_nobody(clock: Clock) -> None:
    lanes = Lanes(Threads(2), clock)
    assert lanes.enter(ONE, 1)
    for conversation in (2, 3):
        assert not lanes.enter(ONE, conversation)
    assert lanes.leave(ONE) == [2]  # and another process sends to 2
    assert lanes.sweep() == [3]


def test_a_held_lane_lets_nobody_in_and_then_the_one_that_found_out(clock: Clock) -> None:
    lanes = Lanes(Threads(4), clock)
    assert lanes.enter(ONE, 1)
    lanes.hold(ONE, 1, clock() + timedelta(milliseconds=100))
    assert not lanes.enter(ONE, 2)
    assert lanes.leave(ONE) == lanes.sweep() == lanes.free(ONE) == []
    assert lanes.enter(TWO, 3)
    clock.wait(milliseconds=100)
    assert lanes.free(ONE) == [1, 2]
    assert lanes.free(("meta", "unknown")) == []


def test_threads_never_get_into_a_lane_together_beyond_its_width(clock: Clock) -> None:
    lanes = Lanes(Threads(6), clock)
    inside, most, done = [0], [0], [0]
    lock = threading.Lock()
    waiting = list(range(200))

    def work() -> None:
        while True:
            with lock:
                if not waiting:
                    return
                conversation = waiting.pop()
            if not lanes.enter(ONE, conversation):
                continue
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            time.sleep(0.0005)
            with lock:
                inside[0] -= 1
                done[0] += 1
                waiting.extend(lanes.leave(ONE))

    while waiting or lanes.parked():
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        waiting.extend(lanes.sweep())
    assert done[0] == 200
    assert most[0] == 3
