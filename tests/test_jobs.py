"""Turns are all or nothing, timers fire in their time, and nothing is forgotten, on either database."""

from __future__ import annotations

import io
import json
import logging
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from job_case import NOON, Clock, accept, found, look_at, replies
from live_server import FILES, SENDER, live_site, rows_of
from meta_double import MetaDouble, meta_double, refusal
from storage_case import Place

from adapters import log
from adapters.cli import shoptalk
from adapters.storage import DatabaseGone, Held, Storage
from adapters.storage.shop import StorageShop
from adapters.web import Site
from engine.interpreter import Interpreter
from engine.pack import Pack
from engine.reader import read_pack


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


def test_waiting_messages_are_taken_in_order(site: Site, double: MetaDouble) -> None:
    conversation = accept(site, "hi", "1, 2", "buy")
    assert found(site) == [conversation]
    look_at(site, conversation)
    assert [one.text.split()[0] for one in double.asked] == ["Welcome", "1.", "What", "Added", "Thank"]
    assert found(site) == []
    assert [row["state_after"] for row in rows_of(site, "turns")] == ["shopping", "shopping", "over"]
    assert all(json.loads(row["trace"]) for row in rows_of(site, "turns"))


def test_a_timer_fires_once_in_its_time(site: Site, clock: Clock) -> None:
    conversation = accept(site, "hi")
    site.jobs.take_turns(conversation)
    site.jobs.deliver(conversation)
    clock.wait(minutes=9, seconds=59)
    assert found(site) == []
    clock.wait(seconds=1)
    assert found(site) == [conversation]
    look_at(site, conversation)
    assert replies(site)[3:] == ["Still there?"]
    clock.wait(days=1)
    assert found(site) == []


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (9, ["Pardon?"]),  # the customer was in time, though the worker was not
        (11, ["Still there?", "Pardon?"]),  # what fell due before comes before
    ],
)
def test_timers_and_messages_keep_their_order(
    site: Site, clock: Clock, minutes: int, said: list[str]
) -> None:
    conversation = accept(site, "hi")
    site.jobs.take_turns(conversation)
    clock.wait(minutes=minutes)
    accept(site, "what?")
    clock.wait(minutes=7)
    site.jobs.take_turns(conversation)
    assert replies(site)[3:] == said


def test_a_timer_between_two_microseconds_is_not_asked_for_ever(site: Site, clock: Clock) -> None:
    clock.at = NOON + timedelta(microseconds=333_333)
    conversation = accept(site, "hi")
    site.jobs.take_turns(conversation)
    clock.wait(minutes=10)
    accept(site, "what?")
    site.jobs.take_turns(conversation)
    assert replies(site)[3:] == ["Still there?", "Pardon?"]


def test_silence_starts_over(site: Site, clock: Clock) -> None:
    conversation = accept(site, "hi", "1, 2")
    site.jobs.take_turns(conversation)
    clock.wait(hours=1)
    accept(site, "cart")
    site.jobs.take_turns(conversation)
    assert replies(site)[-3].startswith("Welcome")


def test_a_turn_that_breaks_is_tried_three_times_and_then_put_aside(
    site: Site, clock: Clock, double: MetaDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = accept(site, "hi", "1, 2")
    look_at(site, conversation)
    before = rows_of(site, "conversations")[0]["data"]
    placed = StorageShop.place_order

    def broken(shop: StorageShop, draft: Any) -> Any:
        placed(shop, draft)
        raise ZeroDivisionError("the fault")

    monkeypatch.setattr(StorageShop, "place_order", broken)
    accept(site, "buy", "cart")
    other = accept(site, "hi", sender="19990002222")
    look_at(site, conversation)
    for seconds in (1, 4):
        # Meanwhile nothing of this customer overtakes it, and nobody else waits for it.
        clock.wait(seconds=seconds - 0.5)
        assert conversation not in found(site)
        look_at(site, conversation)
        assert len(double.to(SENDER)) == 4
        look_at(site, other)
        assert len(double.to("19990002222")) == 3
        clock.wait(seconds=0.5)
        assert found(site) == [conversation]
        look_at(site, conversation)
    assert [one.text for one in double.to(SENDER)][4:] == [
        "Sorry, something went wrong. Please send your last message again.",
        "2x Tea\nTotal: ₹40",
    ]
    assert rows_of(site, "orders") == rows_of(site, "order_items") == []
    assert [row["stock"] for row in rows_of(site, "products")] == [100, 1]
    assert json.loads(before)["state"] == rows_of(site, "conversations")[0]["state"]
    (failed,) = site.storage.failed()
    assert (failed["what"], failed["direction"], failed["attempts"]) == ("buy", "in", 3)
    broke = [row for row in rows_of(site, "turns") if row["error"]]
    assert len(broke) == 3
    assert "ZeroDivisionError: the fault" in broke[0]["error"]
    assert "place_order" in broke[0]["error"]
    trace = json.loads(broke[0]["trace"])
    assert trace[0]["step"] == "understood"
    assert [(step["step"], step.get("action")) for step in trace][-2:] == [
        ("broke", "place_order"),
        ("broken", None),
    ]
    assert ".yaml:" in trace[-2]["at"]

    monkeypatch.undo()
    assert site.storage.take_up_again(failed["id"])
    assert found(site) == [conversation]
    look_at(site, conversation)
    assert double.asked[-1].text.startswith("Thank you!")
    assert [row["total"] for row in rows_of(site, "orders")] == [4000]


def test_a_message_that_breaks_again_is_not_apologised_for_again(
    site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(Interpreter, "hear", broken)
    conversation = accept(site, "hi")
    for _ in range(3):
        for _ in range(3):
            site.jobs.take_turns(conversation)
            clock.wait(seconds=5)
        assert site.storage.take_up_again(1)
    assert len(replies(site)) == 1


@pytest.mark.parametrize("where", ["the turn", "the record of its failure"])
def test_a_database_that_goes_away_is_not_held_against_the_message(
    site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def gone(*_: Any, **__: Any) -> Any:
        raise DatabaseGone("the server went away")

    def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    if where == "the turn":
        monkeypatch.setattr(Interpreter, "hear", gone)
    else:
        monkeypatch.setattr(Interpreter, "hear", broken)
        monkeypatch.setattr(Storage, "record_failure", gone)
    conversation = accept(site, "hi")
    for _ in range(4):
        with pytest.raises(DatabaseGone):
            site.jobs.take_turns(conversation)
    monkeypatch.undo()
    assert found(site) == [conversation]
    look_at(site, conversation)
    assert len(replies(site)) == 3
    assert [row["error"] for row in rows_of(site, "turns")] == [""]


def test_whoever_finds_a_conversation_held_leaves_it(site: Site) -> None:
    conversation = accept(site, "hi")
    outcome: list[bool] = []
    other = threading.Thread(target=lambda: outcome.append(site.jobs.take_turns(conversation)))
    with site.storage.turn(conversation, site.now()):
        other.start()
        other.join(0.3)
        # A file has one writer at a time: there the other waits, and takes what is left.
        assert outcome == {"sqlite": [], "postgresql": [False]}[site.storage.database.kind]
    other.join(10)
    assert site.jobs.take_turns_now(conversation)
    assert len(replies(site)) == 3


EVENTFUL = FILES["customer.yaml"].replace(
    "    after:\n", "    events:\n      remembered: {reply: still_there, goto: over}\n    after:\n"
)


def eventful() -> Pack:
    """The corner shop, whose customers may be remembered."""
    reading = read_pack({**FILES, "customer.yaml": EVENTFUL}, "corner_shop", {})
    assert reading.pack is not None, reading.problems
    return reading.pack


def test_an_event_is_a_turn_of_its_own(
    tmp_path: Path, place: Place, clock: Clock, double: MetaDouble
) -> None:
    settled = {"database_url": place.url, "read_marks": False}
    with live_site(tmp_path, double.url, now=clock, pack=eventful(), **settled) as site:
        conversation = accept(site, "hi")
        look_at(site, conversation)
        assert not site.jobs.raise_event(conversation, "forgotten")
        assert len(rows_of(site, "turns")) == 1
        ended = threading.Event()

        def hold() -> None:
            with site.storage.turn(conversation, site.now()):
                ended.wait(0.3)

        holder = threading.Thread(target=hold)
        holder.start()
        time.sleep(0.05)
        assert site.jobs.raise_event(conversation, "remembered")  # once the turn under way has ended
        holder.join()
        assert found(site) == [conversation]
        look_at(site, conversation)
        assert double.asked[-1].text == "Still there?"
        (_, turn) = rows_of(site, "turns")
        assert (turn["state_before"], turn["state_after"]) == ("shopping", "over")
        assert not site.jobs.raise_event(conversation, "remembered")


STAFFED = {
    **FILES,
    "business.yaml": FILES["business.yaml"].replace("}", ", staff: staff.yaml}"),
    "customer.yaml": FILES["customer.yaml"].replace(
        "do: place_order", "do: [place_order, {tell: {to: staff, message: news}}]"
    ),
    "staff.yaml": """
flow: staff
languages: [en]
start: on_duty
states:
  on_duty: {otherwise: {reply: heard}}
messages: {heard: "Yes?", news: "Somebody bought something"}
""",
}
STAFF = "19990003333"


def test_whoever_is_told_something_is_sent_it_at_once(
    tmp_path: Path, place: Place, clock: Clock, double: MetaDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = read_pack(STAFFED, "corner_shop", {})
    assert reading.pack is not None, reading.problems
    settled = {"database_url": place.url, "read_marks": False}
    with live_site(tmp_path, double.url, now=clock, pack=reading.pack, **settled) as site:
        staff = accept(site, "hello", sender=STAFF)
        site.storage.set_role("corner_shop", STAFF, "staff", site.now())
        look_at(site, staff)
        conversation = accept(site, "hi", "1, 2", "buy")
        dispatched: list[int] = []
        monkeypatch.setattr(site.dispatch.deliveries, "put", lambda task, rows: dispatched.extend(rows))
        site.jobs.take_turns(conversation)
        assert dispatched[-2:] == [conversation, staff]
        site.jobs.deliver(staff)
    assert [one.text for one in double.to(STAFF)] == ["Yes?", "Somebody bought something"]


def test_an_event_does_not_wait_for_ever(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.tasks.turns.HELD_SECONDS", 0.1)

    def held(*_: Any, **__: Any) -> Any:
        raise Held("another worker holds it")

    conversation = accept(site, "hi")
    monkeypatch.setattr(Storage, "turn", held)
    with pytest.raises(Held):
        site.jobs.raise_event(conversation, "remembered")


TIMED = FILES["customer.yaml"].replace(
    "reply: still_there}\n", "reply: still_there}\n      - {wait: 30 minutes, reply: empty, goto: over}\n"
)
LATER = "Nothing in the cart"


@pytest.fixture
def timed(tmp_path: Path, place: Place, double: MetaDouble, clock: Clock) -> Iterator[Site]:
    """The corner shop with two timers in one silence: after 10 minutes, and after 30."""
    reading = read_pack({**FILES, "customer.yaml": TIMED}, "corner_shop", {})
    assert reading.pack is not None, reading.problems
    with live_site(tmp_path, double.url, now=clock, pack=reading.pack, database_url=place.url) as site:
        yield site


def broken_wake(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Has the next turns of timers break, so many of them."""
    left = [ZeroDivisionError("the fault")] * times
    woken = Interpreter.wake

    def wake(*given: Any) -> Any:
        if left:
            raise left.pop()
        return woken(*given)

    monkeypatch.setattr(Interpreter, "wake", wake)


def silent(site: Site, clock: Clock, **duration: float) -> list[str]:
    """What the customer gets who is silent for so long, beyond what was said before."""
    before = len(replies(site))
    clock.wait(**duration)
    for conversation in found(site):
        look_at(site, conversation)
    return replies(site)[before:]


def test_a_timer_that_breaks_once_fires_a_moment_later(
    timed: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_at(timed, accept(timed, "hi"))
    broken_wake(monkeypatch, times=1)
    assert silent(timed, clock, minutes=10) == []
    assert silent(timed, clock, seconds=0.9) == []
    assert silent(timed, clock, seconds=0.1) == ["Still there?"]
    assert silent(timed, clock, minutes=19) == []
    assert silent(timed, clock, minutes=1) == [LATER]
    assert silent(timed, clock, days=1) == []
    assert timed.storage.failed() == []


def test_a_timer_that_breaks_three_times_is_put_aside_and_the_next_one_fires(
    timed: Site,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    conversation = accept(timed, "hi")
    look_at(timed, conversation)
    broken_wake(monkeypatch, times=3)
    for seconds in (600, 1, 4, 100):
        assert silent(timed, clock, seconds=seconds) == [], "whoever said nothing need not know"
    (failed,) = timed.storage.failed()
    assert (failed["kind"], failed["what"], failed["customer"], failed["attempts"]) == (
        "timer",
        "shopping after 10 minutes",
        SENDER,
        3,
    )
    assert failed["error"] == "ZeroDivisionError: the fault"
    assert [row["message_id"] for row in rows_of(timed, "turns") if row["error"]] == [failed["id"]] * 3
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", timed.settings.database_url)
    for command, shown in (
        (["failed"], f"for {SENDER}  “(timer) shopping after 10 minutes”"),
        (["explain", SENDER], "(by itself) shopping after 10 minutes"),
        (["why", SENDER], "(by itself) shopping after 10 minutes"),
        (["retry", str(failed["id"])], "1 message is taken up again."),
    ):
        monkeypatch.setattr("sys.argv", ["shoptalk", *command])
        assert shoptalk() == 0
        assert shown in capsys.readouterr().out
    assert silent(timed, clock) == ["Still there?"]
    assert timed.storage.failed() == []
    assert silent(timed, clock, minutes=20) == [LATER]
    assert rows_of(timed, "conversations")[0]["state"] == "over"


def test_a_timer_is_tried_in_its_turn_though_the_next_one_is_due_too(
    timed: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_at(timed, accept(timed, "hi"))
    broken_wake(monkeypatch, times=1)
    assert silent(timed, clock, minutes=31) == []
    assert silent(timed, clock, seconds=1) == ["Still there?", LATER]


@pytest.mark.parametrize("when", ["before it broke", "after it broke", "after it was put aside"])
def test_a_timer_that_broke_says_nothing_to_a_customer_who_speaks_again(
    timed: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    conversation = accept(timed, "hi")
    look_at(timed, conversation)
    broken_wake(monkeypatch, times=3 if when == "after it was put aside" else 1)
    clock.wait(minutes=10)
    if when == "before it broke":
        accept(timed, "1, 2")
    for seconds in (0, 1, 4) if when == "after it was put aside" else (0,):
        clock.wait(seconds=seconds)
        look_at(timed, conversation)
    if when != "before it broke":
        accept(timed, "1, 2")
    look_at(timed, conversation)
    assert silent(timed, clock, seconds=1) == (
        ["Still there?", "Added 2x Tea"] if when == "after it broke" else []
    )
    assert "Added 2x Tea" in replies(timed)
    for failed in timed.storage.failed():
        assert timed.storage.take_up_again(failed["id"])
    assert silent(timed, clock, minutes=1) == []
    assert timed.storage.failed() == []
    assert silent(timed, clock, minutes=9) == ["Still there?"]


def test_a_timer_that_broke_waits_in_the_database_alone(
    timed: Site,
    clock: Clock,
    place: Place,
    double: MetaDouble,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever process looks next takes it up."""
    look_at(timed, accept(timed, "hi"))
    broken_wake(monkeypatch, times=1)
    assert silent(timed, clock, minutes=10) == []
    pack = next(iter(timed.storage.packs.values()))
    with live_site(tmp_path, double.url, now=clock, pack=pack, database_url=place.url) as another:
        assert silent(another, clock, seconds=1) == ["Still there?"]


def test_the_last_cup_is_sold_once(site: Site) -> None:
    talks = [accept(site, "hi", "2, 1", sender=f"1999000{number}") for number in range(5)]
    for talk in talks:
        site.jobs.take_turns(talk)
    for number in range(5):
        accept(site, "buy", sender=f"1999000{number}")
    threads = [threading.Thread(target=site.jobs.take_turns, args=(talk,)) for talk in talks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers = [said for said in replies(site) if said.startswith(("Thank", "Only"))]
    assert sorted(said.split()[0] for said in answers) == ["Only"] * 4 + ["Thank"]
    assert [row["stock"] for row in rows_of(site, "products")] == [100, 0]


# The log


def test_the_log_holds_ids_and_neither_secrets_nor_numbers(
    site: Site, double: MetaDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.StringIO()
    lines = logging.StreamHandler(stream)
    lines.setFormatter(log.JsonLines(site.settings.secrets))
    log.LOGGER.addHandler(lines)
    try:
        log.LOGGER.setLevel(logging.INFO)
        words = f"the access token, or {site.settings.secrets[0]}, of +{SENDER} does not fit"
        double.answers.append((400, refusal(131026, words)))
        look_at(site, accept(site, "hi"))

        def broken(*_: Any) -> Any:
            raise ValueError(f"no such customer: +{SENDER}")

        monkeypatch.setattr(Interpreter, "hear", broken)
        look_at(site, accept(site, "again"))
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
    ]
    assert {event["correlation"] for event in events[:4]} == {"the request's"}
    assert events[0]["state"] == "shopping"
    assert events[2]["id"] == "wamid.sent.2"
    assert "ValueError: no such customer: …1111" in events[4]["traceback"]
    assert SENDER not in written
    assert not any(secret in written for secret in site.settings.secrets)
