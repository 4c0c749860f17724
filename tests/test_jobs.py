"""Turns are all or nothing, timers fire in their time, replies go out in order, and nothing is forgotten."""

from __future__ import annotations

import io
import json
import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from live_server import NUMBER, SENDER, corner_shop, live_site
from meta_double import MetaDouble, body, meta_double, refusal, text

from adapters import log
from adapters.channels import cloud_api
from adapters.storage.shop import StorageShop
from adapters.tasks.jobs import TRIES, Jobs
from adapters.tasks.queue import Worker
from adapters.web import Site
from engine.interpreter import Interpreter

NOON = datetime(2025, 10, 18, 12, tzinfo=UTC)


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        return self.at

    def wait(self, **duration: float) -> None:
        self.at += timedelta(**duration)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def double() -> Iterator[MetaDouble]:
    with meta_double() as double:
        yield double


@pytest.fixture
def site(tmp_path: Path, double: MetaDouble, clock: Clock) -> Iterator[Site]:
    with live_site(tmp_path, double.url, now=clock) as site:
        yield site


@pytest.fixture
def jobs(site: Site) -> Jobs:
    interpreters = {("corner_shop", "customer"): Interpreter(corner_shop(), "customer")}
    return Jobs(site.storage, interpreters, site.channels, site.now)


def accept(site: Site, *said: str, sender: str = SENDER) -> int:
    """Takes these texts in; the conversation."""
    stamp = site.now().timestamp()
    texts = (text(each, f"wamid.{sender}.{stamp}.{each}", sender) for each in said)
    (conversation,) = site.storage.accept("meta", cloud_api.parse(body(*texts, number=NUMBER)), site.now())
    return conversation


def rows(site: Site, table: str) -> list[dict[str, Any]]:
    found = site.storage.database.peewee.execute_sql(f"SELECT * FROM {table} ORDER BY id")
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def replies(site: Site) -> list[str]:
    return [row["body"] for row in rows(site, "messages") if row["direction"] == "out"]


def test_waiting_messages_are_taken_in_order(site: Site, jobs: Jobs, double: MetaDouble) -> None:
    conversation = accept(site, "hi", "1, 2", "buy")
    assert jobs.tick() == [conversation]
    jobs.look_at(conversation)
    assert [one.text.split()[0] for one in double.asked] == ["Welcome", "1.", "What", "Added", "Thank"]
    assert jobs.tick() == []
    assert [row["state_after"] for row in rows(site, "turns")] == ["shopping", "shopping", "over"]
    assert all(json.loads(row["trace"]) for row in rows(site, "turns"))


def test_a_timer_fires_once_in_its_time(site: Site, jobs: Jobs, clock: Clock) -> None:
    conversation = accept(site, "hi")
    jobs.take_turn(conversation)
    jobs.deliver(conversation)
    clock.wait(minutes=9, seconds=59)
    assert jobs.tick() == []
    clock.wait(seconds=1)
    assert jobs.tick() == [conversation]
    jobs.look_at(conversation)
    assert replies(site)[3:] == ["Still there?"]
    clock.wait(days=1)
    assert jobs.tick() == []


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (9, ["Pardon?"]),  # the customer was in time, though the worker was not
        (11, ["Still there?", "Pardon?"]),  # what fell due before comes before
    ],
)
def test_timers_and_messages_keep_their_order(
    site: Site, jobs: Jobs, clock: Clock, minutes: int, said: list[str]
) -> None:
    conversation = accept(site, "hi")
    jobs.take_turn(conversation)
    clock.wait(minutes=minutes)
    accept(site, "what?")
    clock.wait(minutes=7)
    jobs.take_turn(conversation)
    assert replies(site)[3:] == said


def test_a_timer_between_two_microseconds_is_not_asked_for_ever(site: Site, jobs: Jobs, clock: Clock) -> None:
    clock.at = NOON + timedelta(microseconds=333_333)
    conversation = accept(site, "hi")
    jobs.take_turn(conversation)
    clock.wait(minutes=10)
    accept(site, "what?")
    jobs.take_turn(conversation)
    assert replies(site)[3:] == ["Still there?", "Pardon?"]


def test_silence_starts_over(site: Site, jobs: Jobs, clock: Clock) -> None:
    conversation = accept(site, "hi", "1, 2")
    jobs.take_turn(conversation)
    clock.wait(hours=1)
    accept(site, "cart")
    jobs.take_turn(conversation)
    assert replies(site)[-3].startswith("Welcome")


def test_a_turn_that_breaks_leaves_nothing_but_one_apology(
    site: Site, jobs: Jobs, double: MetaDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = accept(site, "hi", "1, 2")
    jobs.look_at(conversation)
    before = rows(site, "conversations")[0]["data"]
    placed = StorageShop.place_order

    def broken(shop: StorageShop, draft: Any) -> Any:
        placed(shop, draft)
        raise ZeroDivisionError("the fault")

    monkeypatch.setattr(StorageShop, "place_order", broken)
    accept(site, "buy", "cart")
    jobs.look_at(conversation)
    assert [one.text for one in double.asked][4:] == [
        "Sorry, something went wrong. Please send your last message again.",
        "2x Tea\nTotal: ₹40",
    ]
    assert rows(site, "orders") == rows(site, "order_items") == []
    assert [row["stock"] for row in rows(site, "products")] == [100, 1]
    assert json.loads(before)["state"] == rows(site, "conversations")[0]["state"]
    (failed,) = [row for row in rows(site, "messages") if row["status"] == "failed"]
    assert failed["body"] == "buy"
    (broke,) = [row for row in rows(site, "turns") if row["error"]]
    assert "ZeroDivisionError: the fault" in broke["error"]
    assert "place_order" in broke["error"]
    trace = json.loads(broke["trace"])
    assert trace[0]["step"] == "understood"
    assert [(step["step"], step.get("action")) for step in trace][-2:] == [
        ("broke", "place_order"),
        ("broken", None),
    ]
    assert ".yaml:" in trace[-2]["at"]

    monkeypatch.undo()
    assert site.storage.take_up_again(failed["id"])
    jobs.look_at(conversation)
    assert double.asked[-1].text.startswith("Thank you!")
    assert [row["total"] for row in rows(site, "orders")] == [4000]


def test_a_message_that_breaks_again_is_not_apologised_for_again(
    site: Site, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(Interpreter, "hear", broken)
    conversation = accept(site, "hi")
    for _ in range(3):
        jobs.take_turn(conversation)
        site.storage.take_up_again(1)
    assert len(replies(site)) == 1


def test_a_timer_that_breaks_does_not_fire_for_ever(
    site: Site, jobs: Jobs, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    conversation = accept(site, "hi")
    jobs.look_at(conversation)
    monkeypatch.setattr(Interpreter, "wake", broken)
    clock.wait(minutes=10)
    jobs.look_at(conversation)
    assert jobs.tick() == []
    assert len(replies(site)) == 4


def test_the_last_cup_is_sold_once(site: Site, jobs: Jobs) -> None:
    talks = [accept(site, "hi", "2, 1", sender=f"1999000{number}") for number in range(5)]
    for talk in talks:
        jobs.take_turn(talk)
    for number in range(5):
        accept(site, "buy", sender=f"1999000{number}")
    threads = [threading.Thread(target=jobs.take_turn, args=(talk,)) for talk in talks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers = [said for said in replies(site) if said.startswith(("Thank", "Only"))]
    assert sorted(said.split()[0] for said in answers) == ["Only"] * 4 + ["Thank"]
    assert [row["stock"] for row in rows(site, "products")] == [100, 0]


def test_a_refused_reply_is_recorded_and_the_next_one_goes_out(
    site: Site, jobs: Jobs, double: MetaDouble
) -> None:
    double.answers += [(200, {"messages": [{"id": "wamid.A"}]}), (400, refusal(131026, "Undeliverable"))]
    jobs.look_at(accept(site, "hi"))
    sent = [row for row in rows(site, "messages") if row["direction"] == "out"]
    assert [row["status"] for row in sent] == ["sent", "failed", "sent"]
    assert [row["error_code"] for row in sent] == ["", "131026", ""]


def test_a_failure_that_may_pass_is_tried_again_before_what_comes_after(
    site: Site, jobs: Jobs, double: MetaDouble, clock: Clock
) -> None:
    double.answers += [(500, {}), (400, refusal(131056, "Pair rate limit hit"))]
    conversation = accept(site, "hi")
    jobs.look_at(conversation)
    jobs.look_at(conversation)
    assert len(double.asked) == 1
    clock.wait(seconds=1)
    assert jobs.tick() == [conversation]
    jobs.look_at(conversation)
    clock.wait(seconds=3)
    jobs.look_at(conversation)
    assert len(double.asked) == 2
    clock.wait(seconds=1)
    jobs.look_at(conversation)
    assert [one.text.split()[0] for one in double.asked] == ["Welcome", "Welcome", "Welcome", "1.", "What"]


def test_a_failure_that_does_not_pass_is_given_up(
    site: Site, jobs: Jobs, double: MetaDouble, clock: Clock
) -> None:
    double.answers += [(500, {})] * TRIES
    conversation = accept(site, "hi")
    for _ in range(TRIES):
        jobs.look_at(conversation)
        clock.wait(seconds=65)
    assert len(double.asked) == TRIES + 2
    (failed,) = [row for row in rows(site, "messages") if row["status"] == "failed"]
    assert failed["error_code"] == "http_500"


def test_nothing_is_sent_inside_a_transaction(
    site: Site, jobs: Jobs, double: MetaDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = type(site.channels["meta"]).send
    within: list[bool] = []

    def watched(*arguments: Any) -> str:
        within.append(site.storage.database.peewee.in_transaction())
        return send(*arguments)

    monkeypatch.setattr(type(site.channels["meta"]), "send", watched)
    jobs.look_at(accept(site, "hi"))
    assert within == [False, False, False]


def test_what_a_dead_worker_left_is_taken_up(
    site: Site, jobs: Jobs, double: MetaDouble, clock: Clock
) -> None:
    conversation = accept(site, "hi")
    jobs.take_turn(conversation)
    queued = site.storage.next_queued(conversation, clock())
    assert queued is not None
    assert site.storage.mark_sending(queued.id, clock())
    jobs.deliver(conversation)
    assert double.asked == []  # somebody is sending the first one
    jobs.tick()
    clock.wait(minutes=4)
    assert jobs.tick() == [conversation]
    jobs.look_at(conversation)
    assert len(double.asked) == 3


def test_a_channel_that_raises_does_not_stop_the_rest(
    site: Site, jobs: Jobs, double: MetaDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    payload = cloud_api.payload
    calls: list[int] = []

    def broken_once(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise KeyError("a fault of ours")
        return payload(*arguments)

    monkeypatch.setattr(cloud_api, "payload", broken_once)
    jobs.look_at(accept(site, "hi"))
    assert [row["status"] for row in rows(site, "messages")] == ["handled", "failed", "sent", "sent"]


# The worker


class Work:
    """Records what is worked on, each piece waiting until it is let go."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.go = threading.Semaphore(0)
        self.changed = threading.Condition()
        self.together = 0
        self._open: list[int] = []

    def __call__(self, conversation: int) -> None:
        with self.changed:
            self.begun.append(conversation)
            self._open.append(conversation)
            self.together = max(self.together, self._open.count(conversation))
            self.changed.notify_all()
        self.go.acquire(timeout=10)
        with self.changed:
            self._open.remove(conversation)

    def wait_for(self, count: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.begun) >= count, 10), self.begun


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def worker(work: Work) -> Iterator[Worker]:
    worker = Worker(work, list, threads=3, tick_seconds=30)
    worker.start()
    yield worker
    work.go.release(100)
    worker.stop()


def test_a_conversation_is_worked_on_by_one_thread(work: Work, worker: Worker) -> None:
    worker.look_at(7, 7, 8)
    work.wait_for(2)
    for _ in range(10):
        worker.look_at(7)
    assert sorted(work.begun) == [7, 8]
    work.go.release(100)
    work.wait_for(3)  # what came in while it was worked on is looked at once more
    worker.look_at(7)
    work.wait_for(4)
    assert work.together == 1


def test_the_callers_thread_waits_its_turn(work: Work, worker: Worker) -> None:
    worker.look_at(7)
    work.wait_for(1)
    caller = threading.Thread(target=worker.work_now, args=(7,))
    caller.start()
    work.go.release()
    work.wait_for(2)
    worker.look_at(7)
    work.go.release(10)
    caller.join(10)
    assert not caller.is_alive()
    assert work.together == 1


def test_stopping_lets_running_work_end_and_begins_nothing(work: Work, worker: Worker) -> None:
    worker.look_at(1, 2, 3, 4, 5)
    work.wait_for(3)
    assert worker.state() == "ok"
    stopping = threading.Thread(target=worker.stop)
    stopping.start()
    while not worker.is_stopping:
        pass
    work.go.release(100)
    stopping.join(10)
    assert not stopping.is_alive()
    assert len(work.begun) == 3
    assert worker.state() == "is stopping"


def test_a_fault_ends_neither_work_nor_looking(caplog: pytest.LogCaptureFixture) -> None:
    found: list[int] = []
    seen = threading.Event()

    def work(conversation: int) -> None:
        if conversation == 3:
            seen.set()
        raise ZeroDivisionError(f"fault {conversation}")

    def find() -> list[int]:
        found.append(len(found))
        if len(found) == 2:
            raise OSError("away for a moment")
        return [len(found)]

    worker = Worker(work, find, threads=1, tick_seconds=0.01)
    worker.start()
    assert seen.wait(10)
    assert worker.state() == "ok"
    worker.stop()
    events = {record.getMessage() for record in caplog.records}
    assert {"work_failed", "tick_failed"} <= events


# The log


def test_the_log_holds_ids_and_neither_secrets_nor_numbers(
    site: Site, jobs: Jobs, double: MetaDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.StringIO()
    lines = logging.StreamHandler(stream)
    lines.setFormatter(log.JsonLines(site.settings.secrets))
    log.LOGGER.addHandler(lines)
    try:
        log.LOGGER.setLevel(logging.INFO)
        words = f"the access token, or {site.settings.secrets[0]}, of +{SENDER} has expired"
        double.answers.append((400, refusal(190, words)))
        jobs.look_at(accept(site, "hi"))

        def broken(*_: Any) -> Any:
            raise ValueError(f"no such customer: +{SENDER}")

        monkeypatch.setattr(Interpreter, "hear", broken)
        jobs.look_at(accept(site, "again"))
    finally:
        log.LOGGER.removeHandler(lines)
    written = stream.getvalue()
    events = [json.loads(line) for line in written.splitlines()]
    assert [event["event"] for event in events] == [
        "turn",
        "message_not_sent",
        "message_sent",
        "message_sent",
        "turn_failed",
        "message_sent",
    ]
    assert events[0]["state"] == "shopping"
    assert events[2]["id"] == "wamid.sent.2"
    assert "ValueError: no such customer: …1111" in events[4]["traceback"]
    assert SENDER not in written
    assert not any(secret in written for secret in site.settings.secrets)


def test_a_worker_that_was_just_started_is_ready() -> None:
    worker = Worker(lambda conversation: None, list, tick_seconds=3600)
    assert worker.state() == "is not started"
    worker.start()
    try:
        assert worker.state() == "ok"
    finally:
        worker.stop()
